"""Reports are asked for by a mark and computed anew; nothing is ever added to an old one."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused
from engage.reports.content import SHAPE, Report, store
from engage.reports.models import SurveyReport
from engage.reports.queries import compute_content
from surveys.commands import take_answers_mark
from surveys.queries import get_survey_facts


def request_refresh(survey_id: int) -> None:
    """The report will be computed anew; however many ask meanwhile, it is computed once. A survey that is gone asks for nothing."""
    with transaction() as session:
        if get_survey_facts(survey_id) is None:
            return
        session.execute(
            insert(SurveyReport)
            .values(survey_id=survey_id, is_stale=True)
            .on_conflict_do_update(index_elements=[SurveyReport.survey_id], set_={"is_stale": True})
        )
        enqueue_after_commit("default", "engage.reports.jobs.refresh_report", survey_id)


def request_refresh_for_answers(survey_id: int) -> None:
    """As `request_refresh`, for answers: those that come after this say so again.

    The report's row first, the answers' mark second: whoever holds the mark makes citizens wait, and must not wait for a report.
    """
    with transaction():
        request_refresh(survey_id)
        take_answers_mark(survey_id)


def refresh_report(survey_id: int, *, force: bool = False) -> bool:
    """The stored report holds everything written before this call; False when nobody had asked for it (unless `force`).

    Clearing the mark, counting and storing are one transaction: its row lock puts a second refresh, and whoever asks for the next
    one, behind it, and a crash leaves the mark standing. Refused("survey_not_found") when forced for one that doesn't exist.
    """
    with transaction() as session:
        if force:
            if get_survey_facts(survey_id) is None:
                raise Refused("survey_not_found")
            session.execute(insert(SurveyReport).values(survey_id=survey_id).on_conflict_do_nothing())
        wanted = update(SurveyReport).where(SurveyReport.survey_id == survey_id)
        if not force:
            wanted = wanted.where(SurveyReport.is_stale | (SurveyReport.shape != SHAPE))
        if session.execute(wanted.values(is_stale=False).returning(SurveyReport.survey_id)).first() is None:
            return False
        computed_at = now()
        content = compute_content(survey_id)
        session.execute(
            update(SurveyReport)
            .where(SurveyReport.survey_id == survey_id)
            .values(content=store(content), computed_at=computed_at, shape=SHAPE)
        )
    return True


def record_export(report: Report, kind: str) -> None:
    """That the person behind this request took the report away as a file stands in the audit log."""
    with transaction():
        record_audit(
            "report_exported",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=report.survey_id,
            detail={"title": report.title, "kind": kind, "answers": report.answers},
        )
