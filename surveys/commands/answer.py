"""What a citizen's link can do: be opened, be started, answer once, and say no. Every microsecond here is paid by thousands of phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from psycopg.errors import DeadlockDetected
from psycopg.types.json import Jsonb
from sqlalchemy import update

from engage.clock import now
from engage.db import driver_connection, transaction
from engage.events import publish
from engage.vault import vault
from surveys.commands.invite import revoke_invitations_of
from surveys.events import NumberDisowned, OptOutRequested, ResponsesArrived
from surveys.models import AnswersMark, Channel
from surveys.queries.links import FoundLink, direct_cursor, link_by_id

_OPENED = "UPDATE invitation SET opened_on = %s WHERE id = %s AND opened_on IS NULL"
_STARTED = "UPDATE invitation SET started_at = %s WHERE id = %s AND started_at IS NULL"

_BURN = """
    UPDATE invitation i SET answered = true, started_at = coalesce(i.started_at, %(at)s)
    FROM survey s
    WHERE i.id = %(invitation_id)s AND NOT i.answered AND i.revoked_at IS NULL AND i.expires_at > %(at)s
      AND s.id = i.survey_id AND s.state = 'open' AND (s.closes_at IS NULL OR s.closes_at > %(at)s)
    RETURNING nextval(pg_get_serial_sequence('response', 'id'))
"""

_STORE = """
    INSERT INTO response (id, survey_id, version_id, invitation_id, channel, answers, receipt_code, submitted_at)
    VALUES (%(id)s, %(survey_id)s, %(version_id)s, %(invitation_id)s, %(channel)s, %(answers)s, %(receipt_code)s, %(at)s)
"""

_SHARE_MARK = "SELECT 1 FROM survey_answers_mark WHERE survey_id = %s AND pending FOR SHARE SKIP LOCKED"

_SET_MARK = """
    INSERT INTO survey_answers_mark AS mark (survey_id, pending) VALUES (%s, true)
    ON CONFLICT (survey_id) DO UPDATE SET pending = true WHERE NOT mark.pending
    RETURNING 1
"""


class Outcome(StrEnum):
    RECORDED = "recorded"
    REPEATED = "repeated"
    """This link had answered before: its first answer counts."""
    TOO_LATE = "too_late"
    """Closed, expired or revoked between the form and its submission."""


@dataclass(frozen=True)
class Submission:
    """What came of sending the form. The receipt is there unless it was too late."""

    outcome: Outcome
    receipt_code: str = ""
    submitted_at: datetime | None = None


def note_opened(invitation_id: int, day: date) -> None:
    """The link's first opening is remembered by its day; later ones change nothing."""
    with direct_cursor() as cursor:
        cursor.execute(_OPENED, (day, invitation_id))


def note_started(invitation_id: int) -> None:
    """The form was sent for the first time, though not yet complete."""
    with direct_cursor() as cursor:
        cursor.execute(_STARTED, (now(), invitation_id))


DEADLOCKS_BORNE = 5


def submit_response(link: FoundLink, version_id: int, answers: Mapping[str, Any]) -> Submission:
    """One link, one response: whoever comes first is recorded, everyone after gets that one's receipt again.

    `answers` were read by `surveys.definitions.read_answers` from version `version_id` of the link's survey. The burnt link and the
    response are one transaction; the invitation's row lock puts racers in line, the unique constraint stands behind it.
    """
    for _ in range(DEADLOCKS_BORNE):
        try:
            return _submit_once(link, version_id, answers)
        except DeadlockDetected:
            # Two who came in the moment the mark was taken down: nothing of this one was written, so it is simply done again.
            continue
    return _submit_once(link, version_id, answers)


def _submit_once(link: FoundLink, version_id: int, answers: Mapping[str, Any]) -> Submission:
    at = now()
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            cursor.execute(_BURN, {"invitation_id": link.invitation_id, "at": at}, prepare=True)
            burnt = cursor.fetchone()
            if burnt is None:
                return _earlier(link)
            code = vault().receipt_code(burnt[0])
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
                },
                prepare=True,
            )
            # Who finds the mark set holds it by a share lock, so that it isn't taken down before this answer is there to be counted;
            # share locks don't wait for one another, so a burst isn't put in line behind one row.
            if cursor.execute(_SHARE_MARK, (link.survey_id,), prepare=True).fetchone() is None:
                first = cursor.execute(_SET_MARK, (link.survey_id,), prepare=True).fetchone() is not None
            else:
                first = False
        if first:
            publish(ResponsesArrived(link.survey_id))
    return Submission(Outcome.RECORDED, code, at)


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
