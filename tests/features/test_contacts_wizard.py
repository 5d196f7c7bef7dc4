"""The import wizard on real files: what it recognises, asks, remembers, holds back and never tells."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import xlsxwriter
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.queries.fields import fields_of
from contacts.rules.custom_values import CustomKind
from contacts.rules.states import ImportState
from engage.db import db
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.wizard import add, csv, finish, page, send, state_of, upload


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(app, units: tuple[int, int, int, int]) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[1]))


def workbook(**sheets: list[list[Any]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def test_sheet_and_header_are_recognised_shown_and_corrected(officer: FlaskClient) -> None:
    book = workbook(
        راهنما=[["این کتاب را روابط عمومی پر کند"], ["تماس: ندارد"]],
        شهروندان=[["فهرست شهروندان محله", ""], ["نام", "همراه"], ["زهرا", "09121234567"], ["علی", "۰۹۳۵۱۲۳۴۵۶۷"]],
        قدیمی=[["نام", "همراه"], ["رضا", "09361234567"]],
    )
    slug, step = upload(officer, book, "شهروندان.xlsx")
    assert step == "sheet"
    shown = page(officer, f"/console/contacts/imports/{slug}/sheet")
    assert "سطر ۲ سرستون شناخته شد" in shown and "فهرست شهروندان محله" in shown and "قدیمی" in shown
    assert "09121234567" not in shown and "۰۹۱۲***۵۶۷" in shown
    assert '<tr class="is-header"><th scope="row"><label class="choice sheet-choice"><input type="radio" name="header" value="2" checked>' in shown
    other = page(officer, f"/console/contacts/imports/{slug}/sheet?sheet=قدیمی")
    assert "سطر ۱ سرستون شناخته شد" in other and "رضا" in other
    send(officer, slug, "sheet", sheet="قدیمی", header="1")
    record = queries.get_import(slug)
    assert record and (record.sheet, record.header_row, record.row_count) == ("قدیمی", 1, 1)
    assert "برگهٔ «قدیمی»" in page(officer, f"/console/contacts/imports/{slug}/columns")
    send(officer, slug, "sheet", sheet="شهروندان", header="0")
    record = queries.get_import(slug)
    assert record and record.header_row == 0 and record.row_count == 4
    assert "سطر ۴۰ " in send(officer, slug, "sheet", 422, sheet="شهروندان", header="40")
    assert "هیچ" not in send(officer, slug, "sheet", 422, sheet="نیست", header="1")
    record = queries.get_import(slug)
    assert record and (record.sheet, record.header_row) == ("شهروندان", 0)


def test_a_plain_file_goes_straight_to_its_columns(officer: FlaskClient) -> None:
    assert upload(officer, csv("نام,همراه", "زهرا,09121234567"))[1] == "columns"
    assert upload(officer, csv("زهرا,09121234567", "علی,09351234567"))[1] == "sheet"


def test_what_was_read_is_what_is_imported(officer: FlaskClient, drain) -> None:
    book = workbook(یک=[["نام", "همراه"], ["زهرا", "09121234567"]], دو=[["عنوان"], ["نام", "همراه"], ["رضا", "09361234567"], ["لیلا", "09371234567"]])
    slug, _step = upload(officer, book, "b.xlsx")
    send(officer, slug, "sheet", sheet="دو", header="2")
    send(officer, slug, "columns", column_0="first_name", column_1="phone")
    record = finish(officer, slug, drain)
    assert record.counts["created"] == 2 and record.row_count == 2
    assert db.session.scalars(text("SELECT first_name FROM contact ORDER BY id")).all() == ["رضا", "لیلا"]


def test_a_mapping_is_remembered_for_the_shape_of_the_file(officer: FlaskClient, units, app) -> None:
    shape = csv("الف,ب,تلفن", "زهرا,کاظمی,09121234567")
    slug, _ = upload(officer, shape)
    assert "پیش‌تر دیده‌ایم" not in page(officer, f"/console/contacts/imports/{slug}/columns")
    send(officer, slug, "columns", column_0="first_name", column_1="last_name", column_2="phone")
    again, _ = upload(officer, csv("الف:,ب,تلفن", "علی,نوری,09351234567"), "دیگر.csv")
    record = queries.get_import(again)
    assert record and record.mapping == {0: "first_name", 1: "last_name", 2: "phone"}
    assert "این شکل فایل را پیش‌تر دیده‌ایم" in page(officer, f"/console/contacts/imports/{again}/columns")
    stranger = sign_in(app.test_client(), make_person(units[2]))
    theirs, _ = upload(stranger, shape)
    record = queries.get_import(theirs)
    assert record and not record.is_remembered and 0 not in record.mapping


def test_new_fields_are_made_on_the_way_and_their_values_are_typed(officer: FlaskClient, units, drain) -> None:
    rows = csv("همراه;شغل;فرزند;بازدید;عضو", "09121234567;نانوا;۳;1404/2/1;بله", "09351234567;بقال;زیاد;دیروز;خیر", "09361234567;نانوا;;;")
    slug, _ = upload(officer, rows)
    shown = page(officer, f"/console/contacts/imports/{slug}/columns")
    assert 'value="new:date"' in shown and "با مقدارها می‌خواند" in shown
    choices = {"column_0": "phone", "column_1": "new:choice", "column_2": "new:number", "column_3": "new:date", "column_4": "new:yes_no"}
    send(officer, slug, "columns", **choices, title_2="شمار فرزندان")
    fields = {field.title: field for field in fields_of(units[1])}
    assert {title: field.kind for title, field in fields.items()} == {
        "شغل": CustomKind.CHOICE, "شمار فرزندان": CustomKind.NUMBER, "بازدید": CustomKind.DATE, "عضو": CustomKind.YES_NO,
    }  # fmt: skip
    assert fields["شغل"].options == ("نانوا", "بقال")
    assert all(field.key.isascii() for field in fields.values())
    preview = page(officer, f"/console/contacts/imports/{slug}/preview")
    assert "زیاد" in preview and "دیروز" in preview and preview.count("cell-note-warn") >= 2
    finish(officer, slug, drain)
    key = {title: field.key for title, field in fields.items()}
    stored = db.session.scalars(text("SELECT custom FROM contact ORDER BY id")).all()
    assert stored[0] == {key["شغل"]: "نانوا", key["شمار فرزندان"]: 3, key["بازدید"]: "2025-04-21", key["عضو"]: True}
    assert stored[1] == {key["شغل"]: "بقال", key["عضو"]: False}
    # The same file again maps itself, and makes no second field.
    slug, _ = upload(officer, rows)
    record = queries.get_import(slug)
    assert record and record.mapping[1] == f"custom:{key['شغل']}"
    send(officer, slug, "columns", **choices, title_2="شمار فرزندان")
    assert len(fields_of(units[1])) == 4
    assert finish(officer, slug, drain).counts["unchanged"] == 3


def test_a_refused_mapping_makes_no_field_and_keeps_what_was_typed(officer: FlaskClient, units) -> None:
    slug, _ = upload(officer, csv("همراه,شغل", "09121234567,نانوا"))
    answer = send(officer, slug, "columns", 422, column_0="", column_1="new:text", title_1="پیشه")
    assert 'value="پیشه"' in answer and fields_of(units[1]) == () and 'value="new:text" selected' in answer


PLACES = csv(
    "همراه,محله,جنسیت",
    "09121111111,سنگلج,زن",
    "09121111112,محله سنگلج,خواهر",
    "09121111113,محلهٔ سنگلج,مرد",
    "09121111114,پامنار,خواهر",
    "09121111115,سنگلچ,زن",
)


def test_unknown_values_are_listed_once_decided_once_and_remembered(officer: FlaskClient, units, drain) -> None:
    add(units[3], "+989190000000")  # a contact of the neighbourhood below: what it knows, its district knows
    slug, _ = upload(officer, PLACES)
    base = f"/console/contacts/imports/{slug}"
    send(officer, slug, "columns", column_0="phone", column_1="neighbourhood", column_2="gender")
    assert state_of(slug) is ImportState.MAPPED
    assert officer.get(base).location.endswith("/values")
    record = queries.get_import(slug)
    assert record
    places, genders = record.asked
    assert [(each.text, each.count, each.suggestion) for each in places.unknown] == [
        ("محله سنگلج", 2, "سنگلج"), ("پامنار", 1, ""), ("سنگلچ", 1, "سنگلج"),
    ]  # fmt: skip
    assert [(each.text, each.count) for each in genders.unknown] == [("خواهر", 2)]
    shown = page(officer, f"{base}/values")
    assert shown.count('<td role="cell" class="td-head"') == 4 and "همان «سنگلج»" in shown and "۲" in shown
    answers = {"value-1-0": "=سنگلج", "value-1-1": "+", "value-1-2": "other", "other-1-2": "هرندی", "value-2-0": "=female"}
    assert officer.post(f"{base}/values", data=answers).status_code == 303
    assert state_of(slug) is ImportState.CHECKED
    again = page(officer, f"{base}/values")
    assert '<option value="=سنگلج" selected>' in again and 'value="هرندی"' in again and '<option value="=female" selected>' in again
    finish(officer, slug, drain)
    stored = db.session.execute(text("SELECT neighbourhood, gender FROM contact WHERE unit_id = :unit ORDER BY id"), {"unit": units[1]}).all()
    assert sorted(map(tuple, stored)) == sorted(
        [("سنگلج", "female"), ("سنگلج", "female"), ("سنگلج", "male"), ("پامنار", "female"), ("هرندی", "female")]
    )
    slug, _ = upload(officer, PLACES)
    send(officer, slug, "columns", column_0="phone", column_1="neighbourhood", column_2="gender")
    assert state_of(slug) is ImportState.CHECKED, "what was decided once is not asked again"
    assert finish(officer, slug, drain).counts["unchanged"] == 5


def test_a_value_left_blank_is_stored_nowhere(officer: FlaskClient, units, drain) -> None:
    add(units[1], "+989190000000")
    slug, _ = upload(officer, csv("همراه,محله", "09121111111,پامنار"))
    send(officer, slug, "columns", column_0="phone", column_1="neighbourhood")
    officer.post(f"/console/contacts/imports/{slug}/values", data={"value-1-0": "-"})
    finish(officer, slug, drain)
    assert db.session.scalars(text("SELECT neighbourhood FROM contact ORDER BY id")).all() == ["سنگلج", ""]


def test_names_known_to_another_district_are_not_suggested(officer: FlaskClient, units) -> None:
    add(units[2], "+989190000000", "پامنار")
    slug, _ = upload(officer, csv("همراه,محله", "09121111111,پامنار", "09121111112,پامنارر"))
    send(officer, slug, "columns", column_0="phone", column_1="neighbourhood")
    record = queries.get_import(slug)
    assert record and [each.suggestion for asked in record.asked for each in asked.unknown] == ["پامنار"], "from this file alone"
    slug, _ = upload(officer, csv("همراه,محله", "09121111112,پامنارر"))
    send(officer, slug, "columns", column_0="phone", column_1="neighbourhood")
    assert state_of(slug) is ImportState.CHECKED


def test_an_unknown_option_becomes_one_or_means_another(officer: FlaskClient, units, drain) -> None:
    key = commands.add_field(units[1], "شغل", CustomKind.CHOICE, options=["نانوا", "بقال"], actor_id=None)
    slug, _ = upload(officer, csv("همراه,شغل", "09121111111,نانوایی", "09121111112,قصاب", "09121111113,بقال"))
    send(officer, slug, "columns", column_0="phone", column_1=f"custom:{key}")
    record = queries.get_import(slug)
    assert record and record.state is ImportState.MAPPED
    numbers = {value.text: number for number, value in enumerate(record.asked[0].unknown)}
    wrong = {f"value-1-{numbers['نانوایی']}": "=خیاط", f"value-1-{numbers['قصاب']}": "+"}
    assert officer.post(f"/console/contacts/imports/{slug}/values", data=wrong).status_code == 422
    right = {f"value-1-{numbers['نانوایی']}": "=نانوا", f"value-1-{numbers['قصاب']}": "+"}
    assert officer.post(f"/console/contacts/imports/{slug}/values", data=right).status_code == 303
    assert fields_of(units[1])[0].options == ("نانوا", "بقال", "قصاب")
    finish(officer, slug, drain)
    assert db.session.scalars(text("SELECT custom->>:key FROM contact ORDER BY id"), {"key": key}).all() == ["نانوا", "قصاب", "بقال"]
