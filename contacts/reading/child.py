"""Lists are opened, parsed and cleaned in a process of their own: limited, without keys, killed with whoever started it.

`open_apart` gives a table with the face of `contacts.reading.Table`; what it reads comes through a pipe. Whatever a file does to its
parser, the one who asked gets a `Refused` and goes on. The protocol: frames of one letter, four bytes of length, msgpack.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from contacts.reading.tables import DEFAULT_MAX_BYTES, Table, open_table
from contacts.rules.columns import Cell, ColumnMapping, header_key
from contacts.rules.rows import CleanRow, Problem, person_keys, row_cleaner
from engage import persian
from engage.refusal import Refused
from engage.tables.apart import MEMORY, limit_this_process, start_apart, was_stopped_by_limits

CPU_SECONDS = 900
BATCH = 4_000
_PIPE_BYTES = 1 << 20

HEAD, ROWS, END, REFUSED = b"H", b"R", b"E", b"X"


class SentRow(msgspec.Struct, array_like=True, gc=False):
    """A cleaned row as it travels."""

    number: int
    phone: str | None
    first_name: str
    last_name: str
    search_key: str
    sort_key: str
    neighbourhood: str
    gender: str
    birth_year: int | None
    consented_on: date | None
    language: str
    tags: list[str]
    custom: str
    """JSON"""
    errors: list[tuple[int, str, str]]
    warnings: list[tuple[int, str, str]]
    cells: list[str | int | float | None] | None = None
    """As they stand in the file, of a rejected row"""

    def as_clean(self) -> CleanRow:
        return CleanRow(
            self.number, self.phone, self.first_name, self.last_name, self.neighbourhood, self.gender, self.birth_year,
            self.consented_on, self.language, tuple(self.tags), msgspec.json.decode(self.custom) if self.custom != "{}" else {},
            tuple(Problem(*each) for each in self.errors), [Problem(*each) for each in self.warnings],
        )  # fmt: skip


class _Head(msgspec.Struct):
    kind: str
    sheet: str
    encoding: str
    separator: str
    headers: list[str]
    header_row: int
    samples: list[list[str | int | float | None]]


@dataclass(frozen=True)
class Cleaning:
    """How rows are to be cleaned: `contacts.rules.rows.row_cleaner`, with the kinds of typed fields named instead of made."""

    mapping: ColumnMapping
    today: date
    kinds: Mapping[str, tuple[str, tuple[str, ...]]]
    """Key of a typed field → (kind, options)"""
    values: Mapping[str, Mapping[str, str]]

    def cleaner(self, width: int) -> Callable[[int, Sequence[Cell]], CleanRow]:
        return row_cleaner(self.mapping, width, self.today, kinds=self.kinds, values=self.values)


def send_form(row: CleanRow, cells: Sequence[Cell]) -> SentRow:
    search, sort = person_keys(row.first_name, row.last_name)
    return SentRow(
        row.number, row.phone, row.first_name, row.last_name, search, sort, row.neighbourhood, row.gender, row.birth_year, row.consented_on,
        row.language, list(row.tags), msgspec.json.encode(row.custom).decode() if row.custom else "{}",
        list(row.errors), list(row.warnings), None if row.phone else list(cells),
    )  # fmt: skip


# -- the asking side -----------------------------------------------------------------------------------------------------


class TableApart:
    """An opened list whose parser runs elsewhere. One reading at a time; `close` ends the process."""

    def __init__(self, path: Path, *, sheet: str, header_row: int | None, max_bytes: int, memory: int, cpu_seconds: int) -> None:
        self._process = start_apart("contacts.reading.child", memory=memory, cpu_seconds=cpu_seconds)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._into: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._lock = threading.Lock()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self._out.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            self._ask("open", path=str(path.absolute()), sheet=sheet, header_row=header_row, max_bytes=max_bytes)
            self._head = msgspec.msgpack.decode(self._expect(HEAD), type=_Head)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> TableApart:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """The process is gone. Idempotent."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._into, self._out):
            with contextlib.suppress(OSError):
                pipe.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def kind(self) -> str:
        return self._head.kind

    @property
    def sheet(self) -> str:
        return self._head.sheet

    @property
    def encoding(self) -> str:
        return self._head.encoding

    @property
    def separator(self) -> str:
        return self._head.separator

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(self._head.headers)

    @property
    def header_row(self) -> int:
        return self._head.header_row

    @property
    def samples(self) -> tuple[tuple[Cell, ...], ...]:
        return tuple(tuple(row) for row in self._head.samples)

    @property
    def width(self) -> int:
        return len(self._head.headers)

    @property
    def repeated_headers(self) -> tuple[str, ...]:
        keys = [header_key(header) for header in self.headers]
        return tuple(dict.fromkeys(header for header, key in zip(self.headers, keys, strict=True) if keys.count(key) > 1))

    def count(self) -> int:
        """How many rows there are."""
        with self._reading("count"):
            return int(msgspec.msgpack.decode(self._expect(END)))

    def rows(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """As `Table.rows`."""
        decoder = msgspec.msgpack.Decoder(list[tuple[int, list[str | int | float | None]]])
        for frame in self._frames("rows"):
            yield from decoder.decode(frame)

    def phones(self, column: int) -> Iterator[tuple[list[int], list[str | None]]]:
        """Batches of (row numbers, the mobile of each row in E.164 or None)."""
        decoder = msgspec.msgpack.Decoder(tuple[list[int], list[str | None]])
        for frame in self._frames("phones", column=column):
            yield decoder.decode(frame)

    def cleaned(self, cleaning: Cleaning) -> Iterator[list[SentRow]]:
        """Batches of cleaned rows."""
        decoder = msgspec.msgpack.Decoder(list[SentRow])
        how = {"fields": dict(cleaning.mapping.fields), "today": cleaning.today, "kinds": dict(cleaning.kinds), "values": dict(cleaning.values)}
        for frame in self._frames("cleaned", **how):
            yield decoder.decode(frame)

    def _frames(self, what: str, **how: Any) -> Iterator[bytes]:
        with self._reading(what, **how):
            while True:
                letter, content = self._frame()
                if letter == END:
                    return
                yield content

    @contextlib.contextmanager
    def _reading(self, what: str, **how: Any) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("this table is being read already")
        ended = False
        try:
            self._ask(what, **how)
            yield
            ended = True
        finally:
            if not ended:
                self.close()  # what is still in the pipe would answer the next question
            self._lock.release()

    def _ask(self, what: str, **how: Any) -> None:
        content = msgspec.msgpack.encode({"what": what, **how})
        try:
            self._into.write(len(content).to_bytes(4, "big") + content)
            self._into.flush()
        except (OSError, ValueError):
            raise self._death() from None

    def _expect(self, wanted: bytes) -> bytes:
        letter, content = self._frame()
        if letter != wanted:
            raise RuntimeError("the parser answered something else")
        return content

    def _frame(self) -> tuple[bytes, bytes]:
        try:
            head = self._out.read(5)
            content = self._out.read(int.from_bytes(head[1:], "big")) if len(head) == 5 else b""
        except ValueError:  # closed by ourselves
            head, content = b"", b""
        if len(head) < 5 or len(content) < int.from_bytes(head[1:], "big"):
            raise self._death()
        if head[:1] == REFUSED:
            code, values = msgspec.msgpack.decode(content)
            raise Refused(code, **values)
        return head[:1], content

    def _death(self) -> Refused:
        """Why there is no answer: the limits strike a file that needs too much, everything else is a file nobody can read."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self.close()
        return Refused("file_bomb" if was_stopped_by_limits(self._process.returncode) else "file_unreadable")


def open_apart(
    path: Path,
    *,
    sheet: str = "",
    header_row: int | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    memory: int = MEMORY,
    cpu_seconds: int = CPU_SECONDS,
) -> TableApart:
    """`open_table` in a limited process. Refused as there, with file_bomb where memory or time run out and file_unreadable where the
    parser dies of the file; the same while rows are read."""
    return TableApart(path, sheet=sheet, header_row=header_row, max_bytes=max_bytes, memory=memory, cpu_seconds=cpu_seconds)


# -- the process ---------------------------------------------------------------------------------------------------------


def main(limits: str) -> None:
    limit_this_process(limits)
    source = sys.stdin.buffer
    # The pipe is ours alone: whatever a library prints goes nowhere.
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    encode = msgspec.msgpack.Encoder().encode
    table: Table | None = None

    def send(letter: bytes, content: bytes) -> None:
        sink.write(letter + len(content).to_bytes(4, "big"))
        view = memoryview(content)
        while view:
            view = view[sink.write(view) :]

    while len(head := source.read(4)) == 4:
        asked = msgspec.msgpack.decode(source.read(int.from_bytes(head, "big")), strict=False)
        try:
            if asked["what"] == "open":
                table = open_table(Path(asked["path"]), sheet=asked["sheet"], header_row=asked["header_row"], max_bytes=asked["max_bytes"])
                samples = [list(row) for row in table.samples]
                send(HEAD, encode(_Head(table.kind, table.sheet, table.encoding, table.separator, list(table.headers), table.header_row, samples)))
                continue
            assert table is not None
            answer = _ANSWERS[asked["what"]]
            last: Any = 0
            for batch in answer(table, asked):
                if isinstance(batch, int):
                    last = batch
                else:
                    send(ROWS, encode(batch))
            send(END, encode(last))
        except Refused as refused:
            send(REFUSED, encode((refused.code, {name: value if isinstance(value, int) else str(value) for name, value in refused.params.items()})))
        except MemoryError:
            send(REFUSED, encode(("file_bomb", {})))


def _batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _rows(table: Table, _asked: Mapping[str, Any]) -> Iterator[Any]:
    return _batches((number, list(cells)) for number, cells in table.rows())


def _count(table: Table, _asked: Mapping[str, Any]) -> Iterator[Any]:
    yield table.count()


def _phones(table: Table, asked: Mapping[str, Any]) -> Iterator[Any]:
    return phones_of(table, asked["column"])


def phones_of(table: Table, column: int) -> Iterator[tuple[list[int], list[str | None]]]:
    """`TableApart.phones` of a table in this process."""
    parse = persian.parse_phones
    numbers: list[int] = []
    phones: list[str | None] = []
    for number, cells in table.rows():
        numbers.append(number)
        phones.append(parse(cells[column]).first if column < len(cells) else None)
        if len(numbers) == BATCH:
            yield numbers, phones
            numbers, phones = [], []
    if numbers:
        yield numbers, phones


def _cleaned(table: Table, asked: Mapping[str, Any]) -> Iterator[Any]:
    cleaning = Cleaning(
        ColumnMapping({int(position): name for position, name in asked["fields"].items()}),
        date.fromisoformat(asked["today"]),
        {key: (kind, tuple(options)) for key, (kind, options) in asked["kinds"].items()},
        asked["values"],
    )
    return cleaned_of(table, cleaning)


def cleaned_of(table: Table, cleaning: Cleaning) -> Iterator[list[SentRow]]:
    """`TableApart.cleaned` of a table in this process."""
    clean = cleaning.cleaner(table.width)
    return _batches(send_form(clean(number, cells), cells) for number, cells in table.rows())


_ANSWERS: dict[str, Callable[[Table, Mapping[str, Any]], Iterator[Any]]] = {
    "rows": _rows,
    "count": _count,
    "phones": _phones,
    "cleaned": _cleaned,
}

if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main(sys.argv[1])
    os._exit(0)
