"""Renewing what was stopped: only the holder of the number does that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, lock_person
from contacts.commands.consent import give_consent, withdraw_consent
from contacts.commands.placing import is_stopped
from contacts.commands.texts import current_text
from contacts.events import NumberRenewed
from contacts.index_keys import hold_index_key
from contacts.models import ConsentEntry, ConsentText, Contact, ContactConsent, PhoneIdentity, Suppression
from contacts.outside import Decided, note_decision, number_mark
from contacts.rules.consent import OWN_CHANNELS, Basis, Channel
from engage.clock import now
from engage.db import transaction
from engage.events import publish
from engage.identity.commands.audit import record_audit
from engage.refusal import Refused
from engage.vault import sha256


@dataclass(frozen=True)
class Renewal:
    """What a renewal changed: whether the number had been stopped, and (contact, purpose) of every consent given anew."""

    was_suppressed: bool
    given: tuple[tuple[int, str], ...]


def renew_number(
    e164: str,
    channel: Channel,
    *,
    evidence: str,
    purposes: Collection[str] | None = None,
    texts: Mapping[str, bytes] | None = None,
    contact_ids: Collection[int] | None = None,
) -> Renewal:
    """The holder of the number asks for texts again: the stop is lifted for good, and consent stands anew, in one transaction.

    `purposes` are those they chose; None stands for what they had agreed to, on documented consent, when the number was stopped.
    `texts` holds the SHA-256 of the words they saw (purpose → hash; the newest ones where it says nothing), `contact_ids` narrows it
    to some units' contacts. ValueError for a channel that is not the holder's own: neither an import nor an officer renews anything.
    """
    if channel not in OWN_CHANNELS:
        raise ValueError(f"{channel} is not the holder's own way of speaking")
    if not evidence.strip():
        raise ValueError("a renewal needs its evidence")
    with transaction() as session:
        keys = hold_index_key(session)
        lifted = session.execute(
            delete(Suppression).where(Suppression.number_hash.in_(keys.suppression_hashes(e164))).returning(Suppression.since)
        ).first()
        # While that key is rotated the same stop stands under two; a copy made meanwhile is seen only by a statement of its own.
        session.execute(delete(Suppression).where(Suppression.number_hash.in_(keys.suppression_hashes(e164))))
        identity = session.scalar(
            select(PhoneIdentity)
            .where(PhoneIdentity.blind_index.in_(keys.blind_indexes(e164)))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if lifted is not None:
            note_decision(session, Decided("renewed", now(), *number_mark(keys, e164), source=str(channel)))
        if identity is None:
            return Renewal(lifted is not None, ())
        stopped_at, identity.suppressed_at = identity.suppressed_at, None
        session.flush()
        given: list[tuple[int, str]] = []
        found = session.scalars(select(Contact.id).where(Contact.identity_id == identity.id).order_by(Contact.id)).all()
        for contact_id in found:
            contact = lock_person(session, contact_id)
            if contact is None or contact.reassigned_at is not None or (contact_ids is not None and contact_id not in contact_ids):
                continue
            if purposes is not None:
                wanted = sorted(set(purposes))
            else:
                wanted = _stopped_purposes(session, contact, stopped_at or (lifted.since if lifted else None))
            for purpose in wanted:
                standing = session.get(ContactConsent, (contact_id, purpose), populate_existing=True)
                if standing is not None and standing.given and standing.basis == Basis.CONSENT and standing.import_id is None:
                    continue
                words = (texts or {}).get(purpose) or current_text(purpose, Basis.CONSENT)
                append_line(session, contact, Statement(purpose, True, Basis.CONSENT, channel, evidence.strip(), None, words))
                given.append((contact_id, purpose))
            if stopped_at is not None:
                record_audit("number_renewed", unit_id=contact.unit_id, object_type="contact", object_id=contact_id, actor_id=None)
        was_suppressed = lifted is not None or stopped_at is not None
        if was_suppressed or given:
            publish(NumberRenewed(identity.id))
        return Renewal(was_suppressed, tuple(given))


def _stopped_purposes(session: Session, contact: Contact, stopped_at: object) -> list[str]:
    """Purposes that ended when the number was stopped, not before, and that had stood on documented consent."""
    if stopped_at is None:
        return []
    ended = session.scalars(
        select(ContactConsent.purpose)
        .where(ContactConsent.contact_id == contact.id, ContactConsent.given.is_(False), ContactConsent.since >= stopped_at)
        .order_by(ContactConsent.purpose)
    ).all()
    wanted = []
    for purpose in ended:
        basis = session.scalar(
            select(ConsentEntry.basis)
            .where(ConsentEntry.pseudonym == contact.pseudonym, ConsentEntry.purpose == purpose, ConsentEntry.given)
            .order_by(ConsentEntry.sequence.desc())
            .limit(1)
        )
        if basis == Basis.CONSENT:
            wanted.append(purpose)
    return wanted


def is_number_stopped(e164: str) -> bool:
    """Whether this number is stopped for all texts, known or not."""
    with transaction() as session:
        return is_stopped(session, e164)


def answer_permission(contact_id: int, purpose: str, *, is_yes: bool, words: str, evidence: str) -> bool:
    """What somebody without documented consent answered when asked for it: yes gives consent to exactly those words, no ends what
    stood. False when it changes nothing: the words are none of this purpose, the number was stopped or is somebody else's."""
    if not is_yes:
        return withdraw_consent(contact_id, purpose, channel=Channel.SURVEY, evidence=evidence, actor_id=None)
    text_sha256 = sha256(words)
    with transaction() as session:
        known = session.get(ConsentText, text_sha256)
        if known is None or known.purpose != purpose or known.basis != Basis.CONSENT:
            return False
        try:
            give_consent(
                contact_id, purpose, Basis.CONSENT, evidence=evidence, channel=Channel.SURVEY, text_sha256=text_sha256, actor_id=None
            )
        except Refused as refused:
            if refused.code not in ("contact_missing", "number_suppressed", "number_reassigned"):
                raise
            return False
        return True
