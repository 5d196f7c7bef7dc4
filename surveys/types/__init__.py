"""Question types: one file each. A new type is its file and one line here."""

from __future__ import annotations

from typing import TypeAlias, Union

from surveys.types.base import (
    Answer,
    AnswerProblem,
    Column,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    Option,
    Question,
    Skip,
    Tally,
    Translate,
)
from surveys.types.long_text import LongText
from surveys.types.multiple import Multiple
from surveys.types.number import Number
from surveys.types.rating import Rating
from surveys.types.short_text import ShortText
from surveys.types.single import Single

AnyQuestion: TypeAlias = Union[Single, Multiple, Rating, Number, ShortText, LongText]  # noqa: UP007 - msgspec reads the union at run time

QUESTION_TYPES: dict[str, type[Question]] = {
    "single": Single,
    "multiple": Multiple,
    "rating": Rating,
    "number": Number,
    "short_text": ShortText,
    "long_text": LongText,
}


def type_of(question: Question) -> str:
    """The name under which a question's type is stored."""
    return str(question.__struct_config__.tag)


__all__ = [
    "QUESTION_TYPES", "Answer", "AnswerProblem", "AnyQuestion", "Column", "DefinitionProblem", "Drawn", "Entries", "Given", "LongText", "Multiple",
    "Number", "Option", "Question", "Rating", "ShortText", "Single", "Skip", "Tally", "Translate", "type_of",
]  # fmt: skip
