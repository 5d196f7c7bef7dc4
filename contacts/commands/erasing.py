"""Erasing people: for one unit, or a number in all of them.

What stays is what no longer leads to anybody: ledger lines under their pseudonym, the suppression's HMAC, an `erasure` row, and rows of
other rooms that only count. A suppressed number stays suppressed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, lock_person, text_behind
from contacts.importing import files
from contacts.index_keys import seize_index_key
from contacts.models import (
    ConsentDispute,
    Contact,
    ContactConsent,
    ContactImport,
    Erasure,
    PendingConsent,
    PhoneCode,
    PhoneIdentity,
    SingleText,
)
from contacts.outside import Decided, note_decision, number_mark
from contacts.queries.identities import open_phone
from contacts.queries.references import Erasing, reference_holders
from contacts.rules.consent import Basis, Channel
from contacts.rules.states import ImportState
from engage.clock import now
from engage.db import after_commit, transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.refusal import Refused
from engage.vault import vault

ORIGINS = {"citizen": Channel.PAGE, "officer": Channel.OFFICER, "retention": Channel.EXPIRY, "no_answer": Channel.EXPIRY}
"""Who asked for it, as `erasure.origin` → how the ledger says that the consents ended"""

PATIENCE = 8
"""Seconds to wait for an import that is writing the same person"""

_DONE_WITH = (ImportState.FINISHED, ImportState.UNDONE, ImportState.FAILED, ImportState.DISCARDED)


def erase_person(contact_id: int, origin: str, *, actor_id: Actor = CURRENT) -> None:
    """One unit's contact is erased with everything every room holds of it; the number goes, too, if no other unit's contact has it.

    Consents still standing end in the ledger first. Answers lose their link and what was written in the citizen's own words; what was
    chosen stays, unlinked. Texts not yet sent are never sent. Lists that had brought the person lose their uploaded files and what was
    made from them; when a person asked for it, so do all lists of the unit that are done with. A list that nobody has decided about yet
    may hold the number and bring it again: it is a statement of its own.

    Refused: contact_missing, person_busy (an import is writing this person right now).
    """
    with transaction() as session:
        row = session.execute(select(Contact.identity_id, Contact.former_identity_id).where(Contact.id == contact_id)).first()
        if row is None:
            raise Refused("contact_missing")
        with _Patience(session):
            number = _lock_number(session, row.identity_id or row.former_identity_id)
            contact = lock_person(session, contact_id)
            if contact is None:
                raise Refused("contact_missing")
            is_whole = number is not None and not _is_known_to_others(session, number.identity_id, contact_id)
            _erase(session, [contact], number, is_whole=is_whole, origin=origin, actor_id=actor_id)


def erase_number(identity_id: int, origin: str, *, actor_id: Actor = CURRENT) -> None:
    """Everything every unit holds of a number is erased: its contacts, those closed after it changed hands, sign-ups that wait, texts.

    As `erase_person` otherwise. A number that is gone already is no error. Refused("person_busy").
    """
    with transaction() as session, _Patience(session):
        number = _lock_number(session, identity_id)
        if number is None:
            return
        contacts = session.scalars(
            select(Contact)
            .where((Contact.identity_id == identity_id) | (Contact.former_identity_id == identity_id))
            .order_by(Contact.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        _erase(session, contacts, number, is_whole=True, origin=origin, actor_id=actor_id)


def finish_erasures() -> int:
    """Numbers of erased people that a running import might still have used are gone now, unless it did. Returns how many were tried."""
    with transaction() as session:
        waiting = list(session.scalars(select(PhoneIdentity.id).where(PhoneIdentity.erase_at.is_not(None)).order_by(PhoneIdentity.id).limit(500)))
    for identity_id in waiting:
        with transaction() as session:
            if seize_index_key(session) is None:
                return 0
            number = _lock_number(session, identity_id)
            if number is None:
                continue
            used = session.scalar(select(Contact.id).where(Contact.identity_id == identity_id).limit(1))
            if used is not None:  # somebody brought the number again meanwhile: it is theirs
                session.execute(update(PhoneIdentity).where(PhoneIdentity.id == identity_id).values(erase_at=None))
            else:
                _erase(session, [], number, is_whole=True, origin="", actor_id=None)
    return len(waiting)


def delete_orphaned_files() -> int:
    """Files in the uploads folder that no list owns any more are gone: an erasure's process may have died before it deleted them."""
    with transaction() as session:
        owned = session.scalars(select(ContactImport.stored_name).where(ContactImport.file_deleted_at.is_(None)))
        kept = {name.partition(".")[0] for name in owned if name}
    count = 0
    before = now().timestamp() - 24 * 3600
    for path in files.uploads_folder().iterdir():
        if path.is_file() and path.name.partition(".")[0] not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            count += 1
    return count


class _Patience:
    """Locks inside are waited for a few seconds, then Refused("person_busy"): whoever erases may be a citizen at a page."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        self._session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}s'"))

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
        elif isinstance(error, LockNotAvailable) or isinstance(getattr(error, "orig", None), LockNotAvailable):
            raise Refused("person_busy") from None


class _Number:
    def __init__(self, identity_id: int, phone: str) -> None:
        self.identity_id = identity_id
        self.phone = phone


def _lock_number(session: Session, identity_id: int | None) -> _Number | None:
    # The number first, the people after it, as in every command that touches both.
    if identity_id is None:
        return None
    cipher = session.scalar(select(PhoneIdentity.phone_cipher).where(PhoneIdentity.id == identity_id).with_for_update())
    return None if cipher is None else _Number(identity_id, open_phone(identity_id, cipher))


def _is_known_to_others(session: Session, identity_id: int, contact_id: int) -> bool:
    of_number = (Contact.identity_id == identity_id) | (Contact.former_identity_id == identity_id)
    return session.scalar(select(Contact.id).where(of_number, Contact.id != contact_id).limit(1)) is not None


def _erase(
    session: Session, contacts: Sequence[Contact], number: _Number | None, *, is_whole: bool, origin: str, actor_id: Actor
) -> None:
    at = now()
    ids = tuple(contact.id for contact in contacts)
    units = sorted({contact.unit_id for contact in contacts})
    # Before anybody looks for what names the number: whoever is writing such rows now is waited out by `finish_erasures`, and whoever
    # begins after this finds the number gone.
    is_alone = number is not None and is_whole and seize_index_key(session) is not None
    erasing = Erasing(ids, number.identity_id if number else None, number.phone if number else None, is_whole, at)
    for contact in contacts:
        _end_consents(session, contact, ORIGINS[origin], who(actor_id))
    for holder in reference_holders():
        holder(erasing)
    _forget_lists(session, ids, units if origin in ("citizen", "officer") else [])
    # A sign-up under the number of somebody who is closed is another person's.
    _forget_waiting(session, erasing, sorted({contact.unit_id for contact in contacts if contact.identity_id is not None}))
    session.execute(update(ConsentDispute).where(ConsentDispute.contact_id.in_(ids)).values(note=""))
    for contact in contacts:
        session.add(Erasure(unit_id=contact.unit_id, origin=origin, at=at))
        record_audit(
            "contact_erased",
            unit_id=contact.unit_id,
            object_type="contact",
            object_id=contact.id,
            detail={"origin": origin},
            actor_id=actor_id,
        )
    if contacts or origin:
        mark = number_mark(vault(), number.phone) if number is not None and is_whole else (b"", 0)
        note_decision(session, Decided("erased", at, *mark, tuple(contact.pseudonym for contact in contacts), origin))
    session.flush()
    # What else speaks of a contact lies in tables that go with it.
    session.execute(delete(Contact).where(Contact.id.in_(ids)))
    if number is None or not is_whole:
        return
    if is_alone:
        session.execute(delete(PhoneIdentity).where(PhoneIdentity.id == number.identity_id))
    else:
        session.execute(update(PhoneIdentity).where(PhoneIdentity.id == number.identity_id).values(erase_at=at, last_texted_at=None))


def _end_consents(session: Session, contact: Contact, channel: Channel, actor_id: int | None) -> None:
    standings = session.execute(
        select(ContactConsent.purpose, ContactConsent.basis)
        .where(ContactConsent.contact_id == contact.id, ContactConsent.given)
        .order_by(ContactConsent.purpose)
    ).all()
    for purpose, basis in standings:
        words = text_behind(session, contact, purpose)
        append_line(session, contact, Statement(purpose, False, Basis(basis), channel, "erased", actor_id, words))


_LISTS_OF = """
    SELECT import_id FROM contact WHERE id = ANY(:ids)
    UNION SELECT import_id FROM contact_alias WHERE contact_id = ANY(:ids)
    UNION SELECT import_id FROM import_before WHERE contact_id = ANY(:ids)
    UNION SELECT import_id FROM contact_consent WHERE contact_id = ANY(:ids)
    UNION SELECT import_id FROM consent_dispute WHERE contact_id = ANY(:ids)
    UNION SELECT (substring(evidence FROM '^\\{"import": ([0-9]+),'))::bigint FROM consent_evidence WHERE contact_id = ANY(:ids)
"""


def _forget_lists(session: Session, contact_ids: tuple[int, ...], units: Iterable[int]) -> None:
    """Uploads that held the person are marked as deleted here and deleted after the commit; `delete_orphaned_files` stands behind it."""
    if not contact_ids:
        return
    brought = [each for each in session.scalars(text(_LISTS_OF), {"ids": list(contact_ids)}) if each is not None]
    rows = session.scalars(
        select(ContactImport)
        .where(
            ContactImport.state.in_(_DONE_WITH),
            ContactImport.id.in_(brought) | ContactImport.unit_id.in_(list(units)),
        )
        .with_for_update()
    ).all()
    for row in rows:
        if any(column.get("samples") for column in row.columns):
            row.columns = [{**column, "samples": []} for column in row.columns]
        if row.file_deleted_at is None and row.stored_name:
            row.file_deleted_at = now()
            after_commit(lambda name=row.stored_name: files.delete_files(name))  # type: ignore[misc]
    # What an officer searched for when choosing many at once may be this very person.
    session.execute(
        text(
            "UPDATE bulk_action SET parameters = parameters - 'filter' FROM bulk_change change"
            " WHERE change.action_id = bulk_action.id AND change.contact_id = ANY(:ids) AND state IN ('done', 'undone')"
        ),
        {"ids": list(contact_ids)},
    )


def _forget_waiting(session: Session, erasing: Erasing, units: Sequence[int]) -> None:
    """Sign-ups, codes and single texts of the number; of one unit's person only that unit's sign-ups."""
    if erasing.phone is None:
        return
    keys = vault()
    blinds = keys.blind_indexes(erasing.phone)
    waiting = delete(PendingConsent).where(PendingConsent.blind_index.in_(blinds))
    session.execute(waiting if erasing.is_whole else waiting.where(PendingConsent.unit_id.in_(units)))
    if not erasing.is_whole:
        return
    session.execute(delete(PhoneCode).where(PhoneCode.blind_index.in_(blinds)))
    unsettled = session.execute(
        select(SingleText.id, SingleText.state, SingleText.phone_cipher)
        .where(SingleText.settled_at.is_(None), SingleText.phone_cipher.is_not(None))
        .order_by(SingleText.id)
        .with_for_update(skip_locked=True)
    ).all()
    for row in unsettled:
        if row.state == "pending" and keys.decrypt(row.phone_cipher, f"single_text_phone:{row.id}") == erasing.phone:
            gone: dict[str, Any] = {"state": "expired", "failure": "erased", "settled_at": erasing.at, "phone_cipher": None, "body_cipher": None}
            session.execute(update(SingleText).where(SingleText.id == row.id).values(**gone))
