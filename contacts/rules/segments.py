"""Rules that find people: a tree of groups and conditions, what may stand in it, and its form as JSON. Pure.

A rule is data; what a condition means in the database is said by the criterion registered for its field (`contacts.segments`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

from engage.refusal import Refused

MAX_DEPTH = 5
MAX_CONDITIONS = 60
MAX_CHOICES = 500
MAX_TEXT = 200

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...]


class Mode(StrEnum):
    """How the parts of a group are joined."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True)
class Condition:
    """One field and what is asked of it. `values` pairs the names of the field's parameters with what was chosen, in their order;
    whatever was left open is absent."""

    field: str
    values: tuple[tuple[str, Value], ...] = ()

    def get(self, name: str) -> Any:
        return next((value for key, value in self.values if key == name), None)

    def chosen(self, name: str) -> tuple[Any, ...]:
        """The choices made for a parameter that takes several; () for none."""
        value = self.get(name)
        return value if isinstance(value, tuple) else () if value is None else (value,)


@dataclass(frozen=True)
class Group:
    """Parts joined by `mode`. A group without parts asks nothing."""

    mode: Mode = Mode.ALL
    parts: tuple[Group | Condition, ...] = ()


EVERYONE = Group()


class Kind(StrEnum):
    """What a parameter takes."""

    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    YES_NO = "yes_no"


Options: TypeAlias = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Parameter:
    """One thing a condition asks. `options` are (value, words) of a choice, or a function that reads them when a page shows them."""

    name: str
    kind: Kind
    label: Any
    is_needed: bool = False
    options: Options | Callable[[], Options] = ()
    minimum: float | None = None
    maximum: float | None = None
    is_whole: bool = True
    """Of a number: without decimals"""
    default: Value | None = None
    """What the builder proposes"""


@dataclass(frozen=True)
class Field:
    """What a condition can be about. With `needs_one`, at least one of those parameters must be given."""

    key: str
    label: Any
    parameters: tuple[Parameter, ...]
    needs_one: tuple[str, ...] = ()
    ranges: tuple[tuple[str, str], ...] = ()
    """Pairs of parameters of which the second may not lie before the first"""
    group: Any = ""
    """The heading under which the builder lists it"""
    is_offered: bool = True
    """False for what stands in old rules only"""


def to_json(rule: Group) -> dict[str, Any]:
    """The rule as JSON; `from_json` reads it back equal."""
    return {
        "mode": str(rule.mode),
        "parts": [
            to_json(part)
            if isinstance(part, Group)
            else {"field": part.field, "values": {name: list(v) if isinstance(v, tuple) else v for name, v in part.values}}
            for part in rule.parts
        ],
    }


def from_json(stored: Any) -> Group:
    """The tree in `stored`, its shape checked but not yet its fields.

    Refused("segment_rule_broken", place) for what is no rule at all, "segment_too_deep", "segment_too_large".
    """
    rule = _read_group(stored, "", 1)
    if sum(1 for _ in conditions_of(rule)) > MAX_CONDITIONS:
        raise Refused("segment_too_large", limit=MAX_CONDITIONS)
    return rule


def _read_group(stored: Any, place: str, depth: int) -> Group:
    if not isinstance(stored, Mapping) or stored.get("mode") not in tuple(Mode) or not isinstance(stored.get("parts"), list):
        raise _broken(place)
    if depth > MAX_DEPTH:
        raise Refused("segment_too_deep", place=place, limit=MAX_DEPTH)
    if len(stored["parts"]) > MAX_CONDITIONS:
        raise Refused("segment_too_large", limit=MAX_CONDITIONS)
    parts: list[Group | Condition] = []
    for number, part in enumerate(stored["parts"], 1):
        here = below(place, number)
        if isinstance(part, Mapping) and "field" in part:
            parts.append(_read_condition(part, here))
        else:
            parts.append(_read_group(part, here, depth + 1))
    return Group(Mode(stored["mode"]), tuple(parts))


def _read_condition(stored: Mapping[str, Any], place: str) -> Condition:
    field, values = stored["field"], stored.get("values", {})
    if not isinstance(field, str) or not isinstance(values, Mapping):
        raise _broken(place)
    read: list[tuple[str, Value]] = []
    for name, value in values.items():
        if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
            read.append((str(name), tuple(value)))
        elif isinstance(value, str | int | float):
            read.append((str(name), value))
        else:
            raise _broken(place)
    return Condition(field, tuple(read))


def _broken(place: str) -> Refused:
    return Refused("segment_rule_broken", place=place or "0")


def below(place: str, number: int) -> str:
    """The name of a group's n-th part as people are told it: "2", "2.1"."""
    return f"{place}.{number}" if place else str(number)


def conditions_of(rule: Group, place: str = "") -> Iterator[tuple[str, Condition]]:
    """Every condition with its place, from the first to the last."""
    for number, part in enumerate(rule.parts, 1):
        here = below(place, number)
        if isinstance(part, Group):
            yield from conditions_of(part, here)
        else:
            yield here, part


def check_rule(rule: Group, fields: Mapping[str, Field]) -> None:
    """Every condition asks something its field can answer.

    Refused, each with `place` and the field's `field` label: "segment_field_unknown", "segment_value_missing", "segment_value_invalid",
    "segment_range_reversed".
    """
    for place, condition in conditions_of(rule):
        check_condition(condition, fields, place)


def check_condition(condition: Condition, fields: Mapping[str, Field], place: str) -> None:
    """As `check_rule`, for one of them."""
    field = fields.get(condition.field)
    if field is None:
        raise Refused("segment_field_unknown", place=place)
    known = {parameter.name: parameter for parameter in field.parameters}
    for name, value in condition.values:
        if name not in known or not _fits(known[name], value):
            raise Refused("segment_value_invalid", place=place, field=field.label)
    given = {name for name, value in condition.values if value not in ("", ())}
    missing = {parameter.name for parameter in field.parameters if parameter.is_needed} - given
    if missing or (field.needs_one and given.isdisjoint(field.needs_one)):
        raise Refused("segment_value_missing", place=place, field=field.label)
    for first, last in field.ranges:
        start, end = condition.get(first), condition.get(last)
        if start is not None and end is not None and end < start:
            raise Refused("segment_range_reversed", place=place, field=field.label)


def _fits(parameter: Parameter, value: Value) -> bool:
    match parameter.kind:
        case Kind.YES_NO:
            return isinstance(value, bool)
        case Kind.NUMBER:
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 10**15:
                return False
            if parameter.is_whole and value != int(value):
                return False
            above = parameter.minimum is None or value >= parameter.minimum
            return above and (parameter.maximum is None or value <= parameter.maximum)
        case Kind.TEXT:
            return isinstance(value, str) and len(value) <= MAX_TEXT and "\0" not in value
        case Kind.DATE:
            return isinstance(value, str) and _is_day(value)
        case Kind.CHOICE:
            return isinstance(value, str) and _may_choose(parameter, value)
        case Kind.CHOICES:
            return (
                isinstance(value, tuple)
                and len(value) <= MAX_CHOICES
                and all(isinstance(each, str) and _may_choose(parameter, each) for each in value)
            )


def _may_choose(parameter: Parameter, value: str) -> bool:
    if len(value) > MAX_TEXT or "\0" in value:
        return False
    # What is read from the database may have gone since the rule was saved; it then simply finds nobody.
    return callable(parameter.options) or value in {key for key, _words in parameter.options}


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


@dataclass(frozen=True)
class Simple:
    """The few conditions a form without a builder asks. What is empty or None stays open."""

    neighbourhoods: tuple[str, ...] = ()
    gender: str = ""
    birth_year_from: int | None = None
    """Jalali, included; whoever's year is unknown is left out as soon as one end is given"""
    birth_year_to: int | None = None
    import_id: int | None = None


def narrowed(
    *,
    neighbourhoods: tuple[str, ...] = (),
    gender: str = "",
    birth_year_from: int | None = None,
    birth_year_to: int | None = None,
    import_id: int | None = None,
) -> Group:
    """The rule of a simple form."""
    parts = []
    if neighbourhoods:
        parts.append(Condition("neighbourhood", (("in", neighbourhoods),)))
    if gender:
        parts.append(Condition("gender", (("in", (gender,)),)))
    years = tuple((name, year) for name, year in (("from", birth_year_from), ("to", birth_year_to)) if year is not None)
    if years:
        parts.append(Condition("birth_year", years))
    if import_id is not None:
        parts.append(Condition("import", (("in", (str(import_id),)),)))
    return Group(Mode.ALL, tuple(parts))


def as_simple(rule: Group) -> Simple | None:
    """What a simple form would show for this rule; None when it says more than such a form can."""
    by_field = {part.field: part for part in rule.parts if isinstance(part, Condition)}
    places, gender = by_field.get("neighbourhood"), by_field.get("gender")
    years, lists = by_field.get("birth_year"), by_field.get("import")
    imports = lists.chosen("in") if lists else ()
    genders = gender.chosen("in") if gender else ()
    if len(imports) > 1 or len(genders) > 1:
        return None
    simple = Simple(
        places.chosen("in") if places else (),
        genders[0] if genders else "",
        years.get("from") if years else None,
        years.get("to") if years else None,
        int(imports[0]) if imports else None,
    )
    found = narrowed(**{name: getattr(simple, name) for name in Simple.__dataclass_fields__})
    return simple if found == rule else None
