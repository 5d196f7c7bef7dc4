"""What follows from a report over real responses: links in steps of ten, decisions with a history, promises kept in sight, and a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.clock import FrozenClock, today_in_tehran
from engage.db import db
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.jobs import redis_connection
from engage.persian import format_jalali_short
from engage.refusal import Refused
from engage.reports.commands import refresh_report
from engage.reports.queries import report_of
from engage.reports.sharing.commands import decisions, links
from engage.reports.sharing.commands.decisions import Plan
from engage.reports.sharing.models import ReportDecision, ReportLink
from engage.reports.sharing.queries import decisions_of, links_of, promise_of
from surveys import commands as surveys
from surveys.results import register_results_address
from tests.features.test_reports_live import DEFINITION, Asked
from tests.people import make_person, sign_in, without_csrf
from tests.sealed import ask

REASON = "پیمانکار دیر انتخاب شد"
TITLE = "نصب ۴۰ چراغ در کوچه‌های هرندی"
ALL = ["findings", "questions", "groups", "texts", "funnel", "decisions"]


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked()


@pytest.fixture(autouse=True)
def _no_misses(app: Flask) -> Iterator[None]:
    yield
    for key in redis_connection().scan_iter("engage:misses:*"):
        redis_connection().delete(key)


@pytest.fixture(autouse=True)
def _own_address(app: Flask) -> Iterator[None]:
    kept = app.extensions["surveys_results_address"]
    register_results_address(app, lambda survey_id, slug: None)
    yield
    register_results_address(app, kept)


def today() -> date:
    return today_in_tehran().date()


def plan(**changes: Any) -> Plan:
    return Plan(
        **(
            {"title": TITLE, "reason": "بیشتر پاسخ‌ها از تاریکی بود", "owner": "معاونت خدمات شهری", "due_on": today() + timedelta(days=30)}
            | changes
        )
    )


def share(asked: Asked, sections: list[str] | None = None, days: int = 7) -> str:
    return "/r/" + links.make_link(asked.report(), "معاونت", sections or ALL, days, actor_id=None)


def answers_on(page: str) -> str:
    found = re.search(r'<section class="card figures".*?<b>(.*?)</b>', page, re.S)
    assert found, page
    return found[1]


def audited(action: str) -> list[dict[str, Any]]:
    return list(db.session.scalars(select(AuditEntry.detail).where(AuditEntry.action == action)))


# -- links ---------------------------------------------------------------------------------------------------------------------------


def test_a_link_opens_without_signing_in_and_leaves_no_trace(asked: Asked, client: FlaskClient) -> None:
    asked.answer({"q1": "a1", "q5": "چراغ کوچه خراب است، 09121234567"}, 12)
    address = share(asked)
    response = client.get(address)
    page = response.text
    assert response.status_code == 200
    assert answers_on(page) == "۱۲"
    assert "Set-Cookie" not in response.headers
    assert response.headers["X-Robots-Tag"].startswith("noindex")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert "چراغ کوچه خراب است" in page and "09121234567" not in page and "۰۹۱۲۱۲۳۴۵۶۷" not in page
    assert "<form" not in page and "/console/" not in page
    assert (links_of(asked.id)[0].opened_count, links_of(asked.id)[0].last_opened_on) == (1, today())
    client.head(address)
    assert links_of(asked.id)[0].opened_count == 1
    assert address.removeprefix("/r/").encode() not in db.session.scalars(select(ReportLink.token_digest)).one()


def test_figures_move_on_in_steps_of_ten_for_all_links_together(asked: Asked, client: FlaskClient) -> None:
    asked.answer({"q1": "a1", "q5": "نخست"}, 12)
    first = share(asked)
    assert answers_on(client.get(first).text) == "۱۲"
    asked.answer({"q1": "a2", "q5": "تازه‌رسیده"}, 9)
    refresh_report(asked.id, force=True)
    second = share(asked)
    for address in (first, second):
        page = client.get(address).text
        assert answers_on(page) == "۱۲", "a link made later must not tell the answers between"
        assert "تازه‌رسیده" not in page, "nor their words"
    asked.answer({"q1": "a2"}, 1)
    refresh_report(asked.id, force=True)
    assert {answers_on(client.get(each).text) for each in (first, second)} == {"۲۲"}
    assert "تازه‌رسیده" in client.get(first).text


def test_below_ten_answers_a_link_tells_no_figure(asked: Asked, client: FlaskClient) -> None:
    asked.answer({"q1": "a1", "q5": "تنها"}, 9)
    page = client.get(share(asked)).text
    assert "پس از رسیدن ۱۰ پاسخ" in page
    assert "روشنایی" not in page and "تنها" not in page and "۹" not in re.sub(r"<[^>]*>", "", page).split("اعتبار")[0]


def test_only_the_chosen_sections_are_shown(asked: Asked, client: FlaskClient) -> None:
    asked.answer({"q1": "a1", "q5": "پاسخ تشریحی من"}, 12)
    decisions.add_decision(asked.report(), plan(), actor_id=None)
    whole, findings = client.get(share(asked)).text, client.get(share(asked, ["findings"])).text
    for words in (TITLE, "پاسخ تشریحی من", 'id="q-', "مسیر مشارکت"):
        assert words in whole
        assert words not in findings
    assert "چه نمی‌توان گفت" in findings and 'href="#' not in findings


def test_guessed_expired_and_revoked_links_get_the_same_page(asked: Asked, client: FlaskClient, clock: FrozenClock) -> None:
    asked.answer({"q1": "a1"}, 12)
    revoked, expired = share(asked), share(asked, days=1)
    line = next(each for each in links_of(asked.id) if each.expires_at > links_of(asked.id)[0].expires_at)
    links.revoke_link(asked.id, line.id, title="x", unit_id=asked.unit_id, actor_id=None)
    links.revoke_link(asked.id, line.id, title="x", unit_id=asked.unit_id, actor_id=None)
    assert len(audited("report_link_revoked")) == 1
    clock.advance(timedelta(days=1))
    answers = [client.get(each) for each in (revoked, expired, "/r/23456789abc", "/r/short", "/r/0OIl0OIl0OI")]
    assert {each.status_code for each in answers} == {404}
    assert len({each.data for each in answers}) == 1


def test_misses_are_counted_and_right_links_are_not(asked: Asked, client: FlaskClient) -> None:
    asked.answer({"q1": "a1"}, 12)
    address = share(asked)
    for _ in range(70):
        assert client.get(address).status_code == 200
    found = [client.get("/r/23456789abc").status_code for _ in range(62)]
    assert found[:60] == [404] * 60 and found[-1] == 429
    assert client.get(address).status_code == 200


def test_a_link_breaks_no_seal(app: Flask, client: FlaskClient, drain: Callable[[], int]) -> None:
    sealed = ask(12)
    for place in range(12):
        sealed.answer(place)
    refresh_report(sealed.survey_id, force=True)
    address = "/r/" + links.make_link(report_of(sealed.survey_id), "معاونت", ALL, 7, actor_id=None)
    assert "هنوز چیزی برای نمایش نیست" in client.get(address).text
    surveys.close_survey(sealed.survey_id, actor_id=None)
    drain()
    page = client.get(address).text
    assert "کمتر از ۲۰ پاسخ" in page
    assert "پاسخ-" not in page and "روشنایی" not in page and "۱۲" not in page.partition("<main")[2].replace("منطقهٔ ۱۲", "")


def test_links_of_another_survey_cannot_be_revoked(asked: Asked) -> None:
    share(asked)
    with pytest.raises(Refused, match="link_unknown"):
        links.revoke_link(asked.id + 1, links_of(asked.id)[0].id, title="x", unit_id=asked.unit_id, actor_id=None)


def test_the_console_shows_a_new_link_once(asked: Asked, app: Flask, client: FlaskClient) -> None:
    asked.answer({"q1": "a1"}, 12)
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    with without_csrf(app):
        made = client.post(f"{asked.url}/follow-up/links", data={"label": "معاونت", "sections": ["findings"], "days": "۷"})
        refused = client.post(f"{asked.url}/follow-up/links", data={"label": "معاونت", "days": "۷"})
    found = re.search(r'<bdi dir="ltr">[^<]*(/r/[A-Za-z0-9]{11})</bdi>', made.text)
    assert made.status_code == 200 and found
    assert refused.status_code == 422 and "دست‌کم یک بخش" in refused.text
    assert found[1] not in client.get(f"{asked.url}/follow-up").text
    assert client.get(found[1]).status_code == 200
    with without_csrf(app):
        client.post(f"{asked.url}/follow-up/links/{links_of(asked.id)[0].id}/revoke")
    assert client.get(found[1]).status_code == 404
    assert [each["label"] for each in audited("report_link_made")] == ["معاونت"]


# -- decisions -----------------------------------------------------------------------------------------------------------------------


def test_a_decision_goes_its_way_and_keeps_it(asked: Asked, clock: FrozenClock) -> None:
    report = asked.report()
    who = make_person(asked.unit_id, Role.MANAGER)
    made = decisions.add_decision(report, plan(question_key="q1"), actor_id=who)
    decisions.move_decision(report, made, "doing", "", 1, actor_id=who)
    clock.advance(timedelta(days=31))
    (late,) = decisions_of(asked.id)
    assert late.is_overdue and late.state == "doing"
    decisions.change_decision(report, made, plan(due_on=today() + timedelta(days=10), note=REASON), 2, actor_id=who)
    decisions.move_decision(report, made, "dropped", REASON, 3, actor_id=who)
    (decision,) = decisions_of(asked.id)
    assert [step.state for step in decision.steps] == ["wanted", "doing", "doing", "dropped"]
    assert (decision.delay_reason, decision.steps[-1].note, decision.steps[0].by) == (REASON, REASON, "نرگس احمدی")
    assert decision.first_due_on < decision.due_on and not decision.is_overdue
    assert len(audited("report_decision_changed")) == 3


def test_two_colleagues_never_overwrite_each_other(asked: Asked) -> None:
    report = asked.report()
    made = decisions.add_decision(report, plan(), actor_id=None)
    decisions.change_decision(report, made, plan(owner="ناحیهٔ ۳"), 1, actor_id=None)
    with pytest.raises(Refused, match="decision_changed"):
        decisions.move_decision(report, made, "done", "", 1, actor_id=None)
    assert (decisions_of(asked.id)[0].owner, decisions_of(asked.id)[0].state) == ("ناحیهٔ ۳", "wanted")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, "decision_title_missing"),
        ({"owner": ""}, "decision_owner_missing"),
        ({"reason": "آ" * 601}, "decision_too_long"),
        ({"question_key": "q99"}, "decision_question_unknown"),
        ({"due_on": date(2020, 1, 1)}, "decision_due_passed"),
    ],
)
def test_a_decision_that_says_too_little_is_refused_whole(asked: Asked, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        decisions.add_decision(asked.report(), plan(**changes), actor_id=None)
    assert not db.session.scalars(select(ReportDecision)).all()


def test_who_may_decide(asked: Asked, app: Flask, client: FlaskClient) -> None:
    city, d12, d6, herandi = asked.units
    form = {"title": TITLE, "owner": "ناحیهٔ ۳", "due_on": format_jalali_short(today() + timedelta(days=5)), "question_key": ""}
    expected = [
        (city, Role.ADMIN, 303),
        (d12, Role.MANAGER, 303),
        (d12, Role.OFFICER, 403),
        (d6, Role.MANAGER, 404),
        (herandi, Role.MANAGER, 404),
    ]
    with without_csrf(app):
        for unit, role, status in expected:
            sign_in(client, make_person(unit, role))
            assert client.post(f"{asked.url}/follow-up/decisions/new", data=form).status_code == status, (unit, role)
    assert len(decisions_of(asked.id)) == 2
    sign_in(client, make_person(d12, Role.OFFICER))
    page = client.get(f"{asked.url}/follow-up").text
    assert TITLE in page and "/decisions/new" not in page and "/step" not in page


def test_a_form_with_mistakes_comes_back_with_what_was_typed(asked: Asked, app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    with without_csrf(app):
        response = client.post(
            f"{asked.url}/follow-up/decisions/new", data={"title": TITLE, "owner": "x", "due_on": "۱۴۰۴/۱۲/۳۰", "question_key": ""}
        )
    assert response.status_code == 422 and TITLE in response.text
    assert client.get(f"{asked.url}/follow-up/decisions/new").status_code == 200
    with without_csrf(app):
        made = decisions.add_decision(asked.report(), plan(), actor_id=None)
        bad = client.post(f"{asked.url}/follow-up/decisions/{made}/step", data={"to": "dropped", "note": "", "revision": "1"})
        assert TITLE in client.get(f"{asked.url}/follow-up/decisions/{made}").text
        stale = client.post(f"{asked.url}/follow-up/decisions/{made}/step", data={"to": "done", "revision": "x"})
    assert (bad.status_code, stale.status_code) == (422, 422)
    assert decisions_of(asked.id)[0].state == "wanted"


def test_a_survey_that_is_no_more_than_a_draft_has_no_such_page(asked: Asked, client: FlaskClient) -> None:
    draft = surveys.create_survey(asked.unit_id, "پیش‌نویس", DEFINITION, actor_id=None)
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    slug = db.session.execute(text("SELECT slug FROM survey WHERE id = :id"), {"id": draft}).scalar_one()
    assert client.get(f"/console/reports/{slug}/follow-up").status_code == 404
    assert promise_of(draft) is None
    assert client.get("/console/reports/nothing/follow-up").status_code == 404
