"""Texts of a form in its languages: which one becomes ours, which are translations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from surveys.interchange.languages import PERSIAN, code_of

UNNAMED = "default"
"""How pyxform calls the language of a column that names none."""
_PIPED = re.compile(r"\$\{\s*(?:last-saved#)?([^{}]+?)\s*\}")


class Languages:
    """The languages of one form. `main` is its key of the texts that stand in the definition; `codes` those of translations."""

    def __init__(self, form: Mapping[str, Any]) -> None:
        counts: dict[str, int] = {}
        for element in elements(form.get("children", ())):
            _count(element, counts)
        for choices in (form.get("choices") or {}).values():
            for choice in choices:
                _count(choice, counts)
        told = str(form.get("default_language") or UNNAMED)
        keys = sorted(counts, key=lambda key: (-counts[key], key != UNNAMED))
        persian = [key for key in keys if code_of(key) == PERSIAN]
        self.main = next(iter([*persian, *(key for key in keys if key == told != UNNAMED), *keys]), UNNAMED)
        self.codes: dict[str, str] = {}
        self.unknown: list[str] = []
        taken = {PERSIAN, code_of(self.main)}
        for key in keys:
            code = code_of(key)
            if key == self.main or (key == UNNAMED and not code):
                continue
            if not code or code in taken:
                self.unknown.append(key)
            else:
                self.codes[key] = code
                taken.add(code)

    def main_code(self) -> str:
        """"" where the form doesn't say which language it is in."""
        return code_of(self.main)

    def main_text(self, value: Any) -> str:
        """The text in the main language, else in whichever it is written."""
        if isinstance(value, Mapping):
            for key in (self.main, UNNAMED, *value):
                text = str(value.get(key) or "")
                if text:
                    return text
            return ""
        return "" if value is None else str(value)

    def translated(self, value: Any) -> dict[str, str]:
        """Code of a language → the text in it."""
        if not isinstance(value, Mapping):
            return {}
        return {self.codes[key]: str(text) for key, text in value.items() if key in self.codes and str(text) not in ("", "-")}


def _count(element: Mapping[str, Any], counts: dict[str, int]) -> None:
    for field in ("label", "hint"):
        value = element.get(field)
        if isinstance(value, Mapping):
            for key in value:
                counts[str(key)] = counts.get(str(key), 0) + (10 if field == "label" else 1)
        elif value:
            counts[UNNAMED] = counts.get(UNNAMED, 0) + (10 if field == "label" else 1)


def elements(children: Any) -> Iterator[Mapping[str, Any]]:
    """Everything in the form, in its order, groups before what is in them."""
    for child in children or ():
        yield child
        yield from elements(child.get("children"))


def with_answers(text: str, places: Mapping[str, str]) -> tuple[str, list[str]]:
    """A text whose `${name}` became ours, and the names nothing was made of."""
    lost: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        place = places.get(found[1])
        if place is None:
            lost.append(found[1])
            return "…"
        return f"{{{place}}}"

    return _PIPED.sub(replaced, text), lost
