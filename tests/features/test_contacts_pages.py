"""The officer's way through the contact pages: from an empty base through the wizard to one person."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.db import db
from engage.identity.rules import Role
from tests.people import make_person, make_units, sign_in, without_csrf

LIST = (
    "نام;نام خانوادگی;تلفن همراه;محله;سال تولد\n"
    "زهرا;کاظمی;09121234567;هرندی;1362\n"
    "مریم;صادقی;0912 123 4567;هرندی;\n"
    "علی;نوری;02133445566;پامنار;1338\n"
    "=HYPERLINK(1);رستمی;0912345678;ارگ;1410\n"
    "حسین;رستمی;09351234567 / 09361234567;ارگ;1298\n"
)


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(client: FlaskClient, units: tuple[int, int, int, int]) -> FlaskClient:
    return sign_in(client, make_person(units[1]))


def upload(browser: FlaskClient, content: bytes = LIST.encode(), name: str = "فهرست.csv") -> str:
    answer = browser.post("/console/contacts/imports/new", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    return answer.location.split("/")[4]


def page(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def test_the_wizard_from_upload_to_summary(officer: FlaskClient, units, drain: Callable[[], int]) -> None:
    assert "هنوز مخاطبی ندارید" in page(officer, "/console/contacts/")
    slug = upload(officer)
    base = f"/console/contacts/imports/{slug}"
    columns = page(officer, f"{base}/columns")
    assert "0912***567" not in columns and "۰۹۱۲***۵۶۷" in columns
    answer = officer.post(f"{base}/columns", data={"column-0": "first_name", "column-1": "last_name", "column-2": "phone", "column-3": "neighbourhood", "column-4": "birth_year"})
    assert answer.status_code == 303
    preview = page(officer, f"{base}/preview")
    assert "مشترک با سطر" in preview and "شمارهٔ ثابت" in preview and "۰۹۱۲***۴۵۶۷" in preview
    assert page(officer, f"{base}/preview?show=rejected").count('<tr role="row" class="top">') == 2
    file = officer.get(f"{base}/rejected")
    assert file.data.startswith(b"\xef\xbb\xbf") and "'=HYPERLINK(1)" in file.text and "شمارهٔ ثابت" in file.text
    assert db.session.scalar(text("SELECT count(*) FROM phone_identity")) == 0
    assert officer.post(f"{base}/basis", data={"purpose": "survey_invitation"}).status_code == 422
    answer = officer.post(f"{base}/basis", data={"basis": "consent", "purpose": "survey_invitation", "evidence": "فرم کاغذی"})
    assert answer.status_code == 303
    assert "در صف" in page(officer, base)
    assert drain() >= 1
    summary = page(officer, base)
    assert "فرم کاغذی" in summary and "پایان‌یافته" in summary
    assert "HX-Redirect" in officer.get(f"{base}/progress").headers
    listed = page(officer, "/console/contacts/")
    assert "زهرا کاظمی" in listed and "شمارهٔ مشترک" in listed and "09121234567" not in listed
    record = queries.get_import(slug)
    assert record and record.counts == {"created": 2, "updated": 0, "unchanged": 0, "duplicates": 1, "rejected": 2, "suppressed": 0}


def test_the_same_list_again_changes_nothing(officer: FlaskClient, drain: Callable[[], int]) -> None:
    for expected in ({"created": 2, "unchanged": 0}, {"created": 0, "unchanged": 2}):
        slug = upload(officer)
        base = f"/console/contacts/imports/{slug}"
        officer.post(f"{base}/columns", data={"column-0": "first_name", "column-1": "last_name", "column-2": "phone"})
        officer.post(f"{base}/basis", data={"basis": "consent", "purpose": "survey_invitation", "evidence": "فرم"})
        drain()
        record = queries.get_import(slug)
        assert record and record.counts["updated"] == 0
        assert {name: record.counts[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.csv", "خالی"),
        (bytes(range(256)) * 9, "a.csv", "CSV"),
        (b"PK\x03\x04", "a.xlsx", "آسیب"),
        (b"x", "a.pdf", "پذیرفته"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_one_sentence_and_leaves_nothing(officer: FlaskClient, settings, content, name, words) -> None:
    before = set((settings.data_dir / "uploads").glob("*")) if (settings.data_dir / "uploads").exists() else set()
    answer = officer.post("/console/contacts/imports/new", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 422 and words in answer.text
    assert set((settings.data_dir / "uploads").glob("*")) == before
    assert queries.list_imports([1, 2, 3, 4]) == []


def test_a_mapping_without_phone_is_refused_on_the_page(officer: FlaskClient) -> None:
    slug = upload(officer)
    answer = officer.post(f"/console/contacts/imports/{slug}/columns", data={"column-0": "first_name"})
    assert answer.status_code == 422 and "شمارهٔ همراه" in answer.text


def test_giving_up_deletes_the_file(officer: FlaskClient, settings) -> None:
    slug = upload(officer)
    record = queries.get_import(slug)
    assert record and (settings.data_dir / "uploads" / record.stored_name).exists()
    assert officer.post(f"/console/contacts/imports/{slug}/discard").status_code == 303
    assert not (settings.data_dir / "uploads" / record.stored_name).exists()
    assert officer.get(f"/console/contacts/imports/{slug}").status_code == 404


def add(unit_id: int, phone: str = "+989121234567", name: str = "زهرا") -> int:
    return commands.add_contact(
        unit_id, phone, Person(name, "کاظمی", "هرندی", "female", 1362), purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم ۳۱۸"
    )


def test_one_persons_page_search_edit_and_consent(officer: FlaskClient, units) -> None:
    contact_id = add(units[1])
    here = f"/console/contacts/{contact_id}"
    shown = page(officer, here)
    assert "دفتر رضایت دست‌نخورده است" in shown and "فرم ۳۱۸" in shown and "09121234567" not in shown
    assert "زهرا کاظمی" in page(officer, "/console/contacts/?q=کاظ")
    assert "زهرا کاظمی" in page(officer, "/console/contacts/?q=۰۹۱۲ ۱۲۳ ۴۵۶۷")
    assert "زهرا کاظمی" not in page(officer, "/console/contacts/?q=0912123")
    officer.post(f"{here}/edit", data={"first_name": "زهره", "last_name": "کاظمی", "neighbourhood": "", "gender": "female", "birth_year": "۱۳۶۳"})
    assert "زهره کاظمی" in page(officer, here) and "۱۳۶۳" in page(officer, here)
    officer.post(f"{here}/withdraw", data={"purpose": "survey_invitation"})
    assert queries.count_audience(queries.AudienceFilter(units[1]), "survey_invitation").eligible == 0
    officer.post(f"{here}/consent", data={"purpose": "survey_invitation", "basis": "consent", "evidence": "تلفنی"})
    assert queries.count_audience(queries.AudienceFilter(units[1]), "survey_invitation").eligible == 1
    officer.post(f"{here}/stop")
    assert queries.count_audience(queries.AudienceFilter(units[1]), "survey_invitation").suppressed == 1
    assert "توقف پیامک" in page(officer, here)
    assert queries.verify_ledger().holds


def test_adding_by_form_and_the_same_number_again(officer: FlaskClient, units) -> None:
    page(officer, "/console/contacts/new")
    values = {"phone": "۰۹۱۲۱۲۳۴۵۶۷", "first_name": "زهرا", "last_name": "کاظمی", "gender": "", "purpose": "survey_invitation", "basis": "consent", "evidence": "فرم"}
    answer = officer.post("/console/contacts/new", data=values)
    assert answer.status_code == 303
    answer = officer.post("/console/contacts/new", data=values)
    assert answer.status_code == 422 and "پیش‌تر" in answer.text
    assert officer.post("/console/contacts/new", data={**values, "phone": "021"}).status_code == 422


def test_an_officer_of_another_district_learns_nothing(client: FlaskClient, officer: FlaskClient, units) -> None:
    mine, theirs = add(units[1]), add(units[2], name="غریبه")
    slug = commands.upload_list(units[2], "x.csv", io.BytesIO(LIST.encode()), actor_id=None)
    assert officer.get(f"/console/contacts/{mine}").status_code == 200
    for path in (f"/{theirs}", f"/{theirs}/edit", f"/{theirs}/consent", f"/{theirs}/stop", f"/imports/{slug}", f"/imports/{slug}/columns", f"/imports/{slug}/rejected", "/999999", "/imports/nothing"):
        assert officer.get(f"/console/contacts{path}").status_code == 404, path
    assert officer.post(f"/console/contacts/{theirs}/withdraw", data={"purpose": "survey_invitation"}).status_code == 404
    listed = page(officer, "/console/contacts/?q=09121234567")
    assert "غریبه" not in listed and "غریبه" not in page(officer, "/console/contacts/")


def test_a_manager_sees_no_contacts(client: FlaskClient, units) -> None:
    manager = sign_in(client, make_person(units[1], Role.MANAGER))
    for path in ("/", "/new", "/imports/", "/imports/new"):
        assert manager.get(f"/console/contacts{path}").status_code == 403
