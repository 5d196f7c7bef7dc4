"""CSV in the encodings and with the separators that offices save it in."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from contacts.rules.columns import Cell
from contacts.rules.showing import unwrap_formula
from engage import persian
from engage.refusal import Refused

MAX_LINE = 1 << 20
"""Characters of a line, and of a cell. Long ones are cut and said; a longer one is no list."""
_CHUNK = 1 << 20
_SEPARATORS = ",;\t|"
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B}

csv.field_size_limit(MAX_LINE)


@dataclass(frozen=True)
class Delimited:
    """A text file of records. `rows` reads it anew each time; a record is a row, as a spreadsheet would count it."""

    path: Path
    encoding: str
    separator: str

    kind = "csv"
    sheet = ""

    def rows(self) -> Generator[tuple[int, Sequence[Cell]], None, None]:
        """Refused while reading: file_line_long (row), file_quote_open (row: where the quotation mark stands that is never closed)."""
        number = 0
        blocks = _blocks(self.path, self.encoding)
        for block in blocks:
            lines = _plain(block, self.encoding)
            if lines is None:
                yield from self._careful_rows(chain((block,), blocks), number)
                return
            for cells in csv.reader(lines, delimiter=self.separator):
                number += 1
                yield number, cells

    def _careful_rows(self, blocks: Iterator[list[bytes]], number: int) -> Generator[tuple[int, Sequence[Cell]], None, None]:
        """The rows from the first quotation mark on: a record may be many lines, or never end."""
        decoded = (_decoded(line, self.encoding) for block in blocks for line in block)
        for lines, record in _records(decoded, self.separator):
            rows = [record] if record is not None and len(lines) == 1 else _apart(lines, record, self.separator)
            if rows is None:
                raise Refused("file_line_long" if len(lines[0]) >= MAX_LINE else "file_quote_open", row=number + 1)
            # ="0912…" is how spreadsheets are told to keep a zero; it means the text within.
            is_written = any('="' in line for line in lines)
            for cells in rows:
                number += 1
                yield number, [unwrap_formula(cell) for cell in cells] if is_written else cells


def open_delimited(path: Path) -> Delimited:
    """The file with its encoding and separator recognised. Refused("file_binary") when it is no text."""
    encoding = detect_encoding(path)
    head: list[str] = []
    for line in _lines(path, encoding):
        head.append(line)
        if len(head) == 60 or sum(map(len, head)) > 65_536:
            break
    return Delimited(path, encoding, detect_separator("".join(head)))


# -- characters ----------------------------------------------------------------------------------------------------------


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
    # Without a mark: digits, separators and line ends make every second byte of UTF-16 zero, and Persian letters 6.
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
                    decoder.reset()
    if controls > 10 + size // 1000:
        raise Refused("file_binary")
    return "utf-8-sig" if is_utf8 else "cp1256"


def _is_small_damage(piece: bytes, error: UnicodeDecodeError) -> bool:
    """A stray byte in a text that is otherwise UTF-8: hundreds of good sequences say more than a few bad ones."""
    text = piece.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for character in text if ord(character) > 0x7F) - bad
    return good > 50 * bad


def _lines(path: Path, encoding: str) -> Iterator[str]:
    return (_decoded(line, encoding) for block in _blocks(path, encoding) for line in block)


def _blocks(path: Path, encoding: str) -> Iterator[list[bytes]]:
    """Whole lines with their ends, about a megabyte of them at a time; of UTF-16 they come as UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding.startswith("utf-16") else None
    rest, number = b"", 0
    with path.open("rb") as file:
        if encoding == "utf-8-sig" and file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        while True:
            piece = file.read(_CHUNK)
            is_end = not piece
            if decoder is not None:
                piece = decoder.decode(piece, is_end).encode("utf-8", "replace")
                if not number and not rest:
                    piece = piece.removeprefix(codecs.BOM_UTF8)
            lines = (rest + piece).splitlines(keepends=True)
            # The last line may go on in the next piece, and a carriage return may be half of a line's end.
            rest = lines.pop() if lines and not is_end else b""
            for at, line in enumerate(lines):
                if len(line) > 2 * MAX_LINE:
                    yield lines[:at]
                    raise Refused("file_line_long", row=number + at + 1)
            yield lines
            number += len(lines)
            if is_end:
                return
            if len(rest) > 2 * MAX_LINE:
                raise Refused("file_line_long", row=number + 1)


def _plain(block: list[bytes], encoding: str) -> Iterable[str] | None:
    """The lines of a block in which each is a record, which most lists are made of; None where a quotation mark or a long line stands."""
    whole = b"".join(block)
    if b'"' in whole or max(map(len, block), default=0) >= MAX_LINE:
        return None
    try:
        return io.StringIO(whole.decode("utf-8"), newline="")
    except UnicodeDecodeError:
        return [_decoded(line, encoding) for line in block]


def _decoded(line: bytes, encoding: str) -> str:
    """Lines are decoded one by one where it matters: offices paste lists of two encodings into one file, and neither part is lost."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if encoding != "cp1256":
        text = line.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        # More Persian than damage: one lost character shows as «�» in its own cell. Else the line was saved by an old program.
        if sum(1 for character in text if "\u0600" <= character <= "\u06ff") > 2 * bad:
            return text
    return line.decode("cp1256", "replace")


# -- records -------------------------------------------------------------------------------------------------------------


def detect_separator(text: str) -> str:
    """The separator that cuts the first records into the most columns, evenly; a comma for a single column."""
    lines = io.StringIO(text, newline="").readlines()
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
    reader = csv.reader(lines[:60], delimiter=separator)
    for number, record in enumerate(reader):
        if number >= 30:
            return
        yield record


def _records(lines: Iterator[str], separator: str) -> Iterator[tuple[list[str], list[str] | None]]:
    """(lines of a record, its cells); no cells when its quotation mark is never closed, or too far away to be meant."""
    taken: list[str] = []
    is_over = False

    def fed() -> Iterator[str]:
        nonlocal is_over
        for line in lines:
            taken.append(line)
            yield line
        is_over = True

    source = fed()
    reader = csv.reader(source, delimiter=separator)
    while True:
        try:
            record: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            record = None
        # A record that took the end of the file to end was still open.
        yield taken[:], None if is_over else record
        taken.clear()
        if is_over:
            return


def _apart(lines: list[str], record: list[str] | None, separator: str) -> list[list[str]] | None:
    """The rows of a record of several lines: one, unless a quotation mark that was never meant as one swallowed whole rows.

    It did when a line within is a person by itself: as many cells as the first line, a mobile in the same place. None for a record
    without an end.
    """
    if len(lines) == 1:
        return [record] if record is not None else None
    inner = [next(csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE), []) for line in lines]
    first = inner[0]
    phones = [position for position, cell in enumerate(first) if persian.parse_phones(cell).first]
    swallowed = any(
        len(cells) == len(first) > 1 and all(persian.parse_phones(cells[position]).first for position in phones) for cells in inner[1:]
    )
    if phones and swallowed:
        return [[cell.strip('"') for cell in cells] for cells in inner if cells]
    return [record] if record is not None else None
