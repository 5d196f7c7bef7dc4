"""Giving and ending consent, person by person."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, lock_person, text_behind
from contacts.commands.texts import current_text
from contacts.events import ConsentEnded
from contacts.models import Contact, ContactConsent, ContactImport, PhoneIdentity
from contacts.rules.consent import Basis, Channel
from engage.clock import now
from engage.db import transaction
from engage.events import publish
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.refusal import Refused


def give_consent(
    contact_id: int,
    purpose: str,
    basis: Basis,
    *,
    evidence: str,
    channel: Channel = Channel.OFFICER,
    text_sha256: bytes | None = None,
    actor_id: Actor = CURRENT,
) -> None:
    """The person stands as agreeing to `purpose`, by the words of `text_sha256` (what they saw) or else the newest for it; saying it
    twice on the same basis writes nothing, unless the list that had brought it is held back.

    Refused: contact_missing, number_suppressed, number_reassigned, evidence_missing, purpose_unknown.
    """
    if not evidence.strip():
        raise Refused("evidence_missing")
    with transaction() as session:
        contact = _open_person(session, contact_id)
        text = text_sha256 or current_text(purpose, basis)
        standing = session.get(ContactConsent, (contact_id, purpose), populate_existing=True)
        if standing is not None and standing.given and standing.basis == basis and not _is_held(session, standing):
            return
        append_line(session, contact, Statement(purpose, True, basis, channel, evidence.strip(), who(actor_id), text))
        if channel is Channel.OFFICER:
            record_audit(
                "consent_given",
                unit_id=contact.unit_id,
                object_type="contact",
                object_id=contact_id,
                detail={"purpose": purpose, "basis": str(basis)},
                actor_id=actor_id,
            )


def withdraw_consent(
    contact_id: int, purpose: str, *, channel: Channel = Channel.OFFICER, evidence: str = "", actor_id: Actor = CURRENT
) -> bool:
    """The person no longer agrees to `purpose`; False when they didn't before. Refused("contact_missing")."""
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        standing = session.get(ContactConsent, (contact_id, purpose), populate_existing=True)
        if standing is not None and not standing.given:
            return False
        basis = Basis(standing.basis) if standing is not None else Basis.CONSENT
        text = text_behind(session, contact, purpose)
        append_line(session, contact, Statement(purpose, False, basis, channel, evidence, who(actor_id), text))
        publish(ConsentEnded(contact.identity_id, contact_id, purpose))
        if channel is Channel.OFFICER:
            record_audit(
                "consent_withdrawn",
                unit_id=contact.unit_id,
                object_type="contact",
                object_id=contact_id,
                detail={"purpose": purpose},
                actor_id=actor_id,
            )
        return True


def withdraw_all(contact_id: int, *, reason: str, actor_id: Actor = CURRENT) -> int:
    """The office ends every consent of one contact, at the person's wish; how many ended. The number itself stays open: other units
    and a later consent are untouched. Refused: contact_missing, reason_missing."""
    if not reason.strip():
        raise Refused("reason_missing")
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        ended = _withdraw_standings(session, contact, Channel.OFFICER, reason.strip(), who(actor_id))
        for purpose in ended:
            publish(ConsentEnded(contact.identity_id, contact_id, purpose))
        if ended:
            record_audit(
                "consents_withdrawn",
                unit_id=contact.unit_id,
                object_type="contact",
                object_id=contact_id,
                detail={"count": len(ended)},
                actor_id=actor_id,
            )
        return len(ended)


def withdraw_everything(session: Session, identity_id: int, channel: Channel, evidence: str, actor_id: int | None) -> list[tuple[int, int]]:
    """Every given consent under this number ends in the caller's transaction; returns (contact, unit) of all its contacts."""
    found: list[tuple[int, int]] = []
    contact_ids = session.scalars(select(Contact.id).where(Contact.identity_id == identity_id).order_by(Contact.id)).all()
    for contact_id in contact_ids:
        contact = lock_person(session, contact_id)
        if contact is None:
            continue
        found.append((contact.id, contact.unit_id))
        _withdraw_standings(session, contact, channel, evidence, actor_id)
    return found


def _withdraw_standings(session: Session, contact: Contact, channel: Channel, evidence: str, actor_id: int | None) -> list[str]:
    """End every given consent of a locked person; the purposes that ended."""
    standings = session.scalars(
        select(ContactConsent)
        .where(ContactConsent.contact_id == contact.id, ContactConsent.given)
        .order_by(ContactConsent.purpose)
        .execution_options(populate_existing=True)
    ).all()
    ended = [(standing.purpose, Basis(standing.basis)) for standing in standings]
    for purpose, basis in ended:
        text = text_behind(session, contact, purpose)
        append_line(session, contact, Statement(purpose, False, basis, channel, evidence, actor_id, text))
    return [purpose for purpose, _basis in ended]


def end_consent_of_reassigned(identity_id: int) -> bool:
    """«این پیامک برای من نیست»: the number has changed hands. Every consent under it ends, its contacts are marked, what their
    names and history say no longer speaks of whoever answers. False when that was known already."""
    with transaction() as session:
        waiting = session.scalar(
            select(Contact.id).where(Contact.identity_id == identity_id, Contact.reassigned_at.is_(None)).limit(1)
        )
        if waiting is None:
            return False
        at = now()
        for contact_id, _unit_id in withdraw_everything(session, identity_id, Channel.PAGE, "not_mine", None):
            contact = lock_person(session, contact_id)
            if contact is not None and contact.reassigned_at is None:
                contact.reassigned_at = at
                contact.updated_at = at
                # From here nothing leads from the number to the person before; it may join afresh as somebody else.
                contact.former_identity_id, contact.identity_id = identity_id, None  # type: ignore[assignment]
                publish(ConsentEnded(identity_id, contact_id, ""))
        return True


def _is_held(session: Session, standing: ContactConsent) -> bool:
    if standing.import_id is None:
        return False
    return session.scalar(select(ContactImport.held_at).where(ContactImport.id == standing.import_id)) is not None


def _open_person(session: Session, contact_id: int) -> Contact:
    contact = lock_person(session, contact_id)
    if contact is None:
        raise Refused("contact_missing")
    if contact.reassigned_at is not None:
        raise Refused("number_reassigned")
    suppressed = session.scalar(select(PhoneIdentity.suppressed_at).where(PhoneIdentity.id == contact.identity_id))
    if suppressed is not None:
        raise Refused("number_suppressed")
    return contact
