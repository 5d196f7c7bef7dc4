"""Seals as others see them: made with the first publication, found, counted, rung for."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import func, insert, or_, select

from engage.db import db, transaction
from engage.jobs import ring
from engage.persian import format_number
from surveys import rules
from surveys.models import Response, SealedAnswer, SealedOnce, Survey, SurveySeal
from surveys.sealing.keys import create_key, read_key
from surveys.sealing.rules import LEAST, MOVE_AT

JOB_MOVE = "surveys.sealing.jobs.move_sealed_answers"
JOB_BREAK = "surveys.sealing.jobs.break_seal"
JOB_CLOSE = "surveys.sealing.jobs.close_full_survey"


def open_seal(survey_id: int) -> None:
    """From the caller's commit on this survey takes sealed answers; its key is on disk before. Refused("survey_key_unwritable").

    A second time changes nothing.
    """
    with transaction() as session:
        if session.get(SurveySeal, survey_id) is None:
            session.execute(insert(SurveySeal).values(survey_id=survey_id, public_key=create_key(survey_id), state="open"))


def seal_state(survey_id: int) -> str | None:
    """open, opened or sealed; None for a survey that isn't anonymous."""
    return db.session.execute(select(SurveySeal.state).where(SurveySeal.survey_id == survey_id)).scalar_one_or_none()


def is_sealed(survey_id: int) -> bool:
    """Whether it ended with too few answers: nobody will ever see them."""
    return seal_state(survey_id) == "sealed"


def sealed_surveys(survey_ids: Iterable[int]) -> set[int]:
    """Those of these surveys that `is_sealed`."""
    wanted = select(SurveySeal.survey_id).where(SurveySeal.survey_id.in_(list(survey_ids)), SurveySeal.state == "sealed")
    return set(db.session.scalars(wanted))


def is_under_seal(survey_id: int) -> bool:
    """Whether answers may still wait that no count of responses holds."""
    return seal_state(survey_id) == "open"


def sealed_count_words() -> str:
    """What stands where a sealed survey's count would: «کمتر از ۲۰ پاسخ»."""
    return _("fewer than %(count)s answers", count=format_number(LEAST))


def arrived_count(survey_id: int) -> int:
    """Answers that came, under seal or not: for holding them against a limit, never for showing."""
    sealed = select(func.count()).where(SealedAnswer.survey_id == survey_id).scalar_subquery()
    stored = select(func.count()).where(Response.survey_id == survey_id, ~Response.is_partial).scalar_subquery()
    return int(db.session.execute(select(sealed + stored)).scalar_one())


def is_full(survey_id: int) -> bool:
    """Whether an open anonymous survey has as many answers as were wanted."""
    return survey_id in _full_surveys()


def _full_surveys() -> list[int]:
    taken = select(func.count()).where(SealedOnce.survey_id == Survey.id).scalar_subquery()
    full = select(Survey.id).where(Survey.is_anonymous, Survey.state == rules.OPEN, Survey.response_limit <= taken)
    return list(db.session.scalars(full.order_by(Survey.id)))


def ring_for_seals() -> int:
    """Ring for every survey with enough answers under seal, for every one with all that were wanted, and for every closed one whose seal
    is whole. Returns how many."""
    many = select(SealedAnswer.survey_id).group_by(SealedAnswer.survey_id).having(func.count() >= MOVE_AT)
    over = (
        select(SurveySeal.survey_id)
        .join(Survey, Survey.id == SurveySeal.survey_id)
        .where(SurveySeal.destroyed_at.is_(None), or_(Survey.state == rules.CLOSED, SurveySeal.state != "open"))
    )
    full = _full_surveys()
    ended = sorted(db.session.scalars(over))
    waiting = sorted(set(db.session.scalars(many)).difference(ended))
    db.session.rollback()
    return (
        sum(ring("default", JOB_CLOSE, survey_id) for survey_id in full)
        + sum(ring("bulk", JOB_BREAK, survey_id) for survey_id in ended)
        + sum(ring("bulk", JOB_MOVE, survey_id) for survey_id in waiting)
    )


def seals_without_key() -> list[int]:
    """Surveys under seal whose private key isn't on this machine: without it their answers can never be opened."""
    rows = db.session.execute(
        select(SurveySeal.survey_id, SurveySeal.public_key).where(SurveySeal.state == "open").order_by(SurveySeal.survey_id)
    )
    return [survey_id for survey_id, public in rows if read_key(bytes(public)) is None]
