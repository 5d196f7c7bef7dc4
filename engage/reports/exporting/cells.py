"""How a code of a column stands in a cell: as people read it, or as it is stored; never as a formula. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from engage.persian import format_jalali_short, to_latin_digits
from engage.reports.exporting.columns import Code, Column, Kind
from engage.reports.masking import mask_numbers

Cell: TypeAlias = "str | int | float"
Show: TypeAlias = Callable[[Any], Cell]
Maker: TypeAlias = Callable[[Mapping[str, Any]], Cell]
NOTHING = ""
_MAYBE = re.compile(r"\d|آقا|اقا|خانم|خانوم|سرکار|جناب|مهندس|دکتر")
"""What stands in every text `mask_numbers` changes, addresses apart"""
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(cell: Any) -> Any:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.startswith(_STARTS_FORMULA) or cell.lstrip().startswith(_STARTS_FORMULA[:4]) else cell


def jalali_day(day: date) -> str:
    """1405/09/02: sorts as it reads, in digits that programs read."""
    return to_latin_digits(format_jalali_short(day))


def makers_of(columns: Sequence[Column], shows: Sequence[Show | None]) -> dict[int, list[Maker]]:
    """What makes a row's cells of a document, by version, one for each column; `None` shows a code as it is."""
    versions = {version_id for column in columns for version_id in column.readers}
    return {
        version_id: [_maker(column.readers.get(version_id), show) for column, show in zip(columns, shows, strict=True)]
        for version_id in versions
    }


def _maker(read: Callable[[Mapping[str, Any]], Code] | None, show: Show | None) -> Maker:
    if read is None:
        return _blank
    if show is None:

        def plain(answers: Mapping[str, Any]) -> Cell:
            code = read(answers)
            return NOTHING if code is None else code

        return plain

    def shown(answers: Mapping[str, Any]) -> Cell:
        code = read(answers)
        return NOTHING if code is None else show(code)

    return shown


def _blank(answers: Mapping[str, Any]) -> Cell:
    return NOTHING


def label_of(column: Column, hidden: str | None) -> Show | None:
    """As people read it; `hidden` stands for own words of too few."""
    if column.kind == Kind.CHOICE:
        labels = {value.code: safe(value.label) for value in column.values}
        return lambda code: labels.get(code) or safe(code)
    if column.kind == Kind.DATE:
        days: dict[str, str] = {}
        return lambda code: days.get(code) or days.setdefault(code, _jalali(code))
    return code_of(column, hidden)


def code_of(column: Column, hidden: str | None) -> Show | None:
    """As it is stored."""
    if column.kind == Kind.TEXT:
        return (lambda code: hidden) if hidden is not None else own_words
    return None


def own_words(code: Any) -> Cell:
    return safe(masked(code)) if isinstance(code, str) else code


def masked(words: str) -> str:
    """As `mask_numbers`, which takes its time: most texts have nothing it looks for."""
    return mask_numbers(words) if "@" in words or _MAYBE.search(words) else words


def _jalali(iso: str) -> str:
    try:
        return jalali_day(date.fromisoformat(iso))
    except ValueError:
        return NOTHING
