"""Whom a survey was sent to, as selectables and names for rooms that look for people by it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from engage.db import db
from surveys.models import Invitation, Response, Survey


def invited_numbers(survey_id: int, unit_ids: Collection[int], *, answered: bool | None = None) -> Select[Any]:
    """Selectable of `identity_id`: the numbers that these units invited; only those that have answered, or have not, if said.

    What other units asked the same numbers stays theirs.
    """
    found = select(Invitation.identity_id.label("identity_id")).where(Invitation.survey_id == survey_id, Invitation.unit_id.in_(unit_ids))
    return found if answered is None else found.where(Invitation.answered.is_(answered))


def answered_since(moment: datetime) -> Select[Any]:
    """Selectable of `identity_id`: the numbers whose links brought an answer to any survey since then. Answers to anonymous surveys are
    nobody's, so they don't count."""
    return (
        select(Invitation.identity_id.label("identity_id"))
        .join(Response, Response.invitation_id == Invitation.id)
        .where(Response.submitted_at > moment, Invitation.identity_id.is_not(None))
    )


def surveys_asked(unit_ids: Collection[int]) -> dict[int, str]:
    """Titles of published surveys that are these units' own or that they invited to, newest first."""
    invited = select(Invitation.survey_id).where(Invitation.unit_id.in_(unit_ids))
    rows = db.session.execute(
        select(Survey.id, Survey.title)
        .where(Survey.published_version_id.is_not(None), or_(Survey.unit_id.in_(unit_ids), Survey.id.in_(invited)))
        .order_by(Survey.id.desc())
        .limit(300)
    )
    return {row.id: row.title for row in rows}
