"""The steps of a key's rotation that the database holds: each is a transaction of its own, and may run again after a kill.

What is being rewritten is never waited for: rows that somebody holds are passed over and met in the next round. Only a switch waits,
for the moment in which nobody writes numbers (`contacts.index_keys`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from contacts.index_keys import LOCK
from contacts.models import KeyRotation
from engage.clock import now
from engage.db import driver_connection, transaction
from engage.identity.fingerprints import announce_key, known_versions
from engage.vault import EncryptedColumn, vault

BATCH = 2_000
SWITCH_PATIENCE = "400ms"
"""So long may each of a switch's two locks make writers of numbers wait behind it before it gives way to them and tries again: both
together less than PostgreSQL waits before it looks for a deadlock, so that it is never somebody else who has to give way."""


@dataclass(frozen=True)
class Rotation:
    """One rotation as it stands."""

    id: int
    purpose: str
    from_version: int
    to_version: int
    phase: str


def unfinished_rotation() -> Rotation | None:
    """The rotation that was begun and not brought to its end; there is at most one."""
    with transaction() as session:
        row = session.scalar(select(KeyRotation).where(KeyRotation.finished_at.is_(None)).order_by(KeyRotation.id).limit(1))
        return None if row is None else _told(row)


def begin_rotation(purpose: str) -> Rotation:
    """A rotation to a version nobody ever held is noted down, and its key announced, before there is any."""
    held = vault(fresh=True)
    with transaction() as session:
        to_version = max(*held.versions(purpose), *known_versions(purpose), 0) + 1
        row = KeyRotation(
            purpose=purpose, from_version=held.writing(purpose), to_version=to_version, phase="key", cursor={}, started_at=now()
        )
        session.add(row)
        announce_key(f"{purpose}/{to_version}")
        session.flush()
        return _told(row)


def move_on(rotation_id: int, phase: str) -> Rotation:
    """The rotation has come to this phase."""
    with transaction() as session:
        row = session.get_one(KeyRotation, rotation_id, with_for_update=True, populate_existing=True)
        row.phase = phase
        if phase == "finished":
            row.finished_at = now()
        return _told(row)


def _told(row: KeyRotation) -> Rotation:
    return Rotation(row.id, row.purpose, row.from_version, row.to_version, row.phase)


# -- the encryption key ----------------------------------------------------------------------------------------------------


def rewrite_batch(rotation_id: int, column: EncryptedColumn, to_version: int) -> int | None:
    """The next values of this column are sealed under `to_version`; how many were, None at the column's end.

    The rotation's cursor moves in the same transaction. Refused("keys_do_not_fit") for a value no key opens: nothing is lost then.
    """
    name = f"{column.table}.{column.column}"
    with transaction() as session:
        row = session.get_one(KeyRotation, rotation_id, with_for_update=True, populate_existing=True)
        found = session.execute(
            text(
                f"SELECT id, {column.name} AS name, {column.column} AS value FROM {column.table} WHERE id > :after AND {column.column} IS NOT NULL"
                f" AND length({column.column}) > 12 ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED"
            ),
            {"after": row.cursor.get(name, 0), "limit": BATCH},
        ).all()
        if not found:
            return None
        keys = vault()
        old = [each for each in found if bytes(each.value)[0] in keys.versions("encryption") and bytes(each.value)[0] != to_version]
        fresh = [(each.id, keys.encrypt(keys.decrypt(bytes(each.value), column.context_of(each.name)), column.context_of(each.name))) for each in old]
        if fresh:
            driver_connection(session).execute(
                f"UPDATE {column.table} t SET {column.column} = fresh.value FROM unnest(%s::bigint[], %s::bytea[]) AS fresh(id, value)"
                " WHERE t.id = fresh.id",
                ([each[0] for each in fresh], [each[1] for each in fresh]),
            )
        row.cursor = row.cursor | {name: found[-1].id}
        return len(fresh)


def rewind(rotation_id: int) -> None:
    """The next round begins at the first row again."""
    with transaction() as session:
        session.execute(update(KeyRotation).where(KeyRotation.id == rotation_id).values(cursor={}))


def count_under_others(column: EncryptedColumn, to_version: int) -> int:
    """How many values of this column are sealed under another key of ours than `to_version`."""
    others = [version for version in vault().versions("encryption") if version != to_version]
    with transaction() as session:
        found = session.scalar(
            text(
                f"SELECT count(*) FROM {column.table} WHERE {column.column} IS NOT NULL AND length({column.column}) > 12"
                f" AND get_byte({column.column}, 0) = ANY(:others)"
            ),
            {"others": others},
        )
        return int(found or 0)


# -- the index key ---------------------------------------------------------------------------------------------------------

_UNINDEXED = """
    SELECT id, phone_cipher FROM phone_identity WHERE blind_index_next IS NULL AND id > :after ORDER BY id LIMIT :limit
    FOR UPDATE SKIP LOCKED
"""


def fill_indexes(rotation: Rotation, after: int = 0) -> int | None:
    """The next numbers without an index under the new key have one; the last id, None when there was none."""
    with transaction() as session:
        return _fill(session, rotation.to_version, after)


def _fill(session: Session, version: int, after: int) -> int | None:
    rows = session.execute(text(_UNINDEXED), {"after": after, "limit": BATCH}).all()
    if not rows:
        return None
    keys = vault()
    made = [keys.blind_index_under(keys.decrypt(bytes(row.phone_cipher), f"phone_identity:{row.id}"), version) for row in rows]
    driver_connection(session).execute(
        "UPDATE phone_identity n SET blind_index_next = made.blind FROM unnest(%s::bigint[], %s::bytea[]) AS made(id, blind) WHERE n.id = made.id",
        ([row.id for row in rows], made),
    )
    return int(rows[-1].id)


def count_unindexed() -> int:
    with transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM phone_identity WHERE blind_index_next IS NULL")) or 0)


_SWAP = (
    "ALTER TABLE phone_identity RENAME COLUMN blind_index TO blind_index_old",
    "ALTER TABLE phone_identity RENAME COLUMN blind_index_next TO blind_index",
    "ALTER TABLE phone_identity RENAME COLUMN blind_index_old TO blind_index_next",
    "ALTER TABLE phone_identity ALTER COLUMN blind_index SET NOT NULL, ALTER COLUMN blind_index_next DROP NOT NULL",
    "ALTER TABLE phone_identity RENAME CONSTRAINT uq_phone_identity_blind_index TO uq_phone_identity_blind_index_old",
    "ALTER TABLE phone_identity RENAME CONSTRAINT uq_phone_identity_blind_index_next TO uq_phone_identity_blind_index",
    "ALTER TABLE phone_identity RENAME CONSTRAINT uq_phone_identity_blind_index_old TO uq_phone_identity_blind_index_next",
)


def switch_index(rotation: Rotation) -> bool:
    """From now on numbers are found and written under the new index key; False when somebody was writing numbers all the time.

    The two columns change names, which takes milliseconds for any number of rows.
    """

    def work(session: Session) -> None:
        # Alone with the table: nothing is locked by others, so nothing is passed over.
        session.execute(text("LOCK TABLE phone_identity IN ACCESS EXCLUSIVE MODE"))
        while _fill(session, rotation.to_version, 0) is not None:
            pass
        for statement in _SWAP:
            session.execute(text(statement))

    return _switch(rotation, work)


def clear_old_indexes() -> int:
    """The next rows forget their index under the old key; how many."""
    return _run(
        "UPDATE phone_identity SET blind_index_next = NULL WHERE id = ANY(ARRAY(SELECT id FROM phone_identity"
        " WHERE blind_index_next IS NOT NULL ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED))"
    )


def count_old_indexes() -> int:
    with transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM phone_identity WHERE blind_index_next IS NOT NULL")) or 0)


def index_pending(version: int) -> int:
    """Sign-ups that wait for their code are found under this key. They are few; returns how many changed."""
    keys = vault()
    with transaction() as session:
        rows = session.execute(text("SELECT id, phone_cipher, blind_index FROM pending_consent ORDER BY id FOR UPDATE SKIP LOCKED")).all()
        changed = []
        for row in rows:
            blind = keys.blind_index_under(keys.decrypt(bytes(row.phone_cipher), f"pending_consent:{row.id}"), version)
            if blind != bytes(row.blind_index):
                changed.append({"id": row.id, "blind": blind})
        if changed:
            session.execute(text("UPDATE pending_consent SET blind_index = :blind WHERE id = :id"), changed)
        return len(changed)


def has_live_codes_before(moment: Any) -> bool:
    """Whether a code sent before this moment may still be typed."""
    with transaction() as session:
        found = session.scalar(
            text("SELECT EXISTS (SELECT 1 FROM phone_code WHERE created_at <= :moment AND expires_at > :now AND used_at IS NULL)"),
            {"moment": moment, "now": now()},
        )
        return bool(found)


# -- the suppression key ---------------------------------------------------------------------------------------------------

_UNWRAPPED = """
    SELECT number_hash, source, since FROM suppression WHERE NOT is_wrapped AND key_version < :version
    LIMIT :limit FOR UPDATE SKIP LOCKED
"""


def wrap_suppressions(rotation: Rotation) -> int:
    """The next opt-outs stand under the new key, too; how many."""
    with transaction() as session:
        return _wrap(session, rotation.to_version)


def _wrap(session: Session, version: int) -> int:
    rows = session.execute(text(_UNWRAPPED), {"version": version, "limit": BATCH}).all()
    if not rows:
        return 0
    keys = vault()
    session.execute(
        text(
            "INSERT INTO suppression (number_hash, source, since, key_version, is_wrapped) VALUES (:hash, :source, :since, :version, false)"
            " ON CONFLICT (number_hash) DO NOTHING"
        ),
        [
            {"hash": keys.wrap_suppression(bytes(row.number_hash), version), "source": row.source, "since": row.since, "version": version}
            for row in rows
        ],
    )
    session.execute(text("UPDATE suppression SET is_wrapped = true WHERE number_hash = ANY(:hashes)"), {"hashes": [row.number_hash for row in rows]})
    return len(rows)


def switch_suppression(rotation: Rotation) -> bool:
    """From now on opt-outs are found and written under the new key; False when somebody was writing numbers all the time."""

    def work(session: Session) -> None:
        session.execute(text("LOCK TABLE suppression IN SHARE ROW EXCLUSIVE MODE"))
        while _wrap(session, rotation.to_version):
            pass

    return _switch(rotation, work)


def drop_wrapped(rotation: Rotation) -> int:
    """The next opt-outs that stand under the new key are forgotten under the one before; how many."""
    return _run(
        "DELETE FROM suppression WHERE number_hash = ANY(ARRAY(SELECT number_hash FROM suppression"
        " WHERE is_wrapped AND key_version < :version LIMIT :limit FOR UPDATE SKIP LOCKED))",
        version=rotation.to_version,
    )


def count_wrapped() -> int:
    with transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM suppression WHERE is_wrapped")) or 0)


# -- parts -----------------------------------------------------------------------------------------------------------------


def nobody_writes_numbers() -> bool:
    """Whether every writer of numbers that was at work when this was called has come to its end."""
    return _alone(lambda session: None)


def _switch(rotation: Rotation, work: Any) -> bool:
    def switching(session: Session) -> None:
        work(session)
        session.execute(update(KeyRotation).where(KeyRotation.id == rotation.id).values(phase="clearing"))

    return _alone(switching)


def _alone(work: Any) -> bool:
    try:
        with transaction() as session:
            session.execute(text(f"SET LOCAL lock_timeout = '{SWITCH_PATIENCE}'"))
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            work(session)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            return False
        raise
    return True


def _run(statement: str, **values: Any) -> int:
    with transaction() as session:
        return int(session.execute(text(statement), {"limit": BATCH, **values}).rowcount)  # type: ignore[attr-defined]
