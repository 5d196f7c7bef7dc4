"""The end of a seal: the rest moves on, all answers are written anew in random order, key and buffer are destroyed.

    open ──(20 or more in all)──▶ opened        the last answers and the rewriting are one transaction
    open ──(fewer)─────────────▶ sealed         the buffer is emptied unread, for ever
    opened, sealed ─▶ dead rows vacuumed ─▶ private key overwritten ─▶ `destroyed_at`

Every arrow may be cut off by a crash; the sweeper rings until `destroyed_at` stands, and each step is done again or found done.
"""

from __future__ import annotations

import random
from typing import Any

import structlog
from sqlalchemy import text, update

from engage.clock import now
from engage.db import db, driver_connection, release_session, transaction
from engage.events import publish
from surveys.events import ResponsesArrived
from surveys.models import SurveySeal
from surveys.sealing.keys import destroy_key, read_key, remove_key
from surveys.sealing.locks import ALONE, gate_name
from surveys.sealing.moving import CHANCE, lock_seal, move_sealed_answers, read_waiting, store_responses
from surveys.sealing.rules import LEAST

log = structlog.get_logger(__name__)

_IS_CLOSED = "SELECT state = 'closed' FROM survey WHERE id = %s"
_COUNT = """
    SELECT (SELECT count(*) FROM response WHERE survey_id = %(id)s) + (SELECT count(*) FROM survey_sealed_answer WHERE survey_id = %(id)s)
"""
_STORED = "SELECT count(*) FROM response WHERE survey_id = %s"
_REWRITE = """
    WITH gone AS (DELETE FROM response WHERE survey_id = %s RETURNING *)
    INSERT INTO response SELECT * FROM gone ORDER BY id
"""
_EMPTY = "DELETE FROM survey_sealed_answer WHERE survey_id = %s"
_FORGET = "DELETE FROM survey_sealed_once WHERE survey_id = %s"
_TABLES = ("response", "survey_sealed_answer", "survey_sealed_once")


def break_seal(survey_id: int, draw: random.Random = CHANCE) -> bool:
    """A closed anonymous survey is opened for good, or sealed for good; True once nothing is left to do.

    False while it isn't closed, while another copy is at it, and on a machine without the survey's key.
    """
    release_session()
    while move_sealed_answers(survey_id, draw):
        pass
    public = _settle(survey_id, draw)
    if public is None:
        return False
    _vacuum()
    return _destroy(survey_id, public)


def _settle(survey_id: int, draw: random.Random) -> bytes | None:
    """The decision, written as a whole; returns the public key once it stands."""
    with transaction() as session:
        seal = lock_seal(session, survey_id)
        if seal is None:
            return None
        public = bytes(seal.public_key)
        if seal.state != "open":
            return public
        with driver_connection(session).cursor() as cursor:
            # Answers on their way are through after this; those that come later see the survey closed.
            cursor.execute(ALONE, (gate_name(survey_id),))
            if not _one(cursor.execute(_IS_CLOSED, (survey_id,))):
                return None
            private = read_key(public)
            if private is None and _one(cursor.execute(_COUNT, {"id": survey_id})) >= LEAST:
                log.error("survey_key_not_here", survey=survey_id)
                return None
            waiting = read_waiting(session, survey_id, private) if private is not None else []
            count = _one(cursor.execute(_STORED, (survey_id,))) + len(waiting)
            if count >= LEAST:
                store_responses(session, survey_id, waiting, draw)
                cursor.execute(_REWRITE, (survey_id,))
            cursor.execute(_EMPTY, (survey_id,))
            cursor.execute(_FORGET, (survey_id,))
        seal.state = "opened" if count >= LEAST else "sealed"
        session.flush()
        publish(ResponsesArrived(survey_id), coalesce=True)
    log.info("survey_unsealed" if count >= LEAST else "survey_stays_sealed", survey=survey_id)
    return public


def _one(cursor: Any) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None


def _vacuum() -> None:
    """The rows as they were before are gone from the tables, unless somebody's old snapshot still holds them: then autovacuum follows."""
    release_session()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _TABLES:
            connection.execute(text(f"VACUUM (INDEX_CLEANUP ON) {table}"))


def _destroy(survey_id: int, public: bytes) -> bool:
    if not destroy_key(public):
        log.error("survey_key_not_here", survey=survey_id)
        return False
    with transaction() as session:
        session.execute(
            update(SurveySeal).where(SurveySeal.survey_id == survey_id, SurveySeal.destroyed_at.is_(None)).values(destroyed_at=now())
        )
    remove_key(public)
    return True
