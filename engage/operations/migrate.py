"""Bring a database to this release's tables; safe to call at every start and from several processes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from engage.db import normalise_url

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["database_url"] = normalise_url(database_url)
    return config


def upgrade(database_url: str) -> None:
    """After this the tables are those of this release; two callers at once wait for each other."""
    command.upgrade(alembic_config(database_url), "head")


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
