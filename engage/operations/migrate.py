"""Bring a database to this release's tables; safe to call at every start and from several processes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from engage.db import normalise_url
from engage.refusal import Refused

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


VERSIONS = "alembic_version"
VERSIONS_WHILE_RESTORING = "restoring_version"
"""Where a database that is being put back keeps its version: whoever else looks finds none, and uses nothing of it."""


def alembic_config(database_url: str, version_table: str = VERSIONS) -> Config:
    config = Config()
    config.attributes["version_table"] = version_table
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["database_url"] = normalise_url(database_url)
    return config


def upgrade(database_url: str) -> None:
    """After this the tables are those of this release; two callers at once wait for each other. Refused("restore_unfinished")."""
    if is_being_restored(database_url):
        raise Refused("restore_unfinished")
    command.upgrade(alembic_config(database_url), "head")


def upgrade_restored(database_url: str) -> None:
    """As `upgrade`, for a database that `engage restore` is putting back."""
    command.upgrade(alembic_config(database_url, VERSIONS_WHILE_RESTORING), "head")


def is_being_restored(database_url: str) -> bool:
    """Whether a restore of this database was begun and has not come to its end."""
    engine = create_engine(normalise_url(database_url))
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT to_regclass(:name)"), {"name": VERSIONS_WHILE_RESTORING}).scalar() is not None
    finally:
        engine.dispose()


def head() -> str:
    found = ScriptDirectory(str(FOLDER)).get_current_head()
    assert found is not None
    return found


def current(database_url: str) -> str | None:
    """The migration the database stands at; None for an empty one."""
    engine = create_engine(normalise_url(database_url))
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
