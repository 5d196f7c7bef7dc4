"""Moving contacts to another unit: numbers, names, fields, notes and consents go with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from contacts.queries.fields import units_above
from engage.clock import now

# Ids in order, so that two moves at once never wait for each other in a circle. Tags that don't hold in the target stay behind.
_MOVE = """
    WITH chosen AS (
        SELECT person.id, person.unit_id, person.tag_ids FROM contact person
        WHERE person.id = ANY(:ids) AND person.unit_id <> :target AND person.identity_id IS NOT NULL
        ORDER BY person.id FOR UPDATE
    ), free AS (
        SELECT DISTINCT ON (person.identity_id) chosen.* FROM chosen JOIN contact person ON person.id = chosen.id
        WHERE NOT EXISTS (SELECT 1 FROM contact there WHERE there.unit_id = :target AND there.identity_id = person.identity_id)
        ORDER BY person.identity_id, chosen.id
    ), moved AS (
        UPDATE contact SET unit_id = :target, updated_at = :at,
               tag_ids = ARRAY(SELECT tag.id FROM contact_tag tag
                               WHERE tag.id = ANY(contact.tag_ids) AND tag.unit_id = ANY(:above) ORDER BY tag.id)
        FROM free WHERE contact.id = free.id RETURNING contact.id
    )
    SELECT chosen.id, chosen.unit_id, chosen.tag_ids, moved.id IS NOT NULL AS is_moved
    FROM chosen LEFT JOIN moved ON moved.id = chosen.id ORDER BY chosen.id
"""


class Moved(NamedTuple):
    """`before` is (contact, unit before, tags before) of each who moved; `refused` those whose number is a contact there already."""

    before: list[tuple[int, int, list[int]]]
    refused: int

    @property
    def by_unit(self) -> Counter[int]:
        return Counter(unit_id for _contact, unit_id, _tags in self.before)


def move_into(session: Session, contact_ids: Sequence[int], target_id: int) -> Moved:
    """Contacts belong to the target unit from now on, in the caller's transaction. Who is there already is passed over; where the target
    has another contact with the same number, nothing is moved or merged: two people's records never flow together unseen."""
    values: dict[str, Any] = {"ids": list(contact_ids), "target": target_id, "above": list(units_above(target_id)), "at": now()}
    rows = session.execute(text(_MOVE), values).all()
    return Moved([(row.id, row.unit_id, list(row.tag_ids)) for row in rows if row.is_moved], sum(not row.is_moved for row in rows))
