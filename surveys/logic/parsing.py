"""Text to expression: every text becomes an `Expression` or a `LogicProblem`, in time proportional to its length.

    q1 = "a2" and (q3 >= 4 or not answered(q4))
    q2 has "a1"                      one of the chosen options
    q5.r1 + q5.r2 <= 100             parts of a matrix
    age(q6) >= 18, days_between(q7, today()) < 30, q7 > date("1405/07/01")

Digits of any script; ≤ ≥ ≠ × ÷ and «،» as well. An id that isn't made of letters, digits and _, begins with a digit or is a word of
the language stands in braces: {12} = "a1".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from engage.persian import parse_date
from surveys.logic.functions import FUNCTIONS, NAMING, QUOTING
from surveys.logic.problems import LogicProblem
from surveys.logic.tree import (
    ANY_NAME,
    BARE_NAME,
    KEYWORDS,
    NOT,
    PRECEDENCE,
    SIGN,
    Call,
    Expression,
    Literal,
    Node,
    Paired,
    Prefixed,
    Reference,
)
from surveys.logic.values import clock_time

MAX_LENGTH = 4000
"""Four times what a definition may hold, so that every expression can be written out again with its blanks."""
MAX_NODES = 400
MAX_NESTING = 40
MAX_WHOLE_DIGITS = 15
MAX_DECIMALS = 12

_SAME = {"≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "،": ",", "<>": "!=", "==": "="}
_TWO = ("<=", ">=", "!=", "<>", "==")
_ONE = "=<>+-*/(),≤≥≠×÷−،"
_POINTS = ".٫"
_BLANK = " \t\r\n\u00a0\u200c\u200e\u200f\ufeff"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """"number", "text", "name" or "end"; else the sign or keyword itself"""
    position: int
    value: str | Decimal = ""


@lru_cache(maxsize=8192)
def _parsed(text: str) -> Expression | LogicProblem:
    try:
        return Expression(_Parser(text).whole())
    except LogicProblem as problem:
        return problem


def parse(text: str) -> Expression:
    """The expression in a text; LogicProblem says why it is none. The same text gives the same object: it is read once."""
    found = _parsed(text)
    if isinstance(found, LogicProblem):
        raise LogicProblem(found.code, found.position, found.detail)
    return found


def parsed_or_none(text: str) -> Expression | None:
    """The expression in a text, None where there is none."""
    found = _parsed(text)
    return found if isinstance(found, Expression) else None


class _Parser:
    """Precedence climbing over a list of tokens. Each step takes a token, so it ends."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.nodes = 0
        self.nesting = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def whole(self) -> Node:
        if self.next.kind == "end":
            raise LogicProblem("expression_empty")
        node = self.expression(0)
        if self.next.kind != "end":
            raise self.unexpected()
        return node

    def unexpected(self) -> LogicProblem:
        token = self.next
        if token.kind == "end":
            return LogicProblem("expression_unfinished", token.position)
        return LogicProblem("expression_unexpected", token.position, str(token.value if token.value != "" else token.kind)[:40])

    def grown(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise LogicProblem("expression_too_complex", node.position)
        return node

    def expression(self, at_least: int) -> Node:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise LogicProblem("expression_too_complex", self.next.position)
        left = self.prefixed(at_least)
        is_compared = False
        while (binds := PRECEDENCE.get(self.next.kind, 0)) and binds >= at_least:
            is_comparison = binds == PRECEDENCE["="]
            if is_comparison and is_compared:
                # 1 < q1 < 5 would compare a truth with a number.
                raise self.unexpected()
            token = self.take()
            left = self.grown(Paired(token.kind, left, self.expression(binds + 1), token.position))
            is_compared = is_comparison
        self.nesting -= 1
        return left

    def prefixed(self, at_least: int) -> Node:
        token = self.next
        if token.kind == "not":
            if at_least > NOT:
                raise self.unexpected()
            self.take()
            return self.grown(Prefixed("not", self.expression(NOT), token.position))
        if token.kind == "-":
            self.take()
            return self.grown(Prefixed("-", self.expression(SIGN), token.position))
        return self.primary()

    def primary(self) -> Node:
        token = self.next
        if token.kind == "(":
            self.take()
            node = self.expression(0)
            self.expect(")")
            return node
        if token.kind in ("number", "text"):
            self.take()
            return self.grown(Literal(token.value, token.position))
        if token.kind in ("true", "false"):
            self.take()
            return self.grown(Literal(token.kind == "true", token.position))
        if token.kind == "name":
            self.take()
            name = str(token.value)
            if self.next.kind == "(" and self.tokens[self.at - 1].kind == "name":
                return self.call(name, token.position)
            return self.grown(Reference(name, token.position))
        raise self.unexpected()

    def call(self, function: str, position: int) -> Node:
        if function not in FUNCTIONS:
            raise LogicProblem("function_unknown", position, function[:40])
        self.expect("(")
        arguments: list[Node] = []
        if self.next.kind != ")":
            arguments.append(self.expression(0))
            while self.next.kind == ",":
                self.take()
                arguments.append(self.expression(0))
        self.expect(")")
        least, most = FUNCTIONS[function]
        if not least <= len(arguments) <= most:
            raise LogicProblem("argument_count", position, function)
        first = arguments[0] if arguments else None
        if function in NAMING and not isinstance(first, Reference):
            raise LogicProblem("argument_no_name", position, function)
        if function in QUOTING and (not isinstance(first, Literal) or not isinstance(first.value, str) or not _is_moment(function, first.value)):
            raise LogicProblem(f"expression_{function}_malformed", position, str(getattr(first, "value", ""))[:40])
        return self.grown(Call(function, tuple(arguments), position))

    def expect(self, kind: str) -> None:
        if self.next.kind != kind:
            raise self.unexpected()
        self.take()


def _is_moment(function: str, text: str) -> bool:
    return (parse_date(text) if function == "date" else clock_time(text)) is not None


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise LogicProblem("expression_too_long", MAX_LENGTH)
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        letter = text[at]
        if letter in _BLANK:
            at += 1
        elif letter == '"':
            token, at = _text_at(text, at)
            tokens.append(token)
        elif letter == "{":
            token, at = _braced_at(text, at)
            tokens.append(token)
        elif found := BARE_NAME.match(text, at):
            word = found[0]
            tokens.append(_Token(word, at, word) if word in KEYWORDS else _Token("name", at, word))
            at = found.end()
        elif _digit(letter) or (letter in _POINTS and _digit(text[at + 1 : at + 2])):
            token, at = _number_at(text, at)
            tokens.append(token)
        elif text[at : at + 2] in _TWO:
            sign = text[at : at + 2]
            tokens.append(_Token(_SAME.get(sign, sign), at, sign))
            at += 2
        elif letter in _ONE:
            tokens.append(_Token(_SAME.get(letter, letter), at, letter))
            at += 1
        else:
            raise LogicProblem("expression_character", at, letter)
    tokens.append(_Token("end", len(text)))
    return tokens


def _text_at(text: str, start: int) -> tuple[_Token, int]:
    letters: list[str] = []
    at = start + 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\"):
            at += 1
        letters.append(text[at])
        at += 1
    if at >= len(text):
        raise LogicProblem("expression_quote_open", start)
    return _Token("text", start, "".join(letters)), at + 1


def _braced_at(text: str, start: int) -> tuple[_Token, int]:
    end = text.find("}", start)
    name = text[start + 1 : end].strip() if end > 0 else ""
    if not ANY_NAME.fullmatch(name):
        raise LogicProblem("expression_name_malformed", start, text[start : start + 40])
    return _Token("name", start, name), end + 1


def _number_at(text: str, start: int) -> tuple[_Token, int]:
    at = start
    whole, at = _digits_at(text, at)
    decimals = ""
    if text[at : at + 1] and text[at] in _POINTS:
        decimals, at = _digits_at(text, at + 1)
    if len(whole) > MAX_WHOLE_DIGITS or len(decimals) > MAX_DECIMALS or BARE_NAME.match(text, at):
        raise LogicProblem("expression_number_malformed", start, text[start : min(at + 1, start + 40)])
    return _Token("number", start, Decimal(f"{whole or '0'}.{decimals or '0'}").normalize() + 0), at


def _digits_at(text: str, at: int) -> tuple[str, int]:
    digits: list[str] = []
    while at < len(text) and (digit := _digit(text[at])):
        digits.append(digit)
        at += 1
    return "".join(digits), at


def _digit(letter: str) -> str:
    """The Latin digit for a digit of any script, "" for anything else."""
    value = unicodedata.decimal(letter, None) if letter else None
    return "" if value is None else str(value)
