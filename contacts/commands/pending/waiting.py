"""The row of a sign-up that waits: written, read, counted, and made into ledger lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.commands.enrolling import Enrolment, enrol
from contacts.commands.placing import is_stopped
from contacts.index_keys import hold_index_key
from contacts.models import PendingConsent, PendingCount, SignUpPage
from contacts.queries.sign_up_pages import OfferedPurpose, worded_purposes
from contacts.rules.consent import Channel
from contacts.rules.people import Person
from engage.clock import now, today_in_tehran
from engage.db import transaction
from engage.identity.queries import require_unit
from engage.vault import vault

BY_TEXT = (str(Channel.OFFICER), str(Channel.IMPORT))
"""Channels whose people are asked by SMS, and may answer by SMS."""


class Joining(StrEnum):
    """What became of somebody's word."""

    JOINED = "joined"
    STOPPED = "stopped"
    """The number is stopped for all texts; its holder has to renew that first."""
    WRONG_CODE = "wrong_code"
    SPENT_CODE = "spent_code"
    GONE = "gone"
    """Nothing waits here any more."""


@dataclass(frozen=True)
class PendingRecord:
    """A sign-up that waits, as its own page shows it."""

    id: int
    unit_id: int
    unit_name: str
    e164: str
    purposes: tuple[OfferedPurpose, ...]
    page_slug: str | None


def find_pending(pending_id: int | None) -> PendingRecord | None:
    """What waits, with the words it was asked with; None when it is confirmed, declined or too old."""
    with transaction() as session:
        pending = session.get(PendingConsent, pending_id, populate_existing=True) if pending_id is not None else None
        if pending is None or pending.expires_at <= now():
            return None
        unit = require_unit(pending.unit_id)
        page = session.get(SignUpPage, pending.page_id) if pending.page_id is not None else None
        return PendingRecord(
            pending.id,
            unit.id,
            unit.name,
            number_of(pending),
            worded_purposes(pending.purposes, pending.text_sha256s),
            page.slug if page is not None else None,
        )


def join(session: Session, pending: PendingConsent, channel: Channel) -> Joining:
    """The pending consents become ledger lines, and the pending row goes; or nothing changes because the number is stopped."""
    hold_index_key(session)
    e164 = number_of(pending)
    if is_stopped(session, e164):
        return Joining.STOPPED
    page = session.get(SignUpPage, pending.page_id) if pending.page_id is not None else None
    if page is not None:
        evidence = f"صفحهٔ عضویت «{page.title}» ({page.slug})؛ شماره با کد پیامکی تأیید شد"
    else:
        evidence = "تأیید خود شهروند در پاسخ به پیامک"
    texts = dict(zip(pending.purposes, pending.text_sha256s, strict=True))
    enrol(session, Enrolment(pending.unit_id, e164, _person(pending), texts, channel, evidence, pending.actor_id))
    count(session, pending.unit_id, pending.page_id or 0, confirmed=1)
    session.delete(pending)
    session.flush()
    return Joining.JOINED


def write(
    session: Session,
    unit_id: int,
    e164: str,
    person: Person,
    purposes: Sequence[OfferedPurpose],
    channel: Channel,
    holds: timedelta,
    *,
    page_id: int | None = None,
    actor_id: int | None = None,
) -> PendingConsent:
    keys = vault()
    at = now()
    pending = PendingConsent(
        unit_id=unit_id,
        page_id=page_id,
        blind_index=keys.blind_index(e164),
        phone_cipher=b"",
        purposes=[each.key for each in purposes],
        text_sha256s=[each.sha256 for each in purposes],
        channel=str(channel),
        actor_id=actor_id,
        created_at=at,
        expires_at=at + holds,
    )
    session.add(pending)
    session.flush()
    pending.phone_cipher = keys.encrypt(e164, f"pending_consent:{pending.id}")
    said = {name: value for name, value in asdict(replace(person, consented_on=None)).items() if value}
    if said:
        pending.name_cipher = keys.encrypt(json.dumps(said, ensure_ascii=False), f"pending_consent_name:{pending.id}")
    session.flush()
    return pending


def number_of(pending: PendingConsent) -> str:
    return vault().decrypt(pending.phone_cipher, f"pending_consent:{pending.id}")


def _person(pending: PendingConsent) -> Person:
    if pending.name_cipher is None:
        return Person()
    return Person(**json.loads(vault().decrypt(pending.name_cipher, f"pending_consent_name:{pending.id}")))


def locked(session: Session, pending_id: int | None) -> PendingConsent | None:
    if pending_id is None:
        return None
    return session.scalar(
        select(PendingConsent)
        .where(PendingConsent.id == pending_id, PendingConsent.expires_at > now())
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def channel_of_answer(pending: PendingConsent) -> Channel:
    return Channel.DOUBLE_OPT_IN if pending.channel in BY_TEXT else Channel.SIGN_UP


def count(session: Session, unit_id: int, page_id: int, *, asked: int = 0, confirmed: int = 0, expired: int = 0) -> None:
    added = {"asked_count": asked, "confirmed_count": confirmed, "expired_count": expired}
    session.execute(
        insert(PendingCount)
        .values(unit_id=unit_id, page_id=page_id, day=today_in_tehran().date(), **added)
        .on_conflict_do_update(
            index_elements=["unit_id", "page_id", "day"],
            set_={name: getattr(PendingCount, name) + value for name, value in added.items()},
        )
    )
