"""Our surveys as XLSForms and in again: whole, or with every difference named; what was edited in between counts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from surveys.definitions import Definition, load
from surveys.differing import differences
from surveys.interchange import words
from surveys.interchange.from_xlsform import import_form
from surveys.interchange.to_xlsform import export_form
from surveys.types import QUESTION_TYPES
from tests.definitions import surveys

WORDS = st.text(alphabet="آابپتیک نمو‌؟!«»“”'\"=+-@{}<>&", min_size=1, max_size=30).map(lambda found: " ".join(found.split())).filter(bool)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Surveys of which an XLSForm can say everything."""
    raw: list[dict[str, Any]] = []
    numbers: list[str] = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["short_text", "long_text", "number", "single", "multiple", "yes_no", "rating", "date", "time", "upload", "matrix", "ranking"]))
        question: dict[str, Any] = {"type": kind, "id": f"q{number}", "label": draw(WORDS), "hint": draw(st.just("") | WORDS), "new_page": number > 0 and draw(st.booleans())}
        if kind in ("single", "multiple", "matrix", "ranking"):
            labels = draw(st.lists(WORDS, min_size=2, max_size=5))
            question["options"] = [{"id": f"a{n}", "label": label} for n, label in enumerate(labels, 1)]
        if kind == "matrix":
            question["rows"] = [{"id": f"r{n}", "label": label} for n, label in enumerate(draw(st.lists(WORDS, min_size=2, max_size=3)))]
        if kind in ("short_text", "long_text"):
            question["max_length"] = draw(st.integers(1, 500))
        if kind == "multiple":
            question |= {"max_choices": draw(st.none() | st.integers(1, 3)), "shuffle": draw(st.booleans())}
            question["options"][-1]["exclusive"] = draw(st.booleans())
        if kind == "number":
            question |= {"min": draw(st.none() | st.integers(-5, 5).map(float)), "decimals": draw(st.sampled_from([0, 2]))}
        if kind == "rating":
            question |= {"scale": draw(st.integers(3, 10)), "style": draw(st.sampled_from(["stars", "numbers"]))}
        if kind == "yes_no":
            question |= {"yes_label": draw(WORDS), "no_label": draw(WORDS)}
        if numbers and draw(st.booleans()):
            question["show_if"] = f"{draw(st.sampled_from(numbers))} >= 3"
            question["required_if"] = f"{numbers[0]} != 7 and answered({numbers[-1]})"
        elif draw(st.booleans()):
            question["required"] = True
        raw.append(question)
        if kind in ("number", "rating"):
            numbers.append(f"q{number}")
    return load({"title": draw(WORDS), "intro": draw(st.just("") | WORDS), "questions": raw})


@settings(max_examples=8)
@given(definition=definitions())
def test_a_form_says_again_what_it_was_made_of(tmp_path_factory: pytest.TempPathFactory, definition: Definition) -> None:
    exported = export_form(definition)
    assert exported.skipped == []
    path = tmp_path_factory.mktemp("form") / "form.xlsx"
    path.write_bytes(exported.content)
    found = import_form(path)
    assert found.skipped == [] and differences(definition, found.definition) == []


@settings(max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(definition=surveys(most=8))
def test_a_form_of_ours_comes_back_whole_or_says_what_is_lost(tmp_path_factory: pytest.TempPathFactory, definition: Definition) -> None:
    exported = export_form(definition)
    path = tmp_path_factory.mktemp("form") / "form.xlsx"
    path.write_bytes(exported.content)
    found = import_form(path)
    named = {word.rstrip(":") for each in exported.skipped if each.code == "form_not_read" for word in each.what.split()}
    lost = {each.question_id for each in differences(definition, found.definition)}
    assert lost <= named, [(each.question_id, each.changes) for each in differences(definition, found.definition)]
    if not named:
        assert found.definition == definition
    assert all(words.explain_in_terminal(each) for each in exported.skipped)


def test_what_was_edited_in_the_form_counts_and_is_told(tmp_path: Path) -> None:
    definition = load({
        "title": "t",
        "questions": [
            {"type": "nps", "id": "n", "label": "توصیه؟", "low_label": "هرگز", "high_label": "همیشه"},
            {"type": "single", "id": "s", "label": "کدام؟", "options": [{"id": "a", "label": "یک"}, {"id": "o", "label": "دیگر", "other": True}]},
            {"type": "points", "id": "p", "label": "بخش کنید", "projects": [{"id": "p1", "label": "پل"}, {"id": "p2", "label": "پارک"}]},
        ],
    })  # fmt: skip
    path = tmp_path / "form.xlsx"
    path.write_bytes(export_form(definition).content)
    assert import_form(path).definition == definition
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == "یک":
                    cell.value = "یکم"
                elif cell.value == "توصیه؟":
                    cell.value = "توصیه می‌کنید؟"
                elif cell.value == "بخش کنید":
                    cell.value = "دیگر امتیاز نمی‌خواهیم"
    book.save(path)
    found = import_form(path)
    assert [question.label for question in found.definition.questions] == ["توصیه می‌کنید؟", "کدام؟", "دیگر امتیاز نمی‌خواهیم"]
    assert getattr(found.definition.questions[0], "low_label", "") == "هرگز", "what nobody touched is kept"
    assert {(each.code, each.what) for each in found.warnings if each.code != "pyxform"} == {("kept_stale", "s: options"), ("kept_stale", "p: points")}
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if str(cell.value).startswith("eN"):
                    cell.value = "eNnonsense"
    book.save(path)
    assert {each.code for each in import_form(path).warnings} - {"pyxform"} == {"kept_unreadable"}


def everything() -> Definition:
    """A survey with a question of every type there is."""
    options = [{"id": "a1", "label": "یک"}, {"id": "a2", "label": "دو"}]
    projects = [{"id": "p1", "label": "چراغ", "cost": 10}, {"id": "p2", "label": "پارک", "cost": 20}]
    more: Mapping[str, dict[str, Any]] = {
        "single": {"options": [*options, {"id": "o", "label": "سایر", "other": True}]}, "multiple": {"options": options}, "ranking": {"options": options},
        "long_list": {"options": options}, "neighbourhood": {"options": options}, "matrix": {"options": options, "rows": options},
        "consent": {"statement": "می‌پذیرم"}, "information": {"text": "متن"}, "hidden": {"value": "x"}, "calculation": {"formula": "1 + 1"},
        "approval": {"projects": projects}, "ballot_ranking": {"projects": projects}, "points": {"projects": projects},
        "knapsack": {"projects": projects, "budget": 25},
    }  # fmt: skip
    questions = [{"type": kind, "id": f"q_{kind}", "label": f"پرسش {kind}", **more.get(kind, {})} for kind in QUESTION_TYPES]
    return load({"title": "همه چیز", "questions": questions, "is_anonymous": True})


def test_every_type_is_exported_or_listed(tmp_path: Path) -> None:
    definition = everything()
    exported = export_form(definition)
    path = tmp_path / "all.xlsx"
    path.write_bytes(exported.content)
    found = import_form(path)
    lost = {each.what.split()[-1] for each in exported.skipped if each.code == "form_type"}
    assert lost == {"q_points", "q_knapsack"}, "others can't ask these"
    assert found.definition == definition, differences(definition, found.definition)
    for each in exported.skipped:
        assert words.explain_in_terminal(each)


def test_a_workbook_runs_from_right_to_left_and_runs_nothing(tmp_path: Path) -> None:
    definition = load({"title": "=1+1", "questions": [{"type": "short_text", "id": "q1", "label": "=HYPERLINK(\"http://x\")"}]})
    content = export_form(definition).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 3 and all('rightToLeft="1"' in sheet and "<f>" not in sheet and "hyperlink" not in sheet for sheet in sheets)
