"""Words of the census figures that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "census_empty": _l("There are no figures here. Three columns are needed: dimension, group, people."),
    "census_too_large": _l("This is more than a list of groups; at most %(rows)s rows are read."),
    "census_columns": _l("Row %(row)s doesn't have three columns: dimension, group, people."),
    "census_dimension": _l("Row %(row)s: “%(value)s” is no dimension. Write age, gender or neighbourhood."),
    "census_group": _l(
        "Row %(row)s: the group “%(value)s” isn't known. Ages are 0-17, 18-29, 30-44, 45-59, 60+; neighbourhoods as in the contact base."
    ),
    "census_count": _l("Row %(row)s: “%(value)s” is no number of people."),
    "census_repeated": _l("Row %(row)s: the group “%(value)s” stands here twice."),
    "census_one_group": _l("One dimension has only a single group with people; at least two are needed."),
    "census_disagree": _l(
        "The dimensions don't add up to the same total: %(first_total)s and %(second_total)s people. Please check the figures."
    ),
    "census_source_missing": _l("Say whose figures these are, for example the census of a year."),
    "census_source_long": _l("The source is too long; at most %(most)s characters fit."),
    "census_day_ahead": _l("The day of the figures can't lie in the future."),
    "census_version_unknown": _l("These figures were removed already."),
}

AUDIT_LABELS: dict[str, Any] = {
    "census_imported": _l("Census figures of %(unit)s were imported (%(source)s, %(groups)s groups)"),
    "census_removed": _l("Census figures of %(unit)s were removed (%(source)s)"),
}
AUDIT_NAMES: dict[str, Any] = {"census_imported": _l("Census figures imported"), "census_removed": _l("Census figures removed")}
