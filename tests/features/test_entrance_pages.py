"""The staff's pages of ways into a survey: made, changed, closed, printed, and nobody else's."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import now
from engage.db import db
from engage.identity.commands import create_unit
from engage.identity.rules import Role
from engage.refusal import Refused
from surveys import commands as surveys
from surveys.entrances import poster
from surveys.entrances.commands import managing
from surveys.entrances.queries import FoundEntrance, entrances_of
from surveys.entrances.rules import Kind, Plan
from tests.entrances import again, open_way
from tests.make import make_survey
from tests.people import make_person, make_units, sign_in, without_csrf


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def survey(unit: int) -> int:
    return make_survey(unit)


def ways(entrance_or_slug: FoundEntrance | str) -> str:
    slug = entrance_or_slug if isinstance(entrance_or_slug, str) else entrance_or_slug.survey_slug
    return f"/console/surveys/{slug}/ways"


def slug_of(survey_id: int) -> str:
    found = db.session.execute(text("SELECT slug FROM survey WHERE id = :id"), {"id": survey_id}).scalar_one()
    return str(found)


def test_an_officer_makes_changes_closes_and_opens_ways(app: Flask, client: FlaskClient, unit: int, survey: int) -> None:
    sign_in(client, make_person(unit))
    base = ways(slug_of(survey))
    assert "هنوز راه پاسخ دیگری نیست" in client.get(base).text
    with without_csrf(app):
        for kind in Kind:
            assert client.get(f"{base}/new/{kind}").status_code == 200
            made = client.post(f"{base}/new/{kind}", data={"label": f"راه {kind}", "response_limit": "۱۰۰", "asks_phone": "y"})
            assert made.status_code == 303, made.text
        db.session.rollback()
        found = {each.kind: each for each in entrances_of(survey)}
        assert set(found) == set(Kind) and {each.response_limit for each in found.values()} == {100}
        assert [each.kind for each in found.values() if each.asks_phone] == [Kind.OPEN]
        link = found[Kind.OPEN]
        changed = client.post(f"{base}/{link.id}", data={"label": "پارک لاله", "response_limit": "", "device_limit": "3"})
        assert changed.status_code == 303
        assert (again(link).label, again(link).response_limit, again(link).device_limit, again(link).asks_phone) == ("پارک لاله", None, 3, True)
        assert client.post(f"{base}/{link.id}/close").status_code == 303 and again(link).closed_at is not None
        assert client.post(f"{base}/{link.id}/open").status_code == 303 and again(link).closed_at is None
    page = client.get(base).text
    assert f"https://m12.example.ir/o/{link.slug}" in page and "<svg" in page and "پارک لاله" in page
    actions = db.session.execute(text("SELECT action FROM audit_entry WHERE action LIKE 'entrance%' ORDER BY id")).scalars().all()
    assert actions == ["entrance_made"] * 4 + ["entrance_changed", "entrance_closed", "entrance_reopened"]


def test_drafts_and_closed_surveys_have_no_new_ways_and_say_why(app: Flask, client: FlaskClient, unit: int) -> None:
    draft, closed = make_survey(unit, publish=False), make_survey(unit)
    entrance = open_way(closed)
    surveys.close_survey(closed, actor_id=None)
    sign_in(client, make_person(unit))
    assert "به پیش‌نویس نمی‌توان پاسخ داد" in client.get(ways(slug_of(draft))).text
    shown = client.get(ways(slug_of(closed))).text
    assert "نظرسنجی بسته است" in shown and "/new/" not in shown and "poster.pdf" not in shown
    with without_csrf(app):
        assert client.post(f"{ways(slug_of(draft))}/new/open", data={"label": "پارک"}).status_code == 422
        assert client.post(f"{ways(entrance)}/new/open", data={"label": "پارک"}).status_code == 422
        assert client.post(f"{ways(entrance)}/{entrance.id}/close").status_code in (303, 409, 422)
    assert again(entrance).closed_at is None
    for survey_id, code in ((draft, "entrance_survey_draft"), (closed, "entrance_survey_closed")):
        with pytest.raises(Refused) as refused:
            managing.make_entrance(survey_id, Plan(Kind.OPEN, "پارک"), actor_id=None)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "data", [{}, {"label": "  "}, {"label": "پ" * 81}, {"label": "پارک", "response_limit": "0"}, {"label": "پارک", "device_limit": "سه"}]
)
def test_a_form_with_mistakes_comes_back(app: Flask, client: FlaskClient, unit: int, survey: int, data: dict[str, str]) -> None:
    sign_in(client, make_person(unit))
    with without_csrf(app):
        assert client.post(f"{ways(slug_of(survey))}/new/open", data=data).status_code == 422
    assert entrances_of(survey) == []


def test_a_manager_sees_but_changes_nothing(app: Flask, client: FlaskClient, unit: int, survey: int) -> None:
    entrance, kiosk = open_way(survey), open_way(survey, Kind.KIOSK)
    sign_in(client, make_person(unit, Role.MANAGER))
    page = client.get(ways(entrance))
    assert page.status_code == 200 and "/new/" not in page.text and "/close" not in page.text
    assert client.get(f"{ways(entrance)}/{entrance.id}/poster.pdf").status_code == 200
    with without_csrf(app):
        for way in ("/new/open", f"/{entrance.id}", f"/{entrance.id}/close", f"/{kiosk.id}/kiosk"):
            assert client.post(ways(entrance) + way, data={"label": "پارک", "pin": "1234"}).status_code == 403


def test_another_units_ways_do_not_exist(app: Flask, client: FlaskClient, unit: int, survey: int) -> None:
    city = db.session.execute(text("SELECT parent_id FROM unit WHERE id = :id"), {"id": unit}).scalar_one()
    d7 = create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۷", sms_name="منطقهٔ ۷", slug="d7")
    entrance, kiosk = open_way(survey), open_way(survey, Kind.KIOSK)
    own = open_way(make_survey(d7))
    sign_in(client, make_person(d7))
    with without_csrf(app):
        for base in (ways(entrance), ways(own)):
            for way in ("", f"/{entrance.id}", f"/{entrance.id}/poster.pdf", f"/{kiosk.id}/kiosk"):
                if base == ways(own) and not way:
                    continue
                assert client.get(base + way).status_code == 404, base + way
            for way in (f"/{entrance.id}", f"/{entrance.id}/close", f"/{kiosk.id}/kiosk"):
                assert client.post(base + way, data={"label": "پارک", "pin": "1234"}).status_code == 404, base + way
    assert again(entrance).closed_at is None and again(entrance).label == "پارک شهر"


def test_poster_and_cards_lead_where_the_link_does(client: FlaskClient, unit: int, survey: int) -> None:
    entrance = open_way(survey, asks_phone=True)
    sign_in(client, make_person(unit))
    for sheet in ("poster", "cards"):
        file = client.get(f"{ways(entrance)}/{entrance.id}/{sheet}.pdf")
        assert file.status_code == 200 and file.data.startswith(b"%PDF") and len(file.data) > 5000
        assert entrance.slug in file.headers["Content-Disposition"]
    with client.application.test_request_context():
        words = poster._words(entrance, "https://m12.example.ir")
    assert words["address"] == f"m12.example.ir/o/{entrance.slug}" and len(words["steps"]) == 3
    assert client.get(f"{ways(entrance)}/{open_way(survey, Kind.PAPER).id}/poster.pdf").status_code == 404


def test_nobody_makes_too_many(survey: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managing, "MOST_ENTRANCES", 2)
    open_way(survey)
    open_way(survey)
    with pytest.raises(Refused, match="too_many_entrances"):
        open_way(survey)
    assert len({each.slug for each in entrances_of(survey)}) == 2 and now()
