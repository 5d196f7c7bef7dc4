"""Words of public results that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from engage.web.states import StateLook

REFUSALS: dict[str, Any] = {
    "results_no_headline": _l("Public results need a headline."),
    "results_too_long": _l("This text is too long; at most %(most)s characters fit."),
    "results_survey_open": _l("Results are published when the survey is closed: read before, they would change how people answer."),
    "results_sealed": _l("The answers of this survey stay sealed for good, so there is nothing to publish."),
    "results_too_few": _l("Fewer than %(needed)s people answered: published figures could be traced to them."),
    "results_reason_missing": _l("The public is told the reason: write it in a few words (at least %(least)s letters)."),
    "results_changed": _l("A colleague changed these results meanwhile. What you typed is still here: compare, then save again."),
    "results_not_published": _l("These results aren't published."),
}

AUDIT_LABELS: dict[str, Any] = {
    "results_drafted": _l("The words of the public results of “%(title)s” were saved"),
    "results_published": _l("The results of “%(title)s” were published (%(answers)s answers)"),
    "results_withdrawn": _l("The public results of “%(title)s” were withdrawn: %(reason)s"),
}
AUDIT_NAMES: dict[str, Any] = {
    "results_drafted": _l("Drafts of public results"),
    "results_published": _l("Results published"),
    "results_withdrawn": _l("Public results withdrawn"),
}

STATES: dict[str, StateLook] = {
    "draft": StateLook("grey", "pencil", _l("Not published")),
    "published": StateLook("ok", "check", _l("Published")),
    "withdrawn": StateLook("wait", "close", _l("Withdrawn")),
}
