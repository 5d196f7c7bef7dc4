"""What a command needs behind it: servers, keys, tables, the application. Made when first asked for, put away at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from flask import Flask

from contacts.commands import ensure_purposes
from engage.app import create_app
from engage.config import Settings
from engage.embedded import Servers
from engage.identity.fingerprints import check_fingerprints
from engage.operations import migrate
from engage.operations.instance import find_instance
from engage.refusal import Refused
from engage.vault import Vault


class Backstage:
    """Without DATABASE_URL and REDIS_URL the embedded servers of the data folder are used: those that run there already, or own
    ones for the length of the command."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ: MutableMapping[str, str] = dict(environ)
        self._servers: Servers | None = None
        self._settings: Settings | None = None
        self._app: Flask | None = None

    @property
    def data_dir(self) -> Path:
        return Path(self.environ.get("ENGAGE_DATA") or "var").resolve()

    def settings(self) -> Settings:
        """The settings, with servers behind them."""
        if self._settings is None:
            found = find_instance(self.data_dir)
            if found is not None:
                # The gateway, the webhook and the clock of the instance that `engage up` runs on this folder.
                self.environ = found.environ(self.environ)
            has_database, has_redis = bool(self.environ.get("DATABASE_URL")), bool(self.environ.get("REDIS_URL"))
            if not (has_database and has_redis):
                self._servers = Servers(self.data_dir, postgres=not has_database, valkey=not has_redis).open()
                if self._servers.database_url:
                    self.environ["DATABASE_URL"] = self._servers.database_url
                if self._servers.redis_url:
                    self.environ["REDIS_URL"] = self._servers.redis_url
            self._settings = Settings.from_env(self.environ)
        return self._settings

    def app(self) -> Flask:
        """The application on migrated tables, its keys checked against the database they wrote."""
        if self._app is None:
            settings = self.settings()
            is_new = migrate.current(settings.database_url) is None
            if self._servers is not None or is_new:
                migrate.upgrade(settings.database_url)
            elif migrate.current(settings.database_url) != migrate.head():
                raise Refused("migration_needed")
            # New keys only for a new database: keys lost beside existing data must be said, never replaced.
            vault = Vault.load_or_create(settings.keys_path) if is_new else Vault.load(settings.keys_path)
            self._app = create_app(settings, vault=vault)
            with self._app.app_context():
                check_fingerprints()
                ensure_purposes()
        return self._app

    def close(self) -> None:
        if self._app is not None:
            with self._app.app_context():
                from_engine = self._app.extensions["sqlalchemy"].engine
                from_engine.dispose()
        if self._servers is not None:
            self._servers.close()
            self._servers = None


def environment_for_children(settings: Settings) -> dict[str, str]:
    """The environment variables that give another process of this installation the same settings."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "ENGAGE_DATA": str(settings.data_dir),
        "ENGAGE_KEYS": str(settings.keys_path),
        "ENGAGE_ENV": settings.environment,
        "ENGAGE_BASE_URL": settings.base_url,
        "KAVENEGAR_BASE_URL": settings.gateway_url,
        "KAVENEGAR_API_KEY": settings.gateway_api_key,
        "KAVENEGAR_LINE": settings.gateway_line,
        "ENGAGE_WEBHOOK_TOKEN": settings.webhook_token,
        "ENGAGE_CLOCK_OFFSET": str(settings.clock_offset),
    }
