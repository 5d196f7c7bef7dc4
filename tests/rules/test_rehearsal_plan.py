"""What the citizens of a rehearsal will answer: every answer one the survey takes, drawn before anything is sent, and counted by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.operations.demo.questions import mayor_survey
from engage.operations.rehearse.answers import PHOTO, draw_answer, made_up_national_id
from engage.operations.rehearse.expecting import Expected, disagreements, expected_counts, quota_faults
from engage.operations.rehearse.plan import make_plan
from engage.operations.rehearse.sheets import Sheet, draw_sheet
from engage.refusal import Refused
from engage.reports.tally import NumberTally, OptionTally, QuestionTally
from surveys.definitions import Definition, Quota, dump_text, gaps, is_satisfied_by, load, read_answers
from surveys.flow import visible_questions
from surveys.protecting import protected_document
from surveys.starters import STARTERS
from surveys.types import (
    QUESTION_TYPES,
    AnyQuestion,
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    Hidden,
    Information,
    Knapsack,
    LongList,
    LongText,
    Matrix,
    Multiple,
    NationalId,
    Neighbourhood,
    Nps,
    Number,
    Option,
    Phone,
    Points,
    Ranking,
    Rating,
    ShortText,
    Single,
    Skip,
    Tally,
    Time,
    Upload,
    YesNo,
    type_of,
)
from surveys.types.ballots import Project
from surveys.types.matrix import Row
from surveys.types.national_id import national_id

TODAY = date(2026, 11, 23)
patient = settings(max_examples=60, deadline=None)


def options(*ids: str, other: bool = False, alone: bool = False) -> list[Option]:
    found = [Option(id=each, label=f"گزینهٔ {each}") for each in ids]
    found += [Option(id="other1", label="موارد دیگر", other=True)] if other else []
    return [*found, Option(id="alone", label="نظری ندارم", exclusive=True)] if alone else found


PROJECTS = [Project(id=f"p{n}", label=f"پروژهٔ {n}", cost=n * 10**9) for n in range(1, 7)]
STREETS = [
    Option(id=f"s{n}", label=f"خیابان {name} {side}")
    for n, (name, side) in enumerate((name, side) for name in ("آزادی", "سنگلج", "پامنار") for side in ("شمالی", "جنوبی", "یکم"))
]

EVERY_TYPE: list[AnyQuestion] = [
    Hidden(id="source", label="از کجا", value="sms", parameter="src"),
    YesNo(id="lives", label="اینجا زندگی می‌کنید؟", required=True),
    Single(id="one", label="یکی", required=True, options=options("a", "b", other=True)),
    Multiple(id="many", label="چندتا", min_choices=2, max_choices=3, options=options("a", "b", "c", "d", other=True, alone=True)),
    Rating(id="face", label="رضایت", show_if="lives"),
    Nps(id="nps", label="توصیه", required=True),
    Matrix(id="rows", label="سطرها", options=options("bad", "good"), rows=[Row(id=f"r{n}", label=f"سطر {n}") for n in range(4)]),
    Matrix(
        id="whole",
        label="همهٔ سطرها",
        required_if="nps > 4",
        options=options("bad", "good"),
        rows=[Row(id=f"r{n}", label=f"سطر {n}") for n in range(4)],
    ),
    Ranking(id="order", label="ترتیب", options=options("a", "b", "c")),
    Ranking(id="first", label="دو تای اول", most=2, options=options("a", "b", "c")),
    Neighbourhood(id="place", label="محله", required=True, options=options(*"abcdefghi", alone=True)),
    LongList(id="street", label="خیابان", required=True, options=[*STREETS, Option(id="no", label="نیست", exclusive=True)]),
    Number(id="age", label="سن", required=True, min=10, max=90, valid_if="age >= 18 and age < 30"),
    Number(id="share", label="سهم", decimals=2, min=-1.5, max=0.25),
    Calculation(id="double", label="دو برابر", formula="age * 2"),
    ShortText(id="short", label="کوتاه", required=True, valid_if="length(short) >= 12 and length(short) <= 20"),
    LongText(id="long", label="بلند", max_length=40),
    Date(id="born", label="تولد", required=True, valid_if="age(born) >= 18"),
    Date(id="soon", label="به‌زودی", valid_if="soon > today() and days_between(today(), soon) <= 10"),
    Time(id="at", label="ساعت", min="08:00", max="09:30"),
    Phone(id="phone", label="تلفن"),
    NationalId(id="nid", label="کد ملی", required=True),
    Consent(id="agreed", label="موافقت", statement="موافقم", required=True),
    Upload(id="photo", label="عکس", required=True),
    Information(id="info", label="", text="سپاس"),
    Approval(id="approval", label="پروژه‌ها", required=True, projects=PROJECTS, max_choices=3, none_label="هیچ‌کدام"),
    BallotRanking(id="ranks", label="رتبه‌ها", projects=PROJECTS, ranks=3, min_ranks=2),
    Points(id="points", label="امتیازها", required=True, projects=PROJECTS, points=10, most_each=3, spend_all=True, none_label="هیچ‌کدام"),
    Knapsack(id="bag", label="بودجه", required=True, projects=PROJECTS, budget=7 * 10**9, min_choices=2),
    YesNo(id="more", label="باز هم؟", required=True, skips=[Skip(when="not more", to="")]),
    Single(id="why", label="چرا؟", required=True, options=options("a", "b")),
]
EVERYTHING = Definition(title="همه چیز", questions=EVERY_TYPE)


def digest(text: str) -> str:
    return f"{int(text):032x}"


def as_stored(definition: Definition, document: object) -> dict:
    return protected_document(definition, document, digest)  # type: ignore[arg-type]


def test_every_type_is_played() -> None:
    assert {type_of(each) for each in EVERY_TYPE} == set(QUESTION_TYPES)
    assert gaps(EVERYTHING) == []


@patient
@given(st.integers(0, 10**6))
def test_a_sheet_is_what_the_server_would_take_and_store(seed: int) -> None:
    sheet = draw_sheet(EVERYTHING, Random(seed), TODAY)
    assert is_satisfied_by(EVERYTHING, as_stored(EVERYTHING, sheet.document), TODAY)
    # Everything sent at once, as phones send it, comes to the same document; what is picked afterwards takes the place of letters.
    given_fields = {name: list(values) for name, values in sheet.fields.items()}
    given_fields |= {name: [value] for name, value in sheet.picks.items()} | {name: [PHOTO] for name in sheet.photos}
    reading = read_answers(EVERYTHING, given_fields, today=TODAY)
    assert reading.problems == {}
    assert reading.answers == sheet.document


@patient
@given(st.integers(0, 10**6))
def test_hidden_questions_have_answers_on_the_sheet_that_do_not_count(seed: int) -> None:
    sheet = draw_sheet(EVERYTHING, Random(seed), TODAY)
    shown = {question.id for question in visible_questions(EVERYTHING, sheet.document, TODAY)}
    if sheet.document["lives"] == "no":
        assert "face" not in shown
        assert "face" not in sheet.document
        assert "face" in sheet.fields
    if sheet.document["more"] == "no":
        assert "why" not in sheet.document
        assert "why" in sheet.fields


def test_the_same_seed_draws_the_same_sheets_and_another_one_others() -> None:
    first, again, other = ([draw_sheet(EVERYTHING, chance, TODAY) for _ in range(5)] for chance in (Random(7), Random(7), Random(8)))
    assert first == again
    assert first != other


def test_all_options_of_everything_come_up() -> None:
    chance = Random(1)
    documents = [draw_sheet(EVERYTHING, chance, TODAY).document for _ in range(400)]
    counts = expected_counts(EVERYTHING, documents)
    never = {(key, option) for key, each in counts.items() for option, count in (each.options or {}).items() if not count}
    assert never == set()
    assert 0 < counts["many.other"].answered < counts["many"].answered < 400


@pytest.mark.parametrize("definition", [load(mayor_survey()), *(make("نظرسنجی") for make in STARTERS.values())], ids=["usual", *STARTERS])
def test_ready_forms_can_be_played(definition: Definition) -> None:
    for seed in range(20):
        sheet = draw_sheet(definition, Random(seed), TODAY)
        assert is_satisfied_by(definition, as_stored(definition, sheet.document), TODAY)


def test_a_question_nobody_can_answer_is_named() -> None:
    for question in (
        Number(id="n", label="چند سال؟", required=True, min=1, max=9, valid_if="n > 20"),
        Knapsack(id="b", label="چند سال؟", required=True, projects=PROJECTS, budget=5),
        Multiple(id="m", label="چند سال؟", required=True, min_choices=3, options=options("a", "b")),
    ):
        with pytest.raises(Refused) as refused:
            draw_sheet(Definition(title="نشدنی", questions=[question]), Random(1), TODAY)
        assert (refused.value.code, refused.value.params["question"]) == ("survey_unplayable", "چند سال؟")
        optional = Definition(title="شدنی", questions=[type(question)(**{**_fields(question), "required": False})])
        assert draw_sheet(optional, Random(1), TODAY).document == {}


def _fields(question: AnyQuestion) -> dict:
    return {name: getattr(question, name) for name in question.__struct_fields__}


@pytest.mark.parametrize(
    "question",
    [
        Number(id="q", label="عدد", required=True, min=0, max=3000, valid_if="q * 7 - 40 = 16718"),
        Time(id="q", label="ساعت", required=True, valid_if='q > time("10:58") and q < time("11:00")'),
        Single(id="q", label="یکی", required=True, options=options(*(f"o{n}" for n in range(200))), valid_if='q = "o199"'),
        Nps(id="q", label="توصیه", required=True, valid_if="q = 0"),
        ShortText(id="q", label="متن", required=True, valid_if='contains(q, "آبراه") and length(q) = 5'),
        LongText(id="q", label="متن", required=True, max_length=1000, valid_if="length(q) >= 900"),
        Date(id="q", label="روز", required=True, valid_if='q = date("1405/09/01")'),
        Number(id="q", label="عدد", required=True, decimals=1, valid_if="q > 10.1 and q < 10.4"),
    ],
)
def test_narrow_conditions_are_met(question: AnyQuestion) -> None:
    definition = Definition(title="تنگ", questions=[question])
    assert gaps(definition) == []
    for seed in range(5):
        assert is_satisfied_by(definition, draw_sheet(definition, Random(seed), TODAY).document, TODAY)


def test_a_dead_end_behind_one_answer_is_gone_round() -> None:
    definition = Definition(
        title="دو راه",
        questions=[
            YesNo(id="way", label="این راه؟", required=True),
            Number(id="n", label="عدد", required=True, min=1, max=5, show_if="way", valid_if="n > 9"),
        ],
    )
    for seed in range(10):
        assert draw_sheet(definition, Random(seed), TODAY).document == {"way": "no"}


@given(st.integers(0, 10**9))
def test_made_up_national_ids_are_valid(seed: int) -> None:
    made = made_up_national_id(Random(seed))
    assert national_id(made) == made


def test_whole_matrices_leave_no_row_out() -> None:
    rows = next(each for each in EVERY_TYPE if each.id == "rows")
    assert all(len(draw_answer(rows, Random(seed), is_whole=True)) == 4 for seed in range(30))
    assert {len(draw_answer(rows, Random(seed))) for seed in range(60)} > {4}


# -- counting --------------------------------------------------------------------------------------------------------------

SMALL = Definition(
    title="شمارش",
    questions=[
        Single(id="one", label="یکی", options=options("a", "b")),
        Multiple(id="many", label="چندتا", options=options("a", "b", other=True)),
        Ranking(id="order", label="ترتیب", options=options("a", "b")),
        Points(id="points", label="امتیاز", projects=PROJECTS[:2], none_label="هیچ"),
        Rating(id="face", label="رضایت", scale=3),
        Number(id="n", label="عدد"),
        ShortText(id="t", label="متن"),
    ],
)
DOCUMENTS = [
    {"one": "a", "many": ["a", "other1"], "many.other": "برق", "order": ["b", "a"], "points.p1": 4, "face": 3, "n": 2},
    {"one": "a", "many": ["a"], "order": ["b", "a"], "points": "none", "face": 1, "n": 2.5, "t": "سلام"},
    {"one": "b", "points.p1": 1, "points.p2": 2},
]


def test_what_must_come_out_is_counted_as_reports_name_it() -> None:
    assert expected_counts(SMALL, DOCUMENTS) == {
        "one": Expected(3, {"a": 2, "b": 1}),
        "many": Expected(2, {"a": 2, "b": 0, "other1": 1}),
        "many.other": Expected(1),
        "order": Expected(2, {"a": 0, "b": 2}),
        "points.p1": Expected(2, mean=2.5),
        "points.p2": Expected(2, mean=1.0),
        "points": Expected(1, {"none": 1}),
        "face": Expected(2, {"1": 1, "2": 0, "3": 1}),
        "n": Expected(2, mean=2.25),
        "t": Expected(1),
    }


def told(key: str, answered: int, counts: dict[str, int] | None = None, mean: float | None = None) -> QuestionTally:
    figures = NumberTally(mean, mean, mean, mean, mean, mean, []) if mean is not None else None
    chosen = [OptionTally(each, each, count) for each, count in counts.items()] if counts is not None else None
    return QuestionTally(key, key, "single", key, 1, [1], 3, answered, options=chosen, figures=figures, tally=Tally.CHOICES)


def test_every_difference_to_a_report_is_told() -> None:
    expected = {"one": Expected(3, {"a": 2, "b": 1}), "n": Expected(2, mean=2.25), "t": Expected(1)}
    right = [told("one", 3, {"a": 2, "b": 1}), told("n", 2, mean=2.25), told("t", 1)]
    assert disagreements(expected, right) == []
    wrongs = [
        [told("one", 3, {"a": 1, "b": 2}), *right[1:]],
        [told("one", 2, {"a": 2, "b": 1}), *right[1:]],
        [right[0], told("n", 2, mean=2.5), right[2]],
        [right[0], told("n", 2), right[2]],
        right[:2],
        [*right, told("stranger", 0)],
    ]
    assert [len(disagreements(expected, each)) for each in wrongs] == [1] * 6


def test_quotas_turn_away_whom_they_should_and_nobody_else() -> None:
    definition = Definition(
        title="سهمیه",
        questions=[Single(id="one", label="یکی", options=options("a", "b"))],
        quotas=[Quota(id="q", label="الف", when='one = "a"', limit=2)],
    )
    a, b = {"one": "a"}, {"one": "b"}
    assert quota_faults(definition, [a, a, b], [a], TODAY) == []
    assert len(quota_faults(definition, [a, a, a], [], TODAY)) == 1  # one too many was taken
    assert len(quota_faults(definition, [a, b], [a], TODAY)) == 1  # there was still room
    assert len(quota_faults(definition, [a, a], [b], TODAY)) == 1  # no quota holds for that answer


# -- the plan --------------------------------------------------------------------------------------------------------------


def plan_for(tmp_path: Path, definition: Definition, **values: object):  # type: ignore[no-untyped-def]
    (tmp_path / "survey.json").write_text(dump_text(definition))
    given_values = {"contacts": None, "survey": tmp_path / "survey.json", "ballots": None, "answers": None} | values
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    return make_plan(folder, **given_values)


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (Definition(title="بی‌پرسش"), "survey_has_no_question"),
        (Definition(title="ناتمام", questions=[Single(id="one", label="یکی")]), "survey_incomplete"),
        (Definition(title="بی‌نام", is_anonymous=True, questions=[Phone(id="p", label="تلفن")]), "anonymous_asks_who"),
        (
            Definition(title="نشدنی", questions=[Number(id="n", label="عدد", required=True, min=1, max=2, valid_if="round(n * 2) > 9")]),
            "survey_unplayable",
        ),
    ],
)
def test_a_survey_that_cannot_be_played_is_refused_before_anything_is_written(tmp_path: Path, definition: Definition, code: str) -> None:
    with pytest.raises(Refused) as refused:
        plan_for(tmp_path, definition)
    assert refused.value.code == code
    assert list((tmp_path / "out").iterdir()) == []


def test_a_third_answers_or_as_many_as_are_asked_for(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, EVERYTHING)
    numbers = [f"+98912{n:07d}" for n in range(30)]
    visits = plan.visits(numbers, TODAY)
    assert len(visits) == len({number for number, _ in visits}) == 10
    assert visits == plan.visits(numbers, TODAY)
    assert len(replace(plan, answers=30).visits(numbers, TODAY)) == 30
    with pytest.raises(Refused, match="too_many_answers"):
        replace(plan, answers=31).visits(numbers, TODAY)


def test_xlsforms_are_read(tmp_path: Path) -> None:
    (tmp_path / "form.csv").write_text('"survey",,,\n,"type","name","label"\n,"integer","age","سن"\n')
    plan = plan_for(tmp_path, EVERYTHING, survey=tmp_path / "form.csv")
    assert [type_of(each) for each in plan.definition.questions] == ["number"]


def test_some_take_breaks_and_speak_other_languages() -> None:
    definition = Definition(
        title="زبان", questions=[*EVERY_TYPE], languages=["en"], translations={"en": {"street.options.s0": "Liberty Street"}}
    )
    sheets = [draw_sheet(definition, Random(seed), TODAY) for seed in range(200)]
    assert {each.language for each in sheets} == {"fa", "en"}
    assert {each.pauses for each in sheets} == {True, False}
    assert any(each.language == "en" and each.fields["street.text"][0].startswith("Li") for each in sheets if "street.text" in each.fields)


def test_nothing_but_what_follows_counts_of_an_empty_sheet() -> None:
    definition = Definition(title="اختیاری", questions=[Single(id="one", label="یکی", options=options("a", "b"))])
    assert Sheet({}, {}) in [draw_sheet(definition, Random(seed), TODAY) for seed in range(40)]
    assert math.isclose(expected_counts(definition, [{}, {"one": "a"}])["one"].answered, 1)
