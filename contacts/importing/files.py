"""The files beside an upload: what the preview shows, and the rows that were not accepted. They hold numbers and go with the upload."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import xlsxwriter
from flask import current_app

from contacts.rules.columns import Cell, ColumnMapping, Field
from contacts.rules.rows import CleanRow, Problem, text_of
from contacts.rules.showing import mask_digits, neutralise
from engage.config import Settings

STATES = {"created": "c", "updated": "u", "unchanged": "n", "duplicates": "d", "suppressed": "s", "rejected": "r"}
_NAMES = {letter: name for name, letter in STATES.items()}


def uploads_folder() -> Path:
    settings: Settings = current_app.extensions["engage_settings"]
    folder = settings.data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_name(kind: str) -> str:
    """A name nobody can guess; nothing of it comes from the browser."""
    return f"{secrets.token_hex(16)}.{kind}"


def upload_path(stored_name: str) -> Path:
    return uploads_folder() / Path(stored_name).name


def preview_path(stored_name: str) -> Path:
    return upload_path(stored_name).with_suffix(".preview")


def rejected_path(stored_name: str) -> Path:
    path = upload_path(stored_name)
    return path.with_suffix(".rejected" + path.suffix)


def delete_files(stored_name: str) -> None:
    """The upload and everything made from it are gone."""
    if stored_name:
        for path in (upload_path(stored_name), preview_path(stored_name), rejected_path(stored_name)):
            path.unlink(missing_ok=True)


# -- the preview ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PreviewCell:
    """A value as it will be stored, or as it stands in the file where it can't be."""

    field: str
    value: str
    problem: str = ""
    is_error: bool = False


@dataclass(frozen=True)
class PreviewRow:
    number: int
    state: str
    has_warning: bool
    cells: tuple[PreviewCell, ...]
    """In the order of the mapping, the phone masked"""
    shared_with: int | None = None
    """The earlier row that gave the same number another name"""


def preview_line(row: CleanRow, state: str, mapping: ColumnMapping, raw_phone: str, shared_with: int | None) -> str:
    """One line of a preview file: state, whether there is a warning, then the row. The two letters in front make filtering cheap."""
    problems = {problem.column: problem.code for problem in row.warnings}
    errors = {problem.column: problem.code for problem in row.errors}
    phone = row.phone and "0" + row.phone[3:6] + "***" + row.phone[-4:]
    cells = []
    for column, name in mapping.fields.items():
        if name == Field.PHONE:
            value: Any = phone or mask_digits(raw_phone)
        elif name.startswith("custom:"):
            value = row.custom.get(name.removeprefix("custom:"), "")
        elif name == Field.CONSENTED_ON:
            value = row.consented_on.isoformat() if row.consented_on else ""
        else:
            value = getattr(row, name)
        code = errors.get(column) or problems.get(column) or ""
        if code in _DROPPED:
            value = next(problem.value for problem in row.warnings if problem.column == column and problem.code == code)
        cells.append([name, "" if value is None else str(value), code, column in errors])
    warned = "w" if row.warnings or shared_with else "-"
    stored = {"n": row.number, "c": cells, "s": shared_with}
    return f"{STATES[state]}{warned}{json.dumps(stored, ensure_ascii=False, separators=(',', ':'))}\n"


_DROPPED = frozenset({"gender_unknown", "birth_year_invalid", "consent_date_invalid", "consent_date_future"})


def read_preview(stored_name: str, *, show: str, skip: int, limit: int) -> list[PreviewRow]:
    """Rows of the preview; `show` is "" (all), a state, or "warned"."""
    path = preview_path(stored_name)
    if not path.exists():
        return []
    found: list[PreviewRow] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not _shown(line, show):
                continue
            if skip:
                skip -= 1
                continue
            stored = json.loads(line[2:])
            cells = tuple(PreviewCell(*cell) for cell in stored["c"])
            found.append(PreviewRow(stored["n"], _NAMES[line[0]], line[1] == "w", cells, stored["s"]))
            if len(found) == limit:
                break
    return found


def count_preview(stored_name: str) -> dict[str, int]:
    """How many rows each filter of the preview shows: "", the states, "warned"."""
    counts = dict.fromkeys(("", "warned", *STATES), 0)
    path = preview_path(stored_name)
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                counts[""] += 1
                counts[_NAMES[line[0]]] += 1
                counts["warned"] += line[1] == "w" and line[0] != "r"
    return counts


def _shown(line: str, show: str) -> bool:
    if show == "warned":
        return line[1] == "w" and line[0] != "r"
    return not show or line[0] == STATES.get(show)


# -- the rejected rows ---------------------------------------------------------------------------------------------------


class RejectedFile:
    """Rows that were not accepted, as they stood, with a column that says why; in the family of the uploaded file.

    Cells a spreadsheet would run as a formula are neutralised. `close` is told by the `with` block.
    """

    def __init__(self, path: Path, headers: Sequence[str], reason_title: str, row_title: str, explain: Callable[[Problem], str]) -> None:
        self._path = path
        self._headers = [row_title, *map(neutralise, headers), reason_title]
        self._width = len(headers)
        self._explain = explain
        self._next = 0

    def __enter__(self) -> RejectedFile:
        if self._path.suffix == ".xlsx":
            options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
            self._book = xlsxwriter.Workbook(str(self._path), options)
            self._sheet = self._book.add_worksheet()
            self._sheet.right_to_left()
            self._text = self._book.add_format({"num_format": "@"})
        else:
            # The mark makes Excel read UTF-8.
            self._file = self._path.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
        self._write(self._headers)
        return self

    def add(self, row: CleanRow, cells: Sequence[Cell]) -> None:
        texts = [neutralise(text_of(cell)) for cell in cells[: self._width]]
        texts += [""] * (self._width - len(texts))
        self._write([str(row.number), *texts, self._explain(row.errors[0])])

    def _write(self, values: list[str]) -> None:
        if self._path.suffix == ".xlsx":
            for column, value in enumerate(values):
                self._sheet.write_string(self._next, column, value, self._text)
            self._next += 1
        else:
            self._writer.writerow(values)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._path.suffix == ".xlsx":
            self._book.close()
        else:
            self._file.close()

