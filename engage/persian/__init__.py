"""Persian text, digits, dates and phone numbers: pure functions that know nothing of the platform."""

from engage.persian.digits import (
    format_number,
    format_percent,
    format_rial,
    format_toman_approx,
    to_latin_digits,
    to_persian_digits,
)
from engage.persian.jalali import (
    MONTHS,
    WEEKDAYS,
    format_jalali,
    format_jalali_datetime,
    format_jalali_short,
    from_jalali,
    parse_date,
    parse_jalali,
    to_jalali,
    weekday_name,
)
from engage.persian.phones import (
    PHONE_PROBLEMS,
    PhoneCell,
    local_form,
    mask_phone,
    parse_phone,
    parse_phones,
)
from engage.persian.speaking import speaking, spoken_language
from engage.persian.text import ZWNJ, is_rejoin_word, is_stop_word, is_yes_word, normalise, search_key, sms_word, sort_key

__all__ = [
    "MONTHS",
    "PHONE_PROBLEMS",
    "WEEKDAYS",
    "ZWNJ",
    "PhoneCell",
    "format_jalali",
    "format_jalali_datetime",
    "format_jalali_short",
    "format_number",
    "format_percent",
    "format_rial",
    "format_toman_approx",
    "from_jalali",
    "is_rejoin_word",
    "is_stop_word",
    "is_yes_word",
    "local_form",
    "mask_phone",
    "normalise",
    "parse_date",
    "parse_jalali",
    "parse_phone",
    "parse_phones",
    "search_key",
    "sms_word",
    "sort_key",
    "speaking",
    "spoken_language",
    "to_jalali",
    "to_latin_digits",
    "to_persian_digits",
    "weekday_name",
]
