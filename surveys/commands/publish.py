"""Publishing a version, and closing: by an officer, or because the time is over."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engage.clock import TEHRAN, now
from engage.db import db, transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused
from surveys import rules
from surveys.commands.drafts import incomplete, tell_earlier_saves
from surveys.commands.quotas import recount_quotas
from surveys.definitions import gaps, load
from surveys.events import SurveyClosed, SurveyPublished
from surveys.models import Invitation, Survey, SurveyVersion
from surveys.sealing import JOB_BREAK, arrived_count, open_seal, promise_gap


def publish_survey(
    survey_id: int,
    *,
    closes_at: datetime | None,
    results_on: date | None,
    actor_id: int | None,
    response_limit: int | None = None,
) -> int:
    """The draft is the survey's newest version, open for answers until `closes_at` or `response_limit` responses; returns its id.

    A draft that equals the newest version makes no second one: only dates and limit change. Whether it is anonymous is settled by the
    first version. Refused: "survey_has_no_question", "survey_without_title", "survey_incomplete" (number, gap), "deadline_passed",
    "results_before_deadline", "response_limit_reached" (count), "anonymity_is_settled", "anonymous_closed_for_good", "anonymous_with_quota",
    "anonymous_asks_who", "survey_not_found".
    """
    at = now()
    if closes_at is not None and closes_at <= at:
        raise Refused("deadline_passed")
    if closes_at is not None and results_on is not None and results_on < closes_at.astimezone(TEHRAN).date():
        raise Refused("results_before_deadline")
    with transaction() as session:
        survey = session.execute(select(Survey).where(Survey.id == survey_id).with_for_update(key_share=True)).scalar_one_or_none()
        if survey is None:
            raise Refused("survey_not_found")
        draft = load(survey.draft)
        missing = gaps(draft)
        if missing:
            raise incomplete(draft, next((gap for gap in missing if not gap.question_id), missing[0]))
        if draft.is_anonymous and (gap := promise_gap(draft)):
            raise Refused(gap)
        _settle_anonymity(session, survey, draft.is_anonymous)
        if response_limit is not None and response_limit <= (count := arrived_count(survey_id)):
            raise Refused("response_limit_reached", count=count)
        newest = session.execute(
            select(SurveyVersion).where(SurveyVersion.survey_id == survey_id).order_by(SurveyVersion.number.desc()).limit(1)
        ).scalar_one_or_none()
        if newest is not None and newest.definition == survey.draft:
            version_id, number = newest.id, newest.number
        else:
            number = newest.number + 1 if newest else 1
            version_id = session.execute(
                insert(SurveyVersion)
                .values(survey_id=survey_id, number=number, definition=survey.draft, published_by=actor_id, published_at=at)
                .returning(SurveyVersion.id)
            ).scalar_one()
        survey.state = rules.OPEN
        survey.published_version_id = version_id
        survey.closes_at = closes_at
        survey.results_on = results_on
        survey.response_limit = response_limit
        survey.closed_at = None
        session.flush()
        recount_quotas(session, survey_id, draft, response_limit)
        if closes_at is not None:
            # A later deadline is for everyone who was asked, not only for those who are asked from now on.
            session.execute(
                update(Invitation).where(Invitation.survey_id == survey_id, Invitation.expires_at < closes_at).values(expires_at=closes_at)
            )
        tell_earlier_saves(survey)
        record_audit(
            "survey_published",
            unit_id=survey.unit_id,
            object_type="survey",
            object_id=survey_id,
            detail={"title": survey.title, "version": number},
            actor_id=actor_id,
        )
        publish(SurveyPublished(survey_id, version_id))
    return int(version_id)


def _settle_anonymity(session: Session, survey: Survey, is_anonymous: bool) -> None:
    """Citizens were told on page one: what was promised with the first version holds for all."""
    if survey.published_version_id is None:
        survey.is_anonymous = is_anonymous
        if is_anonymous:
            session.flush()
            open_seal(survey.id)
    elif survey.is_anonymous != is_anonymous:
        raise Refused("anonymity_is_settled")
    elif is_anonymous and survey.state == rules.CLOSED:
        # Its key is gone with the closing: nothing could be sealed any more.
        raise Refused("anonymous_closed_for_good")


def close_survey(survey_id: int, *, actor_id: int | None) -> None:
    """No answer is accepted any more. Refused: "survey_not_closable"."""
    with transaction():
        _close(survey_id, actor_id)


def close_due_surveys() -> int:
    """Every open survey whose deadline has passed is closed; safe in any number of sweepers. Returns how many."""
    due = db.session.execute(select(Survey.id).where(Survey.state == rules.OPEN, Survey.closes_at <= now()).limit(100)).scalars().all()
    closed = 0
    for survey_id in due:
        try:
            with transaction():
                _close(survey_id, None, only_due=True)
                closed += 1
        except Refused:
            continue  # another sweeper, or an officer who moved the deadline, was first
    return closed


def _close(survey_id: int, actor_id: int | None, *, only_due: bool = False) -> None:
    at = now()
    wanted = update(Survey).where(Survey.id == survey_id, Survey.state == rules.OPEN)
    if only_due:
        wanted = wanted.where(Survey.closes_at <= at)
    closed = db.session.execute(
        # What was closed by its deadline was closed at the deadline, however late the sweeper came.
        wanted.values(state=rules.CLOSED, closed_at=func.least(func.coalesce(Survey.closes_at, at), at)).returning(
            Survey.unit_id, Survey.title, Survey.is_anonymous
        )
    ).first()
    if closed is None:
        raise Refused("survey_not_closable")
    record_audit(
        "survey_closed",
        unit_id=closed.unit_id,
        object_type="survey",
        object_id=survey_id,
        detail={"title": closed.title},
        actor_id=actor_id,
    )
    publish(SurveyClosed(survey_id))
    if closed.is_anonymous:
        enqueue_after_commit("bulk", JOB_BREAK, survey_id)
