"""One linear history whose end is what the models say."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from engage.db import db
from engage.operations.migrate import FOLDER, current, head, upgrade


def test_there_is_one_head_and_the_head_file_names_it():
    """Two branches that both add a migration must conflict in the head file, not in production."""
    heads = ScriptDirectory(str(FOLDER)).get_heads()
    assert heads == [(Path(FOLDER) / "HEAD").read_text().strip()]


def test_upgrade_from_empty_gives_the_models(app, settings):
    assert current(settings.database_url) == head()
    with db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), db.metadata)
    assert differences == []


def test_upgrading_again_changes_nothing(app, settings):
    upgrade(settings.database_url)
    assert current(settings.database_url) == head()


def test_history_is_refused_by_the_database_itself(app):
    with db.engine.connect() as connection:
        guarded = set(
            connection.execute(
                text("SELECT event_object_table FROM information_schema.triggers WHERE action_statement LIKE '%engage_refuse_change%'")
            ).scalars()
        )
    assert guarded == {"audit_entry", "consent_entry", "consent_text", "ledger_checkpoint", "survey_version"}


def test_every_installation_numbers_its_messages_from_an_offset_of_its_own(app):
    with db.engine.begin() as connection:
        found = set()
        for _ in range(3):
            connection.execute(text("DELETE FROM message_numbers"))
            connection.execute(text("SELECT engage_seed()"))
            found.add(connection.execute(text("SELECT next_id FROM message_numbers")).scalar_one())
    assert len(found) == 3
    assert all(2**40 <= number < 2**62 for number in found)
