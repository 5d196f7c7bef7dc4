"""What all steps of a conversation do alike: hold its row, keep its answers sealed, and send its next text."""

from __future__ import annotations

import json
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.conversation import words
from campaigns.conversation.rules import (
    GOING_ON,
    TALK_STEPS,
    Asking,
    Progress,
    TalkState,
    closing_information,
    next_question,
    question_text,
    waits_for_day,
    whole_document,
)
from campaigns.models import Conversation, InboundMessage
from campaigns.queries.lines import line_in_use
from contacts.commands.single_texts import queue_text
from contacts.rules.single_texts import next_daytime
from engage.clock import TEHRAN, now, today_in_tehran
from engage.refusal import Refused
from engage.sms.segments import compose_text
from engage.vault import vault
from engage.web.i18n import page_in
from surveys.commands import Outcome, Whole, invite_identities, submit_response
from surveys.definitions import Definition
from surveys.protecting import protect
from surveys.queries import FoundLink, definition_of, link_of
from surveys.rules import Link, LinkState, link_state

EXPIRES = timedelta(hours=24)
"""A question that comes later than this would only confuse; the next reply asks it again."""
SEEDS = 16


def seed_of(invitation_id: int) -> int:
    """What shuffled options are ordered by: always the same for the same citizen."""
    return invitation_id % SEEDS


def context_of(talk: Conversation) -> str:
    return f"conversation:{talk.id}"


def progress_of(talk: Conversation) -> Progress:
    if talk.progress_cipher is None:
        return Progress()
    return Progress.from_json(json.loads(vault().decrypt(talk.progress_cipher, context_of(talk))))


def keep_progress(talk: Conversation, progress: Progress) -> None:
    talk.progress_cipher = vault().encrypt(json.dumps(progress.to_json(), ensure_ascii=False), context_of(talk))


def locked_talk(session: Session, invitation_id: int) -> Conversation | None:
    """The conversation of this invitation, held until the transaction ends."""
    return session.scalar(
        select(Conversation).where(Conversation.invitation_id == invitation_id).with_for_update().execution_options(populate_existing=True)
    )


def going_on(session: Session, identity_id: int) -> Conversation | None:
    """What this number is being asked, under lock; the newest where there are several."""
    return session.scalar(
        select(Conversation)
        .where(Conversation.identity_id == identity_id, Conversation.state.in_([str(each) for each in GOING_ON]))
        .order_by(Conversation.asked_at.desc(), Conversation.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def state_of(link: FoundLink | None) -> LinkState:
    if link is None:
        return LinkState.NOT_FOUND
    facts = Link(link.survey_state, link.version_id is not None, link.closes_at, link.expires_at, link.is_answered, link.is_revoked)
    return link_state(facts, now())


def move(talk: Conversation, to: TalkState) -> None:
    """The state is `to`, if it may become that; an end takes the answers with it. Refused("state_forbids")."""
    if to != talk.state and to not in TALK_STEPS[TalkState(talk.state)]:
        raise Refused("state_forbids", state=talk.state, to=str(to))
    talk.state = str(to)
    if to in GOING_ON:
        talk.finished_at = None
    else:
        talk.finished_at, talk.progress_cipher, talk.question_id = now(), None, ""


def send(unit_id: int, e164: str, text: str, row: InboundMessage, *, campaign_id: int | None) -> None:
    """One text of a conversation, at once and on the line the citizen wrote to; by day where the reply had waited long."""
    at = now()
    not_before = next_daytime(at, TEHRAN) if waits_for_day(row.received_at, at) else None
    queue_text(
        "conversation",
        unit_id=unit_id,
        e164=e164,
        body=compose_text(text),
        expires_in=EXPIRES,
        not_before=not_before,
        line=line_in_use(row.line),
        charged_to=campaign_id,
    )


def say(talk: Conversation, e164: str, text: str, row: InboundMessage) -> None:
    talk.text_count += 1
    talk.asked_at = now()
    send(talk.unit_id, e164, text, row, campaign_id=talk.campaign_id)


def say_link(link: FoundLink, e164: str, row: InboundMessage, *, campaign_id: int | None) -> None:
    """The same right to answer, on the web."""
    _id, version = invite_identities(link.survey_id, link.unit_id, [link.identity_id], link.expires_at)[link.identity_id]
    send(link.unit_id, e164, f"{words.LINK}\n{link_of(link.invitation_id, version)}", row, campaign_id=campaign_id)


def ask(
    talk: Conversation, definition: Definition, progress: Progress, asking: Asking, e164: str, row: InboundMessage, *, first: str = ""
) -> None:
    """The question goes out, and is what the next reply answers."""
    with page_in("fa"):
        text = question_text(definition, progress, asking, seed=seed_of(talk.invitation_id), translate=_, first=first)
    keep_progress(talk, progress)
    talk.question_id = asking.question.id
    move(talk, TalkState.ASKING)
    say(talk, e164, text, row)


def go_on(talk: Conversation, link: FoundLink, progress: Progress, e164: str, row: InboundMessage, *, first: str = "") -> None:
    """The next question, or, where all is said, the response and thanks: one transaction with the reply that led here."""
    definition = definition_of(talk.version_id)
    today = today_in_tehran().date()
    asking = next_question(definition, progress, today)
    if asking is not None:
        ask(talk, definition, progress, asking, e164, row, first=first)
        return
    document = protect(definition, whole_document(definition, progress, today))
    whole = Whole(definition, order_seed=seed_of(talk.invitation_id), had_pages=True, by_text=True)
    submission = submit_response(link, talk.version_id, document, whole)
    text = {
        Outcome.RECORDED: "\n".join([*closing_information(definition, progress, today), words.THANKS.format(code=submission.receipt_code)]),
        Outcome.REPEATED: words.ALREADY,
        Outcome.FULL: words.FULL,
    }.get(submission.outcome, words.CLOSED)
    say(talk, e164, text, row)
    move(talk, TalkState.FINISHED if submission.outcome is Outcome.RECORDED else TalkState.ENDED)
