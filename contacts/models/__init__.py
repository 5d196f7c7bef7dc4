"""Tables of the contact base, one file per subject."""

from contacts.models.citizens import PendingConsent, PendingCount, PhoneCode, SignUpPage, SingleText
from contacts.models.consent import (
    ConsentDispute,
    ConsentEntry,
    ConsentEvidence,
    ConsentText,
    ContactConsent,
    ContactPolicy,
    LedgerCheckpoint,
    Purpose,
)
from contacts.models.fields import BulkAction, BulkChange, ContactNote, ContactTag, CustomField
from contacts.models.imports import ContactImport, ImportChange, RememberedMapping, RememberedValue
from contacts.models.keeping import Erasure, KeyRotation, RetentionRule
from contacts.models.people import Contact, ContactAlias, PhoneIdentity, Suppression
from contacts.models.segments import AudienceMember, AudienceSnapshot, Segment

__all__ = [
    "AudienceMember",
    "AudienceSnapshot",
    "BulkAction",
    "BulkChange",
    "ConsentDispute",
    "ConsentEntry",
    "ConsentEvidence",
    "ConsentText",
    "Contact",
    "ContactAlias",
    "ContactConsent",
    "ContactImport",
    "ContactNote",
    "ContactPolicy",
    "ContactTag",
    "CustomField",
    "Erasure",
    "ImportChange",
    "KeyRotation",
    "LedgerCheckpoint",
    "PendingConsent",
    "PendingCount",
    "PhoneCode",
    "PhoneIdentity",
    "Purpose",
    "RememberedMapping",
    "RememberedValue",
    "RetentionRule",
    "Segment",
    "SignUpPage",
    "SingleText",
    "Suppression",
]
