"""Asking a person by one text, whose link or whose answer 1 confirms."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from contacts.commands.pending.waiting import BY_TEXT, Joining, count, join, locked, number_of, write
from contacts.commands.placing import is_stopped
from contacts.commands.single_texts import forget_texts_to, queue_text
from contacts.models import PendingConsent
from contacts.queries.sign_up_pages import offered_purposes
from contacts.rules.consent import Channel
from contacts.rules.people import Person
from contacts.rules.single_texts import next_daytime
from engage.clock import TEHRAN, now
from engage.config import Settings
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.queries import require_unit
from engage.refusal import Refused
from engage.vault import TOKEN_ALPHABET, vault

ANSWER_WITHIN = timedelta(days=14)
"""An officer's entry without an answer is deleted after this."""
CONFIRM_TEXT_HOLDS = timedelta(days=2)
CONFIRM_TEXT = "{sms_name}: برای دریافت {topics} عدد 1 را بفرستید یا\n{link}\nلغو11"
"""The request for confirmation. Data in Persian: it is what is sent."""

_TOKEN_LETTERS = 11


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
                PendingConsent.channel.in_(BY_TEXT),
                PendingConsent.expires_at > now(),
            )
            .limit(1)
        )
        if waiting is not None:
            raise Refused("confirmation_waiting")
        pending = write(session, unit_id, e164, person, offered, channel, ANSWER_WITHIN, actor_id=who(actor_id))
        count(session, unit_id, 0, asked=1)
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
                PendingConsent.channel.in_(BY_TEXT),
                PendingConsent.expires_at > now(),
            )
            .order_by(PendingConsent.id.desc())
            .limit(1)
        )
        pending = locked(session, pending_id) if pending_id is not None else None
        return pending is not None and join(session, pending, Channel.DOUBLE_OPT_IN) is Joining.JOINED


def confirm_by_link(token: str) -> Joining:
    """The link in the text was confirmed by its button."""
    with transaction() as session:
        pending = locked(session, read_confirm_token(token))
        return Joining.GONE if pending is None else join(session, pending, Channel.DOUBLE_OPT_IN)


def decline_by_link(token: str) -> bool:
    """The person doesn't want it: the number is deleted at once, and counted as unanswered. False when nothing waited."""
    with transaction() as session:
        pending = locked(session, read_confirm_token(token))
        if pending is None:
            return False
        forget_texts_to(number_of(pending), ("confirm",))
        count(session, pending.unit_id, pending.page_id or 0, expired=1)
        session.delete(pending)
        session.flush()
        return True


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
