"""The sheets of a form as a workbook; they run from right to left, and no cell is anything but text."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence

import xlsxwriter

from surveys.interchange.keeping import is_ours
from surveys.interchange.languages import PERSIAN, name_of

COLUMNS = ("type", "name", "label", "hint", "required", "relevant", "constraint", "constraint_message", "calculation", "appearance", "parameters", "default")
TRANSLATED = frozenset({"label", "hint", "constraint_message"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")

Line = dict[str, str]
"""Column → what stands in it"""


def workbook(survey: Sequence[Line], choices: Sequence[Line], settings: Mapping[str, str], languages: Sequence[str]) -> bytes:
    """An XLSX file. Columns stand in their order, a translated one in every language that has it; what nobody uses is left out."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#E6F4F3", "text_wrap": True})
        for name, columns, lines in (
            ("survey", _columns(COLUMNS, survey, languages), survey),
            ("choices", _columns(("list_name", "name", "label"), choices, languages), choices),
            ("settings", list(settings), [settings]),
        ):
            sheet = book.add_worksheet(name)
            sheet.right_to_left()
            sheet.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                sheet.set_column(place, place, 42 if column.startswith(("label", "hint")) else 18)
                sheet.write_string(0, place, column, head)
            for number, line in enumerate(lines, 1):
                for place, column in enumerate(columns):
                    if line.get(column):
                        sheet.write_string(number, place, _CONTROLS.sub("", line[column]))
    return out.getvalue()


def _columns(plain: tuple[str, ...], lines: Sequence[Line], languages: Sequence[str]) -> list[str]:
    used = {column for line in lines for column, text in line.items() if text} | {"type", "name", "list_name"}
    found: list[str] = []
    for column in plain:
        if column in TRANSLATED:
            named = [f"{column}::{name_of(language)}" for language in (PERSIAN, *languages)]
            found += [each for each in named if each in used or (column == "label" and each == named[0])]
        elif column in used:
            found.append(column)
    return found + sorted((column for column in used if is_ours(column)), key=lambda column: (len(column), column))
