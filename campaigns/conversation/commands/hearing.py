"""A citizen's text finds the question it answers, and the next one goes out.

All of it is one transaction with the handling of the inbound text: a worker that dies in between has done nothing, a text that the gateway
reports twice is one row, and two texts at once wait for each other at the conversation's row. The second of them was written before our
next question went out and so can't be its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.conversation import words as said
from campaigns.conversation.asking import accepts_number, again_words
from campaigns.conversation.commands.starting import begin
from campaigns.conversation.commands.talking import (
    ask,
    go_on,
    going_on,
    keep_progress,
    move,
    progress_of,
    say,
    say_link,
    seed_of,
    state_of,
)
from campaigns.conversation.reading import Lead, begins, lead_in, read_reply
from campaigns.conversation.rules import (
    MOST_REPEATS,
    MOST_TEXTS,
    Asking,
    Progress,
    TalkState,
    is_from_a_machine,
    listens,
    next_question,
    takes_own_words,
)
from campaigns.inbox.rules import MAX_HOURLY
from campaigns.kinds import CampaignKind
from campaigns.models import Campaign, CaseReply, Conversation, InboundCase, InboundMessage, Message
from contacts.commands import is_number_stopped
from engage.clock import now, today_in_tehran
from engage.vault import vault
from engage.web.i18n import page_in
from surveys.definitions import Definition
from surveys.queries import FoundLink, definition_of
from surveys.queries.links import link_by_id
from surveys.rules import LinkState
from surveys.types import AnswerProblem

INVITES_FOR = timedelta(days=90)
"""An older text isn't what a «1» answers"""
EARLIER = 5
"""Texts of a number that are looked at for a machine's sentence"""


@dataclass(frozen=True)
class Heard:
    """The text belonged to a conversation; `is_for_office`: it couldn't be read as an answer, and a person should see it."""

    is_for_office: bool = False


@dataclass(frozen=True)
class _Invited:
    invitation_id: int
    campaign_id: int
    texted_at: datetime
    is_talk: bool
    asks_permission: bool


def hear_text(
    session: Session, row: InboundMessage, identity_id: int, e164: str, words: str, *, is_keyword: Callable[[], bool] = lambda: False
) -> Heard | None:
    """What the text does in the conversation it belongs to; None where it belongs to none.

    Stop words never come here. Whatever we wrote last is what is meant: of several conversations the last one; after a campaign's text «1» is a
    beginning (or a going on) and no answer; and after an officer's own words only the words that lead through a conversation belong to it.
    """
    if is_number_stopped(e164) or _is_flood(session, row, identity_id):
        return None
    talk = going_on(session, identity_id)
    invited = _last_text(session, identity_id, row.line)
    is_newer = invited is not None and (talk is None or invited.texted_at > talk.asked_at)
    latest = max([*([talk.asked_at] if talk is not None else []), *([invited.texted_at] if invited is not None else [])], default=None)
    if latest is None or (lead_in(words) is None and _officer_wrote_since(session, identity_id, latest)):
        return None
    if invited is not None and is_newer and invited.is_talk and invited.invitation_id:
        lead = lead_in(words)
        if begins(words) or (talk is None and lead is Lead.LINK):
            link = link_by_id(invited.invitation_id)
            if link is None:
                return None
            if lead is Lead.LINK and state_of(link) is LinkState.FORM:
                say_link(link, e164, row, campaign_id=invited.campaign_id)
                return Heard()
            return Heard() if begin(session, link, row, e164, campaign_id=invited.campaign_id) else None
    return None if talk is None else _reply(session, talk, row, e164, words, is_keyword)


def answers_twelve(session: Session, row: InboundMessage, identity_id: int, e164: str) -> bool:
    """Whether 12, which renews what a number had agreed to, is plainly the answer to a question for a number."""
    if is_number_stopped(e164):
        return False
    talk = going_on(session, identity_id)
    if talk is None or talk.state != TalkState.ASKING or row.received_at < talk.asked_at:
        return False
    invited = _last_text(session, identity_id, row.line)
    if invited is not None and invited.asks_permission and invited.texted_at > talk.asked_at:
        return False
    question = next((each for each in definition_of(talk.version_id).questions if each.id == talk.question_id), None)
    return question is not None and accepts_number(question, 12)


def _reply(
    session: Session, talk: Conversation, row: InboundMessage, e164: str, words: str, is_keyword: Callable[[], bool]
) -> Heard | None:
    link = link_by_id(talk.invitation_id)
    state = state_of(link)
    if link is None or state is LinkState.NOT_FOUND or talk.text_count >= MOST_TEXTS:
        move(talk, TalkState.ENDED)
        return None
    if state is not LinkState.FORM:
        say(talk, e164, said.ALREADY if state is LinkState.ANSWERED else said.CLOSED, row)
        move(talk, TalkState.ENDED)
        return Heard()
    talk.expires_at = link.expires_at
    definition, progress = definition_of(talk.version_id), progress_of(talk)
    asking = next_question(definition, progress, today_in_tehran().date())
    if asking is None:
        # The day decided it: what was asked isn't asked any more.
        go_on(talk, link, progress, e164, row)
        return Heard()
    if row.received_at < talk.asked_at:
        return _too_early(definition, progress, asking, words, talk)
    lead = lead_in(words)
    if lead is Lead.LINK:
        talk.text_count += 1
        say_link(link, e164, row, campaign_id=talk.campaign_id)
        return Heard()
    if lead is Lead.BEGIN:
        talk.repeat_count = 0
        ask(talk, definition, progress, asking, e164, row)
        return Heard()
    if lead is Lead.SKIP:
        if asking.is_required:
            return _again(talk, definition, progress, asking, AnswerProblem("answer_missing"), e164, row)
        return _take(talk, link, progress.without(asking.question), e164, row)
    if takes_own_words(asking.question):
        if not listens(talk.state, talk.asked_at, now()):
            if talk.state == TalkState.ASKING and not is_keyword():
                ask(talk, definition, progress, asking, e164, row, first=said.HANDED_ON)
                return Heard(is_for_office=True)
            return None
        answered = [each for each in progress.answers.values() if isinstance(each, str)]
        if is_from_a_machine(words, [*answered, *_earlier_words(session, row, talk.identity_id)]):
            return _again(talk, definition, progress, asking, AnswerProblem("answer_repeated"), e164, row)
    try:
        with page_in("fa"):
            entries = read_reply(
                definition,
                progress.answers,
                asking.question,
                words,
                today=today_in_tehran().date(),
                seed=seed_of(talk.invitation_id),
                translate=_,
            )
    except AnswerProblem as problem:
        if is_keyword():
            return None
        return _again(talk, definition, progress, asking, problem, e164, row)
    return _take(talk, link, progress.with_answer(asking.question, entries), e164, row)


def _take(talk: Conversation, link: FoundLink, progress: Progress, e164: str, row: InboundMessage) -> Heard:
    talk.repeat_count = 0
    keep_progress(talk, progress)
    go_on(talk, link, progress, e164, row)
    return Heard()


def _again(
    talk: Conversation, definition: Definition, progress: Progress, asking: Asking, problem: AnswerProblem, e164: str, row: InboundMessage
) -> Heard:
    """Why it wasn't taken and the question once more; after some times the office sees the text, and nothing is said any more."""
    if talk.state == TalkState.RESTING:
        return Heard(is_for_office=True)
    talk.repeat_count += 1
    if talk.repeat_count > MOST_REPEATS:
        move(talk, TalkState.RESTING)
        say(talk, e164, said.REST, row)
        return Heard(is_for_office=True)
    with page_in("fa"):
        why = again_words(asking.question, problem, _)
    ask(talk, definition, progress, asking, e164, row, first=why)
    return Heard()


def _too_early(definition: Definition, progress: Progress, asking: Asking, words: str, talk: Conversation) -> Heard | None:
    """Written before our last text went out: the same reply once more is dropped, anything else is the office's."""
    if begins(words) or lead_in(words) is not None:
        return Heard()
    if not any(letter.isalpha() for letter in words):
        return Heard()
    if takes_own_words(asking.question):
        return None
    try:
        read_reply(definition, progress.answers, asking.question, words, today=today_in_tehran().date(), seed=seed_of(talk.invitation_id))
    except AnswerProblem:
        return None
    return Heard()


def _last_text(session: Session, identity_id: int, line: str) -> _Invited | None:
    """The last text a campaign sent this number on the line."""
    found = session.execute(
        select(Message.invitation_id, Campaign.id, Message.claimed_at, Campaign.kind, Campaign.asks_permission)
        .join(Campaign, Campaign.id == Message.campaign_id)
        .where(
            Message.identity_id == identity_id,
            Message.claimed_at > now() - INVITES_FOR,
            Message.invitation_id.is_not(None),
            Campaign.line.in_([line, ""]),
        )
        .order_by(Message.claimed_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    return _Invited(found[0], found[1], found[2], found[3] == CampaignKind.CONVERSATION, found[4])


def _officer_wrote_since(session: Session, identity_id: int, since: datetime) -> bool:
    """Whether a person of the office wrote to this number after that, and may be who is answered."""
    found = session.scalar(
        select(CaseReply.id)
        .join(InboundCase, InboundCase.id == CaseReply.case_id)
        .where(InboundCase.identity_id == identity_id, CaseReply.author_id.is_not(None), CaseReply.created_at > since)
        .limit(1)
    )
    return found is not None


def _is_flood(session: Session, row: InboundMessage, identity_id: int) -> bool:
    hourly = session.scalar(
        select(func.count()).where(
            InboundMessage.identity_id == identity_id, InboundMessage.received_at > row.received_at - timedelta(hours=1)
        )
    )
    return (hourly or 0) >= MAX_HOURLY


def _earlier_words(session: Session, row: InboundMessage, identity_id: int) -> list[str]:
    """What the number wrote last outside of conversations, whose words aren't kept."""
    found = session.execute(
        select(InboundMessage.gateway_id, InboundMessage.text_cipher)
        .where(InboundMessage.identity_id == identity_id, InboundMessage.id < row.id)
        .order_by(InboundMessage.id.desc())
        .limit(EARLIER)
    )
    return [vault().decrypt(cipher, f"inbound_message:{gateway_id}") for gateway_id, cipher in found]
