"""Whom a survey's link was sent to: the contact base asks when somebody sets what they receive."""

from __future__ import annotations

from contacts.queries.link_holders import LinkHolder
from engage.clock import now
from surveys.queries import find_link


def holder_of_survey_link(token: str) -> LinkHolder | None:
    """The holder of a link that still speaks for somebody: not disowned, and not past its time."""
    link = find_link(token)
    if link is None or link.is_revoked or link.expires_at <= now():
        return None
    return LinkHolder(link.identity_id, link.unit_id, link.office_name)
