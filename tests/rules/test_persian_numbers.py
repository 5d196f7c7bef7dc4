"""Digits, numbers, percentages and money as they stand on the screen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.persian import (
    format_number,
    format_percent,
    format_rial,
    format_toman_approx,
    to_latin_digits,
    to_persian_digits,
)

MINUS = "\u200e\u2212"


@given(st.text())
def test_digits_go_there_and_back(s):
    latin = to_latin_digits(s)
    assert to_latin_digits(to_persian_digits(s)) == latin
    assert to_persian_digits(latin) == to_persian_digits(s)
    assert len(latin) == len(s)
    assert not set(latin) & set("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")
    assert not set(to_persian_digits(s)) & set("0123456789٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    ("n", "decimals", "written"),
    [
        (0, None, "۰"),
        (8839, None, "۸٬۸۳۹"),
        (14_778_000, None, "۱۴٬۷۷۸٬۰۰۰"),
        (999, None, "۹۹۹"),
        (2.7, None, "۲٫۷"),
        (2.0, None, "۲"),
        (100.0, None, "۱۰۰"),
        (2.675, None, "۲٫۶۸"),
        (1234.5, 1, "۱٬۲۳۴٫۵"),
        (3, 1, "۳٫۰"),
        (0.5, 0, "۱"),
        (2.5, 0, "۳"),
        (Decimal("12.340"), None, "۱۲٫۳۴"),
        (-12, None, f"{MINUS}۱۲"),
        (-0.001, None, "۰"),
        (-2.5, None, f"{MINUS}۲٫۵"),
    ],
)
def test_numbers(n, decimals, written):
    assert format_number(n, decimals) == written


@given(st.integers())
def test_a_whole_number_keeps_every_digit(n):
    assert int(to_latin_digits(format_number(n)).replace("٬", "").replace(MINUS, "-")) == n


@pytest.mark.parametrize("n", [float("nan"), float("inf")])
def test_no_number_is_refused(n):
    with pytest.raises(ValueError, match="finite"):
        format_number(n)


@pytest.mark.parametrize(
    ("ratio", "decimals", "written"),
    [
        (None, 0, "—"),
        (0, 0, "۰\u200f٪"),
        (0.16, 0, "۱۶\u200f٪"),
        (1, 0, "۱۰۰\u200f٪"),
        (0.625, 0, "۶۳\u200f٪"),
        (0.027, 1, "۲٫۷\u200f٪"),
        (0.5, 1, "۵۰٫۰\u200f٪"),
        (-0.05, 0, f"{MINUS}۵\u200f٪"),
        (Decimal(1) / 3, 2, "۳۳٫۳۳\u200f٪"),
        (12.5, 0, "۱٬۲۵۰\u200f٪"),
    ],
)
def test_percentages_keep_their_sign_at_the_left(ratio, decimals, written):
    assert format_percent(ratio, decimals) == written


def test_rials_are_exact():
    assert format_rial(14_778_000) == "۱۴٬۷۷۸٬۰۰۰ ریال"
    assert format_rial(0) == "۰ ریال"


@pytest.mark.parametrize(
    ("rials", "written"),
    [
        (14_778_000, "۱٫۴۸ میلیون تومان"),
        (0, "۰ تومان"),
        (12, "۱ تومان"),
        (9_990, "۹۹۹ تومان"),
        (9_999, "۱ هزار تومان"),
        (10_000, "۱ هزار تومان"),
        (125_000, "۱۲٫۵ هزار تومان"),
        (9_999_000, "۱ میلیون تومان"),
        (9_994_000, "۹۹۹ هزار تومان"),
        (4_000_000_000, "۴۰۰ میلیون تومان"),
        (10_000_000_000, "۱ میلیارد تومان"),
        (123_400_000_000_000, "۱۲٫۳ هزار میلیارد تومان"),
        (-14_778_000, f"{MINUS}۱٫۴۸ میلیون تومان"),
    ],
)
def test_toman_in_round_figures(rials, written):
    assert format_toman_approx(rials) == written
