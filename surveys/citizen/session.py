"""A whole answering, page by page, for whoever holds the right to it: a personal link, a turn at an entrance, an officer who tries.

The caller says what is asked (`Session`) and where earlier pages are kept (`Memory`), shows what comes of it, and stores the document
once it is whole. Nothing here reads a request or writes an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import IO, Any, Protocol

from flask_babel import gettext as _
from markupsafe import Markup

from engage.web.i18n import page_in
from surveys.asked import Asked
from surveys.citizen import form
from surveys.citizen.form import BACK, CARRIED, LANGUAGE, PAGE, Leaf
from surveys.citizen.layout import Page
from surveys.definitions import Definition, Reading, numbers_of, read_answers
from surveys.documents import document_of, split_by_question
from surveys.flow import complete_document, cut_pages, is_calculated, is_drawn, pipe_question, visible_questions
from surveys.protecting import protect
from surveys.sealing import carry, read_carried
from surveys.translating import translate
from surveys.types import AnswerProblem, AnyQuestion, Hidden

Values = Mapping[str, Sequence[str]]
Files = Mapping[str, IO[bytes]]
"""Question id → the file that came for it"""
class Shelf(Protocol):
    """Where files go."""

    def store(self, question: AnyQuestion, stream: IO[bytes]) -> str:
        """Keep a file; returns what stands in the answers. AnswerProblem where it can't be taken."""
        ...

    def missing(self, definition: Definition, document: Mapping[str, Any]) -> set[str]:
        """The questions whose named file isn't there to be had."""
        ...


class Memory(Protocol):
    """Where the answers of earlier pages are until the last one is sent."""

    leads: bool
    """The next page lies at an address of its own, so that reloading and going back work"""

    def read(self) -> dict[str, Any]: ...

    def keep(self, document: Mapping[str, Any]) -> None: ...

    @property
    def carried(self) -> str | None:
        """What the form itself must carry along"""


class Carried:
    """Earlier pages travel encrypted through the browser, readable with `token` alone; nothing is written down here.

    `text` is what the form sent (`carried_text`).
    """

    leads = False

    def __init__(self, token: str, text: str = "") -> None:
        self._token = token
        self._document = read_carried(token, text) or {} if text else {}

    def read(self) -> dict[str, Any]:
        return self._document

    def keep(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    @property
    def carried(self) -> str:
        return carry(self._token, self._document)


@dataclass(frozen=True)
class Step:
    """What came of a page that was sent: one of `page`, `go_to` and `document`."""

    page: Page | None = None
    status: int = 200
    go_to: int | None = None
    """The number of the page that comes next, at its own address"""
    document: dict[str, Any] | None = None
    """Whole, valid and protected: to be stored"""
    given: Values = field(default_factory=dict)
    """What was sent with it, files by their names: for `Session.ask_files_again`"""


@dataclass(frozen=True)
class Session:
    """One browser before one questionnaire. `asked.definition` is as published, in Persian."""

    asked: Asked
    today: date
    memory: Memory
    seed: int = 0
    language: str = "fa"
    nav: Markup | None = None
    """Another footer than that of personal links"""
    shelf: Shelf | None = None

    @cached_property
    def definition(self) -> Definition:
        """As this reader sees it."""
        return translate(self.asked.definition, self.language) if self.language != "fa" else self.asked.definition

    @cached_property
    def pages(self) -> list[list[AnyQuestion]]:
        return cut_pages(self.definition) if self.language != "fa" else self.asked.pages

    @cached_property
    def last(self) -> int:
        """The last page with anything on it."""
        return max((number for number, page in enumerate(self.pages, 1) if any(map(is_drawn, page))), default=1)

    @property
    def has_pages(self) -> bool:
        return self.last > 1

    # -- showing -------------------------------------------------------------------------------------------------------

    def leaf(self, number: int, document: Mapping[str, Any], *, notice: str = "") -> Leaf:
        """Page `number` as it stands after these answers."""
        if not self.has_pages:
            number = 0
        visible = visible_questions(self.definition, document, self.today)
        ids = {question.id for question in visible}
        own = self.definition.questions if number == 0 else self.pages[number - 1] if number <= len(self.pages) else []
        shown = [pipe_question(question, self.definition, document, _) for question in own if question.id in ids and is_drawn(question)]
        ways = [n for n, page in enumerate(self.pages, 1) if any(is_drawn(question) and question.id in ids for question in page)]
        if number and number not in ways:
            ways = sorted({*ways, number})
        if number in (0, ways[0]):
            shown += self._hidden  # what the link says goes along from here
        follows_answers = any(question.show_if or question.skips for question in self.definition.questions)
        numbers = {q.id: n for n, q in enumerate((q for q in visible if q.asks), 1)} if follows_answers else numbers_of(self.definition)
        return Leaf(
            shown,
            number=number,
            place=ways.index(number) + 1 if number else 1,
            count=len(ways) if number else 1,
            is_last=number == 0 or number >= self.last,
            numbers=numbers,
            total=None if follows_answers else len(numbers),
            seed=self.seed,
            language=self.language,
            carried=self.memory.carried if number else None,
            notice=notice,
            nav=self.nav,
            keeps_in_tab=self.definition.is_anonymous,
        )

    def first_page(self, link_values: Values | None = None) -> Page:
        """What stands before nothing was answered; `link_values` are what the address says beside its letters (hidden fields)."""
        with page_in(self.language):
            return self._first_page(link_values)

    def _first_page(self, link_values: Values | None) -> Page:
        given = self._hidden_values(link_values)
        document = self._with_hidden({}, given)
        leaf = replace(self.leaf(next(iter(self._ways(document)), 1), document), carried=None)
        return form.form_page(self._translated, leaf, given or None)

    def show(self, number: int, *, notice: str = "") -> Page:
        """Page `number` with what was answered on it before; an earlier one where something is missing there."""
        with page_in(self.language):
            return self._show(number, notice)

    def _show(self, number: int, notice: str) -> Page:
        document = self.memory.read()
        number = self._unmet_before(number, document) or self._place_for(number, document)
        return form.form_page(self._translated, self.leaf(number, document, notice=notice), self._typed(number, document))

    def preview(self, number: int, document: Mapping[str, Any] | None = None) -> Page:
        """Page `number` for an officer's frame, after these answers."""
        number = max(1, min(number, self.last + 1))
        with page_in(self.language):
            return form.preview_page(self._translated, self.leaf(number, document or {}), self._typed(number, document or {}))

    @cached_property
    def _translated(self) -> Asked:
        return replace(self.asked, definition=self.definition)

    # -- what was sent -------------------------------------------------------------------------------------------------

    def send(self, given: Values, files: Files | None = None) -> Step:
        """One page was sent, or, by a form without pages, everything at once."""
        with page_in(self.language):
            return self._send(given, files)

    def _send(self, given: Values, files: Files | None) -> Step:
        number = self._number_in(given)
        questions: Sequence[AnyQuestion] = self.pages[number - 1] if 0 < number <= len(self.pages) else [] if number else self.definition.questions
        taken, problems = self._take_files(given, files or {}, questions)
        if number == 0:
            return self._send_whole(taken, problems)
        questions = [question for question in questions if question not in self._hidden]
        before = self._with_hidden(self.memory.read(), taken)
        reading = self._read(taken, before, questions)
        problems = {**reading.problems, **problems}
        own = {question.id for question in questions}
        known = {name: value for name, value in before.items() if name.partition(".")[0] not in own}
        good = {name: value for name, value in reading.answers.items() if name.partition(".")[0] not in problems}
        known |= protect(self.definition, good)
        if given.get(BACK):
            self.memory.keep(known)
            return self._on_to(self._before(number, known))
        if problems:
            return Step(form.error_page(self._translated, taken, problems, self.leaf(number, before)), 422)
        missing = self._unmet_before(number + 1, known)
        if missing is not None:
            self.memory.keep(known)
            return self._told_missing(missing, known)
        following = self._after(number, known)
        if following is not None:
            self.memory.keep(known)
            return self._on_to(following)
        return Step(document=complete_document(self.definition, known, self.today), given=taken)

    def ask_files_again(self, step: Step) -> Step:
        """The whole document of `step` couldn't be stored, because a file it names is there no more: that file alone is asked for again."""
        with page_in(self.language):
            return self._ask_files_again(step)

    def _ask_files_again(self, step: Step) -> Step:
        assert step.document is not None
        document = step.document
        gone = self.shelf.missing(self.definition, document) if self.shelf is not None else set()
        named = [question.id for question in self.definition.questions if question.takes_files and question.id in document]
        problems = {question_id: AnswerProblem("file_unknown") for question_id in named if question_id in gone or not gone}
        if self._number_in(step.given) == 0:
            return self._told_mistakes(step.given, problems)
        document = {name: value for name, value in document.items() if name not in problems}
        self.memory.keep(document)
        number = next((n for n, page in enumerate(self.pages, 1) if any(question.id in problems for question in page)), 1)
        return Step(form.error_page(self._translated, self._typed(number, document), problems, self.leaf(number, document)), 422)

    def _told_mistakes(self, given: Values, problems: Mapping[str, AnswerProblem]) -> Step:
        """The form that was sent as a whole, with what was typed; a file that isn't there isn't named again."""
        leaf = self.leaf(0, {}) if not self.has_pages else form.whole_leaf(self._translated, seed=self.seed, language=self.language, nav=self.nav)
        left = {name: values for name, values in given.items() if name not in problems or problems[name].code != "file_unknown"}
        return Step(form.error_page(self._translated, left, problems, leaf), 422)

    def _send_whole(self, given: Values, problems: dict[str, AnswerProblem]) -> Step:
        reading = self._read(given, {}, self.definition.questions)
        problems = {**reading.problems, **problems}
        if problems:
            return self._told_mistakes(given, problems)
        return Step(document=protect(self.definition, reading.answers), given=given)

    def _read(self, given: Values, before: Mapping[str, Any], questions: Sequence[AnyQuestion]) -> Reading:
        reading = read_answers(self.definition, given, today=self.today, earlier=before, questions=questions)
        if self.shelf is not None and any(question.takes_files for question in questions):
            # Swept away meanwhile, or never sent: better asked for again than named in vain.
            for question_id in self.shelf.missing(self.definition, reading.answers):
                reading.problems[question_id] = AnswerProblem("file_unknown")
                reading.answers.pop(question_id, None)
        return reading

    def _take_files(
        self, given: Values, files: Files, questions: Sequence[AnyQuestion]
    ) -> tuple[dict[str, Sequence[str]], dict[str, AnswerProblem]]:
        """The form's values with each file that came in place of what stood there before."""
        taken, problems = dict(given), {}
        for question in questions:
            if question.takes_files and question.id in files and self.shelf is not None:
                try:
                    taken[question.id] = [self.shelf.store(question, files[question.id])]
                except AnswerProblem as problem:
                    problems[question.id] = problem
        return taken, problems

    # -- ways ----------------------------------------------------------------------------------------------------------

    def _number_in(self, given: Values) -> int:
        """The page that was sent; 0 for a form that says nothing of pages."""
        if not self.has_pages:
            return 0
        named = next(iter(given.get(PAGE, ())), "")
        if not (named.isascii() and named.isdigit() and len(named) < 5):
            return 0
        return min(int(named), self.last + 1)

    def _after(self, number: int, document: Mapping[str, Any]) -> int | None:
        """The next page; the end page where this one promised that more would come; None where it was the last."""
        following = next((n for n in self._ways(document) if n > number), None)
        return following if following is not None or number >= self.last else self.last + 1

    def _before(self, number: int, document: Mapping[str, Any]) -> int:
        return max((n for n in self._ways(document) if n < number), default=1)

    def _ways(self, document: Mapping[str, Any]) -> list[int]:
        ids = {question.id for question in visible_questions(self.definition, document, self.today) if is_drawn(question)}
        return [n for n, page in enumerate(self.pages, 1) if any(question.id in ids for question in page)]

    def _on_to(self, number: int) -> Step:
        return Step(go_to=number) if self.memory.leads else Step(self.show(number))

    def _unmet_before(self, number: int, document: Mapping[str, Any]) -> int | None:
        """The first page before `number` on which something is still missing or doesn't fit any more."""
        if number <= 1 or not self.has_pages:
            return None
        given = self._typed(0, document)
        for n in self._ways(document):
            if n >= number:
                return None
            if self._read(given, document, self.pages[n - 1]).problems:
                return n
        return None

    def _told_missing(self, number: int, document: Mapping[str, Any]) -> Step:
        given = self._typed(number, document)
        problems = self._read(given, document, self.pages[number - 1]).problems
        return Step(form.error_page(self._translated, given, problems, self.leaf(number, document)), 422)

    def _typed(self, number: int, document: Mapping[str, Any]) -> dict[str, list[str]]:
        """Form values that show these answers; of all pages for 0."""
        own = self.definition.questions if number == 0 or not self.has_pages else self.pages[number - 1] if number <= len(self.pages) else []
        questions = [*own, *self._hidden]
        given = split_by_question(document)
        found: dict[str, list[str]] = {}
        for question in questions:
            if question.id in given and not is_calculated(question):
                found |= document_of(question.id, question.typed(given[question.id]))
        return found

    def _place_for(self, number: int, document: Mapping[str, Any]) -> int:
        """The page shown where `number` is asked for: one that has nothing for these answers gives way to the next."""
        ways = self._ways(document)
        if number > self.last:
            return self.last + 1
        return next((n for n in ways if n >= number), ways[-1] if ways else 1)

    # -- values of the link --------------------------------------------------------------------------------------------

    @cached_property
    def _hidden(self) -> list[Hidden]:
        return [question for question in self.definition.questions if isinstance(question, Hidden)]

    def _with_hidden(self, document: Mapping[str, Any], given: Values) -> dict[str, Any]:
        """The document and what the form brought along from the link; the fixed values at least."""
        found = dict(document)
        for question in self._hidden:
            if question.id in given or question.id not in found:
                found |= document_of(question.id, question.read({"": given.get(question.id, ())}))
        return found

    def _hidden_values(self, link_values: Values | None) -> dict[str, list[str]]:
        """Form values from what the address says."""
        values = link_values or {}
        return {question.id: list(values[question.parameter]) for question in self._hidden if question.parameter in values}


def shuffles(definition: Definition) -> bool:
    """Whether the page looks different for another seed."""
    return any(getattr(question, "shuffle", False) for question in definition.questions)


def carried_text(given: Values) -> str | None:
    """What the form carried; None for one that carried nothing."""
    return next(iter(given.get(CARRIED, ())), None)


def language_in(definition: Definition, named: str) -> str:
    """The language that was chosen, Persian where it isn't offered."""
    return named if named in definition.languages else "fa"


__all__ = ["LANGUAGE", "Carried", "Memory", "Session", "Step", "carried_text", "language_in", "shuffles"]
