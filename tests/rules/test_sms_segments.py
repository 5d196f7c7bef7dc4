"""Pages of an SMS: the operators' table, and its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.sms.segments import (
    GSM7_BASIC,
    GSM7_EXTENDED,
    OPT_OUT_LINE,
    Script,
    compose_text,
    count_units,
    is_gsm7,
    page_sizes,
    pages,
    remaining_in_page,
    script_of,
)

gsm7 = st.text(st.sampled_from(sorted(GSM7_BASIC | GSM7_EXTENDED)), max_size=500)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@pytest.mark.parametrize(
    ("text", "units", "page_count", "remaining"),
    [
        ("", 0, 0, 160),
        ("a" * 160, 160, 1, 0),
        ("a" * 161, 161, 2, 145),
        ("a" * 306, 306, 2, 0),
        ("a" * 307, 307, 3, 152),
        ("€" * 80, 160, 1, 0),
        ("€" * 80 + "a", 161, 2, 145),
        ("[a]", 5, 1, 155),
        ("س" * 70, 70, 1, 0),
        ("س" * 71, 71, 2, 63),
        ("س" * 134, 134, 2, 0),
        ("س" * 135, 135, 3, 66),
        ("س" + "a" * 69, 70, 1, 0),
        ("😀" * 35, 70, 1, 0),
        ("😀" * 36, 72, 2, 62),
        ("می\u200cشود", 6, 1, 64),
        ("سلام 1", 6, 1, 64),
        ("`", 1, 1, 69),
    ],
)
def test_the_table(text: str, units: int, page_count: int, remaining: int) -> None:
    assert (count_units(text), pages(text), remaining_in_page(text)) == (units, page_count, remaining)


def test_the_alphabet_is_that_of_the_standard() -> None:
    # 3GPP TS 23.038: 128 places, one of them the escape; ten characters behind it.
    assert len(GSM7_BASIC) == 127
    assert len(GSM7_EXTENDED) == 10
    assert not GSM7_BASIC & GSM7_EXTENDED


def test_the_opt_out_line_takes_six_units_and_is_added_once() -> None:
    assert count_units(OPT_OUT_LINE) == 6
    assert compose_text("سلام ") == "سلام\nلغو11"
    assert compose_text(compose_text("سلام")) == "سلام\nلغو11"
    assert compose_text("سلام\nلغو۱۱") == "سلام\nلغو۱۱"
    assert compose_text("سلام", opt_out=False) == "سلام"


def test_the_budget_of_one_page_is_33_characters_beside_a_link() -> None:
    link = "https://" + "h" * 11 + "/" + "T" * 11
    text = compose_text("س" * 32 + "\n" + link)
    assert (count_units(text), pages(text)) == (70, 1)
    assert pages(compose_text("س" * 33 + "\n" + link)) == 2


@given(gsm7)
def test_gsm7_units_are_septets(text: str) -> None:
    assert is_gsm7(text)
    assert script_of(text) is Script.LATIN
    assert count_units(text) == sum(2 if each in GSM7_EXTENDED else 1 for each in text)


@given(anything)
def test_one_persian_letter_makes_the_whole_text_persian(text: str) -> None:
    text += "ی"
    assert not is_gsm7(text)
    assert script_of(text) is Script.PERSIAN
    assert count_units(text) == sum(2 if ord(each) > 0xFFFF else 1 for each in text)


@given(anything)
def test_units_fit_the_pages_and_would_not_fit_fewer(text: str) -> None:
    single, several = page_sizes(text)
    units, page_count = count_units(text), pages(text)
    assert units <= (single if page_count <= 1 else page_count * several)
    if page_count > 1:
        assert units > max(single, (page_count - 1) * several)


@given(anything)
def test_what_remains_can_be_filled_and_one_more_turns_the_page(text: str) -> None:
    text = text or "a"
    filled = text + "a" * remaining_in_page(text)
    assert pages(filled) == pages(text)
    assert pages(filled + "a") == pages(text) + 1


@given(anything, anything)
def test_a_longer_text_never_costs_less(first: str, second: str) -> None:
    assert pages(first + second) >= pages(first)
