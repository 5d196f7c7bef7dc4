"""Words of comparisons that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

AUDIT_LABELS: dict[str, Any] = {"units_exported": _l("The figures of units were taken as a table (%(period)s)")}
AUDIT_NAMES: dict[str, Any] = {"units_exported": _l("Exports of units' figures")}
