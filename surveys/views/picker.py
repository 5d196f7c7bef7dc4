"""What an officer chooses a new question from: the types in groups, each with a line on what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from surveys.types import QUESTION_TYPES
from surveys.words import TYPE_ICONS, TYPES

GROUPS: list[tuple[Any, dict[str, Any]]] = [
    (
        _l("Choosing"),
        {
            "single": _l("One of several options"),
            "multiple": _l("Several options, with a limit if you like"),
            "yes_no": _l("Yes or no, with two large buttons"),
            "long_list": _l("One of many options, with search"),
            "neighbourhood": _l("The citizen's neighbourhood from your list"),
        },
    ),
    (
        _l("Scales"),
        {
            "rating": _l("Points by faces, stars or numbers"),
            "nps": _l("From 0 to 10: would they recommend it?"),
            "matrix": _l("Several lines with the same points"),
            "ranking": _l("Options put into an order"),
        },
    ),
    (
        _l("Texts and numbers"),
        {
            "short_text": _l("A word or a line"),
            "long_text": _l("In the citizen's own words"),
            "number": _l("A number with its unit and limits"),
            "date": _l("A day of the Persian calendar"),
            "time": _l("A time of day"),
            "phone": _l("A mobile number, checked"),
            "national_id": _l("Checked, and stored so that nobody can read it"),
            "upload": _l("A photo or a file"),
        },
    ),
    (
        _l("Ballots"),
        {
            "approval": _l("Votes for up to so many projects"),
            "ballot_ranking": _l("Projects put into an order of preference"),
            "points": _l("So many points spread over projects"),
            "knapsack": _l("Projects chosen until the budget is spent"),
        },
    ),
    (
        _l("Parts of the page"),
        {
            "information": _l("A text to read, without a question"),
            "consent": _l("A sentence to agree to"),
            "hidden": _l("A value that comes with the link"),
            "calculation": _l("A result of earlier answers"),
        },
    ),
]


@dataclass(frozen=True)
class Pick:
    kind: str
    words: Any
    about: Any
    icon: str


def groups() -> list[tuple[Any, list[Pick]]]:
    """Every type there is, each once; one that no group names stands in the last."""
    found, left = [], dict.fromkeys(QUESTION_TYPES)
    for words, kinds in GROUPS:
        found.append((words, [_pick(kind, about) for kind, about in kinds.items() if kind in QUESTION_TYPES]))
        for kind in kinds:
            left.pop(kind, None)
    if left:
        found[-1][1].extend(_pick(kind, "") for kind in left)
    return [(words, picks) for words, picks in found if picks]


def _pick(kind: str, about: Any) -> Pick:
    return Pick(kind, TYPES.get(kind, kind), about, TYPE_ICONS.get(kind, "help"))
