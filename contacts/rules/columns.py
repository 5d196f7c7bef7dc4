"""Which column holds what: guessed from Persian and English headers, and from the cells where the header says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engage import persian
from engage.refusal import Refused
from engage.tables import Cell as Cell


class Field(StrEnum):
    PHONE = "phone"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NEIGHBOURHOOD = "neighbourhood"
    GENDER = "gender"
    BIRTH_YEAR = "birth_year"
    CONSENTED_ON = "consented_on"
    LANGUAGE = "language"
    TAGS = "tags"


CUSTOM = "custom:"
_CUSTOM_KEY = re.compile(r"custom:[^\W\d_][\w ‌-]{0,39}")

# Stronger words first: «تلفن همراه» is the mobile although «تلفن» alone may be a landline.
_WORDS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    (Field.PHONE, 3, (
        "تلفن همراه", "شماره همراه", "شماره تلفن همراه", "همراه", "موبایل", "شماره موبایل", "تلفن موبایل", "گوشی",
        "شماره گوشی", "mobile", "mobile number", "mobile phone", "cell", "cellphone", "cell phone", "cell number", "msisdn", "mob",
    )),
    (Field.PHONE, 2, ("شماره تماس", "تماس", "phone", "phone number", "telephone", "tel", "شماره تلفن", "تلفن تماس", "contact number")),
    (Field.PHONE, 1, ("تلفن", "شماره", "number", "contact")),
    (Field.FIRST_NAME, 3, ("نام", "نام کوچک", "اسم", "اسم کوچک", "first name", "firstname", "given name", "name", "forename")),
    (Field.LAST_NAME, 3, (
        "نام خانوادگی", "نام فامیل", "فامیل", "فامیلی", "شهرت", "last name", "lastname", "surname", "family", "family name",
    )),
    # The whole name in one column is kept whole: taking it apart would be a guess about a person.
    (Field.LAST_NAME, 2, (
        "نام و نام خانوادگی", "نام و فامیل", "نام و شهرت", "نام کامل", "نام شهروند", "مشخصات", "full name", "fullname",
    )),
    (Field.NEIGHBOURHOOD, 3, ("محله", "نام محله", "محله سکونت", "محل سکونت", "neighbourhood", "neighborhood", "quarter", "mahalle")),
    (Field.GENDER, 3, ("جنسیت", "جنس", "gender", "sex")),
    (Field.BIRTH_YEAR, 3, (
        "سال تولد", "تولد", "سال تولد شمسی", "متولد", "birth year", "year of birth", "birthyear", "born", "yob",
    )),
    (Field.BIRTH_YEAR, 2, ("تاریخ تولد", "birth date", "birthdate", "date of birth", "dob", "birthday")),
    (Field.CONSENTED_ON, 3, (
        "تاریخ رضایت", "رضایت", "تاریخ رضایت نامه", "تاریخ عضویت", "consent date", "consented on", "consent", "date of consent", "opt in date",
        "subscribed on",
    )),
    (Field.LANGUAGE, 3, ("زبان", "زبان پیامک", "زبان ترجیحی", "language", "lang", "locale", "preferred language")),
    (Field.TAGS, 3, ("برچسب", "برچسب ها", "گروه", "گروه ها", "دسته", "دسته بندی", "tag", "tags", "label", "labels", "group", "groups")),
)  # fmt: skip
_BLANK = re.compile(r"[\W_]+")


def header_key(header: object) -> str:
    """Equal for headers that read the same: letters and digits only, one spelling."""
    return " ".join(_BLANK.sub(" ", persian.search_key(str(header or ""))).split())


_BY_KEY: dict[str, tuple[str, int]] = {}
for _field, _strength, _headers in _WORDS:
    for _header in _headers:
        _BY_KEY.setdefault(header_key(_header), (_field, _strength))
for _own in Field:
    _BY_KEY[header_key(_own)] = (_own, 4)


def score_header(header: object) -> tuple[str, int] | None:
    """(field, strength) that a header's words speak for, or None."""
    return _BY_KEY.get(header_key(header))


@dataclass(frozen=True)
class ColumnMapping:
    """Position of a column (from 0) → field; `phone` is always among them."""

    fields: Mapping[int, str]

    @property
    def phone(self) -> int:
        return next(column for column, field in self.fields.items() if field == Field.PHONE)


def guess_fields(headers: Sequence[object], samples: Sequence[Sequence[Cell]]) -> dict[int, str]:
    """Position → field for the columns that can be told; each field at most once.

    Headers decide by the strength of their words, among equals the column with more readable mobiles, then the first one.
    A list whose headers name no phone gets the column in which most cells are mobiles.
    """
    shares = [_mobile_share(position, samples) for position in range(len(headers))]
    claims: list[tuple[int, float, int, str]] = []
    for position, header in enumerate(headers):
        found = score_header(header)
        if found:
            field, strength = found
            claims.append((strength, shares[position] if field == Field.PHONE else 0.0, -position, field))
    guessed: dict[int, str] = {}
    for _strength, _share, position, field in sorted(claims, reverse=True):
        if field not in guessed.values():
            guessed[-position] = field
    phone = next((position for position, field in guessed.items() if field == Field.PHONE), None)
    best = max(range(len(headers)), key=lambda position: (shares[position], -position), default=None)
    if best is not None and shares[best] > 0.5 and (phone is None or shares[phone] == 0):
        if phone is not None:
            del guessed[phone]
        guessed[best] = Field.PHONE
    return dict(sorted(guessed.items()))


def _mobile_share(position: int, samples: Sequence[Sequence[Cell]]) -> float:
    cells = [row[position] for row in samples if position < len(row) and row[position] not in (None, "")]
    if not cells:
        return 0.0
    return sum(persian.parse_phones(cell).first is not None for cell in cells) / len(cells)


def find_header(rows: Sequence[Sequence[Cell]]) -> int | None:
    """Position among the first rows of the one that names the columns, or None when the list starts with people.

    A title or an empty line may stand above it. A row that holds a mobile is a person, never a header.
    """
    for position, row in enumerate(rows[:15]):
        if any(persian.parse_phones(cell).first for cell in row if cell not in (None, "")):
            return None
        scores = [score_header(cell) for cell in row]
        if any(score and score[0] == Field.PHONE for score in scores) and sum(1 for cell in row if cell not in (None, "")) > 1:
            return position
    filled = [position for position, row in enumerate(rows[:15]) if any(cell not in (None, "") for cell in row)]
    return filled[0] if filled else None


def check_mapping(fields: Mapping[int, str], width: int) -> ColumnMapping:
    """The mapping, if it can be used.

    Refused: "phone_column_missing", "field_twice" (field), "field_unknown" (field), "column_unknown" (column).
    """
    for position, field in fields.items():
        if not 0 <= position < width:
            raise Refused("column_unknown", column=str(position + 1))
        if field not in set(Field) and not _CUSTOM_KEY.fullmatch(field):
            raise Refused("field_unknown", field=field)
        if list(fields.values()).count(field) > 1:
            raise Refused("field_twice", field=field)
    if Field.PHONE not in fields.values():
        raise Refused("phone_column_missing")
    return ColumnMapping(dict(sorted(fields.items())))


def apply_overrides(guessed: Mapping[int, str], headers: Sequence[str], overrides: Sequence[tuple[str, str]]) -> dict[int, str]:
    """What was guessed, corrected by "COLUMN=FIELD" pairs; a column is named by its header, its letter or its number from 1.

    A field given by hand is taken from the column that was guessed for it. Refused("column_unknown") names a column the file lacks.
    """
    fields = dict(guessed)
    for column, field in overrides:
        position = _position(column, headers)
        for other in [p for p, f in fields.items() if f == field]:
            del fields[other]
        if field in ("", "-"):
            fields.pop(position, None)
        else:
            fields[position] = field
    return fields


def _position(column: str, headers: Sequence[str]) -> int:
    keys = [header_key(header) for header in headers]
    wanted = header_key(column)
    if wanted in keys:
        return keys.index(wanted)
    if column.isdigit() and 1 <= int(column) <= len(headers):
        return int(column) - 1
    if re.fullmatch(r"[A-Za-z]{1,2}", column):
        position = 0
        for letter in column.upper():
            position = position * 26 + ord(letter) - ord("A") + 1
        if position <= len(headers):
            return position - 1
    raise Refused("column_unknown", column=column)
