"""RQ entry points of responses, and what rings for them."""

from __future__ import annotations

from sqlalchemy import select

from engage.db import db
from engage.jobs import enqueue_after_commit, ring
from surveys import rules
from surveys.events import SurveyClosed
from surveys.models import Survey
from surveys.responses import commands


def flag_responses(survey_id: int) -> None:
    commands.flag_responses(survey_id)


def finish_responses(survey_id: int) -> None:
    """At the end: what was never sent off becomes half-finished, and all are looked at once more."""
    commands.keep_partial_answers(survey_id)
    commands.flag_responses(survey_id)


def on_closing(event: SurveyClosed) -> None:
    enqueue_after_commit("bulk", "surveys.responses.jobs.finish_responses", event.survey_id)


def ring_for_responses() -> int:
    """Ring for open surveys, whose new responses haven't been looked at, and for drafts that are due. Returns how many."""
    due = commands.surveys_with_old_drafts()
    live = db.session.scalars(select(Survey.id).where(Survey.state == rules.OPEN).order_by(Survey.id)).all()
    db.session.rollback()
    return sum(ring("bulk", finish_responses, survey_id) for survey_id in due) + sum(
        ring("bulk", flag_responses, survey_id) for survey_id in live if survey_id not in due
    )
