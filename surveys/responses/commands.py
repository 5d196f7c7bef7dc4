"""Responses are left out and taken in again, looked at for quality, and made of what was never sent off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, ColumnElement, any_, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import aliased

from engage.clock import TEHRAN, now
from engage.db import transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.refusal import Refused
from surveys.events import ResponsesArrived
from surveys.models import Channel, EntranceTurn, Invitation, Response, ResponseDraft, Survey
from surveys.quality import flags_of, hasty_below, likeness
from surveys.queries.responses import definition_of, definitions_of_survey
from surveys.responses.queries import conditions
from surveys.responses.rules import Wanted, is_reason
from surveys.types import Question

BATCH = 500
PARTIAL_AFTER = timedelta(days=7)
"""So long after the last save an answer that was never sent off counts as half-finished."""


def exclude_response(response_id: int, reason: str, *, actor_id: int | None) -> None:
    """It is left out of every count. Refused: "exclusion_reason_missing", "responses_changed" where it is already."""
    _exclude([Response.id == response_id], reason, actor_id, expected=1)


def exclude_responses(survey_id: int, wanted: Wanted, upto: int, expected: int, reason: str, *, actor_id: int | None) -> int:
    """All counted or half-finished responses of this choice up to the id `upto` are left out; returns how many.

    `expected` is what the person was shown; where it isn't what would happen, nothing does. Refused: "exclusion_reason_missing",
    "responses_changed" (count).
    """
    return _exclude([*conditions(survey_id, wanted), Response.id <= upto], reason, actor_id, expected=expected)


def _exclude(where: Sequence[ColumnElement[bool]], reason: str, actor_id: int | None, *, expected: int) -> int:
    reason = " ".join(reason.split())
    if not is_reason(reason):
        raise Refused("exclusion_reason_missing")
    with transaction() as session:
        changed = (
            session.execute(
                update(Response)
                .where(*where, Response.excluded_at.is_(None))
                .values(excluded_at=now(), excluded_by=actor_id, exclusion_reason=reason)
                .returning(Response.survey_id)
            )
            .scalars()
            .all()
        )
        if len(changed) != expected:
            raise Refused("responses_changed", count=len(changed))
        if changed:
            _tell("responses_excluded", changed[0], len(changed), actor_id, reason=reason)
    return len(changed)


def include_response(response_id: int, *, actor_id: int | None) -> None:
    """It counts again. Refused: "response_gone" where it isn't left out, or a correction stands in its place."""
    replaced = select(EntranceTurn.response_id).where(EntranceTurn.corrects == Response.id).exists()
    with transaction() as session:
        survey_id = session.execute(
            update(Response)
            .where(Response.id == response_id, Response.excluded_at.is_not(None), ~replaced)
            .values(excluded_at=None, excluded_by=None, exclusion_reason="")
            .returning(Response.survey_id)
        ).scalar_one_or_none()
        if survey_id is None:
            raise Refused("response_gone")
        _tell("responses_included", survey_id, 1, actor_id)


def include_responses(survey_id: int, wanted: Wanted, upto: int, expected: int, *, actor_id: int | None) -> int:
    """All left-out responses of this choice count again; returns how many. Refused("responses_changed")."""
    replaced = select(EntranceTurn.response_id).where(EntranceTurn.corrects == Response.id).exists()
    with transaction() as session:
        changed = (
            session.execute(
                update(Response)
                .where(*conditions(survey_id, wanted), Response.id <= upto, Response.excluded_at.is_not(None), ~replaced)
                .values(excluded_at=None, excluded_by=None, exclusion_reason="")
                .returning(Response.id)
            )
            .scalars()
            .all()
        )
        if len(changed) != expected:
            raise Refused("responses_changed", count=len(changed))
        if changed:
            _tell("responses_included", survey_id, len(changed), actor_id)
    return len(changed)


def _tell(action: str, survey_id: int, count: int, actor_id: int | None, **detail: str) -> None:
    with transaction() as session:
        survey = session.execute(select(Survey.unit_id, Survey.title).where(Survey.id == survey_id)).one()
        record_audit(
            action,
            unit_id=survey.unit_id,
            object_type="survey",
            object_id=survey_id,
            detail={"title": survey.title, "count": count, **detail},
            actor_id=actor_id,
        )
        publish(ResponsesArrived(survey_id), coalesce=True)


def flag_responses(survey_id: int) -> int:
    """Every response carries the signs it shows among the others as they are now; returns how many changed. A second time changes nothing."""
    with transaction() as session:
        definitions = definitions_of_survey(survey_id)
        complete = (Response.survey_id == survey_id, ~Response.is_partial)
        seconds = session.scalars(
            select(Response.seconds).where(*complete, Response.seconds.is_not(None), Response.excluded_at.is_(None))
        ).all()
        hasty = hasty_below([each for each in seconds if each is not None])
        rows = session.execute(
            select(
                Response.id,
                Response.version_id,
                Response.answers,
                Response.seconds,
                Response.entrance_id,
                Response.submitted_at,
                Response.flags,
            )
            .where(*complete)
            .order_by(Response.id)
            .execution_options(yield_per=2000)
        )
        seen: set[tuple[object, ...]] = set()
        changes: dict[tuple[str, ...], list[int]] = {}
        for row in rows:
            definition = definitions.get(row.version_id)
            if definition is None:
                continue  # published since we began: the next look finds it
            alike = likeness(definition, row.answers)
            key = (alike, row.version_id, row.entrance_id, row.submitted_at.astimezone(TEHRAN).date())
            is_repeated = alike is not None and key in seen
            if alike is not None:
                seen.add(key)
            flags = flags_of(definition, row.answers, seconds=row.seconds, hasty=hasty, is_repeated=is_repeated)
            if flags != row.flags:
                changes.setdefault(tuple(flags), []).append(row.id)
        for new, ids in changes.items():
            session.execute(update(Response).where(Response.id == any_(cast(ids, ARRAY(BigInteger)))).values(flags=list(new)))
    return sum(map(len, changes.values()))


def keep_partial_answers(survey_id: int) -> int:
    """What was never sent off is kept as half-finished answers: everything once the survey is closed, before that what lies for a week.

    The link stays beside them: whoever comes back and answers puts the whole answer in their place (`surveys.commands.submit_response`), and
    a newer half takes the place of an older one. What could say who it was (own words, numbers, files) is left out: nobody sent it. Of
    several browsers with the same link the newest counts. Returns how many were kept.
    """
    kept = 0
    while (done := _keep_batch(survey_id)) is not None:
        kept += done
    return kept


def _keep_batch(survey_id: int) -> int | None:
    with transaction() as session:
        survey = session.execute(select(Survey.state, Survey.is_anonymous).where(Survey.id == survey_id)).first()
        if survey is None or survey.is_anonymous:
            return None
        due: list[ColumnElement[bool]] = [ResponseDraft.survey_id == survey_id]
        if survey.state != "closed":
            again = aliased(ResponseDraft)
            since = now() - PARTIAL_AFTER
            is_live = select(again.id).where(again.invitation_id == ResponseDraft.invitation_id, again.updated_at >= since).exists()
            due += [ResponseDraft.updated_at < since, ~is_live]
        # Whoever is just answering holds the invitation: their pages become a whole, and we pass them by.
        drafts = session.execute(
            select(ResponseDraft, Invitation.answered)
            .join(Invitation, Invitation.id == ResponseDraft.invitation_id)
            .where(*due)
            .order_by(ResponseDraft.invitation_id, ResponseDraft.updated_at.desc(), ResponseDraft.id.desc())
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if not drafts:
            return None
        kept, taken = 0, set[int | None]()
        asked: dict[int, dict[str, Question]] = {}
        for draft, has_answered in drafts:
            if draft.version_id not in asked:
                asked[draft.version_id] = {question.id: question for question in definition_of(draft.version_id).questions}
            known = {name: value for name, value in draft.answers.items() if not _reveals(asked[draft.version_id], name)}
            if draft.invitation_id in taken or has_answered or not known:
                continue
            taken.add(draft.invitation_id)
            kept += 1
            half = insert(Response).values(
                survey_id=survey_id,
                version_id=draft.version_id,
                invitation_id=draft.invitation_id,
                channel=Channel.LINK,
                answers=known,
                receipt_code="",
                submitted_at=draft.updated_at,
                language=draft.language,
                is_partial=True,
            )
            newer = {name: half.excluded[name] for name in ("version_id", "answers", "submitted_at", "language")}
            session.execute(half.on_conflict_do_update(index_elements=["invitation_id"], set_=newer, where=Response.is_partial.is_(True)))
        # The other browsers of these links, too: one person is one half-finished answer.
        session.execute(
            delete(ResponseDraft).where(
                ResponseDraft.survey_id == survey_id,
                ResponseDraft.id.in_([draft.id for draft, _ in drafts]) | ResponseDraft.invitation_id.in_(taken),
            )
        )
        if kept:
            publish(ResponsesArrived(survey_id), coalesce=True)
        return kept


def _reveals(asked: dict[str, Question], name: str) -> bool:
    question_id, _, part = name.partition(".")
    return question_id not in asked or asked[question_id].reveals_in(part)


def surveys_with_old_drafts() -> list[int]:
    """Surveys in which something lies unsent that is due."""
    with transaction() as session:
        rows = session.execute(
            select(ResponseDraft.survey_id)
            .join(Survey, Survey.id == ResponseDraft.survey_id)
            .where(
                (Survey.state == "closed") | (ResponseDraft.updated_at < now() - PARTIAL_AFTER), ResponseDraft.invitation_id.is_not(None)
            )
            .group_by(ResponseDraft.survey_id)
            .order_by(func.min(ResponseDraft.updated_at))
            .limit(100)
        )
        return list(rows.scalars())
