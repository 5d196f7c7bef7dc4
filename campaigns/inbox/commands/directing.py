"""Who answers a case, in which unit, and by when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update

from campaigns.inbox.commands.writing import locked_case
from campaigns.inbox.hours import inbox_rules
from campaigns.inbox.rules import CaseState
from campaigns.models import CaseReply, InboundCase, InboundMessage
from engage.clock import TEHRAN, now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.queries import may_user, require_unit, user_name
from engage.identity.rules import Permission
from engage.refusal import Refused

LATEST_DUE = timedelta(days=90)


def assign_case(case_id: int, user_id: int | None, *, actor_id: int) -> None:
    """The case is this person's, or nobody's. Refused: "case_missing", "assignee_unfit" for whoever may not answer in its unit."""
    with transaction() as session:
        case = locked_case(session, case_id)
        if user_id is not None and not may_user(user_id, Permission.CAMPAIGNS_EDIT, case.unit_id):
            raise Refused("assignee_unfit")
        case.assigned_to = user_id
        record_audit(
            "inbox.assigned" if user_id is not None else "inbox.unassigned",
            unit_id=case.unit_id,
            object_type="inbound_case",
            object_id=case.id,
            actor_id=actor_id,
            detail={"case": case.id, "name": user_name(user_id) or ""},
        )


def move_case(case_id: int, unit_id: int, *, actor_id: int) -> int:
    """The thread is another unit's, which has to answer from now on; joined with the one it has with this citizen already. Returns the
    id under which it goes on. Refused: "case_missing", "unit_missing"."""
    with transaction() as session:
        case = locked_case(session, case_id)
        unit = require_unit(unit_id)
        before = case.unit_id
        if before == unit_id:
            return case.id
        there = session.scalar(
            select(InboundCase)
            .where(InboundCase.unit_id == unit_id, InboundCase.identity_id == case.identity_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if there is None:
            case.unit_id = unit_id
            if case.assigned_to is not None and not may_user(case.assigned_to, Permission.CAMPAIGNS_EDIT, unit_id):
                case.assigned_to = None
            kept = case
        else:
            kept = there
            for table in (InboundMessage, CaseReply):
                session.execute(update(table).where(table.case_id == case.id).values(case_id=there.id))
            there.last_at, there.line = max(there.last_at, case.last_at), case.line
            there.topic = case.topic or there.topic
            session.delete(case)
        if kept.state != CaseState.OPEN:
            kept.state, kept.closed_at = CaseState.OPEN, None
            kept.due_at = None
        if kept.due_at is None:
            rules = inbox_rules(unit_id, now())
            kept.due_at = rules.hours.due(now(), rules.due_days)
        session.flush()
        for each in (before, unit_id):
            record_audit(
                "inbox.moved",
                unit_id=each,
                object_type="inbound_case",
                object_id=kept.id,
                actor_id=actor_id,
                detail={"case": case_id, "unit": unit.name},
            )
        return kept.id


def set_due(case_id: int, day: date, *, actor_id: int) -> None:
    """An answer is due by the end of that day's office hours. Refused: "case_missing", "case_closed", "due_invalid"."""
    with transaction() as session:
        case = locked_case(session, case_id)
        if case.state == CaseState.CLOSED:
            raise Refused("case_closed")
        closes = inbox_rules(case.unit_id, now()).hours.closes
        due_at = datetime.combine(day, time(), TEHRAN) + timedelta(minutes=closes)
        if not now() < due_at <= now() + LATEST_DUE:
            raise Refused("due_invalid", most=LATEST_DUE.days)
        case.due_at = due_at
        record_audit(
            "inbox.due_changed",
            unit_id=case.unit_id,
            object_type="inbound_case",
            object_id=case.id,
            actor_id=actor_id,
            detail={"case": case.id},
        )
