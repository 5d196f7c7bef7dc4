"""Census figures as people write them: read, checked, and in the groups reports know. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence

from engage.persian import search_key, to_latin_digits
from engage.refusal import Refused

NEIGHBOURHOOD, AGE, GENDER = "neighbourhood", "age", "gender"
DIMENSIONS = (AGE, GENDER, NEIGHBOURHOOD)
AGES = ("0-17", "18-29", "30-44", "45-59", "60+")
MOST_ROWS = 600
MOST_CHARACTERS = 60_000
LARGEST = 100_000_000
TOLERANCE = 0.01
"""Totals of two dimensions may differ by this share: censuses round, and some people's age isn't known"""
MOST_SOURCE = 120

Margins = dict[str, dict[str, int]]
_DIMENSION_WORDS = {
    "سن": AGE, "گروه سنی": AGE, "age": AGE,
    "جنسیت": GENDER, "جنس": GENDER, "gender": GENDER, "sex": GENDER,
    "محله": NEIGHBOURHOOD, "neighbourhood": NEIGHBOURHOOD, "neighborhood": NEIGHBOURHOOD,
}  # fmt: skip
_GENDER_WORDS = {"زن": "female", "زنان": "female", "female": "female", "مرد": "male", "مردان": "male", "male": "male"}
_NUMBER = re.compile(r"\d+")
_GROUPING = re.compile(r"[,٬،\s\u200c\u200e\u200f]")


def read_rows(text: str) -> list[list[str]]:
    """Lines of cells: pasted from a spreadsheet (tabs), or CSV with commas or semicolons. Empty lines are passed over.

    Refused: "census_empty", "census_too_large" (rows).
    """
    if len(text) > MOST_CHARACTERS:
        raise Refused("census_too_large", rows=MOST_ROWS)
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in plain.split("\n") if line.strip()), "")
    delimiter = "\t" if "\t" in first else ";" if first.count(";") >= 2 else ","
    rows = [
        [cell.strip() for cell in row] for row in csv.reader(io.StringIO(plain), delimiter=delimiter) if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise Refused("census_empty")
    if len(rows) > MOST_ROWS:
        raise Refused("census_too_large", rows=MOST_ROWS)
    return rows


def read_margins(rows: Sequence[Sequence[str]], neighbourhoods: Collection[str]) -> Margins:
    """dimension → group → people, of rows of (dimension, group, people); a first row of headings is passed over.

    Refused, each with the row's place as people count: "census_columns", "census_dimension" (value), "census_group" (value),
    "census_count" (value), "census_repeated" (value); "census_one_group" (dimension); "census_empty"; "census_disagree" (first, second).
    """
    known = {search_key(name): name for name in neighbourhoods}
    margins: Margins = {}
    for place, row in enumerate(rows, start=1):
        cells = list(row)
        while len(cells) > 3 and not cells[-1]:
            cells.pop()
        if len(cells) != 3:
            raise Refused("census_columns", row=place)
        dimension = _DIMENSION_WORDS.get(search_key(cells[0])) or _DIMENSION_WORDS.get(cells[0].strip().lower())
        if dimension is None:
            if place == 1 and not _NUMBER.search(to_latin_digits(cells[2])):
                continue
            raise Refused("census_dimension", row=place, value=cells[0][:40])
        group = _group(dimension, cells[1], known)
        if group is None:
            raise Refused("census_group", row=place, value=cells[1][:40])
        count = _count(cells[2])
        if count is None:
            raise Refused("census_count", row=place, value=cells[2][:40])
        groups = margins.setdefault(dimension, {})
        if group in groups:
            raise Refused("census_repeated", row=place, value=cells[1][:40])
        groups[group] = count
    if not margins:
        raise Refused("census_empty")
    for dimension, groups in margins.items():
        if sum(count > 0 for count in groups.values()) < 2:
            raise Refused("census_one_group", dimension=dimension)
    _check_totals(margins)
    return {dimension: margins[dimension] for dimension in DIMENSIONS if dimension in margins}


def _check_totals(margins: Mapping[str, Mapping[str, int]]) -> None:
    totals = {dimension: sum(groups.values()) for dimension, groups in margins.items()}
    largest, smallest = max(totals, key=lambda each: totals[each]), min(totals, key=lambda each: totals[each])
    if totals[largest] - totals[smallest] > TOLERANCE * totals[largest]:
        raise Refused("census_disagree", first=largest, second=smallest, first_total=totals[largest], second_total=totals[smallest])


def _group(dimension: str, written: str, known: Mapping[str, str]) -> str | None:
    if dimension == GENDER:
        return _GENDER_WORDS.get(search_key(written)) or _GENDER_WORDS.get(written.strip().lower())
    if dimension == NEIGHBOURHOOD:
        plain = search_key(written)
        return known.get(plain) or known.get(plain.removeprefix("محله").strip())
    return _age(to_latin_digits(written))


def _age(written: str) -> str | None:
    """«۱۸ تا ۲۹», 18-29, «زیر ۱۸», «۶۰ و بیشتر», 60+: one of the bands reports know, or none."""
    numbers = [int(each) for each in _NUMBER.findall(written)[:3]]
    if len(numbers) == 2:
        band = f"{numbers[0]}-{numbers[1]}"
        return band if band in AGES else None
    if numbers == [60]:
        return "60+" if "زیر" not in written else None
    if numbers == [18] and ("زیر" in written or "<" in written or "کمتر" in written):
        return "0-17"
    return None


def _count(written: str) -> int | None:
    plain = _GROUPING.sub("", to_latin_digits(written))
    if not plain.isascii() or not plain.isdigit() or len(plain) > 9:
        return None
    found = int(plain)
    return found if found <= LARGEST else None


def levelled(margins: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, float]]:
    """The same shares, all dimensions with the total of the first: what rounding left apart would keep weights from converging."""
    total = float(sum(next(iter(margins.values())).values())) if margins else 0.0
    return {
        dimension: {group: count * total / sum(groups.values()) for group, count in groups.items()} for dimension, groups in margins.items()
    }
