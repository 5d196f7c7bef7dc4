"""Words of comparisons that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "priorities_question_unknown": _l("The report doesn't have these questions any more. Load the page again."),
    "priorities_too_few": _l("At least %(needed)s things are needed to be set beside each other."),
    "priorities_changed": _l("A colleague chose other questions meanwhile. Load the page again."),
}

AUDIT_LABELS: dict[str, Any] = {
    "units_exported": _l("The figures of units were taken as a table (%(period)s)"),
    "priorities_chosen": _l("Priorities and satisfaction of “%(title)s” were set beside each other (%(topics)s things)"),
}
AUDIT_NAMES: dict[str, Any] = {"units_exported": _l("Exports of units' figures"), "priorities_chosen": _l("Priorities chosen")}
