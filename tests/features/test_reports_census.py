"""Census figures of a unit: looked at before they hold, kept in versions, and what the report then says of the city."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from engage.db import db, transaction
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.reports import commands as reports
from engage.reports.census.commands import import_margins, remove_version
from engage.reports.census.queries import margins_for, versions_of
from engage.reports.census.rules import read_rows
from engage.reports.models import SurveyReport
from surveys import commands as surveys
from surveys.queries import find_link
from tests.features.test_reports_live import Asked, deliver_messages
from tests.people import make_person, make_units, sign_in, without_csrf

PASTED = "جنسیت\tزن\t50000\nجنسیت\tمرد\t50000"
FORM: dict[str, Any] = {"source": "سرشماری ۱۳۹۵", "dated_on": "۱۳۹۵/۰۸/۰۱", "pasted": PASTED}
PAGE = "/console/reports-census"


def put(unit_id: int, pasted: str = PASTED) -> None:
    import_margins(unit_id, read_rows(pasted), source="سرشماری ۱۳۹۵", dated_on=date(2016, 10, 22), actor_id=None)


def test_an_admin_looks_before_the_figures_hold(app: Flask, client: FlaskClient) -> None:
    units = make_units()
    with without_csrf(app):
        admin = sign_in(client, make_person(units[1], Role.ADMIN))
        assert "هنوز سهم سرشماری وارد نشده است" in admin.get(PAGE).text
        seen = admin.post(PAGE, data=FORM)
        assert seen.status_code == 200 and "۵۰٬۰۰۰" in seen.text and "استفاده از این ارقام" in seen.text
        assert margins_for(units[1]) is None
        assert admin.post(PAGE, data=FORM | {"keep": "1"}).status_code == 303
        found = margins_for(units[1])
        assert found is not None and found.dated == "سرشماری ۱۳۹۵، ۱ آبان ۱۳۹۵"
        assert found.margins[0].population == {"female": 50_000.0, "male": 50_000.0}
        wrong = admin.post(PAGE, data=FORM | {"pasted": "جنسیت\tزن\tده"})
        assert wrong.status_code == 422 and "«ده» شمار جمعیت نیست" in wrong.text
        file = (io.BytesIO("جنسیت,زن,10\nجنسیت,مرد,20".encode("utf-8-sig")), "a.csv")
        by_file = admin.post(PAGE, data=FORM | {"pasted": "", "keep": "1", "file": file}, content_type="multipart/form-data")
        assert by_file.status_code == 303 and margins_for(units[1]).margins[0].population["male"] == 20.0
        newest = versions_of(units[1])[0]
        assert admin.post(f"{PAGE}/{newest.id}/remove").status_code == 303
        assert margins_for(units[1]).margins[0].population["male"] == 50_000.0
        assert admin.post(f"{PAGE}/{newest.id}/remove").status_code == 409
        assert "بُعد" in admin.get(f"{PAGE}/template.csv").text
    known = db.session.execute(select(AuditEntry.action, func.count()).where(AuditEntry.action.like("census%")).group_by(AuditEntry.action))
    assert {tuple(row) for row in known} == {("census_imported", 2), ("census_removed", 1)}


@pytest.mark.parametrize("role", [Role.OFFICER, Role.MANAGER])
def test_nobody_else_imports(app: Flask, client: FlaskClient, role: Role) -> None:
    units = make_units()
    with without_csrf(app):
        person = sign_in(client, make_person(units[1], role))
        assert person.get(PAGE).status_code == person.post(PAGE, data=FORM).status_code == 403


def test_figures_are_a_units_own(app: Flask) -> None:
    city, d12, _d6, herandi = make_units()
    put(d12)
    assert margins_for(city) is None and margins_for(herandi) is None


def answered(women: int, men: int) -> Asked:
    """So many women name the lights and so many men the pavements, all of them invited by a campaign."""
    asked = Asked()
    known = asked.invite(women + men)
    with transaction() as session:
        for place, identity in enumerate(known):
            session.execute(
                text(
                    "INSERT INTO contact (unit_id, identity_id, pseudonym, gender, created_at, updated_at)"
                    " VALUES (:unit, :identity, decode(md5(CAST(:identity AS text)), 'hex'), :gender, now(), now())"
                ),
                {"unit": asked.unit_id, "identity": identity, "gender": "female" if place < women else "male"},
            )
    deliver_messages(asked, {"delivered": known})
    with transaction() as session:
        session.execute(
            text(
                "UPDATE message SET contact_id = c.id, invitation_id = v.id FROM contact c, invitation v"
                " WHERE c.identity_id = message.identity_id AND v.identity_id = message.identity_id"
            )
        )
    for place, identity in enumerate(known):
        link = find_link(asked.invited[identity])
        assert link is not None
        surveys.submit_response(link, asked.version_id, {"q1": "a1" if place < women else "a2"})
    return asked


def test_the_city_is_spoken_of_as_soon_as_there_are_figures(app: Flask, client: FlaskClient) -> None:
    asked = answered(84, 42)
    reports.refresh_report(asked.id, force=True)
    before = asked.report().content.analysis
    assert before.city.refusal == "no_margins" and before.based_on == 126
    put(asked.unit_id)
    reports.refresh_report(asked.id, force=True)
    report = asked.report()
    city = report.content.analysis.city
    assert city.refusal == "" and city.margins_dated == "سرشماری ۱۳۹۵، ۱ آبان ۱۳۹۵"
    # Two thirds of those who answered are women, half of the city is.
    raw = report.question("q1").share(84)
    weighted = {each.option_id: each for each in city.shares["q1"]}
    assert raw == pytest.approx(2 / 3) and weighted["a1"].share == pytest.approx(0.5)
    assert {each.group: round(each.index, 2) for each in city.representation} == {"female": 1.33, "male": 0.67}
    with without_csrf(app):
        manager = sign_in(client, make_person(asked.unit_id, Role.MANAGER))
        page = manager.get(asked.url).text
        assert "با وزن‌دهی به سرشماری" in page and "سرشماری ۱۳۹۵، ۱ آبان ۱۳۹۵" in page and 'id="groups"' in page and "حاشیهٔ خطا" in page
        assert "به تفکیک جنسیت" in manager.get(f"{asked.url}?by=gender").text
    put(asked.unit_id, "جنسیت\tزن\t50000\nجنسیت\tمرد\t50000\nسن\t18-29\t40000\nسن\t60+\t60000")
    reports.refresh_report(asked.id, force=True)
    assert asked.report().content.analysis.city.refusal == "too_few"  # nobody knows how old they are


def test_margins_that_change_ask_for_the_reports_of_the_unit_alone(app: Flask) -> None:
    asked = Asked()
    reports.refresh_report(asked.id, force=True)
    put(asked.units[2])
    assert db.session.scalar(select(SurveyReport.is_stale).where(SurveyReport.survey_id == asked.id)) is False
    put(asked.unit_id)
    assert db.session.scalar(select(SurveyReport.is_stale).where(SurveyReport.survey_id == asked.id)) is True
    remove_version(asked.unit_id, versions_of(asked.unit_id)[0].id, actor_id=None)
