"""Choosing what is set against each other."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.trends.models import ReportPriorities
from engage.reports.trends.priorities import LEAST_TOPICS, importance_questions, satisfaction_questions


def save_priorities(report: Report, importance_key: str, pairs: Mapping[str, str], *, seen: int, actor_id: int | None) -> int:
    """The pairs stand as given; the new revision. `seen` is the one they were made from, 0 for none.

    Refused: "priorities_question_unknown", "priorities_too_few" (needed), "priorities_changed".
    """
    questions = report.content.questions
    importance = next((each for each in importance_questions(questions) if each.key == importance_key), None)
    scales = {each.key for each in satisfaction_questions(questions)}
    options = {option.id for option in (importance.options or [])} if importance else set()
    if importance is None or not options >= pairs.keys() or not scales >= set(pairs.values()):
        raise Refused("priorities_question_unknown")
    if len(pairs) < LEAST_TOPICS:
        raise Refused("priorities_too_few", needed=LEAST_TOPICS)
    values = {"importance_key": importance_key, "pairs": dict(pairs), "revision": seen + 1}
    with transaction() as session:
        if seen == 0:
            saved = session.execute(
                insert(ReportPriorities)
                .values(survey_id=report.survey_id, **values)
                .on_conflict_do_nothing()
                .returning(ReportPriorities.revision)
            ).first()
        else:
            saved = session.execute(
                update(ReportPriorities)
                .where(ReportPriorities.survey_id == report.survey_id, ReportPriorities.revision == seen)
                .values(**values)
                .returning(ReportPriorities.revision)
            ).first()
        if saved is None:
            raise Refused("priorities_changed")
        record_audit(
            "priorities_chosen",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=report.survey_id,
            actor_id=actor_id,
            detail={"title": report.title, "topics": len(pairs)},
        )
    return seen + 1
