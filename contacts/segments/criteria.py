"""The registry `segment_criteria`: what a condition can be about, how it finds people, and how it is said.

A room above the contact base registers at install what only it knows (who was invited, who was texted). Its function returns a
selectable of ids, which becomes a part of the one statement that counts or freezes: it runs in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import aliased

from contacts.models import Contact
from contacts.rules.segments import Condition, Field
from engage.clock import today_in_tehran
from engage.identity.queries import subtree_unit_ids

PERSON = aliased(Contact, name="person")
"""The contact a rule is asked about, in every statement made from a rule."""


@dataclass(frozen=True)
class Scope:
    """Whose people are looked for: those of a unit's subtree. A criterion must not look at what belongs to other units."""

    unit_id: int
    unit_ids: frozenset[int]
    today: date


@dataclass(frozen=True)
class Without:
    """Everybody of the scope but those whom this selectable finds."""

    found: Select[Any]


Found: TypeAlias = "ColumnElement[bool] | Select[Any] | Without"


@dataclass(frozen=True)
class Criterion:
    """One field of the builder.

    `find(condition, scope)` returns a selectable with the one column `contact_id` or `identity_id`, or `Without` one, or (the contact
    base's own alone) an expression over `PERSON`. `say(condition, scope)` is a clause about several people: "have answered “X”".
    """

    field: Field
    find: Callable[[Condition, Scope], Found]
    say: Callable[[Condition, Scope], str]


CriterionFactory: TypeAlias = Callable[[Scope], Criterion]
"""Made for a scope, so that its options can be those of the scope's units."""


def install(app: Flask) -> None:
    app.extensions["segment_criteria"] = {}


def register_segment_criterion(app: Flask, key: str, factory: CriterionFactory) -> None:
    """Offer a criterion under `key` ("surveys.answered"), which its field bears, too. ValueError when it is taken."""
    known: dict[str, CriterionFactory] = app.extensions["segment_criteria"]
    if key in known:
        raise ValueError(f"segment criterion {key!r} is registered twice")
    known[key] = factory


def scope_of(unit_id: int) -> Scope:
    """The people of this unit's subtree, as of today."""
    return Scope(unit_id, subtree_unit_ids(unit_id), today_in_tehran().date())


def registered_criteria(scope: Scope) -> dict[str, Criterion]:
    known: Mapping[str, CriterionFactory] = current_app.extensions["segment_criteria"]
    return {key: factory(scope) for key, factory in known.items()}
