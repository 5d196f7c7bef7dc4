"""Signs of poor quality: each found where it is, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from surveys.definitions import Definition
from surveys.quality import LEAST_TIMED, Flag, flags_of, hasty_below, is_straight, likeness
from surveys.responses.rules import Wanted, is_reason, read_wanted
from surveys.types import Hidden, LongText, Matrix, Option, Rating, Single
from surveys.types.matrix import Row

COLUMNS = [Option(id="c1", label="کم"), Option(id="c2", label="زیاد")]


def matrix(rows: int) -> Definition:
    return Definition(
        title="t", questions=[Matrix(id="q1", label="؟", options=COLUMNS, rows=[Row(id=f"r{n}", label=str(n)) for n in range(rows)])]
    )


RATINGS = Definition(title="t", questions=[Rating(id=f"q{n}", label="؟") for n in range(5)])
WRITTEN = Definition(
    title="t",
    questions=[Single(id="q1", label="؟", options=COLUMNS), LongText(id="q2", label="؟"), Hidden(id="q3", label="", parameter="from")],
)
LONG = "کوچهٔ ما شب‌ها تاریک است و چراغ ندارد."


def test_haste_is_a_third_of_what_is_usual_and_needs_enough_people() -> None:
    assert hasty_below([60] * (LEAST_TIMED - 1)) is None
    assert hasty_below([30, 60, 90] * 5) == 20
    for seconds, expected in ((19, [Flag.SPEEDING]), (20, []), (None, [])):
        assert flags_of(RATINGS, {}, seconds=seconds, hasty=20.0, is_repeated=False) == expected
    assert flags_of(RATINGS, {}, seconds=1, hasty=None, is_repeated=False) == []


@pytest.mark.parametrize(
    ("definition", "document", "expected"),
    [
        (matrix(5), {f"q1.r{n}": "c1" for n in range(5)}, True),
        (matrix(5), {f"q1.r{n}": "c1" for n in range(4)}, False),
        (matrix(4), {f"q1.r{n}": "c1" for n in range(4)}, False),
        (matrix(5), {f"q1.r{n}": "c1" for n in range(4)} | {"q1.r4": "c2"}, False),
        (RATINGS, {f"q{n}": 3 for n in range(5)}, True),
        (RATINGS, {f"q{n}": 3 for n in range(4)}, False),
        (RATINGS, {f"q{n}": 3 for n in range(4)} | {"q4": 5}, False),
        (RATINGS, {}, False),
    ],
)
def test_the_same_all_the_way_down(definition: Definition, document: dict[str, Any], expected: bool) -> None:
    assert is_straight(definition, document) is expected


def test_only_own_words_of_some_length_make_two_responses_alike() -> None:
    assert likeness(WRITTEN, {"q1": "c1"}) is None
    assert likeness(WRITTEN, {"q1": "c1", "q2": "خوب است"}) is None
    first = likeness(WRITTEN, {"q1": "c1", "q2": LONG})
    assert first is not None and first == likeness(WRITTEN, {"q2": LONG, "q1": "c1", "q3": "bazaar"})
    assert first != likeness(WRITTEN, {"q1": "c2", "q2": LONG})


def test_signs_come_in_one_order() -> None:
    every = {f"q{n}": 1 for n in range(5)}
    assert flags_of(RATINGS, every, seconds=1, hasty=9.0, is_repeated=True) == ["speeding", "straight_lining", "duplicate"]


def test_filters_are_read_from_any_address() -> None:
    wanted, bad = read_wanted(
        {"channel": "open", "since": "۱۴۰۵/۰۹/۰۱", "until": "nonsense", "flag": "any", "entrance": "7", "state": "partial"}
    )
    assert (wanted.channel, wanted.flag, wanted.entrance_id, wanted.state, bad) == ("open", "any", 7, "partial", ["until"])
    assert wanted.since is not None and wanted.until is None
    assert read_wanted({"channel": "'", "entrance": "9" * 40, "state": "x", "flag": "y", "language": "<b>"}) == (Wanted(), [])
    assert not Wanted().is_narrowed and wanted.is_narrowed


@pytest.mark.parametrize(("text", "expected"), [("آزمایش همکار", True), ("", False), ("...", False), ("۱۲۳", False), ("آ" * 301, False)])
def test_a_reason_says_something(text: str, expected: bool) -> None:
    assert is_reason(text) is expected
