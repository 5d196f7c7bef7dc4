"""What stands in a row of an XLSForm besides what became of it: listed, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surveys.interchange.findings import Notes
from surveys.interchange.keeping import is_ours
from surveys.interchange.kinds_of_rows import APPEARANCES, PLAIN_COLUMNS
from surveys.interchange.sheets import CHOICE_MARK, row_of
from surveys.interchange.texts import Languages


class Leftovers:
    """Lists them; a column nobody here knows is told once."""

    def __init__(self, languages: Languages, notes: Notes) -> None:
        self._languages, self._notes = languages, notes
        self._told: set[str] = set()

    def tell_choice(self, choice: Mapping[str, Any], name: str) -> None:
        number = int(choice.get(CHOICE_MARK) or 0)
        for column in choice:
            if column not in ("name", "label", CHOICE_MARK, "__row") and f"{number} {column}" not in self._told:
                self._told.add(f"{number} {column}")
                code = "media" if column == "media" else "choice_column"
                self._notes.skip(code, f"{name}: {column}", row=number, column=column, sheet="choices")


    def tell_group(self, group: Mapping[str, Any]) -> None:
        number, name = row_of(group), str(group.get("name"))
        appearance = str((group.get("control") or {}).get("appearance") or "")
        left = [word for word in appearance.split() if word not in APPEARANCES["group"]]
        if left:
            self._notes.skip("appearance", f"{name}: {' '.join(left)}", row=number, column="appearance")
        is_named = bool(self._languages.main_text(group.get("label")).strip())
        for column in ("media", "intent", *(() if is_named else ("hint",))):
            if group.get(column):
                self._notes.skip("column", f"{name}: {column}", row=number, column=column)

    def tell_columns(self, element: Mapping[str, Any], name: str, number: int, formula: str, meant: str) -> None:
        control, bind = element.get("control") or {}, element.get("bind") or {}
        kept = APPEARANCES.get(meant, set())
        left = [word for word in str(control.get("appearance") or "").split() if word not in kept]
        if left:
            self._notes.skip("appearance", f"{name}: {' '.join(left)}", row=number, column="appearance")
        if element.get("default") not in (None, "") and meant != "hidden":
            self._notes.skip("default", f"{name}: {element['default']}", row=number, column="default")
        if element.get("media"):
            self._notes.skip("media", f"{name}: {', '.join(element['media'])}", row=number, column="media")
        if element.get("guidance_hint"):
            self._notes.skip("guidance_hint", name, row=number, column="guidance_hint")
        if element.get("trigger"):
            self._notes.skip("trigger", name, row=number, column="trigger")
        readonly = str(bind.get("readonly") or "").lower()
        if readonly in ("yes", "true", "true()") and meant not in ("note", "calculate", "hidden"):
            self._notes.skip("readonly", name, row=number, column="read_only")
        for key in bind:
            if key not in ("relevant", "required", "constraint", "jr:constraintMsg", "calculate", "readonly", "type") and not key.startswith("orx:"):
                column = {"jr:requiredMsg": "required_message"}.get(key, key)
                self._notes.skip("column", f"{name}: {column}", row=number, column=column)
        if formula and meant not in ("calculate", "hidden"):
            self._notes.skip("calculation", f"{name}: {formula}", row=number, column="calculation")
        for key in control:
            if key not in ("appearance", "rows", "jr:count", "tag", "mediatype") and not (meant == "range" and key in ("start", "end", "step")):
                self._notes.skip("column", f"{name}: {key}", row=number, column=key)
        for key in ("intent", "buttonText", "autoplay"):
            if element.get(key):
                self._notes.skip("column", f"{name}: {key}", row=number, column=key)
        for key in element:
            if key not in PLAIN_COLUMNS and key not in self._told and not is_ours(key):
                self._told.add(key)
                self._notes.skip("column_unknown", key, column=key)
