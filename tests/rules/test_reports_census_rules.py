"""Census figures as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.refusal import Refused
from engage.reports.census.rules import levelled, read_margins, read_rows

PLACES = ["سنگلج", "شهید هرندی", "بازار"]
TEXT = """بُعد\tگروه\tجمعیت
سن\t۱۸ تا ۲۹\t۲۲٬۰۰۰
سن\t30-44\t30000
سن\t۶۰ سال و بیشتر\t۱۸۰۰۰
جنسیت\tزنان\t۳۵٬۰۰۰
جنسیت\tمرد\t۳۵۰۰۰
محله\tمحلهٔ سنگلج\t40000
محله\tشهيد هرندي\t30000
"""


def test_what_is_pasted_from_a_spreadsheet_is_read() -> None:
    assert read_margins(read_rows(TEXT), PLACES) == {
        "age": {"18-29": 22_000, "30-44": 30_000, "60+": 18_000},
        "gender": {"female": 35_000, "male": 35_000},
        "neighbourhood": {"سنگلج": 40_000, "شهید هرندی": 30_000},
    }


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("سن,18-29", "census_columns"),
        ("قد,بلند,10\nقد,کوتاه,10", "census_dimension"),
        ("سن,18-30,10", "census_group"),
        ("محله,نازی‌آباد,10", "census_group"),
        ("جنسیت,زن,ده", "census_count"),
        ("جنسیت,زن,-10", "census_count"),
        ("جنسیت,زن,10\nجنسیت,زنان,10", "census_repeated"),
        ("جنسیت,زن,10\nجنسیت,مرد,0", "census_one_group"),
        ("جنسیت,زن,10\nجنسیت,مرد,10\nسن,18-29,10\nسن,30-44,11", "census_disagree"),
        ("بُعد,گروه,جمعیت", "census_empty"),
        ("   \n", "census_empty"),
        ("سن,18-29,1\n" * 601, "census_too_large"),
    ],
)
def test_what_is_wrong_is_named(rows: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_margins(read_rows(rows), PLACES)
    assert refused.value.code == code


@given(st.dictionaries(st.sampled_from(["female", "male"]), st.integers(1, 10**6), min_size=2), st.integers(1, 10**6))
def test_levelled_margins_keep_their_shares_and_add_up(gender: dict[str, int], rest: int) -> None:
    total = sum(gender.values())
    ages = {"18-29": total, "60+": rest}
    found = levelled({"age": ages, "gender": gender})
    assert sum(found["gender"].values()) == pytest.approx(sum(found["age"].values()))
    assert found["gender"]["female"] / sum(found["gender"].values()) == pytest.approx(gender["female"] / total)
