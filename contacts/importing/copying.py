"""Rows in PostgreSQL's binary COPY format, put together from finished pieces: the engine writes five of them for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from struct import Struct
from typing import Any

import psycopg

NULL = b"\xff\xff\xff\xff"
"""A field without a value"""
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_INT4_OID = (23).to_bytes(4, "big")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()


def row_of(fields: int) -> bytes:
    """What a row of so many fields begins with."""
    return fields.to_bytes(2, "big")


length = Struct(">i").pack
"""What a field of so many bytes begins with"""
_int8, _int4, _int2 = Struct(">iq").pack, Struct(">ii").pack, Struct(">ih").pack


def raw(value: bytes) -> bytes:
    return length(len(value)) + value


def words(value: str) -> bytes:
    content = value.encode()
    return length(len(content)) + content


known_words = lru_cache(maxsize=50_000)(words)
"""`words` of what a list repeats: names, places"""


def int8(value: int | None) -> bytes:
    return NULL if value is None else _int8(8, value)


def int4(value: int | None) -> bytes:
    return NULL if value is None else _int4(4, value)


def int2(value: int | None) -> bytes:
    return NULL if value is None else _int2(2, value)


known_int2 = lru_cache(maxsize=10_000)(int2)
"""`int2` of years of birth"""


def flag(value: bool) -> bytes:
    return length(1) + (b"\1" if value else b"\0")


def moment(value: datetime) -> bytes:
    delta = value - _EPOCH
    return int8((delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds)


def day(value: date | None) -> bytes:
    return NULL if value is None else int4(value.toordinal() - _EPOCH_DAY)


def jsonb(value: str) -> bytes:
    return raw(b"\1" + value.encode())


def int4s(values: tuple[int, ...] | list[int]) -> bytes:
    if not values:
        return length(12) + bytes(8) + _INT4_OID
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
