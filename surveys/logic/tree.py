"""What an expression is made of, and how it is written down again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

from surveys.logic.functions import NAMING

KEYWORDS = frozenset({"and", "or", "not", "has", "true", "false"})
BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)?")
ANY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}(?:\.[A-Za-z0-9][A-Za-z0-9_-]{0,39})?")
"""A question's id, alone or with a part."""

PRECEDENCE = {"or": 1, "and": 2, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "has": 4, "+": 5, "-": 5, "*": 6, "/": 6}
"""How tightly two-sided operators bind; `not` stands between `and` and the comparisons, a sign above all."""
NOT, SIGN = 3, 7
COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, or true and false."""

    value: Decimal | str | bool
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """The answer to a question, or to a part of it."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Prefixed:
    """`not x` or `-x`."""

    operator: str
    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two sides and what stands between them."""

    operator: str
    left: Node
    right: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and what it is given."""

    function: str
    arguments: tuple[Node, ...]
    position: int = field(default=0, compare=False)


Node: TypeAlias = Literal | Reference | Prefixed | Paired | Call


@dataclass(frozen=True)
class Expression:
    """A whole expression. `parse` keeps its depth within what recursion bears."""

    root: Node

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(each.name for each in walk(self.root) if isinstance(each, Reference))

    @cached_property
    def steps(self) -> tuple[Node, ...]:
        """The nodes as a stack calculates them. What stands for its name alone (`answered(q1)`) is no step."""
        named = {id(each.arguments[0]) for each in walk(self.root) if isinstance(each, Call) and each.function in NAMING}
        return tuple(each for each in walk(self.root) if id(each) not in named)

    def __str__(self) -> str:
        return unparse(self)


def walk(node: Node) -> Iterator[Node]:
    """Every node, what it is made of first, from left to right."""
    todo: list[tuple[Node, bool]] = [(node, False)]
    while todo:
        each, is_ready = todo.pop()
        parts = () if is_ready else parts_of(each)
        if not parts:
            yield each
            continue
        todo.append((each, True))
        todo += [(part, False) for part in reversed(parts)]


def parts_of(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Prefixed):
        return (node.operand,)
    if isinstance(node, Paired):
        return node.left, node.right
    if isinstance(node, Call):
        return node.arguments
    return ()


def unparse(expression: Expression) -> str:
    """The expression as text, with no more brackets than needed; `parse` makes the same one of it."""
    return _written(expression.root, 0)


def written_name(name: str) -> str:
    """A question's id (or `id.part`) as expressions name it: in braces where it could be read otherwise."""
    return name if BARE_NAME.fullmatch(name) and name not in KEYWORDS else f"{{{name}}}"


def written_text(text: str) -> str:
    """A text as expressions quote it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(node: Node, at_least: int) -> str:
    if isinstance(node, Literal):
        return _written_literal(node)
    if isinstance(node, Reference):
        return written_name(node.name)
    if isinstance(node, Call):
        return f"{node.function}({', '.join(_written(each, 0) for each in node.arguments)})"
    if isinstance(node, Prefixed):
        binds = NOT if node.operator == "not" else SIGN
        text = f"not {_written(node.operand, NOT)}" if node.operator == "not" else f"-{_written(node.operand, SIGN)}"
    else:
        binds = PRECEDENCE[node.operator]
        # Comparisons don't chain: each of their sides binds tighter. The others group from the left.
        left = binds + 1 if binds == PRECEDENCE["="] else binds
        text = f"{_written(node.left, left)} {node.operator} {_written(node.right, binds + 1)}"
    return f"({text})" if binds < at_least else text


def _written_literal(literal: Literal) -> str:
    if isinstance(literal.value, bool):
        return "true" if literal.value else "false"
    if isinstance(literal.value, str):
        return written_text(literal.value)
    return f"{literal.value.normalize():f}"
