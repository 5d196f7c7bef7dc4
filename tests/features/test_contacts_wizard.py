"""The import wizard on real files: what it recognises, asks, remembers, holds back and never tells."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import xlsxwriter
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.queries.fields import fields_of
from contacts.queries.policy import Policy, policy_of
from contacts.rules.consent import Basis, PriorRelation
from contacts.rules.custom_values import CustomKind
from contacts.rules.people import Person
from contacts.rules.states import ImportState
from engage.clock import FrozenClock
from engage.db import db
from engage.identity.rules import Role
from engage.refusal import Refused
from tests.people import make_person, make_units, sign_in, without_csrf

BASIS = {"basis": "consent", "purpose": "survey_invitation", "evidence": "فرم‌های سرای محله"}


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(app, units: tuple[int, int, int, int]) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[1]))


@pytest.fixture
def admin(app, units: tuple[int, int, int, int]) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[1], Role.ADMIN, name="مینا صادقی"))


@pytest.fixture
def chief(app, units: tuple[int, int, int, int]) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[0], Role.ADMIN))


def workbook(**sheets: list[list[Any]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def csv(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def upload(browser: FlaskClient, content: bytes, name: str = "فهرست.csv") -> tuple[str, str]:
    """(public id, the step that comes next)"""
    answer = browser.post("/console/contacts/imports/new", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    parts = answer.location.split("/")
    return parts[4], parts[5]


def page(browser: FlaskClient, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.location)
    return answer.text


def send(browser: FlaskClient, slug: str, step: str, status: int = 303, **data: str) -> str:
    answer = browser.post(f"/console/contacts/imports/{slug}/{step}", data={name.replace("_", "-", 1): value for name, value in data.items()})
    assert answer.status_code == status, answer.text
    return answer.text


def state_of(slug: str) -> ImportState:
    record = queries.get_import(slug)
    assert record is not None
    return record.state


def finish(browser: FlaskClient, slug: str, drain: Callable[[], int]) -> queries.ImportRecord:
    answer = browser.post(f"/console/contacts/imports/{slug}/basis", data=BASIS)
    assert answer.status_code == 303, answer.text
    drain()
    record = queries.get_import(slug)
    assert record is not None
    return record


# -- sheet and header --------------------------------------------------------------------------------------------------------------------


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


# -- columns -----------------------------------------------------------------------------------------------------------------------------


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


# -- values ------------------------------------------------------------------------------------------------------------------------------


PLACES = csv(
    "همراه,محله,جنسیت",
    "09121111111,سنگلج,زن",
    "09121111112,محله سنگلج,خواهر",
    "09121111113,محلهٔ سنگلج,مرد",
    "09121111114,پامنار,خواهر",
    "09121111115,سنگلچ,زن",
)


def add(unit_id: int, phone: str, place: str = "سنگلج") -> int:
    return commands.add_contact(unit_id, phone, Person("زهرا", "کاظمی", place), purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم", actor_id=None)


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


# -- what nobody learns ------------------------------------------------------------------------------------------------------------------


def stop(number: str, unit_id: int) -> None:
    contact = queries.get_contact(add(unit_id, number))
    assert contact is not None
    commands.suppress_identity(contact.identity_id, source="officer", actor_id=None)


def test_a_number_stopped_elsewhere_looks_new_in_every_row_and_sum_of_the_page(officer: FlaskClient, chief: FlaskClient, units, drain) -> None:
    theirs = [f"+98919000{number:04}" for number in range(12)]
    for number in theirs:
        stop(number, units[2])
    stop("+989121111119", units[1])
    rows = [f"0{number[3:]},غریبه" for number in theirs] + ["09121111111,آشنا", "09121111119,خودی", "021,ردشده"]
    slug, _ = upload(officer, csv("همراه,نام", *rows))
    send(officer, slug, "columns", column_0="phone", column_1="first_name")
    record = queries.get_import(slug)
    assert record and record.counts == {"created": 1, "updated": 0, "unchanged": 0, "duplicates": 0, "rejected": 1, "suppressed": 13}
    assert record.told(sees_everything=False) == {**record.counts, "created": 13, "suppressed": 1}
    preview = page(officer, f"/console/contacts/imports/{slug}/preview")
    assert preview.count("غریبه") == 12 and "حدود ۱۰ شماره قابل ارسال نیست" in preview
    suppressed = page(officer, f"/console/contacts/imports/{slug}/preview?show=suppressed")
    assert "غریبه" not in suppressed and "خودی" in suppressed
    assert page(officer, f"/console/contacts/imports/{slug}/preview?show=created").count('class="top"') == 13
    assert "غریبه" not in officer.get(f"/console/contacts/imports/{slug}/rejected").text
    # Whoever answers for the whole tree sees the sums as they are, and the rows like everybody.
    whole = page(chief, f"/console/contacts/imports/{slug}/preview")
    assert "قابل ارسال نیست" not in whole and "۱۳" in whole
    record = finish(officer, slug, drain)
    assert record.counts["suppressed"] == 13 and record.counts["created"] == 1
    summary = page(officer, f"/console/contacts/imports/{slug}")
    assert "حدود ۱۰ شماره" in summary and "<dd>۱۳</dd>" in summary and "<dd>۱</dd>" in summary
    listed = page(officer, "/console/contacts/imports/")
    assert '<div class="num">۱۳</div>' in listed
    told = db.session.scalars(text("SELECT detail FROM audit_entry WHERE action = 'list_imported'")).one()
    assert told["created"] == 13 and told["suppressed"] == 1
    commands.undo_import(record.id, actor_id=None)
    drain()
    told = db.session.scalars(text("SELECT detail FROM audit_entry WHERE action = 'import_undone'")).one()
    assert told == {"file": record.file_name, "deleted": 13, "restored": 0, "kept": 0}


def test_a_list_of_stopped_numbers_alone_can_be_started_like_any_other(officer: FlaskClient, units, drain) -> None:
    stop("+989190000000", units[2])
    slug, _ = upload(officer, csv("همراه", "09190000000"))
    send(officer, slug, "columns", column_0="phone")
    preview = page(officer, f"/console/contacts/imports/{slug}/preview")
    assert "ادامه با ۱ مخاطب" in preview and "قابل ارسال نیست" not in preview
    assert finish(officer, slug, drain).counts["created"] == 0
    assert db.session.scalar(text("SELECT count(*) FROM contact WHERE unit_id = :unit"), {"unit": units[1]}) == 0


# -- quarantine --------------------------------------------------------------------------------------------------------------------------


def test_an_officers_list_waits_where_the_unit_wants_that(officer: FlaskClient, admin: FlaskClient, app, units, drain) -> None:
    commands.set_policy(units[0], Policy(imports_need_release=True), actor_id=None)
    slug, _ = upload(officer, csv("همراه,نام", "09121111111,زهرا"))
    send(officer, slug, "columns", column_0="phone", column_1="first_name")
    base = f"/console/contacts/imports/{slug}"
    assert "سپردن به مدیر سامانه" in page(officer, f"{base}/basis")
    assert finish(officer, slug, drain).state is ImportState.QUARANTINED
    assert "در انتظار تصمیم مدیر سامانه است" in page(officer, base) and "/release" not in page(officer, base)
    assert "زهرا" in page(admin, f"{base}/preview") and "فرم‌های سرای محله" in page(admin, base)
    assert "در انتظار اجازهٔ ورود است" in page(admin, "/console/")
    assert officer.post(f"{base}/release").status_code == 403
    elsewhere = sign_in(app.test_client(), make_person(units[2], Role.ADMIN))
    assert elsewhere.post(f"{base}/release").status_code == 404
    record = queries.get_import(slug)
    assert record
    with pytest.raises(Refused, match="release_not_allowed"):
        commands.release_import(slug, actor_id=record.user_id)
    assert db.session.scalar(text("SELECT count(*) FROM contact")) == 0
    assert admin.post(f"{base}/release").status_code == 303
    drain()
    assert state_of(slug) is ImportState.FINISHED and "مینا صادقی" in page(admin, base)
    assert admin.post(f"{base}/release").status_code == 303 and "صفحه را دوباره" in page(admin, base)
    assert "در انتظار اجازهٔ ورود است" not in page(admin, "/console/")
    actions = db.session.scalars(text("SELECT action FROM audit_entry WHERE object_type = 'contact_import' ORDER BY id")).all()
    assert actions == ["list_uploaded", "import_quarantined", "import_released", "list_imported"]


def test_an_admin_may_refuse_a_waiting_list_and_needs_no_release_for_an_own_one(officer: FlaskClient, admin: FlaskClient, units, settings, drain) -> None:
    commands.set_policy(units[1], Policy(imports_need_release=True), actor_id=None)
    slug, _ = upload(officer, csv("همراه", "09121111111"))
    send(officer, slug, "columns", column_0="phone")
    record = finish(officer, slug, drain)
    assert admin.post(f"/console/contacts/imports/{slug}/discard").status_code == 303
    assert state_of(slug) is ImportState.DISCARDED and not (settings.data_dir / "uploads" / record.stored_name).exists()
    assert "import_not_released" in db.session.scalars(text("SELECT action FROM audit_entry")).all()
    slug, _ = upload(admin, csv("همراه", "09121111112"))
    send(admin, slug, "columns", column_0="phone")
    assert finish(admin, slug, drain).state is ImportState.FINISHED


# -- rules of the unit -------------------------------------------------------------------------------------------------------------------


def test_the_nearest_units_policy_wins(units) -> None:
    city, d12, d6, herandi = units
    assert policy_of(herandi) == Policy()
    commands.set_policy(city, Policy(upload_days=3), actor_id=None)
    assert policy_of(herandi).upload_days == 3 and policy_of(herandi).unit_id == city
    commands.set_policy(d12, Policy(upload_days=9, prior_relation_receives=PriorRelation.NOTHING), actor_id=None)
    assert [policy_of(unit).upload_days for unit in units] == [3, 9, 3, 9]
    assert commands.set_policy(d12, Policy(upload_days=9, prior_relation_receives=PriorRelation.NOTHING), actor_id=None) is False
    assert commands.follow_policy_above(d12, actor_id=None) and not commands.follow_policy_above(d12, actor_id=None)
    assert policy_of(herandi).upload_days == 3
    for wrong in (Policy(upload_days=0), Policy(upload_days=91), Policy(dispute_hold_count=-1)):
        with pytest.raises(Refused):
            commands.set_policy(d6, wrong, actor_id=None)


def test_the_policy_page_saves_and_follows(admin: FlaskClient, officer: FlaskClient, units) -> None:
    assert "مقدارهای پیش‌فرض سامانه" in page(admin, "/console/contacts/policy")
    form = {"imports_need_release": "y", "prior_relation_receives": "re_permission", "dispute_hold_count": "۳", "upload_days": "۱۴"}
    assert admin.post("/console/contacts/policy", data=form).status_code == 303
    assert policy_of(units[1]) == Policy(True, PriorRelation.RE_PERMISSION, 3, 14, False, units[1])
    assert admin.post("/console/contacts/policy", data={**form, "upload_days": "۹۰۰"}).status_code == 422
    assert admin.post("/console/contacts/policy/follow").status_code == 303
    assert policy_of(units[1]) == Policy()
    assert officer.get("/console/contacts/policy").status_code == 403


def test_uploads_are_deleted_after_the_days_their_unit_chose(officer: FlaskClient, app, units, settings, clock: FrozenClock) -> None:
    commands.set_policy(units[1], Policy(upload_days=2), actor_id=None)
    mine, _ = upload(officer, csv("همراه", "09121111111"))
    other = sign_in(app.test_client(), make_person(units[2]))
    theirs, _ = upload(other, csv("همراه", "09121111111"))
    clock.advance(timedelta(days=3))
    assert commands.delete_old_files() == 1
    assert state_of(mine) is ImportState.DISCARDED and state_of(theirs) is ImportState.UPLOADED


# -- by hand -----------------------------------------------------------------------------------------------------------------------------


def test_one_person_with_own_fields_and_what_was_typed_stays_on_an_error(officer: FlaskClient, units) -> None:
    commands.add_field(units[1], "شمار فرزندان", CustomKind.NUMBER, actor_id=None)
    field = fields_of(units[1])[0]
    shown = page(officer, "/console/contacts/new")
    assert "شمار فرزندان" in shown
    form = {
        "phone": "۰۹۱۲۱۲۳۴۵۶۷", "first_name": "زهرا", "how": "state", "purpose": "survey_invitation", "basis": "consent", "evidence": "فرم ۳۱۸",
        f"own_{field.id}": "زیاد", "language": "az",
    }  # fmt: skip
    answer = officer.post("/console/contacts/new", data=form)
    assert answer.status_code == 422 and 'value="زیاد"' in answer.text and 'value="فرم ۳۱۸"' in answer.text
    answer = officer.post("/console/contacts/new", data={**form, f"own_{field.id}": "۳"})
    assert answer.status_code == 303
    assert db.session.execute(text("SELECT custom, first_name FROM contact")).one() == ({field.key: 3}, "زهرا")
    answer = officer.post("/console/contacts/new", data={**form, "phone": "09131234567", "evidence": "", f"own_{field.id}": ""})
    assert answer.status_code == 422


def test_a_person_may_be_asked_first_and_nothing_is_stored_until_they_answer(officer: FlaskClient, units) -> None:
    form = {"phone": "09121234567", "first_name": "زهرا", "how": "ask", "purpose": "survey_invitation"}
    answer = officer.post("/console/contacts/new", data=form)
    assert answer.status_code == 303, answer.text
    assert db.session.scalar(text("SELECT count(*) FROM contact")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 1
    assert officer.post("/console/contacts/new", data=form).status_code == 422
    add(units[1], "+989131234567")
    answer = officer.post("/console/contacts/new", data={**form, "phone": "09131234567"})
    assert answer.status_code == 422 and "پیش‌تر" in answer.text


def test_why_a_foreign_number_cannot_be_added_is_not_told(officer: FlaskClient, units) -> None:
    stop("+989121234567", units[2])
    for how in ("state", "ask"):
        form = {"phone": "09121234567", "how": how, "purpose": "survey_invitation", "basis": "consent", "evidence": "فرم"}
        answer = officer.post("/console/contacts/new", data=form)
        assert answer.status_code == 422 and "قابل ارسال نیست" in answer.text and "نخواسته" not in answer.text


# -- taking it back ----------------------------------------------------------------------------------------------------------------------


def test_a_finished_list_is_taken_back_from_its_page(officer: FlaskClient, drain) -> None:
    slug, _ = upload(officer, csv("همراه,نام", "09121111111,زهرا", "09121111112,علی"))
    send(officer, slug, "columns", column_0="phone", column_1="first_name")
    finish(officer, slug, drain)
    base = f"/console/contacts/imports/{slug}"
    assert "بازگرداندن این ورود" in page(officer, base)
    assert officer.post(f"{base}/undo").status_code == 303
    drain()
    assert state_of(slug) is ImportState.UNDONE
    assert "۲ مخاطب دوباره حذف شد" in page(officer, base)
    assert db.session.scalar(text("SELECT count(*) FROM contact")) == 0
