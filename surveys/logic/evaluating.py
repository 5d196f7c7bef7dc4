"""What an expression comes to. One step for each of its nodes: it always ends, and it never raises.

Missing values: arithmetic with one is missing, and so is a division by zero; a comparison with one doesn't hold; `not` of that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from engage.persian import parse_date, search_key, to_jalali
from surveys.logic.functions import NAMING
from surveys.logic.parsing import parsed_or_none
from surveys.logic.tree import COMPARISONS, Call, Expression, Literal, Paired, Prefixed, Reference
from surveys.logic.values import ARITHMETIC, Facts, Value, as_date, as_truth, bounded, clock_time

_Maybe: TypeAlias = "Value | None"

LONGEST_TEXT = 20_000
"""Letters of a text that `contains` looks at"""
OLDEST = 150


def evaluate(expression: Expression, document: Mapping[str, Any], today: date) -> _Maybe:
    """The value for these answers, None where it is missing. Never raises, whatever the document holds."""
    return evaluate_with(expression, Facts(document, today))


def holds(text: str, document: Mapping[str, Any], today: date) -> bool:
    """Whether the condition in a text holds for these answers; one that is empty or malformed doesn't."""
    expression = parsed_or_none(text)
    return expression is not None and as_truth(evaluate(expression, document, today))


def evaluate_with(expression: Expression, facts: Facts) -> _Maybe:
    """`evaluate` over facts that the caller keeps."""
    stack: list[_Maybe] = []
    for node in expression.steps:
        if isinstance(node, Reference):
            stack.append(facts.value(node.name))
        elif isinstance(node, Literal):
            stack.append(node.value)
        elif isinstance(node, Paired):
            right = stack.pop()
            stack.append(_paired(node.operator, stack.pop(), right))
        elif isinstance(node, Prefixed):
            stack.append(_prefixed(node.operator, stack.pop()))
        elif node.function in NAMING:
            stack.append(_named(node, facts))
        else:
            first = len(stack) - len(node.arguments)
            given = stack[first:]
            del stack[first:]
            stack.append(_CALLS[node.function](given, facts))
    return stack[-1]


def holds_with(expression: Expression, facts: Facts) -> bool:
    return as_truth(evaluate_with(expression, facts))


def _prefixed(operator: str, value: _Maybe) -> _Maybe:
    if operator == "not":
        return not as_truth(value)
    return bounded(-value) if isinstance(value, Decimal) else None


def _paired(operator: str, left: _Maybe, right: _Maybe) -> _Maybe:
    if operator == "and":
        return as_truth(left) and as_truth(right)
    if operator == "or":
        return as_truth(left) or as_truth(right)
    if operator == "has":
        return right in left if isinstance(left, tuple) else left is not None and left == right
    if operator in COMPARISONS:
        return _compared(operator, left, right)
    return _calculated(operator, left, right)


def _compared(operator: str, left: _Maybe, right: _Maybe) -> bool:
    if isinstance(left, date) or isinstance(right, date):
        left, right = as_date(left), as_date(right)
    elif isinstance(left, bool) or isinstance(right, bool):
        left, right = (None if each is None else as_truth(each) for each in (left, right))
    if left is None or right is None:
        return False
    if operator == "=":
        return left == right
    if operator == "!=":
        return left != right
    if type(left) is not type(right):
        return False
    # Texts of one shape: days and times of a document, which their letters put in order.
    order = (left > right) - (left < right)  # type: ignore[operator]
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _calculated(operator: str, left: _Maybe, right: _Maybe) -> _Maybe:
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    if operator == "+":
        return bounded(ARITHMETIC.add(left, right))
    if operator == "-":
        return bounded(ARITHMETIC.subtract(left, right))
    if operator == "*":
        return bounded(ARITHMETIC.multiply(left, right))
    return bounded(ARITHMETIC.divide(left, right))


def _named(call: Call, facts: Facts) -> _Maybe:
    target = call.arguments[0]
    name = target.name if isinstance(target, Reference) else ""
    return facts.is_answered(name) if call.function == "answered" else Decimal(facts.count(name))


def _age(given: list[_Maybe], facts: Facts) -> _Maybe:
    born = given[0]
    try:
        year, month, day = to_jalali(facts.today)
    except (ValueError, OverflowError):
        return None
    if isinstance(born, Decimal):
        if born != born.to_integral_value():
            return None
        age = (facts.today.year if born >= _FIRST_GREGORIAN_YEAR else year) - born
    else:
        birthday = as_date(born)
        if birthday is None:
            return None
        try:
            birth_year, *rest = to_jalali(birthday)
        except (ValueError, OverflowError):
            return None
        age = Decimal(year - birth_year - ([month, day] < rest))
    return age if 0 <= age <= OLDEST else None


_FIRST_GREGORIAN_YEAR = 1700


def _days_between(given: list[_Maybe], facts: Facts) -> _Maybe:
    first, second = as_date(given[0]), as_date(given[1])
    return None if first is None or second is None else Decimal((second - first).days)


def _round(given: list[_Maybe], facts: Facts) -> _Maybe:
    number, places = given[0], given[1] if len(given) > 1 else Decimal(0)
    if not isinstance(number, Decimal) or not isinstance(places, Decimal) or not 0 <= places <= MOST_PLACES:
        return None
    return bounded(ARITHMETIC.quantize(number, Decimal(1).scaleb(-int(places))))


MOST_PLACES = 6


def _least(given: list[_Maybe], facts: Facts) -> _Maybe:
    return min((each for each in given if isinstance(each, Decimal)), default=None)


def _most(given: list[_Maybe], facts: Facts) -> _Maybe:
    return max((each for each in given if isinstance(each, Decimal)), default=None)


def _length(given: list[_Maybe], facts: Facts) -> _Maybe:
    return Decimal(len(given[0])) if isinstance(given[0], str) else None


def _keys(given: list[_Maybe]) -> tuple[str, str] | None:
    text, sought = given
    if not isinstance(text, str) or not isinstance(sought, str):
        return None
    return search_key(text[:LONGEST_TEXT]), search_key(sought[:LONGEST_TEXT])


def _contains(given: list[_Maybe], facts: Facts) -> _Maybe:
    keys = _keys(given)
    return keys is not None and keys[1] in keys[0]


def _starts_with(given: list[_Maybe], facts: Facts) -> _Maybe:
    keys = _keys(given)
    return keys is not None and keys[0].startswith(keys[1])


_CALLS: dict[str, Callable[[list[_Maybe], Facts], _Maybe]] = {
    "today": lambda given, facts: facts.today,
    "date": lambda given, facts: parse_date(given[0]) if isinstance(given[0], str) else None,
    "time": lambda given, facts: clock_time(given[0]) if isinstance(given[0], str) else None,
    "age": _age,
    "days_between": _days_between,
    "round": _round,
    "min": _least,
    "max": _most,
    "if": lambda given, facts: given[1] if as_truth(given[0]) else given[2],
    "length": _length,
    "contains": _contains,
    "starts_with": _starts_with,
}
