"""The words for this room's codes: problems of cells, fields, bases, states."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from contacts.rules.columns import CUSTOM
from contacts.rules.custom_values import show_value
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
    "cells_missing": _l("fewer cells than the header has columns"),
    "characters_lost": _l("characters that can't be read"),
    "formula_disarmed": _l("formula, kept as text"),
    "language_unknown": _l("unknown language"),
    "tags_many": _l("too many or too long tags"),
    "custom_text_long": _l("text is too long"),
    "custom_number_invalid": _l("isn't a numeric value"),
    "custom_number_digits_lost": _l("digits lost in Excel"),
    "custom_date_invalid": _l("impossible date"),
    "custom_choice_unknown": _l("not among the choices"),
    "custom_yes_no_unknown": _l("neither yes nor no"),
}

# What an office does about it, where the short words above leave that open.
_ADVICE: dict[str, Any] = {
    "blank": _l("No mobile number stands here, so nobody can be texted."),
    "not_a_number": _l("“%(value)s” isn't a phone number. Write the mobile number as 09121234567."),
    "digits_lost": _l("Excel has rounded “%(value)s” and its digits are lost. Take the number from the source again, in a column of text."),
    "landline": _l("“%(value)s” is a landline number. A mobile number is needed."),
    "foreign": _l("“%(value)s” is a number of another country. An Iranian mobile number is needed."),
    "too_short": _l("“%(value)s” has too few digits. A mobile number has 11, such as 09121234567."),
    "too_long": _l("“%(value)s” has too many digits. A mobile number has 11, such as 09121234567."),
    "unassigned_prefix": _l("No operator has numbers that begin like “%(value)s”. Compare it with the source."),
    "not_a_mobile": _l("“%(value)s” isn't a mobile number."),
    "further_number": _l("There are several numbers in “%(value)s”. The first is taken; the others are not texted."),
    "shared_number": _l("The same number stands in row %(value)s with another name. It is texted once, and both names are kept."),
    "gender_unknown": _l("“%(value)s” is neither woman nor man. The field stays blank."),
    "birth_year_invalid": _l("“%(value)s” can't be a birth year. The field stays blank."),
    "birth_year_unlikely": _l("By “%(value)s” this person would be more than 105 years old. Compare it with the source."),
    "consent_date_invalid": _l("There is no day “%(value)s”. The date of consent stays blank."),
    "consent_date_future": _l("“%(value)s” is in the future. The date of consent stays blank."),
    "text_cut": _l("The text was too long; its first 200 characters are kept."),
    "cells_beyond_columns": _l("“%(value)s” stands behind the last column and is not taken. A separator within the text may have moved the cells."),
    "cells_missing": _l("The row has fewer cells than the header has columns. A separator may be missing, or the end of the file."),
    "characters_lost": _l("In “%(value)s” characters can't be read. Compare it with the source."),
    "formula_disarmed": _l("“%(value)s” looks like a formula. It is kept as plain text."),
    "language_unknown": _l("“%(value)s” is no language we know. The field stays blank."),
    "tags_many": _l("“%(value)s” holds too many or too long tags. Some are left out."),
    "custom_text_long": _l("The text is longer than 200 characters. The field stays blank."),
    "custom_number_invalid": _l("“%(value)s” isn't a numeric value. The field stays blank."),
    "custom_number_digits_lost": _l("Excel has rounded “%(value)s” and its digits are lost. The field stays blank."),
    "custom_date_invalid": _l("There is no day “%(value)s”. The field stays blank."),
    "custom_choice_unknown": _l("“%(value)s” is not among the choices of this field. The field stays blank."),
    "custom_yes_no_unknown": _l("“%(value)s” says neither yes nor no. The field stays blank."),
}

FIELDS: dict[str, Any] = {
    "phone": _l("Mobile number"),
    "first_name": _l("First name"),
    "last_name": _l("Family name"),
    "neighbourhood": _l("Neighbourhood"),
    "gender": _l("Gender"),
    "birth_year": _l("Birth year"),
    "consented_on": _l("Date of consent"),
    "language": _l("Language"),
    "tags": _l("Tags"),
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
    "survey": _l("the citizen, answering the question for consent"),
    "sign_up": _l("the citizen, on the sign-up page"),
    "double_opt_in": _l("the citizen, confirming by SMS"),
    "operator": _l("the operator's blocked list"),
    "dispute": _l("objection to the consent"),
    "expiry": _l("the consent's time ran out"),
    "undo": _l("taken back"),
}

FAILURES: dict[str, Any] = {"our_fault": _l("Something went wrong on our side; nothing of the list was saved. Start it again.")}


def problem_words(code: str) -> Any:
    return PROBLEMS.get(code, code)


def problem_sentence(code: str, *, row: int, column: str, value: str = "") -> str:
    """One problem of one cell as a sentence with its row in the file and its column; a phone number in `value` is masked by the caller."""
    advice = _ADVICE.get(code)
    told = str(problem_words(code)) if advice is None else str(advice) % {"value": value}
    return str(_l("Row %(row)s, column “%(column)s”: %(problem)s", row=row, column=column, problem=told))


def custom_words(kind: str, value: Any) -> str:
    """A value of a typed field for the screen."""
    return show_value(kind, value, yes=str(_l("Yes")), no=str(_l("No")))


CUSTOM_KINDS: dict[str, Any] = {
    "text": _l("Text"),
    "number": _l("Number"),
    "date": _l("Date"),
    "choice": _l("Choice"),
    "yes_no": _l("Yes or no"),
}


def field_words(field: str) -> Any:
    return field.removeprefix(CUSTOM) if field.startswith(CUSTOM) else FIELDS.get(field, field)


STATE_WORDS: dict[ImportState, Any] = {
    ImportState.UPLOADED: _l("uploaded"),
    ImportState.CHECKING: _l("being checked"),
    ImportState.MAPPED: _l("waits for your decision about its values"),
    ImportState.MAPPED: _l("values to decide"),
    ImportState.CHECKED: _l("waits for your decision"),
    ImportState.QUARANTINED: _l("waits for an admin"),
    ImportState.QUARANTINED: _l("waits for release"),
    ImportState.QUEUED: _l("queued"),
    ImportState.RUNNING: _l("running"),
    ImportState.FINISHED: _l("finished"),
    ImportState.UNDOING: _l("being taken back"),
    ImportState.UNDONE: _l("was taken back"),
    ImportState.UNDOING: _l("being taken back"),
    ImportState.UNDONE: _l("was taken back"),
    ImportState.FAILED: _l("failed"),
    ImportState.DISCARDED: _l("given up"),
}
