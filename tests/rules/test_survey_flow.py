"""The way through a questionnaire: what is asked, on which page, what counts in the end, and what can't be and is found beforehand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.definitions import Definition, Gap, Quota, estimated_minutes, gaps, is_satisfied_by, numbers_of, read_answers
from surveys.flow import complete_document, cut_pages, pipe, pipe_question, visible_questions
from surveys.types import (
    Calculation,
    Date,
    Drawn,
    Hidden,
    Information,
    LongText,
    Matrix,
    Multiple,
    Number,
    Option,
    Rating,
    ShortText,
    Single,
    Skip,
    YesNo,
)
from surveys.types.matrix import Row

TODAY = date(2026, 11, 23)
plain = Drawn().translate
patient = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no defect of a rule."""


def options(*ids: str) -> list[Option]:
    return [Option(id=each, label=f"گزینهٔ {each}") for each in ids]


def survey(*questions: Any, **rest: Any) -> Definition:
    return Definition(title="t", questions=list(questions), **rest)


def codes(definition: Definition) -> list[tuple[str, int, str, str]]:
    return [(gap.code, gap.number, gap.field, gap.detail) for gap in gaps(definition)]


def shown(definition: Definition, document: dict[str, Any]) -> list[str]:
    return [question.id for question in visible_questions(definition, document, TODAY)]


BRANCHING = survey(
    Single(id="q1", label="۱", options=options("a", "b", "c"), required=True, skips=[Skip(when='q1 = "c"', to="q5")]),
    Number(id="q2", label="۲", show_if='q1 = "a"', required=True, min=0, valid_if="q2 < 100", valid_message="کمتر از صد بنویسید."),
    Multiple(id="q3", label="۳", options=options("x", "y"), required_if="q2 > 10"),
    Calculation(id="q4", label="جمع", formula="q2 * 2 + count(q3)"),
    ShortText(id="q5", label="۵", show_if="q4 > 5 or not answered(q4)"),
)

# -- the way -------------------------------------------------------------------------------------------------------------------------


def test_conditions_and_skips_decide_what_is_asked() -> None:
    assert shown(BRANCHING, {}) == ["q1", "q3", "q4", "q5"]
    assert shown(BRANCHING, {"q1": "a", "q2": 1}) == ["q1", "q2", "q3", "q4"]
    assert shown(BRANCHING, {"q1": "a", "q2": 50}) == ["q1", "q2", "q3", "q4", "q5"]
    assert shown(BRANCHING, {"q1": "c", "q2": 50}) == ["q1", "q5"]


def test_answers_to_questions_that_vanished_count_for_nothing() -> None:
    document = {"q1": "b", "q2": 50, "q3": ["x"], "q4": 999, "q5": "سلام", "stranger": 1}
    assert complete_document(BRANCHING, document, TODAY) == {"q1": "b", "q3": ["x"], "q5": "سلام"}
    assert complete_document(BRANCHING, {**document, "q1": "a"}, TODAY) == {"q1": "a", "q2": 50, "q3": ["x"], "q4": 101, "q5": "سلام"}


def test_a_skip_without_a_target_ends_the_survey() -> None:
    definition = survey(YesNo(id="a", label="۱", skips=[Skip(when='a = "no"')]), ShortText(id="b", label="۲", required=True))
    assert shown(definition, {"a": "no"}) == ["a"]
    assert read_answers(definition, {"a": ["no"], "b": ["x"]}, today=TODAY).answers == {"a": "no"}
    assert read_answers(definition, {"a": ["yes"]}, today=TODAY).problems.keys() == {"b"}


def test_a_whole_is_read_and_is_what_satisfies() -> None:
    reading = read_answers(BRANCHING, {"q1": ["a"], "q2": ["۵۰"], "q3": ["x"], "q5": ["متن"]}, today=TODAY)
    assert not reading.problems
    assert reading.answers == {"q1": "a", "q2": 50, "q3": ["x"], "q4": 101, "q5": "متن"}
    assert is_satisfied_by(BRANCHING, reading.answers, TODAY)
    for wrong in ({"q4": 102}, {"q4": True}, {"q2": 200}, {"q2": 5}, {"q1": "b"}, {"q1": "c"}, {"q9": 1}, {"q4": None}):
        assert not is_satisfied_by(BRANCHING, {**reading.answers, **wrong}, TODAY)
    for missing in ("q1", "q2", "q3", "q4"):
        assert not is_satisfied_by(BRANCHING, {name: value for name, value in reading.answers.items() if name != missing}, TODAY)


def test_what_is_required_or_valid_by_a_condition_is_said() -> None:
    reading = read_answers(BRANCHING, {"q1": ["a"], "q2": ["50"]}, today=TODAY)
    assert {each: problem.code for each, problem in reading.problems.items()} == {"q3": "answer_missing"}
    reading = read_answers(BRANCHING, {"q1": ["a"], "q2": ["500"], "q3": ["x"]}, today=TODAY)
    assert reading.problems["q2"].code == "condition_unmet"
    question = BRANCHING.question("q2")
    assert question is not None
    assert question.explain(reading.problems["q2"], plain)[1] == "کمتر از صد بنویسید."
    assert "q2" not in reading.answers


def test_a_matrix_that_is_required_by_a_condition_wants_every_row() -> None:
    definition = survey(
        YesNo(id="a", label="۱"),
        Matrix(id="m", label="۲", rows=[Row(id="r1", label="۱"), Row(id="r2", label="۲")], options=options("x", "y"), required_if="a"),
    )
    assert read_answers(definition, {"a": ["no"], "m.r1": ["x"]}, today=TODAY).answers == {"a": "no", "m.r1": "x"}
    assert read_answers(definition, {"a": ["yes"], "m.r1": ["x"]}, today=TODAY).problems["m"].code == "rows_missing"
    assert not is_satisfied_by(definition, {"a": "yes", "m.r1": "x"}, TODAY)
    assert is_satisfied_by(definition, {"a": "yes", "m.r1": "x", "m.r2": "y"}, TODAY)


def test_pages_are_read_one_by_one_and_make_the_same_whole() -> None:
    given_all = {"q1": ["a"], "q2": ["50"], "q3": ["x"], "q5": ["متن"]}
    document: dict[str, Any] = {}
    for page in cut_pages(BRANCHING):
        ids = {question.id for question in page}
        reading = read_answers(BRANCHING, {name: values for name, values in given_all.items() if name in ids}, today=TODAY, earlier=document, questions=page)
        assert not reading.problems
        document |= reading.answers
    assert complete_document(BRANCHING, document, TODAY) == read_answers(BRANCHING, given_all, today=TODAY).answers


# -- pages ---------------------------------------------------------------------------------------------------------------------------


def ids_of(pages: list[list[Any]]) -> list[list[str]]:
    return [[question.id for question in page] for page in pages]


def test_no_page_holds_a_question_that_depends_on_another_one_there() -> None:
    assert ids_of(cut_pages(BRANCHING)) == [["q1"], ["q2", "q3", "q4"], ["q5"]]


def test_seven_plain_questions_stand_on_one_page() -> None:
    texts = [ShortText(id=f"q{number}", label="?") for number in range(1, 16)]
    assert [len(page) for page in cut_pages(survey(*texts))] == [7, 7, 1]
    assert ids_of(cut_pages(survey(*texts[:3], ShortText(id="n", label="?", new_page=True), *texts[3:4]))) == [["q1", "q2", "q3"], ["n", "q4"]]
    rows = [Row(id=f"r{number}", label=f"{number}") for number in range(9)]
    assert ids_of(cut_pages(survey(texts[0], Matrix(id="m", label="?", rows=rows, options=options("a", "b")), texts[1]))) == [["q1"], ["m"], ["q2"]]
    assert cut_pages(survey()) == []


def test_a_text_that_repeats_an_answer_waits_for_the_next_page() -> None:
    definition = survey(ShortText(id="a", label="?"), ShortText(id="b", label="{a} و …"), ShortText(id="c", label="{zzz}"))
    assert ids_of(cut_pages(definition)) == [["a"], ["b", "c"]]


def test_what_isnt_drawn_makes_no_page() -> None:
    definition = survey(
        Hidden(id="h", label="", parameter="poster", value="none", new_page=True),
        ShortText(id="a", label="?", show_if='h = "bazaar"'),
        Calculation(id="c", label="", formula="length(a)", new_page=True),
        ShortText(id="b", label="?", show_if="c > 3"),
    )
    assert ids_of(cut_pages(definition)) == [["h", "a", "c"], ["b"]]
    carried = {"h": "bazaar"}
    assert ids_of([visible_questions(definition, carried, TODAY)]) == [["h", "a", "c"]]
    assert ids_of([visible_questions(definition, {**carried, "a": "سلام"}, TODAY)]) == [["h", "a", "c", "b"]]
    page = read_answers(definition, {"a": ["سلام"]}, today=TODAY, earlier=carried, questions=cut_pages(definition)[0][1:2])
    assert complete_document(definition, {**carried, **page.answers}, TODAY) == {"h": "bazaar", "a": "سلام", "c": 4}


# -- repeated answers ----------------------------------------------------------------------------------------------------------------


def test_answers_are_repeated_in_words() -> None:
    definition = survey(
        Single(id="one", label="?", options=options("a", "b")),
        Multiple(id="some", label="?", options=options("a", "b")),
        Date(id="day", label="?"),
        YesNo(id="yes", label="?"),
        Matrix(id="m", label="?", rows=[Row(id="r1", label="پارک")], options=options("a", "b")),
        Number(id="n", label="?"),
        LongText(id="text", label="?"),
        Rating(id="stars", label="{one}، {n} و {nobody}", low_label="{text}"),
    )
    document = {"one": "a", "some": ["a", "b"], "day": "2026-11-22", "yes": "yes", "m.r1": "b", "n": 1234, "text": "یک\nدو\u202e{one}"}
    said = {name: pipe(f"«{{{name}}}»", definition, document, plain) for name in ("one", "some", "m.r1", "n", "text", "stars")}
    assert said == {
        "one": "«گزینهٔ a»",
        "some": "«گزینهٔ a، گزینهٔ b»",
        "m.r1": "«گزینهٔ b»",
        "n": "«۱٬۲۳۴»",
        "text": "«یک دو {one}»",
        "stars": "«…»",
    }
    assert "آذر ۱۴۰۵" in pipe("{day}", definition, document, plain)
    assert pipe("{nobody} {} { one }", definition, document, plain) == "{nobody} {} { one }"
    piped = pipe_question(definition.questions[-1], definition, document, plain)
    assert piped.label == "گزینهٔ a، ۱٬۲۳۴ و {nobody}"
    assert pipe_question(definition.questions[0], definition, document, plain) is definition.questions[0]
    assert len(pipe("{text}", definition, {"text": "آ" * 9000}, plain)) == 200


@patient
@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["q1", "q2", "q3", "q4", "q5", "q5.other"]), st.none() | st.text(max_size=9) | st.floats() | st.lists(st.text(max_size=2))))
def test_repeating_answers_never_raises(text: str, document: dict[str, Any]) -> None:
    for name in ("q1", "q2", "q3", "q4", "q5", "q5.other"):
        said = pipe(text + f"{{{name}}}", BRANCHING, document, plain)
        assert "\u202e" not in said.removeprefix(text) and "\n" not in said.removeprefix(text)


# -- what can't be -------------------------------------------------------------------------------------------------------------------

ONE = Single(id="one", label="?", options=options("a", "b"))
TWO = Number(id="two", label="?")


def after_one(**fields: Any) -> Definition:
    return survey(ONE, Number(id="two", label="?", **fields), ShortText(id="three", label="?"))


@pytest.mark.parametrize(
    ("definition", "found"),
    [
        (after_one(show_if='one = "a"'), []),
        (after_one(show_if='one ='), [("expression_unfinished", 2, "show_if", "")]),
        (after_one(show_if='gone = "a"'), [("name_unknown", 2, "show_if", "gone")]),
        (after_one(show_if='one = "z"'), [("option_unknown", 2, "show_if", "z")]),
        (after_one(show_if="answered(three)"), [("name_later", 2, "show_if", "three")]),
        (after_one(show_if="two = 1"), [("name_itself", 2, "show_if", "two")]),
        (after_one(required_if="two = 1"), [("name_itself", 2, "required_if", "two")]),
        (after_one(valid_if="two > 1"), []),
        (after_one(valid_if="two > 1 and two < 0"), [("valid_never", 2, "valid_if", "")]),
        (after_one(valid_if="two + 1"), [("condition_expected", 2, "valid_if", "two + 1")]),
        (after_one(show_if='one = "a" and one = "b"'), [("question_unreachable", 2, "show_if", "")]),
        (after_one(show_if="1 = 2", required=True), [("required_unreachable", 2, "show_if", "")]),
        (after_one(skips=[Skip(when="two > 1", to="three"), Skip(when="two > 5")]), []),
        (after_one(skips=[Skip(when="two > 1", to="gone")]), [("skip_target_unknown", 2, "skips.1", "gone")]),
        (after_one(skips=[Skip(when="two > 1", to="one")]), [("skip_backwards", 2, "skips.1", "one")]),
        (after_one(skips=[Skip(when="two > 1", to="two")]), [("skip_backwards", 2, "skips.1", "two")]),
        (after_one(skips=[Skip(when="", to="three")]), [("expression_empty", 2, "skips.1", "")]),
        (after_one(skips=[Skip(when="answered(three)", to="three")]), [("name_later", 2, "skips.1", "three")]),
        (after_one(skips=[Skip(when="true")]), [("question_unreachable", 3, "show_if", "")]),
        (after_one(hint="{three}"), [("name_later", 2, "hint", "three")]),
        (after_one(hint="{gone} {one} {one.x}"), [("name_unknown", 2, "hint", "gone"), ("name_unknown", 2, "hint", "one.x")]),
        (after_one(unit="{two}"), [("name_itself", 2, "unit", "two")]),
        (survey(ONE, Calculation(id="c", label="?", formula="")), [("expression_empty", 0, "formula", "")]),
        (survey(ONE, Calculation(id="c", label="?", formula="c + 1")), [("name_itself", 0, "formula", "c")]),
        (survey(ONE, Calculation(id="c", label="?", formula='one = "a"')), [("number_expected", 0, "formula", 'one = "a"')]),
        (
            survey(ShortText(id="a", label="?", show_if="answered(b)"), ShortText(id="b", label="?", show_if="answered(a)")),
            [("logic_circular", 1, "show_if", "b")],
        ),
        (survey(ONE, quotas=[Quota(id="x", label="", when=" ", limit=3)]), [("quota_expression_empty", 0, "quotas.x", "x")]),
        (survey(ONE, quotas=[Quota(id="x", label="", when='one = "z"', limit=3)]), [("option_unknown", 0, "quotas.x", "z")]),
        (
            survey(ONE, quotas=[Quota(id="x", label="س", when='one = "a" and one = "b"', limit=3)]),
            [("quota_never", 0, "quotas.x", "س")],
        ),
        (
            survey(ONE, quotas=[Quota(id="x", label="۱", when='one="a"', limit=3), Quota(id="y", label="۲", when='(one = "a")', limit=4)]),
            [("quota_repeated", 0, "quotas.y", "۲")],
        ),
        (
            survey(ONE, TWO, translations={"en": {"one.label": "{two}", "two.label": "{one}"}}),
            [("name_later", 1, "en:label", "two")],
        ),
    ],
)
def test_what_cant_be_is_found_with_its_place(definition: Definition, found: list[tuple[str, int, str, str]]) -> None:
    assert codes(definition) == found


def test_what_depends_on_what_nobody_is_asked_is_unreachable_too() -> None:
    definition = survey(
        ONE,
        ShortText(id="a", label="?", show_if="false"),
        ShortText(id="b", label="?", show_if="answered(a)"),
        ShortText(id="c", label="?", show_if="not answered(a)"),
    )
    assert gaps(definition) == [Gap("question_unreachable", 2, "a", "", "show_if"), Gap("question_unreachable", 3, "b", "", "show_if")]


def test_skips_over_conditions_leave_a_way() -> None:
    definition = survey(
        YesNo(id="a", label="?", required=True, skips=[Skip(when="a", to="c"), Skip(when="not a", to="d")]),
        ShortText(id="b", label="?"),
        ShortText(id="c", label="?"),
        ShortText(id="d", label="?"),
    )
    # Either the one or the other holds, also where nothing was answered: nobody comes to b, while c and d have their ways.
    assert [gap.question_id for gap in gaps(definition)] == ["b"]


# -- any definition ------------------------------------------------------------------------------------------------------------------

CONDITIONS = ["", 'q1 = "a"', "q2 > 3", 'q3 has "x"', "answered(q4)", "not (q2 >= 1)", "q5 + q2 < 9", 'q1 != "b" and q2 = 4', "length(q4) > 2", "broken(", "q9 = 1", "q2 > age(q2)"]
conditions = st.sampled_from(CONDITIONS)


@st.composite
def definitions(draw: Any) -> Definition:
    makers = [
        lambda **more: Single(id="q1", label="{q2}", options=options("a", "b"), **more),
        lambda **more: Number(id="q2", label="{q1}", **more),
        lambda **more: Multiple(id="q3", label="?", options=options("x", "y"), **more),
        lambda **more: ShortText(id="q4", label="?", **more),
        lambda **more: Calculation(id="q5", label="?", formula=draw(st.sampled_from(["q2 * 2", "count(q3)", "q2 / 0", "(", "q5 + 1"])), show_if=more["show_if"]),
        lambda **more: YesNo(id="q6", label="?", **more),
    ]
    found = []
    for maker in draw(st.permutations(makers)):
        skips = draw(st.lists(st.builds(Skip, when=conditions, to=st.sampled_from(["", "q1", "q2", "q3", "q4", "q6", "q9"])), max_size=2))
        found.append(maker(show_if=draw(conditions), required_if=draw(conditions), valid_if=draw(conditions), skips=skips, required=draw(st.booleans()), new_page=draw(st.booleans())))
    return survey(*found)


forms = st.fixed_dictionaries(
    {},
    optional={
        "q1": st.sampled_from([["a"], ["b"], ["z"], [""]]),
        "q2": st.integers(0, 9).map(lambda n: [str(n)]) | st.just(["x"]),
        "q3": st.lists(st.sampled_from(["x", "y"]), max_size=2),
        "q4": st.sampled_from([[""], ["ab"], ["abc"]]),
        "q5": st.just(["99"]),
        "q6": st.sampled_from([["yes"], ["no"]]),
    },
)


@patient
@given(definitions(), forms, st.dictionaries(st.sampled_from(["q1", "q2", "q3", "q4", "q5", "q6", "q7"]), st.sampled_from(["a", "yes", 1, 4, ["x"], None, True])))
def test_what_the_server_accepts_satisfies_any_definition_and_nothing_else_does(definition: Definition, form: dict[str, list[str]], forged: dict[str, Any]) -> None:
    gaps(definition)
    assert estimated_minutes(definition) >= 1
    assert [question for page in cut_pages(definition) for question in page] == definition.questions
    reading = read_answers(definition, form, today=TODAY)
    if not reading.problems:
        assert is_satisfied_by(definition, reading.answers, TODAY)
        assert complete_document(definition, reading.answers, TODAY) == reading.answers
        # Beside a mistake more is kept: what was typed further on must not be lost while it is mended.
        on_the_way = {question.id for question in visible_questions(definition, reading.answers, TODAY)}
        assert set(reading.answers) <= on_the_way
    complete = complete_document(definition, forged, TODAY)
    assert complete_document(definition, complete, TODAY) == complete
    if is_satisfied_by(definition, forged, TODAY):
        assert complete == forged
        typed = {question.id: question.typed({"": forged[question.id]})[""] for question in definition.questions if question.id in forged}
        assert read_answers(definition, typed, today=TODAY).answers == forged


@patient
@given(definitions(), forms)
def test_page_by_page_comes_to_the_same_as_at_once(definition: Definition, form: dict[str, list[str]]) -> None:
    if any(gap.code not in ("required_unreachable", "question_unreachable") for gap in gaps(definition)):
        return
    whole = read_answers(definition, form, today=TODAY)
    document: dict[str, Any] = {}
    problems: dict[str, Any] = {}
    for page in cut_pages(definition):
        ids = {question.id for question in page}
        # What stands on a page is settled before the page is drawn.
        before = [question.id for question in visible_questions(definition, document, TODAY) if question.id in ids]
        reading = read_answers(definition, {name: each for name, each in form.items() if name in ids}, today=TODAY, earlier=document, questions=page)
        document |= reading.answers
        problems |= reading.problems
        if not problems:
            drawn = {question.id for question in page if question.weight}
            after = [question.id for question in visible_questions(definition, document, TODAY) if question.id in ids]
            assert [each for each in before if each in drawn] == [each for each in after if each in drawn]
    assert {each: problem.code for each, problem in problems.items()} == {each: problem.code for each, problem in whole.problems.items()}
    if not problems:
        assert complete_document(definition, document, TODAY) == whole.answers


# -- size ----------------------------------------------------------------------------------------------------------------------------


def test_the_largest_survey_is_checked_and_read_in_no_time() -> None:
    rows = [Row(id=f"r{number}", label=f"سطر {number}") for number in range(500)]
    questions: list[Any] = [Matrix(id="m", label="?", rows=rows, options=options(*"abcde"))]
    for number in range(299):
        condition = f'm.r{number} = "a" or count(m) > {number}' if number % 2 else f"answered(q{number - 1})" if number else ""
        questions.append(
            Single(id=f"q{number}", label="{m.r1}", options=options(*(f"a{each}" for each in range(200))), show_if=condition, valid_if=f'q{number} != "a199"')
        )
    definition = survey(*questions)
    form = {f"m.r{number}": ["a"] for number in range(500)} | {f"q{number}": ["a7"] for number in range(299)}
    assert gaps(definition) == []
    reading = read_answers(definition, form, today=TODAY)
    assert not reading.problems
    assert is_satisfied_by(definition, reading.answers, TODAY)
    assert len(cut_pages(definition)) > 43


def test_numbers_count_what_asks() -> None:
    definition = survey(Information(id="i", label="سلام"), ONE, Hidden(id="h", label="", value="x"), TWO, Calculation(id="c", label="", formula="two"))
    assert numbers_of(definition) == {"one": 1, "two": 2}
    long = survey(Matrix(id="m", label="?", rows=[Row(id=f"r{n}", label="?") for n in range(40)], options=options("a", "b"), required=True))
    assert estimated_minutes(long) > estimated_minutes(definition)
