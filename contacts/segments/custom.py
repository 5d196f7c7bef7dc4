"""Criteria made of the fields a unit added: what can be asked follows from a field's kind."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Numeric, and_, case, cast, false, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB

from contacts.models import CustomField
from contacts.queries.fields import units_above
from contacts.rules.custom_values import CustomKind
from contacts.rules.segments import Condition, Field, Kind, Parameter
from contacts.segments import words
from contacts.segments.criteria import PERSON, Criterion, Found, Scope
from engage import persian
from engage.db import db

PREFIX = "custom:"
_GROUP = _l("The unit's own fields")
_BLANK = Parameter("blank", Kind.YES_NO, _l("is blank"))


def custom_criteria(scope: Scope) -> dict[str, Criterion]:
    """One criterion per field of the units above, of the unit itself and of those below; the nearest counts where keys are the same.

    Archived fields are no longer offered, but old rules about them go on working.
    """
    above = units_above(scope.unit_id)
    rows = db.session.scalars(select(CustomField).where(CustomField.unit_id.in_({*above, *scope.unit_ids}))).all()
    nearness = {unit_id: number for number, unit_id in enumerate(reversed(above))}
    rows = sorted(rows, key=lambda row: (nearness.get(row.unit_id, len(above)), row.position, row.id))
    made: dict[str, Criterion] = {}
    for row in rows:
        made.setdefault(PREFIX + row.key, _criterion(row))
    return made


def _criterion(row: CustomField) -> Criterion:
    kind = CustomKind(row.kind)
    field = Field(
        PREFIX + row.key,
        row.title,
        _parameters(kind, [str(each) for each in row.options]),
        needs_one=_NEEDS[kind],
        ranges=(("from", "to"),) if kind in (CustomKind.NUMBER, CustomKind.DATE) else (),
        group=_GROUP,
        is_offered=row.archived_at is None,
    )
    key, title = row.key, row.title
    return Criterion(field, lambda c, s: _find(c, key, kind), lambda c, s: words.custom(c, title, str(kind)))


_NEEDS: dict[CustomKind, tuple[str, ...]] = {
    CustomKind.TEXT: ("is", "contains", "blank"),
    CustomKind.NUMBER: ("from", "to", "blank"),
    CustomKind.DATE: ("from", "to", "blank"),
    CustomKind.CHOICE: ("in", "blank"),
    CustomKind.YES_NO: ("is", "blank"),
}


def _parameters(kind: CustomKind, options: list[str]) -> tuple[Parameter, ...]:
    match kind:
        case CustomKind.TEXT:
            asked: tuple[Parameter, ...] = (Parameter("is", Kind.TEXT, _l("is")), Parameter("contains", Kind.TEXT, _l("contains")))
        case CustomKind.NUMBER:
            asked = (
                Parameter("from", Kind.NUMBER, _l("from"), is_whole=False),
                Parameter("to", Kind.NUMBER, _l("to"), is_whole=False),
            )
        case CustomKind.DATE:
            asked = (Parameter("from", Kind.DATE, _l("from the day")), Parameter("to", Kind.DATE, _l("to the day")))
        case CustomKind.CHOICE:
            # The options may change after a rule was saved; what is no longer one is still a value people have.
            asked = (Parameter("in", Kind.CHOICES, _l("one of these"), options=lambda: tuple((each, each) for each in options)),)
        case CustomKind.YES_NO:
            asked = (Parameter("is", Kind.YES_NO, _l("answer")),)
    return (*asked, _BLANK)


def _find(condition: Condition, key: str, kind: CustomKind) -> Found:
    """All that is asked of the field at once; "is blank" with another question finds those who fit either."""
    asked = _asked(condition, key, kind)
    blank = condition.get("blank")
    if blank is None:
        return asked if asked is not None else false()
    # `custom` holds no blanks, so having the key is having a value.
    has = PERSON.custom.has_key(key)
    if asked is None:
        return ~has if blank else has
    return or_(asked, ~has) if blank else and_(asked, has)


def _asked(condition: Condition, key: str, kind: CustomKind) -> Any:
    match kind:
        case CustomKind.TEXT:
            parts = []
            if condition.get("is"):
                parts.append(_holds(key, condition.get("is")))
            if condition.get("contains"):
                needle = persian.normalise(condition.get("contains")).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
                # The same letter in Arabic spelling is the same letter.
                parts.append(func.translate(PERSON.custom[key].astext, "يىك", "ییک").ilike(f"%{needle}%"))
            return and_(*parts) if parts else None
        case CustomKind.NUMBER | CustomKind.DATE:
            return _range(condition, key, kind)
        case CustomKind.CHOICE:
            return or_(*(_holds(key, each) for each in condition.chosen("in"))) if condition.chosen("in") else None
        case CustomKind.YES_NO:
            return None if condition.get("is") is None else _holds(key, condition.get("is"))


def _holds(key: str, value: Any) -> Any:
    # Containment with the index's own condition beside it, or the planner would look at every person.
    return and_(PERSON.custom.contains(literal({key: value}, JSONB)), PERSON.custom != text("'{}'::jsonb"))


def _range(condition: Condition, key: str, kind: CustomKind) -> Any:
    first, last = condition.get("from"), condition.get("to")
    if first is None and last is None:
        return None
    value = PERSON.custom[key]
    if kind is CustomKind.DATE:
        # ISO days sort as text.
        ends = [value.astext >= first] if first else []
        return and_(func.jsonb_typeof(value) == "string", *ends, *([value.astext <= last] if last else []))
    # In a CASE, so that a field of another kind under the same key is never read as a number.
    number = case((func.jsonb_typeof(value) == "number", cast(value.astext, Numeric)))
    ends = [number >= first] if first is not None else []
    return and_(*ends, *([number <= last] if last is not None else []))
