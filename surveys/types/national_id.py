"""An Iranian national id: its checksum is checked, and only a keyed digest of it is ever stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Drawn, Entries, Given, Translate, only_value
from surveys.types.typed import Typed, plain_typed

DIGEST = re.compile(r"[0-9a-f]{32}")
KEPT = "kept"
"""The part of the form that carries the digest of an id given on an earlier page, since the id itself is gone."""
_BETWEEN = re.compile(r"[\s.\-/_\u2010-\u2015]")
_DIGITS = re.compile(r"[0-9]{8,10}")


def national_id(typed: str) -> str | None:
    """The ten digits of a national id whose last one fits the others, else None.

    Leading zeros that a spreadsheet dropped may be missing, two at most. The check digit: Σ digitᵢ·(10 - i) mod 11 = r; it is r
    where r < 2, else 11 - r. Ten equal digits pass that, and are nobody's.
    """
    bare = _BETWEEN.sub("", typed)
    if not _DIGITS.fullmatch(bare):
        return None
    digits = bare.zfill(10)
    if len(set(digits)) == 1:
        return None
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return digits if int(digits[9]) == (rest if rest < 2 else 11 - rest) else None


class NationalId(Typed, frozen=True, kw_only=True, tag="national_id"):
    """Read as ten digits; stored as 32 hexadecimal ones, the same for the same id in every survey."""

    reveals = True
    keyboard = "numeric"

    def warnings(self) -> list[str]:
        return ["national_id_by_sms"]

    def value_of(self, typed: str) -> str:
        found = national_id(typed)
        if found is None:
            bare = _BETWEEN.sub("", typed)
            raise AnswerProblem("national_id_wrong" if _DIGITS.fullmatch(bare) else "not_a_national_id")
        return found

    def is_value(self, value: str) -> bool:
        return DIGEST.fullmatch(value) is not None

    def read(self, given: Given) -> Entries:
        if typed := plain_typed(only_value(given)):
            return {"": self.value_of(typed)}
        kept = only_value(given, KEPT)
        return {"": kept} if DIGEST.fullmatch(kept) else {}

    def protected(self, entries: Entries, protect: Callable[[str], str]) -> Entries:
        value = entries.get("")
        return {"": protect(value)} if isinstance(value, str) and national_id(value) == value else entries

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        value = str(entries[""])
        return {KEPT: [value]} if self.is_value(value) else {"": [value]}

    def names(self) -> dict[str, Name]:
        # A choice of nothing: it can be asked whether it was answered, and no expression can look into it.
        return {"": Name(Kind.CHOICE)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        return ""

    def instruction(self, _: Translate) -> str:
        return _("Ten digits. It is stored encrypted, so that nobody can read it.")

    def draw(self, drawn: Drawn) -> Markup:
        _, kept = drawn.translate, drawn.only(KEPT)
        if not DIGEST.fullmatch(kept):
            return super().draw(drawn)
        note = Markup('<p class="m sp">%s</p>\n<input type="hidden" name="%s.%s" value="%s">\n') % (
            _("Your national id was read. Write here only to change it."),
            self.id,
            KEPT,
            kept,
        )
        return note + super().draw(drawn)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "national_id_wrong":
            return _("this national id isn't right"), _("This national id isn't right: one of its digits doesn't fit the others. Please compare it with the card.")
        if problem.code == "not_a_national_id":
            return _("write ten digits"), _("A national id has ten digits. Please write it as it stands on the card.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write your national id"), _("Please write your national id.")

