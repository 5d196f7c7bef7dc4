"""Words of the one page that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "onepage_no_headline": _l("The page needs a headline."),
    "onepage_too_long": _l("This text has %(given)s characters; at most %(most)s fit on the page. Please shorten it by %(over)s."),
    "onepage_overfull": _l("With these texts the page becomes two. Please shorten the longest of them, or choose another chart."),
    "onepage_chart_unknown": _l("This chart can't be drawn from the report as it is now. Please choose another one."),
    "onepage_changed": _l("A colleague saved this page meanwhile. What you typed is still here: compare, then save again."),
}

AUDIT_LABELS: dict[str, Any] = {"report_onepage_saved": _l("The one page about “%(title)s” was saved")}
AUDIT_NAMES: dict[str, Any] = {"report_onepage_saved": _l("One pages for the mayor")}
