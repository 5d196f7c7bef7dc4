"""`engage restore`: a backup in an empty database, which never sends again what the original sent after the backup was taken.

Until the last step the database keeps its version in a table of another name, so that nothing else takes it for a database of ours; a
restore that was killed goes on when the same command is given again:

    version table → the dump, in one transaction → migrations → doubts, sessions → erasures and opt-outs since → files, heads → version
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from alembic.script import ScriptDirectory
from psycopg import sql

from campaigns.commands.restoring import Doubted, doubt_restored
from contacts.commands import accept_restored_ledger
from contacts.commands.replaying import Replayed, doubt_texts, replay_decisions
from contacts.outside import log_path, read_decisions
from engage.app import create_app
from engage.config import Settings
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.identity.fingerprints import check_fingerprints, complain
from engage.identity.sessions import end_all_sessions
from engage.operations.bundle import DATABASE, FILES, Manifest, check_files, check_seal, opened_bundle, read_manifest, unpack_files
from engage.operations.migrate import VERSIONS, VERSIONS_WHILE_RESTORING, alembic_config, upgrade_restored
from engage.operations.postgres_tools import conninfo, database_name, find_tool, run_tool, server_major
from engage.refusal import Refused
from engage.vault import Vault

LOOK_BACK = timedelta(hours=1)
"""Decisions are replayed from this long before the backup: one that was being written then may not be in it."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    taken_at: str
    migrated_from: str
    migrated_to: str
    messages_unknown: int
    single_texts_unknown: int
    campaigns_paused: int
    campaigns_unscheduled: int
    waves_closed: int
    id_block: int
    erased_again: int
    stopped_again: int
    sessions_ended: int
    files: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def restore(settings: Settings, source: Path, *, say: Say = lambda _: None) -> Restored:
    """The backup at `source` is this installation's database, with its files beside it.

    Refused, with nothing written: "backup_unreadable", "backup_newer", "backup_changed", "restore_keys_missing", "keys_foreign" and its
    kin, "restore_not_empty", "restore_other_backup", "restore_server_older", "restore_migration_unknown", "postgres_tool_missing".
    """
    began = time.monotonic()
    with opened_bundle(source.absolute(), settings.data_dir) as folder:
        say("checking the backup and the keys")
        manifest, told = read_manifest(folder)
        keys = _matching_keys(settings, manifest)
        check_seal(told, keys)
        check_files(folder, manifest)
        _check_place(settings, manifest)
        say("putting the database back")
        _put_back(settings, folder, manifest)
        say("bringing its tables to this release")
        upgrade_restored(settings.database_url)
        app = create_app(settings, vault=keys)
        with app.app_context():
            try:
                check_fingerprints()
                say("asking what happened since")
                doubted, texts, sessions = _doubt(manifest)
                replayed = replay_decisions(read_decisions(log_path(), manifest.taken_at - LOOK_BACK))
                say("putting the files back")
                count = unpack_files(folder / FILES, settings.data_dir)
                accept_restored_ledger()
                with transaction():
                    record_audit(
                        "database_restored",
                        unit_id=None,
                        object_type="database",
                        object_id="",
                        detail={"taken_at": manifest.taken_at.isoformat(timespec="minutes")},
                        actor_id=None,
                    )
                head = _open_for_use(settings)
            finally:
                db.session.remove()
                db.engine.dispose()
    return _told(manifest, head, doubted, texts, sessions, replayed, count, time.monotonic() - began)


def _matching_keys(settings: Settings, manifest: Manifest) -> Vault:
    try:
        keys = Vault.load(settings.keys_path)
    except Refused as refused:
        if refused.code == "keys_missing":
            raise Refused("restore_keys_missing", **refused.params) from None
        raise
    complain(keys.fingerprints(), manifest.keys, manifest.retired)
    return keys


def _check_place(settings: Settings, manifest: Manifest) -> None:
    found = server_major(settings.database_url)
    if found < manifest.server_major:
        raise Refused("restore_server_older", wanted=str(manifest.server_major), found=str(found))
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config(settings.database_url)).walk_revisions()}
    if manifest.migration not in known:
        raise Refused("restore_migration_unknown", migration=manifest.migration)
    with psycopg.connect(conninfo(settings.database_url)) as connection:
        tables = _tables(connection)
        if VERSIONS_WHILE_RESTORING in tables:
            row = connection.execute("SELECT obj_description('restoring_version'::regclass)").fetchone()
            if row is None or row[0] != manifest.taken_at.isoformat():
                raise Refused("restore_other_backup", taken_at=str(row[0] if row else ""))
        elif tables:
            raise Refused("restore_not_empty")
    find_tool("pg_restore", max(manifest.tool_major, found))


def _tables(connection: psycopg.Connection[Any]) -> set[str]:
    return {row[0] for row in connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")}


def _put_back(settings: Settings, folder: Path, manifest: Manifest) -> None:
    url = settings.database_url
    name = sql.Identifier(VERSIONS_WHILE_RESTORING)
    with psycopg.connect(conninfo(url)) as connection:
        if VERSIONS_WHILE_RESTORING not in _tables(connection):
            connection.execute(sql.SQL("CREATE TABLE {} (version_num varchar(32) NOT NULL PRIMARY KEY)").format(name))
            connection.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(name, sql.Literal(manifest.migration)))
            connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(name, sql.Literal(manifest.taken_at.isoformat())))
            connection.commit()
        if _tables(connection) != {VERSIONS_WHILE_RESTORING}:
            return  # a restore before this one came that far: the dump is there as a whole or not at all
    tool = find_tool("pg_restore", max(manifest.tool_major, server_major(url)))
    listed = run_tool(tool, ["--list", folder / DATABASE], url)
    # Its own version stays out: a database without one is nobody's.
    wanted = [line for line in listed.splitlines() if f" {VERSIONS} " not in f"{line} " and f"{VERSIONS}_pkc" not in line]
    with tempfile.NamedTemporaryFile("w", prefix="engage-restore-", suffix=".list") as chosen:
        chosen.write("\n".join(wanted) + "\n")
        chosen.flush()
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"]
        run_tool(tool, [*options, "--use-list", chosen.name, "--dbname", database_name(url), folder / DATABASE], url)
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("ANALYZE")


def _doubt(manifest: Manifest) -> tuple[Doubted, int, int]:
    with transaction():
        return doubt_restored(manifest.taken_at), doubt_texts(manifest.taken_at), end_all_sessions()


def _open_for_use(settings: Settings) -> str:
    """The last step: from here on this is a database like any other. Returns where its tables stand."""
    with psycopg.connect(conninfo(settings.database_url)) as connection:
        row = connection.execute("SELECT version_num FROM restoring_version").fetchone()
        assert row is not None
        connection.execute("COMMENT ON TABLE restoring_version IS NULL")
        connection.execute("ALTER TABLE restoring_version RENAME CONSTRAINT restoring_version_pkey TO alembic_version_pkc")
        connection.execute("ALTER TABLE restoring_version RENAME TO alembic_version")
    return str(row[0])


def _told(
    manifest: Manifest, head: str, doubted: Doubted, texts: int, sessions: int, replayed: Replayed, files: int, seconds: float
) -> Restored:
    return Restored(
        manifest.taken_at.isoformat(),
        manifest.migration,
        head,
        doubted.messages,
        texts,
        doubted.paused,
        doubted.unscheduled,
        doubted.waves,
        doubted.id_block,
        replayed.people + replayed.numbers,
        replayed.stopped,
        sessions,
        files,
        round(seconds, 1),
    )
