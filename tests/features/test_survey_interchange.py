"""Surveys in and out as XLSForms and as our own JSON: what can be said arrives, what can't is listed, bad files are refused in one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import xlsxwriter
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text

from engage.db import db
from engage.refusal import Refused
from engage.web.refusals import explain, explain_in_terminal
from surveys.cli import group
from surveys.definitions import dump, dump_text, gaps, load_text
from surveys.interchange import words
from surveys.interchange.findings import Imported
from surveys.interchange.from_xlsform import import_form
from surveys.interchange.schema import definition_schema
from surveys.types import QUESTION_TYPES, type_of
from tests.features.test_survey_interchange_again import everything
from tests.people import make_units
from tests.rules.old_excel import ole, xls, xlsx

Sheet = Sequence[Sequence[Any]]


def write(path: Path, **sheets: Sheet) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


YES_NO = [["list_name", "name", "label"], ["yn", "yes", "بله"], ["yn", "no", "خیر"]]


def imported(tmp_path: Path, survey: Sheet, choices: Sheet = YES_NO, form_settings: Sheet = (("form_title",), ("نظر شما",))) -> Imported:
    return import_form(write(tmp_path / "form.xlsx", survey=survey, choices=choices, settings=form_settings))


def codes(found: Imported) -> list[tuple[str, int, str]]:
    return [(each.code, each.row, each.column) for each in found.skipped]


# -- in ------------------------------------------------------------------------------------------------------------------


def test_each_type_becomes_ours(tmp_path: Path) -> None:
    lists = [
        ["list_name", "name", "label"], ["yn", "yes", "بله"], ["yn", "no", "خیر"], ["work", "light", "روشنایی"], ["work", "park", "فضای سبز"],
    ]  # fmt: skip
    survey = [
        ["type", "name", "label", "appearance", "parameters", "calculation"],
        ["text", "t", "نام خیابان", "", "", ""],
        ["text", "tt", "پیشنهاد", "multiline", "", ""],
        ["integer", "i", "چند نفر", "", "", ""],
        ["decimal", "d", "متراژ", "", "", ""],
        ["select_one work", "s", "کدام کار؟", "", "", ""],
        ["select_one yn", "y", "آیا؟", "", "", ""],
        ["select_multiple work", "m", "کدام کارها؟", "", "", ""],
        ["select_one work or_other", "o", "یا کار دیگر؟", "", "", ""],
        ["rank work", "r", "به ترتیب", "", "", ""],
        ["range", "five", "امتیاز", "rating", "start=1 end=5 step=1", ""],
        ["range", "ten", "پیشنهاد می‌کنید؟", "", "start=0 end=10 step=1", ""],
        ["range", "far", "فاصله", "", "start=0 end=100 step=10", ""],
        ["date", "day", "کدام روز", "", "", ""],
        ["time", "clock", "چه ساعت", "", "", ""],
        ["dateTime", "when", "کی", "", "", ""],
        ["acknowledge", "a", "می‌پذیرم", "", "", ""],
        ["image", "p", "عکس", "", "", ""],
        ["note", "n", "چند پرسش دیگر", "", "", ""],
        ["calculate", "c", "", "", "", "${i} * 2"],
        ["calculate", "k", "", "", "", "if(${y} = 'yes', 'دارد', 'ندارد')"],
        ["hidden", "h", "", "", "", ""],
    ]
    found = imported(tmp_path, survey, lists)
    kinds = {question.id: type_of(question) for question in found.definition.questions}
    assert kinds == {
        "t": "short_text", "tt": "long_text", "i": "number", "d": "number", "s": "single", "y": "yes_no", "m": "multiple", "o": "single",
        "r": "ranking", "five": "rating", "ten": "nps", "far": "number", "day": "date", "clock": "time", "when": "date", "a": "consent",
        "p": "upload", "n": "information", "c": "calculation", "k": "calculation", "h": "hidden",
    }  # fmt: skip
    assert codes(found) == [("range_step", 13, "parameters")]
    assert [(each.code, each.row) for each in found.warnings] == [("time_lost", 16), ("hidden_by_link", 22)]
    other = found.definition.question("o").options[-1]
    assert (other.id, other.label, other.other) == ("other", "سایر", True)
    assert [option.id for option in found.definition.question("s").options] == ["light", "park"], "another question's «other» came along"
    assert found.definition.question("k").result == "text"
    assert found.definition.title == "نظر شما" and gaps(found.definition) == []


def test_logic_arrives_and_what_cannot_is_listed_with_its_place(tmp_path: Path) -> None:
    survey = [
        ["type", "name", "label", "relevant", "required", "constraint", "constraint_message"],
        ["integer", "age", "سن", "", "yes", ". >= 18 and . <= 120", ""],
        ["select_one yn", "works", "شاغلید؟", "${age} < 65", "", "", ""],
        ["text", "job", "شغل", "${works} = 'yes'", "${age} > 30", "regex(., '[a-z]+')", "حروف"],
        ["integer", "income", "درآمد", "${works} != 'no'", "", ". mod 10 = 0", ""],
        ["text", "mail", "نشانی", "pulldata('a','b') = 1", "", "string-length(.) <= 80", "کوتاه‌تر"],
        ["note", "n", "«${job}» را نوشتید.", "", "", "", ""],
    ]
    found = imported(tmp_path, survey)
    ask = found.definition.question
    assert (ask("age").required, ask("age").min, ask("age").max, ask("age").valid_if) == (True, 18.0, 120.0, "")
    assert ask("works").show_if == "age < 65"
    assert (ask("job").show_if, ask("job").required_if, ask("job").valid_message) == ('works = "yes"', "age > 30", "حروف")
    assert ask("income").show_if == 'not works = "no"'
    assert ask("mail").max_length == 80
    assert ask("n").label == "«{job}» را نوشتید."
    assert codes(found) == [("xpath_regex", 4, "constraint"), ("xpath_mod", 5, "constraint"), ("xpath_function", 6, "relevant")]
    assert gaps(found.definition) == []


def test_groups_become_pages_and_tables_matrices(tmp_path: Path) -> None:
    survey = [
        ["type", "name", "label", "appearance", "relevant", "required"],
        ["text", "name", "نام", "", "", ""],
        ["begin_group", "g1", "بخش دوم", "", "${name} != ''", ""],
        ["integer", "n1", "چند؟", "", "", ""],
        ["begin_group", "grid", "از هر خدمت راضی هستید؟", "table-list", "", ""],
        ["select_one yn", "clean", "نظافت", "", "", "yes"],
        ["select_one yn", "park", "فضای سبز", "", "", "yes"],
        ["end_group", "", "", "", "", ""],
        ["end_group", "", "", "", "", ""],
        ["text", "last", "حرف دیگر", "", "${clean} = 'yes'", ""],
        ["begin_repeat", "kids", "فرزندان", "", "", ""],
        ["text", "kid", "نام فرزند", "", "", ""],
        ["end_repeat", "", "", "", "", ""],
    ]
    found = imported(tmp_path, survey)
    told = [(question.id, type_of(question), question.new_page) for question in found.definition.questions]
    assert told == [
        ("name", "short_text", False), ("g1", "information", True), ("n1", "number", False), ("grid", "matrix", False),
        ("last", "short_text", True), ("kids", "information", True), ("kid", "short_text", False),
    ]  # fmt: skip
    matrix = found.definition.question("grid")
    assert [row.id for row in matrix.rows] == ["clean", "park"] and [each.id for each in matrix.options] == ["yes", "no"] and matrix.required
    assert found.definition.question("n1").show_if == "answered(name)"
    assert found.definition.question("last").show_if == 'grid.clean = "yes"'
    assert codes(found) == [("repeat", 11, "type")]


def test_languages_are_told_by_their_codes_and_persian_is_ours(tmp_path: Path) -> None:
    survey = [
        ["type", "name", "label::English (en)", "label::فارسی (fa)", "hint::English (en)", "hint::فارسی (fa)", "label::Klingon"],
        ["select_one yn", "q", "Do you?", "آیا؟", "Really", "واقعاً", "HIq"],
    ]
    choices = [["list_name", "name", "label::English (en)", "label::فارسی (fa)"], ["yn", "a", "Good", "خوب"], ["yn", "b", "Bad", "بد"]]
    found = imported(tmp_path, survey, choices, [["form_title", "default_language"], ["نظر", "English (en)"]])
    assert found.definition.question("q").label == "آیا؟" and found.definition.languages == ["en"]
    assert found.definition.translations == {"en": {"q.label": "Do you?", "q.hint": "Really", "q.options.a": "Good", "q.options.b": "Bad"}}
    assert [(each.code, each.what) for each in found.skipped] == [("language", "Klingon")]


def test_nothing_is_dropped_in_silence(tmp_path: Path) -> None:
    survey = [
        ["type", "name", "label", "appearance", "default", "read_only", "media::image", "guidance_hint", "remarks", "choice_filter"],
        ["geopoint", "where", "کجا؟", "", "", "", "", "", "", ""],
        ["barcode", "code", "بارکد", "", "", "", "", "", "", ""],
        ["start", "start", "", "", "", "", "", "", "", ""],
        ["text", "t", "متن", "printer", "سلام", "yes", "a.jpg", "بپرس", "یادداشت", ""],
        ["select_one yn", "s", "آیا؟", "", "", "", "", "", "", "kind = ${t}"],
        ["whatever", "w", "چه", "", "", "", "", "", "", ""],
    ]
    choices = [["list_name", "name", "label", "kind"], ["yn", "a", "خوب", "x"], ["yn", "b", "بد", "y"]]
    found = imported(tmp_path, survey, choices, [["form_title", "submission_url"], ["نظر", "https://example.ir"]])
    assert set(codes(found)) == {
        ("setting", 2, "submission_url"), ("type_place", 2, "type"), ("type_media", 3, "type"), ("type_metadata", 4, "type"),
        ("appearance", 5, "appearance"), ("default", 5, "default"), ("readonly", 5, "read_only"), ("media", 5, "media"),
        ("guidance_hint", 5, "guidance_hint"), ("column_unknown", 0, "remarks"), ("choice_filter", 6, "choice_filter"),
        ("choice_column", 2, "kind"), ("choice_column", 3, "kind"), ("type_unknown", 7, "type"),
    }  # fmt: skip
    assert [question.id for question in found.definition.questions] == ["t", "s"]
    for each in (*found.skipped, *found.warnings):
        assert words.explain_in_terminal(each)


def test_texts_arrive_as_they_were_typed(tmp_path: Path) -> None:
    label = "«نقل» “قول” ‘تک’  دو فاصله\nخط دوم <script>alert(1)</script> {x} \u202eوارونه"
    found = imported(tmp_path, [["type", "name", "label"], ["text", "q", label]])
    assert found.definition.questions[0].label == label


def test_names_that_are_no_ids_become_ids(tmp_path: Path) -> None:
    survey = [["type", "name", "label", "relevant"], ["text", "نام", "نام", ""], ["text", "version", "نسخه", "${نام} != ''"], ["text", "a.b", "دو", ""]]
    found = imported(tmp_path, survey)
    assert [question.id for question in found.definition.questions] == ["q1", "version_2", "a_b"]
    assert found.definition.questions[1].show_if == "answered(q1)"
    assert [each.code for each in found.warnings] == ["renamed"] * 3


def test_csv_and_old_excel_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "form.csv").write_text('"survey",,,\n,"type","name","label"\n,"text","q","نام شما؟"\n', encoding="utf-8")
    assert import_form(tmp_path / "form.csv").definition.questions[0].label == "نام شما؟"
    cells: dict[tuple[int, int], str | float] = {(0, 0): "type", (0, 1): "name", (0, 2): "label", (1, 0): "integer", (1, 1): "q", (1, 2): 7.0}
    (tmp_path / "form.xls").write_bytes(xls({"survey": cells}))
    found = import_form(tmp_path / "form.xls").definition
    assert found.questions[0].label == "7" and found.title == "form"


HEAD = ["type", "name", "label"]
BAD_FORMS: list[tuple[dict[str, Sheet], str, str]] = [
    ({"survey": [["type", "name", "label", "label"], ["text", "q", "a", "b"]]}, "form_column_repeated", "label"),
    ({"survey": [["name", "label"], ["q", "a"]]}, "form_column_missing", "type"),
    ({"surwey": [HEAD], "other": [HEAD]}, "form_sheet_missing", "survey"),
    ({"survey": [HEAD, ["select_one gone", "q", "a"]], "choices": YES_NO}, "form_list_unknown", "gone"),
    ({"survey": [HEAD, ["", "q", "a"]]}, "form_type_missing", "2"),
    ({"survey": [HEAD, ["text", "", "a"]]}, "form_name_missing", "2"),
    ({"survey": [HEAD, ["text", "1 2", "a"]]}, "form_name_malformed", "2"),
    ({"survey": [HEAD, ["text", "q", "a"], ["text", "q", "b"]]}, "form_name_repeated", "3"),
    ({"survey": [HEAD, ["begin_group", "g", "a"], ["text", "q", "b"]]}, "form_group_unpaired", "2"),
    ({"survey": [HEAD, ["end_group", "", ""]]}, "form_group_unpaired", "2"),
    ({"survey": [[*HEAD, "relevant"], ["text", "q", "a", "${nobody} = 1"]]}, "form_reference_unknown", "nobody"),
    ({"survey": [HEAD, ["select_one yn", "q", "a"]], "choices": [*YES_NO, ["yn", "yes", "باز بله"]]}, "form_choice_repeated", "4"),
    ({"survey": [HEAD, *([["text", f"q{n}", "a"] for n in range(301)])]}, "too_many_questions", ""),
]


@pytest.mark.parametrize(("sheets", "code", "place"), BAD_FORMS, ids=[f"{code}-{n}" for n, (_, code, _) in enumerate(BAD_FORMS)])
def test_a_form_that_contradicts_itself_is_refused_with_its_place(app: Flask, tmp_path: Path, sheets: dict[str, Sheet], code: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        import_form(write(tmp_path / "form.xlsx", **sheets))
    assert refused.value.code == code, refused.value
    assert place in explain_in_terminal(refused.value)
    with app.test_request_context():
        assert any("\u0600" <= letter <= "\u06ff" for letter in explain(refused.value))


BAD_FILES: list[tuple[str, bytes, str]] = [
    ("empty.xlsx", b"", "form_file_empty"),
    ("noise.xlsx", bytes(range(256)) * 50, "form_file_binary"),
    ("cut.xlsx", b"PK\x03\x04" + b"x" * 4000, "form_file_cut"),
    ("locked.xlsx", ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "form_file_locked"),
    ("macro.xlsx", xlsx("<row/>", more={"xl/vbaProject.bin": b"x"}), "form_file_macros"),
    ("large.xlsx", b"x" * (5 * 1024 * 1024 + 1), "form_file_too_large"),
    ("page.csv", b"<html>, hello", "form_column_missing"),
]


@pytest.mark.parametrize(("name", "content", "code"), BAD_FILES, ids=[name for name, _, _ in BAD_FILES])
def test_a_file_that_is_no_form_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused) as refused:
        import_form(tmp_path / name)
    assert refused.value.code == code


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (60 << 20))
    (tmp_path / "bomb.xlsx").write_bytes(out.getvalue())
    with pytest.raises(Refused, match="form_file_bomb"):
        import_form(tmp_path / "bomb.xlsx")


# -- our own JSON --------------------------------------------------------------------------------------------------------


def test_json_is_exact_for_every_type() -> None:
    definition = everything()
    assert load_text(dump_text(definition)) == definition
    assert dump(load_text(dump_text(definition))) == dump(definition)


def test_the_schema_names_every_type_and_every_field() -> None:
    schema = definition_schema()
    kinds = set()
    for part in schema["$defs"].values():
        tag = part.get("properties", {}).get("type", {}).get("enum", [None])[0]
        if tag in QUESTION_TYPES:
            kinds.add(tag)
            fields = {field.encode_name for field in msgspec.structs.fields(QUESTION_TYPES[tag])}
            assert set(part["properties"]) - {"type"} == fields and part["additionalProperties"] is False
    assert kinds == set(QUESTION_TYPES)
    json.dumps(schema)


# -- the command ---------------------------------------------------------------------------------------------------------


class Stage:
    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app


def test_the_command_imports_a_form_and_exports_it_again(app: Flask, tmp_path: Path) -> None:
    make_units()
    form = write(tmp_path / "form.xlsx", survey=[HEAD, ["select_one yn", "q", "آیا؟"], ["geopoint", "g", "کجا؟"]], choices=YES_NO)
    run = CliRunner()
    first = run.invoke(group, ["import", str(form), "--json"], obj=Stage(app))
    assert first.exit_code == 0, first.output
    result = json.loads(first.output)
    assert result["questions"] == 1 and result["warnings"] == []
    (skipped,) = result["skipped"]
    assert (skipped["sheet"], skipped["row"], skipped["column"], skipped["what"], skipped["code"]) == ("survey", 3, "type", "geopoint g", "type_place")
    assert skipped["why"].startswith("There is no question of this type here")
    for target in ("out.xlsx", "out.json"):
        done = run.invoke(group, ["export", result["survey"], "--to", str(tmp_path / target), "--json"], obj=Stage(app))
        assert done.exit_code == 0 and json.loads(done.output)["skipped"] == []
    again = import_form(tmp_path / "out.xlsx").definition
    assert again == load_text((tmp_path / "out.json").read_bytes())
    plain = run.invoke(group, ["import", str(form)], obj=Stage(app))
    assert "survey, row 3, type: geopoint g" in plain.output


def test_a_refused_file_leaves_nothing_behind(app: Flask, tmp_path: Path) -> None:
    make_units()
    (tmp_path / "bad.xlsx").write_bytes(b"PK\x03\x04nothing")
    (tmp_path / "bad.txt").write_bytes(b"x")
    for name, code in (("bad.xlsx", "form_file_unreadable"), ("bad.txt", "survey_file_kind_unknown"), ("gone.xlsx", "form_file_missing")):
        done = CliRunner().invoke(group, ["import", str(tmp_path / name)], obj=Stage(app))
        assert isinstance(done.exception, Refused) and done.exception.code == code
    assert db.session.execute(text("SELECT count(*) FROM survey")).scalar() == 0


def test_the_schema_is_written_by_a_command(tmp_path: Path) -> None:
    printed = CliRunner().invoke(group, ["schema"])
    assert json.loads(printed.output) == definition_schema()
    CliRunner().invoke(group, ["schema", "--to", str(tmp_path / "schema.json")])
    assert json.loads((tmp_path / "schema.json").read_text()) == definition_schema()
