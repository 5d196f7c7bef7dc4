"""Reports as pages, files and the rehearsal read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from campaigns.queries import survey_funnel
from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.refusal import Refused
from engage.reports.analysing import analyse
from engage.reports.analysis.shapes import Analysis
from engage.reports.bases import asked_counts, deciders_in
from engage.reports.content import SHAPE, Content, DayCount, Funnel, Report, restore
from engage.reports.gathering import gather
from engage.reports.models import SurveyReport
from engage.reports.tally import asked_questions, tally
from engage.reports.themes.hidden import without_hidden
from surveys.queries import SurveySummary, definitions_of_survey, get_survey, get_survey_facts, invitation_funnel, list_surveys
from surveys.queries.aggregates import written_answers
from surveys.sealing import is_sealed, sealed_surveys

__all__ = [
    "ReportLine",
    "compute_content",
    "due_survey_ids",
    "list_reports",
    "option_counts",
    "report_of",
    "texts_of",
]


@dataclass(frozen=True)
class ReportLine:
    """One line of the list: a published survey and its last figures; None while nothing was computed."""

    survey: SurveySummary
    answers: int
    funnel: Funnel | None
    is_sealed: bool = False


def compute_content(survey_id: int) -> Content:
    """The survey's figures, from the responses, invitations and messages as they stand now; those of groups in steps."""
    definitions = definitions_of_survey(survey_id)
    questions = asked_questions(definitions)
    survey = get_survey(survey_id)
    is_anonymous = survey is None or survey.is_anonymous
    counts, grid = gather(survey_id, [each.counting for each in questions], deciders_in(definitions), is_anonymous=is_anonymous)
    sent = survey_funnel(survey_id)
    came = invitation_funnel(survey_id)
    funnel = Funnel(sent.invited, sent.accepted, sent.delivered, came.opened, came.started, came.answered, came.is_under_seal)
    tallies = tally(questions, counts, asked_counts(definitions, counts.ways))
    return Content(
        answers=sum(counts.by_version.values()),
        version_count=len(counts.by_version),
        funnel=funnel,
        days=_without_gaps(counts.by_day),
        questions=tallies,
        partial=counts.partial,
        excluded=counts.excluded,
        analysis=analyse(survey_id, questions, tallies, counts, grid, funnel, _last_analysis(survey_id), is_anonymous=is_anonymous),
    )


def _last_analysis(survey_id: int) -> Analysis | None:
    """What was published of groups; None where nothing was, or by another release."""
    found = db.session.execute(
        select(SurveyReport.content).where(
            SurveyReport.survey_id == survey_id, SurveyReport.computed_at.is_not(None), SurveyReport.shape == SHAPE
        )
    ).scalar_one_or_none()
    return None if found is None else restore(found).analysis


def _without_gaps(by_day: dict[date, int]) -> list[DayCount]:
    if not by_day:
        return []
    first, last = min(by_day), max(by_day)
    days = (first + timedelta(days=place) for place in range((last - first).days + 1))
    return [DayCount(day, by_day.get(day, 0)) for day in days]


def report_of(survey_id: int) -> Report:
    """The last computed report; one that was never computed, or by another release, is computed for this reader.

    Refused("survey_not_found").
    """
    facts = get_survey_facts(survey_id)
    if facts is None:
        raise Refused("survey_not_found")
    row = db.session.execute(
        select(SurveyReport.is_stale, SurveyReport.computed_at, SurveyReport.content, SurveyReport.shape).where(
            SurveyReport.survey_id == survey_id
        )
    ).first()
    if row is not None and row.computed_at is not None and row.shape == SHAPE:
        content, computed_at, is_stale = restore(row.content), row.computed_at, row.is_stale
    else:
        content, computed_at, is_stale = compute_content(survey_id), now(), True
    return Report(
        facts.id,
        facts.slug,
        facts.unit_id,
        facts.title,
        facts.state,
        facts.closes_at,
        facts.results_on,
        computed_at,
        is_stale,
        content,
        is_sealed(survey_id),
    )


def option_counts(survey_id: int) -> dict[str, dict[str, int]]:
    """question id → option id (or point of a scale) → how many chose it, counted from the responses now."""
    content = compute_content(survey_id)
    return {each.key: {option.id: option.count for option in each.options} for each in content.questions if each.options is not None}


def list_reports(unit_ids: Iterable[int]) -> list[ReportLine]:
    """Surveys of these units that were published, newest first."""
    surveys = [each for each in list_surveys(unit_ids) if each.state != "draft"]
    rows = db.session.execute(
        select(SurveyReport.survey_id, SurveyReport.content).where(
            SurveyReport.survey_id.in_([each.id for each in surveys]), SurveyReport.shape == SHAPE, SurveyReport.computed_at.is_not(None)
        )
    )
    known = {survey_id: restore(content) for survey_id, content in rows}
    sealed = sealed_surveys(each.id for each in surveys)
    return [
        ReportLine(each, known[each.id].answers, known[each.id].funnel, each.id in sealed)
        if each.id in known
        else ReportLine(each, each.answered_count, None, each.id in sealed)
        for each in surveys
    ]


def texts_of(report: Report, key: str, *, page: int, size: int) -> list[str]:
    """One page of what people wrote, newest first, unmasked, without those hidden; Refused("report_question_unknown") for a key that is none."""
    question = report.question(key)
    if question is None:
        raise Refused("report_question_unknown")
    found = written_answers(report.survey_id, question.id, question.version_ids, offset=(page - 1) * size, limit=size)
    return without_hidden(report.survey_id, question.key, (each.text for each in found))


def due_survey_ids(settings: Settings) -> list[int]:
    """Surveys whose report was asked for and not made for a while, or was made by another release."""
    before = now() - timedelta(seconds=settings.timings.ring_again)
    is_old = or_(SurveyReport.computed_at.is_(None), SurveyReport.computed_at <= before)
    wanted = select(SurveyReport.survey_id).where(or_(SurveyReport.is_stale & is_old, SurveyReport.shape != SHAPE))
    return list(db.session.execute(wanted.order_by(SurveyReport.computed_at.nulls_first()).limit(50)).scalars())
