"""One row of a list, read cell by cell: what will be stored, and what is wrong with which cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple

from contacts.rules.columns import CUSTOM, Cell, ColumnMapping, Field
from contacts.rules.custom_values import Reader, reader_for
from contacts.rules.showing import MARKED, disarm
from engage import persian

TEXT_LIMIT = 200

ROW_WARNINGS = (
    "further_number", "gender_unknown", "birth_year_invalid", "birth_year_unlikely", "consent_date_invalid",
    "consent_date_future", "text_cut", "cells_beyond_columns", "shared_number", "language_unknown", "tags_many",
    "formula_disarmed", "characters_lost", "cells_missing",
)  # fmt: skip
"""Codes of problems that don't keep a row out, and beside them those of typed fields; those that do are `engage.persian.PHONE_PROBLEMS`."""

_GENDERS = {
    persian.search_key(word): gender
    for gender, words in {
        "female": ("زن", "خانم", "مونث", "مؤنث", "بانو", "دختر", "ز", "female", "f", "woman", "w", "mrs", "ms"),
        "male": ("مرد", "آقا", "اقا", "آقای", "مذکر", "پسر", "م", "male", "m", "man", "mr"),
    }.items()
    for word in words
}
_LANGUAGES = {
    persian.search_key(word): code
    for code, words in {
        "fa": ("فارسی", "پارسی", "دری", "persian", "farsi", "fas", "per"),
        "az": ("ترکی", "آذری", "ترکی آذربایجانی", "آذربایجانی", "azerbaijani", "azeri", "aze"),
        "ku": ("کردی", "kurdish", "kur"),
        "ar": ("عربی", "arabic", "ara"),
        "hy": ("ارمنی", "armenian", "hye", "arm"),
        "tk": ("ترکمنی", "turkmen", "tuk"),
        "ps": ("پشتو", "پښتو", "pashto", "pus"),
        "ur": ("اردو", "urdu", "urd"),
        "en": ("انگلیسی", "english", "eng"),
        "tr": ("ترکی استانبولی", "turkish", "tur"),
    }.items()
    for word in (*words, code)
}
TAGS_AT_MOST = 10
TAG_LIMIT = 40
_NO_GENDER = {"", "نامشخص", "نامعلوم", "unknown", "-", "—"}


class Problem(NamedTuple):
    """What is wrong with one cell. `column` is its position, `value` what stood there."""

    column: int
    code: str
    value: str


@dataclass(slots=True)
class CleanRow:
    """A row as it will be stored. Rejected when `phone` is None; then the first of `errors` says why."""

    number: int
    phone: str | None
    first_name: str = ""
    last_name: str = ""
    neighbourhood: str = ""
    gender: str = ""
    birth_year: int | None = None
    consented_on: date | None = None
    language: str = ""
    tags: tuple[str, ...] = ()
    """Names of tags, as they are spelled in the list"""
    custom: dict[str, Any] = field(default_factory=dict)
    """Key → text, or what the typed field makes of it"""
    errors: tuple[Problem, ...] = ()
    warnings: list[Problem] = field(default_factory=list)


def text_of(cell: Cell | date) -> str:
    """What a reader sees in a cell: whole numbers without «.0», no control characters, single spaces."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell if isinstance(cell, str) else str(cell)
    return " ".join(text.replace("\0", "").split())


@lru_cache(maxsize=200_000)
def name_keys(name: str) -> tuple[str, str]:
    """(search key, sort key) of a part of a name; lists repeat names so often that remembering them halves the work."""
    return persian.search_key(name), persian.sort_key(name)


def person_keys(first_name: str, last_name: str) -> tuple[str, str]:
    """(search key «first last», sort key «last first») of a whole name."""
    first, last = name_keys(first_name), name_keys(last_name)
    return f"{first[0]} {last[0]}".strip(), f"{last[1]} {first[1]}".strip()


@lru_cache(maxsize=10_000)
def _neighbourhood(text: str) -> str:
    # A name of a place groups people, so its spellings must meet; names of people stay as they were typed.
    return persian.normalise(text)


@lru_cache(maxsize=1_000)
def read_gender(text: str) -> str | None:
    """The gender a word names: "female", "male", "" for a blank; None for a word that says neither."""
    key = persian.search_key(text)
    return "" if key in _NO_GENDER else _GENDERS.get(key)


@lru_cache(maxsize=10_000)
def read_birth_year(text: str, this_year: int) -> tuple[int | None, str | None]:
    """(Jalali year, problem). Two digits mean the latest such year not after `this_year`; a Gregorian year or a date in either calendar is converted."""
    plain = persian.to_latin_digits(text).strip().removesuffix(".0")
    year: int | None = None
    if plain.isdecimal() and len(plain) == 2:
        year = this_year - this_year % 100 + int(plain)
        year -= 100 if year > this_year else 0
    elif plain.isdecimal() and len(plain) == 4:
        year = int(plain)
        if 1850 <= year <= this_year + 622:
            # Born between January and 20 March belongs to the year before: a year alone can't tell.
            year -= 621
    elif day := persian.parse_date(text):
        year = persian.to_jalali(day)[0]
    if year is None or not 1250 <= year <= this_year:
        return None, "birth_year_invalid"
    return year, "birth_year_unlikely" if this_year - year > 105 else None


@lru_cache(maxsize=10_000)
def read_consent_date(text: str, today: date) -> tuple[date | None, str | None]:
    """(Gregorian date, problem) of a date in either calendar."""
    day = persian.parse_date(text)
    if day is None:
        return None, "consent_date_invalid"
    return (None, "consent_date_future") if day > today else (day, None)


@lru_cache(maxsize=1_000)
def read_language(text: str) -> str | None:
    """The ISO 639-1 code a word names; None for a word that names none we write in."""
    key = persian.search_key(text).removeprefix("زبان ")
    return _LANGUAGES.get(key) or _LANGUAGES.get(key.partition("-")[0].partition("_")[0])


@lru_cache(maxsize=10_000)
def read_tags(text: str) -> tuple[tuple[str, ...], bool]:
    """(names of tags, whether there were too many or too long ones) of a cell with «،», «؛», commas or semicolons between them."""
    found: dict[str, str] = {}
    for part in _BETWEEN_TAGS.split(text):
        name = " ".join(part.split()).lstrip("#").strip()
        if name:
            found.setdefault(persian.search_key(name), name)
    names = tuple(name for name in found.values() if len(name) <= TAG_LIMIT)[:TAGS_AT_MOST]
    return names, len(names) < len(found)


_BETWEEN_TAGS = re.compile(r"[،,;؛|]")

_NOTHING = object()
_SHORT = 64
"""Characters of a text that is worth remembering"""
_REMEMBERED = 60_000
"""Texts remembered over all columns of a list"""
_OWN_FIELDS = frozenset(
    str(field)
    for field in (
        Field.FIRST_NAME, Field.LAST_NAME, Field.NEIGHBOURHOOD, Field.GENDER, Field.BIRTH_YEAR, Field.CONSENTED_ON, Field.LANGUAGE, Field.TAGS,
    )
)  # fmt: skip
"""Named as `CleanRow` names them"""


def row_cleaner(
    mapping: ColumnMapping,
    width: int,
    today: date,
    *,
    kinds: Mapping[str, Reader | tuple[str, Sequence[str]]] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
) -> Callable[[int, Sequence[Cell]], CleanRow]:
    """A function that reads one row: (row number in the file, cells) → CleanRow. `today` is the day in Tehran.

    `kinds`: key of a typed field → its reader, or (kind, options) of one; other custom columns are text. `values`: field → {search key of what stands in the file →
    what is stored instead}, as the office decided; an empty one drops the value.
    """
    this_year = persian.to_jalali(today)[0]
    phone_column = mapping.phone
    readers = {
        CUSTOM + key: lru_cache(maxsize=10_000)(found if callable(found) else reader_for(*found)) for key, found in (kinds or {}).items()
    }
    decided = {name: dict(chosen) for name, chosen in (values or {}).items() if chosen}
    key_of = lru_cache(maxsize=20_000)(persian.search_key)
    parse_phones = persian.parse_phones

    def read(column: int, name: str, cell: Cell) -> tuple[Any, tuple[Problem, ...]]:
        """(value, problems) of a cell that isn't empty; the value is `_NOTHING` where none is to be stored."""
        text = text_of(cell)
        if not text:
            return _NOTHING, ()
        problems: list[Problem] = []
        if len(text) > TEXT_LIMIT:
            text = text[:TEXT_LIMIT].rstrip()
            problems.append(Problem(column, "text_cut", text))
        if text[0] in MARKED:
            harmless, is_disarmed = disarm(text)
            if is_disarmed:
                problems.append(Problem(column, "formula_disarmed", text))
                text = harmless
                if not text:
                    return _NOTHING, tuple(problems)
        if "\ufffd" in text:
            problems.append(Problem(column, "characters_lost", text))
        if name in decided:
            text = decided[name].get(key_of(text), text)
            if not text:
                return _NOTHING, tuple(problems)
        value: Any = text
        problem: str | None = None
        if name == Field.NEIGHBOURHOOD:
            value = _neighbourhood(text)
        elif name == Field.GENDER:
            gender = read_gender(text)
            value, problem = gender or "", "gender_unknown" if gender is None else None
        elif name == Field.BIRTH_YEAR:
            value, problem = read_birth_year(text, this_year)
        elif name == Field.CONSENTED_ON:
            value, problem = read_consent_date(text, today)
        elif name == Field.LANGUAGE:
            language = read_language(text)
            value, problem = language or "", "language_unknown" if language is None else None
        elif name == Field.TAGS:
            value, is_cut = read_tags(text)
            problem = "tags_many" if is_cut else None
        elif name in readers:
            value, problem = readers[name](text)
            value = _NOTHING if value is None else value
        if problem:
            problems.append(Problem(column, problem, text))
        return value, tuple(problems)

    # Lists repeat most of what stands in a column: what a short text means is found once.
    remembered = _REMEMBERED // max(len(mapping.fields), 1)
    others = [
        (column, name, partial(read, column, name), lru_cache(maxsize=remembered)(partial(read, column, name)))
        for column, name in mapping.fields.items()
        if column != phone_column
    ]

    def clean(number: int, cells: Sequence[Cell]) -> CleanRow:
        count = len(cells)
        raw_phone = cells[phone_column] if phone_column < count else None
        found = parse_phones(raw_phone)
        row = CleanRow(number, found.first)
        if found.problem is not None:
            row.errors = (Problem(phone_column, found.problem, text_of(raw_phone)[:TEXT_LIMIT]),)
        warnings = row.warnings
        if found.further:
            warnings.append(Problem(phone_column, "further_number", text_of(raw_phone)[:TEXT_LIMIT]))
        for column, name, read_anew, read_short in others:
            cell = cells[column] if column < count else None
            if cell is None or cell == "":
                continue
            value, problems = (read_short if type(cell) is str and len(cell) <= _SHORT else read_anew)(cell)
            if problems:
                warnings.extend(problems)
            if value is _NOTHING:
                continue
            if name in _OWN_FIELDS:
                setattr(row, name, value)
            else:
                row.custom[name[len(CUSTOM) :]] = value
        if count > width and any(cell not in (None, "") for cell in cells[width:]):
            warnings.append(Problem(width, "cells_beyond_columns", text_of(next(c for c in cells[width:] if c not in (None, "")))[:TEXT_LIMIT]))
        elif count < width:
            warnings.append(Problem(count, "cells_missing", ""))
        return row

    return clean


def is_blank(cells: Sequence[Cell]) -> bool:
    """A row nothing stands in: skipped, and not counted."""
    for cell in cells:
        if cell is None or cell == "":
            continue
        if not isinstance(cell, str) or not cell.isspace():
            return False
    return True


def sum_is_whole(rows: int, counts: Mapping[str, int]) -> bool:
    """The law of every import: each row is in exactly one of the six."""
    return rows == sum(counts[name] for name in COUNTS)


COUNTS = ("created", "updated", "unchanged", "duplicates", "rejected", "suppressed")
