"""Rows in PostgreSQL's binary COPY format, put together from finished pieces: the engine writes five of them for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import psycopg

NULL = b"\xff\xff\xff\xff"
"""A field without a value"""
EMPTY = bytes(4)
"""A field of no bytes, the empty text for one"""
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_INT4_OID = (23).to_bytes(4, "big")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_LENGTHS = [length.to_bytes(4, "big") for length in range(1024)]

INT8, INT4, INT2 = _LENGTHS[8], _LENGTHS[4], _LENGTHS[2]


def row_of(fields: int) -> bytes:
    """What a row of so many fields begins with."""
    return fields.to_bytes(2, "big")


def raw(value: bytes) -> bytes:
    size = len(value)
    return (_LENGTHS[size] if size < 1024 else size.to_bytes(4, "big")) + value


def words(value: str) -> bytes:
    return raw(value.encode())


known_words = lru_cache(maxsize=50_000)(words)
"""`words` of what a list repeats: names, places"""


def int8(value: int | None) -> bytes:
    return NULL if value is None else INT8 + value.to_bytes(8, "big", signed=True)


def int4(value: int | None) -> bytes:
    return NULL if value is None else INT4 + value.to_bytes(4, "big", signed=True)


def int2(value: int | None) -> bytes:
    return NULL if value is None else INT2 + value.to_bytes(2, "big", signed=True)


def flag(value: bool) -> bytes:
    return _LENGTHS[1] + (b"\1" if value else b"\0")


def moment(value: datetime) -> bytes:
    delta = value - _EPOCH
    return int8((delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds)


def day(value: date | None) -> bytes:
    return NULL if value is None else int4(value.toordinal() - _EPOCH_DAY)


def jsonb(value: str) -> bytes:
    return raw(b"\1" + value.encode())


def int4s(values: tuple[int, ...] | list[int]) -> bytes:
    if not values:
        return _LENGTHS[12] + bytes(8) + _INT4_OID
    body = b"".join(int4(value) for value in values)
    return raw(b"\0\0\0\1" + bytes(4) + _INT4_OID + len(values).to_bytes(4, "big") + b"\0\0\0\1" + body)


@contextmanager
def stream(connection: psycopg.Connection[Any], target: str) -> Iterator[Callable[[bytes], None]]:
    """A COPY into `target` ("table (columns)") that takes finished rows."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_HEADER)
        yield copy.write
        copy.write(_TRAILER)


def copy_rows(connection: psycopg.Connection[Any], target: str, rows: bytes | bytearray) -> None:
    with stream(connection, target) as write:
        write(bytes(rows))
