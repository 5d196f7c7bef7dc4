"""Sentences of refusals and audit entries to citizens at the door."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "sign_up_page_missing": _l("There is no such sign-up page."),
    "sign_up_page_closed": _l("Nobody can join on this page any more."),
    "title_missing": _l("Give the page a title."),
    "purposes_missing": _l("Choose at least one topic."),
    "confirmation_waiting": _l("This number was asked by text before and hasn't answered yet."),
}

AUDIT_LABELS: dict[str, Any] = {
    "sign_up_page_made": _l("The sign-up page “%(title)s” was made"),
    "sign_up_page_changed": _l("The sign-up page “%(title)s” was changed"),
    "sign_up_page_opened": _l("The sign-up page “%(title)s” was opened"),
    "sign_up_page_closed": _l("The sign-up page “%(title)s” was closed"),
    "confirmation_asked": _l("A person was asked by text to confirm"),
    "citizen_joined": _l("A citizen joined and confirmed the number"),
    "citizen_chose": _l("A citizen changed what they receive"),
    "citizen_corrected": _l("A citizen corrected their own data"),
}
