"""RQ entry points of reports."""

from __future__ import annotations

from flask import current_app

from engage.config import Settings
from engage.jobs import ring
from engage.reports import commands, queries


def refresh_report(survey_id: int) -> None:
    commands.refresh_report(survey_id)


def ring_for_stale_reports() -> int:
    """Ring again for reports whose bell was lost. Returns how many."""
    settings: Settings = current_app.extensions["engage_settings"]
    due = queries.due_survey_ids(settings)
    return sum(ring("default", refresh_report, survey_id) for survey_id in due)
