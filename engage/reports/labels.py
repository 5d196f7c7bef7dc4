"""Words of this room that other rooms show: refusals, audit sentences, states."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from engage.web.states import StateLook

REFUSALS: dict[str, Any] = {
    "report_suffix_unknown": _l("A report can be written as %(known)s; “%(suffix)s” is none of them."),
    "report_file_unwritable": _l("The report file can't be written: %(detail)s"),
    "report_question_unknown": _l("There is no such question in this report."),
}

AUDIT_LABELS: dict[str, Any] = {"report_exported": _l("The report of “%(title)s” was taken as %(kind)s (%(answers)s answers)")}
AUDIT_NAMES: dict[str, Any] = {"report_exported": _l("Report exports")}

SURVEY_STATES: dict[str, StateLook] = {
    "open": StateLook("run", "message", _l("Collecting answers")),
    "closed": StateLook("grey", "check", _l("Closed")),
}
