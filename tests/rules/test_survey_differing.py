"""What changed between two definitions: nothing exactly when they are equal, and each difference where a reader looks for it."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from surveys.definitions import Definition
from surveys.differing import Change, differences
from surveys.types import LongText, Option, ShortText, Single, YesNo

replace = msgspec.structs.replace


def asked(*ids: str) -> list[ShortText]:
    return [ShortText(id=each, label=f"پرسش {each}") for each in ids]


def survey(*ids: str) -> Definition:
    return Definition(title="نظر شما", questions=asked(*ids))


def said(before: Definition, after: Definition) -> list[tuple[str, str, int, int]]:
    return [(each.kind.value, each.question_id, each.number_before, each.number_after) for each in differences(before, after)]


def test_an_added_and_a_removed_question_are_told_where_they_stand() -> None:
    assert said(survey("a", "b", "c"), survey("a", "x", "c")) == [("added", "x", 0, 2), ("removed", "b", 2, 0)]


def test_one_moved_question_is_one_move() -> None:
    assert said(survey("a", "b", "c", "d"), survey("b", "c", "d", "a")) == [("moved", "a", 1, 4)]


def test_a_removed_question_is_told_before_what_stood_after_it() -> None:
    before, after = survey("a", "b", "c"), survey("b", "c")
    changed = replace(after, questions=[after.questions[0], replace(after.questions[1], hint="کوتاه")])
    assert said(before, changed) == [("removed", "a", 1, 0), ("changed", "c", 3, 2)]


def test_a_changed_question_tells_each_field_with_before_and_after() -> None:
    before = survey("a")
    after = replace(before, questions=[replace(before.questions[0], label="نام شما", required=True)])
    (difference,) = differences(before, after)
    assert difference.kind is Change.CHANGED and difference.label == "نام شما"
    assert set(difference.changes) == {("label", "پرسش a", "نام شما"), ("required", False, True)}


def test_another_type_under_the_same_id_is_a_change_of_the_type() -> None:
    before, after = survey("a"), Definition(title="نظر شما", questions=[LongText(id="a", label="پرسش a")])
    (difference,) = differences(before, after)
    assert ("type", "short_text", "long_text") in difference.changes


def test_a_moved_question_may_be_changed_too() -> None:
    before = survey("a", "b", "c")
    after = replace(before, questions=[*before.questions[1:], replace(before.questions[0], hint="آن‌جا")])
    (difference,) = differences(before, after)
    assert difference.kind is Change.MOVED and difference.changes == (("hint", "", "آن‌جا"),)


def test_the_survey_itself_comes_first() -> None:
    before, after = survey("a"), replace(survey("a", "b"), intro="چرا می‌پرسیم")
    assert [each.question_id for each in differences(before, after)] == ["", "b"]


IDS = st.sampled_from(["q1", "q2", "q3", "q4", "q5", "q6"])
LABELS = st.sampled_from(["یک", "دو", ""])


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    questions: list[ShortText | Single | YesNo] = []
    for question_id in draw(st.lists(IDS, unique=True, max_size=6)):
        kind, label = draw(st.integers(0, 2)), draw(LABELS)
        if kind == 0:
            questions.append(ShortText(id=question_id, label=label, required=draw(st.booleans())))
        elif kind == 1:
            options = [Option(id=each, label=each) for each in draw(st.lists(st.sampled_from(["a", "b"]), unique=True))]
            questions.append(Single(id=question_id, label=label, options=options))
        else:
            questions.append(YesNo(id=question_id, label=label))
    return Definition(title=draw(LABELS), questions=questions)  # type: ignore[arg-type]


@given(definitions(), definitions())
def test_nothing_differs_exactly_between_equals(before: Definition, after: Definition) -> None:
    found = differences(before, after)
    assert (found == []) == (before == after)
    assert differences(before, before) == []
    told = [each.question_id for each in found]
    assert len(set(told)) == len(told)
    old, new = {each.id for each in before.questions}, {each.id for each in after.questions}
    assert {each.question_id for each in found if each.kind is Change.ADDED} == new - old
    assert {each.question_id for each in found if each.kind is Change.REMOVED} == old - new
    after_numbers = [each.number_after for each in found if each.number_after]
    assert after_numbers == sorted(after_numbers)
