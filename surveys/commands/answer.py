"""What a citizen's link can do: be opened, be started, answer once, and say no. Every microsecond here is paid by thousands of phones."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Cursor
from psycopg.errors import DeadlockDetected
from psycopg.types.json import Jsonb

from engage.clock import now, today_in_tehran
from engage.db import db, driver_connection, in_transaction, transaction
from engage.events import publish
from engage.refusal import Refused
from engage.vault import vault
from surveys.commands.invite import revoke_invitations_of
from surveys.commands.marks import HOLD_MARK, set_mark
from surveys.commands.publish import close_survey
from surveys.commands.quotas import WHOLE, QuotaFull, quotas_met, take_quotas
from surveys.definitions import Definition
from surveys.events import NeighbourhoodDisputed, NumberDisowned, OptOutRequested, ResponsesArrived
from surveys.models import Channel
from surveys.queries.links import FoundLink, direct_cursor, link_by_id
from surveys.submission import Outcome, Submission
from surveys.uploads.commands import FilesGone, claim_uploads

_OPENED = "UPDATE invitation SET opened_on = %s WHERE id = %s AND opened_on IS NULL"
_STARTED = """
    UPDATE invitation SET started_at = %s
    WHERE id = %s AND started_at IS NULL AND NOT (SELECT is_anonymous FROM survey WHERE survey.id = invitation.survey_id)
"""

# The link is burnt and the response stored by one statement; `alone`, only where the mark is set already, so that nobody needs to be told.
_ANSWER = f"""
    WITH mark AS (
        {HOLD_MARK}
    ), burnt AS (
        UPDATE invitation i SET answered = true, started_at = coalesce(i.started_at, %(at)s)
        FROM survey s
        WHERE i.id = %(invitation_id)s AND NOT i.answered AND i.revoked_at IS NULL AND i.expires_at > %(at)s
          AND s.id = i.survey_id AND s.state = 'open' AND (s.closes_at IS NULL OR s.closes_at > %(at)s)
          AND (NOT %(alone)s OR EXISTS (SELECT FROM mark))
        RETURNING i.id
    ), stored AS (
        INSERT INTO response (survey_id, version_id, invitation_id, channel, answers, receipt_code, submitted_at, language, seconds, order_seed)
        SELECT %(survey_id)s, %(version_id)s, burnt.id, %(channel)s, %(answers)s, %(receipt_code)s, %(at)s, %(language)s, %(seconds)s, %(order_seed)s
        FROM burnt
        ON CONFLICT (invitation_id) DO UPDATE SET
            id = excluded.id, version_id = excluded.version_id, channel = excluded.channel, answers = excluded.answers, receipt_code = excluded.receipt_code,
            submitted_at = excluded.submitted_at, language = excluded.language, seconds = excluded.seconds, order_seed = excluded.order_seed,
            is_partial = false, flags = '{{}}', excluded_at = NULL, excluded_by = NULL, exclusion_reason = ''
        WHERE response.is_partial
        RETURNING id
    )
    SELECT EXISTS (SELECT FROM burnt), (SELECT id FROM stored), EXISTS (SELECT FROM mark)
"""
# What this link had left half-finished (`surveys.responses.keep_partial_answers`) becomes the whole answer: one person never counts twice.

_DROP_KEPT = "DELETE FROM response_draft WHERE invitation_id = %s"


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
    by_text: bool = False
    """The link's holder answered by replying to texts"""


class _NotBurnt(Exception):
    """The link has answered, or takes no answer: what was counted for it is given back."""


def submit_response(link: FoundLink, version_id: int, answers: Mapping[str, Any], whole: Whole = Whole()) -> Submission:
    """One link, one response: whoever comes first is recorded, everyone after gets that one's receipt again.

    `answers` were read by `surveys.definitions.read_answers` from version `version_id` of the link's survey, and are protected. The burnt
    link, the response, its counted quotas and claimed files are one transaction, and the kept pages are gone with it; the invitation's row
    lock puts racers in line, the unique constraint stands behind it. Within a caller's transaction (a conversation by text) all of it commits with that. Locks are taken in the order counters, invitation, mark. FULL: a
    quota has enough; TOO_LATE also when the survey has. FILES_GONE: a file the answers name was swept away, replaced or claimed since it was looked for, and nothing at all was written.
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
        # Within the caller's own transaction whatever is given back is given back to a savepoint.
        with db.session().begin_nested() if in_transaction() else nullcontext():
            submission, is_last = _submit_once(link, version_id, answers, whole)
    except _NotBurnt:
        return _earlier(link)
    except (FilesGone, QuotaFull) as problem:
        # Nothing was written; somebody who sends the same again is told what was recorded, whatever is full or gone since.
        earlier = _earlier(link)
        if earlier.outcome is Outcome.REPEATED:
            return earlier
        if isinstance(problem, FilesGone):
            return Submission(Outcome.FILES_GONE)
        if problem.quota_id != WHOLE:
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
    code = vault().receipt_code(link.invitation_id, "link ")
    values: dict[str, Any] = {
        "invitation_id": link.invitation_id,
        "survey_id": link.survey_id,
        "version_id": version_id,
        "channel": Channel.SMS if whole.by_text else Channel.LINK,
        "answers": Jsonb(dict(answers)),
        "receipt_code": code,
        "at": at,
        "language": whole.language,
        "seconds": whole.seconds,
        "order_seed": whole.order_seed,
    }
    definition = whole.definition
    has_limits = link.response_limit is not None or (definition is not None and bool(definition.quotas))
    has_files = definition is not None and any(question.takes_files for question in definition.questions)
    if not (has_limits or has_files or whole.had_pages):
        # In a burst nearly every answer is of this kind: a statement that commits by itself, and no session.
        with direct_cursor() as cursor:
            is_burnt, _id, is_marked = _answer(cursor, values, alone=True)
        if is_marked:
            return (Submission(Outcome.RECORDED, code, at) if is_burnt else _earlier(link)), False
    is_last = False
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            if has_limits:
                met = quotas_met(definition, answers, today_in_tehran().date()) if definition is not None else []
                is_last = take_quotas(cursor, link.survey_id, met, link.response_limit)
            is_burnt, response_id, is_marked = _answer(cursor, values, alone=False)
            if not is_burnt:
                raise _NotBurnt
            if whole.had_pages:
                cursor.execute(_DROP_KEPT, (link.invitation_id,))
            if definition is not None and not claim_uploads(link.survey_id, response_id, definition, answers):
                raise FilesGone
            first = not is_marked and set_mark(cursor, link.survey_id)
        if first:
            publish(ResponsesArrived(link.survey_id))
    return Submission(Outcome.RECORDED, code, at), is_last


def _answer(cursor: Cursor[Any], values: dict[str, Any], *, alone: bool) -> tuple[bool, int, bool]:
    """Whether the link was burnt, its response's id, and whether the mark is held."""
    row = cursor.execute(_ANSWER, values | {"alone": alone}, prepare=True).fetchone()
    assert row is not None
    is_burnt, response_id, is_marked = row
    if is_burnt and response_id is None:
        raise RuntimeError("an unanswered link has an answer")
    return is_burnt, response_id or 0, is_marked


def _earlier(link: FoundLink) -> Submission:
    with direct_cursor() as cursor:
        cursor.execute("SELECT receipt_code, submitted_at FROM response WHERE invitation_id = %s AND NOT is_partial", (link.invitation_id,))
        row = cursor.fetchone()
    return Submission(Outcome.REPEATED, row[0], row[1]) if row else Submission(Outcome.TOO_LATE)


def earlier_submission(link: FoundLink) -> Submission:
    """The receipt of a link that has answered; TOO_LATE when it has not."""
    return _earlier(link)


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
