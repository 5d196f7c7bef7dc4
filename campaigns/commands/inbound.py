"""Texts from citizens: kept encrypted, a stop word obeyed at once for every unit, line and purpose, 12 answered, replies of a conversation
taken as answers (and their words not kept), the rest filed in cases.

What doesn't come from a mobile number is kept and never answered. A stopped number is not renewed by 12 alone: its holder is asked to
send 1, and that renews what they had agreed to.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.commands.permission import permission_by_text
from campaigns.conversation.commands import end_conversations, hear_text
from campaigns.conversation.commands.hearing import answers_twelve
from campaigns.inbox.commands import note_in_thread, take_up
from campaigns.inbox.commands.receiving import is_keyword
from campaigns.models import InboundMessage
from contacts.commands import is_number_stopped, renew_number, suppress_number
from contacts.commands.pending import confirm_by_reply
from contacts.commands.single_texts import queue_text
from contacts.queries import find_identity
from contacts.rules.consent import Channel
from engage.clock import now
from engage.db import transaction
from engage.jobs import enqueue_after_commit
from engage.persian import is_rejoin_word, is_stop_word, is_yes_word, parse_phone, to_latin_digits
from engage.vault import vault

log = structlog.get_logger(__name__)

EXPLICIT_STEP = "برای دریافت دوبارهٔ پیامک‌ها عدد ۱ را بفرستید."
"""The answer to 12 (GATEWAY.md, section 9)"""
CONFIRM_WITHIN = timedelta(days=3)


def receive_inbound(gateway_id: int, line: str, sender: str, text: str) -> bool:
    """Keep one inbound text; False when it was already there (webhooks come more than once)."""
    context = f"inbound_message:{gateway_id}"
    with transaction() as session:
        written = session.execute(
            insert(InboundMessage)
            .values(
                gateway_id=gateway_id,
                line=line[:32],
                sender_cipher=vault().encrypt(sender[:64], context),
                text_cipher=vault().encrypt(text[:2000].replace("\x00", ""), context),
                received_at=now(),
            )
            .on_conflict_do_nothing(index_elements=["gateway_id"])
            .returning(InboundMessage.id)
        ).scalar_one_or_none()
        if written is None:
            return False
        # An opt-out holds within the minute, however many reports wait to be refreshed.
        enqueue_after_commit("default", "campaigns.jobs.handle_inbound", at_front=True)
        return True


def handle_inbound() -> int:
    """Read every text nobody has read yet, oldest first; stop words suppress the number. Returns how many were handled.

    One that can't be handled holds up nobody's stop: it is passed over until the next time.
    """
    count = 0
    passed_over: list[int] = []
    while (found := _next_unread(passed_over)) is not None:
        try:
            count += _handle(found)
        except Exception:
            log.exception("inbound_not_handled", message=found)
            passed_over.append(found)
    return count


def _next_unread(passed_over: list[int]) -> int | None:
    with transaction() as session:
        return session.scalar(
            select(InboundMessage.id)
            .where(InboundMessage.handled_at.is_(None), InboundMessage.id.not_in(passed_over))
            .order_by(InboundMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )


def _handle(message_id: int) -> bool:
    """False where somebody else was quicker."""
    with transaction() as session:
        row = session.scalar(
            select(InboundMessage).where(InboundMessage.id == message_id, InboundMessage.handled_at.is_(None)).with_for_update()
        )
        if row is None:
            return False
        context = f"inbound_message:{row.gateway_id}"
        number = parse_phone(vault().decrypt(row.sender_cipher, context))
        words = vault().decrypt(row.text_cipher, context)
        kind = _kind_of(words) if number is not None else "foreign"
        identity_id = case_id = None
        if number is not None:
            identity_id = find_identity(number)
            is_obeyed = True
            if kind == "rejoin" and identity_id is not None and answers_twelve(session, row, identity_id, number):
                kind = "other"
            if kind == "stop":
                suppress_number(number, "sms", actor_id=None)
                if identity_id is not None:
                    end_conversations(session, identity_id)
            elif kind == "rejoin":
                _answer_rejoin(number, identity_id, row.gateway_id)
            elif kind == "confirm" and identity_id is not None and _was_asked(session, identity_id) and is_number_stopped(number):
                renew_number(number, Channel.SMS, evidence=f"inbound:{row.gateway_id}")
            elif is_yes_word(words) and confirm_by_reply(number):
                kind = "yes"
            else:
                is_obeyed = False
            heard = None
            if not is_obeyed and identity_id is not None:
                heard = hear_text(session, row, identity_id, number, words, is_keyword=lambda: is_keyword(session, row.line, words))
            if heard is not None and not heard.is_for_office:
                # An answer lies with the survey alone: nobody reads it here.
                kind, row.text_cipher = "talk", vault().encrypt("", context)
            elif is_obeyed:
                # Shown to whoever talks with them; it opens no case, and nobody has to answer.
                case_id = None if identity_id is None else note_in_thread(session, identity_id)
            else:
                filed = take_up(session, row, number, words, is_for_keywords=kind == "other" and heard is None)
                identity_id, case_id = filed.identity_id, filed.case_id
                kind = filed.kind if kind == "other" or filed.kind == "flood" else kind
        session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == row.id)
            .values(kind=kind, identity_id=identity_id, case_id=case_id, handled_at=now())
        )
        return True


def _kind_of(words: str) -> str:
    if is_stop_word(words):
        return "stop"
    if is_rejoin_word(words):
        return "rejoin"
    return "confirm" if to_latin_digits(words).strip(" .\u200c\u200e\u200f\n") == "1" else "other"


def _answer_rejoin(number: str, identity_id: int | None, gateway_id: int) -> None:
    """12: yes to a question for permission; or, from a stopped number, the wish to be asked for the explicit step."""
    if not is_number_stopped(number):
        if identity_id is not None:
            permission_by_text(identity_id, gateway_id)
    elif identity_id is not None:
        # Of a number that was erased nothing is known that could be renewed: it may join afresh.
        queue_text("renewal", unit_id=None, e164=number, body=EXPLICIT_STEP, expires_in=timedelta(hours=12))


def _was_asked(session: Session, identity_id: int) -> bool:
    """Whether this number sent 12 lately, and 1 is the answer to our question."""
    asked = exists().where(
        InboundMessage.identity_id == identity_id,
        InboundMessage.kind == "rejoin",
        InboundMessage.received_at > now() - CONFIRM_WITHIN,
    )
    return bool(session.scalar(select(asked)))
