"""Trying a survey out: answers that are kept to be looked at, never counted, and deleted at will."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from surveys.definitions import Definition, dump
from surveys.models import Survey, TestResponse

MOST_TRIED = 500


def record_tried_answers(survey_id: int, definition: Definition, answers: Mapping[str, Any], *, actor_id: int | None) -> int:
    """These answers are kept as a trial of this definition; returns their id. The oldest go beyond 500. Refused("survey_not_found")."""
    with transaction() as session:
        survey = session.execute(select(Survey.unit_id, Survey.title).where(Survey.id == survey_id)).first()
        if survey is None:
            raise Refused("survey_not_found")
        tried_id: int = session.execute(
            insert(TestResponse)
            .values(survey_id=survey_id, definition=dump(definition), answers=dict(answers), created_by=actor_id, created_at=now())
            .returning(TestResponse.id)
        ).scalar_one()
        newest = select(TestResponse.id).where(TestResponse.survey_id == survey_id).order_by(TestResponse.id.desc()).limit(MOST_TRIED)
        session.execute(delete(TestResponse).where(TestResponse.survey_id == survey_id, TestResponse.id.not_in(newest)))
        record_audit(
            "survey_tried",
            unit_id=survey.unit_id,
            object_type="survey",
            object_id=survey_id,
            detail={"title": survey.title},
            actor_id=actor_id,
        )
    return tried_id


def delete_tried_answers(survey_id: int, tried_id: int | None = None, *, actor_id: int | None) -> int:
    """One trial of this survey is gone, or all of them; returns how many. Refused("survey_not_found")."""
    with transaction() as session:
        survey = session.execute(select(Survey.unit_id, Survey.title).where(Survey.id == survey_id)).first()
        if survey is None:
            raise Refused("survey_not_found")
        unwanted = delete(TestResponse).where(TestResponse.survey_id == survey_id)
        if tried_id is not None:
            unwanted = unwanted.where(TestResponse.id == tried_id)
        count = len(session.execute(unwanted.returning(TestResponse.id)).all())
        if count:
            record_audit(
                "survey_trials_deleted",
                unit_id=survey.unit_id,
                object_type="survey",
                object_id=survey_id,
                detail={"title": survey.title, "count": count},
                actor_id=actor_id,
            )
    return count
