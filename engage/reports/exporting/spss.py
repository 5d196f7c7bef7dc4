"""SPSS system files (.sav), written case by case: memory doesn't grow with their number. Pure.

The layout is that of "System File Format" in the PSPP Developers Guide (PSPP 2.0, appendix B): little endian, UTF-8, bytecode
compression, long names, very long strings.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, TypeAlias

WIDEST = 32767
"""Bytes a string variable may hold"""
LONGEST_LABEL = 255
LONGEST_VALUE_LABEL = 120
"""Bytes, in the versions of SPSS that are about"""
_FURTHEST = math.nextafter(math.inf, 0)
NUMERIC, TEXT, TIME, SDATE = 5, 1, 21, 39
NOMINAL, ORDINAL, SCALE = 1, 2, 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = date(1582, 10, 14)
_BIAS = 100
_LITERAL, _SPACES, _MISSING = 253, 254, 255
_SEGMENT = 255
_USED = 252
_BLOCK = 1 << 16
_CASES_AT = 80

Encoded: TypeAlias = tuple[bytes, Sequence[bytes]]
"""A value as it stands in a case: one command for every eight bytes, and the eight bytes where the command doesn't say them"""


@dataclass(frozen=True)
class Variable:
    """One variable. `width` is 0 for a number, else the bytes of a string; `values` are labels of numbers, `missing` up to three of them."""

    name: str
    label: str
    width: int = 0
    format: tuple[int, int, int] = (NUMERIC, 8, 0)
    """Kind, width, decimals as SPSS shows it"""
    values: tuple[tuple[float, str], ...] = ()
    missing: tuple[float, ...] = ()
    measure: int = SCALE

    @property
    def segments(self) -> list[int]:
        """Widths of the pieces a string is stored in: one up to 255 bytes, then one for every 252."""
        if self.width <= _SEGMENT:
            return [self.width]
        count = math.ceil(self.width / _USED)
        return [_SEGMENT] * (count - 1) + [self.width - (count - 1) * _USED]

    @property
    def elements(self) -> int:
        """Eight bytes each"""
        return sum(max(1, math.ceil(width / 8)) for width in self.segments)


class Writer:
    """Cases one by one into a file that can be sought; `close` says how many there are."""

    def __init__(self, target: BinaryIO, variables: Sequence[Variable], *, title: str, made_at: datetime) -> None:
        self._target = target
        self._start = target.tell()
        self._commands = bytearray()
        self._literals: list[bytes] = []
        self.count = 0
        target.write(_header(sum(each.elements for each in variables), title, made_at))
        target.write(_dictionary(variables))

    def add(self, cells: Iterable[Encoded]) -> None:
        """One case: a value for each variable, in their order."""
        commands, literals = self._commands, self._literals
        for command, literal in cells:
            commands += command
            literals += literal
        self.count += 1
        if len(commands) >= _BLOCK:
            self._flush()

    def close(self) -> None:
        rest = -len(self._commands) % 8
        self._commands += bytes(rest)
        self._literals += [b""] * rest
        self._flush()
        self._target.seek(self._start + _CASES_AT)
        self._target.write(struct.pack("<i", self.count))
        self._target.seek(0, 2)

    def _flush(self) -> None:
        """Commands stand in eights, each eight before what they need."""
        whole = len(self._commands) // 8 * 8
        commands, literals, join = bytes(self._commands), self._literals, b"".join
        self._target.write(join(commands[at : at + 8] + join(literals[at : at + 8]) for at in range(0, whole, 8)))
        del self._commands[:whole], self._literals[:whole]


# -- values ------------------------------------------------------------------------------------------------------------

NOTHING: Encoded = (bytes([_MISSING]), (b"",))
"""A number that isn't there (system-missing)"""


def number(value: float) -> Encoded:
    if value == int(value) and -_BIAS < value <= 251 - _BIAS:
        return bytes([int(value) + _BIAS]), (b"",)
    return bytes([_LITERAL]), (struct.pack("<d", value),)


def text(value: bytes, variable: Variable) -> Encoded:
    """`value` has at most the variable's width."""
    if variable.width > _SEGMENT:
        pieces = [value[at : at + _SEGMENT] for at in range(0, len(value), _SEGMENT)]
        value = b"".join(piece.ljust(_SEGMENT + 1) for piece in pieces)
    value = value.rstrip(b" ")
    full = (len(value) + 7) // 8
    blank = variable.elements - full
    padded = value.ljust(full * 8)
    literals = [padded[at : at + 8] for at in range(0, full * 8, 8)] + [b""] * blank
    return bytes([_LITERAL]) * full + bytes([_SPACES]) * blank, literals


def day_number(day: date) -> float:
    """Seconds since the Gregorian calendar began, as SPSS counts days."""
    return (day - _EPOCH).days * 86400.0


def cut(words: str, limit: int) -> bytes:
    """UTF-8 of at most `limit` bytes, whole letters only; «…» where something was cut off."""
    full = words.encode()
    if len(full) <= limit:
        return full
    return full[: limit - 3].decode(errors="ignore").encode() + "…".encode()


# -- the dictionary ----------------------------------------------------------------------------------------------------


def _header(case_size: int, title: str, made_at: datetime) -> bytes:
    day = f"{made_at.day:02} {_MONTHS[made_at.month - 1]} {made_at.year % 100:02}"
    return struct.pack(
        "<4s60siiiiid9s8s64s3x",
        b"$FL2",
        b"@(#) SPSS DATA FILE Engage".ljust(60),
        2,
        case_size,
        1,
        0,
        -1,
        float(_BIAS),
        day.encode(),
        made_at.strftime("%H:%M:%S").encode(),
        cut(title, 64).ljust(64),
    )


def _dictionary(variables: Sequence[Variable]) -> bytes:
    records: list[bytes] = []
    labels: list[bytes] = []
    names: list[bytes] = []
    long_strings: list[bytes] = []
    display: list[int] = []
    place = 1
    numbers = iter(range(1, 10**7))
    for variable in variables:
        short = f"V{next(numbers):07}"
        names.append(f"{short}={variable.name}".encode())
        if variable.values:
            labels.append(_value_labels(variable, place))
        if variable.width > _SEGMENT:
            long_strings.append(f"{short}={variable.width:05}".encode() + b"\0\t")
        for segment, width in enumerate(variable.segments):
            records.append(_variable(variable, short if segment == 0 else f"V{next(numbers):07}", width, is_first=segment == 0))
            place += max(1, math.ceil(width / 8))
            display += [variable.measure, min(max(variable.format[1], 8), 40), 0 if not variable.width else 1]
    return b"".join(
        [
            *records,
            *labels,
            _extension(3, 4, struct.pack("<8i", 20, 0, 0, -1, 1, 1, 2, 65001)),
            _extension(4, 8, struct.pack("<3d", -_FURTHEST, _FURTHEST, math.nextafter(-_FURTHEST, 0))),
            _extension(11, 4, struct.pack(f"<{len(display)}i", *display)),
            _extension(13, 1, b"\t".join(names)),
            *([_extension(14, 1, b"".join(long_strings))] if long_strings else []),
            _extension(20, 1, b"UTF-8"),
            struct.pack("<ii", 999, 0),
        ]
    )


def _variable(variable: Variable, short: str, width: int, *, is_first: bool) -> bytes:
    kind, shown, decimals = (TEXT, width, 0) if variable.width else variable.format
    code = kind << 16 | shown << 8 | decimals
    missing = variable.missing if is_first else ()
    label = cut(variable.label, LONGEST_LABEL) if is_first else b""
    record = struct.pack("<iiiiii8s", 2, width, int(bool(label)), len(missing), code, code, short.encode())
    if label:
        record += struct.pack("<i", len(label)) + label.ljust(-(-len(label) // 4) * 4)
    record += struct.pack(f"<{len(missing)}d", *missing)
    more = max(1, math.ceil(width / 8)) - 1
    return record + struct.pack("<iiiiii8s", 2, -1, 0, 0, code, code, b" " * 8) * more


def _value_labels(variable: Variable, place: int) -> bytes:
    records = [struct.pack("<ii", 3, len(variable.values))]
    for value, words in variable.values:
        label = cut(words, LONGEST_VALUE_LABEL)
        size = -(-(len(label) + 1) // 8) * 8 - 1
        records.append(struct.pack("<dB", value, len(label)) + label.ljust(size))
    return b"".join([*records, struct.pack("<iii", 4, 1, place)])


def _extension(subtype: int, size: int, data: bytes) -> bytes:
    return struct.pack("<iiii", 7, subtype, size, len(data) // size) + data
