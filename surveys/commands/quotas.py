"""How many answers of a kind are wanted: counted in the transaction that stores them, never one more.

The counters of a survey are `survey_quota_count`: one for each quota, and one under no name for `survey.response_limit`. A submission
takes them before anything else and in the order of their names, so no two of them wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg import Cursor
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from engage.clock import TEHRAN
from surveys.definitions import Definition
from surveys.logic import holds
from surveys.models import QuotaCount, Response

WHOLE = ""
"""The counter of all responses; no quota's id is empty."""

_TAKE = """
    INSERT INTO survey_quota_count AS held (survey_id, quota_id, response_count) VALUES (%(survey_id)s, %(quota_id)s, 1)
    ON CONFLICT (survey_id, quota_id) DO UPDATE SET response_count = held.response_count + 1 WHERE held.response_count < %(most)s
    RETURNING response_count
"""


class QuotaFull(Exception):
    """No more such answers are wanted; `quota_id` is `WHOLE` where the survey itself has enough."""

    def __init__(self, quota_id: str) -> None:
        super().__init__(quota_id)
        self.quota_id = quota_id


def quotas_met(definition: Definition, document: Mapping[str, Any], today: date) -> list[tuple[str, int]]:
    """Id and limit of every quota that these answers fall into, in the order in which they are taken. Pure."""
    return sorted((quota.id, quota.limit) for quota in definition.quotas if holds(quota.when, document, today))


def take_quotas(cursor: Cursor[Any], survey_id: int, met: Sequence[tuple[str, int]], response_limit: int | None) -> bool:
    """One more answer in each of these counters, or QuotaFull: the caller's transaction must be given up then.

    Returns whether this was the last answer the survey wanted: close it once this transaction is through.
    """
    is_last = False
    wanted = [(WHOLE, response_limit), *met] if response_limit is not None else met
    for quota_id, most in wanted:
        row = cursor.execute(_TAKE, {"survey_id": survey_id, "quota_id": quota_id, "most": most}).fetchone()
        if row is None:
            raise QuotaFull(quota_id)
        is_last = is_last or (quota_id == WHOLE and row[0] >= most)
    return is_last


def recount_quotas(session: Session, survey_id: int, definition: Definition, response_limit: int | None) -> None:
    """The survey's counters are those of this definition, with what has been answered so far; in the transaction that publishes it."""
    session.execute(delete(QuotaCount).where(QuotaCount.survey_id == survey_id))
    counts: dict[str, int] = {}
    if response_limit is not None:
        counts[WHOLE] = session.execute(select(func.count()).where(Response.survey_id == survey_id, ~Response.is_partial)).scalar_one()
    if definition.quotas:
        rows = session.execute(
            select(Response.answers, Response.submitted_at)
            .where(Response.survey_id == survey_id, ~Response.is_partial)
            .execution_options(yield_per=2000)
        )
        for document, at in rows:
            for quota_id, _limit in quotas_met(definition, document, at.astimezone(TEHRAN).date()):
                counts[quota_id] = counts.get(quota_id, 0) + 1
    if counts:
        session.execute(
            insert(QuotaCount), [{"survey_id": survey_id, "quota_id": each, "response_count": count} for each, count in counts.items()]
        )
