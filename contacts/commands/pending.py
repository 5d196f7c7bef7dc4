"""Sign-ups that wait for the person's own word: by a code on the page, by a link, or by answering a text with 1.

Until then nothing about the number stands anywhere but in `pending_consent`, and it is deleted when the word doesn't come.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.commands.codes import check_code, send_code
from contacts.commands.enrolling import Enrolment, enrol, is_stopped
from contacts.commands.single_texts import forget_texts_to, queue_text
from contacts.index_keys import hold_index_key
from contacts.models import PendingConsent, PendingCount, SignUpPage
from contacts.queries.sign_up_pages import OfferedPurpose, offered_purposes, worded_purposes
from contacts.rules.codes import CodePurpose, Verdict
from contacts.rules.consent import Channel
from contacts.rules.people import Person
from contacts.rules.single_texts import next_daytime
from engage.clock import TEHRAN, now, today_in_tehran
from engage.config import Settings
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.queries import require_unit
from engage.refusal import Refused
from engage.vault import TOKEN_ALPHABET, vault

ANSWER_WITHIN = timedelta(days=14)
"""An officer's entry without an answer is deleted after this."""
TYPE_CODE_WITHIN = timedelta(days=1)
"""A number typed on a page and never confirmed is deleted after this."""
CONFIRM_TEXT_HOLDS = timedelta(days=2)
CONFIRM_TEXT = "{sms_name}: برای دریافت {topics} عدد 1 را بفرستید یا\n{link}\nلغو11"
"""The request for confirmation. Data in Persian: it is what is sent."""

_BY_TEXT = (str(Channel.OFFICER), str(Channel.IMPORT))
"""Channels whose people are asked by SMS, and may answer by SMS."""
_TOKEN_LETTERS = 11


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


# -- on the page ---------------------------------------------------------------------------------------------------------------------


def begin_sign_up(page_id: int, e164: str, person: Person, purposes: Sequence[OfferedPurpose]) -> int:
    """The sign-up waits for the code that is on its way; returns its id. The same number asking again replaces what it said before.

    `purposes` carry the words that stood on the page. Refused: sign_up_page_missing, sign_up_page_closed, purposes_missing.
    """
    if not purposes:
        raise Refused("purposes_missing")
    with transaction() as session:
        page = session.get(SignUpPage, page_id, populate_existing=True)
        if page is None:
            raise Refused("sign_up_page_missing")
        if not page.is_open:
            raise Refused("sign_up_page_closed")
        unit = require_unit(page.unit_id)
        blinds = vault().blind_indexes(e164)
        earlier = session.scalars(
            delete(PendingConsent)
            .where(PendingConsent.page_id == page_id, PendingConsent.blind_index.in_(blinds))
            .returning(PendingConsent.id)
        ).all()
        pending = _write(session, unit.id, e164, person, purposes, Channel.SIGN_UP, TYPE_CODE_WITHIN, page_id=page_id)
        if not earlier:
            _count(session, unit.id, page_id, asked=1)
        send_code(CodePurpose.SIGN_UP, e164, unit_id=unit.id, sms_name=unit.sms_name)
        return pending.id


def send_sign_up_code_again(pending_id: int) -> None:
    """Another code, as far as the limits allow; the page says the same either way."""
    with transaction() as session:
        pending = session.get(PendingConsent, pending_id, populate_existing=True)
        if pending is None or pending.page_id is None:
            return
        unit = require_unit(pending.unit_id)
        send_code(CodePurpose.SIGN_UP, _number(pending), unit_id=unit.id, sms_name=unit.sms_name)


def finish_sign_up(pending_id: int, typed: str) -> Joining:
    """The code is checked, and with the right one the person has joined: the consents are in the ledger.

    STOPPED: the code was right, but nothing is written before the holder renews (`join_after_renewal`).
    """
    with transaction() as session:
        pending = _locked(session, pending_id)
        if pending is None or pending.page_id is None:
            return Joining.GONE
        verdict = check_code(CodePurpose.SIGN_UP, _number(pending), typed)
        if verdict is not Verdict.RIGHT:
            return Joining.WRONG_CODE if verdict is Verdict.WRONG else Joining.SPENT_CODE
        return _join(session, pending, Channel.SIGN_UP)


def join_after_renewal(pending_id: int) -> Joining:
    """For a holder who has proved the number and has just renewed it (`renew_number`): what they asked for is written."""
    with transaction() as session:
        pending = _locked(session, pending_id)
        return Joining.GONE if pending is None else _join(session, pending, _channel_of_answer(pending))


# -- by text -------------------------------------------------------------------------------------------------------------------------


def ask_to_confirm(
    unit_id: int, e164: str, person: Person, purposes: Sequence[str], *, actor_id: Actor = CURRENT, channel: Channel = Channel.OFFICER
) -> int:
    """One text asks the person to confirm; without an answer in 14 days all of this is deleted and only counted. Returns its id.

    The text goes at once by day and in the morning at night. `channel` is officer or import.
    Refused: number_suppressed, confirmation_waiting, purposes_missing, purpose_unknown, unit_missing.
    """
    with transaction() as session:
        unit = require_unit(unit_id)
        if is_stopped(session, e164):
            raise Refused("number_suppressed")
        if not purposes:
            raise Refused("purposes_missing")
        offered = offered_purposes(purposes)
        for key in sorted(set(purposes) - {each.key for each in offered}):
            raise Refused("purpose_unknown", purpose=key)
        waiting = session.scalar(
            select(PendingConsent.id)
            .where(
                PendingConsent.unit_id == unit_id,
                PendingConsent.blind_index.in_(vault().blind_indexes(e164)),
                PendingConsent.channel.in_(_BY_TEXT),
                PendingConsent.expires_at > now(),
            )
            .limit(1)
        )
        if waiting is not None:
            raise Refused("confirmation_waiting")
        pending = _write(session, unit_id, e164, person, offered, channel, ANSWER_WITHIN, actor_id=who(actor_id))
        _count(session, unit_id, 0, asked=1)
        body = CONFIRM_TEXT.format(
            sms_name=unit.sms_name,
            topics="، ".join(f"«{each.title}»" for each in offered),
            link=f"{_base_url()}/confirm/{confirm_token(pending.id)}",
        )
        queue_text("confirm", unit_id=unit_id, e164=e164, body=body, expires_in=CONFIRM_TEXT_HOLDS, not_before=next_daytime(now(), TEHRAN))
        record_audit(
            "confirmation_asked", unit_id=unit_id, object_type="pending_consent", object_id=pending.id, detail={}, actor_id=actor_id
        )
        return pending.id


def confirm_by_reply(e164: str) -> bool:
    """The number answered 1: what it was asked last is confirmed. False when nothing waits, or the number is stopped."""
    with transaction() as session:
        pending_id = session.scalar(
            select(PendingConsent.id)
            .where(
                PendingConsent.blind_index.in_(vault().blind_indexes(e164)),
                PendingConsent.channel.in_(_BY_TEXT),
                PendingConsent.expires_at > now(),
            )
            .order_by(PendingConsent.id.desc())
            .limit(1)
        )
        pending = _locked(session, pending_id) if pending_id is not None else None
        return pending is not None and _join(session, pending, Channel.DOUBLE_OPT_IN) is Joining.JOINED


def confirm_by_link(token: str) -> Joining:
    """The link in the text was confirmed by its button."""
    with transaction() as session:
        pending = _locked(session, read_confirm_token(token))
        return Joining.GONE if pending is None else _join(session, pending, Channel.DOUBLE_OPT_IN)


def decline_by_link(token: str) -> bool:
    """The person doesn't want it: the number is deleted at once, and counted as unanswered. False when nothing waited."""
    with transaction() as session:
        pending = _locked(session, read_confirm_token(token))
        if pending is None:
            return False
        forget_texts_to(_number(pending), ("confirm",))
        _count(session, pending.unit_id, pending.page_id or 0, expired=1)
        session.delete(pending)
        session.flush()
        return True


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
            _number(pending),
            worded_purposes(pending.purposes, pending.text_sha256s),
            page.slug if page is not None else None,
        )


def confirm_token(pending_id: int) -> str:
    """The letters of a confirmation's link: an unguessable mark of 64 bits, then the id. Kept nowhere."""
    return _letters(vault().token_digest(_mark(pending_id)), _TOKEN_LETTERS) + _base57(pending_id)


def read_confirm_token(token: str) -> int | None:
    """The id in a link of ours; None for any other letters."""
    if not _TOKEN_LETTERS < len(token) <= _TOKEN_LETTERS + 11 or any(letter not in TOKEN_ALPHABET for letter in token):
        return None
    pending_id = 0
    for letter in token[_TOKEN_LETTERS:]:
        pending_id = pending_id * len(TOKEN_ALPHABET) + TOKEN_ALPHABET.index(letter)
    if pending_id >= 2**63 or _base57(pending_id) != token[_TOKEN_LETTERS:]:
        return None
    marks = [_letters(digest, _TOKEN_LETTERS) for digest in vault().token_digests(_mark(pending_id))]
    return pending_id if any(hmac.compare_digest(mark, token[:_TOKEN_LETTERS]) for mark in marks) else None


# -- time --------------------------------------------------------------------------------------------------------------------------


def delete_unanswered() -> int:
    """Whoever didn't answer in time is deleted, number and name, and only counted. Returns how many."""
    count = 0
    while True:
        with transaction() as session:
            rows = session.scalars(
                select(PendingConsent)
                .where(PendingConsent.expires_at <= now())
                .order_by(PendingConsent.id)
                .limit(500)
                .with_for_update(skip_locked=True)
                .execution_options(populate_existing=True)
            ).all()
            for row in rows:
                _count(session, row.unit_id, row.page_id or 0, expired=1)
                session.delete(row)
            session.flush()
        count += len(rows)
        if not rows:
            return count


def forget_pendings_of(e164: str) -> int:
    """Nothing of this number waits any more; part of an erasure."""
    with transaction() as session:
        done = session.execute(delete(PendingConsent).where(PendingConsent.blind_index.in_(vault().blind_indexes(e164))))
        return int(done.rowcount)  # type: ignore[attr-defined]


# -- parts ---------------------------------------------------------------------------------------------------------------------------


def _join(session: Session, pending: PendingConsent, channel: Channel) -> Joining:
    """The pending consents become ledger lines, and the pending row goes; or nothing changes because the number is stopped."""
    hold_index_key(session)
    e164 = _number(pending)
    if is_stopped(session, e164):
        return Joining.STOPPED
    page = session.get(SignUpPage, pending.page_id) if pending.page_id is not None else None
    if page is not None:
        evidence = f"صفحهٔ عضویت «{page.title}» ({page.slug})؛ شماره با کد پیامکی تأیید شد"
    else:
        evidence = "تأیید خود شهروند در پاسخ به پیامک"
    texts = dict(zip(pending.purposes, pending.text_sha256s, strict=True))
    enrol(session, Enrolment(pending.unit_id, e164, _person(pending), texts, channel, evidence, pending.actor_id))
    _count(session, pending.unit_id, pending.page_id or 0, confirmed=1)
    session.delete(pending)
    session.flush()
    return Joining.JOINED


def _write(
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


def _number(pending: PendingConsent) -> str:
    return vault().decrypt(pending.phone_cipher, f"pending_consent:{pending.id}")


def _person(pending: PendingConsent) -> Person:
    if pending.name_cipher is None:
        return Person()
    return Person(**json.loads(vault().decrypt(pending.name_cipher, f"pending_consent_name:{pending.id}")))


def _locked(session: Session, pending_id: int | None) -> PendingConsent | None:
    if pending_id is None:
        return None
    return session.scalar(
        select(PendingConsent)
        .where(PendingConsent.id == pending_id, PendingConsent.expires_at > now())
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _channel_of_answer(pending: PendingConsent) -> Channel:
    return Channel.DOUBLE_OPT_IN if pending.channel in _BY_TEXT else Channel.SIGN_UP


def _count(session: Session, unit_id: int, page_id: int, *, asked: int = 0, confirmed: int = 0, expired: int = 0) -> None:
    added = {"asked_count": asked, "confirmed_count": confirmed, "expired_count": expired}
    session.execute(
        insert(PendingCount)
        .values(unit_id=unit_id, page_id=page_id, day=today_in_tehran().date(), **added)
        .on_conflict_do_update(
            index_elements=["unit_id", "page_id", "day"],
            set_={name: getattr(PendingCount, name) + value for name, value in added.items()},
        )
    )


def _base_url() -> str:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.base_url


def _mark(pending_id: int) -> str:
    return f"engage confirm {pending_id}"


def _letters(digest: bytes, count: int) -> str:
    number = int.from_bytes(digest[:8], "big")
    letters = ""
    for _ in range(count):
        number, rest = divmod(number, len(TOKEN_ALPHABET))
        letters += TOKEN_ALPHABET[rest]
    return letters


def _base57(number: int) -> str:
    letters = ""
    while number or not letters:
        number, rest = divmod(number, len(TOKEN_ALPHABET))
        letters = TOKEN_ALPHABET[rest] + letters
    return letters
