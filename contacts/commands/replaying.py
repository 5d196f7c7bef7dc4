"""Doing again, in a database put back from a backup, what citizens had decided since: erasures and opt-outs of `contacts.outside`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from contacts.commands.erasing import ORIGINS, erase_number, erase_person
from contacts.commands.single_texts import forget_texts_to
from contacts.commands.suppression import suppress_number
from contacts.index_keys import hold_index_key
from contacts.models import Contact, PendingConsent, PhoneCode, PhoneIdentity, Suppression
from contacts.outside import Decided, unlogged
from engage.db import db, transaction
from engage.refusal import Refused
from engage.vault import Vault, vault

PAGE = 10_000


@dataclass(frozen=True)
class Replayed:
    """`people` and `numbers` were erased once more, `stopped` numbers are stopped once more."""

    people: int
    numbers: int
    stopped: int


def replay_decisions(decisions: Sequence[Decided]) -> Replayed:
    """Everything in `decisions` holds in this database, too; repeatable. What was erased since is erased before anybody works with it.

    A number that came back after its erasure stays: only what was there before the decision is erased.
    """
    with unlogged():
        people = sum(_erase_again(each) for each in decisions if each.kind == "erased")
        marks = _Marks(decisions)
        numbers = stopped = 0
        if marks.is_any:
            for identity_id, e164, known_since in _known_numbers():
                found = marks.of(e164)
                if found.erased_at is not None and known_since <= found.erased_at:
                    erase_number(identity_id, found.origin, actor_id=None)
                    numbers += 1
                elif found.stopped_by:
                    stopped += suppress_number(e164, found.stopped_by, actor_id=None)
            _forget_sign_ups(marks)
            stopped += _stop_unknown(marks)
        db.session.remove()
    return Replayed(people, numbers, stopped)


def doubt_texts(taken_at: datetime) -> int:
    """Nobody knows what became of single texts that were open when the backup was taken: each is looked up before anything else happens
    to it, and given up where the gateway can no longer know. Codes and visits of citizens are forgotten. Returns how many texts."""
    with transaction() as session:
        session.execute(delete(PhoneCode))
        doubted: Any = session.execute(
            text(
                "UPDATE single_text SET state = 'unknown', failure = 'restored', unknown_since = :taken, looked_up_at = NULL,"
                " absent_count = 0, claim_token = NULL, lease_until = NULL"
                " WHERE settled_at IS NULL AND state IN ('pending', 'sending', 'unknown')"
            ),
            {"taken": taken_at},
        )
        return int(doubted.rowcount)


@dataclass
class _Found:
    erased_at: datetime | None = None
    origin: str = ""
    stopped_by: str = ""


class _Marks:
    """The last word about every number of the log, found by any spelling of its HMAC that the key file can make."""

    def __init__(self, decisions: Sequence[Decided]) -> None:
        self._found: dict[tuple[bytes, int], _Found] = {}
        self.stopped_at: dict[tuple[bytes, int], datetime] = {}
        for each in decisions:
            if not each.number:
                continue
            mark = (each.number, each.key)
            found = self._found.setdefault(mark, _Found())
            if each.kind == "erased":
                found.erased_at, found.origin = each.at, each.source
            else:
                found.stopped_by = each.source if each.kind == "stopped" else ""
                self.stopped_at[mark] = each.at
        self._keys = sorted({key for _, key in self._found})

    @property
    def is_any(self) -> bool:
        return bool(self._found)

    def of(self, e164: str) -> _Found:
        keys = vault()
        hashes = dict(zip(keys.versions("suppression"), keys.suppression_hashes(e164), strict=True))
        for key in self._keys:
            found = self._found.get((hashes.get(key, b""), key))
            if found is not None:
                return found
        return _NOTHING

    def stopped(self) -> Iterator[tuple[bytes, int, str, datetime]]:
        for (number, key), found in self._found.items():
            if found.stopped_by:
                yield number, key, found.stopped_by, self.stopped_at[(number, key)]


_NOTHING = _Found()


def _erase_again(decided: Decided) -> int:
    count = 0
    with transaction() as session:
        ids = list(session.scalars(select(Contact.id).where(Contact.pseudonym.in_(decided.people)).order_by(Contact.id)))
    for contact_id in ids:
        try:
            erase_person(contact_id, decided.source if decided.source in ORIGINS else "citizen", actor_id=None)
            count += 1
        except Refused as refused:
            if refused.code != "contact_missing":
                raise
    return count


def _known_numbers() -> Iterator[tuple[int, str, datetime]]:
    keys = vault()
    after = 0
    while True:
        with transaction() as session:
            page = session.execute(
                select(PhoneIdentity.id, PhoneIdentity.phone_cipher, PhoneIdentity.created_at)
                .where(PhoneIdentity.id > after)
                .order_by(PhoneIdentity.id)
                .limit(PAGE)
            ).all()
        if not page:
            return
        for row in page:
            yield row.id, keys.decrypt(row.phone_cipher, f"phone_identity:{row.id}"), row.created_at
        after = page[-1].id


def _forget_sign_ups(marks: _Marks) -> None:
    """Sign-ups and single texts of erased numbers that no contact stood behind yet."""
    keys = vault()
    with transaction() as session:
        rows = session.execute(select(PendingConsent.id, PendingConsent.phone_cipher, PendingConsent.created_at)).all()
        for row in rows:
            e164 = keys.decrypt(row.phone_cipher, f"pending_consent:{row.id}")
            found = marks.of(e164)
            if found.erased_at is not None and row.created_at <= found.erased_at:
                session.execute(delete(PendingConsent).where(PendingConsent.id == row.id))
                session.execute(delete(PhoneCode).where(PhoneCode.blind_index.in_(keys.blind_indexes(e164))))
        texts = session.execute(
            text("SELECT id, phone_cipher, created_at FROM single_text WHERE settled_at IS NULL AND phone_cipher IS NOT NULL")
        ).all()
        numbers = {keys.decrypt(row.phone_cipher, f"single_text_phone:{row.id}"): row.created_at for row in texts}
        for e164, at in numbers.items():
            found = marks.of(e164)
            if found.erased_at is not None and at <= found.erased_at:
                forget_texts_to(e164)


def _stop_unknown(marks: _Marks) -> int:
    """Stops of numbers this database doesn't know: the row alone, under the key in force, so that a later list can't bring them back."""
    count = 0
    with transaction() as session:
        keys = hold_index_key(session)
        for number, key, source, at in marks.stopped():
            row: Any = session.execute(
                insert(Suppression)
                .values(number_hash=_wrapped(keys, number, key), source=source, since=at, key_version=keys.writing("suppression"))
                .on_conflict_do_nothing()
                .returning(Suppression.since)
            ).first()
            count += row is not None
    return count


def _wrapped(keys: Vault, number: bytes, key: int) -> bytes:
    for version in keys.versions("suppression"):
        if key < version <= keys.writing("suppression"):
            number = keys.wrap_suppression(number, version)
    return number
