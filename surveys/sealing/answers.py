"""Taking an anonymous answer: sealed first, then the link burnt, in two transactions that have nothing in common.

One transaction for both would write one `xmin` into the answer and into the invitation, and everybody who may read the database could
join them. So:

1. The digest of the link (`survey_sealed_once`, unique) and the sealed answer are written together. Whoever loses this race, or comes
   again, finds the digest and is told what the first one was told.
2. The invitation's bare `answered` flag is set, without any time.

If the process dies between the two, the answer is safe and counts; the link still looks unanswered. The citizen who tries again meets the
digest, gets the thank-you page and the flag is set then. Who doesn't come again may be reminded once more: nobody can mend that from the
database, because nobody can tell there which link the digest belongs to, and that is the point.

The numbers of the two transactions lie close together, so a *sealed* answer can be told to be a link's; it can't be read. When answers
move on, their numbers, ids and places are all new, and those that stay behind are sealed anew (`surveys.sealing.moving`).
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from psycopg import Cursor

from engage.clock import now, today_in_tehran
from engage.db import driver_connection, in_transaction, transaction
from engage.jobs import enqueue_after_commit
from engage.vault import vault
from surveys.models import Channel
from surveys.queries.links import FoundLink, direct_cursor
from surveys.sealing.boxes import shut
from surveys.sealing.locks import ALONE, SHARE_GATE, gate_name, limit_name
from surveys.sealing.rules import MOVE_AT
from surveys.submission import Outcome, Submission

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_OPEN = "s.state = 'open' AND (s.closes_at IS NULL OR s.closes_at > %(at)s) AND k.state = 'open'"

_ONCE_FOR_LINK = f"""
    INSERT INTO survey_sealed_once (digest, survey_id)
    SELECT %(digest)s, s.id
    FROM invitation i JOIN survey s ON s.id = i.survey_id JOIN survey_seal k ON k.survey_id = s.id
    WHERE i.id = %(invitation_id)s AND NOT i.answered AND i.revoked_at IS NULL AND i.expires_at > %(at)s AND {_OPEN}
    ON CONFLICT DO NOTHING
    RETURNING (SELECT public_key FROM survey_seal WHERE survey_id = survey_sealed_once.survey_id),
              (SELECT response_limit FROM survey WHERE id = survey_sealed_once.survey_id)
"""

_ONCE_FOR_TURN = f"""
    INSERT INTO survey_sealed_once (digest, survey_id)
    SELECT %(digest)s, s.id FROM survey s JOIN survey_seal k ON k.survey_id = s.id WHERE s.id = %(survey_id)s AND {_OPEN}
    ON CONFLICT DO NOTHING
    RETURNING (SELECT public_key FROM survey_seal WHERE survey_id = survey_sealed_once.survey_id),
              (SELECT response_limit FROM survey WHERE id = survey_sealed_once.survey_id)
"""

_COUNT = "SELECT count(*) FROM survey_sealed_once WHERE survey_id = %s"
_STORE = "INSERT INTO survey_sealed_answer (id, survey_id, sealed) VALUES (%s, %s, %s)"
_IS_KNOWN = "SELECT 1 FROM survey_sealed_once WHERE digest = %s"
_IS_ANSWERED = "SELECT 1 FROM invitation WHERE id = %s AND answered AND revoked_at IS NULL"
_ARE_ENOUGH = f"SELECT count(*) = {MOVE_AT} FROM (SELECT FROM survey_sealed_answer WHERE survey_id = %s LIMIT {MOVE_AT}) waiting"
_BURN = "UPDATE invitation SET answered = true WHERE id = %s AND NOT answered"


class Content(msgspec.Struct, frozen=True):
    """What lies under seal: the answer and what will be told of it, never who or when more exactly than the day."""

    version_id: int
    day: date
    """In Tehran"""
    document: dict[str, Any]
    channel: str
    language: str = "fa"
    entrance_id: int | None = None
    collector_id: int | None = None


def seal_response(link: FoundLink, token: str, version_id: int, document: Mapping[str, Any], *, language: str = "fa") -> Submission:
    """One link, one sealed answer, however often and at once it is sent; every time the same receipt, without a time.

    `document` was read by `surveys.definitions.read_answers` from version `version_id` of the link's survey; `token` are the letters of
    this link. Must not be called inside a transaction: it makes two of its own.
    """
    _refuse_transaction()
    content = Content(version_id, today_in_tehran().date(), dict(document), Channel.LINK, language)
    outcome = _take(link.survey_id, token, content, link.invitation_id)
    if outcome not in _KEPT:
        return Submission(outcome)
    with direct_cursor() as cursor:
        cursor.execute(_BURN, (link.invitation_id,), prepare=True)
    return Submission(outcome, receipt_of(link.survey_id, token))


def seal_entrance_response(
    survey_id: int,
    turn: str,
    version_id: int,
    document: Mapping[str, Any],
    *,
    channel: Channel,
    entrance_id: int | None = None,
    collector_id: int | None = None,
    language: str = "fa",
) -> Submission:
    """As `seal_response` for whoever has no link: `turn` are unguessable letters of this one turn, which the browser holds.

    Counters and tickets of the entrance are the caller's, in a transaction of their own, after this one.
    """
    _refuse_transaction()
    content = Content(version_id, today_in_tehran().date(), dict(document), channel, language, entrance_id, collector_id)
    outcome = _take(survey_id, turn, content, None)
    return Submission(outcome, receipt_of(survey_id, turn) if outcome in _KEPT else "")


def earlier_sealed_submission(link: FoundLink, token: str) -> Submission:
    """The receipt of a link that has answered; TOO_LATE when it has not."""
    if link.is_answered:
        return Submission(Outcome.REPEATED, receipt_of(link.survey_id, token))
    return Submission(Outcome.TOO_LATE)


def is_turn_sealed(survey_id: int, turn: str) -> bool:
    """Whether whoever holds these letters has answered, as `seal_entrance_response` knows it."""
    with direct_cursor() as cursor:
        return cursor.execute(_IS_KNOWN, (once_digest(survey_id, turn),)).fetchone() is not None


def receipt_of(survey_id: int, token: str) -> str:
    """Five letters that follow from the token alone: they stand nowhere beside an answer and lead to none."""
    digest = _keyed("surveys: receipts", survey_id, token)
    return "".join(_LETTERS[byte & 31] for byte in digest[:5])


def once_digest(survey_id: int, token: str) -> bytes:
    """What stands for a link or a turn that has answered: 32 bytes nobody computes without the letters and the platform's keys."""
    return _keyed("surveys: once", survey_id, token)


def seal_secret() -> bytes:
    """The platform's part in every box (`surveys.sealing.boxes`)."""
    return bytes.fromhex(vault().derive_secret("surveys: sealed answers"))


class _Full(Exception):
    """No more answers are wanted: this one's transaction is given up."""


_KEPT = (Outcome.RECORDED, Outcome.REPEATED)


def _take(survey_id: int, token: str, content: Content, invitation_id: int | None) -> Outcome:
    try:
        return _store(survey_id, token, content, invitation_id)
    except _Full:
        return Outcome.FULL


def _store(survey_id: int, token: str, content: Content, invitation_id: int | None) -> Outcome:
    digest = once_digest(survey_id, token)
    given = {"digest": digest, "survey_id": survey_id, "invitation_id": invitation_id, "at": now()}
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            # Whoever breaks the seal waits until we are through; whoever comes after that sees the seal broken.
            cursor.execute(SHARE_GATE, (gate_name(survey_id),), prepare=True)
            cursor.execute(_ONCE_FOR_TURN if invitation_id is None else _ONCE_FOR_LINK, given, prepare=True)
            first = cursor.fetchone()
            if first is None:
                return _earlier(cursor, digest, invitation_id)
            public, most = first
            is_last = False
            if most is not None:
                cursor.execute(ALONE, (limit_name(survey_id),), prepare=True)
                count = cursor.execute(_COUNT, (survey_id,), prepare=True).fetchone()
                if count is None or count[0] > most:
                    raise _Full
                is_last = count[0] == most
            box = shut(public, seal_secret(), survey_id, msgspec.json.encode(content))
            cursor.execute(_STORE, (uuid.uuid4(), survey_id, box), prepare=True)
            are_enough = cursor.execute(_ARE_ENOUGH, (survey_id,), prepare=True).fetchone()
        if is_last:
            enqueue_after_commit("default", "surveys.sealing.jobs.close_full_survey", survey_id)
        elif are_enough is not None and are_enough[0]:
            enqueue_after_commit("bulk", "surveys.sealing.jobs.move_sealed_answers", survey_id)
    return Outcome.RECORDED


def _earlier(cursor: Cursor[Any], digest: bytes, invitation_id: int | None) -> Outcome:
    if cursor.execute(_IS_KNOWN, (digest,)).fetchone() is not None:
        return Outcome.REPEATED
    if invitation_id is not None and cursor.execute(_IS_ANSWERED, (invitation_id,)).fetchone() is not None:
        return Outcome.REPEATED
    return Outcome.TOO_LATE


def _keyed(name: str, survey_id: int, token: str) -> bytes:
    # A key that never rotates, or a link could answer again after a rotation.
    return hmac.digest(bytes.fromhex(vault().derive_secret(name)), b"%d " % survey_id + token.encode(), "sha256")


def _refuse_transaction() -> None:
    if in_transaction():
        raise RuntimeError("an anonymous answer inside another transaction could be joined with whatever that writes")
