"""The demo's people and questions: valid, the same everywhere, and nobody's."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage import persian
from engage.operations.demo import people, questions
from surveys.definitions import gaps, load
from surveys.types import AnswerProblem


def test_a_hundred_thousand_numbers_are_distinct_and_accepted() -> None:
    numbers = people.made_up_numbers(100_000, seed=1)
    assert len(set(numbers)) == 100_000
    assert all(persian.parse_phone(number) == number for number in numbers)


@settings(max_examples=30)
@given(st.integers(0, 3_000), st.integers(0, 3_000), st.integers())
def test_a_longer_list_begins_with_the_shorter(one: int, other: int, seed: int) -> None:
    short, long = sorted((one, other))
    assert people.made_up_numbers(long, seed)[:short] == people.made_up_numbers(short, seed)


def test_two_seeds_make_two_lists() -> None:
    assert people.made_up_numbers(50, 1) != people.made_up_numbers(50, 2)
    assert people.made_up_people(50, 1) != people.made_up_people(50, 2)


def test_people_are_adults_of_the_thirteen_neighbourhoods() -> None:
    citizens = people.made_up_people(10_000, seed=1405)
    assert citizens == people.made_up_people(10_000, seed=1405)
    places = Counter(each.neighbourhood for each in citizens)
    assert len(places) == 13
    assert min(places.values()) > 200
    assert {each.gender for each in citizens} == {people.FEMALE, people.MALE}
    assert all(1315 <= each.birth_year <= 1387 for each in citizens)
    assert all(persian.parse_jalali(each.consented_on) is not None for each in citizens)
    assert len({each.last_name for each in citizens}) > 40
    women = {each.first_name for each in citizens if each.gender == people.FEMALE}
    men = {each.first_name for each in citizens if each.gender == people.MALE}
    assert not women & men


def test_names_are_typed_in_one_persian_spelling() -> None:
    citizens = people.made_up_people(3_000, seed=7, neighbourhoods=people.DISTRICT_7)
    for word in {part for each in citizens for part in (each.first_name, each.last_name, each.neighbourhood)}:
        assert persian.normalise(word) == word


def test_the_list_is_written_as_offices_write_them(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    people.write_csv(path, 300, seed=3)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows[0] == ["نام", "نام خانوادگی", "تلفن همراه", "محله", "جنسیت", "سال تولد", "تاریخ رضایت"]
    assert [persian.parse_phone(row[2]) for row in rows[1:]] == people.made_up_numbers(300, seed=3)
    assert {row[5][:2] for row in rows[1:]} == {"۱۳", "13"}


@pytest.mark.parametrize("definition", [questions.mayor_survey(), questions.cleanliness_survey()], ids=lambda each: each["title"])
def test_surveys_can_be_published_as_they_are(definition: dict[str, object]) -> None:
    assert gaps(load(definition)) == []


def test_the_mayors_ballot_allows_three_projects_or_none() -> None:
    projects = load(questions.mayor_survey()).question("projects")
    assert projects is not None
    assert projects.read({"": ["lighting", "water", "school"]}) == {"": ["lighting", "school", "water"]}
    assert projects.read({"": ["none"]}) == {"": ["none"]}
    assert projects.read({}) == {} and projects.required
    for chosen in (["lighting", "water", "school", "waste"], ["none", "water"]):
        with pytest.raises(AnswerProblem):
            projects.read({"": chosen})


def test_open_answers_are_many_short_and_name_nobody() -> None:
    assert len(set(questions.OPEN_ANSWERS)) == len(questions.OPEN_ANSWERS) >= 25
    for answer in questions.OPEN_ANSWERS + questions.CLEANLINESS_ANSWERS:
        assert 10 < len(answer) <= 200
        assert not re.search(r"\d{4}", answer)
        assert not set(answer) & set("يكةى0123456789")
