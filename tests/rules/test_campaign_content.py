"""Filtered words, and the texts that stand ready."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import texts
from campaigns.content import BUILT_IN, filtered_in
from campaigns.kinds import traits_of
from engage.persian import search_key

WORDS = [(search_key(label), label) for label in ("قرعه‌کشی", "برنده", "کد تخفیف")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("شما برنده شده‌اید", ["برنده"]),
        ("قرعه کشی بزرگ", ["قرعه‌کشی"]),
        ("كد  تخفيف بگیرید!", ["کد تخفیف"]),
        ("برندهٔ قرعه‌کشی", ["قرعه‌کشی", "برنده"]),
        ("برندگان", []),
        ("کد شما و تخفیف", []),
        ("", []),
    ],
)
def test_filtered_words_are_found_whole_and_however_they_are_spelt(text: str, found: list[str]) -> None:
    assert filtered_in(text, WORDS) == found


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert "برنده" in filtered_in(f"{before} برنده {after}", WORDS)


@pytest.mark.parametrize("ready", BUILT_IN, ids=lambda each: each.title)
def test_what_stands_ready_may_be_sent_and_isnt_long(ready) -> None:
    has_link = traits_of(ready.kind).has_link
    texts.check_template(ready.text, has_link=has_link)
    longest = texts.largest(ready.text, "https://m12.example.ir", "شهرداری منطقه ۱۲", "۳۰ شهریور", has_link=has_link)
    assert texts.measure(longest).pages <= 2
