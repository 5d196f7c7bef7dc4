"""The day on which citizens were promised the results: every change of it is kept, and its reason is shown to them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engage.clock import now, today_in_tehran
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.sharing.models import ReportPromiseLine
from engage.reports.sharing.rules import check_move
from surveys.commands.promising import move_results_date
from surveys.queries import SurveyFacts, get_survey_facts
from surveys.results import results_address

_LOCK = 7_301 << 40
"""Lines of one survey's promise are written one after another"""


def note_promise(survey_id: int) -> None:
    """What citizens are told now stands in the promise's story: the first day, or a move nobody has explained yet."""
    with transaction() as session:
        facts = get_survey_facts(survey_id)
        if facts is not None and facts.state != "draft":
            _catch_up(session, facts)


def move_promise(survey_id: int, to: date | None, reason: str, *, actor_id: int | None) -> None:
    """Citizens are told the new day (None: no day any more) and why. Refused: "survey_not_found", "promise_none", "promise_kept",
    "results_before_deadline", and what `rules.check_move` refuses."""
    reason = " ".join(reason.split())
    with transaction() as session:
        facts = _owing(survey_id)
        check_move(facts.results_on, to, reason, today_in_tehran().date())
        _catch_up(session, facts)
        was = move_results_date(survey_id, to)
        session.add(ReportPromiseLine(survey_id=survey_id, was_on=was, now_on=to, reason=reason, actor_id=actor_id, at=now()))
        _audit("report_promise_explained" if was == to else "report_promise_moved", facts, actor_id)


def explain_move(survey_id: int, line_id: int, reason: str, *, actor_id: int | None) -> None:
    """A move that was made by publishing the survey again gets its reason; one that has a reason keeps it.

    Refused: "survey_not_found", "promise_none" where nothing is unexplained, and what `rules.check_move` refuses.
    """
    reason = " ".join(reason.split())
    check_move(None, None, reason, today_in_tehran().date())
    with transaction() as session:
        facts = get_survey_facts(survey_id)
        line = session.get(ReportPromiseLine, line_id, with_for_update=True, populate_existing=True)
        if facts is None or line is None or line.survey_id != survey_id or line.was_on is None or line.reason:
            raise Refused("promise_none")
        line.reason, line.actor_id = reason, actor_id
        _audit("report_promise_explained", facts, actor_id)


def _owing(survey_id: int) -> SurveyFacts:
    facts = get_survey_facts(survey_id)
    if facts is None:
        raise Refused("survey_not_found")
    if facts.results_on is None:
        raise Refused("promise_none")
    if results_address(facts.id, facts.slug) is not None:
        raise Refused("promise_kept")
    return facts


def _catch_up(session: Session, facts: SurveyFacts) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK + facts.id})
    last = session.execute(
        select(ReportPromiseLine.now_on).where(ReportPromiseLine.survey_id == facts.id).order_by(ReportPromiseLine.id.desc()).limit(1)
    ).first()
    told = last.now_on if last is not None else None
    if told != facts.results_on:
        session.add(ReportPromiseLine(survey_id=facts.id, was_on=told, now_on=facts.results_on, at=now()))
        session.flush()


def _audit(action: str, facts: SurveyFacts, actor_id: int | None) -> None:
    record_audit(
        action,
        unit_id=facts.unit_id,
        object_type="survey",
        object_id=facts.id,
        actor_id=actor_id,
        detail={"title": facts.title},
    )
