"""What a person wants to receive, said by themselves: purpose by purpose, everything off, or everything on again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, lock_person
from contacts.commands.codes import forget_codes_of
from contacts.commands.consent import end_consent_of_reassigned, withdraw_consent
from contacts.commands.disputes import dispute_consent
from contacts.commands.erasing import erase_number
from contacts.commands.pending import forget_pendings_of
from contacts.commands.people import update_contact
from contacts.commands.placing import is_stopped
from contacts.commands.renewal import renew_number
from contacts.commands.single_texts import forget_texts_to
from contacts.commands.suppression import suppress_number
from contacts.models import Contact, ContactConsent
from contacts.queries.identities import find_identity, phone_of
from contacts.rules.consent import Basis, Channel
from contacts.rules.custom_values import CustomValue
from contacts.rules.people import Person
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import record_audit
from engage.refusal import Refused

BY_CODE = "صفحهٔ تنظیم پیامک‌ها؛ شماره با کد پیامکی تأیید شد"
BY_LINK = "صفحهٔ تنظیم پیامک‌ها، با لینک اختصاصی"
"""Evidence of what is said here. Data in Persian: the citizen reads it, too."""


@dataclass(frozen=True)
class Chosen:
    """Purposes that a person turned on and off."""

    given: tuple[str, ...]
    withdrawn: tuple[str, ...]


def choose_purposes(contact_id: int, wanted: Mapping[str, bytes], shown: Collection[str], *, evidence: str) -> Chosen:
    """Of the purposes `shown`, the person stands as agreeing to `wanted` (with the SHA-256 of the words beside each) and to no other.

    What stood already stays as it stood: a box that was ticked before is no new consent. Refused: contact_missing, number_reassigned,
    number_suppressed (only when something is turned on).
    """
    given: list[str] = []
    withdrawn: list[str] = []
    with transaction() as session:
        contact = lock_person(session, contact_id)
        if contact is None:
            raise Refused("contact_missing")
        if contact.reassigned_at is not None:
            raise Refused("number_reassigned")
        for purpose in sorted(shown):
            standing = session.get(ContactConsent, (contact_id, purpose), populate_existing=True)
            stands = standing is not None and standing.given
            if purpose in wanted and not stands:
                e164 = phone_of(contact.identity_id)
                if e164 is None or is_stopped(session, e164):
                    raise Refused("number_suppressed")
                append_line(session, contact, Statement(purpose, True, Basis.CONSENT, Channel.PAGE, evidence, None, wanted[purpose]))
                given.append(purpose)
            elif purpose not in wanted and stands:
                withdraw_consent(contact_id, purpose, channel=Channel.PAGE, evidence=evidence, actor_id=None)
                withdrawn.append(purpose)
        if given or withdrawn:
            contact.updated_at = now()
            record_audit(
                "citizen_chose",
                unit_id=contact.unit_id,
                object_type="contact",
                object_id=contact_id,
                detail={"given": given, "withdrawn": withdrawn},
                actor_id=None,
            )
        return Chosen(tuple(given), tuple(withdrawn))


def renew_by_code(e164: str) -> bool:
    """The holder, proved by a code, may be texted again: what had stood when the number was stopped stands anew. False when it
    wasn't stopped."""
    return renew_number(e164, Channel.PAGE, evidence=BY_CODE).was_suppressed


def correct_own_data(contact_id: int, person: Person, own: Mapping[str, CustomValue | None] | None = None) -> bool:
    """The person's name and fields (`own`: the unit's fields by key, None takes a value away) are what they say themselves, blanks
    included; False when nothing differed. Refused: contact_missing, number_reassigned.
    """
    with transaction() as session:
        if not update_contact(contact_id, person, custom=own, actor_id=None):
            return False
        contact = lock_person(session, contact_id)
        assert contact is not None
        record_audit("citizen_corrected", unit_id=contact.unit_id, object_type="contact", object_id=contact_id, actor_id=None)
        return True


def object_to_consent(e164: str, note: str = "") -> int:
    """The holder says they never agreed: every unit's consents are disputed and the number is stopped. Returns how many objections."""
    with transaction() as session:
        ids = _contacts_of(session, e164)
        for contact_id in ids:
            dispute_consent(contact_id, channel=Channel.PAGE, note=note, actor_id=None)
        if not ids:
            suppress_number(e164, "dispute", actor_id=None)
        return len(ids)


def disown_number(e164: str) -> None:
    """The holder isn't the person this number was taken for: no consent and no name of that person leads to it any more, and nothing
    that waits for an answer of theirs goes on waiting."""
    with transaction():
        identity_id = find_identity(e164)
        if identity_id is not None:
            end_consent_of_reassigned(identity_id)
        forget_pendings_of(e164)
        forget_texts_to(e164, ("confirm",))


def erase_holder(e164: str) -> None:
    """Everything about this number is erased, whether it had become a contact or not. Refused("person_busy")."""
    with transaction():
        identity_id = find_identity(e164)
        if identity_id is not None:
            erase_number(identity_id, "citizen", actor_id=None)
        forget_pendings_of(e164)
        forget_codes_of(e164)
        forget_texts_to(e164)


def _contacts_of(session: Session, e164: str) -> list[int]:
    identity_id = find_identity(e164)
    if identity_id is None:
        return []
    found = session.scalars(
        select(Contact.id).where(Contact.identity_id == identity_id, Contact.reassigned_at.is_(None)).order_by(Contact.id)
    )
    return list(found)
