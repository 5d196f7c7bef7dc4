"""What a citizen's link can do: be opened, be started, answer once, and say no. Every microsecond here is paid by thousands of phones."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.errors import DeadlockDetected
from psycopg.types.json import Jsonb
from sqlalchemy import update

from engage.clock import now, today_in_tehran
from engage.db import driver_connection, transaction
from engage.events import publish
from engage.refusal import Refused
from engage.vault import vault
from surveys.commands.invite import revoke_invitations_of
from surveys.commands.publish import close_survey
from surveys.commands.quotas import WHOLE, QuotaFull, quotas_met, take_quotas
from surveys.definitions import Definition
from surveys.events import NeighbourhoodDisputed, NumberDisowned, OptOutRequested, ResponsesArrived
from surveys.models import AnswersMark, Channel
from surveys.queries.links import FoundLink, direct_cursor, link_by_id
from surveys.submission import Outcome, Submission
from surveys.uploads.commands import claim_uploads

_OPENED = "UPDATE invitation SET opened_on = %s WHERE id = %s AND opened_on IS NULL"
_STARTED = """
    UPDATE invitation SET started_at = %s
    WHERE id = %s AND started_at IS NULL AND NOT (SELECT is_anonymous FROM survey WHERE survey.id = invitation.survey_id)
"""

_BURN = """
    UPDATE invitation i SET answered = true, started_at = coalesce(i.started_at, %(at)s)
    FROM survey s
    WHERE i.id = %(invitation_id)s AND NOT i.answered AND i.revoked_at IS NULL AND i.expires_at > %(at)s
      AND s.id = i.survey_id AND s.state = 'open' AND (s.closes_at IS NULL OR s.closes_at > %(at)s)
    RETURNING nextval(pg_get_serial_sequence('response', 'id'))
"""

_STORE = """
    INSERT INTO response (id, survey_id, version_id, invitation_id, channel, answers, receipt_code, submitted_at, language, seconds, order_seed)
    VALUES (%(id)s, %(survey_id)s, %(version_id)s, %(invitation_id)s, %(channel)s, %(answers)s, %(receipt_code)s, %(at)s,
            %(language)s, %(seconds)s, %(order_seed)s)
"""

_DROP_KEPT = "DELETE FROM response_draft WHERE invitation_id = %s"

_SHARE_MARK = "SELECT 1 FROM survey_answers_mark WHERE survey_id = %s AND pending FOR SHARE SKIP LOCKED"

_SET_MARK = """
    INSERT INTO survey_answers_mark AS mark (survey_id, pending) VALUES (%s, true)
    ON CONFLICT (survey_id) DO UPDATE SET pending = true WHERE NOT mark.pending
    RETURNING 1
"""


def note_opened(invitation_id: int, day: date) -> None:
    """The link's first opening is remembered by its day; later ones change nothing."""
    with direct_cursor() as cursor:
        cursor.execute(_OPENED, (day, invitation_id))


def note_started(invitation_id: int) -> None:
    """The form was sent for the first time, though not yet complete. An anonymous survey keeps no such moment."""
    with direct_cursor() as cursor:
        cursor.execute(_STARTED, (now(), invitation_id))


DEADLOCKS_BORNE = 5


@dataclass(frozen=True, slots=True)
class Whole:
    """How a response came about, and what it is held against."""

    definition: Definition | None = None
    """Of the version it answers: for its quotas and files; None where it is known to have neither"""
    language: str = "fa"
    seconds: int | None = None
    order_seed: int = 0
    had_pages: bool = False
    """Earlier pages may be kept for it somewhere"""


def submit_response(link: FoundLink, version_id: int, answers: Mapping[str, Any], whole: Whole = Whole()) -> Submission:
    """One link, one response: whoever comes first is recorded, everyone after gets that one's receipt again.

    `answers` were read by `surveys.definitions.read_answers` from version `version_id` of the link's survey, and are protected. The burnt
    link, the response, its counted quotas and claimed files are one transaction, and the kept pages are gone with it; the invitation's row
    lock puts racers in line, the unique constraint stands behind it. FULL: a quota has enough; TOO_LATE also when the survey has.
    """
    for _ in range(DEADLOCKS_BORNE):
        try:
            return _submit_within_limits(link, version_id, answers, whole)
        except DeadlockDetected:
            # Two who came in the moment the mark was taken down: nothing of this one was written, so it is simply done again.
            continue
    return _submit_within_limits(link, version_id, answers, whole)


def _submit_within_limits(link: FoundLink, version_id: int, answers: Mapping[str, Any], whole: Whole) -> Submission:
    try:
        submission, is_last = _submit_once(link, version_id, answers, whole)
    except QuotaFull as full:
        if full.quota_id != WHOLE:
            return Submission(Outcome.FULL)
        submission, is_last = Submission(Outcome.TOO_LATE), True
    if is_last:
        close_full_survey(link.survey_id)
    return submission


def close_full_survey(survey_id: int) -> None:
    """It has as many responses as it wanted. In a transaction of its own: a submission must not wait for whoever changes the survey."""
    with suppress(Refused):  # whoever gave an answer at the same moment was first
        close_survey(survey_id, actor_id=None)


def _submit_once(link: FoundLink, version_id: int, answers: Mapping[str, Any], whole: Whole) -> tuple[Submission, bool]:
    at = now()
    is_last = False
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            cursor.execute(_BURN, {"invitation_id": link.invitation_id, "at": at}, prepare=True)
            burnt = cursor.fetchone()
            if burnt is None:
                return _earlier(link), False
            code = vault().receipt_code(burnt[0])
            if link.response_limit is not None or (whole.definition is not None and whole.definition.quotas):
                met = quotas_met(whole.definition, answers, today_in_tehran().date()) if whole.definition is not None else []
                is_last = take_quotas(cursor, link.survey_id, met, link.response_limit)
            cursor.execute(
                _STORE,
                {
                    "id": burnt[0],
                    "survey_id": link.survey_id,
                    "version_id": version_id,
                    "invitation_id": link.invitation_id,
                    "channel": Channel.LINK,
                    "answers": Jsonb(dict(answers)),
                    "receipt_code": code,
                    "at": at,
                    "language": whole.language,
                    "seconds": whole.seconds,
                    "order_seed": whole.order_seed,
                },
                prepare=True,
            )
            if whole.had_pages:
                cursor.execute(_DROP_KEPT, (link.invitation_id,))
            if whole.definition is not None:
                claim_uploads(link.survey_id, burnt[0], whole.definition, answers)
            # Who finds the mark set holds it by a share lock, so that it isn't taken down before this answer is there to be counted;
            # share locks don't wait for one another, so a burst isn't put in line behind one row.
            if cursor.execute(_SHARE_MARK, (link.survey_id,), prepare=True).fetchone() is None:
                first = cursor.execute(_SET_MARK, (link.survey_id,), prepare=True).fetchone() is not None
            else:
                first = False
        if first:
            publish(ResponsesArrived(link.survey_id))
    return Submission(Outcome.RECORDED, code, at), is_last


def _earlier(link: FoundLink) -> Submission:
    with direct_cursor() as cursor:
        cursor.execute("SELECT receipt_code, submitted_at FROM response WHERE invitation_id = %s", (link.invitation_id,))
        row = cursor.fetchone()
    return Submission(Outcome.REPEATED, row[0], row[1]) if row else Submission(Outcome.TOO_LATE)


def earlier_submission(link: FoundLink) -> Submission:
    """The receipt of a link that has answered; TOO_LATE when it has not."""
    return _earlier(link)


def take_answers_mark(survey_id: int) -> bool:
    """Whether answers have arrived since this was last asked; the next answer publishes ResponsesArrived again.

    Call it before counting, never after: it waits for answers on their way, so that whatever it clears is there to be counted.
    """
    with transaction() as session:
        taken = session.execute(
            update(AnswersMark)
            .where(AnswersMark.survey_id == survey_id, AnswersMark.pending)
            .values(pending=False)
            .returning(AnswersMark.survey_id)
        ).first()
    return taken is not None


def disown_number(link: FoundLink) -> None:
    """«این پیامک برای من نیست»: every link of this number is dead now, and contacts are told. A second time changes nothing."""
    with transaction():
        current = link_by_id(link.invitation_id)
        if current is None or current.is_revoked:
            return
        revoke_invitations_of(link.identity_id)
        publish(NumberDisowned(link.identity_id, link.invitation_id))


def request_opt_out(link: FoundLink) -> None:
    """«دیگر پیامک نفرستید»: contacts are told, and stop all texts to this number within the minute."""
    with transaction():
        publish(OptOutRequested(link.identity_id, link.invitation_id))


def dispute_neighbourhood(link: FoundLink) -> None:
    """«محلهٔ من این نیست»: the contact base is told that it has this number in the wrong place; the link goes on working."""
    with transaction():
        publish(NeighbourhoodDisputed(link.identity_id, link.invitation_id, link.unit_id))
