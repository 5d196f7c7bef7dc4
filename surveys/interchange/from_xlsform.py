"""An XLSForm into a definition of ours. What can't be carried over is listed with its place, never dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engage.refusal import Refused
from surveys.definitions import MAX_INTRO, MAX_QUESTIONS, MAX_TITLE, Definition, DefinitionProblem, check
from surveys.interchange.child import Described, read_apart
from surveys.interchange.conditions import Conditions
from surveys.interchange.findings import Imported, Notes
from surveys.interchange.from_xpath import Known
from surveys.interchange.keeping import COLUMN, is_ours, survey_values, text_of, with_kept, with_survey_values
from surveys.interchange.languages import PERSIAN
from surveys.interchange.questions import Maker, Row
from surveys.interchange.sheets import ROW_MARK, UNTITLED, row_of
from surveys.interchange.texts import Languages, elements, with_answers
from surveys.types import QUESTION_TYPES, Question
from surveys.types.base import MAX_HINT, MAX_LABEL, MAX_OPTION
from surveys.types.consent import MAX_STATEMENT
from surveys.types.information import MAX_TEXT

INTRO = "engage_intro"
"""The name of the note that carries a survey's introduction through a form."""
_LIMITS = {"label": MAX_LABEL, "hint": MAX_HINT, "valid_message": MAX_HINT, "text": MAX_TEXT, "statement": MAX_STATEMENT}
_SETTINGS_KEPT = {"type", "name", "title", "id_string", "sms_keyword", "default_language", "children", "choices", "clean_text_values", "version", "style"}
_PLACE = re.compile(r"\[row : (\d+)\](?: On the '(\w+)' sheet)?")
_UNSPOKEN_WARNINGS = ("max-pixels", "is missing the", "Choices should have a label", "has no label", "is no longer supported on most devices")


def import_form(path: Path) -> Imported:
    """The survey in an XLSForm (xlsx, xls or csv, told by content). Refused as `child.read_apart`; nothing is written."""
    return build(read_apart(path), path.stem)


def build(described: Described, file_name: str) -> Imported:
    """The survey pyxform described."""
    return _Import(described, file_name).whole()


class _Import:
    def __init__(self, described: Described, file_name: str) -> None:
        self._form = described.form
        self._described = described
        self._file_name = file_name
        self._notes = Notes()
        self._languages = Languages(described.form)
        self._known: dict[str, Known] = {}
        self._rows: list[Row] = []
        self._made: dict[str, dict[str, Any]] = {}
        self._texts: dict[str, dict[str, str]] = {}
        self._intro = ""
        self._page = False
        self._maker = Maker(self._form, self._languages, self._notes, self._known)

    def whole(self) -> Imported:
        self._tell_settings()
        self._walk(self._form.get("children") or (), [], in_repeat=False)
        if len(self._rows) > MAX_QUESTIONS:
            raise Refused("too_many_questions")
        Conditions(self._rows, self._known, self._notes).add()
        questions = [each for row in self._rows if (each := self._question(row)) is not None]
        definition = Definition(
            title=self._title(),
            intro=self._plain(self._intro, MAX_INTRO, 0),
            questions=questions,  # type: ignore[arg-type]
            languages=sorted(self._texts),
            translations={language: self._texts[language] for language in sorted(self._texts)},
        )
        definition = self._survey_kept(definition)
        try:
            check(definition)
        except DefinitionProblem as problem:
            raise Refused(problem.code, place=problem.place) from None
        self._tell_warnings()
        return Imported(definition, self._notes.skipped, self._notes.warnings)

    # -- the survey itself ---------------------------------------------------------------------------------------------

    def _title(self) -> str:
        title = str(self._form.get("title") or "")
        if title in ("", UNTITLED):
            title = self._file_name
        return self._cut(" ".join(title.split()), MAX_TITLE, 0, "form_title", sheet="settings") or self._file_name[:MAX_TITLE]

    def _tell_settings(self) -> None:
        for name in self._form:
            if name not in _SETTINGS_KEPT and not is_ours(name):
                self._notes.skip("setting", name, row=2, column=name, sheet="settings")
        for sheet in self._described.sheets:
            if sheet in ("external_choices", "entities", "osm"):
                self._notes.skip("sheet", sheet, sheet=sheet)
        for language in self._languages.unknown:
            self._notes.skip("language", language, column=f"label::{language}")
        code = self._languages.main_code()
        if code and code != PERSIAN:
            self._notes.warn("main_language", self._languages.main)

    def _tell_warnings(self) -> None:
        for warning in self._described.warnings:
            if not any(phrase in warning for phrase in _UNSPOKEN_WARNINGS):
                found = _PLACE.match(warning)
                row, sheet = (int(found[1]), found[2] or "survey") if found else (0, "survey")
                self._notes.warn("pyxform", warning.splitlines()[0], row=row, sheet=sheet)

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _walk(self, children: Sequence[Mapping[str, Any]], conditions: list[tuple[str, int]], *, in_repeat: bool, depth: int = 0) -> None:
        for child in children:
            kind = str(child.get("type"))
            if kind == "group":
                if child.get("name") != "meta":
                    self._group(child, conditions, in_repeat, depth)
            elif kind in ("repeat", "loop"):
                row = row_of(child)
                self._notes.skip("repeat" if kind == "repeat" else "loop", str(child.get("name")), row=row, column="type")
                if kind == "repeat":
                    self._group(child, conditions, True, depth)
                else:
                    for each in elements(child.get("children")):
                        self._notes.skip("in_loop", str(each.get("name")), row=row_of(each), column="type")
            elif ROW_MARK in child or kind not in ("calculate",):
                self._question_row(child, conditions)

    def _group(self, group: Mapping[str, Any], conditions: list[tuple[str, int]], in_repeat: bool, depth: int) -> None:
        row = row_of(group)
        appearance = set(str((group.get("control") or {}).get("appearance") or "").split())
        own = str((group.get("bind") or {}).get("relevant") or "")
        inner = [*conditions, (own, row)] if own else conditions
        children = list(group.get("children") or ())
        grids = self._maker.grids(group, children)
        # A table is one question, whatever group it takes a form to say it.
        is_page = (depth == 0 or "field-list" in appearance) and not (grids and grids.takes_label)
        self._page = self._page or is_page
        if self._languages.main_text(group.get("label")).strip() and not (grids and grids.takes_label):
            self._place(self._maker.information(group), inner)
        self._maker.tell_group(group)
        if grids:
            for each in grids.rows:
                self._place(each, inner)
            children = grids.rest
        self._walk(children, inner, in_repeat=in_repeat, depth=depth + 1)
        self._page = self._page or is_page

    def _question_row(self, element: Mapping[str, Any], conditions: list[tuple[str, int]]) -> None:
        if element.get("name") == INTRO and not self._rows:
            self._intro = self._languages.main_text(element.get("label"))
            for language, text in self._languages.translated(element.get("label")).items():
                self._texts.setdefault(language, {})["intro"] = text
            return
        made = self._maker.question(element)
        if made is not None:
            self._place(made, conditions)

    def _place(self, row: Row, conditions: list[tuple[str, int]]) -> None:
        row.raw["new_page"] = self._page and bool(self._rows)
        self._page = False
        row.conditions = [*conditions, *row.conditions]
        self._rows.append(row)

    # -- questions -----------------------------------------------------------------------------------------------------

    def _question(self, row: Row) -> Question | None:
        """The question of a row whose conditions are in place, with its texts within their limits; None where no form could be made of it."""
        raw = row.raw
        for field, limit in (("label", MAX_LABEL), ("hint", MAX_HINT), ("valid_message", MAX_HINT)):
            raw[field] = self._cut(self._plain(raw.get(field) or "", None, row.number), limit, row.number, field)
        for field, limit in (("text", MAX_TEXT), ("statement", MAX_STATEMENT)):
            if field in raw:
                raw[field] = self._cut(self._plain(raw[field], None, row.number), limit, row.number, "label")
        for option in (*raw.get("options", ()), *raw.get("rows", ())):
            option["label"] = self._cut(self._plain(option["label"], None, row.number), MAX_OPTION, row.number, "choices.label")
        kind = QUESTION_TYPES.get(raw["type"])
        if kind is None:
            self._notes.skip("type_unknown", row.name, row=row.number, column="type")
            return None
        try:
            question = msgspec.convert(raw, kind)
            question.check()
        except (msgspec.ValidationError, DefinitionProblem) as problem:
            code = problem.code if isinstance(problem, DefinitionProblem) else str(problem)
            self._notes.skip("question_refused", f"{row.name}: {code}", row=row.number, column="type")
            return None
        question = self._kept(row, question)
        places = question.texts()
        for language, texts in row.texts.items():
            for place, text in texts.items():
                if place in places:
                    plain = self._plain(text, None, row.number)
                    self._texts.setdefault(language, {})[f"{question.id}.{place}"] = plain[: _LIMITS.get(place, MAX_OPTION)]
        return question

    def _kept(self, row: Row, question: Question) -> Question:
        """The question with what a form of ours carried beside it; where the form was edited since, the edit counts."""
        if not row.kept:
            return question
        try:
            raw, stale = with_kept(msgspec.to_builtins(question), row.kept)
            kept = msgspec.convert(raw, QUESTION_TYPES[raw["type"]])
            kept.check()
        except (ValueError, KeyError, TypeError, DefinitionProblem):
            self._notes.warn("kept_unreadable", row.name, row=row.number, column=COLUMN)
            return question
        for field in stale:
            self._notes.warn("kept_stale", f"{row.name}: {field}", row=row.number, column=COLUMN)
        return kept

    def _survey_kept(self, definition: Definition) -> Definition:
        text = text_of(self._form)
        if not text:
            return definition
        try:
            raw, stale = with_kept(survey_values(definition), text)
            found = with_survey_values(definition, raw)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._notes.warn("kept_unreadable", "settings", sheet="settings", column=COLUMN)
            return definition
        for field in stale:
            self._notes.warn("kept_stale", field, sheet="settings", column=COLUMN)
        return found

    def _plain(self, text: str, limit: int | None, row: int) -> str:
        found, lost = with_answers(text.replace("\x00", ""), {name: known.place for name, known in self._known.items()})
        for name in dict.fromkeys(lost):
            self._notes.skip("piped_name", name, row=row, column="label")
        return found if limit is None else self._cut(found, limit, row, "label")

    def _cut(self, text: str, limit: int, row: int, column: str, *, sheet: str = "survey") -> str:
        text = text.strip()
        if len(text) > limit:
            self._notes.warn("text_cut", text[:60], row=row, column=column, sheet=sheet)
            return text[: limit - 1].rstrip() + "…"
        return text
