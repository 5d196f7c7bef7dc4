"""Putting right, on the survey's own page, what a text about it got wrong."""

from __future__ import annotations

from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from surveys.models import Survey

MAX_NOTICE = 300
"""Characters: the page stays within its size, and the form within sight."""


def post_notice(survey_id: int, text: str, *, actor_id: int | None) -> None:
    """The words stand above the form, for everybody who opens it from now on; an empty text takes them away.

    Refused: "survey_not_found", "notice_too_long" (most).
    """
    words = " ".join(text.split())
    if len(words) > MAX_NOTICE:
        raise Refused("notice_too_long", most=MAX_NOTICE)
    with transaction() as session:
        survey = session.get(Survey, survey_id, with_for_update=True, populate_existing=True)
        if survey is None:
            raise Refused("survey_not_found")
        if survey.notice == words:
            return
        survey.notice = words
        record_audit(
            "survey_notice_posted" if words else "survey_notice_removed",
            unit_id=survey.unit_id,
            object_type="survey",
            object_id=survey_id,
            detail={"title": survey.title},
            actor_id=actor_id,
        )
