"""XPath of an XLSForm into expressions of `surveys.logic`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from surveys.interchange import xpath
from surveys.interchange.xpath import Figure, Minus, Pair, Text, Tree, XPathProblem, parse_xpath
from surveys.logic.kinds import Kind, Name
from surveys.logic.parsing import MAX_DECIMALS, MAX_WHOLE_DIGITS
from surveys.logic.tree import Call, Expression, Literal, Node, Paired, Prefixed, Reference, unparse


@dataclass(frozen=True)
class Known:
    """What a form's name became here."""

    place: str
    """The question's id, or `id.part`"""
    name: Name
    options: Mapping[str, str] = field(default_factory=dict)
    """Names of choices in the form → ids of options"""


def from_xpath(text: str, known: Mapping[str, Known], itself: str = "") -> str:
    """The expression in our language; `itself` is the form's name of the question a dot stands for.

    XPathProblem: those of `parse_xpath`, and xpath_function, xpath_regex, xpath_mod, xpath_name (a name nothing was made of),
    xpath_option (a choice that isn't on the list), xpath_self (a dot outside a constraint).
    """
    return unparse(Expression(_Translator(known, itself).node(parse_xpath(text))))


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{1,2}:\d{2})(:\d{2})?(\.\d+)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


class _Translator:
    def __init__(self, known: Mapping[str, Known], itself: str) -> None:
        self._known = known
        self._itself = itself
        self._answered: set[str] = set()
        """Names whose being answered was asked just before"""

    def find(self, reference: xpath.Reference) -> Known:
        if not reference.name and not self._itself:
            raise XPathProblem("xpath_self")
        found = self._known.get(reference.name or self._itself)
        if found is None:
            raise XPathProblem("xpath_name")
        return found

    def node(self, tree: Tree) -> Node:
        if isinstance(tree, xpath.Reference):
            return Reference(self.find(tree).place)
        if isinstance(tree, Text):
            return Literal(tree.value)
        if isinstance(tree, Figure):
            return _number(tree.value)
        if isinstance(tree, Minus):
            return Prefixed("-", self.node(tree.of))
        if isinstance(tree, xpath.Call):
            return self.call(tree)
        if tree.sign in _FLIPPED:
            return self.comparison(tree)
        if tree.sign == "mod":
            raise XPathProblem("xpath_mod")
        if tree.sign == "and" and (name := _asked_whether_answered(tree.left)) and _compares(tree.right, name):
            self._answered.add(name)
            both = self.node(tree.right)
            self._answered.discard(name)
            return both
        if tree.sign in ("and", "or"):
            return Paired(tree.sign, self.truth(tree.left), self.truth(tree.right))
        return Paired({"div": "/"}.get(tree.sign, tree.sign), self.node(tree.left), self.node(tree.right))

    def truth(self, tree: Tree) -> Node:
        """A name where XPath wants a truth means that something stands there."""
        if isinstance(tree, xpath.Reference) and self.find(tree).name.kind is not Kind.TRUTH:
            return Call("answered", (self.node(tree),))
        return self.node(tree)

    # -- comparisons ---------------------------------------------------------------------------------------------------

    def comparison(self, pair: Pair) -> Node:
        left, right, sign = pair.left, pair.right, pair.sign
        if isinstance(right, xpath.Reference) and isinstance(left, Text | Figure):
            left, right, sign = right, left, _FLIPPED[sign]
        if isinstance(left, xpath.Reference) and isinstance(right, Text | Figure):
            return self.with_constant(left, sign, right)
        if isinstance(right, Text) and _DATE.fullmatch(right.value):
            return Paired(sign, self.node(left), _date(right.value))
        if isinstance(left, Text) and _DATE.fullmatch(left.value):
            return Paired(sign, _date(left.value), self.node(right))
        return Paired(sign, self.node(left), self.node(right))

    def with_constant(self, constant_of: xpath.Reference, sign: str, constant: Text | Figure) -> Node:
        known = self.find(constant_of)
        here: Node = Reference(known.place)
        kind, value = known.name.kind, constant.value
        if value == "" and sign in ("=", "!="):
            answered = Call("answered", (here,))
            return answered if sign == "!=" else Prefixed("not", answered)
        if kind in (Kind.CHOICE, Kind.CHOICES) and sign in ("=", "!="):
            option = Literal(self.option(known, value))
            if kind is Kind.CHOICE:
                return self.unlike(sign, here, option, constant_of)
            alone = Paired("and", Paired("has", here, option), Paired("=", Call("count", (here,)), Literal(Decimal(1))))
            return alone if sign == "=" else Prefixed("not", alone)
        if kind is Kind.TRUTH and sign in ("=", "!="):
            wanted = _TRUTHS.get(known.options.get(value, value).lower())
            if wanted is None:
                raise XPathProblem("xpath_option")
            return self.unlike(sign, here, Literal(wanted), constant_of)
        if kind is Kind.NUMBER and _NUMBER.fullmatch(value):
            return self.unlike(sign, here, _number(value), constant_of)
        if kind is Kind.DATE and _DATE.match(value):
            return Paired(sign, here, _date(value))
        if kind is Kind.TIME and (found := _TIME.match(value)):
            return Paired(sign, here, Call("time", (Literal(found[1]),)))
        if isinstance(constant, Figure) and kind is not Kind.TEXT:
            return Paired(sign, here, _number(value))
        return self.unlike(sign, here, Literal(value), constant_of)

    def unlike(self, sign: str, here: Node, value: Node, reference: xpath.Reference) -> Node:
        """What isn't answered is unlike everything in a form, and compares with nothing here; in a constraint it always is answered."""
        if sign == "!=" and reference.name and reference.name not in self._answered:
            return Prefixed("not", Paired("=", here, value))
        return Paired(sign, here, value)

    def option(self, known: Known, value: str) -> str:
        found = known.options.get(value)
        if found is None:
            raise XPathProblem("xpath_option")
        return found

    # -- functions -----------------------------------------------------------------------------------------------------

    def call(self, call: xpath.Call) -> Node:
        given = call.given
        special = _SPECIAL.get((call.name, len(given)))
        if special is not None:
            return special(self, *given)
        if call.name == "concat" and all(isinstance(each, Text) for each in given):
            return Literal("".join(each.value for each in given if isinstance(each, Text)))
        plain = _PLAIN.get(call.name)
        if plain is not None:
            return Call(plain, tuple(self.node(each) for each in given))
        raise XPathProblem("xpath_regex" if call.name == "regex" else "xpath_function")

    def selected(self, where: Tree, what: Tree) -> Node:
        if not isinstance(where, xpath.Reference) or not isinstance(what, Text | Figure):
            raise XPathProblem("xpath_function")
        known = self.find(where)
        if known.name.kind is not Kind.CHOICES:
            return self.with_constant(where, "=", what)
        return Paired("has", Reference(known.place), Literal(self.option(known, what.value)))

    def count(self, what: Tree) -> Node:
        return Call("count", (self.node(what),))

    def negated(self, what: Tree) -> Node:
        return Prefixed("not", self.truth(what))

    def chosen(self, condition: Tree, one: Tree, other: Tree) -> Node:
        return Call("if", (self.truth(condition), self.node(one), self.node(other)))

    def first_of(self, one: Tree, other: Tree) -> Node:
        return Call("if", (Call("answered", (self.node(one),)), self.node(one), self.node(other)))

    def same(self, what: Tree) -> Node:
        return self.node(what)

    def whole(self, what: Tree) -> Node:
        """int(): a date's age and the days between dates are written with it; of a plain answer it is the answer."""
        if isinstance(what, xpath.Reference | Figure):
            return self.node(what)
        if isinstance(what, Pair) and what.sign == "div" and isinstance(what.right, Figure) and what.right.value in ("365", "365.25"):
            born = what.left.right if isinstance(what.left, Pair) and what.left.sign == "-" and _is_today(what.left.left) else None
            if isinstance(born, xpath.Reference) and self.find(born).name.kind is Kind.DATE:
                return Call("age", (self.node(born),))
        if isinstance(what, Pair) and what.sign == "-" and self.is_date(what.left) and self.is_date(what.right):
            return Call("days_between", (self.node(what.right), self.node(what.left)))
        raise XPathProblem("xpath_function")

    def is_date(self, tree: Tree) -> bool:
        if isinstance(tree, xpath.Reference):
            return self.find(tree).name.kind is Kind.DATE
        return _is_today(tree) or (isinstance(tree, xpath.Call) and tree.name == "date")

    def date_of(self, what: Tree) -> Node:
        return _date(what.value) if isinstance(what, Text) else self.node(what)

    def today(self) -> Node:
        return Call("today", ())

    def yes(self) -> Node:
        return Literal(True)

    def no(self) -> Node:
        return Literal(False)

    def rounded(self, what: Tree, places: Tree) -> Node:
        if isinstance(places, Figure) and not Decimal(places.value):
            return Call("round", (self.node(what),))
        return Call("round", (self.node(what), self.node(places)))


def _asked_whether_answered(tree: Tree) -> str:
    """`${name} != ''`: the name, else ""."""
    if isinstance(tree, Pair) and tree.sign == "!=" and tree.right == Text("") and isinstance(tree.left, xpath.Reference):
        return tree.left.name
    return ""


def _compares(tree: Tree, name: str) -> bool:
    """`${name} != 'x'`: with the question above before it, what our «!=» says."""
    return (
        isinstance(tree, Pair)
        and tree.sign == "!="
        and tree.left == xpath.Reference(name)
        and isinstance(tree.right, Text | Figure)
        and tree.right != Text("")
    )


_TRUTHS = {"yes": "yes", "no": "no", "true": "yes", "false": "no", "1": "yes", "0": "no", "ok": "yes"}
_SPECIAL: dict[tuple[str, int], Callable[..., Node]] = {
    ("selected", 2): _Translator.selected,
    ("count-selected", 1): _Translator.count,
    ("not", 1): _Translator.negated,
    ("boolean", 1): _Translator.truth,
    ("if", 3): _Translator.chosen,
    ("coalesce", 2): _Translator.first_of,
    ("once", 1): _Translator.same,
    ("number", 1): _Translator.same,
    ("string", 1): _Translator.same,
    ("int", 1): _Translator.whole,
    ("date", 1): _Translator.date_of,
    ("today", 0): _Translator.today,
    ("now", 0): _Translator.today,
    ("true", 0): _Translator.yes,
    ("false", 0): _Translator.no,
    ("round", 2): _Translator.rounded,
}
_PLAIN = {"string-length": "length", "min": "min", "max": "max", "contains": "contains", "starts-with": "starts_with", "round": "round"}


def _is_today(tree: Tree) -> bool:
    return isinstance(tree, xpath.Call) and tree.name in ("today", "now") and not tree.given


def _number(text: str) -> Node:
    value = Decimal(text)
    if value.adjusted() >= MAX_WHOLE_DIGITS or -int(value.as_tuple().exponent) > MAX_DECIMALS:
        raise XPathProblem("xpath_number")
    return Prefixed("-", Literal(-value)) if value < 0 else Literal(value.normalize() + 0)


def _date(text: str) -> Node:
    return Call("date", (Literal(text[:10]),))
