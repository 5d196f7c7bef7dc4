"""Decisions taken after reading a report, and their way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engage.clock import now, today_in_tehran
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.sharing.models import ReportDecision, ReportDecisionStep
from engage.reports.sharing.rules import DecisionState, advance, check_due, check_words


@dataclass(frozen=True)
class Plan:
    """What somebody decides: what, because of which answers, who, until when."""

    title: str
    reason: str
    owner: str
    due_on: date
    question_key: str = ""
    note: str = ""
    """Why the day was moved back"""


def add_decision(report: Report, plan: Plan, *, actor_id: int | None) -> int:
    """A decision that is to be done; its id. Refused: what `check_words` and `check_due` refuse, "decision_question_unknown"."""
    _check_question(report, plan.question_key)
    check_words(plan.title, plan.reason, plan.owner)
    check_due(None, plan.due_on, today_in_tehran().date(), "")
    with transaction() as session:
        row = ReportDecision(
            survey_id=report.survey_id,
            title=plan.title,
            reason=plan.reason,
            question_key=plan.question_key,
            owner=plan.owner,
            due_on=plan.due_on,
            first_due_on=plan.due_on,
            state=DecisionState.WANTED,
            created_at=now(),
        )
        session.add(row)
        session.flush()
        _note_step(row, "", actor_id)
        _audit("report_decision_made", report, row, actor_id)
        return row.id


def change_decision(report: Report, decision_id: int, plan: Plan, revision: int, *, actor_id: int | None) -> None:
    """Its words and day are those given. A later day needs `plan.note`.

    Refused: as `add_decision`, "decision_delay_unexplained", "decision_unknown", "decision_changed" for another revision.
    """
    check_words(plan.title, plan.reason, plan.owner)
    with transaction() as session:
        row = _locked(report, decision_id, revision)
        if plan.question_key != row.question_key:
            _check_question(report, plan.question_key)
        check_due(row.due_on, plan.due_on, today_in_tehran().date(), plan.note)
        row.title, row.reason, row.owner, row.due_on = plan.title, plan.reason, plan.owner, plan.due_on
        row.question_key = plan.question_key
        row.revision += 1
        session.flush()
        _note_step(row, plan.note, actor_id)
        _audit("report_decision_changed", report, row, actor_id)


def move_decision(report: Report, decision_id: int, to: str, note: str, revision: int, *, actor_id: int | None) -> None:
    """One step on its way. Refused: what `advance` refuses, "decision_unknown", "decision_changed", "decision_too_long"."""
    check_words("-", note, "-")
    with transaction() as session:
        row = _locked(report, decision_id, revision)
        row.state = advance(row.state, to, note)
        row.revision += 1
        session.flush()
        _note_step(row, note, actor_id)
        _audit("report_decision_changed", report, row, actor_id)


def _locked(report: Report, decision_id: int, revision: int) -> ReportDecision:
    with transaction() as session:
        row = session.get(ReportDecision, decision_id, with_for_update=True, populate_existing=True)
        if row is None or row.survey_id != report.survey_id:
            raise Refused("decision_unknown")
        if row.revision != revision:
            raise Refused("decision_changed")
        return row


def _check_question(report: Report, key: str) -> None:
    if key and report.question(key) is None:
        raise Refused("decision_question_unknown")


def _note_step(row: ReportDecision, note: str, actor_id: int | None) -> None:
    with transaction() as session:
        session.add(ReportDecisionStep(decision_id=row.id, state=row.state, due_on=row.due_on, note=note, actor_id=actor_id, at=now()))


def _audit(action: str, report: Report, row: ReportDecision, actor_id: int | None) -> None:
    record_audit(
        action,
        unit_id=report.unit_id,
        object_type="survey",
        object_id=report.survey_id,
        actor_id=actor_id,
        detail={"title": report.title, "decision": row.title, "state": row.state},
    )
