"""How many answers units got in a span of time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select

from engage.db import db
from surveys.models import Response, Survey


@dataclass(frozen=True)
class UnitAnswers:
    surveys: int
    answers: int


def answers_by_unit(unit_ids: Collection[int], first: datetime, last: datetime) -> dict[int, UnitAnswers]:
    """By unit: complete answers nobody left out. Those under seal count when they leave it; units without any are missing."""
    rows = db.session.execute(
        select(Survey.unit_id, func.count(distinct(Survey.id)), func.count())
        .join(Response, Response.survey_id == Survey.id)
        .where(Survey.unit_id.in_(unit_ids), Response.submitted_at >= first, Response.submitted_at < last)
        .where(Response.excluded_at.is_(None), ~Response.is_partial)
        .group_by(Survey.unit_id)
    )
    return {unit_id: UnitAnswers(surveys, answers) for unit_id, surveys, answers in rows}
