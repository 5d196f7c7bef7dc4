"""What the import wizard keeps to: what nobody learns from it, lists that wait, the rules of a unit, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.queries.policy import Policy, policy_of
from contacts.rules.consent import PriorRelation
from contacts.rules.states import ImportState
from engage.clock import FrozenClock
from engage.db import db
from engage.identity.rules import Role
from engage.refusal import Refused
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.wizard import csv, finish, page, send, state_of, stop, upload


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
