"""Types with points and tables: recommendation from 0 to 10, ratings, the table of rows and columns."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.types import AnswerProblem, Drawn, LongList, Matrix, Multiple, Neighbourhood, Nps, Option, Ranking, Rating, Single, YesNo
from surveys.types.base import DefinitionProblem
from surveys.types.matrix import Row

SHORT = [Option(id=f"c{number}", label=label) for number, label in enumerate(("خیلی کم", "کم", "متوسط", "زیاد", "خیلی زیاد"), 1)]
LONG = [Option(id=f"c{number}", label=label) for number, label in enumerate(("ناراضی‌ترین‌ها", "نه راضی و نه ناراضی", "راضی"), 1)]
ROWS = [Row(id="r1", label="نظافت"), Row(id="r2", label="روشنایی"), Row(id="r3", label="فضای سبز")]


def code(question: Matrix | Nps | Rating, given: dict[str, list[str]]) -> str:
    with pytest.raises(AnswerProblem) as found:
        question.read(given)
    assert all(question.explain(found.value, Drawn().translate))
    return found.value.code


@pytest.mark.parametrize("typed", ["0", "۰", "٠", " 0 ", "+0", "０"])
def test_nought_is_an_answer(typed: str) -> None:
    question = Nps(id="q", label="?")
    assert question.read({"": [typed]}) == {"": 0} and question.accepts({"": 0})


def test_recommendation() -> None:
    question = Nps(id="q", label="?", low_label="هرگز", high_label="حتماً")
    assert question.read({"": ["۱۰"]}) == {"": 10} and question.read({"": [" "]}) == {}
    assert code(question, {"": ["11"]}) == code(question, {"": ["-1"]}) == code(question, {"": ["7.5"]}) == code(question, {"": ["x"]}) == "point_unknown"
    for wrong in (11, -1, True, 7.0, "7", None, [7]):
        assert not question.accepts({"": wrong})
    html = str(question.draw(Drawn({"": ["۰"]})))
    assert html.count('type="radio"') == 11 and 'value="0" checked' in html and html.count(" checked") == 1
    assert html.index('id="q.0"') < html.index('id="q.10"') and question.first_control == "q.0"
    assert [option.id for option in question.tallies()[0].options] == [str(point) for point in range(11)]


@pytest.mark.parametrize("style", ["faces", "stars", "numbers"])
def test_every_point_has_a_name(style: str) -> None:
    question = Rating(id="q", label="?", scale=7, style=style, low_label="بد", high_label="خوب")  # type: ignore[arg-type]
    html = str(question.draw(Drawn()))
    names = [question.words(point, Drawn().translate) for point in question.points]
    assert len(set(names)) == 7 and all(f'<span class="v">{name}</span>' in html for name in names)
    assert html.index('value="1"') < html.index('value="7"') and "dir=" not in html
    assert names[0].endswith("بد") and names[-1].endswith("خوب")


def test_rows_are_stored_one_by_one() -> None:
    question = Matrix(id="q", label="?", rows=ROWS, options=SHORT)
    assert question.read({"r1": ["c2"], "r3": ["c5"], "r2": [""]}) == {"r1": "c2", "r3": "c5"} and question.read({}) == {}
    assert question.typed({"r1": "c2"}) == {"r1": ["c2"]}
    assert code(question, {"r1": ["c9"]}) == "option_unknown" and code(question, {"r9": ["c1"]}) == "row_unknown"
    assert code(question, {"r1": ["c1", "c2"]}) == "several_answers"
    assert question.accepts({"r1": "c2"})
    for wrong in ({"r1": "c9"}, {"r9": "c1"}, {"": "c1"}, {"r1": ["c1"]}, {"r1": None}, {"r1": 1}):
        assert not question.accepts(wrong)
    assert set(question.names()) == {"r1", "r2", "r3"} and question.names()["r1"].options == {"c1", "c2", "c3", "c4", "c5"}
    assert question.cells({"r1": "c2"}) == ["کم", None, None] and question.codes({"r1": "c2"}) == ["c2", None, None]
    assert [each.part for each in question.tallies()] == ["r1", "r2", "r3"] and question.tallies()[0].options == tuple(SHORT)
    assert question.in_words({"r1": "c2"}, Drawn().translate) == "کم"
    assert question.in_words({"r1": "c2", "r3": "c5"}, Drawn().translate) == "نظافت: کم؛ فضای سبز: خیلی زیاد"


def test_required_means_every_row() -> None:
    question = Matrix(id="q", label="?", rows=ROWS, options=SHORT, required=True)
    assert code(question, {"r1": ["c2"]}) == "rows_missing"
    assert not question.accepts({"r1": "c2"}) and question.accepts({"r1": "c1", "r2": "c1", "r3": "c1"})
    html = str(question.draw(Drawn({"r1": ["c2"]}, True, "q:e")))
    assert html.count('class="ml"') == 2 and 'id="q:1" name="q.r2"' in html and question.first_control == "q:1"
    assert 'value="c2" checked' in html and html.count('aria-describedby="q:e"') == 1


def test_the_layout_follows_the_words() -> None:
    assert 'class="mx ms"' in Matrix(id="q", label="?", rows=ROWS, options=SHORT).draw(Drawn())
    assert 'class="mx mt"' in Matrix(id="q", label="?", rows=ROWS, options=[*SHORT, Option(id="n", label="نمی‌دانم", exclusive=True)]).draw(Drawn())
    plain = Matrix(id="q", label="?", rows=ROWS, options=LONG).draw(Drawn())
    assert 'class="mx "' in plain and 'class="mh"' not in plain


def test_five_hundred_rows() -> None:
    rows = [Row(id=f"r{number}", label=f"خدمت شمارهٔ {number}") for number in range(500)]
    question = Matrix(id="q", label="?", rows=rows, options=SHORT, required=True)
    question.check()
    html = str(question.draw(Drawn())).encode()
    assert len(html) < 600_000 and len(gzip.compress(html, 9)) < 40_000
    assert question.weight == 7 and Matrix(id="q", label="?", rows=ROWS, options=SHORT).weight == 3
    assert len(question.read({row.id: ["c3"] for row in rows})) == 500
    with pytest.raises(DefinitionProblem, match="list_too_long"):
        Matrix(id="q", label="?", rows=[*rows, Row(id="x", label="x")], options=SHORT).check()


def test_a_column_beside_the_scale_comes_last() -> None:
    question = Matrix(id="q", label="?", rows=ROWS, options=[Option(id="n", label="نمی‌دانم", exclusive=True), *SHORT])
    html = str(question.draw(Drawn()))
    assert html.index('name="q.r1" value="n"') > html.index('name="q.r1" value="c5"')


def test_shuffled_rows_keep_their_columns() -> None:
    question = Matrix(id="q", label="?", rows=ROWS, options=SHORT, shuffle=True)
    seen = {tuple(row.id for row in sorted(ROWS, key=lambda row, html=html: html.index(f'name="q.{row.id}"'))) for seed in range(6) for html in [str(question.draw(Drawn(seed=seed)))]}  # type: ignore[misc]
    assert len(seen) >= 3
    html = str(question.draw(Drawn(seed=4)))
    assert html.index('name="q.r1" value="c1"') < html.index('name="q.r1" value="c5"')


def test_tables_have_gaps() -> None:
    assert Matrix(id="q", label="?").gaps() == ["too_few_options", "too_few_rows"]
    repeated = Matrix(id="q", label="?", options=SHORT, rows=[Row(id="r1", label="یک"), Row(id="r2", label="یک "), Row(id="r3", label=" ")])
    assert repeated.gaps() == ["row_without_label", "row_label_repeated"]


def test_all_texts_can_be_translated() -> None:
    question = Matrix(id="q", label="پرسش", rows=ROWS, options=SHORT)
    assert question.texts() == {"label": "پرسش"} | {f"rows.{row.id}": row.label for row in ROWS} | {f"options.{each.id}": each.label for each in SHORT}
    assert question.with_texts({"rows.r2": "Lighting"}).rows[1] == Row(id="r2", label="Lighting")


letters = st.text(st.sampled_from("ابپ ‌<&\"1۲"), max_size=6)
names = st.sampled_from(["a1", "a2", "other", "text", "r-1", "x"])
flagged = st.builds(Option, id=names, label=letters, exclusive=st.booleans())
others = st.just([]) | st.builds(lambda label: [Option(id="z", label=label, other=True)], letters)
choices = st.lists(flagged, max_size=5, unique_by=lambda each: each.id)
asked: Any = st.one_of(
    st.builds(Single, id=st.just("q"), label=letters, options=st.builds(list.__add__, choices, others), shuffle=st.booleans()),
    st.builds(Multiple, id=st.just("q"), label=letters, options=st.builds(list.__add__, choices, others), max_choices=st.none() | st.integers(1, 3)),
    st.builds(YesNo, id=st.just("q"), label=letters, unknown_label=letters),
    st.builds(Nps, id=st.just("q"), label=letters),
    st.builds(Rating, id=st.just("q"), label=letters, style=st.sampled_from(["faces", "stars", "numbers"])),
    st.builds(
        Matrix,
        id=st.just("q"),
        label=letters,
        options=choices,
        rows=st.lists(st.builds(Row, id=names, label=letters), max_size=4, unique_by=lambda each: each.id),
        required=st.booleans(),
        shuffle=st.booleans(),
    ),
    st.builds(
        Ranking,
        id=st.just("q"),
        label=letters,
        options=st.lists(st.builds(Option, id=names, label=letters), max_size=5, unique_by=lambda each: each.id),
        most=st.none() | st.integers(1, 4),
        shuffle=st.booleans(),
    ),
    st.builds(Neighbourhood, id=st.just("q"), label=letters, options=choices),
    st.builds(LongList, id=st.just("q"), label=letters, options=choices),
)
raw = st.one_of(names, st.integers(-1, 11).map(str), letters, st.sampled_from(["yes", "no", "unknown", "z", "۳", "\x00", "۹" * 400]))
forms = st.dictionaries(st.just("") | names, st.lists(raw, max_size=1) | st.lists(raw, max_size=3), max_size=5)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked, forms, st.integers(0, 15))
def test_whatever_is_sent_is_an_answer_or_a_problem(question: Any, form: dict[str, list[str]], seed: int) -> None:
    question.check()
    problem = None
    try:
        entries = question.read(form)
    except AnswerProblem as found:
        problem, entries = found, {}
    assert problem is None or all(question.explain(problem, Drawn().translate))
    html = str(question.draw(Drawn(form, problem is not None, "q:e", seed)))
    assert not set("<>") & set(re.sub(r"<[^<>]*>", "", html))
    assert question.first_control in html or not getattr(question, "rows", True) or not getattr(question, "options", True)
    tags = re.findall(r'\bid="([^"]+)"', html)
    assert len(set(tags)) == len(tags)
    assert len({column.key for column in question.columns()}) == len(question.columns())
    assert len(question.cells(entries)) == len(question.codes(entries)) == len(question.columns())
    assert isinstance(question.in_words(entries, Drawn().translate), str)
    if entries:
        assert question.accepts(entries) and set(entries) <= set(question.names())
        assert question.read(question.typed(entries)) == entries
        str(question.draw(Drawn(question.typed(entries))))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked, st.dictionaries(st.just("") | names, st.none() | st.booleans() | st.floats() | st.integers() | raw | st.lists(raw | st.none(), max_size=3), max_size=3))
def test_judging_a_stored_answer_never_raises(question: Any, entries: dict[str, Any]) -> None:
    if question.accepts(entries):
        assert question.read(question.typed(entries)) == entries
    assert len(question.cells(entries)) == len(question.columns())
    question.codes(entries)
    question.in_words(entries, Drawn().translate)
