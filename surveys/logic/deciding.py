"""Whether a condition can hold at all, and whether it can fail: found out by trying the answers that make a difference.

Errs on one side only: what is called impossible is impossible, while what is called possible may still not be.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from surveys.logic.evaluating import holds_with
from surveys.logic.kinds import Kind, Name
from surveys.logic.tree import COMPARISONS, Call, Expression, Literal, Node, Paired, Prefixed, Reference, parts_of, walk
from surveys.logic.values import Facts, stored_number

MOST_TRIES = 512
MOST_MENTIONED = 6
MOST_OPTIONS = 20
MISSING = None
_ANY_DAY = date(2026, 3, 21)
"""Conditions about days aren't decided, so it may be any."""


@dataclass(frozen=True)
class Verdict:
    can_hold: bool
    can_fail: bool


OPEN = Verdict(True, True)


def decide(expression: Expression, names: Mapping[str, Name], absent: frozenset[str] = frozenset(), given: frozenset[str] = frozenset()) -> Verdict:
    """What can come of a condition that `kind_of` found to make sense.

    `absent` are names that never have an answer, `given` such as always have one.
    """
    known = tuple((name, names.get(name)) for name in sorted(expression.names))
    return _decided(expression, known, absent & expression.names, given & expression.names)


@lru_cache(maxsize=4096)
def _decided(expression: Expression, known: tuple[tuple[str, Name | None], ...], absent: frozenset[str], given: frozenset[str]) -> Verdict:
    choices: list[list[Any]] = []
    for name, kind in known:
        found = [MISSING] if name in absent else _candidates(expression.root, name, kind, name in given)
        if found is None:
            return OPEN
        choices.append(found)
    count = 1
    for each in choices:
        count *= len(each)
    if count > MOST_TRIES:
        return OPEN
    can_hold = can_fail = False
    for values in itertools.product(*choices):
        document = {name: value for (name, _), value in zip(known, values, strict=True) if value is not MISSING}
        if holds_with(expression, Facts(document, _ANY_DAY)):
            can_hold = True
        else:
            can_fail = True
        if can_hold and can_fail:
            break
    return Verdict(can_hold, can_fail)


def _candidates(root: Node, name: str, kind: Name | None, is_given: bool) -> list[Any] | None:
    """Answers of which one stands for every other, as far as this expression can tell them apart; None if that isn't known."""
    if kind is None:
        return None
    missing = [] if is_given else [MISSING]
    uses = _uses_of(root, name)
    if kind.kind is Kind.TRUTH:
        return ["yes", "no", *missing]
    if uses is None:
        return [*sorted(kind.options), *missing] if kind.kind is Kind.CHOICE and len(kind.options) <= MOST_OPTIONS else None
    if kind.kind is Kind.CHOICE:
        return [*sorted(uses.texts & kind.options), *sorted(kind.options - uses.texts)[:1], *missing]
    if kind.kind is Kind.CHOICES:
        return _subsets(uses, kind.options, missing)
    if kind.kind is Kind.NUMBER and not uses.is_counted:
        return _points(sorted(uses.numbers), kind, missing)
    if kind.kind is Kind.TEXT and not uses.is_counted:
        return [*sorted(uses.texts), "".join(sorted(uses.texts)) + "…", *missing]
    return None


@dataclass
class _Uses:
    """What a name is compared with in an expression."""

    texts: set[str]
    numbers: set[Decimal]
    is_counted: bool = False


def _uses_of(root: Node, name: str) -> _Uses | None:
    """None where the name is used for anything but comparing it with what is written out, asking whether it was answered, and counting."""
    uses = _Uses(set(), set())
    for node in walk(root):
        for part in parts_of(node):
            if not isinstance(part, Reference) or part.name != name:
                continue
            if isinstance(node, Call) and node.function == "answered":
                continue
            if isinstance(node, Call) and node.function == "count":
                uses.is_counted = True
                continue
            value = _written_beside(node, part)
            if isinstance(value, bool) or value is None:
                return None
            if isinstance(value, str):
                uses.texts.add(value)
            else:
                uses.numbers.add(value)
    return None if isinstance(root, Reference) else uses


def _written_beside(node: Node, part: Node) -> Decimal | str | bool | None:
    if not isinstance(node, Paired) or not (node.operator in COMPARISONS or node.operator == "has"):
        return None
    other = node.right if node.left is part else node.left
    if isinstance(other, Prefixed) and other.operator == "-" and isinstance(other.operand, Literal) and isinstance(other.operand.value, Decimal):
        return -other.operand.value
    return other.value if isinstance(other, Literal) else None


def _subsets(uses: _Uses, options: frozenset[str], missing: list[Any]) -> list[Any] | None:
    mentioned, others = sorted(uses.texts & options), sorted(options - uses.texts)
    if len(mentioned) > MOST_MENTIONED:
        return None
    further = range(len(others) + 1) if uses.is_counted else range(min(len(others), 1) + 1)
    chosen = [list(some) for count in range(len(mentioned) + 1) for some in itertools.combinations(mentioned, count)]
    found = [[*some, *others[:count]] for some in chosen for count in further if some or count]
    return [*found, *missing] if len(found) <= MOST_TRIES else None


def _points(marks: list[Decimal], kind: Name, missing: list[Any]) -> list[Any]:
    """One number below, at, between and above each of those an answer is compared with, as far as the limits allow."""
    points = set(marks)
    points |= {(first + second) / 2 for first, second in itertools.pairwise(marks)}
    low, high = (None if limit is None else Decimal(str(limit)) for limit in (kind.low, kind.high))
    points |= {limit for limit in (low, high) if limit is not None}
    if marks:
        points |= {marks[0] - 1, marks[-1] + 1}
    elif not points:
        points.add(Decimal(0))
    # Between a limit and the nearest mark there is a number, too.
    ordered = sorted(points)
    points |= {(first + second) / 2 for first, second in itertools.pairwise(ordered)}
    return [*(stored_number(each) for each in sorted(points) if (low is None or each >= low) and (high is None or each <= high)), *missing]
