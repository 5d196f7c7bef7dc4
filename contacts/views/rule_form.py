"""The rule builder's form: a tree of named inputs that works without JavaScript, read back with every problem at its place.

The inputs of a node are named by its path: "r" the root, "r-1" its second part, "r-1-0" that one's first; ":mode" makes a group,
":field" a condition, and the rest are the condition's parameters. Adding and removing posts the whole form, which comes back changed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict

from contacts.rules.segments import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    Condition,
    Field,
    Group,
    Kind,
    Mode,
    Parameter,
    Value,
    below,
    check_condition,
)
from engage import persian
from engage.refusal import Refused
from engage.web.refusals import explain

_NAME = re.compile(r"(r(?:-[0-9]{1,3}){0,9}):([a-z_]{1,30})")
DEEDS = ("condition", "group", "remove", "refresh")


@dataclass
class Node:
    """A group or a condition as it stands in the form: what was typed, whether or not it can be read."""

    mode: str = ""
    """Of a group"""
    field: str = ""
    typed: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    parts: list[Node] = dataclasses.field(default_factory=list)
    path: str = "r"
    place: str = ""
    problem: str = ""

    @property
    def is_group(self) -> bool:
        return bool(self.mode)

    def first(self, name: str) -> str:
        return (self.typed.get(name) or [""])[0]


@dataclass(frozen=True)
class TypedRule:
    """The form read: its tree, and the rule when every condition can be asked."""

    root: Node
    rule: Group | None

    @property
    def problems(self) -> list[Node]:
        return [node for node in _walk(self.root) if node.problem]


def node_of(rule: Group) -> Node:
    """The tree of a stored rule."""
    root = _from_rule(rule)
    _number(root, "r", "")
    return root


def node_in(form: MultiDict[str, str]) -> Node:
    """The tree a form was posted with; what doesn't belong to it is passed over."""
    found: dict[tuple[int, ...], Node] = {}
    for name in form:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        path = tuple(int(part) for part in match[1].split("-")[1:])
        node = found.setdefault(path, Node())
        if match[2] == "mode":
            node.mode = form[name] if form[name] in tuple(Mode) else Mode.ALL
        elif match[2] == "field":
            node.field = form[name][:100]
        else:
            node.typed[match[2]] = [value[:300] for value in form.getlist(name)[:600]]
    root = found.get((), Node())
    root.mode = root.mode or Mode.ALL
    for path in sorted(found, key=lambda each: (len(each), each)):
        parent = found.get(path[:-1]) if path else None
        if parent is not None and parent.is_group:
            parent.parts.append(found[path])
    _number(root, "r", "")
    return root


def apply_deed(root: Node, deed: str, path: str) -> None:
    """Add a part to the group at `path`, or remove what is there; anything impossible changes nothing."""
    if deed == "remove":
        for node in _walk(root):
            node.parts = [part for part in node.parts if part.path != path]
    target = next((node for node in _walk(root) if node.path == path and node.is_group), None)
    if target is not None and deed in ("condition", "group"):
        count = sum(1 for node in _walk(root) if not node.is_group)
        if deed == "condition" and count < MAX_CONDITIONS:
            target.parts.append(Node())
        elif deed == "group" and path.count("-") + 1 < MAX_DEPTH and count < MAX_CONDITIONS:
            target.parts.append(Node(mode=Mode.ANY, parts=[Node()]))
    _number(root, "r", "")


def read_typed(root: Node, fields: Mapping[str, Field]) -> TypedRule:
    """The rule in the tree, or each problem in the node it belongs to."""
    rule = _read_group(root, fields)
    return TypedRule(root, None if any(node.problem for node in _walk(root)) else rule)


def propose_defaults(root: Node, fields: Mapping[str, Field]) -> None:
    """Conditions whose field was just chosen start with what the field proposes."""
    for node in _walk(root):
        known = fields.get(node.field)
        if known is None or node.is_group:
            continue
        names = {parameter.name for parameter in known.parameters}
        if names.isdisjoint(node.typed):
            node.typed = {p.name: [_text(p.default)] for p in known.parameters if p.default is not None}


def _walk(node: Node) -> list[Node]:
    return [node, *(each for part in node.parts for each in _walk(part))]


def _number(node: Node, path: str, place: str) -> None:
    node.path, node.place = path, place
    for number, part in enumerate(node.parts):
        _number(part, f"{path}-{number}", below(place, number + 1))


def _from_rule(rule: Group | Condition) -> Node:
    if isinstance(rule, Group):
        return Node(mode=str(rule.mode), parts=[_from_rule(part) for part in rule.parts])
    typed = {name: [str(each) for each in value] if isinstance(value, tuple) else [_text(value)] for name, value in rule.values}
    return Node(field=rule.field, typed=typed)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _read_group(node: Node, fields: Mapping[str, Field]) -> Group:
    parts: list[Group | Condition] = []
    for part in node.parts:
        if part.is_group:
            parts.append(_read_group(part, fields))
        elif part.field:  # an empty one asks nothing yet
            parts.append(_read_condition(part, fields))
    return Group(Mode(node.mode), tuple(parts))


def _read_condition(node: Node, fields: Mapping[str, Field]) -> Condition:
    known = fields.get(node.field)
    try:
        if known is None:
            raise Refused("segment_field_unknown", place=node.place)
        values = []
        for parameter in known.parameters:
            value = _value(parameter, node, known)
            if value is not None:
                values.append((parameter.name, value))
        condition = Condition(node.field, tuple(values))
        check_condition(condition, fields, node.place)
    except Refused as refused:
        node.problem = explain(_in_persian(refused))
        return Condition(node.field)
    return condition


def _in_persian(refused: Refused) -> Refused:
    """The same refusal with its place in Persian digits."""
    place = refused.params.get("place")
    return Refused(refused.code, **{**refused.params, **({"place": persian.to_persian_digits(str(place))} if place else {})})


def _value(parameter: Parameter, node: Node, known: Field) -> Value | None:
    typed = node.typed.get(parameter.name, [])
    if parameter.kind is Kind.CHOICES:
        return tuple(dict.fromkeys(typed)) or None
    words = typed[0].strip() if typed else ""
    if not words:
        return None
    match parameter.kind:
        case Kind.YES_NO:
            return {"yes": True, "no": False}.get(words)
        case Kind.NUMBER:
            number = _number_of(words)
            if number is None:
                raise Refused("segment_value_invalid", place=node.place, field=known.label)
            return number
        case Kind.DATE:
            day = _day_of(words)
            if day is None:
                raise Refused("segment_value_invalid", place=node.place, field=known.label)
            return day.isoformat()
    return words


def _number_of(words: str) -> int | float | None:
    plain = re.sub(r"[\s٬,،\u200c\u200e\u200f]", "", persian.to_latin_digits(words)).replace("٫", ".").replace("−", "-")
    if re.fullmatch(r"[+-]?[0-9]{1,15}", plain):
        return int(plain)
    return float(plain) if re.fullmatch(r"[+-]?[0-9]{1,15}\.[0-9]{1,15}", plain) else None


def _day_of(words: str) -> date | None:
    """As a rule keeps it (ISO), or as people type it (Jalali)."""
    if re.fullmatch(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}", words):
        try:
            return date.fromisoformat(words)
        except ValueError:
            return None
    return persian.parse_jalali(words)


def shown_value(parameter: Parameter, node: Node) -> str:
    """What a text input shows: as it was typed, a stored date as Jalali."""
    words = node.first(parameter.name)
    if parameter.kind is Kind.DATE and words:
        day = _day_of(words)
        return persian.format_jalali_short(day) if day else words
    return persian.to_persian_digits(words) if parameter.kind is Kind.NUMBER else words
