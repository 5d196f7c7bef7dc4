"""Sentences of refusals and audit entries about consent."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "evidence_missing": _l("State what proves the basis."),
    "purpose_unknown": _l("There is no purpose “%(purpose)s”."),
    "number_suppressed": _l("The holder of this number asked for no more texts. Only they can renew that."),
}

AUDIT_LABELS: dict[str, Any] = {
    "consent_given": _l("A consent was entered"),
    "consent_withdrawn": _l("A consent was withdrawn"),
    "number_suppressed": _l("A number was stopped for all texts"),
}
