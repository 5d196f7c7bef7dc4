"""Figures of a report: bases, shares, quantiles, bins, questions that changed between versions; masking of what people wrote."""

from __future__ import annotations

from collections import Counter
from datetime import date
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.reports.content import Content, DayCount, Funnel, restore, store
from engage.reports.masking import MASK, mask_numbers
from engage.reports.numbers import MAX_BINS, describe_numbers
from engage.reports.render.csv_file import safe
from engage.reports.tally import asked_questions, response_rate, tally
from surveys.definitions import Definition
from surveys.queries.aggregates import AnswerCounts, Counted, Shape
from surveys.types import LongText, Multiple, Number, Option, Rating, Single


def options(*labels: str) -> list[Option]:
    return [Option(id=f"a{n}", label=label) for n, label in enumerate(labels, 1)]


ONE = Definition(
    title="یک",
    questions=[
        Single(id="q1", label="کدام؟", options=options("الف", "ب", "پ")),
        Multiple(id="q2", label="کدام‌ها؟", options=options("الف", "ب"), max_choices=2),
        Rating(id="q3", label="چقدر؟"),
        Number(id="q4", label="چند؟", unit="سال"),
        LongText(id="q5", label="چرا؟"),
    ],
)
TWO = Definition(
    title="دو",
    questions=[
        Rating(id="q3", label="چقدر راضی؟"),
        Single(
            id="q1", label="کدام کار؟", options=[Option(id="a2", label="ب نو"), Option(id="a1", label="الف"), Option(id="a4", label="ت")]
        ),
        Number(id="q2", label="حالا چند؟"),
    ],
)


def counts(questions: list[object], by_version: dict[int, int], *counted: tuple[int, dict[str, int]]) -> AnswerCounts:
    return AnswerCounts(by_version, {date(2026, 11, 22): sum(by_version.values())}, [Counted(*each) for each in counted])


def test_shares_are_of_everyone_asked_not_of_those_who_answered() -> None:
    questions = asked_questions({7: ONE})
    found = tally(
        questions,
        counts(questions, {7: 20}, (15, {"a1": 10, "a2": 5}), (12, {"a1": 12, "a2": 6}), (10, {"5": 5, "1": 5}), (0, {}), (3, {})),
    )
    single, multiple, rating, number, text = found
    assert [option.count for option in single.options or []] == [10, 5, 0]
    assert (single.asked, single.answered, single.unanswered) == (20, 15, 5)
    assert single.share(10) == 0.5
    assert [multiple.share(option.count) for option in multiple.options or []] == [0.6, 0.3]
    assert (rating.mean, rating.scale, [option.count for option in rating.options or []]) == (3.0, 5, [5, 0, 0, 0, 5])
    assert number.figures is None and number.unit == "سال"
    assert text.options is None and text.answered == 3


def test_below_ten_there_are_no_shares() -> None:
    questions = asked_questions({1: Definition(title="t", questions=[ONE.questions[0]])})
    nine, ten = (tally(questions, counts(questions, {1: n}, (n, {"a1": n})))[0] for n in (9, 10))
    assert nine.share(9) is None and ten.share(10) == 1.0


def test_a_question_is_counted_over_the_versions_that_asked_it() -> None:
    questions = asked_questions({1: ONE, 2: TWO})
    assert [each.key for each in questions] == ["q3", "q1", "q2", "q2:multiple", "q4", "q5"]
    assert [each.version_ids for each in questions] == [(1, 2), (1, 2), (2,), (1,), (1,), (1,)]
    assert [each.withdrawn for each in questions] == [False, False, False, True, True, True]
    assert [each.counting.shape for each in questions] == [Shape.ONE, Shape.ONE, Shape.ONE, Shape.MANY, Shape.ONE, Shape.PRESENT]
    found = tally(
        questions, counts(questions, {1: 100, 2: 50}, (150, {"4": 150}), (150, {"a1": 60, "a2": 50, "a3": 30, "a4": 10}), *[(0, {})] * 4)
    )
    assert [each.asked for each in found] == [150, 150, 50, 100, 100, 100]
    q1 = found[1]
    assert q1.label == "کدام کار؟"
    assert [(option.id, option.label, option.count, option.withdrawn) for option in q1.options or []] == [
        ("a2", "ب نو", 50, False),
        ("a1", "الف", 60, False),
        ("a4", "ت", 10, False),
        ("a3", "پ", 30, True),
    ]


def test_points_given_on_a_longer_scale_are_kept() -> None:
    short = Definition(title="t", questions=[Rating(id="q3", label="x", scale=3)])
    questions = asked_questions({1: ONE, 2: short})
    found = tally(questions, counts(questions, {1: 5, 2: 5}, (10, {"5": 4, "3": 6}), *[(0, {})] * 4))[0]
    assert found.scale == 5 and [option.count for option in found.options or []] == [0, 0, 6, 0, 4]


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60))
def test_figures_of_numbers_agree_with_the_standard_library(numbers: list[int]) -> None:
    figures = describe_numbers({str(value): count for value, count in Counter(numbers).items()})
    assert figures is not None
    expected = quantiles(numbers, n=4, method="inclusive")
    assert [figures.lower_quartile, figures.median, figures.upper_quartile] == pytest.approx(expected)
    assert figures.mean == pytest.approx(sum(numbers) / len(numbers))
    assert (figures.lowest, figures.highest) == (min(numbers), max(numbers))


@given(st.lists(st.one_of(st.integers(0, 10**9), st.floats(-1e6, 1e6).map(lambda x: round(x, 2))), min_size=1, max_size=80))
def test_bins_hold_every_number_once_and_touch(numbers: list[float]) -> None:
    figures = describe_numbers({repr(value): count for value, count in Counter(map(float, numbers)).items()})
    assert figures is not None
    assert sum(each.count for each in figures.spread) == len(numbers)
    assert 1 <= len(figures.spread) <= MAX_BINS + 1
    assert all(a.high == pytest.approx(b.low) for a, b in zip(figures.spread, figures.spread[1:], strict=False))
    assert figures.spread[0].low <= figures.lowest and figures.highest <= figures.spread[-1].high


def test_bins_stand_on_round_numbers() -> None:
    figures = describe_numbers({str(n): 1 for n in range(0, 100)})
    assert figures is not None
    assert [(each.low, each.high, each.count) for each in figures.spread][:2] == [(0, 10, 10), (10, 20, 10)]
    tenths = describe_numbers({"0.1": 1, "0.2": 1, "0.3": 1, "1.2": 1})
    assert tenths is not None and [each.count for each in tenths.spread][:3] == [1, 1, 1]


def test_the_response_rate_waits_for_the_receipts() -> None:
    assert response_rate(16, 100) == 0.16
    assert response_rate(0, 0) is None
    assert response_rate(5, 3) is None
    assert response_rate(0, 10) == 0


def test_stored_content_comes_back_as_it_was() -> None:
    questions = asked_questions({1: ONE})
    found = tally(questions, counts(questions, {1: 3}, (3, {"a1": 3}), (0, {}), (1, {"2": 1}), (2, {"1": 1, "2.5": 1}), (1, {})))
    content = Content(3, 1, Funnel(10, 9, 8, 4, 4, 3), [DayCount(date(2026, 11, 22), 3)], found)
    assert restore(store(content)) == content


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("شمارهٔ من 09121234567 است", f"شمارهٔ من {MASK} است"),
        ("زنگ بزنید: ۰۹۱۲ ۱۲۳ ۴۵ ۶۷", f"زنگ بزنید: {MASK}"),
        ("+98 (912) 123-4567.", f"{MASK}."),
        ("کد ملی ٠٠١٢٣٤٥٦٧٨", f"کد ملی {MASK}"),
        ("کارت 6037-9911-1234-5678", f"کارت {MASK}"),
        ("a.b@example.ir بنویسید", f"{MASK} بنویسید"),
        ("۱٬۵۰۰٬۰۰۰ تومان", "۱٬۵۰۰٬۰۰۰ تومان"),
        ("پلاک ۱۲، طبقهٔ ۳", "پلاک ۱۲، طبقهٔ ۳"),
        ("از 1400/01/01", "از 1400/01/01"),
    ],
)
def test_numbers_that_lead_to_people_are_masked(written: str, shown: str) -> None:
    assert mask_numbers(written) == shown


@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@x", "\t=1", " =1+1", "＝1"])
def test_no_cell_is_a_formula(hostile: str) -> None:
    assert safe(hostile) == f"'{hostile}"


def test_numbers_and_plain_texts_stay() -> None:
    assert [safe(-5), safe(1.5), safe("روشنایی - کوچه"), safe("")] == [-5, 1.5, "روشنایی - کوچه", ""]
