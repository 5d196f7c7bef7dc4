"""Approval: by a second person alone, confirmed by a code, on terms that hold, within the credit nobody else was promised."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import campaigns.commands as commands
from campaigns import credit, rules
from campaigns.commands.approving import frozen_content, standing_of
from campaigns.models import Campaign, SmsLine
from campaigns.queries import get_campaign, get_campaign_by_slug, reserved_cost
from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import grant_role, name_delegate, revoke_delegation
from engage.identity.delegations import today
from engage.identity.models import User
from engage.identity.rules import Role
from engage.jobs import redis_connection
from engage.refusal import Refused
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
def manager(app, office):
    return people.sign_in(app.test_client(), office.manager)


def know_credit(rials: int) -> None:
    """The gateway told its credit a moment ago."""
    redis_connection().set(credit.KEY, json.dumps({"credit": rials, "at": now().isoformat(), "spent": 0}))


def id_of(slug: str) -> int:
    found = get_campaign_by_slug(slug)
    db.session.rollback()
    assert found is not None
    return found.id


def test_a_manager_confirms_with_a_code(manager, office):
    slug = office.campaign(S.IN_REVIEW)
    page = page_of(manager, f"/console/campaigns/{slug}")
    assert "کد برنامهٔ رمزساز" in page and 'form="decide"' in page
    assert manager.post(f"/console/campaigns/{slug}/approve").status_code == 422
    people.proof_of(office.manager)
    wrong = manager.post(f"/console/campaigns/{slug}/approve", data={"proof": "000000"})
    assert wrong.status_code == 422 and state_of(slug) == S.IN_REVIEW
    assert manager.post(f"/console/campaigns/{slug}/approve", data=people.proof_of(office.manager)).status_code == 303
    assert state_of(slug) == S.APPROVED


def test_the_page_counts_who_is_left_out_and_what_stays_of_the_credit(manager, office):
    slug = office.campaign(S.IN_REVIEW)
    view = get_campaign_by_slug(slug)
    know_credit(view.cost_estimate + 12_345)
    assert view.exclusions["total"] >= view.recipient_count
    page = page_of(manager, f"/console/campaigns/{slug}")
    assert "۱۲٬۳۴۵" in page and "اعتبار آزاد پس از آن" in page


def test_what_the_free_credit_does_not_carry_is_refused_and_finance_named(manager, office, clock):
    slug = office.campaign(S.IN_REVIEW)
    know_credit(1_000)
    assert "مالی" in page_of(manager, f"/console/campaigns/{slug}")
    answer = manager.post(f"/console/campaigns/{slug}/approve", data=people.proof_of(office.manager))
    assert answer.status_code == 422 and "۱٬۰۰۰ ریال" in answer.text and state_of(slug) == S.IN_REVIEW


def test_the_reserve_for_alerts_is_not_eaten(app, office, monkeypatch):
    slug = office.campaign(S.IN_REVIEW)
    cost = get_campaign_by_slug(slug).cost_estimate
    know_credit(cost + 100)
    settings = app.extensions["engage_settings"]
    monkeypatch.setitem(app.extensions, "engage_settings", replace(settings, safety_reserve=101))
    with pytest.raises(Refused, match="credit_not_free"):
        commands.approve_campaign(id_of(slug), actor_id=office.manager)
    monkeypatch.setitem(app.extensions, "engage_settings", replace(settings, safety_reserve=100))
    commands.approve_campaign(id_of(slug), actor_id=office.manager)


def test_parallel_approvals_never_promise_more_than_there_is(app, office):
    slugs = [office.campaign(S.IN_REVIEW) for _ in range(6)]
    ids = [id_of(slug) for slug in slugs]
    cost = get_campaign(ids[0]).cost_estimate
    know_credit(cost * 3 + cost // 2)
    db.session.rollback()

    codes: list[str] = []

    def approve(campaign_id: int) -> None:
        with app.app_context():
            try:
                commands.approve_campaign(campaign_id, actor_id=office.manager)
            except Refused as refused:
                codes.append(refused.code)

    threads = [Thread(target=approve, args=(each,)) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert [state_of(slug) for slug in slugs].count(S.APPROVED) == 3 and codes == ["credit_not_free"] * 3
    assert reserved_cost() == cost * 3


def test_an_approval_expires_and_goes_back_with_the_reason(office, clock):
    slug = office.campaign(S.APPROVED)
    clock.advance(timedelta(hours=71))
    assert commands.reopen_void_campaigns() == 0
    clock.advance(timedelta(hours=2))
    with pytest.raises(Refused, match="approval_expired|outside_window"):
        commands.launch_campaign(id_of(slug), actor_id=None)
    assert commands.reopen_void_campaigns() == 1
    view = get_campaign_by_slug(slug)
    assert view.state == S.DRAFT and "۷۲" in view.return_note


def dearer(office) -> None:
    with transaction() as session:
        for line in session.query(SmsLine).all():
            line.price_persian += 1


def published_anew(office) -> None:
    with transaction() as session:
        session.execute(text("UPDATE campaign SET parameters = jsonb_set(parameters, '{terms,survey_version}', '0')"))
        for each in session.query(Campaign).populate_existing().all():
            each.frozen_sha256 = rules.frozen_digest(frozen_content(each))


def deadline_moved(office) -> None:
    with transaction() as session:
        session.execute(text("UPDATE survey SET closes_at = closes_at - interval '3 days'"))


def text_changed(office) -> None:
    with transaction() as session:
        session.execute(text("UPDATE campaign SET text = text || ' دیگر'"))


CHANGES = [
    (dearer, "approval_prices"),
    (published_anew, "approval_survey"),
    (deadline_moved, "approval_deadline"),
    (text_changed, "campaign_changed"),
]


@pytest.mark.parametrize(("change", "code"), CHANGES)
def test_a_later_change_reopens_it(office, change, code):
    campaign_id = make.make_campaign(office.unit_id, office.survey_id, text="تا {مهلت} پاسخ دهید", actor_id=office.officer)
    commands.submit_campaign(campaign_id, actor_id=office.officer)
    change(office)
    with pytest.raises(Refused, match=code):
        commands.approve_campaign(campaign_id, actor_id=office.manager)
    assert commands.reopen_void_campaigns() == 1
    view = get_campaign(campaign_id)
    assert view.state == S.DRAFT and view.return_note


def test_a_delegate_approves_in_the_managers_name_within_the_days(app, office, clock):
    clerk = people.make_person(office.unit_id, Role.OFFICER, email="clerk@example.ir", name="مینا کاظمی")
    slug = office.campaign(S.IN_REVIEW)
    client = people.sign_in(app.test_client(), clerk)
    assert client.post(f"/console/campaigns/{slug}/approve", data=people.proof_of(clerk)).status_code == 403
    delegation = name_delegate(
        office.manager, clerk, office.unit_id, today() + timedelta(days=1), today() + timedelta(days=3), actor_id=office.manager
    )
    assert client.post(f"/console/campaigns/{slug}/approve", data=people.proof_of(clerk)).status_code == 403
    clock.advance(timedelta(days=1))
    client = people.sign_in(app.test_client(), clerk)
    page = page_of(client, f"/console/campaigns/{slug}")
    assert "به‌نام رضا مرادی" in page
    assert "در انتظار تأیید شماست" in page_of(client, "/console/")
    assert client.post(f"/console/campaigns/{slug}/approve", data=people.proof_of(clerk)).status_code == 303
    view = get_campaign_by_slug(slug)
    assert (view.state, view.approved_by, view.approved_for) == (S.APPROVED, clerk, office.manager)
    assert "به‌نام رضا مرادی" in page_of(client, f"/console/campaigns/{slug}")
    revoke_delegation(delegation, actor_id=office.manager)
    other = office.campaign(S.IN_REVIEW)
    assert client.post(f"/console/campaigns/{other}/approve", data=people.proof_of(clerk)).status_code == 403


def test_a_delegate_without_an_app_confirms_with_the_password(app, office):
    clerk = people.make_person(office.unit_id, Role.OFFICER, email="clerk@example.ir")
    with transaction() as session:
        session.get_one(User, clerk).totp_secret = None
    name_delegate(office.manager, clerk, office.unit_id, today(), today(), actor_id=office.manager)
    slug = office.campaign(S.IN_REVIEW)
    client = people.sign_in(app.test_client(), clerk)
    wrong = client.post(f"/console/campaigns/{slug}/approve", data={"proof": "نه این نیست"})
    assert wrong.status_code == 422 and state_of(slug) == S.IN_REVIEW
    assert client.post(f"/console/campaigns/{slug}/approve", data={"proof": people.PASSWORD}).status_code == 303
    assert state_of(slug) == S.APPROVED


def test_a_delegate_of_another_unit_learns_nothing(app, office):
    delegate = people.make_person(office.unit_id, Role.OFFICER, email="d@example.ir")
    other_manager = people.make_person(office.other_unit_id, Role.MANAGER, email="m6@example.ir")
    with pytest.raises(Refused, match="delegate_unfit"):
        name_delegate(other_manager, delegate, office.other_unit_id, today(), today(), actor_id=other_manager)
    with pytest.raises(Refused, match="delegation_not_yours"):
        name_delegate(office.manager, delegate, office.unit_id, today(), today(), actor_id=delegate)
    with pytest.raises(Refused, match="delegation_days_invalid"):
        name_delegate(office.manager, delegate, office.unit_id, today(), today() - timedelta(days=1), actor_id=office.manager)


def test_a_delegate_is_named_and_taken_back_on_a_page(app, manager, office):
    page = page_of(manager, "/console/settings/delegations")
    assert "جانشین" in page
    day = "۱۴۰۵/۰۹/۰۲"
    answer = manager.post("/console/settings/delegations", data={"delegate_id": office.officer, "first_day": day, "last_day": "۱۴۰۵/۰۹/۲۰"})
    assert answer.status_code == 303
    page = page_of(manager, "/console/settings/delegations")
    assert "نرگس احمدی" in page
    officer = people.sign_in(app.test_client(), office.officer)
    assert officer.post("/console/settings/delegations", data={}).status_code == 403
    revoke = next(part.split('"')[0] for part in page.split('action="')[1:] if part.split('"')[0].endswith("/revoke"))
    stranger = people.sign_in(app.test_client(), office.stranger)
    assert stranger.post(revoke).status_code == 404
    assert manager.post(revoke).status_code == 303
    assert "هیچ جانشینی" in page_of(manager, "/console/settings/delegations")


@pytest.mark.parametrize("seed", range(12))
def test_nobody_approves_their_own_campaign_by_any_path(office, seed):
    """Whatever roles and delegations the people hold, the author and whoever acts for the author never approve."""
    dice = random.Random(seed)
    crew = [people.make_person(office.unit_id, Role.OFFICER, email=f"p{seed}-{number}@example.ir") for number in range(4)]
    managers = [each for each in crew if dice.random() < 0.6]
    for each in managers:
        grant_role(each, role=Role.MANAGER, unit_id=dice.choice([office.unit_id, office.city_id]))
    for each in managers:
        for delegate in dice.sample([other for other in crew if other != each], 2):
            name_delegate(each, delegate, office.unit_id, today(), today(), actor_id=each)
    author = dice.choice(crew)
    campaign_id = make.make_campaign(office.unit_id, office.survey_id, actor_id=author)
    with transaction() as session:
        session.execute(text("UPDATE unit SET approval_recipients = 0, approval_cost = 0"))
    commands.submit_campaign(campaign_id, actor_id=author)
    assert get_campaign(campaign_id).state == S.IN_REVIEW
    with pytest.raises(Refused, match="approver_is_author"):
        commands.approve_campaign(campaign_id, actor_id=author)
    for each in crew:
        found = standing_of(each, get_campaign(campaign_id))
        assert found.in_name_of != author
        own = each in managers
        stands_in = found.in_name_of in managers
        assert found.may_approve == (each != author and (own or stands_in))
    for column in ("approved_by", "approved_for"):
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(text(f"UPDATE campaign SET {column} = author_id WHERE id = {campaign_id}"))


def test_the_look_before_the_start_says_what_to_do(app, office):
    slug = office.campaign(S.APPROVED)
    officer = people.sign_in(app.test_client(), office.officer)
    page = page_of(officer, f"/console/campaigns/{slug}/preflight")
    assert "درگاه پاسخ می‌دهد" in page and "engage work send" in page
    stranger = people.sign_in(app.test_client(), office.stranger)
    assert stranger.get(f"/console/campaigns/{slug}/preflight").status_code == 404


def test_the_bill_of_a_month_is_the_units_own_and_safe_to_open(app, office):
    campaign_id = make.make_campaign(office.unit_id, office.survey_id, title="=1+1", actor_id=office.officer)
    make.launch(campaign_id)
    with transaction() as session:
        added = "INSERT INTO wave (campaign_id, number, due_at) VALUES (:c, 1, now()) RETURNING id"
        wave = session.execute(text(added), {"c": campaign_id}).scalar_one()
        identities = session.execute(text("SELECT id FROM phone_identity ORDER BY id LIMIT 2")).scalars().all()
        for number, (identity, status) in enumerate(zip(identities, (10, 14), strict=True)):
            session.execute(
                text(
                    "INSERT INTO message (id, campaign_id, wave_id, identity_id, state, gateway_status, page_count, cost, accepted_at) "
                    "VALUES (:id, :c, :w, :i, 'delivered', :s, 2, 3600, :at)"
                ),
                {"id": 9_000 + number, "c": campaign_id, "w": wave, "i": identity, "s": status, "at": now()},
            )
    officer = people.sign_in(app.test_client(), office.officer)
    bill = officer.get("/console/campaigns/bill.csv")
    assert bill.status_code == 200 and "'=1+1" in bill.text and ",2,4,7200,3600,3600" in bill.text
    stranger = people.sign_in(app.test_client(), office.stranger)
    assert "1+1" not in stranger.get("/console/campaigns/bill.csv").text
    assert officer.get("/console/campaigns/bill.csv?month=1405-13").status_code == 404
    assert "1+1" not in officer.get("/console/campaigns/bill.csv?month=1404-01").text


def paused(office, **values) -> str:
    slug = office.campaign(S.SCHEDULED)
    with transaction() as session:
        session.execute(text("UPDATE campaign SET state = 'paused', pause_code = 'user', started_at = :at"), {"at": now()})
        for name, value in values.items():
            session.execute(text(f"UPDATE campaign SET {name} = :value"), {"value": value})
    return slug


def test_going_on_after_the_last_moment_proposes_a_new_one(app, office):
    slug = paused(office, not_after=now() - timedelta(minutes=1))
    officer = people.sign_in(app.test_client(), office.officer)
    answer = officer.post(f"/console/campaigns/{slug}/resume")
    assert answer.status_code == 422 and "آخرین زمان تازه برای ارسال" in answer.text and "۱۴۰۵/" in answer.text
    assert officer.post(f"/console/campaigns/{slug}/resume", data={"not_after": "نمی‌دانم"}).status_code == 422
    assert officer.post(f"/console/campaigns/{slug}/resume", data={"not_after": "۱۴۰۵/۰۹/۰۵ ۱۲:۰۰"}).status_code == 303
    assert state_of(slug) == S.SENDING


def test_a_text_that_names_a_past_day_goes_on_as_a_new_draft(app, office):
    slug = paused(office, text="تا {مهلت} پاسخ دهید", parameters='{"deadline": "۱ آبان"}')
    officer = people.sign_in(app.test_client(), office.officer)
    answer = officer.post(f"/console/campaigns/{slug}/resume")
    assert answer.status_code == 422 and f"/console/campaigns/{slug}/continue" in answer.text and state_of(slug) == S.PAUSED


def test_pages_of_decisions_say_what_they_mean(app, office):
    slug = paused(office)
    officer = people.sign_in(app.test_client(), office.officer)
    assert "هرگز دوباره فرستاده نمی‌شوند" in page_of(officer, f"/console/campaigns/{slug}/unknown")
    assert officer.post(f"/console/campaigns/{slug}/unknown").status_code == 303
    assert officer.get(f"/console/campaigns/{slug}/resend").status_code == 303
    with transaction() as session:
        session.execute(text("UPDATE campaign SET state = 'finished'"))
    assert page_of(officer, f"/console/campaigns/{slug}/resend")
    assert "برداشت‌شده هنگام پذیرش درگاه" in page_of(officer, f"/console/campaigns/{slug}")
    stranger = people.sign_in(app.test_client(), office.stranger)
    for path in ("unknown", "resend", "preflight"):
        assert stranger.get(f"/console/campaigns/{slug}/{path}").status_code == 404
