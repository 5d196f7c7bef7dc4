"""Texts on paper: hostile ones are harmless, long ones end, and what fits on one page is counted."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.refusal import Refused
from engage.reports.onepage.rules import MOST, OnePage, check_lengths, joined_within, within
from engage.reports.render.texts import CUT, LONGEST_RUN, printable

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(), st.integers(5, 200))
def test_what_is_printed_is_one_line_of_bounded_length_without_controls(text: str, most: int) -> None:
    found = printable(text, most)
    assert len(found.replace("\u200b", "")) <= most
    assert not any(unicodedata.category(letter) == "Cc" or letter in BIDI for letter in found)
    assert found == found.strip() or found.endswith("\u200b")
    assert max(map(len, found.replace("\u200b", " ").split()), default=0) <= LONGEST_RUN


@given(st.text(alphabet="آبپ ‌ی‌م #$*\\_[]<>@«»\u200f٪۱۲", max_size=80))
def test_short_plain_text_stays_as_it_is(text: str) -> None:
    once = " ".join(text.split())
    assert printable(once).replace("\u200b", "") == once
    assert printable(printable(text)).replace("\u200b", "") == printable(text).replace("\u200b", "")


def test_markup_and_joiners_are_left_alone_and_directions_are_not() -> None:
    assert printable('#panic("x") $x^2$ *a* _b_ \\ @c <d> می‌شود') == '#panic("x") $x^2$ *a* _b_ \\ @c <d> می‌شود'
    assert printable("الف\u202eب\u2066پ\x00\x1b[31m\nت") == "الفبپ[31m ت"
    assert printable("۶۲\u200f٪") == "۶۲\u200f٪"


def test_a_long_text_is_cut_and_says_so() -> None:
    found = printable("کلمه " * 20_000)
    assert found.endswith(CUT) and len(found) <= 700
    assert "\u200b" in printable("ا" * 100_000, 300)


@pytest.mark.parametrize("name", sorted(MOST))
def test_lengths_are_counted_to_the_letter(name: str) -> None:
    page = replace(OnePage("تیتر"), **{name: "م" * MOST[name]})
    check_lengths(page)
    with pytest.raises(Refused) as refused:
        check_lengths(replace(page, **{name: "م" * (MOST[name] + 3)}))
    assert refused.value.code == "onepage_too_long"
    assert refused.value.params == {"field": name, "most": MOST[name], "given": MOST[name] + 3, "over": 3}


def test_a_page_without_a_headline_is_none() -> None:
    with pytest.raises(Refused, match="onepage_no_headline"):
        check_lengths(OnePage(" "))


@given(st.text(alphabet="ab ،.", max_size=60), st.integers(4, 40))
def test_what_is_shortened_fits(text: str, most: int) -> None:
    assert len(within(text, most)) <= most
    assert within(text, 60) == text


def test_only_whole_sentences_are_joined() -> None:
    assert joined_within(["یک.", "دو.", "سه."], 7) == "یک. دو."
    assert joined_within(["بلند است."], 3) == ""
