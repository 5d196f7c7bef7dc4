"""Question types: one file each. A new type is its file and one line here."""

from __future__ import annotations

from typing import TypeAlias, Union

from surveys.types.approval import Approval
from surveys.types.ballot_ranking import BallotRanking
from surveys.types.base import (
    Answer,
    AnswerProblem,
    Column,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    Option,
    PartTally,
    Question,
    Skip,
    Tally,
    Translate,
)
from surveys.types.calculation import Calculation
from surveys.types.consent import Consent
from surveys.types.date import Date
from surveys.types.hidden import Hidden
from surveys.types.information import Information
from surveys.types.knapsack import Knapsack
from surveys.types.long_list import LongList
from surveys.types.long_text import LongText
from surveys.types.matrix import Matrix
from surveys.types.multiple import Multiple
from surveys.types.national_id import NationalId
from surveys.types.neighbourhood import Neighbourhood
from surveys.types.nps import Nps
from surveys.types.number import Number
from surveys.types.phone import Phone
from surveys.types.points import Points
from surveys.types.ranking import Ranking
from surveys.types.rating import Rating
from surveys.types.short_text import ShortText
from surveys.types.single import Single
from surveys.types.time import Time
from surveys.types.upload import Upload
from surveys.types.yes_no import YesNo

AnyQuestion: TypeAlias = Union[  # noqa: UP007 - msgspec reads the union at run time
    Single, Multiple, YesNo, Rating, Nps, Matrix, Ranking, Neighbourhood, LongList, Number, ShortText, LongText, Date, Time, Phone, NationalId, Consent, Upload, Information,
    Hidden, Calculation, Approval, BallotRanking, Points, Knapsack,
]  # fmt: skip

QUESTION_TYPES: dict[str, type[Question]] = {
    "single": Single,
    "multiple": Multiple,
    "yes_no": YesNo,
    "rating": Rating,
    "nps": Nps,
    "matrix": Matrix,
    "ranking": Ranking,
    "neighbourhood": Neighbourhood,
    "long_list": LongList,
    "number": Number,
    "short_text": ShortText,
    "long_text": LongText,
    "date": Date,
    "time": Time,
    "phone": Phone,
    "national_id": NationalId,
    "consent": Consent,
    "upload": Upload,
    "information": Information,
    "hidden": Hidden,
    "calculation": Calculation,
    "approval": Approval,
    "ballot_ranking": BallotRanking,
    "points": Points,
    "knapsack": Knapsack,
}


def type_of(question: Question) -> str:
    """The name under which a question's type is stored."""
    return str(question.__struct_config__.tag)


__all__ = [
    "QUESTION_TYPES", "Answer", "AnswerProblem", "AnyQuestion", "Approval", "BallotRanking", "Calculation", "Column", "Consent", "Date",
    "DefinitionProblem", "Drawn", "Entries", "Given", "Hidden", "Information", "Knapsack", "LongList", "LongText", "Matrix", "Multiple",
    "NationalId", "Neighbourhood", "Nps", "Number", "Option", "PartTally", "Phone", "Points", "Question", "Ranking", "Rating",
    "ShortText", "Single", "Skip", "Tally", "Time", "Translate", "Upload", "YesNo", "type_of",
]  # fmt: skip
