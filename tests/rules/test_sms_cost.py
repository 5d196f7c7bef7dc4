"""Prices: pages times the price of the script on the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.sms.cost import PagePrice, PriceTable, estimate, estimate_text
from engage.sms.segments import Script

TABLE = PriceTable(PagePrice(persian=1_000, latin=2_400), {"3000": PagePrice(persian=800, latin=2_000)})


def test_a_line_has_its_own_price_or_the_default() -> None:
    assert estimate(3, Script.PERSIAN, TABLE) == 3_000
    assert estimate(3, "latin", TABLE, "3000") == 6_000
    assert estimate(1, Script.LATIN, TABLE, "9999") == 2_400
    assert estimate_text("س" * 71, TABLE, "3000") == 1_600
    assert estimate_text("", TABLE) == 0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(Script))
def test_estimates_add_up(first: int, second: int, script: Script) -> None:
    assert estimate(first, script, TABLE) + estimate(second, script, TABLE) == estimate(first + second, script, TABLE)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError):
        PagePrice(persian=-1, latin=0)
    with pytest.raises(ValueError):
        estimate(-1, Script.PERSIAN, TABLE)
    with pytest.raises(ValueError):
        estimate(1, "greek", TABLE)
