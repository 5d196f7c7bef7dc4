"""Words of the top-up sample that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "topup_nothing_chosen": _l("Choose at least one group of whom more people shall be asked."),
    "topup_group_unknown": _l("The report doesn't show this group any more. Load the page again."),
    "topup_nobody": _l("Nobody of these groups is left who wasn't invited yet. Choose more groups, or import more people."),
}
AUDIT_LABELS: dict[str, Any] = {"topup_saved": _l("A top-up sample for “%(title)s” was saved as “%(segment)s”")}
AUDIT_NAMES: dict[str, Any] = {"topup_saved": _l("Top-up samples")}
