"""The files beside an upload: what the preview shows, and the rows that were not accepted. They hold numbers and go with the upload."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app

from contacts.importing.rejected import SUFFIXES, RejectedFile
from contacts.rules.columns import ColumnMapping, Field
from contacts.rules.rows import CleanRow
from contacts.rules.showing import mask_digits
from engage.config import Settings

__all__ = [
    "STATES",
    "PreviewCell",
    "PreviewRow",
    "RejectedFile",
    "count_preview",
    "delete_files",
    "new_name",
    "preview_line",
    "preview_path",
    "read_preview",
    "rejected_path",
    "upload_path",
    "uploads_folder",
]

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
    return path.with_suffix(".rejected" + SUFFIXES.get(path.suffix.removeprefix("."), ".csv"))


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
        if code in _DROPPED or code.startswith("custom_"):
            value = next(problem.value for problem in (*row.errors, *row.warnings) if problem.column == column and problem.code == code)
        cells.append([name, _shown_value(value), code, column in errors])
    warned = "w" if row.warnings or shared_with else "-"
    stored = {"n": row.number, "c": cells, "s": shared_with}
    return f"{STATES[state]}{warned}{json.dumps(stored, ensure_ascii=False, separators=(',', ':'))}\n"


_DROPPED = frozenset({"gender_unknown", "birth_year_invalid", "consent_date_invalid", "consent_date_future", "language_unknown"})
"""Problems whose value is not stored; what stood in the cell is shown."""


def _shown_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "بله" if value else "خیر"
    return "، ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


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
