"""Reads of the contact base. What other rooms may use is named here."""

from contacts.queries.audience import AudienceCount, AudienceFilter, FrozenChunk, Recipient, audience_chunk, count_audience, frozen_chunk
from contacts.queries.fields import FieldRecord, fields_of, find_field
from contacts.queries.finding import ContactPage, ContactSummary, SearchFilter, count_contacts, search_contacts
from contacts.queries.identities import find_identity, is_suppressed, open_phone, open_phones, phone_of, phones_of
from contacts.queries.import_users import IMPORT_PEOPLE, register_import_user, undo_refusal
from contacts.queries.imports import AskedValues, ImportRecord, get_import, imports_in, list_imports, waiting_imports
from contacts.queries.names import ContactName, contact_names
from contacts.queries.people import (
    ConsentStanding,
    ContactRecord,
    LedgerLine,
    Neighbourhood,
    contact_unit,
    contacts_of_identity,
    full_name,
    get_contact,
    list_purposes,
    neighbourhood_names,
    neighbourhoods_of,
)
from contacts.queries.segments import (
    PreviewPerson,
    SegmentRecord,
    count_people,
    get_segment,
    list_segments,
    preview_people,
    say_rule,
    segment_unit,
    with_current_rule,
)
from contacts.queries.sendable import NOT_SENDABLE, PHONE_COLUMNS, SENDABLE_JOIN
from contacts.queries.tags import TagRecord, tags_of
from contacts.queries.timeline import TimelineItem, register_timeline_source, timeline_of
from contacts.queries.verifying import Finding, LedgerProof, verify_ledger
from contacts.segments.criteria import Criterion, Scope, Without, register_segment_criterion, scope_of
from contacts.segments.exclusions import register_audience_exclusion, register_recent_answerers

__all__ = [
    "AskedValues",
    "IMPORT_PEOPLE",
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
    "Criterion",
    "FieldRecord",
    "ImportRecord",
    "LedgerLine",
    "LedgerProof",
    "Finding",
    "FrozenChunk",
    "Neighbourhood",
    "PreviewPerson",
    "Recipient",
    "Scope",
    "SegmentRecord",
    "SearchFilter",
    "TagRecord",
    "TimelineItem",
    "Without",
    "audience_chunk",
    "contact_names",
    "contact_unit",
    "contacts_of_identity",
    "count_audience",
    "count_contacts",
    "count_people",
    "fields_of",
    "find_field",
    "find_identity",
    "frozen_chunk",
    "full_name",
    "get_contact",
    "get_import",
    "get_segment",
    "imports_in",
    "is_suppressed",
    "list_imports",
    "list_purposes",
    "list_segments",
    "neighbourhood_names",
    "neighbourhoods_of",
    "open_phone",
    "open_phones",
    "phone_of",
    "phones_of",
    "preview_people",
    "register_audience_exclusion",
    "register_recent_answerers",
    "register_segment_criterion",
    "register_import_user",
    "register_timeline_source",
    "say_rule",
    "scope_of",
    "search_contacts",
    "segment_unit",
    "tags_of",
    "timeline_of",
    "undo_refusal",
    "verify_ledger",
    "waiting_imports",
    "with_current_rule",
]
