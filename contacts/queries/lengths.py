"""How long the names and neighbourhoods of an audience are: what a text with placeholders can become."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from contacts.queries.audience import AudienceFilter, prepare_for_large_reads
from contacts.segments.compile import rule_condition
from contacts.segments.criteria import PERSON, scope_of
from engage.db import db

_ASTRAL = "[\U00010000-\U0010ffff]"
"""What takes two UTF-16 units"""


@dataclass(frozen=True)
class LengthGroup:
    """People whose values take so many UTF-16 units; 0 where there is none. One of them stands for all, without their last name."""

    first_name_units: int
    neighbourhood_units: int
    count: int
    first_name: str
    neighbourhood: str


def name_lengths(audience: AudienceFilter, *, longest_name: int) -> list[LengthGroup]:
    """Everybody the audience's rule finds, by the lengths of their first name (of more than `longest_name` characters: none) and of their
    neighbourhood. Exclusions and the sample are not looked at: whoever sees the rule's people may see this.

    Equal values are counted before anything is measured, so a million people cost one pass.
    """
    prepare_for_large_reads()
    scope = scope_of(audience.unit_id)
    first = case((func.char_length(PERSON.first_name) <= longest_name, PERSON.first_name), else_="").label("first")
    same = (
        select(first, PERSON.neighbourhood.label("place"), func.count().label("count"))
        .where(rule_condition(audience.rule, scope))
        .group_by(first, PERSON.neighbourhood)
        .subquery()
    )
    units = [
        case(
            (each.regexp_match(_ASTRAL), 2 * func.char_length(each) - func.char_length(func.regexp_replace(each, _ASTRAL, "", "g"))),
            else_=func.char_length(each),
        )
        for each in (same.c.first, same.c.place)
    ]
    # The most frequent spelling stands for its group.
    ranked = select(
        units[0].label("first_units"),
        units[1].label("place_units"),
        same.c.count,
        same.c.first,
        same.c.place,
        func.row_number().over(partition_by=units, order_by=(same.c.count.desc(), same.c.first, same.c.place)).label("rank"),
        func.sum(same.c.count).over(partition_by=units).label("together"),
    ).subquery()
    rows = db.session.execute(
        select(ranked.c.first_units, ranked.c.place_units, ranked.c.together, ranked.c.first, ranked.c.place).where(ranked.c.rank == 1)
    )
    return [LengthGroup(int(row[0]), int(row[1]), int(row[2]), row[3], row[4]) for row in rows]
