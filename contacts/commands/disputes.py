"""«اعتراض به رضایت»: somebody says they never agreed. Texting stops first, everything else is looked at afterwards."""

from __future__ import annotations

import json
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, lock_person, text_behind
from contacts.commands.suppression import suppress_number
from contacts.events import ConsentEnded, ListHeld
from contacts.models import ConsentDispute, ConsentEntry, ConsentEvidence, Contact, ContactConsent, ContactImport
from contacts.queries.identities import phone_of
from contacts.queries.policy import policy_of
from contacts.rules.consent import Basis, Channel, must_hold
from engage.clock import now
from engage.db import transaction
from engage.events import publish
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.jobs import enqueue_after_commit, ring
from engage.refusal import Refused

END_JOB = "contacts.jobs.end_disputed_lists"
BATCH = 200


def dispute_consent(contact_id: int, *, channel: Channel = Channel.OFFICER, note: str = "", actor_id: Actor = CURRENT) -> int:
    """The person behind a contact says they never agreed: in this one transaction their number is stopped for every unit and
    purpose, every consent under it ends, and the objection is kept beside the line it is about. Returns its id (the first, when
    several lists had brought the consents).

    Objections are counted for each list; at the number the unit's policy says, the list is held: nobody is texted any more on the
    ground of a consent it brought. A citizen objects through `Channel.PAGE` with `actor_id=None`. Refused("contact_missing").
    """
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        disputed = _disputed_lines(session, contact)
        at, actor = now(), who(actor_id)
        disputes = [
            ConsentDispute(
                unit_id=contact.unit_id,
                contact_id=contact_id,
                import_id=import_id,
                entry_id=entry_id,
                channel=str(channel),
                note=note.strip()[:1000],
                actor_id=actor,
                at=at,
            )
            for import_id, entry_id in disputed
        ]
        session.add_all(disputes)
        session.flush()
        e164 = None if contact.identity_id is None else phone_of(contact.identity_id)
        if e164 is not None:
            suppress_number(e164, "dispute", actor_id=actor)
        record_audit("consent_disputed", unit_id=contact.unit_id, object_type="contact", object_id=contact_id, actor_id=actor)
        for import_id in sorted({import_id for import_id, _ in disputed if import_id is not None}):
            _hold_when_many(session, import_id)
        return disputes[0].id


def lift_hold(import_id: int, *, actor_id: Actor = CURRENT) -> None:
    """An admin lets a held list go on; only new objections count from now on. Refused: import_missing, list_not_held."""
    with transaction() as session:
        found = _held_list(session, import_id)
        found.held_at, found.hold_lifted_at = None, now()
        _audit("hold_lifted", found, actor_id)


def end_held_list(import_id: int, *, actor_id: Actor = CURRENT) -> None:
    """An admin ends a held list: a job withdraws every consent it brought, one ledger line each; the list stays held meanwhile and
    afterwards. Refused: import_missing, list_not_held."""
    with transaction() as session:
        found = _held_list(session, import_id)
        if found.hold_ended_at is not None:
            return
        found.hold_ended_at = now()
        _audit("disputed_list_ended", found, actor_id)
        enqueue_after_commit("bulk", END_JOB)


def end_disputed_lists() -> int:
    """Withdraw what lists brought that an admin ended; returns how many consents. Goes on where a killed run stopped."""
    count = 0
    while True:
        with transaction() as session:
            found = session.execute(
                select(ContactConsent.contact_id, ContactConsent.purpose, ContactConsent.import_id)
                .join(ContactImport, ContactImport.id == ContactConsent.import_id)
                .where(ContactImport.hold_ended_at.isnot(None), ContactConsent.given)
                .order_by(ContactConsent.contact_id)
                .limit(BATCH)
            ).all()
            if not found:
                return count
            for contact_id, purpose, import_id in found:
                count += _withdraw_brought(session, contact_id, purpose, import_id)


def ring_for_disputed_lists() -> None:
    """Ring while an ended list still has consents that stand."""
    with transaction() as session:
        waiting = session.scalar(
            select(ContactConsent.contact_id)
            .join(ContactImport, ContactImport.id == ContactConsent.import_id)
            .where(ContactImport.hold_ended_at.isnot(None), ContactConsent.given)
            .limit(1)
        )
    if waiting is not None:
        ring("bulk", END_JOB)


def _withdraw_brought(session: Session, contact_id: int, purpose: str, import_id: int) -> int:
    contact = lock_person(session, contact_id)
    standing = session.get(ContactConsent, (contact_id, purpose), populate_existing=True)
    # Somebody may have agreed anew since the batch was read.
    if contact is None or standing is None or not standing.given or standing.import_id != import_id:
        return 0
    words = text_behind(session, contact, purpose)
    evidence = f"disputed_list:{import_id}"
    append_line(session, contact, Statement(purpose, False, Basis(standing.basis), Channel.DISPUTE, evidence, None, words))
    publish(ConsentEnded(contact.identity_id, contact_id, purpose))
    return 1


def _disputed_lines(session: Session, contact: Contact) -> list[tuple[int | None, int | None]]:
    """(list, ledger line) that the objection is about: for each list that brought a standing consent its newest line, else the line
    that last gave one at all."""
    rows = session.execute(
        select(ConsentEntry.id, ConsentEntry.purpose, ConsentEntry.given, ConsentEntry.channel, ConsentEvidence.evidence)
        .outerjoin(ConsentEvidence, ConsentEvidence.entry_id == ConsentEntry.id)
        .where(ConsentEntry.pseudonym == contact.pseudonym)
        .order_by(ConsentEntry.sequence)
    ).all()
    last_given = {row.purpose: row for row in rows if row.given}
    standing = session.execute(
        select(ContactConsent.purpose, ContactConsent.import_id).where(ContactConsent.contact_id == contact.id, ContactConsent.given)
    ).all()
    about = [(import_id, last_given[purpose].id if purpose in last_given else None) for purpose, import_id in standing]
    if not about:
        about = [(import_of(row.evidence) if row.channel == Channel.IMPORT else None, row.id) for row in last_given.values()]
    by_list: dict[int | None, int | None] = dict(sorted(about, key=lambda each: each[1] or 0))
    lists: list[tuple[int | None, int | None]] = [each for each in by_list.items() if each[0] is not None]
    return lists or [(None, by_list.get(None))]


def import_of(evidence: str | None) -> int | None:
    """The list an import's line came from, as its evidence says; None where that was erased."""
    with suppress(ValueError, AttributeError):
        said = json.loads(evidence or "").get("import")
        return said if isinstance(said, int) else None
    return None


def _hold_when_many(session: Session, import_id: int) -> None:
    found = session.scalar(
        select(ContactImport).where(ContactImport.id == import_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None or found.held_at is not None:
        return
    counted = select(func.count(func.distinct(ConsentDispute.contact_id))).where(ConsentDispute.import_id == import_id)
    if found.hold_lifted_at is not None:
        counted = counted.where(ConsentDispute.at > found.hold_lifted_at)
    count = session.scalar(counted) or 0
    if not must_hold(count, policy_of(found.unit_id).dispute_hold_count):
        return
    found.held_at = now()
    record_audit(
        "list_held",
        unit_id=found.unit_id,
        object_type="contact_import",
        object_id=found.id,
        detail={"file": found.file_name, "count": count},
        actor_id=None,
    )
    publish(ListHeld(found.id, found.unit_id))


def _held_list(session: Session, import_id: int) -> ContactImport:
    found = session.scalar(
        select(ContactImport).where(ContactImport.id == import_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise Refused("import_missing")
    if found.held_at is None:
        raise Refused("list_not_held")
    return found


def _audit(action: str, found: ContactImport, actor_id: Actor) -> None:
    record_audit(
        action, unit_id=found.unit_id, object_type="contact_import", object_id=found.id, detail={"file": found.file_name}, actor_id=actor_id
    )
