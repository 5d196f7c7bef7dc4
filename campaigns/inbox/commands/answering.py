"""An officer answers a citizen, and closes the case with a last word or without one."""

from __future__ import annotations

from sqlalchemy import func, select

from campaigns.inbox.commands.writing import locked_case, send_in_case
from campaigns.inbox.rules import CaseState, advance_case, check_reply
from campaigns.models import CaseReply, InboundCase
from contacts.commands import is_number_stopped
from contacts.queries import phone_of
from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused


def answer_case(case_id: int, words: str, *, seen_count: int, closes: bool = False, actor_id: int) -> int:
    """The words go to the citizen once, and the case waits for them, or is closed. Returns the reply's id.

    `seen_count` is how many replies the officer saw: a form sent twice, and one that a colleague was quicker with, send nothing.
    Refused: "reply_empty", "reply_long", "case_missing", "case_changed", "reply_number_stopped".
    """
    text = check_reply(words)
    with transaction() as session:
        case = locked_case(session, case_id)
        if session.scalar(select(func.count()).where(CaseReply.case_id == case.id)) != seen_count:
            raise Refused("case_changed")
        e164 = phone_of(case.identity_id)
        if e164 is None:
            raise Refused("case_missing")
        if is_number_stopped(e164):
            raise Refused("reply_number_stopped")
        reply_id = send_in_case(session, case, e164, "closing" if closes else "reply", text, author_id=actor_id)
        case.state = advance_case(case.state, CaseState.WAITING)
        case.closed_at = case.due_at = None
        case.assigned_to = case.assigned_to or actor_id
        case.last_at = now()
        _record(case, "inbox.answered", actor_id)
        if closes:
            _close(case, actor_id)
        return reply_id


def close_case(case_id: int, *, actor_id: int) -> None:
    """Nobody has to answer any more; the citizen's next text opens it again. Refused: "case_missing", "case_closed"."""
    with transaction() as session:
        _close(locked_case(session, case_id), actor_id)


def _close(case: InboundCase, actor_id: int) -> None:
    case.state = advance_case(case.state, CaseState.CLOSED)
    case.closed_at, case.due_at = now(), None
    _record(case, "inbox.closed", actor_id)


def _record(case: InboundCase, action: str, actor_id: int) -> None:
    record_audit(action, unit_id=case.unit_id, object_type="inbound_case", object_id=case.id, actor_id=actor_id, detail={"case": case.id})
