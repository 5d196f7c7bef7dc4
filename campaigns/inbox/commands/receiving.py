"""A citizen's text finds its case: the unit it belongs to, the keyword it may be, and whether it is answered by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.conversation.commands import start_by_keyword
from campaigns.conversation.commands.starting import Start, join_words
from campaigns.inbox.commands.writing import locked_case, send_in_case
from campaigns.inbox.hours import InboxRules, inbox_rules
from campaigns.inbox.rules import MAX_HOURLY, CaseState, advance_case, day_begins, may_answer_itself
from campaigns.models import Campaign, CaseReply, InboundCase, InboundKeyword, InboundMessage, Message, SmsLine
from contacts.commands import is_number_stopped
from contacts.commands.placing import identity_of
from engage.clock import now
from engage.identity.queries import units_tree
from engage.persian import sms_word
from engage.vault import vault
from surveys.commands import invite_identities
from surveys.queries import get_survey_facts, link_of

ANSWERED_WITHIN = timedelta(hours=2)
"""A text that waited longer than this to be read is answered by a person alone."""
LINK_LIVES = timedelta(days=30)
"""Of a survey that has no last day"""


@dataclass(frozen=True)
class Filed:
    kind: str
    identity_id: int
    case_id: int | None


def take_up(session: Session, row: InboundMessage, e164: str, words: str, *, is_for_keywords: bool = True) -> Filed:
    """The text lies in a case of the unit it belongs to. What a keyword asks for is done; outside office hours the number is told so,
    once a day. Where more texts come than a person writes, they are kept, and nothing else happens."""
    at = now()
    identity_id = row.identity_id or identity_of(session, e164)
    hourly = session.scalar(
        select(func.count()).where(
            InboundMessage.identity_id == identity_id, InboundMessage.received_at > row.received_at - timedelta(hours=1)
        )
    )
    if (hourly or 0) >= MAX_HOURLY:
        return Filed("flood", identity_id, _latest_case(session, identity_id))
    itself = is_for_keywords and at - row.received_at <= ANSWERED_WITHIN and not is_number_stopped(e164)
    itself = itself and _may_answer_itself(session, identity_id, row, words, (hourly or 0) + 1)
    keyword = _keyword(session, row.line, words) if is_for_keywords else None
    if keyword is not None:
        case = _obey(session, keyword, row, identity_id, e164, itself=itself)
        if case is not None:
            return Filed("keyword", identity_id, case.id)
    unit_id = _unit_of(session, identity_id, row.line)
    rules = inbox_rules(unit_id, at)
    case = _case(session, unit_id, identity_id, row)
    _wait_for_answer(case, row, rules)
    if itself and rules.answers_off_hours and not rules.hours.is_open(at) and not _was_told(session, identity_id, at):
        send_in_case(session, case, e164, "off_hours", rules.off_hours_text, author_id=None)
    return Filed("other", identity_id, case.id)


def is_keyword(session: Session, line: str, words: str) -> bool:
    """Whether the text is a word that is acted upon by itself."""
    return _keyword(session, line, words) is not None


def note_in_thread(session: Session, identity_id: int) -> int | None:
    """The case in which a text that was obeyed by itself (stop, 12, 1) is shown; it opens and changes none."""
    return _latest_case(session, identity_id)


def _latest_case(session: Session, identity_id: int) -> int | None:
    return session.scalar(
        select(InboundCase.id)
        .where(InboundCase.identity_id == identity_id)
        .order_by(InboundCase.last_at.desc(), InboundCase.id.desc())
        .limit(1)
    )


def _may_answer_itself(session: Session, identity_id: int, row: InboundMessage, words: str, hourly: int) -> bool:
    since = day_begins(now())
    answered = session.scalars(
        select(CaseReply.created_at)
        .join(InboundCase, InboundCase.id == CaseReply.case_id)
        .where(InboundCase.identity_id == identity_id, CaseReply.author_id.is_(None), CaseReply.created_at >= since)
    ).all()
    earlier = session.execute(
        select(InboundMessage.gateway_id, InboundMessage.text_cipher)
        .where(InboundMessage.identity_id == identity_id, InboundMessage.received_at >= since, InboundMessage.id != row.id)
        .order_by(InboundMessage.id.desc())
        .limit(MAX_HOURLY)
    ).all()
    opened = [vault().decrypt(cipher, f"inbound_message:{gateway_id}") for gateway_id, cipher in earlier] if answered else []
    return may_answer_itself(words, answered_today=answered, earlier_today=opened, hourly_count=hourly)


def _keyword(session: Session, line: str, words: str) -> InboundKeyword | None:
    """The keyword this text is: the line's own before one of all lines."""
    return session.scalar(
        select(InboundKeyword)
        .where(InboundKeyword.word == sms_word(words), InboundKeyword.line.in_([line, ""]), InboundKeyword.is_active)
        .order_by(InboundKeyword.line.desc())
        .limit(1)
    )


def _obey(
    session: Session, keyword: InboundKeyword, row: InboundMessage, identity_id: int, e164: str, *, itself: bool
) -> InboundCase | None:
    """What the keyword asks for; None where it can't be done any more, so that a person looks at it."""
    if keyword.action == "route":
        assert keyword.to_unit_id is not None
        case = _case(session, keyword.to_unit_id, identity_id, row)
        _wait_for_answer(case, row, inbox_rules(case.unit_id, now()))
        case.assigned_to = keyword.to_user_id or case.assigned_to
        case.topic = keyword.label
        words = keyword.text
    elif keyword.action == "conversation":
        assert keyword.survey_id is not None
        words = keyword.text
        if itself:
            start = start_by_keyword(session, keyword.survey_id, keyword.unit_id, words, row, identity_id, e164)
            if start is Start.IMPOSSIBLE:
                return None
            words = join_words(keyword.unit_id) if start is Start.NOT_MEMBER else ""
        case = _case(session, keyword.unit_id, identity_id, row, is_settled=True)
    else:
        words = keyword.text
        if keyword.action == "survey":
            link = _link(keyword, identity_id)
            if link is None:
                return None
            words = f"{words}\n{link}".strip()
        case = _case(session, keyword.unit_id, identity_id, row, is_settled=True)
    if words and itself:
        send_in_case(session, case, e164, "keyword", words, author_id=None)
    session.flush()
    return case


def _link(keyword: InboundKeyword, identity_id: int) -> str | None:
    assert keyword.survey_id is not None
    facts, at = get_survey_facts(keyword.survey_id), now()
    if facts is None or facts.state != "open" or (facts.closes_at is not None and facts.closes_at <= at):
        return None
    expires_at = facts.closes_at or at + LINK_LIVES
    invitation_id, version = invite_identities(keyword.survey_id, keyword.unit_id, [identity_id], expires_at)[identity_id]
    return link_of(invitation_id, version)


def _case(session: Session, unit_id: int, identity_id: int, row: InboundMessage, *, is_settled: bool = False) -> InboundCase:
    """The thread of this number with this unit, under lock; made where there is none, closed from the start where nobody has to act."""
    at = row.received_at
    state = CaseState.CLOSED if is_settled else CaseState.OPEN
    session.execute(
        insert(InboundCase)
        .values(
            unit_id=unit_id,
            identity_id=identity_id,
            line=row.line,
            state=str(state),
            opened_at=at,
            last_at=at,
            closed_at=at if is_settled else None,
        )
        .on_conflict_do_nothing(index_elements=["unit_id", "identity_id"])
    )
    case_id = session.scalars(select(InboundCase.id).where(InboundCase.unit_id == unit_id, InboundCase.identity_id == identity_id)).one()
    case = locked_case(session, case_id)
    case.line, case.last_at = row.line, max(case.last_at, at)
    session.execute(update(InboundMessage).where(InboundMessage.id == row.id).values(case_id=case.id, identity_id=identity_id))
    return case


def _wait_for_answer(case: InboundCase, row: InboundMessage, rules: InboxRules) -> None:
    """Somebody has to answer; who waits already goes on waiting since then."""
    if case.state != CaseState.OPEN or case.due_at is None:
        if case.state == CaseState.CLOSED:
            case.opened_at, case.closed_at = row.received_at, None
        case.due_at = rules.hours.due(row.received_at, rules.due_days)
        case.state = advance_case(case.state, CaseState.OPEN)


def _unit_of(session: Session, identity_id: int, line: str) -> int:
    """Whose the text is: of whoever texted the number on that line last or has an open case with it, whichever is later; else of
    the line's unit; else of the top one."""
    texted = session.execute(
        select(Campaign.unit_id, Message.claimed_at)
        .join(Campaign, Campaign.id == Message.campaign_id)
        .where(Message.identity_id == identity_id, Message.claimed_at.is_not(None), Campaign.line.in_([line, ""]))
        .order_by(Message.claimed_at.desc())
        .limit(1)
    ).first()
    going_on = session.execute(
        select(InboundCase.unit_id, InboundCase.last_at)
        .where(InboundCase.identity_id == identity_id, InboundCase.state != CaseState.CLOSED)
        .order_by(InboundCase.last_at.desc())
        .limit(1)
    ).first()
    found: list[tuple[datetime, int]] = [(each[1], each[0]) for each in (texted, going_on) if each is not None]
    if found:
        return max(found)[1]
    owner = session.scalar(select(SmsLine.unit_id).where(SmsLine.number == line))
    return owner if owner is not None else units_tree()[0].id


def _was_told(session: Session, identity_id: int, at: datetime) -> bool:
    return bool(
        session.scalar(
            select(func.count())
            .select_from(CaseReply)
            .join(InboundCase, InboundCase.id == CaseReply.case_id)
            .where(InboundCase.identity_id == identity_id, CaseReply.kind == "off_hours", CaseReply.created_at >= day_begins(at))
        )
    )
