"""What the drawings claim is what the figures say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from engage.web import charts
from engage.web.charts import Bar, Column, Part, Step


@pytest.fixture(autouse=True, scope="module")
def words() -> Iterator[None]:
    app = Flask(__name__, static_folder=None)
    Babel(app)
    with app.app_context():
        yield


def rects(markup: str, css: str) -> list[tuple[float, float]]:
    """(x, width) of every horizontal piece of that colour, in percent."""
    return [(float(x), float(w)) for x, w in re.findall(rf'<rect class="f-{css}" x="([\d.-]+)%" width="([\d.]+)%"', markup)]


def test_bars_grow_from_the_right() -> None:
    drawn = charts.bar_table([Bar("a", 25), Bar("b", 75)], caption="c")
    assert rects(drawn, "accent") == [(75.0, 25.0), (25.0, 75.0)]


def test_shares_are_of_the_total_given() -> None:
    drawn = str(charts.bar_table([Bar("a", 30), Bar("b", 90)], caption="c", total=120))
    assert "۲۵\u200f٪" in drawn and "۷۵\u200f٪" in drawn
    assert "۳۰" in drawn and "۹۰" in drawn


def test_whisker_ends_where_the_interval_ends() -> None:
    drawn = str(charts.bar_table([Bar("a", 50, share=0.5, low=0.4, high=0.7)], caption="c"))
    assert 'x1="30.00%" x2="60.00%" y1="12"' in drawn


def test_hidden_row_shows_its_reason_and_no_figure() -> None:
    drawn = str(charts.bar_table([Bar("a", 7, hidden=True, note="کمتر از ۱۰ پاسخ"), Bar("b", 20)], caption="c", total=100))
    assert "کمتر از ۱۰ پاسخ" in drawn
    assert "۷" not in drawn.replace("۷۵", "")


def test_nothing_to_divide_by_is_a_dash_not_a_crash() -> None:
    drawn = str(charts.bar_table([Bar("a", 0)], caption="c"))
    assert "—" in drawn
    assert "f-track" in str(charts.strip([Part("a", 0)]))
    assert "—" in str(charts.funnel([Step("a", 0)]))
    assert "svg" in str(charts.columns([], label="c"))


def test_text_is_escaped() -> None:
    evil = "<script>&"
    for drawn in (
        charts.bar_table([Bar(evil, 1, note=evil)], caption=evil),
        charts.breakdown([Part(evil, 1)], total_label=evil),
        charts.funnel([Step(evil, 1)]),
        charts.columns([Column(evil, 1)], label=evil),
        charts.scale_strip([evil] * 5, [1] * 5, caption=evil),
    ):
        assert "<script" not in drawn
        assert "style=" not in drawn


def test_unknown_colour_is_refused() -> None:
    with pytest.raises(ValueError, match="purple"):
        charts.strip([Part("a", 1, "purple")])


def test_group_that_differs_is_marked_by_word_and_colour() -> None:
    drawn = str(charts.bar_table([Bar("a", 1, share=0.4, verdict="less"), Bar("b", 1, share=0.6, verdict="same")], caption="c"))
    assert "f-6" in drawn and "less" in drawn and "no difference" in drawn


def test_planned_stands_on_top_of_what_was() -> None:
    drawn = str(charts.columns([Column("۹", 100, 100)], label="c"))
    done = re.search(r'class="f-accent"[^>]* y="([\d.]+)" height="([\d.]+)"', drawn)
    plan = re.search(r'class="plan"[^>]* y="([\d.]+)" height="([\d.]+)"', drawn)
    assert done and plan
    assert float(plan[1]) + float(plan[2]) == pytest.approx(float(done[1]), abs=0.1)
    assert float(done[1]) + float(done[2]) == charts.BASE


def test_time_runs_from_the_right() -> None:
    drawn = str(charts.columns([Column("۹", 1), Column("۱۰", 2)], label="c", last_tick="۱۱"))
    ticks = re.findall(r'class="tick" x="([\d.]+)%" y="200">([^<]+)<', drawn)
    assert ticks == [("100.00", "۹"), ("80.00", "۱۰"), ("60.00", "۱۱")]


def test_many_columns_take_the_whole_width() -> None:
    drawn = str(charts.columns([Column(str(hour), 1) for hour in range(8)], label="c", last_tick="۲۰"))
    assert re.findall(r'class="tick" x="([\d.]+)%"', drawn)[-1] == "0.00"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any))
def test_strip_covers_the_whole_bar_without_overlap(counts: list[int]) -> None:
    drawn = str(charts.strip([Part(str(i), count, str(i + 1)) for i, count in enumerate(counts)]))
    pieces = sorted((float(x), float(w)) for x, w in re.findall(r'<rect class="f-\d" x="([\d.-]+)%" width="([\d.]+)%"', drawn))
    assert sum(width for _, width in pieces) == pytest.approx(100, abs=0.05)
    for (start, width), (following, _) in zip(pieces, pieces[1:], strict=False):
        assert start + width == pytest.approx(following, abs=0.03)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=40))
def test_columns_stay_within_the_drawing(values: list[int]) -> None:
    drawn = str(charts.columns([Column(str(i), value) for i, value in enumerate(values)], label="c", with_table=False))
    for x, width, y, height in re.findall(r'x="([\d.-]+)%" width="([\d.]+)%" y="([\d.-]+)" height="([\d.]+)"', drawn):
        assert float(x) >= 0 and float(x) + float(width) <= 100.01
        assert float(y) >= charts.TOP - 0.1 and float(y) + float(height) <= charts.BASE + 0.1
