"""A rule as one SQL condition over `PERSON`: nothing is read before the statement that uses it runs."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, true

from contacts.rules.segments import Condition, Field, Group, Mode, check_rule, from_json
from contacts.segments.criteria import PERSON, Criterion, Scope, Without, registered_criteria
from contacts.segments.custom import custom_criteria
from contacts.segments.standard import standard_criteria
from engage.refusal import Refused


def criteria_of(scope: Scope) -> dict[str, Criterion]:
    """Everything a condition can be about for these people: the base's own fields, the unit's, and what other rooms registered."""
    return standard_criteria(scope) | custom_criteria(scope) | registered_criteria(scope)


def fields_of(criteria: Mapping[str, Criterion]) -> dict[str, Field]:
    return {key: each.field for key, each in criteria.items()}


def read_rule(stored: object, scope: Scope) -> Group:
    """The rule in `stored`, fit for this scope; Refused names the place that isn't (codes of `from_json` and `check_rule`)."""
    rule = from_json(stored)
    check_rule(rule, fields_of(criteria_of(scope)))
    return rule


def rule_condition(rule: Group, scope: Scope, criteria: Mapping[str, Criterion] | None = None) -> ColumnElement[bool]:
    """True for the people of the scope whom the rule finds. Refused as `read_rule`."""
    known = criteria_of(scope) if criteria is None else criteria
    check_rule(rule, fields_of(known))
    # Whoever's number has changed hands is nobody's any more.
    living = (PERSON.unit_id.in_(scope.unit_ids or [0]), PERSON.identity_id.is_not(None))
    return and_(*living, _group(rule, scope, known, negated=False))


def _group(group: Group, scope: Scope, criteria: Mapping[str, Criterion], *, negated: bool) -> ColumnElement[bool]:
    """The group, or its opposite. A negation is carried down to the conditions (De Morgan), where the planner can make joins of it."""
    parts = [each for each in group.parts if not isinstance(each, Group) or _says_something(each)]
    if not parts:
        return true()
    inner = negated != (group.mode is Mode.NONE)
    made = [
        _group(each, scope, criteria, negated=inner) if isinstance(each, Group) else _condition(each, scope, criteria, negated=inner)
        for each in parts
    ]
    # Not (a or b) is not a and not b; not (a and b) is not a or not b.
    together = group.mode is Mode.ALL if not negated else group.mode is Mode.ANY
    if group.mode is Mode.NONE:
        together = not negated
    return and_(*made) if together else or_(*made)


def _says_something(group: Group) -> bool:
    return any(_says_something(each) if isinstance(each, Group) else True for each in group.parts)


def _condition(condition: Condition, scope: Scope, criteria: Mapping[str, Criterion], *, negated: bool) -> ColumnElement[bool]:
    criterion = criteria.get(condition.field)
    if criterion is None:
        raise Refused("segment_field_unknown", place="")
    found = criterion.find(condition, scope)
    if isinstance(found, Without):
        found, negated = found.found, not negated
    if not isinstance(found, Select):
        # An unknown value is never what a condition asks for, so it is among the others.
        return found.is_not(True) if negated else found
    ids = found.subquery()
    column = ids.columns[0]
    person = PERSON.identity_id if column.name == "identity_id" else PERSON.id
    if negated:
        return ~exists(select(1).select_from(ids).where(column == person))
    return person.in_(select(column))
