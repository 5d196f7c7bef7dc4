"""What is looked for, as it stands in an address, and as chips that take one condition away each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from contacts import queries
from contacts.looks import LANGUAGES, REACH_LOOKS, STANDING_LOOKS
from contacts.queries.fields import FieldRecord, fields_of
from contacts.queries.finding import REACHES, STANDINGS, SearchFilter
from contacts.queries.imports import list_imports
from contacts.queries.tags import TagRecord, tags_of
from contacts.rules.custom_values import reader_for, show_value
from contacts.words import GENDERS
from engage import persian
from engage.identity.guard import current_unit
from engage.web.filters import number

NAMES = ("q", "neighbourhood", "standing", "gender", "age_from", "age_to", "tag", "field", "value", "language", "reach", "shared", "import")


class Wanted:
    """The filter of one request, with the words and the addresses a page shows for it."""

    def __init__(self, values: Mapping[str, Any], units: frozenset[int]) -> None:
        self.units = units
        self.fields: tuple[FieldRecord, ...] = fields_of(current_unit().id)
        self.tags: tuple[TagRecord, ...] = tags_of(current_unit().id)
        self.kept = {name: str(values[name]).strip()[:200] for name in NAMES if str(values.get(name) or "").strip()}
        self.unreadable = False
        """A value was typed that the chosen field can't have: nobody fits"""
        self.filter = self._read()

    def _read(self) -> SearchFilter:
        kept = self.kept
        tag_id = _whole(kept.get("tag"))
        tag = next((each for each in self.tags if each.id == tag_id), None)
        field = next((each for each in self.fields if each.key == kept.get("field")), None)
        imported = next((each for each in self.imports if each.slug == kept.get("import")), None) if kept.get("import") else None
        value = None
        if field is not None and kept.get("value"):
            value, problem = reader_for(field.kind, field.options)(kept["value"])
            self.unreadable = problem is not None
        known = {
            "tag": tag is not None,
            "field": field is not None,
            "value": field is not None,
            "import": imported is not None,
            "standing": kept.get("standing") in STANDINGS,
            "reach": kept.get("reach") in REACHES,
            "gender": kept.get("gender") in GENDERS,
            "language": kept.get("language") in LANGUAGES,
            "age_from": _whole(kept.get("age_from")) is not None,
            "age_to": _whole(kept.get("age_to")) is not None,
        }
        self.kept = kept = {name: text for name, text in kept.items() if known.get(name, True)}
        return SearchFilter(
            words=kept.get("q", "")[:100],
            neighbourhood=kept.get("neighbourhood", ""),
            gender=kept.get("gender", ""),
            age_from=_whole(kept.get("age_from")),
            age_to=_whole(kept.get("age_to")),
            language=kept.get("language", ""),
            tag_id=tag.id if tag else None,
            # What no value of this kind can be is looked for as it was typed: nobody has it.
            field=field.key if field else "",
            value=kept.get("value") if self.unreadable else value,
            standing=kept.get("standing", ""),
            reach=kept.get("reach", ""),
            is_shared="shared" in kept,
            import_id=imported.id if imported else None,
        )

    @property
    def imports(self) -> list[queries.ImportRecord]:
        if not hasattr(self, "_imports"):
            self._imports = [each for each in list_imports(self.units, limit=50) if each.finished_at is not None]
        return self._imports

    def chips(self) -> list[tuple[str, str]]:
        """(words, address without that condition) of every condition but the search words."""
        found = []
        for name, text in self.kept.items():
            words = self._words(name, text)
            if words:
                gone = {"field", "value"} if name == "field" else {name}
                rest: dict[str, Any] = {key: value for key, value in self.kept.items() if key not in gone}
                found.append((words, url_for("contacts.index", **rest)))
        return found

    def _words(self, name: str, text: str) -> str:
        if name in ("q", "value"):
            return ""
        if name == "tag":
            return str(_("tag “%(name)s”", name=next(each.name for each in self.tags if str(each.id) == persian.to_latin_digits(text))))
        if name == "field":
            field = next(each for each in self.fields if each.key == text)
            if self.filter.value is None:
                return str(_("has a “%(name)s”", name=field.title))
            return f"{field.title}: {show_value(field.kind, self.filter.value)}"
        if name == "import":
            return str(_("list “%(file)s”", file=next(each.file_name for each in self.imports if each.slug == text)))
        if name == "age_from":
            return str(_("from %(age)s years", age=number(self.filter.age_from)))
        if name == "age_to":
            return str(_("up to %(age)s years", age=number(self.filter.age_to)))
        if name == "shared":
            return str(_("shared number"))
        table: dict[str, Mapping[str, Any]] = {
            "standing": {key: look.label for key, look in STANDING_LOOKS.items()},
            "reach": {key: look.label for key, look in REACH_LOOKS.items()},
            "gender": GENDERS,
            "language": LANGUAGES,
        }
        return str(table[name][text]) if name in table else text


def _whole(text: str | None) -> int | None:
    typed = persian.to_latin_digits(text or "").strip()
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None
