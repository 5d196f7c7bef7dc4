"""Citizens at a sign-up page, and what the contact base knows of them afterwards."""

from __future__ import annotations

from contacts import queries
from contacts.queries import find_identity

TOPICS = ["survey_invitation", "neighbourhood_news"]


def contact_of(number: str) -> queries.ContactRecord:
    identity_id = find_identity(number)
    assert identity_id is not None
    (contact_id,) = queries.contacts_of_identity(identity_id)
    record = queries.get_contact(contact_id)
    assert record is not None
    return record


def standing(record: queries.ContactRecord) -> set[str]:
    return {each.purpose for each in record.consents if each.given}
