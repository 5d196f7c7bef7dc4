"""A unit's own fields and tags, and whom a list may bring back: the rules alone."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.bulk import TRANSITIONS, BulkKind, BulkState, advance, may_undo
from contacts.rules.custom_values import CustomKind
from contacts.rules.fields import KEY, changed_values, check_key, check_options, check_tag, check_title, fresh_key, read_value
from contacts.rules.people import Person, may_list_reopen
from engage.refusal import Refused


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


@given(st.text(max_size=80), st.sets(st.sampled_from(["field_1", "field_2", "shoghl", "shoghl_1"])))
def test_a_made_key_is_always_valid_and_free(title: str, taken: set[str]) -> None:
    key = fresh_key(title, taken)
    assert KEY.fullmatch(key) and key not in taken


def test_a_key_comes_from_latin_letters_of_the_title_or_is_numbered() -> None:
    assert fresh_key("Trade code ۲", ()) == "trade_code_2"
    assert fresh_key("شغل", {"field_1"}) == "field_2"


@pytest.mark.parametrize("key", ["", "شغل", "1a", "a-b", "a b", "_a", "a" * 41])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(Refused) as refused:
        check_key(key)
    assert code_of(refused) == "field_key_wrong"


def test_a_key_is_taken_in_any_case_and_digits() -> None:
    assert check_key(" Shop_۲ ") == "shop_2"


def test_options_are_read_line_by_line_and_each_spelling_counts_once() -> None:
    assert check_options(CustomKind.CHOICE, ["کسبه", " كسبه ", "", "کارمند"]) == ["کسبه", "کارمند"]
    assert check_options(CustomKind.TEXT, ["یک"]) == []
    for lines, code in ((["یک"], "field_options_missing"), ([str(n) for n in range(101)], "field_options_many"), (["a", "b" * 101], "field_option_long")):
        with pytest.raises(Refused) as refused:
            check_options(CustomKind.CHOICE, lines)
        assert code_of(refused) == code


def test_titles_and_tags_are_short_and_not_blank() -> None:
    assert check_title("  شغل   دوم ") == "شغل دوم" and check_tag(" داوطلب ") == "داوطلب"
    for call, code in (
        (lambda: check_title(" "), "field_title_missing"),
        (lambda: check_title("ا" * 61), "field_title_long"),
        (lambda: check_tag("\u200c"), "tag_name_missing"),
        (lambda: check_tag("ا" * 41), "tag_name_long"),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert code_of(refused) == code


def test_an_option_taken_out_of_the_list_may_stay_where_it_is_stored() -> None:
    assert read_value("choice", ["کارمند", "بیکار"], "کسبه", "کسبه") == ("کسبه", None)
    assert read_value("choice", ["کارمند", "بیکار"], "کسبه", None) == (None, "custom_choice_unknown")


@given(st.dictionaries(st.sampled_from("abc"), st.integers()), st.dictionaries(st.sampled_from("abc"), st.none() | st.integers()))
def test_a_decision_about_some_fields_leaves_the_others(before: dict[str, int], read: dict[str, int | None]) -> None:
    after = changed_values(before, read)
    assert {key: value for key, value in after.items() if key not in read} == {key: value for key, value in before.items() if key not in read}
    assert all(after.get(key) == value for key, value in read.items())


CLOSED = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("incoming", "may"),
    [
        (Person("زهرا", "کاظمی"), False),
        (Person("", "كاظمي"), False),  # a part that is missing contradicts nothing
        (Person(), False),
        (Person("مریم", "صادقی"), False),  # a further name of the same list
        (Person("رضا", "نوری"), True),
        (Person("زهرا", "کاظمی", consented_on=date(2026, 11, 19)), False),
        (Person("زهرا", "کاظمی", consented_on=date(2026, 11, 20)), False),
        (Person("زهرا", "کاظمی", consented_on=date(2026, 11, 21)), True),
    ],
)
def test_a_list_brings_a_disowned_number_back_only_as_somebody_else(incoming: Person, may: bool) -> None:
    assert may_list_reopen([("زهرا", "کاظمی"), ("مریم", "صادقی")], CLOSED, incoming) is may


@pytest.mark.parametrize("state", list(BulkState))
@pytest.mark.parametrize("to", list(BulkState))
def test_a_bulk_change_moves_by_its_table_alone(state: BulkState, to: BulkState) -> None:
    if to in TRANSITIONS[state]:
        assert advance(state, to) is to
    else:
        with pytest.raises(Refused):
            advance(state, to)


def test_a_withdrawal_is_the_one_change_that_is_not_taken_back() -> None:
    assert [kind for kind in BulkKind if not may_undo(kind, BulkState.DONE)] == [BulkKind.WITHDRAW]
    assert not any(may_undo(kind, state) for kind in BulkKind for state in BulkState if state is not BulkState.DONE)


