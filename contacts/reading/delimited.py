"""CSV in the encodings and with the separators that offices save it in."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contacts.rules.columns import Cell
from engage.refusal import Refused

MAX_FIELD = 65_536
_CHUNK = 1 << 20
_SEPARATORS = ",;\t|"
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B}

csv.field_size_limit(MAX_FIELD)


@dataclass(frozen=True)
class Delimited:
    """A text file of records. `rows` reads it anew each time."""

    path: Path
    encoding: str
    separator: str

    kind = "csv"
    sheet = ""

    def rows(self) -> Generator[tuple[int, Sequence[Cell]], None, None]:
        # A character lost in the middle of a file must not stop the other rows: it shows as «�» in its own cell.
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.separator)
            try:
                yield from enumerate(reader, 1)
            except csv.Error:
                raise Refused("file_field_long", row=reader.line_num) from None


def open_delimited(path: Path) -> Delimited:
    """The file with its encoding and separator recognised. Refused("file_binary") when it is no text."""
    encoding = detect_encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return Delimited(path, encoding, detect_separator(file.read(65_536)))


def detect_encoding(path: Path) -> str:
    """One of "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be" or "cp1256"; the whole file is looked at, a piece at a time.

    Windows-1256 gives every byte a meaning, so it is what remains of a text that isn't UTF-8; control characters are in neither.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    # Without a mark: digits, separators and line ends make every second byte of UTF-16 zero.
    if len(head) > 3 and head.count(0) > len(head) // 10:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if odd > 4 * even:
            return "utf-16-le"
        if even > 4 * odd:
            return "utf-16-be"
        raise Refused("file_binary")
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, controls, size = True, 0, 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            size += len(piece)
            controls += len(piece) - len(piece.translate(None, bytes(_CONTROLS)))
            if is_utf8:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError as error:
                    is_utf8 = _is_small_damage(piece, error)
    if controls > 10 + size // 1000:
        raise Refused("file_binary")
    return "utf-8-sig" if is_utf8 else "cp1256"


def _is_small_damage(piece: bytes, error: UnicodeDecodeError) -> bool:
    """A stray byte in a text that is otherwise UTF-8: hundreds of good sequences say more than a few bad ones."""
    text = piece.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if ord(character) > 0x7F) - bad
    return good > 50 * bad


def detect_separator(text: str) -> str:
    """The separator that cuts the first records into the most columns, evenly; a comma for a single column."""
    lines = text.splitlines(keepends=True)
    if len(lines) > 1 and len(text) >= 65_536:
        lines = lines[:-1]
    best = (0.0, ",")
    for separator in _SEPARATORS:
        try:
            records = [record for record in _first_records(lines, separator) if record]
        except csv.Error:
            continue
        widths = sorted(len(record) for record in records)
        if not widths:
            continue
        usual = widths[len(widths) // 2]
        evenness = sum(width == usual for width in widths) / len(widths)
        if usual > 1 and usual * evenness * evenness > best[0]:
            best = (usual * evenness * evenness, separator)
    return best[1]


def _first_records(lines: list[str], separator: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO("".join(lines[:60]), newline=""), delimiter=separator)
    for number, record in enumerate(reader):
        if number >= 30:
            return
        yield record
