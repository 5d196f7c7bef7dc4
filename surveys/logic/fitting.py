"""Whether an expression makes sense for the questions it names, and what kind of value it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveys.logic.kinds import Kind, Name
from surveys.logic.problems import LogicProblem
from surveys.logic.tree import COMPARISONS, Call, Expression, Literal, Node, Paired, Prefixed, Reference, walk

ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.TIME})
TRUTHS = frozenset({"yes", "no"})


@dataclass(frozen=True)
class Scope:
    """What can be named: the kinds of answers, and the questions that have parts."""

    names: Mapping[str, Name]
    groups: frozenset[str]


def scope_of(names: Mapping[str, Name], more_groups: Iterable[str] = ()) -> Scope:
    return Scope(names, frozenset(name.partition(".")[0] for name in names if "." in name).union(more_groups))


@dataclass(frozen=True, slots=True)
class _Known:
    """A node's kind; for choices the ids it may be; for a text in quotes the text."""

    kind: Kind
    options: frozenset[str] = frozenset()
    quoted: str | None = None


def kind_of(expression: Expression, names: Mapping[str, Name] | Scope) -> Kind:
    """The kind of value an expression comes to; LogicProblem for an unknown name, an option that doesn't exist, or kinds that don't fit."""
    scope = names if isinstance(names, Scope) else scope_of(names)
    known: dict[int, _Known] = {}
    # What answered() and count() name isn't looked at as a value.
    steps = {id(each) for each in expression.steps}
    for node in walk(expression.root):
        if id(node) in steps:
            known[id(node)] = _known(node, known, scope)
    return known[id(expression.root)].kind


def _known(node: Node, known: Mapping[int, _Known], scope: Scope) -> _Known:
    if isinstance(node, Literal):
        if isinstance(node.value, bool):
            return _Known(Kind.TRUTH)
        return _Known(Kind.TEXT, quoted=node.value) if isinstance(node.value, str) else _Known(Kind.NUMBER)
    if isinstance(node, Reference):
        return _named(node, scope)
    if isinstance(node, Prefixed):
        kind = Kind.TRUTH if node.operator == "not" else Kind.NUMBER
        _demand(known[id(node.operand)], kind, node.operand)
        return _Known(kind)
    if isinstance(node, Paired):
        return _paired(node, known[id(node.left)], known[id(node.right)])
    return _called(node, [known[id(each)] for each in node.arguments if id(each) in known], scope)


def _named(node: Reference, scope: Scope) -> _Known:
    name = scope.names.get(node.name)
    if name is None:
        if node.name in scope.groups:
            raise LogicProblem("name_has_parts", node.position, node.name)
        raise LogicProblem("name_unknown", node.position, node.name)
    return _Known(name.kind, name.options)


EXPECTED = {
    Kind.NUMBER: "number_expected",
    Kind.TRUTH: "condition_expected",
    Kind.TEXT: "text_expected",
    Kind.DATE: "date_expected",
}
"""The problem's code where something of this kind should stand"""


def _demand(found: _Known, kind: Kind, node: Node) -> None:
    if found.kind is not kind:
        raise LogicProblem(EXPECTED[kind], node.position, _shown(node))


def _shown(node: Node) -> str:
    """The word a message points at."""
    if isinstance(node, Reference):
        return node.name
    if isinstance(node, Literal):
        return f"{node.value}"[:40]
    return node.function if isinstance(node, Call) else node.operator


def _paired(node: Paired, left: _Known, right: _Known) -> _Known:
    if node.operator in ("and", "or"):
        _demand(left, Kind.TRUTH, node.left)
        _demand(right, Kind.TRUTH, node.right)
        return _Known(Kind.TRUTH)
    if node.operator in COMPARISONS:
        _compare(node, left, right)
        return _Known(Kind.TRUTH)
    if node.operator == "has":
        if left.kind not in (Kind.CHOICES, Kind.CHOICE):
            raise LogicProblem("choices_expected", node.left.position, _shown(node.left))
        _fits_options(left, right, node.right)
        return _Known(Kind.TRUTH)
    _demand(left, Kind.NUMBER, node.left)
    _demand(right, Kind.NUMBER, node.right)
    return _Known(Kind.NUMBER)


def _compare(node: Paired, left: _Known, right: _Known) -> None:
    if node.operator in ("=", "!="):
        for choice, other, place in ((left, right, node.right), (right, left, node.left)):
            if choice.kind is Kind.CHOICE:
                _fits_options(choice, other, place)
                return
            if choice.kind is Kind.TRUTH and other.quoted is not None:
                if other.quoted not in TRUTHS:
                    raise LogicProblem("option_unknown", place.position, other.quoted[:40])
                return
            if choice.kind is Kind.CHOICES:
                raise LogicProblem("choices_compared", node.position, node.operator)
    elif left.kind is right.kind and left.kind not in ORDERED:
        raise LogicProblem("order_undefined", node.position, node.operator)
    if left.kind is not right.kind:
        raise LogicProblem("kinds_differ", node.position, node.operator)


def _fits_options(choice: _Known, other: _Known, place: Node) -> None:
    if other.quoted is not None:
        if other.quoted not in choice.options:
            raise LogicProblem("option_unknown", place.position, other.quoted[:40])
    elif other.kind is not Kind.CHOICE:
        raise LogicProblem("option_expected", place.position, _shown(place))


def _called(node: Call, given: list[_Known], scope: Scope) -> _Known:
    if node.function == "answered":
        _nameable(node.arguments[0], scope)
        return _Known(Kind.TRUTH)
    if node.function == "count":
        target = node.arguments[0]
        _nameable(target, scope)
        name = scope.names.get(target.name) if isinstance(target, Reference) else None
        if name is not None and name.kind is not Kind.CHOICES and target.name not in scope.groups:  # type: ignore[union-attr]
            raise LogicProblem("choices_expected", target.position, _shown(target))
        return _Known(Kind.NUMBER)
    if node.function == "if":
        return _either(node, given)
    if node.function == "age":
        if given[0].kind is not Kind.NUMBER:
            _demand(given[0], Kind.DATE, node.arguments[0])
        return _Known(Kind.NUMBER)
    demanded, result = _SIGNATURES[node.function]
    for each, place in zip(given, node.arguments, strict=True):
        _demand(each, demanded, place)
    return _Known(result)


_SIGNATURES = {
    "today": (Kind.DATE, Kind.DATE),
    "date": (Kind.TEXT, Kind.DATE),
    "time": (Kind.TEXT, Kind.TIME),
    "days_between": (Kind.DATE, Kind.NUMBER),
    "round": (Kind.NUMBER, Kind.NUMBER),
    "min": (Kind.NUMBER, Kind.NUMBER),
    "max": (Kind.NUMBER, Kind.NUMBER),
    "length": (Kind.TEXT, Kind.NUMBER),
    "contains": (Kind.TEXT, Kind.TRUTH),
    "starts_with": (Kind.TEXT, Kind.TRUTH),
}
"""What each of the simple functions takes, and what it comes to."""


def _nameable(node: Node, scope: Scope) -> None:
    if isinstance(node, Reference) and node.name not in scope.names and node.name not in scope.groups:
        raise LogicProblem("name_unknown", node.position, node.name)


def _either(node: Call, given: list[_Known]) -> _Known:
    condition, first, second = given
    _demand(condition, Kind.TRUTH, node.arguments[0])
    if first.kind is not second.kind:
        raise LogicProblem("kinds_differ", node.position, "if")
    return _Known(first.kind, first.options | second.options)
