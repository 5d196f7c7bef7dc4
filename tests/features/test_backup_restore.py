"""Backups hold everything but keys; a restored copy sends nothing again, remembers who was erased, and goes only where it fits."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

import campaigns.commands as campaigns
from campaigns.rules import Reminder
from contacts.commands import suppress_number
from contacts.commands.erasing import erase_number, erase_person
from contacts.importing.files import uploads_folder
from contacts.outside import log_path
from contacts.queries.identities import find_identity
from engage.app import create_app
from engage.clock import FrozenClock, now
from engage.config import Settings
from engage.db import db, transaction
from engage.identity.fingerprints import check_fingerprints
from engage.operations import migrate
from engage.operations.backup import back_up
from engage.operations.postgres_tools import conninfo
from engage.operations.restore import restore
from engage.refusal import Refused
from engage.vault import Vault
from tests import make


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="engage-backup-") as name:
        yield Path(name)


@pytest.fixture
def elsewhere(settings: Settings, folder: Path) -> Iterator[Settings]:
    """Another data folder with the same keys, and an empty database on the same server; nothing was decided yet."""
    (settings.keys_path.parent / "decided.jsonl").unlink(missing_ok=True)
    with psycopg.connect(conninfo(settings.database_url), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS engage_restored WITH (FORCE)")
        connection.execute("CREATE DATABASE engage_restored TEMPLATE template0")
    place = folder / "elsewhere"
    (place / "keys").mkdir(parents=True, mode=0o700)
    shutil.copy(settings.keys_path, place / "keys" / "keys.json")
    url = settings.database_url.replace("/engage?", "/engage_restored?")
    assert url != settings.database_url
    yield replace(settings, database_url=url, data_dir=place, keys_path=place / "keys" / "keys.json")
    with psycopg.connect(conninfo(settings.database_url), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS engage_restored WITH (FORCE)")


def rows(place: Settings, statement: str) -> list[Any]:
    with psycopg.connect(conninfo(place.database_url), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def code_of(place: Settings, source: Path) -> str:
    with pytest.raises(Refused) as refused:
        restore(place, source)
    return refused.value.code


@pytest.fixture
def unit_id(app: Flask) -> int:
    check_fingerprints()
    return make.make_unit()


def sending_campaign(unit_id: int, count: int = 3) -> int:
    make.make_contacts(unit_id, count)
    campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id), reminders=(Reminder(timedelta(days=2), "یادآوری"),))
    make.launch(campaign_id)
    return campaign_id


def test_everything_comes_back_but_the_keys(app: Flask, unit_id: int, folder: Path, elsewhere: Settings) -> None:
    make.make_contacts(unit_id, ["+989121110001"])
    (uploads_folder() / "list.csv").write_text("نام,تلفن")
    told = back_up(app, folder / "b")
    assert sorted(path.name for path in (folder / "b").iterdir()) == ["database.dump", "files.tar", "manifest.json"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder / "b").iterdir())
    with tarfile.open(folder / "b" / "files.tar") as tar:
        assert [name for name in tar.getnames() if "key" in name or "decided" in name] == []
    manifest = json.loads((folder / "b" / "manifest.json").read_text())
    assert manifest["keys"] == app.extensions["engage_vault"].fingerprints()
    assert told.files == 1
    done = restore(elsewhere, folder / "b")
    assert (done.files, done.messages_unknown, done.erased_again) == (1, 0, 0)
    assert (elsewhere.data_dir / "uploads" / "list.csv").read_text() == "نام,تلفن"
    for table in ("contact", "unit", "phone_identity", "alembic_version", "key_fingerprint"):
        assert rows(elsewhere, f"SELECT count(*) FROM {table}") == [(db.session.scalar(text(f"SELECT count(*) FROM {table}")),)], table
    again = create_app(elsewhere, vault=Vault.load(elsewhere.keys_path))
    with again.app_context():
        check_fingerprints()
        assert find_identity("+989121110001") is not None
        assert migrate.current(elsewhere.database_url) == migrate.head()
        db.session.remove()
        db.engine.dispose()


def test_one_file_is_a_backup_too_and_replaces_nothing(app: Flask, unit_id: int, folder: Path, elsewhere: Settings) -> None:
    back_up(app, folder / "b.tar")
    with pytest.raises(Refused, match="backup_exists"):
        back_up(app, folder / "b.tar")
    assert [path.name for path in folder.iterdir() if path.name.startswith(".b")] == []
    assert restore(elsewhere, folder / "b.tar").migrated_to == migrate.head()


@pytest.mark.parametrize("change", ["missing", "foreign", "lacking", "newer"])
def test_without_the_matching_keys_nothing_is_written(
    app: Flask, unit_id: int, folder: Path, elsewhere: Settings, change: str
) -> None:
    back_up(app, folder / "b")
    path = elsewhere.keys_path
    held = Vault.load(path)
    path.unlink()
    if change == "foreign":
        Vault.create(path)
    elif change == "lacking":
        Vault.create(path)
        stored, ours = json.loads(path.read_text()), json.loads((app.extensions["engage_settings"].keys_path).read_text())
        path.write_text(json.dumps({"keys": ours["keys"] | {"index": stored["keys"]["index"]}}))
    elif change == "newer":
        held.with_new_key("suppression", max(held.versions("suppression")) + 1).store(path)
    expected = {"missing": "restore_keys_missing", "foreign": "keys_foreign", "lacking": "keys_mixed", "newer": "keys_newer"}
    assert code_of(elsewhere, folder / "b") == expected[change]
    assert rows(elsewhere, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_changed_or_cut_backup_is_refused(app: Flask, unit_id: int, folder: Path, elsewhere: Settings) -> None:
    back_up(app, folder / "b")
    dump = folder / "b" / "database.dump"
    content = dump.read_bytes()
    dump.write_bytes(content[:-1])
    assert code_of(elsewhere, folder / "b") == "backup_changed"
    dump.write_bytes(content)
    manifest = folder / "b" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"retired": []', '"retired": ["index/1"]'))
    assert code_of(elsewhere, folder / "b") == "backup_changed"
    manifest.unlink()
    assert code_of(elsewhere, folder / "b") == "backup_unreadable"
    assert rows(elsewhere, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_database_with_anything_in_it_is_refused(app: Flask, unit_id: int, folder: Path, elsewhere: Settings) -> None:
    back_up(app, folder / "b")
    with psycopg.connect(conninfo(elsewhere.database_url), autocommit=True) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    assert code_of(elsewhere, folder / "b") == "restore_not_empty"
    assert code_of(replace(elsewhere, database_url=app.extensions["engage_settings"].database_url), folder / "b") == "restore_not_empty"


def test_what_was_open_is_unknown_and_every_campaign_waits_for_somebody(
    app: Flask, unit_id: int, folder: Path, elsewhere: Settings, drain: Any
) -> None:
    campaign_id = sending_campaign(unit_id)
    settings: Settings = app.extensions["engage_settings"]
    for _ in range(2):
        campaigns.advance_campaign(campaign_id, settings)
        wave_id = db.session.scalar(text("SELECT id FROM wave WHERE number = 1"))
        db.session.remove()
        campaigns.materialise_wave(wave_id)
    with transaction() as session:
        session.execute(text("UPDATE message SET state = 'sending', claimed_at = :at WHERE id = (SELECT min(id) FROM message)"), {"at": now()})
    block = db.session.scalar(text("SELECT next_id / 1099511627776 FROM message_numbers"))
    db.session.remove()
    back_up(app, folder / "b")
    done = restore(elsewhere, folder / "b")
    assert (done.messages_unknown, done.campaigns_paused, done.waves_closed) == (3, 1, 1)
    assert done.id_block != block
    assert rows(elsewhere, "SELECT DISTINCT state, reason, claimed_at IS NULL, claim_token FROM message") == [("unknown", "restored", False, None)]
    assert rows(elsewhere, "SELECT state, pause_code, pause_resumes FROM campaign") == [("paused", "restored", False)]
    assert rows(elsewhere, "SELECT count(*) FROM wave WHERE materialised_at IS NULL") == [(0,)]
    assert rows(elsewhere, "SELECT count(*) FROM send_batch WHERE is_open") == [(0,)]
    assert rows(elsewhere, "SELECT action FROM audit_entry WHERE action IN ('campaign.restored', 'database_restored') ORDER BY id") == [
        ("campaign.restored",),
        ("database_restored",),
    ]


def test_a_scheduled_campaign_is_started_by_nobody_but_a_person(app: Flask, unit_id: int, folder: Path, elsewhere: Settings) -> None:
    make.make_contacts(unit_id, 2)
    campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id))
    make.launch(campaign_id, at=now() + timedelta(hours=2))
    back_up(app, folder / "b")
    assert restore(elsewhere, folder / "b").campaigns_unscheduled == 1
    assert rows(elsewhere, "SELECT state, scheduled_at FROM campaign") == [("approved", None)]


def test_who_was_erased_or_stopped_since_the_backup_is_so_in_the_copy(
    app: Flask, unit_id: int, folder: Path, elsewhere: Settings, clock: FrozenClock
) -> None:
    numbers = [f"+98912111000{n}" for n in range(1, 6)]
    make.make_contacts(unit_id, numbers)
    clock.advance(timedelta(minutes=5))
    back_up(app, folder / "b")
    clock.advance(timedelta(days=3))
    erased = find_identity(numbers[0])
    assert erased is not None
    erase_number(erased, "citizen", actor_id=None)
    contact_id = db.session.scalar(
        text("SELECT id FROM contact WHERE identity_id = :i"), {"i": find_identity(numbers[1])}
    )
    db.session.remove()
    erase_person(contact_id, "officer", actor_id=None)
    suppress_number(numbers[2], "sms", actor_id=None)
    suppress_number("+989350000001", "sms", actor_id=None)
    shutil.copy(log_path(), elsewhere.keys_path.parent / "decided.jsonl")
    assert numbers[0] not in log_path().read_text()
    done = restore(elsewhere, folder / "b")
    assert (done.erased_again, done.stopped_again) == (2, 2)
    assert rows(elsewhere, "SELECT count(*), count(suppressed_at) FROM phone_identity") == [(3, 1)]
    assert rows(elsewhere, "SELECT count(*) FROM suppression") == [(2,)]
    assert rows(elsewhere, "SELECT origin FROM erasure ORDER BY id") == [("citizen",), ("officer",)]


def test_a_number_that_came_back_after_its_erasure_is_not_erased_again(
    app: Flask, unit_id: int, folder: Path, elsewhere: Settings, clock: FrozenClock
) -> None:
    make.make_contacts(unit_id, ["+989121110009"])
    clock.advance(timedelta(minutes=1))
    found = find_identity("+989121110009")
    assert found is not None
    erase_number(found, "citizen", actor_id=None)
    clock.advance(timedelta(minutes=1))
    make.make_contacts(unit_id, ["+989121110009"])
    back_up(app, folder / "b")
    shutil.copy(log_path(), elsewhere.keys_path.parent / "decided.jsonl")
    assert restore(elsewhere, folder / "b").erased_again == 0
    assert rows(elsewhere, "SELECT count(*) FROM contact") == [(1,)]


def test_an_erasure_that_is_rolled_back_leaves_no_line(app: Flask, unit_id: int) -> None:
    make.make_contacts(unit_id, ["+989121110010"])
    before = log_path().read_bytes() if log_path().exists() else b""
    identity_id = find_identity("+989121110010")
    assert identity_id is not None

    def fails_afterwards() -> None:
        with transaction():
            erase_number(identity_id, "citizen", actor_id=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_afterwards()
    assert (log_path().read_bytes() if log_path().exists() else b"") == before
    erase_number(identity_id, "citizen", actor_id=None)
    assert len(log_path().read_bytes().splitlines()) == len(before.splitlines()) + 1


def test_sessions_end(app: Flask, unit_id: int, folder: Path, elsewhere: Settings) -> None:
    user_id = make.make_user("officer", unit_id)
    with transaction() as session:
        session.execute(
            text("INSERT INTO sign_in_session (digest, user_id, fs_uniquifier, started_at, seen_at) VALUES ('\\x01', :u, 'x', :at, :at)"),
            {"u": user_id, "at": now()},
        )
    back_up(app, folder / "b")
    assert restore(elsewhere, folder / "b").sessions_ended == 1
    assert rows(elsewhere, "SELECT count(*) FROM sign_in_session") == [(0,)]


def test_a_restore_that_was_killed_opens_nothing_and_goes_on(
    app: Flask, unit_id: int, folder: Path, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending_campaign(unit_id)
    back_up(app, folder / "b")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("engage.operations.restore.replay_decisions", die)
        with pytest.raises(KeyboardInterrupt):
            restore(elsewhere, folder / "b")
    assert migrate.current(elsewhere.database_url) is None
    with pytest.raises(Refused, match="restore_unfinished"):
        migrate.upgrade(elsewhere.database_url)
    assert restore(elsewhere, folder / "b").migrated_to == migrate.head()
    assert migrate.current(elsewhere.database_url) == migrate.head()
    assert code_of(elsewhere, folder / "b") == "restore_not_empty"
