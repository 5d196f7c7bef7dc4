"""Entrances are made, changed, closed and opened again; each is in the audit log."""

from __future__ import annotations

import secrets

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from surveys.entrances.rules import MOST_ENTRANCES, Kind, Plan, check_plan, draw_slug
from surveys.models import Entrance, Survey
from surveys.rules import DRAFT, is_open


def make_entrance(survey_id: int, plan: Plan, *, actor_id: int | None) -> int:
    """A new way into an open survey; its id. Nothing leads to it yet but its letters.

    Refused: what `check_plan` says, "entrance_survey_draft", "entrance_survey_closed", "too_many_entrances" (limit), "survey_not_found".
    """
    plan = check_plan(plan)
    at = now()
    with transaction() as session:
        survey = _open_survey(session, survey_id)
        if (session.scalar(select(func.count()).where(Entrance.survey_id == survey_id)) or 0) >= MOST_ENTRANCES:
            raise Refused("too_many_entrances", limit=MOST_ENTRANCES)
        entrance = Entrance(
            slug=draw_slug(secrets.randbelow),
            survey_id=survey_id,
            kind=plan.kind,
            label=plan.label,
            asks_phone=plan.asks_phone,
            response_limit=plan.response_limit,
            collector_limit=plan.collector_limit,
            device_limit=plan.device_limit,
            created_by=actor_id,
            created_at=at,
        )
        session.add(entrance)
        session.flush()
        _audit("entrance_made", survey, entrance, actor_id)
        return entrance.id


def change_entrance(entrance_id: int, plan: Plan, *, actor_id: int | None) -> None:
    """Label and ceilings are those of `plan`; what the entrance is, and whether it asks for a phone, stays.

    A ceiling below what has come in lets nobody else in. Refused: like `make_entrance`, and "entrance_gone".
    """
    with transaction() as session:
        entrance = _locked(session, entrance_id)
        survey = _open_survey(session, entrance.survey_id)
        plan = check_plan(
            Plan(Kind(entrance.kind), plan.label, entrance.asks_phone, plan.response_limit, plan.collector_limit, plan.device_limit)
        )
        wanted = (plan.label, plan.response_limit, plan.collector_limit, plan.device_limit)
        if wanted == (entrance.label, entrance.response_limit, entrance.collector_limit, entrance.device_limit):
            return
        entrance.label, entrance.response_limit, entrance.collector_limit, entrance.device_limit = wanted
        _audit("entrance_changed", survey, entrance, actor_id)


def close_entrance(entrance_id: int, *, actor_id: int | None) -> None:
    """Nobody enters here any more, from now on; a second time changes nothing. Refused: "entrance_gone", "entrance_survey_closed"."""
    with transaction() as session:
        entrance = _locked(session, entrance_id)
        survey = _open_survey(session, entrance.survey_id)
        if entrance.closed_at is None:
            entrance.closed_at = now()
            _audit("entrance_closed", survey, entrance, actor_id)


def reopen_entrance(entrance_id: int, *, actor_id: int | None) -> None:
    """It takes responses again, by the same address. Refused: "entrance_gone", "entrance_survey_closed"."""
    with transaction() as session:
        entrance = _locked(session, entrance_id)
        survey = _open_survey(session, entrance.survey_id)
        if entrance.closed_at is not None:
            entrance.closed_at = None
            _audit("entrance_reopened", survey, entrance, actor_id)


def _locked(session: Session, entrance_id: int) -> Entrance:
    entrance = session.scalar(
        select(Entrance).where(Entrance.id == entrance_id).with_for_update().execution_options(populate_existing=True)
    )
    if entrance is None:
        raise Refused("entrance_gone")
    return entrance


def _open_survey(session: Session, survey_id: int) -> Survey:
    survey = session.scalar(
        select(Survey).where(Survey.id == survey_id).with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    )
    if survey is None:
        raise Refused("survey_not_found")
    if survey.state == DRAFT or survey.published_version_id is None:
        raise Refused("entrance_survey_draft")
    if not is_open(survey.state, survey.closes_at, now()):
        raise Refused("entrance_survey_closed")
    return survey


def _audit(action: str, survey: Survey, entrance: Entrance, actor_id: int | None) -> None:
    record_audit(
        action,
        unit_id=survey.unit_id,
        object_type="survey",
        object_id=survey.id,
        detail={"title": survey.title, "entrance": entrance.label, "way": entrance.kind},
        actor_id=actor_id,
    )
