"""Sending a turn off: one response, however often and at once it is sent, within every ceiling.

Confidential: place, turn and response are one transaction. Anonymous: the place is taken first, in a transaction that has nothing in
common with the sealed answer; where no answer came of it, it is given back. If the process dies between the two, one place stays taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.errors import DeadlockDetected, UniqueViolation
from psycopg.types.json import Jsonb

from engage.clock import TEHRAN, now, today_in_tehran
from engage.db import driver_connection, transaction
from engage.events import publish
from engage.identity.commands import record_audit
from engage.vault import vault
from surveys.commands.answer import DEADLOCKS_BORNE, close_full_survey
from surveys.commands.marks import note_answer
from surveys.commands.quotas import WHOLE, QuotaFull, quotas_met, take_quotas
from surveys.definitions import Definition
from surveys.entrances.commands.places import NoPlace, Turn, give_place_back, take_place
from surveys.entrances.rules import CORRECTION_LASTS
from surveys.events import ResponsesArrived
from surveys.models import Channel
from surveys.queries import definition_of
from surveys.sealing import arrived_count, is_turn_sealed, receipt_of, seal_entrance_response
from surveys.submission import Outcome, Submission
from surveys.uploads.commands import FilesGone, claim_uploads

_NEXT_ID = """
    SELECT nextval(pg_get_serial_sequence('response', 'id')) FROM survey s
    WHERE s.id = %(survey_id)s AND s.state = 'open' AND (s.closes_at IS NULL OR s.closes_at > %(at)s)
"""

_STORE = """
    INSERT INTO response (id, survey_id, version_id, channel, answers, receipt_code, submitted_at, entrance_id, collector_id, language, order_seed)
    VALUES (%(id)s, %(survey_id)s, %(version_id)s, %(channel)s, %(answers)s, %(receipt_code)s, %(at)s, %(entrance_id)s, %(collector_id)s,
            %(language)s, %(order_seed)s)
"""

_END_TURN = """
    INSERT INTO survey_entrance_turn (digest, entrance_id, response_id, number, corrects)
    VALUES (%(digest)s, %(entrance_id)s, %(response_id)s, %(number)s, %(corrects)s)
"""

_EARLIER = """
    SELECT r.receipt_code, r.submitted_at, t.number
    FROM survey_entrance_turn t JOIN response r ON r.id = t.response_id WHERE t.digest = %s
"""

_PUT_ASIDE = """
    UPDATE response r SET excluded_at = %(at)s, excluded_by = %(collector_id)s, exclusion_reason = %(reason)s
    FROM survey_entrance_turn t, survey_entrance e
    WHERE r.id = %(corrects)s AND r.collector_id = %(collector_id)s AND r.entrance_id = %(entrance_id)s AND r.excluded_at IS NULL
      AND r.submitted_at > %(since)s AND t.response_id = r.id AND e.id = r.entrance_id AND e.closed_at IS NULL
    RETURNING t.number, r.version_id, r.answers, r.submitted_at
"""

_LEAVE_QUOTAS = """
    UPDATE survey_quota_count SET response_count = response_count - 1
    WHERE survey_id = %s AND quota_id = ANY(%s) AND response_count > 0
"""

CORRECTED = "تصحیح شد؛ برگهٔ دوباره‌واردشده جای آن را گرفت"
"""Why the first entry of a sheet is excluded. Data in Persian, as an officer would have typed it."""


@dataclass(frozen=True)
class Entered:
    """What came of a turn: `problem` is one of `NoPlace`'s codes or "not_correctable", with which nothing was stored."""

    submission: Submission
    number: int | None = None
    """The running number in the entrance; None where nobody may count: anonymous surveys"""
    problem: str = ""


@dataclass(frozen=True)
class Answers:
    """What was answered, whole and read by its version, and how it came about."""

    version_id: int
    document: Mapping[str, Any]
    definition: Definition
    """Of that version: for its quotas and files"""
    language: str = "fa"
    order_seed: int = 0


class _Gone(Exception):
    """The transaction is to be given up: the same turn was first, or the survey is closed."""


def submit_turn(turn: Turn, letters: str, answers: Answers) -> Entered:
    """The turn's one response is stored; sent again, its first one's receipt comes back.

    `letters` are what the browser holds of the turn, with the entrance's own: unguessable, and the same every time.
    """
    if turn.entrance.is_anonymous:
        return _seal(turn, letters, answers)
    for _ in range(DEADLOCKS_BORNE):
        try:
            return _store_within_limits(turn, answers)
        except DeadlockDetected:
            continue  # nothing of this one was written
    return _store_within_limits(turn, answers)


def earlier_entry(turn: Turn, letters: str) -> Entered | None:
    """What came of this turn before; None while it is still open."""
    # In the session's own transaction: a second connection for each of many requests would run the pool dry.
    with transaction() as session:
        if turn.entrance.is_anonymous:
            if not is_turn_sealed(turn.entrance.survey_id, letters):
                return None
            return Entered(Submission(Outcome.REPEATED, receipt_of(turn.entrance.survey_id, letters)))
        with driver_connection(session).cursor() as cursor:
            row = cursor.execute(_EARLIER, (turn.digest,)).fetchone()
    return Entered(Submission(Outcome.REPEATED, row[0], row[1]), row[2]) if row else None


def _store_within_limits(turn: Turn, answers: Answers) -> Entered:
    try:
        entered, is_last = _store(turn, answers)
    except FilesGone:
        return earlier_entry(turn, "") or Entered(Submission(Outcome.FILES_GONE))
    except QuotaFull as full:
        earlier = earlier_entry(turn, "")
        if earlier is not None:
            return earlier
        if full.quota_id != WHOLE:
            return Entered(Submission(Outcome.FULL), problem="quota_full")
        entered, is_last = Entered(Submission(Outcome.TOO_LATE)), True
    if is_last:
        close_full_survey(turn.entrance.survey_id)
    return entered


def _store(turn: Turn, answers: Answers) -> tuple[Entered, bool]:
    """And whether this was the last response the survey wanted."""
    at = now()
    problem = ""
    try:
        with transaction() as session:
            with driver_connection(session).cursor() as cursor:
                if cursor.execute(_EARLIER, (turn.digest,)).fetchone() is not None:
                    raise _Gone
                next_id = cursor.execute(_NEXT_ID, {"survey_id": turn.entrance.survey_id, "at": at}).fetchone()
                if next_id is None:
                    raise _Gone
                number = take_place(cursor, turn) if turn.corrects is None else _put_aside(cursor, turn, at)
                met = quotas_met(answers.definition, answers.document, today_in_tehran().date())
                is_last = take_quotas(cursor, turn.entrance.survey_id, met, turn.entrance.survey_limit)
                code = vault().receipt_code(next_id[0])
                _write(cursor, turn, answers, response_id=next_id[0], number=number, code=code, at=at)
                if not claim_uploads(turn.entrance.survey_id, next_id[0], answers.definition, answers.document):
                    raise FilesGone
                is_first = note_answer(cursor, turn.entrance.survey_id)
            if turn.corrects is not None:
                _audit(turn, number)
            if is_first:
                publish(ResponsesArrived(turn.entrance.survey_id))
        return Entered(Submission(Outcome.RECORDED, code, at), number), is_last
    except NoPlace as full:
        problem = full.code
    except (UniqueViolation, _Gone):
        pass
    return earlier_entry(turn, "") or Entered(Submission(Outcome.TOO_LATE), problem=problem), False


def _write(cursor: psycopg.Cursor[Any], turn: Turn, answers: Answers, *, response_id: int, number: int, code: str, at: datetime) -> None:
    cursor.execute(
        _STORE,
        {
            "id": response_id,
            "survey_id": turn.entrance.survey_id,
            "version_id": answers.version_id,
            "channel": Channel(turn.entrance.kind.value),
            "answers": Jsonb(dict(answers.document)),
            "receipt_code": code,
            "at": at,
            "entrance_id": turn.entrance.id,
            "collector_id": turn.collector_id,
            "language": answers.language,
            "order_seed": answers.order_seed,
        },
    )
    # The digest is unique: whoever sent the same turn at the same moment waits here, and finds it ended.
    cursor.execute(
        _END_TURN,
        {"digest": turn.digest, "entrance_id": turn.entrance.id, "response_id": response_id, "number": number, "corrects": turn.corrects},
    )


def _put_aside(cursor: psycopg.Cursor[Any], turn: Turn, at: datetime) -> int:
    """The entry that is corrected counts no more; its number goes to the new one, and its place with it."""
    given = {
        "at": at,
        "collector_id": turn.collector_id,
        "reason": CORRECTED,
        "corrects": turn.corrects,
        "entrance_id": turn.entrance.id,
        "since": at - CORRECTION_LASTS,
    }
    row = cursor.execute(_PUT_ASIDE, given).fetchone()
    if row is None:
        raise NoPlace("not_correctable")
    was_met = quotas_met(definition_of(row[1]), row[2], row[3].astimezone(TEHRAN).date())
    cursor.execute(_LEAVE_QUOTAS, (turn.entrance.survey_id, [WHOLE, *(quota_id for quota_id, _ in was_met)]))
    return int(row[0])


def _audit(turn: Turn, number: int) -> None:
    record_audit(
        "entry_corrected",
        unit_id=turn.entrance.unit_id,
        object_type="survey",
        object_id=turn.entrance.survey_id,
        detail={"title": turn.entrance.title, "entrance": turn.entrance.label, "number": number},
        actor_id=turn.collector_id,
    )


def _seal(turn: Turn, letters: str, answers: Answers) -> Entered:
    earlier = earlier_entry(turn, letters)
    if earlier is not None:
        return earlier
    survey_id, limit = turn.entrance.survey_id, turn.entrance.survey_limit
    if limit is not None and arrived_count(survey_id) >= limit:
        close_full_survey(survey_id)
        return Entered(Submission(Outcome.TOO_LATE))
    try:
        with transaction() as session, driver_connection(session).cursor() as cursor:
            take_place(cursor, turn)
    except NoPlace as full:
        return earlier_entry(turn, letters) or Entered(Submission(Outcome.TOO_LATE), problem=full.code)
    sealed = None
    try:
        sealed = seal_entrance_response(
            survey_id,
            letters,
            answers.version_id,
            answers.document,
            channel=Channel(turn.entrance.kind.value),
            entrance_id=turn.entrance.id,
            collector_id=turn.collector_id,
            language=answers.language,
        )
    finally:
        if sealed is None or sealed.outcome is not Outcome.RECORDED:
            with transaction() as session, driver_connection(session).cursor() as cursor:
                give_place_back(cursor, turn)
    if limit is not None and sealed.outcome is Outcome.RECORDED and arrived_count(survey_id) >= limit:
        close_full_survey(survey_id)
    return Entered(sealed)
