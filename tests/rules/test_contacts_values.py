"""Spellings of one place meet, names of different places don't, and nobody learns from the sums which number was stopped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.rows import COUNTS
from contacts.rules.values import (
    LISTED_AT_MOST,
    ValueCounts,
    about,
    core_key,
    distance,
    nearest,
    read_genders,
    read_options,
    read_places,
    shape_of,
    shielded,
    without_kind,
)
from engage.persian import search_key

LETTERS = st.text(alphabet="ابپتجدرزسشعفقکگلمنوهی ", min_size=1, max_size=12)


def counted(**values: int) -> ValueCounts:
    counts = ValueCounts()
    for text, count in values.items():
        for _ in range(count):
            counts.add(text.replace("_", " "))
    return counts


def plain_distance(one: str, other: str) -> int:
    """Optimal string alignment, as it is defined."""
    table = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@given(LETTERS, LETTERS, st.integers(0, 4))
def test_the_distance_is_the_defined_one_up_to_its_limit(one: str, other: str, limit: int) -> None:
    assert distance(one, other, limit) == min(plain_distance(one, other), limit + 1)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("محله سنگلج", "سنگلج"),
        ("محلهٔ سنگلج", "سنگلج"),
        ("محله‌ی سنگلج", "سنگلج"),
        ("محله ي سنگلج", "سنگلج"),
        ("کوی نصر", "نصر"),
        ("شهرک  غرب", "غرب"),
        ("سنگلج", "سنگلج"),
        ("محله", "محله"),
        ("محلهٔ علی‌آباد", "علی‌آباد"),
    ],
)
def test_the_word_for_the_kind_of_a_place_is_no_part_of_its_name(written: str, name: str) -> None:
    assert without_kind(written) == name
    assert core_key(written) == core_key(name)


@given(LETTERS)
def test_a_name_without_its_kind_stays_what_it_is(name: str) -> None:
    once = without_kind(f"محلهٔ {name}")
    assert core_key(once) == core_key(name) or core_key(once) in core_key(f"محلهٔ {name}")


@pytest.mark.parametrize(
    ("written", "known", "expected"),
    [
        ("سنگلچ", ["هرندی", "سنگلج"], "سنگلج"),
        ("محله سنگلج", ["سنگلج"], "سنگلج"),
        ("سن گلج", ["سنگلج"], "سنگلج"),
        ("سنگلج شمالی", ["سنگلج"], ""),
        ("محله ۲", ["محله ۳"], ""),
        ("نارمک ۲", ["نارمک ۳"], ""),
        ("ارگ", ["ارم"], ""),
        ("", ["سنگلج"], ""),
    ],
)
def test_the_nearest_known_name(written: str, known: list[str], expected: str) -> None:
    assert nearest(written, known) == expected


def test_a_unit_without_places_is_asked_only_about_spellings_that_look_alike() -> None:
    found = read_places(counted(سنگلج=3, محله_سنگلج=9, سنگلچ=1, هرندی=5, ارگ=1), [], {})
    assert [(each.text, each.count, each.suggestion) for each in found.unknown] == [("محله سنگلج", 9, "سنگلج"), ("سنگلچ", 1, "سنگلج")]
    assert found.decided == {}
    assert read_places(counted(هرندی=5, ارگ=1), [], {}).unknown == ()


def test_a_unit_with_places_is_asked_about_every_unknown_one_once() -> None:
    found = read_places(counted(سنگلج=3, محله_سنگلج=9, پامنار=2), ["سنگلج", "هرندی"], {})
    assert [(each.text, each.count, each.suggestion) for each in found.unknown] == [("محله سنگلج", 9, "سنگلج"), ("پامنار", 2, "")]


def test_another_spelling_of_a_known_place_is_stored_as_it_is_known_and_what_was_decided_is_not_asked_again() -> None:
    counts = ValueCounts()
    for text in ("علي‌آباد", "محله سنگلج", "—"):
        counts.add(text)
    found = read_places(counts, ["علی آباد", "سنگلج"], {"محله سنگلج": "سنگلج"})
    assert found.unknown == () and found.decided == {search_key("علی‌آباد"): "علی آباد", "محله سنگلج": "سنگلج"}


def test_a_column_of_free_text_asks_only_about_its_most_frequent_values() -> None:
    counts = ValueCounts()
    for number in range(LISTED_AT_MOST + 50):
        for _ in range(1 + (number == 7)):
            counts.add(f"خیابان شماره {number} پلاک {number}")
    found = read_places(counts, ["سنگلج"], {})
    assert len(found.unknown) == LISTED_AT_MOST and found.left_count == 50 and found.unknown[0].count == 2


def test_numbers_in_the_wrong_column_are_never_listed() -> None:
    counts = ValueCounts()
    counts.add("09121234567")
    counts.add(9121234567.0)
    assert read_places(counts, ["سنگلج"], {}).unknown == ()


def test_genders_and_options_that_are_not_understood() -> None:
    found = read_genders(counted(زن=4, خواهر=2, بلا=1), {"بلا": ""})
    assert [each.text for each in found.unknown] == ["خواهر"] and found.decided == {"بلا": ""}
    options = read_options(counted(نانوا=3, نانوایی=2, بقال=1, نامشخص=9), ["نانوا", "بقال"], {"نانوایی": "نانوا"})
    assert options.unknown == () and options.decided == {"نانوایی": "نانوا"}
    gone = read_options(counted(نانوایی=2), ["بقال"], {"نانوایی": "نانوا"})
    assert [each.text for each in gone.unknown] == ["نانوایی"]


@given(st.lists(LETTERS, min_size=1, max_size=6))
def test_the_shape_of_a_file_is_its_headers_in_their_order(headers: list[str]) -> None:
    assert shape_of(headers) == shape_of([f" {header}: " for header in headers])
    if len({core_key(header) for header in headers}) > 1:
        assert shape_of(headers) != shape_of([*headers, "شماره"])


@given(st.lists(st.integers(0, 10**6), min_size=6, max_size=6), st.integers(0, 10**6))
def test_stopped_numbers_that_nobody_here_knows_count_as_new_and_the_sum_stays(numbers: list[int], hidden: int) -> None:
    counts = dict(zip(COUNTS, numbers, strict=True))
    told = shielded(counts, hidden)
    assert sum(told.values()) == sum(counts.values()) and min(told.values()) >= 0
    assert {name for name in counts if told[name] != counts[name]} <= {"created", "suppressed"}
    # Two lists that differ only in which unknown numbers were stopped are told alike.
    moved = min(counts["suppressed"], hidden)
    other = {**counts, "created": counts["created"] + moved, "suppressed": counts["suppressed"] - moved}
    assert shielded(other, 0) == told


@given(st.integers(0, 10**6))
def test_what_is_said_of_them_is_a_ten(count: int) -> None:
    assert about(count) % 10 == 0 and abs(about(count) - count) <= 5
