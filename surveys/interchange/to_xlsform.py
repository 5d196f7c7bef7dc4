"""A definition of ours as an XLSForm. What a form can't say is listed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from engage.refusal import Refused
from surveys.definitions import Definition
from surveys.flow import PLACEHOLDER
from surveys.interchange.conditions import alone_condition
from surveys.interchange.findings import Exported, Notes, Skipped
from surveys.interchange.from_xlsform import INTRO, import_form
from surveys.interchange.keeping import cells_of, kept_text, survey_values
from surveys.interchange.languages import PERSIAN, name_of
from surveys.interchange.naming import form_name, id_again
from surveys.interchange.to_xpath import to_xpath
from surveys.interchange.workbook import Line, workbook
from surveys.interchange.xpath import XPathProblem, written
from surveys.types import AnyQuestion, type_of
from surveys.types.ballots import NONE

_TAKEN = frozenset({"meta", "data", INTRO})


def export_form(definition: Definition) -> Exported:
    """The survey as an XLSX workbook that Kobo and ODK read; sheets run right to left. What they can't be told is listed, and stands in a
    column of ours: `import_form` gives the same survey again.

    For that the form is read in once more, apart: it takes seconds.
    """
    plain = _Export(definition).whole()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xlsx"
        path.write_bytes(plain.content)
        try:
            again = import_form(path).definition
        except Refused as refused:
            return Exported(plain.content, [*plain.skipped, Skipped("survey", 0, "", refused.code, "form_not_read")])
    # A name of the form gives its row's id; in the order of the form, whatever became of it.
    found = {question.id: question for question in again.questions}
    kept = {
        question.id: kept_text(msgspec.to_builtins(question), msgspec.to_builtins(found[id_again(question.id, _TAKEN)]))
        for question in definition.questions
        if id_again(question.id, _TAKEN) in found
    }
    missing = [question.id for question in definition.questions if question.id not in kept]
    lost = [Skipped("survey", 0, "", each, "form_not_read") for each in missing]
    kept[""] = kept_text(survey_values(definition), survey_values(again))
    return Exported(_Export(definition, kept).whole().content, plain.skipped + lost)


def what_is_lost(definition: Definition) -> list[Skipped]:
    """What a form can't say to others, without making it."""
    return _Export(definition).whole().skipped


class _Export:
    def __init__(self, definition: Definition, kept: Mapping[str, str] | None = None) -> None:
        self._kept = kept or {}
        self._definition = definition
        self._notes = Notes()
        self._names = {
            f"{question.id}.{part}" if part else question.id: name for question in definition.questions for part, name in question.names().items()
        }
        self._forms = self._form_names()
        self._survey: list[Line] = []
        self._choices: list[Line] = []
        self._lists: dict[Any, str] = {}
        """Labels of a list → its name: questions with the same choices share one"""
        self._languages = [language for language in definition.languages if language != PERSIAN]

    def whole(self) -> Exported:
        self._tell_survey()
        definition = self._definition
        if definition.intro.strip():
            self._survey.append({"type": "note", "name": INTRO, **self._texts("label", definition.intro, "intro")})
        has_pages = any(question.new_page for question in definition.questions[1:])
        page = 0
        for position, question in enumerate(definition.questions):
            if has_pages and (position == 0 or question.new_page):
                if page:
                    self._survey.append({"type": "end_group"})
                page += 1
                self._survey.append({"type": "begin_group", "name": self._page_name(page), "appearance": "field-list"})
            self._question(question, position + 1)
        if page:
            self._survey.append({"type": "end_group"})
        settings = {"form_title": definition.title, "form_id": "engage_survey", "default_language": name_of(PERSIAN), **dict(cells_of(self._kept.get("", "")))}
        return Exported(workbook(self._survey, self._choices, settings, self._languages), self._notes.skipped)

    def _form_names(self) -> dict[str, str]:
        """Places that a row of the form will stand for → names of those rows."""
        found: dict[str, str] = {}
        for question in self._definition.questions:
            kind = type_of(question)
            if kind in _UNSAYABLE or not self._is_sayable(question):
                continue
            name = form_name(question.id, _TAKEN)
            if kind == "matrix":
                found |= {f"{question.id}.{row.id}": f"{name}.{row.id}" for row in getattr(question, "rows", ())}
            elif "" in question.names():
                found[question.id] = name
        return found

    def _page_name(self, number: int) -> str:
        name = f"page_{number}"
        while any(question.id == name for question in self._definition.questions):
            name += "_"
        return name

    def _tell_survey(self) -> None:
        definition = self._definition
        for field in ("is_anonymous", "data_use", "quotas"):
            if getattr(definition, field):
                self._notes.skip("form_setting", field, sheet="settings")
        for language, texts in definition.translations.items():
            if texts.get("title", "").strip():
                self._notes.skip("form_title_translation", f"{language}: title", sheet="settings", column="form_title")

    # -- questions -----------------------------------------------------------------------------------------------------

    def _question(self, question: AnyQuestion, number: int) -> None:
        kind = type_of(question)
        write = _WRITERS.get(kind)
        line: Line = {"name": form_name(question.id, _TAKEN), **dict(cells_of(self._kept.get(question.id, "")))}
        if write is None or not self._is_sayable(question):
            self._notes.skip("form_type", f"{kind} {question.id}", row=number, column="type")
            label = question.label.strip() or question.id
            self._survey.append({**line, "type": "note", f"label::{name_of(PERSIAN)}": self._said(label)})
            return
        line |= self._texts("label", question.label, f"{question.id}.label")
        line |= self._texts("hint", question.hint, f"{question.id}.hint")
        line |= self._texts("constraint_message", question.valid_message, f"{question.id}.valid_message")
        line["relevant"] = self._xpath(question.show_if, question, number, "relevant")
        line["required"] = "yes" if question.required else self._xpath(question.required_if, question, number, "required")
        if question.skips:
            self._notes.skip("form_skips", question.id, row=number, column="relevant")
        limits = write(self, question, line, number)
        own = self._xpath(question.valid_if, question, number, "constraint")
        if own:
            limits = [*limits, f"({own})" if limits and " or " in own else own]
        line["constraint"] = " and ".join(limits)
        if kind != "matrix":
            self._survey.append(line)
        elif line["constraint"]:
            self._notes.skip("form_row_constraint", question.id, row=number, column="constraint")

    def _is_sayable(self, question: Any) -> bool:
        """Whether pyxform would take it: a list needs a choice, a table two rows and a name, a note its text."""
        if hasattr(question, "options") and not question.options:
            return False
        if hasattr(question, "projects") and not question.projects:
            return False
        if type_of(question) == "information":
            return bool(question.label.strip() or question.text.strip())
        return not hasattr(question, "rows") or len(question.rows) >= 2

    def _xpath(self, text: str, question: AnyQuestion, number: int, column: str) -> str:
        if not text.strip():
            return ""
        try:
            return to_xpath(text, self._names, self._forms, question.id if column == "constraint" else "")
        except XPathProblem as problem:
            self._notes.skip(problem.code, text, row=number, column=column)
            return ""

    def _texts(self, column: str, text: str, place: str) -> Line:
        """The text and its translations, each under its column."""
        found = {f"{column}::{name_of(PERSIAN)}": self._said(text)} if text.strip() else {}
        for language in self._languages:
            translated = self._translated(language, place)
            if text.strip() and translated.strip():
                found[f"{column}::{name_of(language)}"] = self._said(translated)
        return found

    def _translated(self, language: str, place: str) -> str:
        return self._definition.translations.get(language, {}).get(place, "")

    def _said(self, text: str) -> str:
        """«{q1}» as a form repeats an answer; a form would take any other "${" for one."""
        plain = text.replace("${", "$ {")
        return PLACEHOLDER.sub(lambda found: f"${{{self._forms[found[1]]}}}" if found[1] in self._forms else found[0], plain)

    def _joined(self, line: Line, question: AnyQuestion, field: str) -> None:
        """A heading, a blank line and the text below it, in every language."""
        for language in (PERSIAN, *self._languages):
            texts = self._definition.translations.get(language, {})
            label, text = (
                (getattr(question, name) if language == PERSIAN else texts.get(f"{question.id}.{name}", "")) for name in ("label", field)
            )
            column = f"label::{name_of(language)}"
            both = [self._said(each) for each in dict.fromkeys((label.strip(), text.strip())) if each]
            if both:
                line[column] = "\n\n".join(both)

    def _list_of(self, question: AnyQuestion, things: Any, field: str, names: Mapping[str, str] | None = None) -> str:
        """The name of the list of choices that these are."""
        names = names or {}
        labels = tuple((names.get(thing.id, thing.id), thing.label) for thing in things)
        translated = tuple(
            (language, self._translated(language, f"{question.id}.{field}.{thing.id}"))
            for language in self._languages
            for thing in things
        )
        key = (labels, translated)
        if key not in self._lists:
            self._lists[key] = f"list_{form_name(question.id, ())}" if field == "options" else f"list_{form_name(question.id, ())}_{field}"
            for thing in things:
                texts = self._texts("label", thing.label or thing.id, f"{question.id}.{field}.{thing.id}")
                self._choices.append({"list_name": self._lists[key], "name": names.get(thing.id, thing.id), **texts})
        return self._lists[key]

    # -- types: each fills its line and returns its limits ---------------------------------------------------------------

    def _short_text(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "text"
        return [f"string-length(.) <= {question.limit}"]

    def _long_text(self, question: Any, line: Line, number: int) -> list[str]:
        line |= {"type": "text", "appearance": "multiline"}
        return [f"string-length(.) <= {question.limit}"]

    def _number(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "decimal" if question.decimals else "integer"
        self._lost(question, number, "unit")
        if question.decimals not in (0, 2):
            self._notes.skip("form_field", f"{question.id}: decimals", row=number)
        return [f". {sign} {limit:.12g}" for sign, limit in ((">=", question.min), ("<=", question.max)) if limit is not None]

    def _rating(self, question: Any, line: Line, number: int) -> list[str]:
        line |= {"type": "range", "parameters": f"start=1 end={question.scale} step=1"}
        if question.style == "stars":
            line["appearance"] = "rating"
        elif question.style != "numbers":
            self._notes.skip("form_field", f"{question.id}: style", row=number)
        self._lost(question, number, "low_label", "high_label")
        return []

    def _nps(self, question: Any, line: Line, number: int) -> list[str]:
        line |= {"type": "range", "parameters": "start=0 end=10 step=1"}
        self._lost(question, number, "low_label", "high_label")
        return []

    def _yes_no(self, question: Any, line: Line, number: int) -> list[str]:
        labels = question.labels
        key = tuple((name, label) for name, label in labels.items()), tuple(
            (language, self._translated(language, f"{question.id}.{name}_label"))
            for language in self._languages
            for name in labels
        )
        if key not in self._lists:
            self._lists[key] = f"list_{line['name']}"
            for name, label in labels.items():
                self._choices.append({"list_name": self._lists[key], "name": name, **self._texts("label", label, f"{question.id}.{name}_label")})
        line["type"] = f"select_one {self._lists[key]}"
        return []

    def _single(self, question: Any, line: Line, number: int) -> list[str]:
        self._select(question, line, number, "select_one")
        if any(option.exclusive for option in question.options):
            self._notes.skip("form_field", f"{question.id}: exclusive", row=number)
        return []

    def _long_list(self, question: Any, line: Line, number: int) -> list[str]:
        self._single(question, line, number)
        line["appearance"] = "autocomplete"
        return []

    def _multiple(self, question: Any, line: Line, number: int) -> list[str]:
        names = self._select(question, line, number, "select_multiple")
        limits = [f"count-selected(.) {sign} {limit}" for sign, limit in ((">=", question.min_choices), ("<=", question.max_choices)) if limit is not None]
        return limits + [written(alone_condition(names.get(option.id, option.id))) for option in question.options if option.exclusive]

    def _select(self, question: Any, line: Line, number: int, kind: str) -> dict[str, str]:
        other = next((option for option in question.options if option.other), None)
        has_other = other is not None and f"{line['name']}_other" not in self._forms.values()
        if other is not None and (not has_other or any(option.id == "other" and option is not other for option in question.options)):
            self._notes.skip("form_field", f"{question.id}: other", row=number)
            has_other = False
        names = {other.id: "other"} if has_other and other is not None else {}
        line["type"] = f"{kind} {self._list_of(question, question.options, 'options', names)}" + (" or_other" if has_other else "")
        if getattr(question, "shuffle", False):
            line["parameters"] = "randomize=true"
        return names

    def _ranking(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = f"rank {self._list_of(question, question.options, 'options')}"
        self._lost(question, number, "most")
        return self._shuffled(question, line)

    def _neighbourhood(self, question: Any, line: Line, number: int) -> list[str]:
        self._notes.skip("form_plain_choice", question.id, row=number, column="type")
        return self._single(question, line, number)

    def _approval(self, question: Any, line: Line, number: int) -> list[str]:
        self._ballot(question, number)
        line["type"] = f"select_multiple {self._list_of(question, question.options, 'projects')}"
        self._shuffled(question, line)
        limits = [f"count-selected(.) {sign} {limit}" for sign, limit in ((">=", question.min_choices), ("<=", question.max_choices)) if limit is not None]
        return limits + ([written(alone_condition(NONE))] if question.none_label else [])

    def _ballot_ranking(self, question: Any, line: Line, number: int) -> list[str]:
        self._ballot(question, number)
        self._lost(question, number, "ranks", "min_ranks", "none_label")
        line["type"] = f"rank {self._list_of(question, question.projects, 'projects')}"
        return self._shuffled(question, line)

    def _ballot(self, question: Any, number: int) -> None:
        for field in ("description", "cost", "place"):
            if any(getattr(project, field) for project in question.projects):
                self._notes.skip("form_field", f"{question.id}: {field}", row=number)

    def _shuffled(self, question: Any, line: Line) -> list[str]:
        if question.shuffle:
            line["parameters"] = "randomize=true"
        return []

    def _time(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "time"
        self._lost(question, number, "min", "max")
        return []

    def _plain_text(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "text"
        self._notes.skip("form_plain_text", f"{type_of(question)} {question.id}", row=number, column="type")
        return []

    def _date(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "date"
        return [f". {sign} date('{limit.isoformat()}')" for sign, limit in ((">=", question.min), ("<=", question.max)) if limit is not None]

    def _consent(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "acknowledge"
        self._joined(line, question, "statement")
        return []

    def _upload(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "image" if question.accepts_kinds == "photo" else "file"
        if question.max_megabytes != 10:
            self._notes.skip("form_field", f"{question.id}: max_megabytes", row=number)
        return []

    def _information(self, question: Any, line: Line, number: int) -> list[str]:
        line["type"] = "note"
        self._joined(line, question, "text")
        return []

    def _hidden(self, question: Any, line: Line, number: int) -> list[str]:
        line |= {"type": "hidden", "default": question.value}
        if (question.parameter and question.parameter != question.id) or question.allowed:
            self._notes.skip("form_field", f"{question.id}: parameter", row=number)
        return []

    def _calculation(self, question: Any, line: Line, number: int) -> list[str]:
        line |= {"type": "calculate", "calculation": self._xpath(question.formula, question, number, "calculation")}
        if not line["calculation"]:
            line["calculation"] = "''"
        if question.result != "number":
            self._notes.skip("form_field", f"{question.id}: result", row=number)
        self._lost(question, number, "decimals")
        return []

    def _matrix(self, question: Any, line: Line, number: int) -> list[str]:
        name = self._list_of(question, question.options, "options")
        required = line.pop("required")
        if any(column.exclusive for column in question.options):
            self._notes.skip("form_field", f"{question.id}: exclusive", row=number)
        group = {**line, "type": "begin_group", "appearance": "table-list", "constraint": ""}
        for column in list(group):
            if column.startswith("constraint_message"):
                del group[column]
        self._survey.append(group)
        for row in question.rows:
            texts = self._texts("label", row.label or row.id, f"{question.id}.rows.{row.id}")
            self._survey.append({"type": f"select_one {name}", "name": f"{line['name']}.{row.id}", "required": required, **texts})
        self._survey.append({"type": "end_group"})
        self._lost(question, number, "shuffle")
        return []

    def _lost(self, question: Any, number: int, *fields: str) -> None:
        for field in fields:
            if getattr(question, field, ""):
                self._notes.skip("form_field", f"{question.id}: {field}", row=number)


_UNSAYABLE = frozenset({"points", "knapsack"})
_WRITERS: dict[str, Callable[..., list[str]]] = {
    "single": _Export._single, "long_list": _Export._long_list, "multiple": _Export._multiple, "yes_no": _Export._yes_no, "rating": _Export._rating,
    "nps": _Export._nps, "number": _Export._number, "short_text": _Export._short_text, "long_text": _Export._long_text, "ranking": _Export._ranking,
    "date": _Export._date, "time": _Export._time, "phone": _Export._plain_text, "national_id": _Export._plain_text,
    "neighbourhood": _Export._neighbourhood, "approval": _Export._approval, "ballot_ranking": _Export._ballot_ranking,
    "consent": _Export._consent, "upload": _Export._upload, "information": _Export._information,
    "hidden": _Export._hidden, "calculation": _Export._calculation, "matrix": _Export._matrix,
}  # fmt: skip
