"""What matters beside how content people are: in which quadrant a thing stands, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace

from engage.reports.tally import OptionTally, QuestionTally
from engage.reports.trends.priorities import Quadrant, place_topics, suggest_pairs
from surveys.types import Tally


def choices(**counts: int) -> QuestionTally:
    total = sum(counts.values())
    return QuestionTally(
        key="q1", id="q1", type="single", label="چه مهم‌تر است؟", number=1, version_ids=[1], asked=total, answered=total, withdrawn=False,
        tally=Tally.CHOICES, options=[OptionTally(name, {"light": "روشنایی", "park": "فضای سبز", "bins": "نظافت", "bus": "اتوبوس"}[name], count) for name, count in counts.items()],
    )  # fmt: skip


def rating(key: str, label: str, *counts: int) -> QuestionTally:
    total = sum(counts)
    mean = sum(point * count for point, count in enumerate(counts, 1)) / total if total else None
    return QuestionTally(
        key=key, id=key, type="rating", label=label, number=2, version_ids=[1], asked=total, answered=total, withdrawn=False, tally=Tally.SCALE,
        options=[OptionTally(str(point), "", count) for point, count in enumerate(counts, 1)], mean=mean, scale=len(counts),
    )  # fmt: skip


IMPORTANCE = choices(light=50, park=30, bins=15, bus=5)
RATED = {
    "r1": rating("r1", "از روشنایی راضی هستید؟", 30, 10, 5, 3, 2),
    "r2": rating("r2", "از فضای سبز راضی هستید؟", 1, 2, 5, 20, 22),
    "r3": rating("r3", "از نظافت راضی هستید؟", 20, 20, 5, 3, 2),
    "r4": rating("r4", "از اتوبوس‌ها راضی هستید؟", 1, 1, 3, 20, 25),
}
PAIRS = {"light": "r1", "park": "r2", "bins": "r3", "bus": "r4"}


def test_each_quadrant_has_its_thing_and_the_first_comes_first() -> None:
    found = place_topics(IMPORTANCE, PAIRS, RATED)
    assert [(each.label, each.quadrant) for each in found] == [
        ("روشنایی", Quadrant.FIRST),
        ("فضای سبز", Quadrant.KEEP),
        ("نظافت", Quadrant.LATER),
        ("اتوبوس", Quadrant.ENOUGH),
    ]
    assert found[0].importance == 0.5 and found[0].base == 50 and 0 <= found[0].satisfaction < 0.5


def test_of_too_few_nothing_is_said() -> None:
    few = RATED | {"r1": rating("r1", "از روشنایی راضی هستید؟", 3, 2, 2, 1, 1)}
    assert "روشنایی" not in [each.label for each in place_topics(IMPORTANCE, PAIRS, few)]
    assert place_topics(choices(light=5, park=4), PAIRS, RATED) == []
    assert place_topics(IMPORTANCE, {"light": "r1"}, RATED) == []
    assert place_topics(IMPORTANCE, {"light": "gone", "park": "r2"}, RATED) == []


def test_pairs_are_suggested_where_one_question_alone_names_the_thing() -> None:
    scales = list(RATED.values())
    assert suggest_pairs(IMPORTANCE, scales) == PAIRS
    twice = [*scales, replace(RATED["r1"], key="r9", label="روشنایی پارک چطور است؟")]
    assert "light" not in suggest_pairs(IMPORTANCE, twice)
