"""A citizen says that the office has them in the wrong neighbourhood."""

from __future__ import annotations

from sqlalchemy import select

from contacts.commands.tags import make_tag, tag_contact
from contacts.models import Contact
from engage.db import transaction
from engage.identity.queries import subtree_unit_ids

DOUBTED = "محلهٔ نادرست"
"""The tag officers find them by. It is data, not interface: they may rename it, merge it, or take it off when the place is mended."""


def doubt_neighbourhood(identity_id: int, unit_id: int) -> int:
    """Every contact of this number in the unit and below it that has a neighbourhood carries the tag `DOUBTED`; returns how many are new.

    The neighbourhood itself stays: where the citizen does live wasn't asked. A second time changes nothing.
    """
    with transaction() as session:
        found = session.scalars(
            select(Contact.id)
            .where(Contact.identity_id == identity_id, Contact.unit_id.in_(subtree_unit_ids(unit_id)), Contact.neighbourhood != "")
            .order_by(Contact.id)
        ).all()
        if not found:
            return 0
        tag_id = make_tag(unit_id, DOUBTED, actor_id=None)
        return sum(tag_contact(contact_id, tag_id, actor_id=None) for contact_id in found)
