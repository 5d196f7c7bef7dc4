"""A citizen's page as a phone reads it: its form, what can be typed and chosen there, and what is wrong with what was sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser

_PRESSED = ("submit", "button", "reset", "image")


class FormReader(HTMLParser):
    """The controls of a page's main form: hidden fields, and every name and value a person could choose."""

    def __init__(self) -> None:
        super().__init__()
        self.is_there = False
        self.takes_files = False
        """It is sent as multipart/form-data"""
        self.hidden: list[tuple[str, str]] = []
        self.choices: set[tuple[str, str]] = set()
        """Names and values of what can be ticked, tapped or picked from a list"""
        self.chosen: set[tuple[str, str]] = set()
        """Those that are when the page opens; a list always has one"""
        self.lists: set[str] = set()
        """Names of what is picked from a list"""
        self.free: set[str] = set()
        self.written: dict[str, str] = {}
        """What stands in the free fields"""
        self.files: set[str] = set()
        self.faults: list[str] = []
        """The questions beside which the page says that something is wrong"""
        self._inside = False
        self._list = ""
        self._text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "form" and values.get("method", "").lower() == "post" and not self.is_there:
            self._inside = self.is_there = True
            self.takes_files = values.get("enctype") == "multipart/form-data"
        if not self._inside:
            return
        if "er" in values.get("class", "").split() and values.get("id", "").endswith(":e"):
            self.faults.append(values["id"].removesuffix(":e"))
        name = values.get("name", "")
        if tag == "option" and self._list:
            self._option(values)
        if not name:
            return
        if tag == "textarea":
            self.free.add(name)
            self._text = name
            self.written[name] = ""
        elif tag == "select":
            self._list = name
            self.lists.add(name)
        elif tag == "input":
            self._input(name, values)

    def _option(self, values: Mapping[str, str]) -> None:
        choice = self._list, values.get("value", "")
        if "selected" in values or not any(name == self._list for name, _ in self.chosen):
            self.chosen = {each for each in self.chosen if each[0] != self._list} | {choice}
        self.choices.add(choice)

    def _input(self, name: str, values: Mapping[str, str]) -> None:
        kind, value = values.get("type", "text").lower(), values.get("value", "")
        if kind == "hidden":
            self.hidden.append((name, value))
        elif kind in ("radio", "checkbox"):
            self.choices.add((name, value))
            if "checked" in values:
                self.chosen.add((name, value))
        elif kind == "file":
            self.files.add(name)
        elif kind not in _PRESSED:
            self.free.add(name)
            self.written[name] = value

    def handle_data(self, data: str) -> None:
        if self._text:
            self.written[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._text = ""
        elif tag == "select":
            self._list = ""

    def offers(self, name: str, value: str) -> bool:
        return name in self.free or (name, value) in self.choices

    @property
    def questions(self) -> set[str]:
        """The ids of what this page asks."""
        names = self.free | self.files | {name for name, _ in self.choices}
        return {name.partition(".")[0] for name in names}


def read_form(page: str) -> FormReader:
    form = FormReader()
    form.feed(page)
    form.close()
    return form


def filled(form: FormReader, wanted: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The form's values as a browser sends them once `wanted` is typed and chosen in it: empty fields and lists left alone, too."""
    fields = list(form.hidden)
    for name in sorted(form.free):
        fields.append((name, next(iter(wanted.get(name, ())), "")))
    for name in sorted({name for name, _ in form.choices}):
        values = wanted.get(name) or ([value for each, value in form.chosen if each == name] if name in form.lists else [])
        fields += [(name, value) for value in values]
    return fields


def not_offered(form: FormReader, wanted: Mapping[str, Sequence[str]]) -> str:
    """The first field of a question on this page that it has no place for, "" where all can be filled in."""
    here = form.questions
    for name, values in wanted.items():
        if name.partition(".")[0] in here and not all(form.offers(name, value) for value in values):
            return name
    return ""


def forgotten(form: FormReader, sent: Sequence[tuple[str, str]]) -> str:
    """The first field that shows something else than what was sent of it before, "" where everything is still there."""
    said: dict[str, set[str]] = {}
    for name, value in sent:
        said.setdefault(name, set()).add(value)
    hidden = {name for name, _ in form.hidden}
    for name in sorted({name for name, _ in form.choices} & said.keys()):
        if {value for each, value in form.chosen if each == name} != said[name]:
            return name
    # Numbers and days come back in another spelling, and a national id not at all.
    for name in sorted(form.free & said.keys()):
        if any(said[name]) and not form.written.get(name) and f"{name}.kept" not in hidden:
            return name
    return ""
