"""From the buffer to the responses: twenty or more at random, under new ids, in an order that says nothing.

A move is one transaction: the chosen leave the buffer and are responses, those that stay are sealed anew under new ids, or nothing
happened. So it may be killed at any moment and run in any number of copies, one of which works.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import msgspec
import structlog
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.orm import Session

from engage.clock import TEHRAN
from engage.db import copy_into, driver_connection, transaction
from engage.events import publish
from surveys.events import ResponsesArrived
from surveys.models import SurveySeal
from surveys.sealing.answers import Content, seal_secret
from surveys.sealing.boxes import shut, unlock
from surveys.sealing.keys import read_key
from surveys.sealing.locks import TRY_MOVER, mover_name
from surveys.sealing.rules import count_to_move, days_told

log = structlog.get_logger(__name__)

CHANCE = random.SystemRandom()
"""Draws from the system's own source; tests bring one with a seed."""
AT_ONCE = 5000
"""So many answers a move reads at most: any number may have come in the meantime. Their ids are random, so these are, too."""
LOWEST_ID = 1 << 61
"""Random ids begin here, where no counted id ever comes."""

_READ = "SELECT id, sealed FROM survey_sealed_answer WHERE survey_id = %s ORDER BY id LIMIT %s"
_TAKE = "DELETE FROM survey_sealed_answer WHERE id = ANY(%s)"
_RESPONSE = (
    "id",
    "survey_id",
    "version_id",
    "channel",
    "answers",
    "receipt_code",
    "submitted_at",
    "entrance_id",
    "collector_id",
    "language",
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One answer under seal, opened."""

    ids: list[uuid.UUID]
    """Its own, and those of copies somebody made of its box"""
    raw: bytes
    content: Content


def move_sealed_answers(survey_id: int, draw: random.Random = CHANCE) -> int:
    """Once forty answers wait, a random part of them becomes responses, leaving twenty to thirty-nine behind; returns how many moved.

    0 also while another copy is at it, and on a machine without the survey's key.
    """
    with transaction() as session:
        seal = lock_seal(session, survey_id)
        if seal is None or seal.state != "open":
            return 0
        private = read_key(seal.public_key)
        if private is None:
            log.warning("survey_key_not_here", survey=survey_id)
            return 0
        waiting = read_waiting(session, survey_id, private, AT_ONCE)
        count = count_to_move(len(waiting))
        if count == 0:
            return 0
        draw.shuffle(waiting)
        moving, staying = waiting[:count], waiting[count:]
        with driver_connection(session).cursor() as cursor:
            cursor.execute(_TAKE, ([answer_id for each in waiting for answer_id in each.ids],))
        secret = seal_secret()
        anew = sorted(
            (uuid.UUID(int=draw.getrandbits(128), version=4), shut(seal.public_key, secret, survey_id, each.raw)) for each in staying
        )
        copy_into(session, "survey_sealed_answer", ("id", "survey_id", "sealed"), ((new_id, survey_id, box) for new_id, box in anew))
        store_responses(session, survey_id, moving, draw)
        publish(ResponsesArrived(survey_id), coalesce=True)
    log.info("sealed_answers_moved", survey=survey_id, count=count)
    return count


def lock_seal(session: Session, survey_id: int) -> SurveySeal | None:
    """The survey's seal, ours alone until the transaction ends; None where there is none or somebody else has it."""
    with driver_connection(session).cursor() as cursor:
        is_ours = cursor.execute(TRY_MOVER, (mover_name(survey_id),)).fetchone()
    if is_ours is None or not is_ours[0]:
        return None
    found = select(SurveySeal).where(SurveySeal.survey_id == survey_id).execution_options(populate_existing=True)
    return session.execute(found).scalar_one_or_none()


def read_waiting(session: Session, survey_id: int, private: bytes, limit: int | None = None) -> list[Waiting]:
    """Answers in the buffer, each once. What doesn't open is no answer of ours and stays where it is until the end."""
    secret = seal_secret()
    found: dict[bytes, Waiting] = {}
    foreign = copied = 0
    with driver_connection(session).cursor() as cursor:
        for answer_id, box in cursor.execute(_READ, (survey_id, limit)):
            if box in found:
                found[box].ids.append(answer_id)
                copied += 1
                continue
            raw = unlock(private, secret, survey_id, box)
            if raw is None:
                foreign += 1
                continue
            found[box] = Waiting([answer_id], raw, msgspec.json.decode(raw, type=Content))
    if foreign or copied:
        log.error("sealed_answers_foreign", survey=survey_id, foreign=foreign, copied=copied)
    return list(found.values())


def store_responses(session: Session, survey_id: int, moving: Sequence[Waiting], draw: random.Random) -> None:
    """These answers are responses: under random ids, written in the order of those, with a day that others share."""
    days = days_told([each.content.day for each in moving])
    ids: set[int] = set()
    while len(ids) < len(moving):
        ids.add(LOWEST_ID | draw.getrandbits(61))
    rows = sorted(zip(_shuffled(ids, draw), moving, days, strict=True), key=lambda row: row[0])
    copy_into(
        session,
        "response",
        _RESPONSE,
        (
            (
                new_id,
                survey_id,
                each.content.version_id,
                each.content.channel,
                Jsonb(each.content.document),
                "",
                datetime.combine(day, time(12), TEHRAN),
                each.content.entrance_id,
                each.content.collector_id,
                each.content.language,
            )
            for new_id, each, day in rows
        ),
    )


def _shuffled(ids: set[int], draw: random.Random) -> list[int]:
    mixed = sorted(ids)
    draw.shuffle(mixed)
    return mixed
