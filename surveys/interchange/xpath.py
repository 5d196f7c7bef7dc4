"""The part of XPath that XLSForms are written in, as trees. Pure; never hangs: every step takes a letter, and nesting is bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

MAX_TEXT = 4_000
MAX_DEPTH = 60

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<ref>\$\{[^{}]{1,200}\})
    | (?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)
    | (?P<string>"[^"]*"|'[^']*')
    | (?P<parent>\.\.)
    | (?P<self>\.)
    | (?P<name>[^\W\d][\w.:-]*)
    | (?P<mark><=|>=|!=|[=<>+*(),-])
    )""",
    re.VERBOSE,
)
_LEVELS = (("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"))


class XPathProblem(ValueError):
    """This text isn't of the part we read. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reference:
    """`${name}`; the name "" is the question itself, a dot."""

    name: str


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Figure:
    value: str


@dataclass(frozen=True)
class Call:
    name: str
    given: tuple[Tree, ...]


@dataclass(frozen=True)
class Pair:
    """Two sides and what is between them: or, and, =, !=, <, <=, >, >=, +, -, *, div, mod."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Minus:
    of: Tree


Tree: TypeAlias = "Reference | Text | Figure | Call | Pair | Minus"


def parse_xpath(text: str) -> Tree:
    """The tree of an expression; XPathProblem: xpath_long, xpath_path (nodes are named by a path), xpath_unreadable."""
    if len(text) > MAX_TEXT:
        raise XPathProblem("xpath_long")
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise XPathProblem("xpath_path" if text[at:].lstrip()[:1] in "/[]@|" else "xpath_unreadable")
        kind = str(match.lastgroup)
        if kind == "parent":
            raise XPathProblem("xpath_path")
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._level(0)
        if self._at < len(self._tokens):
            raise XPathProblem("xpath_unreadable")
        return tree

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, value: str) -> bool:
        kind, text = self._peek()
        if kind in ("mark", "name") and text == value:
            self._at += 1
            return True
        return False

    def _level(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        self._deeper()
        tree = self._level(level + 1)
        while True:
            sign = next((sign for sign in _LEVELS[level] if self._take(sign)), None)
            if sign is None:
                break
            tree = Pair(sign, tree, self._level(level + 1))
        self._depth -= 1
        return tree

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH * len(_LEVELS):
            raise XPathProblem("xpath_long")

    def _unary(self) -> Tree:
        minus = 0
        while self._take("-"):
            minus += 1
        if minus > MAX_DEPTH:
            raise XPathProblem("xpath_long")
        tree = self._single()
        for _ in range(minus):
            tree = Minus(tree)
        return tree

    def _single(self) -> Tree:
        kind, text = self._peek()
        self._at += 1
        if kind == "ref":
            return Reference(text[2:-1].strip())
        if kind == "self":
            return Reference("")
        if kind == "number":
            return Figure(text)
        if kind == "string":
            return Text(text[1:-1])
        if kind == "mark" and text == "(":
            tree = self._level(0)
            self._close()
            return tree
        if kind == "name" and self._take("("):
            return Call(text, self._given())
        if kind == "name":
            raise XPathProblem("xpath_path")
        raise XPathProblem("xpath_unreadable")

    def _given(self) -> tuple[Tree, ...]:
        given: list[Tree] = []
        if self._take(")"):
            return ()
        while True:
            given.append(self._level(0))
            if not self._take(","):
                break
        self._close()
        return tuple(given)

    def _close(self) -> None:
        if not self._take(")"):
            raise XPathProblem("xpath_unreadable")


def written(tree: Tree) -> str:
    """The expression again, as a form would have it."""
    if isinstance(tree, Reference):
        return f"${{{tree.name}}}" if tree.name else "."
    if isinstance(tree, Text):
        return _quoted(tree.value)
    if isinstance(tree, Figure):
        return tree.value
    if isinstance(tree, Call):
        return f"{tree.name}({', '.join(map(written, tree.given))})"
    if isinstance(tree, Minus):
        return f"-{_inner(tree.of, len(_LEVELS))}"
    level = next(place for place, signs in enumerate(_LEVELS) if tree.sign in signs)
    return f"{_inner(tree.left, level)} {tree.sign} {_inner(tree.right, level + 1)}"


def _inner(tree: Tree, level: int) -> str:
    if isinstance(tree, Pair) and next(place for place, signs in enumerate(_LEVELS) if tree.sign in signs) < level:
        return f"({written(tree)})"
    return written(tree)


def _quoted(text: str) -> str:
    """XPath 1.0 knows no escape: whichever mark isn't in the text goes around it, else its parts are joined."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    parts = re.split("(')", text)
    return "concat(" + ", ".join(f'"{part}"' if part == "'" else f"'{part}'" for part in parts if part) + ")"
