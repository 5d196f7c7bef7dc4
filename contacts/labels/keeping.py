"""Sentences of refusals and audit entries about keeping, erasing and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from contacts.words import FIELDS

REFUSALS: dict[str, Any] = {
    "person_busy": _l("An import is writing this person's data right now. Please try again in a few minutes; nothing was erased."),
    "retention_subject_unknown": _l("There is no field or purpose of this name to set a time for."),
    "retention_months_invalid": _l("Give a whole number of months from 1 to %(most)s."),
    "decided_unwritable": _l("The file %(path)s can't be written (%(detail)s). Without it an erasure would not survive a restored backup, so it was not done."),
    "decided_unreadable": _l("Line %(line)s of %(path)s can't be read. Put back the copy you keep in a safe place, then restore again."),
}

AUDIT_LABELS: dict[str, Any] = {
    "contact_erased": _l("A contact was erased with everything held about them"),
    "retention_set": _l("“%(rule)s” is kept %(months)s months from now on"),
    "retention_removed": _l("The time limit for “%(rule)s” was removed"),
    "retention_applied": _l("By the time limits %(fields)s values were cleared, %(consents)s consents ended and %(people)s people erased"),
}


def limit_words(subject: str, key: str, purposes: Mapping[str, str], customs: Mapping[str, str]) -> str:
    """What a time limit is about, in words; `purposes` and `customs` give titles by key."""
    if subject == "person":
        return str(_("People without any consent"))
    if subject == "purpose":
        return str(_("Consent to “%(purpose)s”", purpose=purposes.get(key, key)))
    if key == "notes":
        return str(_("Notes"))
    if key.startswith("custom:"):
        return str(_("Field “%(field)s”", field=customs.get(key.removeprefix("custom:"), key.removeprefix("custom:"))))
    return str(FIELDS[key])
