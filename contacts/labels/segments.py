"""Sentences of refusals and audit entries about segments."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "segment_missing": _l("There is no such segment."),
    "segment_title_missing": _l("Give the segment a title."),
    "segment_rule_broken": _l("The rule can't be read at place %(place)s."),
    "segment_too_deep": _l("Groups may lie in one another %(limit)s deep at most."),
    "segment_too_large": _l("A segment has %(limit)s conditions at most."),
    "segment_field_unknown": _l("Condition %(place)s is about something that no longer exists. Choose another field or remove it."),
    "segment_value_missing": _l("Condition %(place)s (%(field)s) isn't complete yet."),
    "segment_value_invalid": _l("Condition %(place)s (%(field)s) has a value that doesn't fit."),
    "segment_range_reversed": _l("In condition %(place)s (%(field)s) the end lies before the beginning."),
    "sample_invalid": _l("There can't be such a sample."),
}

AUDIT_LABELS: dict[str, Any] = {
    "segment_created": _l("A segment was made"),
    "segment_changed": _l("A segment was changed"),
    "segment_archived": _l("A segment was archived"),
    "segment_restored": _l("A segment was brought back"),
}
