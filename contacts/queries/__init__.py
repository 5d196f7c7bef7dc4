"""Reads of the contact base. What other rooms may use is named here."""

from contacts.queries.audience import AudienceCount, AudienceFilter, Recipient, audience_chunk, count_audience
from contacts.queries.identities import find_identity, is_suppressed, open_phone, open_phones, phone_of, phones_of
from contacts.queries.imports import ImportRecord, get_import, list_imports, waiting_imports
from contacts.queries.names import ContactName, contact_names
from contacts.queries.people import (
    ConsentStanding,
    ContactPage,
    ContactRecord,
    ContactSummary,
    LedgerLine,
    Neighbourhood,
    contact_unit,
    contacts_of_identity,
    count_contacts,
    full_name,
    get_contact,
    list_purposes,
    neighbourhoods_of,
    search_contacts,
)
from contacts.queries.sendable import NOT_SENDABLE, PHONE_COLUMNS, SENDABLE_JOIN
from contacts.queries.timeline import TimelineItem, register_timeline_source, timeline_of
from contacts.queries.verifying import LedgerProof, verify_ledger

__all__ = [
    "NOT_SENDABLE",
    "PHONE_COLUMNS",
    "SENDABLE_JOIN",
    "AudienceCount",
    "AudienceFilter",
    "ConsentStanding",
    "ContactName",
    "ContactPage",
    "ContactRecord",
    "ContactSummary",
    "ImportRecord",
    "LedgerLine",
    "LedgerProof",
    "Neighbourhood",
    "Recipient",
    "TimelineItem",
    "audience_chunk",
    "contact_names",
    "contact_unit",
    "contacts_of_identity",
    "count_audience",
    "count_contacts",
    "find_identity",
    "full_name",
    "get_contact",
    "get_import",
    "is_suppressed",
    "list_imports",
    "list_purposes",
    "neighbourhoods_of",
    "open_phone",
    "open_phones",
    "phone_of",
    "phones_of",
    "register_timeline_source",
    "search_contacts",
    "timeline_of",
    "verify_ledger",
    "waiting_imports",
]
