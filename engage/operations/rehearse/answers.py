"""One answer to one question, drawn by lot: what a citizen could say, as it comes to lie in a document. Pure.

Answers lean: options further up are chosen more often and scales tend to their upper end, as in real polls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from engage.operations.demo.people import made_up_numbers
from engage.operations.demo.questions import OPEN_ANSWERS
from surveys.types import AnyQuestion, Entries, Number, Option, type_of
from surveys.types.ballots import NONE
from surveys.types.choices import OTHER
from surveys.types.date import EARLIEST, LATEST, day_typed
from surveys.types.long_list import SHOWN

PHOTO = "rehearsal-photograph-1"
"""What stands in a planned document for a photo: nobody knows beforehand under which name it will be kept"""
OTHERS = ("کار دیگری لازم است", "هیچ‌کدام از این‌ها", "برق کوچه", "۲ مورد «دیگر» & <b>")
SPARSE = 0.35
"""So often a row is left out, where it may be"""
MOST_LISTED = 5_000
"""Numbers between two limits that are tried one by one"""


@dataclass(frozen=True)
class Told:
    """What a question's own condition speaks of: values near which an answer is likely to fit."""

    numbers: Sequence[Decimal] = ()
    texts: Sequence[str] = ()
    today: date = field(default=date(2026, 11, 23))


def draw_answer(question: AnyQuestion, chance: Random, *, told: Told = Told(), is_whole: bool = False) -> Entries:
    """An answer the question accepts by itself, empty where it has none; a national id is still the ten digits.

    `is_whole`: nothing may be left out of it. `told` leads numbers, days, times and texts to where a condition can hold.
    """
    draw = _DRAWN.get(type_of(question))
    entries: Entries = draw(question, chance, told, is_whole) if draw is not None else {}
    return entries if entries and (type_of(question) == "national_id" or question.accepts(entries)) else {}


def all_answers(question: AnyQuestion, chance: Random) -> Iterator[Entries]:
    """Every answer of a question that has few, in an order drawn by lot: for conditions that drawing hardly ever meets. Else none."""
    kind = type_of(question)
    found: list[Entries] = []
    if isinstance(question, Number) and question.min is not None and question.max is not None:
        scale = 10**question.decimals
        low, high = math.ceil(Decimal(str(question.min)) * scale), math.floor(Decimal(str(question.max)) * scale)
        found = [_stored_number(each, scale) for each in range(low, high + 1)] if high - low <= MOST_LISTED else []
    elif kind == "time":
        found = [{"": f"{minute // 60:02}:{minute % 60:02}"} for minute in range(24 * 60)]
    elif kind in ("single", "neighbourhood", "yes_no", "rating", "nps"):
        found = [_as_answer(question, option, chance) for part in question.tallies() for option in part.options]
    chance.shuffle(found)
    return (entries for entries in found if question.accepts(entries))


def _as_answer(question: AnyQuestion, option: Option, chance: Random) -> Entries:
    value = int(option.id) if type_of(question) in ("rating", "nps") else option.id
    return {"": value, **_with_other([option.id], getattr(question, "options", ()), chance)}


# -- choices ---------------------------------------------------------------------------------------------------------------


def _lean(chance: Random, things: Sequence[Any]) -> Any:
    return chance.choices(things, weights=range(len(things) + 2, 2, -1))[0]


def _with_other(chosen: list[str], options: Sequence[Option], chance: Random) -> Entries:
    other = next((option.id for option in options if option.other), None)
    return {OTHER: chance.choice(OTHERS)} if other in chosen else {}


def _one(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if not question.options:
        return {}
    chosen = _lean(chance, [option.id for option in question.options])
    return {"": chosen, **_with_other([chosen], question.options, chance)}


def _long_list(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    # Only what somebody can find: a name that brings up more than are shown leads nowhere.
    for option in chance.sample(question.options, min(len(question.options), 8)):
        if option.exclusive or option in question.matches(option.label)[:SHOWN]:
            return {"": option.id}
    return {}


def _several(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    plain = [option.id for option in question.options if not option.exclusive]
    alone = [option.id for option in question.options if option.exclusive]
    least, most = max(question.min_choices or 0, 1), min(question.max_choices or len(plain), len(plain))
    if alone and (least > most or chance.random() < 0.1):
        return {"": [chance.choice(alone)]}
    if least > most:
        return {}
    # Few ticks are likelier than many.
    chosen = set(chance.sample(plain, min(chance.randint(least, most), chance.randint(least, most))))
    ordered = [each for each in plain if each in chosen]
    return {"": [each.id for each in question.options if each.id in chosen], **_with_other(ordered, question.options, chance)}


def _yes_no(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    return {"": _lean(chance, list(question.labels))}


def _consent(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    return {"": "yes"}


def _point(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    return {"": _lean(chance, list(question.points)[::-1])}


def _matrix(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if not question.options:
        return {}
    leaves_out = not is_whole and not question.required and chance.random() < 0.5
    rows = [row for row in question.rows if not (leaves_out and chance.random() < SPARSE)]
    return {row.id: _lean(chance, question.option_ids) for row in rows}


def _ranking(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if not question.options:
        return {}
    count = len(question.options) if question.most is None else chance.randint(1, question.places)
    return {"": chance.sample(question.option_ids, count)}


# -- ballots ---------------------------------------------------------------------------------------------------------------


def _says_none(question: Any, chance: Random) -> bool:
    return bool(question.none_label) and (not question.projects or chance.random() < 0.1)


def _approval(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if _says_none(question, chance):
        return {"": [NONE]}
    least = max(question.min_choices or 0, 1)
    most = min(question.max_choices or len(question.projects), len(question.projects))
    return {"": _in_order(question, chance.sample(question.project_ids, chance.randint(least, most)))} if least <= most else {}


def _knapsack(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if _says_none(question, chance):
        return {"": [NONE]}
    least = max(question.min_choices or 0, 1)
    cheapest = [each.id for each in sorted(question.projects, key=lambda project: project.cost)[:least]]
    chosen: list[str] = []
    wanted = chance.randint(least, max(least, len(question.projects)))
    for project_id in chance.sample(question.project_ids, len(question.projects)):
        if len(chosen) < wanted and question.cost_of([*chosen, project_id]) <= question.budget:
            chosen.append(project_id)
    return {"": _in_order(question, chosen if len(chosen) >= least else cheapest)}


def _ballot_ranking(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if _says_none(question, chance):
        return {"": [NONE]}
    least, most = max(question.min_ranks or 0, 1), min(question.ranks, len(question.projects))
    return {"": chance.sample(question.project_ids, chance.randint(least, most))} if least <= most else {}


def _points(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    if _says_none(question, chance):
        return {"": NONE}
    each = min(question.most_each or question.points, question.points)
    left = question.points if question.spend_all else chance.randint(1, question.points)
    shares: dict[str, int] = {}
    order = chance.sample(question.project_ids, len(question.projects))
    for place, project_id in enumerate(order):
        # What the projects after this one can't take has to be taken here.
        least = max(left - each * (len(order) - place - 1), 0) if question.spend_all else 0
        if share := chance.randint(least, max(least, min(each, left))):
            shares[project_id] = share
            left -= share
    return {project_id: shares[project_id] for project_id in question.project_ids if project_id in shares}


def _in_order(question: Any, chosen: Sequence[str]) -> list[str]:
    return [each for each in question.project_ids if each in chosen]


# -- what is typed ---------------------------------------------------------------------------------------------------------


def _number(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    scale = 10**question.decimals
    low = math.ceil(Decimal(str(question.min)) * scale) if question.min is not None else None
    high = math.floor(Decimal(str(question.max)) * scale) if question.max is not None else None
    near = [int(number * scale) + step for number in told.numbers for step in (-scale, -1, 0, 1, scale)]
    if near and chance.random() < 0.6:
        drawn = chance.choice(near)
        # Between two values that are spoken of lies what fits both.
        drawn = chance.randint(min(near), max(near)) if chance.random() < 0.5 else drawn
        if (low is None or drawn >= low) and (high is None or drawn <= high):
            return _stored_number(drawn, scale)
    if low is None:
        low = 0 if high is None or high >= 0 else high - 100 * scale
    if high is None:
        high = max(low, 0) + 100 * scale
    return _stored_number(chance.randint(low, high), scale) if low <= high else {}


def _stored_number(drawn: int, scale: int) -> Entries:
    number = Decimal(drawn) / scale
    return {"": int(number) if number == number.to_integral_value() else float(number)}


def _text(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    text = chance.choice(OPEN_ANSWERS)
    pick = chance.random()
    if told.texts and pick < 0.4:
        text = chance.choice(told.texts)
    elif told.numbers and pick < 0.8:
        length = int(chance.choice(told.numbers)) + chance.randint(-1, 1)
        text = (" ".join([text] * (max(min(length, 10_000), 1) // len(text) + 1)))[: max(length, 1)]
        text = text[:-1] + "ی" if text.endswith(" ") else text
    return {"": text[: question.limit].strip()}


def _day(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    low, high = question.min or max(told.today - timedelta(days=365 * 60), EARLIEST), question.max or told.today + timedelta(days=365)
    if low > high:
        low, high = (question.min, question.min + timedelta(days=365)) if question.min else (high - timedelta(days=365), high)
    day = low + timedelta(days=chance.randint(0, max((high - low).days, 0)))
    if chance.random() < 0.6:
        spoken = [each for text in told.texts if (each := day_typed(text)) is not None]
        years = [_years_before(told.today, int(number)) for number in told.numbers if 0 <= number <= 120]
        ahead = [told.today + timedelta(days=sign * int(number)) for number in told.numbers if abs(number) <= 40_000 for sign in (1, -1)]
        day = chance.choice([told.today, *spoken, *years, *ahead]) + timedelta(days=chance.choice((-1, 0, 1, -30, 30, -365, 365)))
    return {"": min(max(day, EARLIEST), LATEST).isoformat()}


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28))


def _time(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    low, high = _minutes(question.min or "00:00"), _minutes(question.max or "23:59")
    minute = chance.randint(low, max(low, high))
    near = [_minutes(text) for text in told.texts if len(text) == 5 and text[2] == ":" and (text[:2] + text[3:]).isdecimal()]
    if near and chance.random() < 0.6:
        minute = min(max(chance.choice(near) + chance.choice((-60, -1, 0, 1, 60)), 0), 1439)
    return {"": f"{minute // 60:02}:{minute % 60:02}"}


def _minutes(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def _phone(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    return {"": made_up_numbers(1, seed=chance.randrange(10**9))[0]}


def made_up_national_id(chance: Random) -> str:
    """Ten digits whose last one fits the others (Σ digitᵢ·(10 - i) mod 11 = r: it is r where r < 2, else 11 - r)."""
    while True:
        digits = [chance.randrange(10) for _ in range(9)]
        rest = sum(digit * (10 - place) for place, digit in enumerate(digits)) % 11
        digits.append(rest if rest < 2 else 11 - rest)
        if len(set(digits)) > 1:
            return "".join(map(str, digits))


def _national_id(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    return {"": made_up_national_id(chance)}


def _upload(question: Any, chance: Random, told: Told, is_whole: bool) -> Entries:
    return {"": PHOTO}


_DRAWN: dict[str, Callable[[Any, Random, Told, bool], Entries]] = {
    "single": _one,
    "multiple": _several,
    "yes_no": _yes_no,
    "rating": _point,
    "nps": _point,
    "matrix": _matrix,
    "ranking": _ranking,
    "neighbourhood": _one,
    "long_list": _long_list,
    "number": _number,
    "short_text": _text,
    "long_text": _text,
    "date": _day,
    "time": _time,
    "phone": _phone,
    "national_id": _national_id,
    "consent": _consent,
    "upload": _upload,
    "approval": _approval,
    "ballot_ranking": _ballot_ranking,
    "points": _points,
    "knapsack": _knapsack,
}
