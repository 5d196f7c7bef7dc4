"""Sentences of refusals and audit entries about people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "contact_missing": _l("There is no such contact."),
    "contact_exists": _l("This number is already a contact of the unit."),
    "number_reassigned": _l("This number has changed hands; what was known of its former holder is closed."),
}

AUDIT_LABELS: dict[str, Any] = {
    "contact_added": _l("A contact was added"),
    "contact_changed": _l("A contact was changed"),
}
