"""A place at an entrance: counted, and held against every ceiling, in the transaction that stores the response."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import psycopg

from engage.vault import vault
from surveys.entrances.queries import FoundEntrance, collector_day_key, collector_key

_ENTER = """
    UPDATE survey_entrance SET response_count = response_count + 1
    WHERE id = %s AND closed_at IS NULL AND (response_limit IS NULL OR response_count < response_limit)
    RETURNING response_count
"""

_COUNT = """
    INSERT INTO survey_entrance_count AS held (entrance_id, key, response_count) VALUES (%(id)s, %(key)s, 1)
    ON CONFLICT (entrance_id, key) DO UPDATE SET response_count = held.response_count + 1
    WHERE %(limit)s::int IS NULL OR held.response_count < %(limit)s
    RETURNING 1
"""

_BURN_PHONE = """
    UPDATE survey_entrance_phone SET answered = true
    WHERE survey_id = %s AND ticket_digest = %s AND NOT answered
    RETURNING 1
"""

_LEAVE = "UPDATE survey_entrance SET response_count = response_count - 1 WHERE id = %s AND response_count > 0"
_UNCOUNT = "UPDATE survey_entrance_count SET response_count = response_count - 1 WHERE entrance_id = %s AND key = %s AND response_count > 0"
_RETURN_PHONE = "UPDATE survey_entrance_phone SET answered = false WHERE survey_id = %s AND ticket_digest = %s"


class NoPlace(Exception):
    """Nothing may be stored: `code` is "entrance_full" (also closed meanwhile), "device_spent", "collector_spent" or "phone_spent"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Turn:
    """One person at one entrance: it ends in one response."""

    entrance: FoundEntrance
    digest: bytes
    """Keyed, of what the browser holds; the same however often the form is sent"""
    device: str = ""
    """`device_key` of the browser; empty where devices aren't counted"""
    collector_id: int | None = None
    ticket_digest: bytes | None = None
    """Of a confirmed phone's ticket, where the entrance asks for one"""
    corrects: int | None = None
    """The response of the same person's entry that this one replaces"""

    @property
    def holds(self) -> list[tuple[str, int | None, str]]:
        """(key, ceiling, what is said when it is reached), in the order in which rows are locked."""
        found: list[tuple[str, int | None, str]] = []
        if self.collector_id is not None:
            found.append((collector_key(self.collector_id), self.entrance.collector_limit, "collector_spent"))
            found.append((collector_day_key(self.collector_id), None, "collector_spent"))
        if self.device:
            found.append((self.device, self.entrance.device_limit, "device_spent"))
        return found


def take_place(cursor: psycopg.Cursor[Any], turn: Turn) -> int:
    """The running number of the response; from here to the end of the transaction nobody can take the same place.

    Raises NoPlace, after which the transaction must be given up: what was counted before the full ceiling goes with it.
    """
    if turn.ticket_digest is not None:
        cursor.execute(_BURN_PHONE, (turn.entrance.survey_id, turn.ticket_digest))
        if cursor.fetchone() is None:
            raise NoPlace("phone_spent")
    cursor.execute(_ENTER, (turn.entrance.id,))
    entered = cursor.fetchone()
    if entered is None:
        raise NoPlace("entrance_full")
    for key, limit, code in turn.holds:
        cursor.execute(_COUNT, {"id": turn.entrance.id, "key": key, "limit": limit})
        if cursor.fetchone() is None:
            raise NoPlace(code)
    return int(entered[0])


def give_place_back(cursor: psycopg.Cursor[Any], turn: Turn) -> None:
    """What `take_place` counted in an earlier transaction is free again: no response came of it."""
    cursor.execute(_LEAVE, (turn.entrance.id,))
    for key, _, _ in turn.holds:
        cursor.execute(_UNCOUNT, (turn.entrance.id, key))
    if turn.ticket_digest is not None:
        cursor.execute(_RETURN_PHONE, (turn.entrance.survey_id, turn.ticket_digest))


# -- what browsers hold, as tables keep it --------------------------------------------------------------------------------------------


def turn_digest(entrance_id: int, held: str) -> bytes:
    """32 bytes that stand for a turn; only the browser knows what they were made of."""
    return _digest("entrance turns", f"{entrance_id}:{held}")


def device_key(entrance_id: int, device: str) -> str:
    """The key a browser's responses at this entrance are counted under; nothing ties it to another entrance."""
    return "device:" + _digest("entrance devices", f"{entrance_id}:{device}").hex()[:32]


def _digest(secret: str, value: str) -> bytes:
    return hmac.digest(bytes.fromhex(vault().derive_secret(secret)), value.encode(), hashlib.sha256)
