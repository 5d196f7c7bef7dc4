"""RQ entry points of themes."""

from __future__ import annotations

from engage.jobs import ring
from engage.reports.themes import counting, queries


def count_themes(survey_id: int) -> None:
    counting.count_themes(survey_id)


def ring_for_themes() -> int:
    """Ring for surveys whose texts are to be counted anew. Returns how many."""
    return sum(ring("bulk", count_themes, survey_id) for survey_id in queries.due_for_counting())
