"""Which surveys are rounds of one another, and the same in other units, read from their stored reports."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from engage.db import db
from engage.persian import format_jalali
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.trends.comparing import Compared, Side, compare, is_same
from engage.reports.trends.models import ReportPriorities
from surveys.queries import SurveySummary, list_surveys

MOST = 12
"""Surveys side by side"""


@dataclass(frozen=True)
class Comparison:
    """`sides` are the surveys compared, (slug, name), the one asked about among them."""

    sides: list[tuple[str, str]]
    questions: list[Compared]


def rounds_of(report: Report) -> Comparison:
    """Surveys of the same unit that ask at least one question in the same words, the oldest first; each held against the one before."""
    others = [each for each in _published([report.unit_id]) if each.id != report.survey_id]
    found = sorted([report, *_alike(report, others)], key=_began)
    sides = [Side(each.slug, _round_name(each), {q.key: q for q in each.content.questions}) for each in found]
    at = next(place for place, side in enumerate(sides) if side.key == report.slug)
    return Comparison([(side.key, side.name) for side in sides], compare(sides, "before", leading=at))


def elsewhere(report: Report, unit_ids: Collection[int], unit_names: dict[int, str]) -> Comparison:
    """The newest survey alike of each other unit; each held against all the others together."""
    found = [report, *_alike(report, _published([unit_id for unit_id in unit_ids if unit_id != report.unit_id]), one_each=True)]
    sides = [Side(each.slug, unit_names.get(each.unit_id, ""), {q.key: q for q in each.content.questions}) for each in found]
    return Comparison([(side.key, side.name) for side in sides], compare(sides, "rest"))


@dataclass(frozen=True)
class Priorities:
    """What an officer chose; `pairs` option → question with a scale."""

    importance_key: str
    pairs: dict[str, str]
    revision: int


def priorities_of(survey_id: int) -> Priorities | None:
    row = db.session.execute(
        select(ReportPriorities.importance_key, ReportPriorities.pairs, ReportPriorities.revision).where(
            ReportPriorities.survey_id == survey_id
        )
    ).first()
    return None if row is None else Priorities(row.importance_key, dict(row.pairs), row.revision)


def _published(unit_ids: Collection[int]) -> list[SurveySummary]:
    return [each for each in list_surveys(unit_ids) if each.state != "draft"]


def _alike(report: Report, others: list[SurveySummary], *, one_each: bool = False) -> list[Report]:
    """Those that ask at least one of its questions in the same words; of each unit only the first where `one_each`."""
    asked = {each.key: each for each in report.content.questions if each.options}
    found: list[Report] = []
    for survey in others:
        if one_each and any(each.unit_id == survey.unit_id for each in found):
            continue
        other = report_of(survey.id)
        if not other.is_sealed and any(each.key in asked and is_same(asked[each.key], each) for each in other.content.questions):
            found.append(other)
        if len(found) == MOST - 1:
            break
    return found


def _began(report: Report) -> tuple[str, int]:
    return (report.content.days[0].day.isoformat() if report.content.days else "9999", report.survey_id)


def _round_name(report: Report) -> str:
    return f"{report.title} ({format_jalali(report.content.days[0].day)})" if report.content.days else report.title
