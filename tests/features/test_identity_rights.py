"""Units, rights and the audit log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engage.db import db, transaction
from engage.identity import commands, queries
from engage.identity.fingerprints import check_fingerprints
from engage.identity.models import AuditEntry, KeyFingerprint, User
from engage.identity.rules import Permission, Role
from engage.refusal import Refused
from tests.people import PASSWORD, make_person, make_units, sign_in, without_csrf


@pytest.fixture(autouse=True)
def _forms(app: Flask) -> Iterator[None]:
    with without_csrf(app):
        yield


def _refusal(call: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return caught.value.code


def test_rights_hold_for_the_subtree_and_nowhere_else(app: Flask) -> None:
    city, d12, d6, herandi = make_units()
    officer = make_person(d12)
    assert queries.permitted_unit_ids(officer, Permission.CONTACTS_EDIT) == {d12, herandi}
    assert not queries.may_user(officer, Permission.CONTACTS_EDIT, d6)
    assert not queries.may_user(officer, Permission.CAMPAIGNS_APPROVE, d12)
    assert queries.permitted_unit_ids(make_person(city, "manager"), Permission.CAMPAIGNS_APPROVE) == {city, d12, d6, herandi}
    commands.deactivate_user(officer)
    assert queries.permitted_unit_ids(officer, Permission.CONTACTS_EDIT) == frozenset()


def test_units_stand_in_tree_order_and_six_comes_before_twelve(app: Flask) -> None:
    city, d12, d6, herandi = make_units()
    assert [(node.id, node.depth) for node in queries.units_tree()] == [(city, 0), (d6, 1), (d12, 1), (herandi, 2)]


def test_an_administrator_acts_only_below_and_never_on_the_own_rights(app: Flask) -> None:
    city, d12, d6, herandi = make_units()
    central, local = make_person(city, "admin"), make_person(d12, "admin")
    officer = make_person(herandi)
    new = {"name": "ن ن", "password": PASSWORD, "role": "officer"}
    assert _refusal(commands.create_user, email="a@example.ir", unit_id=d6, actor_id=local, **new) == "not_in_your_units"
    assert _refusal(commands.grant_role, officer, role="officer", unit_id=d6, actor_id=local) == "not_in_your_units"
    assert _refusal(commands.grant_role, local, role="manager", unit_id=d12, actor_id=local) == "own_rights"
    assert _refusal(commands.set_password, central, PASSWORD, actor_id=local) == "not_in_your_units"
    assert _refusal(commands.reset_second_factor, central, actor_id=local) == "not_in_your_units"
    assert _refusal(commands.deactivate_user, local, actor_id=local) == "own_account"
    assert (
        _refusal(commands.create_unit, parent_id=d6, kind="neighbourhood", name="م", sms_name="م", slug="m", actor_id=local)
        == "not_in_your_units"
    )
    assert _refusal(commands.set_password, local, PASSWORD, actor_id=officer) == "not_in_your_units"
    commands.grant_role(officer, role="manager", unit_id=d12, actor_id=local)
    assert queries.may_user(officer, Permission.CAMPAIGNS_APPROVE, d12)
    commands.grant_role(officer, role="officer", unit_id=d6, actor_id=central)
    assert _refusal(commands.deactivate_user, officer, actor_id=local) == "not_in_your_units"


def test_pages_of_other_units_do_not_exist_and_of_own_units_without_the_right_are_forbidden(client: FlaskClient) -> None:
    city, d12, d6, herandi = make_units()
    sign_in(client, make_person(d12, "admin"))
    assert client.get(f"/console/settings/units/{herandi}").status_code == 200
    for unit_id in (d6, city, 999_999):
        assert client.get(f"/console/settings/units/{unit_id}").status_code == 404
    sign_in(client, make_person(d12, "officer"))
    assert client.get(f"/console/settings/units/{d12}").status_code == 403
    other = make_person(d6)
    sign_in(client, make_person(d12, "admin"))
    assert client.get(f"/console/settings/users/{other}").status_code == 404
    assert client.post(f"/console/settings/users/{other}/close").status_code == 404


def test_a_right_in_another_unit_does_not_open_lists_of_this_one(client: FlaskClient) -> None:
    _, d12, d6, _ = make_units()
    person = make_person(d12, "officer")
    commands.grant_role(person, role="admin", unit_id=d6)
    sign_in(client, person)
    assert client.get("/console/settings/users").status_code == 403
    assert client.get(f"/console/settings/units/{d6}").status_code == 200
    client.post("/console/unit", data={"unit_id": d6})
    assert client.get("/console/settings/users").status_code == 200


def test_the_switcher_leads_only_to_own_units(client: FlaskClient) -> None:
    city, d12, _, herandi = make_units()
    person = make_person(d12)
    sign_in(client, person)
    assert "شهرداری منطقهٔ ۶" not in client.get("/console/").text
    client.post("/console/unit", data={"unit_id": herandi})
    assert db.session.scalar(select(User.current_unit_id).where(User.id == person)) == herandi
    client.post("/console/unit", data={"unit_id": city})
    assert db.session.scalar(select(User.current_unit_id).where(User.id == person)) == herandi


def test_a_user_is_made_on_the_page_and_every_step_is_in_the_log(client: FlaskClient) -> None:
    _, d12, _, herandi = make_units()
    admin = make_person(d12, "admin", name="رضا مرادی")
    sign_in(client, admin)
    form = {"name": "مریم كاظمي", "email": "Maryam@example.ir", "role": "officer", "unit_id": herandi, "password": "گذرواژهٔ نخست ۱۴۰۵"}
    made = client.post("/console/settings/users/new", data=form, follow_redirects=True)
    assert "مریم کاظمی" in made.text
    assert client.post("/console/settings/users/new", data=form).status_code == 422
    user_id = queries.find_user_id("maryam@example.ir")
    assert user_id
    client.post(f"/console/settings/users/{user_id}/rights", data={"role": "manager", "unit_id": d12})
    client.post(f"/console/settings/users/{user_id}/rights/{herandi}/officer/revoke")
    client.post(f"/console/settings/users/{user_id}/close")
    person = queries.get_user(user_id)
    assert person
    assert [(grant.role, grant.unit_id) for grant in person.grants] == [(Role.MANAGER, d12)]
    assert not person.active
    log = client.get("/console/settings/audit").text
    for sentence in (
        "حساب «مریم کاظمی» با نقش کارشناس روابط عمومی ساخته شد",
        "«مریم کاظمی» در شهرداری منطقهٔ ۱۲ نقش مدیر گرفت",
        "نقش کارشناس روابط عمومی در محلهٔ هرندی از «مریم کاظمی» پس گرفته شد",
        "حساب «مریم کاظمی» بسته شد",
        "رضا مرادی",
        "۱ آذر ۱۴۰۵",
    ):
        assert sentence in log, sentence


def test_the_audit_log_shows_own_units_only_and_filters_by_day_and_person(client: FlaskClient) -> None:
    _, d12, d6, _ = make_units()
    admin = make_person(d12, "admin")
    with transaction():
        commands.record_audit("unit_changed", unit_id=d12, object_type="unit", object_id=d12, detail={"name": "الف"}, actor_id=admin)
        commands.record_audit("unit_changed", unit_id=d6, object_type="unit", object_id=d6, detail={"name": "ب"}, actor_id=None)
    sign_in(client, admin)
    page = client.get("/console/settings/audit").text
    assert "واحد «الف»" in page
    assert "واحد «ب»" not in page
    assert "واحد «الف»" in client.get(f"/console/settings/audit?first_day=۱۴۰۵/۹/۱&actor_id={admin}").text
    assert "رویدادی نیست" in client.get("/console/settings/audit?first_day=1405-9-2").text
    assert client.get("/console/settings/audit?first_day=1405-13-2&actor_id=junk").status_code == 200


def test_the_audit_log_can_not_be_rewritten(app: Flask) -> None:
    make_units()
    for statement in ("UPDATE audit_entry SET action = 'nothing'", "DELETE FROM audit_entry"):
        with pytest.raises(DBAPIError):
            db.session.execute(text(statement))
        db.session.rollback()
    assert db.session.scalars(select(AuditEntry)).first()


def test_a_unit_is_made_and_changed_on_its_page(client: FlaskClient) -> None:
    _, d12, _, _ = make_units()
    sign_in(client, make_person(d12, "admin"))
    form = {
        "kind": "subdistrict",
        "name": "ناحیهٔ ۱",
        "sms_name": "ناحیهٔ ۱",
        "slug": "d12-1",
        "approval_recipients": "۲٬۰۰۰",
        "approval_cost": "0",
    }
    assert client.post(f"/console/settings/units/{d12}/new", data=form).status_code == 303
    assert client.post(f"/console/settings/units/{d12}/new", data=form).status_code == 422
    assert client.post(f"/console/settings/units/{d12}/new", data=form | {"kind": "municipality", "slug": "x"}).status_code == 422
    unit = queries.find_unit("d12-1")
    assert unit
    assert (unit.approval_recipients, unit.approval_cost, unit.parent_id) == (2000, 0, d12)
    changed = {"name": "ناحیهٔ یک", "sms_name": "ناحیه", "approval_recipients": "10", "approval_cost": "5000000"}
    assert client.post(f"/console/settings/units/{unit.id}", data=changed).status_code == 303
    assert queries.get_unit(unit.id).name == "ناحیهٔ یک"  # type: ignore[union-attr]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "unit_changed")).one()
    assert entry.detail["before"]["approval_recipients"] == 2000


def test_foreign_keys_are_noticed_at_start(app: Flask) -> None:
    check_fingerprints()
    check_fingerprints()
    with transaction() as session:
        row = session.scalars(select(KeyFingerprint)).first()
        assert row
        row.fingerprint = "0" * 16
    assert _refusal(check_fingerprints) == "keys_mixed"
