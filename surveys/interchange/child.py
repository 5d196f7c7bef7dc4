"""An XLSForm is read and checked in a process of its own: whatever a file does to its parsers, the one who asked gets a `Refused`.

`read_apart` gives pyxform's own description of the form, whose every element carries the row it came from.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from engage.refusal import Refused
from engage.tables.apart import MEMORY, limit_this_process, start_apart, was_stopped_by_limits
from surveys.interchange.sheets import ROW_MARK, UNTITLED, FormSheet, read_sheets, shown_again

CPU_SECONDS = 20
_WAIT_SECONDS = 120


@dataclass(frozen=True)
class Described:
    """What pyxform understood."""

    form: Mapping[str, Any]
    warnings: tuple[str, ...]
    sheets: tuple[str, ...]
    """Names of all sheets in the file, in small letters"""


def read_apart(path: Path) -> Described:
    """The form in this file, described by pyxform.

    Refused: as `sheets.read_sheets`, each file_ code with form_ before it; file_bomb where memory or time run out; and what pyxform says is
    wrong: form_list_unknown, form_type_missing, form_name_missing, form_name_malformed, form_name_repeated, form_group_unpaired,
    form_reference_unknown, form_choice_repeated, form_choice_nameless, form_row_refused (row, detail), form_refused (detail).
    """
    process = start_apart("surveys.interchange.child", memory=MEMORY, cpu_seconds=CPU_SECONDS)
    try:
        out, _ = process.communicate(str(path.absolute()).encode("utf-8", "surrogateescape"), timeout=_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused("form_file_bomb") from None
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    if process.returncode:
        raise Refused("form_file_bomb" if was_stopped_by_limits(process.returncode) else "form_file_unreadable")
    try:
        said = msgspec.json.decode(out)
    except msgspec.DecodeError:
        raise Refused("form_file_unreadable") from None
    if "refused" in said:
        code, params = said["refused"]
        raise Refused(f"form_{code}" if code.startswith("file_") else code, **params)
    return Described(said["form"], tuple(said["warnings"]), tuple(said["sheets"]))


# -- the process ---------------------------------------------------------------------------------------------------------


def main(limits: str) -> None:
    limit_this_process(limits)
    path = Path(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes nowhere
    try:
        said = _describe(path)
    except Refused as refused:
        said = {"refused": (refused.code, refused.params)}
    except (MemoryError, RecursionError):
        said = {"refused": ("file_bomb", {})}
    sink.write(msgspec.json.encode(said))
    sink.flush()


def _describe(path: Path) -> dict[str, Any]:
    sheets, names = read_sheets(path)
    from pyxform.errors import PyXFormError
    from pyxform.xls2json import workbook_to_json
    from pyxform.xls2json_backends import DefinitionData

    given: dict[str, Any] = {"sheet_names": names}
    settings = sheets.setdefault("settings", FormSheet())
    # Texts stay as they were written; what has to be straightened is.
    settings.rows = [{**next((row for row in settings.rows if row), {}), "clean_text_values": "no"}]
    settings.columns = [*(name for name in settings.columns if name != "clean_text_values"), "clean_text_values"]
    for name, sheet in sheets.items():
        given[name] = sheet.rows
        given[f"{name}_header"] = [dict.fromkeys(sheet.columns)]
    warnings: list[str] = []
    try:
        form = workbook_to_json(DefinitionData(**given), fallback_form_name=UNTITLED, warnings=warnings)
    except PyXFormError as error:
        raise _refusal(shown_again(str(error))) from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Refused("form_refused", detail=f"{type(error).__name__}: {error}"[:300]) from None
    return {"form": _shown(form), "warnings": [shown_again(each) for each in warnings], "sheets": names}


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return shown_again(value)
    if isinstance(value, dict):
        return {shown_again(str(key)): _shown(each) for key, each in value.items() if key != "parent"}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


_ROW = r"\[row : (?P<row>\d+)\] ?"
_SAID = tuple(
    (re.compile(pattern, re.DOTALL), code)
    for pattern, code in (
        (_ROW + r"List name not in choices sheet: (?P<list>.*)", "form_list_unknown"),
        (r"There should be a (?P<sheet>choices) sheet", "form_sheet_missing"),
        (r"There should be an (?P<sheet>external_choices) sheet", "form_sheet_missing"),
        (_ROW + r"Question with no type", "form_type_missing"),
        (_ROW + r"Question or group with no name", "form_name_missing"),
        (_ROW + r".*Names must begin with a letter or underscore", "form_name_malformed"),
        (_ROW + r".*'name' value '(?P<name>[^']*)' is invalid\. .*unique", "form_name_repeated"),
        (_ROW + r"Unmatched '(?:begin|end)_", "form_group_unpaired"),
        (_ROW + r".*'(?P<sheet>[^']*)' sheet, the '(?P<column>[^']*)' value.*Could not find the name '(?P<name>[^']*)'", "form_reference_unknown"),
        (_ROW + r"On the 'choices' sheet, the 'name' value is invalid\. Choice names must be unique", "form_choice_repeated"),
        (_ROW + r"On the 'choices' sheet, the 'name' value is invalid\. Choices must have", "form_choice_nameless"),
        (r"Invalid headers provided for sheet: '(?P<sheet>[^']*)'.*same column were found: '[^']*', '(?P<column>[^']*)'", "form_column_repeated"),
        (_ROW + r"(?P<detail>.*)", "form_row_refused"),
    )
)


def _refusal(said: str) -> Refused:
    for pattern, code in _SAID:
        found = pattern.match(said)
        if found:
            params = {name: value[:300].strip() for name, value in found.groupdict().items() if value is not None}
            return Refused(code, **{name: int(value) if name == "row" else value for name, value in params.items()})
    return Refused("form_refused", detail=said.replace(f", '{ROW_MARK}'", "")[:300])


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main(sys.argv[1])
    os._exit(0)
