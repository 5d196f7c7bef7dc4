"""Placeholders, fixed lines and what a text must not hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import texts
from engage.refusal import Refused

LINK = "https://m12.example/7Kp3XmQ9vTc"


def test_a_text_ends_with_the_link_and_the_opt_out_line():
    assert texts.render("منطقه ۱۲: روشنایی کوچه چطور است؟", {}, LINK) == f"منطقه ۱۲: روشنایی کوچه چطور است؟\n{LINK}\nلغو11"


def test_the_drawn_example_fills_exactly_one_page():
    measure = texts.measure(texts.render("منطقه ۱۲: روشنایی کوچه چطور است؟", {}, "https://n12.example/7Kp3XmQ9vTc"))
    assert (measure.units, measure.pages, measure.left) == (70, 1, 0)


def test_placeholders_are_filled_and_fall_back():
    template = "{نام|همسایه} عزیز محلهٔ {محله}"
    assert texts.render(template, {"first_name": "زهرا", "neighbourhood": "هرندی"}, LINK).startswith("زهرا عزیز محلهٔ هرندی\n")
    assert texts.render(template, {}, LINK).startswith("همسایه عزیز محلهٔ محله\n")
    assert texts.render("{نام}", {"first_name": "ن" * 21}, LINK).startswith("همشهری\n")


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("", "text_empty"),
        ("  \n ", "text_empty"),
        ("سلام {نام خانوادگی}", "placeholder_unknown"),
        ("سلام {", "placeholder_unknown"),
        ("ببینید https://example.com/x", "text_has_own_link"),
        ("ببینید www.shahrdari.ir", "text_has_own_link"),
        ("ببینید tehran.ir/poll", "text_has_own_link"),
        ("ا" * 900, "text_too_long"),
        ("سلام\x00", "text_characters_invalid"),
    ],
)
def test_what_cannot_be_sent_is_refused(template, code):
    with pytest.raises(Refused, match=code):
        texts.check_template(template)


@given(
    st.text(alphabet=st.characters(blacklist_characters="{}", blacklist_categories=("Cs",)), min_size=1, max_size=80),
    st.text(max_size=30),
)
def test_the_longest_text_is_never_shorter_than_a_real_one(words, name):
    template = f"م {words} {{نام}}"
    real = texts.render(template, {"first_name": name}, f"https://m12.example/{texts.SAMPLE_TOKEN}")
    longest = texts.largest(template, "https://m12.example", "منطقه ۱۲", "۲۰ آذر")
    assert texts.measure(real).pages <= texts.measure(longest).pages


@given(st.text(max_size=60))
def test_rendering_is_repeatable(name):
    template = "سلام {نام}، پرسش‌ها تا {مهلت}"
    values = {"first_name": name, "deadline": "۲۰ آذر"}
    assert texts.render(template, values, LINK) == texts.render(template, values, LINK)
