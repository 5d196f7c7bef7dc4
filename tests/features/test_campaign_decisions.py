"""Campaigns are approved, sent back, launched and refused: by whom, when, and in which words."""

from __future__ import annotations

from datetime import timedelta

import pytest

import campaigns.commands as commands
from campaigns.queries import get_campaign, get_campaign_by_slug
from engage.identity.rules import Role
from tests import make, people
from tests.office import S, open_office, page_of, state_of


@pytest.fixture(autouse=True)
def no_csrf(app):
    with people.without_csrf(app):
        yield


@pytest.fixture
def office(app):
    return open_office()


@pytest.fixture
def officer(app, office):
    return people.sign_in(app.test_client(), office.officer)


@pytest.fixture
def manager(app, office):
    return people.sign_in(app.test_client(), office.manager)


@pytest.fixture
def stranger(app, office):
    return people.sign_in(app.test_client(), office.stranger)


def test_manager_sends_back_with_a_note_the_author_sees(officer, manager, office):
    slug = office.campaign(S.IN_REVIEW)
    assert manager.post(f"/console/campaigns/{slug}/return", data={"note": ""}).status_code == 422
    assert manager.post(f"/console/campaigns/{slug}/return", data={"note": "ساعت را پیش از ظهر بگذارید."}).status_code == 303
    assert state_of(slug) == S.DRAFT
    assert "ساعت را پیش از ظهر بگذارید." in page_of(officer, f"/console/campaigns/{slug}/text")
    home = page_of(officer, "/console/")
    assert "برای اصلاح بازگردانده شد" in home and "ساعت را پیش از ظهر بگذارید." in home


def test_author_cannot_approve(app, office):
    both = people.make_person(office.unit_id, Role.OFFICER, email="both@example.ir")
    from engage.identity.commands import grant_role

    grant_role(both, role=Role.MANAGER, unit_id=office.unit_id)
    campaign_id = make.make_campaign(office.unit_id, office.survey_id, actor_id=both)
    commands.submit_campaign(campaign_id, actor_id=both)
    slug = get_campaign(campaign_id).slug
    client = people.sign_in(app.test_client(), both)
    page = page_of(client, f"/console/campaigns/{slug}")
    assert "تأیید آن با شخص دیگری است" in page and "/approve" not in page
    answer = client.post(f"/console/campaigns/{slug}/approve")
    assert answer.status_code == 422 and "تأیید آن با شخص دیگری است" in answer.text and state_of(slug) == S.IN_REVIEW


def test_approve_and_start_in_one_step(manager, office):
    slug = office.campaign(S.IN_REVIEW)
    assert manager.post(f"/console/campaigns/{slug}/approve", data={"then": "launch"} | people.proof_of(office.manager)).status_code == 303
    assert state_of(slug) == S.SCHEDULED


def test_officer_takes_back_what_was_approved(officer, office):
    slug = office.campaign(S.APPROVED)
    assert officer.post(f"/console/campaigns/{slug}/withdraw").status_code == 303
    view = get_campaign_by_slug(slug)
    assert (view.state, view.approved_by) == (S.DRAFT, None)


def test_a_second_approval_is_told(manager, office):
    slug = office.campaign(S.APPROVED)
    answer = manager.post(f"/console/campaigns/{slug}/approve")
    assert answer.status_code == 422 and "وضعیت پویش تغییر کرده است" in answer.text


def test_launch_outside_the_window_names_the_hours(officer, office, clock):
    slug = office.campaign(S.APPROVED)
    clock.advance(timedelta(hours=10))
    office_hours = people.sign_in(officer, office.officer).post(f"/console/campaigns/{slug}/launch", data={"when": "now"})
    assert office_hours.status_code == 422 and "فقط از ۹:۰۰ تا ۲۱:۰۰" in office_hours.text and state_of(slug) == S.APPROVED


def test_launch_without_credit_names_the_rials(officer, office, gateway_simulator):
    slug = office.campaign(S.APPROVED)
    gateway_simulator.admin("credit", rials=1000)
    answer = officer.post(f"/console/campaigns/{slug}/launch", data={"when": "now"})
    assert answer.status_code == 422 and "موجودی درگاه ۱٬۰۰۰ ریال است" in answer.text and state_of(slug) == S.APPROVED


def test_launch_after_the_survey_closed(officer, office, clock):
    slug = office.campaign(S.APPROVED)
    clock.advance(timedelta(days=25))
    answer = people.sign_in(officer, office.officer).post(f"/console/campaigns/{slug}/launch", data={"when": "now"})
    assert answer.status_code == 422 and "نظرسنجی این پویش باز نیست" in answer.text


BAD_MOMENTS = [
    ("", "روز و ساعت را مشخص کنید"),
    ("1405/09/40 10:00", "1405/09/40"),
    ("1405/08/01 10:00", "گذشته است"),
    ("1405/12/01 10:00", "باز نیست"),
]


def test_another_time_that_cannot_be(officer, office):
    slug = office.campaign(S.APPROVED)
    for at, words in BAD_MOMENTS:
        answer = officer.post(f"/console/campaigns/{slug}/launch", data={"when": "other", "at": at})
        assert answer.status_code == 422 and words in answer.text and state_of(slug) == S.APPROVED, words


def test_other_units_campaigns_do_not_exist(stranger, office):
    slug = office.campaign(S.IN_REVIEW)
    for path in ("", "/text", "/audience", "/time", "/review", "/progress", "/card", "/cancel"):
        assert stranger.get(f"/console/campaigns/{slug}{path}").status_code == 404, path
    for path in ("/submit", "/withdraw", "/launch", "/pause", "/resume", "/cancel", "/measure", "/remind"):
        assert stranger.post(f"/console/campaigns/{slug}{path}").status_code == 404, path
    assert state_of(slug) == S.IN_REVIEW
    assert stranger.get("/console/campaigns/c00000000").status_code == 404


def test_officers_cannot_approve_and_managers_cannot_write(officer, manager, office):
    slug = office.campaign(S.IN_REVIEW)
    assert officer.post(f"/console/campaigns/{slug}/approve").status_code == 403
    assert officer.post(f"/console/campaigns/{slug}/return", data={"note": "نه"}).status_code == 403
    draft = office.campaign()
    assert manager.get("/console/campaigns/new").status_code == 403
    assert manager.post(f"/console/campaigns/{draft}/text", data={"text": "نه"}).status_code == 403
    assert page_of(manager, f"/console/campaigns/{draft}")
    assert state_of(slug) == S.IN_REVIEW


def test_nobody_signed_in_is_led_to_the_door(client, office):
    slug = office.campaign()
    assert client.get(f"/console/campaigns/{slug}").status_code == 303
