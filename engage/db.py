"""The database: one engine, one way to open a transaction, one way to load many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, MetaData, event
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:

    class Model(Base):
        """What every table's class derives from (type checkers can't follow Flask-SQLAlchemy's own)."""

        __abstract__ = True
else:
    Model = db.Model


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware going in, UTC in the database, aware UTC coming out. A naive value is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


_LINES_AT_ONCE = 500
_DEPTH = "engage_transaction_depth"
_AFTER = "engage_after_commit"


@contextmanager
def transaction() -> Iterator[Session]:
    """What happens inside is written as a whole or not at all.

    Nested calls join the outermost one, which commits at its end; any exception rolls all of it back. Work registered by
    `after_commit` runs once, after that commit.
    """
    session = db.session()
    depth = session.info.get(_DEPTH, 0)
    session.info[_DEPTH] = depth + 1
    try:
        yield session
        if depth == 0:
            session.commit()
        else:
            session.flush()
    except BaseException:
        if depth == 0:
            session.info.pop(_AFTER, None)
            session.rollback()
        raise
    finally:
        session.info[_DEPTH] = depth
    if depth == 0:
        for work in session.info.pop(_AFTER, ()):
            work()


def after_commit(work: Callable[[], None]) -> None:
    """Run `work` once the current transaction is safely written; forget it if it is rolled back.

    `work` must not raise and must not be needed: whatever must happen stands in the database.
    """
    session = db.session()
    if not session.info.get(_DEPTH, 0):
        raise RuntimeError("after_commit outside transaction()")
    session.info.setdefault(_AFTER, []).append(work)


def in_transaction() -> bool:
    return bool(db.session().info.get(_DEPTH, 0))


def release_session() -> None:
    """Give the connection back; called before anything slow that isn't the database."""
    db.session.remove()


def driver_connection(connection: Connection | Session) -> psycopg.Connection[Any]:
    """The psycopg connection below, inside the same transaction: for COPY and for statements where every microsecond counts."""
    if isinstance(connection, Session):
        connection = connection.connection()
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def copy_into(connection: Connection | Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Stream `rows` into `table` by binary-safe COPY inside the caller's transaction. Returns how many."""
    count = 0
    with driver_connection(connection).cursor() as cursor:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
    return count


def copy_lines(connection: Connection | Session, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Stream finished rows into `table` inside the caller's transaction: each in COPY's text format, with its tabs, escapes and newline.

    For rows of our own making, where `copy_into` would spend most of the time on finding out what each value is. The server takes a
    block in while `lines` makes the next one.
    """
    rest = iter(lines)
    with driver_connection(connection).cursor() as cursor:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            while block := "".join(islice(rest, _LINES_AT_ONCE)):
                copy.write(block)


def engine_options(url: str, *, pool_size: int = 5) -> dict[str, Any]:
    return {"pool_size": pool_size, "max_overflow": 5, "pool_pre_ping": False, "pool_recycle": 1800, "pool_use_lifo": True}


def dispose_after_fork() -> None:
    """A forked child must not share its parent's sockets: forget them without closing the parent's side."""
    db.engine.dispose(close=False)


def normalise_url(url: str) -> str:
    """psycopg 3 spelled out, whatever way the operator wrote the address."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


@event.listens_for(Session, "after_rollback")
def _forget_after_commit(session: Session) -> None:
    # In a rolled back savepoint of a test the list must go too, or the next commit would ring doorbells of nothing.
    if not session.in_nested_transaction():
        session.info.pop(_AFTER, None)
