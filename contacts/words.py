"""The words for this room's codes: problems of cells, fields, bases, states."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from contacts.rules.columns import CUSTOM
from contacts.rules.states import ImportState

PROBLEMS: dict[str, Any] = {
    "blank": _l("no mobile number"),
    "not_a_number": _l("isn't a number"),
    "digits_lost": _l("digits lost in Excel"),
    "landline": _l("landline number"),
    "foreign": _l("number of another country"),
    "too_short": _l("digits missing"),
    "too_long": _l("too many digits"),
    "unassigned_prefix": _l("unknown prefix"),
    "not_a_mobile": _l("isn't a mobile number"),
    "further_number": _l("second number in the cell"),
    "shared_number": _l("shared number"),
    "gender_unknown": _l("unknown gender"),
    "birth_year_invalid": _l("impossible birth year"),
    "birth_year_unlikely": _l("unlikely birth year"),
    "consent_date_invalid": _l("impossible consent date"),
    "consent_date_future": _l("consent date in the future"),
    "text_cut": _l("long text was cut"),
    "cells_beyond_columns": _l("cells beyond the last column"),
}

FIELDS: dict[str, Any] = {
    "phone": _l("Mobile number"),
    "first_name": _l("First name"),
    "last_name": _l("Family name"),
    "neighbourhood": _l("Neighbourhood"),
    "gender": _l("Gender"),
    "birth_year": _l("Birth year"),
    "consented_on": _l("Date of consent"),
}

GENDERS: dict[str, Any] = {"female": _l("woman"), "male": _l("man")}

BASES: dict[str, Any] = {
    "consent": _l("Documented consent"),
    "prior_relation": _l("Prior relation, undocumented"),
    "legal_duty": _l("Legal duty"),
    "contract": _l("Contract or request"),
}

CHANNELS: dict[str, Any] = {
    "import": _l("imported list"),
    "officer": _l("entered by the office"),
    "page": _l("the citizen, on the page"),
    "sms": _l("the citizen, by SMS"),
}

FAILURES: dict[str, Any] = {"our_fault": _l("Something went wrong on our side; nothing of the list was saved. Start it again.")}


def problem_words(code: str) -> Any:
    return PROBLEMS.get(code, code)


def field_words(field: str) -> Any:
    return field.removeprefix(CUSTOM) if field.startswith(CUSTOM) else FIELDS.get(field, field)


STATE_WORDS: dict[ImportState, Any] = {
    ImportState.UPLOADED: _l("uploaded"),
    ImportState.CHECKING: _l("being checked"),
    ImportState.CHECKED: _l("waits for your decision"),
    ImportState.QUEUED: _l("queued"),
    ImportState.RUNNING: _l("running"),
    ImportState.FINISHED: _l("finished"),
    ImportState.FAILED: _l("failed"),
    ImportState.DISCARDED: _l("given up"),
}
