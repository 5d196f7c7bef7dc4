"""Words of the filters that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

AUDIT_LABELS: dict[str, Any] = {"report_filtered": _l("The report of “%(title)s” was looked at by a filter: %(filter)s")}
AUDIT_NAMES: dict[str, Any] = {"report_filtered": _l("Reports looked at by a filter")}
