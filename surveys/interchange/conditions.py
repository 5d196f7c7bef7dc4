"""What an XLSForm says in XPath about its questions, put to the questions it became: shown if, required if, valid if, calculated from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from surveys.interchange import xpath
from surveys.interchange.findings import Notes
from surveys.interchange.from_xpath import Known, from_xpath
from surveys.interchange.questions import Row
from surveys.interchange.xpath import Figure, Minus, Pair, Text, Tree, XPathProblem, parse_xpath, written
from surveys.logic import LogicProblem, kind_of, parse
from surveys.logic.kinds import Kind, Name
from surveys.types import LongText, ShortText
from surveys.types.base import MAX_EXPRESSION

_YES = frozenset({"yes", "true", "true()"})
_NO = frozenset({"", "no", "false", "false()"})


class Conditions:
    """Adds to rows what their XPath says. A calculation that can't be carried over is taken out, and with it what names it."""

    def __init__(self, rows: list[Row], known: dict[str, Known], notes: Notes) -> None:
        self._rows, self._known, self._notes = rows, known, notes

    def add(self) -> None:
        for row in list(self._rows):
            if row.raw["type"] == "calculation":
                formula = self._translated(row.formula, row, row.number, "calculation", Kind.NUMBER, Kind.TEXT)
                if formula:
                    row.raw["formula"] = formula
                    if kind_of(parse(formula), self._names()) is Kind.TEXT:
                        row.raw["result"] = "text"
                        self._known[row.name] = Known(row.raw["id"], Name(Kind.TEXT))
                else:
                    self._rows.remove(row)
                    self._known.pop(row.name, None)
        for row in self._rows:
            self._show(row)
            if row.raw["type"] in ("information", "calculation", "hidden"):
                row.raw.pop("valid_message", None)
                continue
            self._require(row)
            if row.constraint:
                self._constrain(row)

    def _show(self, row: Row) -> None:
        found = [self._translated(text, row, number, "relevant", Kind.TRUTH) for text, number in row.conditions if text.lower() not in _YES]
        kept = [each for each in found if each]
        whole = kept[0] if len(kept) == 1 else " and ".join(f"({each})" if " or " in each else each for each in kept)
        if len(whole) > MAX_EXPRESSION:
            self._notes.skip("expression_long", row.name, row=row.number, column="relevant")
            whole = ""
        row.raw["show_if"] = whole

    def _require(self, row: Row) -> None:
        text = row.required.strip()
        if text.lower() in _YES:
            row.raw["required"] = True
        elif text.lower() not in _NO:
            row.raw["required_if"] = self._translated(text, row, row.number, "required", Kind.TRUTH)

    def _constrain(self, row: Row) -> None:
        try:
            parts = _parts(parse_xpath(row.constraint))
        except XPathProblem as problem:
            self._notes.skip(problem.code, row.constraint, row=row.number, column="constraint")
            return
        message = str(row.raw.get("valid_message") or "")
        left = [part for part in parts if not _limit(row, part, is_told=bool(message))]
        if not left:
            return
        whole: Tree = left[0]
        for part in left[1:]:
            whole = Pair("and", whole, part)
        text = written(whole)
        row.raw["valid_if"] = self._translated(text, row, row.number, "constraint", Kind.TRUTH)

    def _translated(self, text: str, row: Row, number: int, column: str, *wanted: Kind) -> str:
        """The expression in our language, "" where there is none, which is listed."""
        itself = row.name if column == "constraint" else ""
        try:
            found = from_xpath(text, self._known, itself)
            if len(found) > MAX_EXPRESSION:
                raise XPathProblem("expression_long")
            kind = kind_of(parse(found), self._names())
            if kind not in wanted:
                raise XPathProblem("xpath_kind")
        except XPathProblem as problem:
            self._notes.skip(problem.code, text, row=number, column=column)
            return ""
        except LogicProblem:
            self._notes.skip("xpath_kind", text, row=number, column=column)
            return ""
        return found

    def _names(self) -> Mapping[str, Name]:
        return {known.place: known.name for known in self._known.values()}


def _parts(tree: Tree) -> list[Tree]:
    """What must all hold."""
    if isinstance(tree, Pair) and tree.sign == "and":
        return [*_parts(tree.left), *_parts(tree.right)]
    return [tree]


_HERE = xpath.Reference("")


def _limit(row: Row, part: Tree, *, is_told: bool) -> bool:
    """Whether a part of a constraint is a limit that the type has a field for: it is set then.

    A form's own message goes with an expression, so a limit stays one where there is a message.
    """
    raw = row.raw
    alone = _alone(part)
    if alone is not None and raw["type"] == "multiple":
        known = [option for option in raw["options"] if option["id"] == alone]
        if known:
            known[0]["exclusive"] = True
            return True
    if not isinstance(part, Pair) or part.sign not in ("<=", ">="):
        return False
    is_length = part.left == xpath.Call("string-length", (_HERE,))
    if is_told and not is_length:
        return False
    low = part.sign == ">="
    if raw["type"] == "date" and part.left == _HERE and (day := _day(part.right)):
        return _set(raw, "min" if low else "max", day)
    number = _number(part.right)
    if number is None:
        return False
    if raw["type"] == "number" and part.left == _HERE:
        return _set(raw, "min" if low else "max", float(number))
    if part.left == xpath.Call("count-selected", (_HERE,)) and raw["type"] == "multiple" and number == int(number) > 0:
        return _set(raw, "min_choices" if low else "max_choices", int(number))
    if is_length and not low and raw["type"] in ("short_text", "long_text") and number == int(number):
        if raw["type"] == "short_text" and number > ShortText.most:
            raw["type"] = "long_text"
        raw["max_length"] = min(int(number), LongText.most)
        return number >= 1
    return False


def _set(raw: dict[str, Any], field: str, value: Any) -> bool:
    if field in raw:
        return False
    raw[field] = value
    return True


def _day(tree: Tree) -> str:
    if isinstance(tree, xpath.Call) and tree.name == "date" and len(tree.given) == 1:
        tree = tree.given[0]
    try:
        return date.fromisoformat(tree.value).isoformat() if isinstance(tree, Text) else ""
    except ValueError:
        return ""


def _number(tree: Tree) -> Decimal | None:
    if isinstance(tree, Figure):
        return Decimal(tree.value)
    return -Decimal(tree.of.value) if isinstance(tree, Minus) and isinstance(tree.of, Figure) else None


def alone_condition(option: str) -> Tree:
    """How a form says that a choice can't be made together with others."""
    chosen = xpath.Call("selected", (_HERE, Text(option)))
    return xpath.Call("not", (Pair("and", chosen, Pair(">", xpath.Call("count-selected", (_HERE,)), Figure("1"))),))


def _alone(tree: Tree) -> str | None:
    """The choice `alone_condition` was made for, None for any other condition."""
    if not (isinstance(tree, xpath.Call) and tree.name == "not" and len(tree.given) == 1 and isinstance(tree.given[0], Pair)):
        return None
    first = tree.given[0].left
    if isinstance(first, xpath.Call) and len(first.given) == 2 and isinstance(first.given[1], Text) and tree == alone_condition(first.given[1].value):
        return first.given[1].value
    return None
