"""What in a survey's logic can't be, found before it is published, each with its place. Pure.

Expressions that can't be read or make no sense, names of later or deleted questions, circles, skips that lead back, questions nobody can
come to, conditions no answer meets, quotas that say the same twice. All of it in one pass, in time that grows with the definition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from surveys.flow import is_calculated, piped_names
from surveys.logic import (
    EXPECTED,
    OPEN,
    Expression,
    Kind,
    LogicProblem,
    Name,
    Scope,
    Verdict,
    decide,
    kind_of,
    parse,
    parsed_or_none,
    unparse,
)
from surveys.logic.tree import Literal, Node, Paired, Prefixed
from surveys.types.base import Question

if TYPE_CHECKING:
    from surveys.definitions import Definition


@dataclass(frozen=True)
class Found:
    """One contradiction: in which question (None: in the survey itself), in which of its fields, and the word it is about."""

    code: str
    question: Question | None
    field: str
    detail: str = ""


def contradictions(definition: Definition) -> list[Found]:
    """Everything that can't be, in the order of the page; quotas last."""
    return _Reader(definition).read()


def names_of(definition: Definition) -> Scope:
    """All that expressions may name in this survey."""
    names: dict[str, Name] = {}
    groups = set()
    for question in definition.questions:
        for part, name in question.names().items():
            names[f"{question.id}.{part}" if part else question.id] = name
            if part:
                groups.add(question.id)
    return Scope(names, frozenset(groups))


@dataclass
class _Reader:
    definition: Definition
    scope: Scope = field(init=False)
    places: dict[str, int] = field(init=False)
    translated: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Question → ("en:label", text) of the translations that repeat answers"""
    found: list[Found] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scope = names_of(self.definition)
        self.places = {question.id: index for index, question in enumerate(self.definition.questions)}
        for language, texts in self.definition.translations.items():
            for name, text in texts.items():
                question_id, _, place = name.partition(".")
                if piped_names(text):
                    self.translated.setdefault(question_id, []).append((f"{language}:{place}", text))

    def read(self) -> list[Found]:
        way = self._way()
        for index, question in enumerate(self.definition.questions):
            self._conditions(index, question, way)
            self._skips(index, question)
            self._pipes(index, question)
            if question.id in way.never:
                self.found.append(Found("required_unreachable" if question.asks and question.required else "question_unreachable", question, "show_if"))
        self._quotas(way)
        return self.found

    # -- expressions ---------------------------------------------------------------------------------------------------------

    def _conditions(self, index: int, question: Question, way: _Way) -> None:
        self._expression(index, question, "show_if", question.show_if, Kind.TRUTH)
        self._expression(index, question, "required_if", question.required_if, Kind.TRUTH)
        condition = self._expression(index, question, "valid_if", question.valid_if, Kind.TRUTH, may_name_itself=True)
        if condition is not None and question.id not in way.never:
            own = frozenset(name for name in condition.names if name == question.id)
            if not decide(condition, self.scope.names, way.absent(condition), own).can_hold:
                self.found.append(Found("valid_never", question, "valid_if"))
        if is_calculated(question):
            self._expression(index, question, "formula", formula_of(question), question.names()[""].kind, may_be_empty=False)

    def _skips(self, index: int, question: Question) -> None:
        for number, skip in enumerate(question.skips, 1):
            place = f"skips.{number}"
            self._expression(index, question, place, skip.when, Kind.TRUTH, may_name_itself=True, may_be_empty=False)
            if not skip.to:
                continue
            if skip.to not in self.places:
                self.found.append(Found("skip_target_unknown", question, place, skip.to[:40]))
            elif self.places[skip.to] <= index:
                self.found.append(Found("skip_backwards", question, place, skip.to))

    def _expression(
        self, index: int, question: Question, place: str, text: str, kind: Kind, *, may_name_itself: bool = False, may_be_empty: bool = True
    ) -> Expression | None:
        """The expression, if it can be read and means something; what keeps it from that is noted."""
        if may_be_empty and not text.strip():
            return None
        try:
            expression = self._checked(text, kind)
        except LogicProblem as problem:
            self.found.append(Found(problem.code, question, place, problem.detail))
            return None
        wrong = self._order(index, expression, may_name_itself)
        if wrong is None:
            return expression
        self.found.append(Found(wrong[0], question, place, wrong[1]))
        return None

    def _checked(self, text: str, kind: Kind) -> Expression:
        expression = parse(text)
        if kind_of(expression, self.scope) is not kind:
            raise LogicProblem(EXPECTED[kind], 0, unparse(expression)[:40])
        return expression

    def _order(self, index: int, expression: Expression, may_name_itself: bool) -> tuple[str, str] | None:
        for name in sorted(expression.names):
            owner = self.places[name.partition(".")[0]]
            if owner == index and not may_name_itself:
                return "name_itself", name
            if owner > index:
                return ("logic_circular" if self._leads_back(owner, index) else "name_later"), name
        return None

    def _leads_back(self, start: int, goal: int) -> bool:
        """Whether what decides about question `start` depends, in however many steps, on question `goal`."""
        todo, seen = [start], {start}
        while todo:
            for name in self._named_by(todo.pop()):
                if name == goal:
                    return True
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
        return False

    def _named_by(self, index: int) -> set[int]:
        question = self.definition.questions[index]
        texts = [question.show_if, question.required_if, question.valid_if, *(skip.when for skip in question.skips)]
        if is_calculated(question):
            texts.append(formula_of(question))
        expressions = (parsed_or_none(text) for text in texts if text)
        owners = {name.partition(".")[0] for each in expressions if each is not None for name in each.names}
        return {self.places[owner] for owner in owners if owner in self.places} - {index}

    def _pipes(self, index: int, question: Question) -> None:
        for place, text in [*question.texts().items(), *self.translated.get(question.id, ())]:
            for name in piped_names(text):
                owner = self.places.get(name.partition(".")[0])
                if owner is None or (name not in self.scope.names and name not in self.scope.groups):
                    self.found.append(Found("name_unknown", question, place, name))
                elif owner >= index:
                    self.found.append(Found("name_itself" if owner == index else "name_later", question, place, name))

    # -- the way through -----------------------------------------------------------------------------------------------------

    def _way(self) -> _Way:
        """Which questions nobody comes to: each step leads on to the next question or to a later one, so one look from front to back decides."""
        way = _Way()
        count = len(self.definition.questions)
        arrived = [False] * (count + 1)
        arrived[0] = True
        for index, question in enumerate(self.definition.questions):
            condition = self._sound(question.show_if)
            shown = self._decided(condition, way) if condition else OPEN if question.show_if.strip() else Verdict(True, False)
            if not arrived[index] or not shown.can_hold:
                way.never.add(question.id)
            if not arrived[index]:
                continue
            goes_on = shown.can_fail
            if shown.can_hold:
                goes_on = self._leave(index, question, way, arrived) or goes_on
            arrived[index + 1] = arrived[index + 1] or goes_on
        return way

    def _leave(self, index: int, question: Question, way: _Way, arrived: list[bool]) -> bool:
        """Mark where the skips of a question lead; whether one can also go on to the next question, because none of them holds."""
        before: Node = Literal(True)
        for skip in question.skips:
            expression = self._sound(skip.when)
            if expression is None:
                continue
            target = self.places.get(skip.to, index + 1) if skip.to else len(arrived) - 1
            # The first one that holds leads on: this one is looked at where none before it did.
            if target > index and self._decided(Expression(Paired("and", before, expression.root)), way).can_hold:
                arrived[target] = True
            before = Paired("and", before, Prefixed("not", expression.root))
        return self._decided(Expression(before), way).can_hold

    def _sound(self, text: str) -> Expression | None:
        """The condition in a text where it can be read and makes sense."""
        expression = parsed_or_none(text)
        if expression is None:
            return None
        try:
            return expression if kind_of(expression, self.scope) is Kind.TRUTH else None
        except LogicProblem:
            return None

    def _decided(self, expression: Expression, way: _Way) -> Verdict:
        return decide(expression, self.scope.names, way.absent(expression))

    # -- quotas --------------------------------------------------------------------------------------------------------------

    def _quotas(self, way: _Way) -> None:
        said: set[Expression] = set()
        for quota in self.definition.quotas:
            place, told = f"quotas.{quota.id}", quota.label.strip() or quota.id
            try:
                expression = self._checked(quota.when, Kind.TRUTH)
            except LogicProblem as problem:
                self.found.append(Found(f"quota_{problem.code}" if problem.code == "expression_empty" else problem.code, None, place, problem.detail or told))
                continue
            if expression in said:
                self.found.append(Found("quota_repeated", None, place, told))
            elif not self._decided(expression, way).can_hold:
                self.found.append(Found("quota_never", None, place, told))
            said.add(expression)


@dataclass
class _Way:
    never: set[str] = field(default_factory=set)
    """Ids of questions nobody comes to"""

    def absent(self, expression: Expression) -> frozenset[str]:
        return frozenset(name for name in expression.names if name.partition(".")[0] in self.never)


def formula_of(question: Any) -> str:
    found: str = question.formula
    return found
