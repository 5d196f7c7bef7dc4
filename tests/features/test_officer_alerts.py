"""Officers are told what stops or endangers sending: each cause once, closed when it is over, and never by what was rolled back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

import campaigns.commands as commands
from campaigns import credit
from campaigns.alerting.causes import current_causes, sweeper_cause
from campaigns.alerting.watch import look_for_causes, tell_of_pause, watch_sweeper
from campaigns.commands.control import pause_within
from campaigns.events import CampaignPaused
from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import name_delegate
from engage.identity.delegations import today
from engage.identity.notices import notice_words, phone_context, spoken
from engage.identity.rules import Role
from engage.jobs import redis_connection
from engage.vault import vault
from tests import make, people, sending
from tests.office import S, open_office


@pytest.fixture
def office(app):
    return open_office()


def notices(code: str = "", *, is_open: bool | None = None) -> list[tuple[int, str]]:
    """(user, cause) of what was told."""
    rows = db.session.execute(text("SELECT user_id, cause, code, done_at FROM notice ORDER BY id")).all()
    db.session.rollback()
    return [
        (row.user_id, row.cause)
        for row in rows
        if (not code or row.code == code) and (is_open is None or (row.done_at is None) == is_open)
    ]


def codes() -> set[str]:
    found = {each.code for each in current_causes()}
    db.session.rollback()
    return found


def look() -> int:
    told = look_for_causes()
    db.session.rollback()
    return told


def id_of(slug: str) -> int:
    return sending.scalar("SELECT id FROM campaign WHERE slug = :s", s=slug)


def running(app, office) -> int:
    """A campaign of the officer's whose texts wait."""
    campaign_id = id_of(office.campaign(S.SCHEDULED))
    settings = app.extensions["engage_settings"]
    commands.advance_campaign(campaign_id, settings)
    commands.materialise_wave(sending.scalar("SELECT id FROM wave WHERE campaign_id = :c", c=campaign_id))
    commands.advance_campaign(campaign_id, settings)
    return campaign_id


def pause(campaign_id: int, code: str, **values) -> None:
    with transaction():
        assert pause_within(campaign_id, code, **values)


def test_every_code_has_its_sentence_in_persian(app):
    for code in notice_words:
        if code == "delegate_named":
            continue  # another room's
        with app.test_request_context():
            said = spoken(code, {"title": "برف", "why": "credit", "count": 3, "credit": 1000, "reserved": 5, "recipients": 4, "cost": 9})
        said = said.replace("engage work", "").replace("engage sweep", "")
        assert said.strip() and not any("a" <= letter <= "z" for letter in said), said


def test_approvers_are_asked_and_not_the_author(app, office):
    slug = office.campaign(S.IN_REVIEW)
    assert [user for user, _ in notices("campaign_to_approve")] == [office.manager]
    commands.approve_campaign(id_of(slug), actor_id=office.manager)
    assert not notices("campaign_to_approve", is_open=True)
    assert [user for user, _ in notices("campaign_approved")] == [office.officer]


def test_a_returned_campaign_is_told_and_asked_for_again(app, office):
    slug = office.campaign(S.IN_REVIEW)
    commands.return_campaign(id_of(slug), "روز دیگر", actor_id=office.manager)
    assert not notices("campaign_to_approve", is_open=True)
    assert [user for user, _ in notices("campaign_returned")] == [office.officer]
    commands.submit_campaign(id_of(slug), actor_id=office.officer)
    assert len(notices("campaign_to_approve")) == 2 and len(notices("campaign_to_approve", is_open=True)) == 1


def test_whoever_takes_their_own_campaign_back_is_not_told(app, office):
    slug = office.campaign(S.IN_REVIEW)
    commands.return_campaign(id_of(slug), "", actor_id=office.officer)
    assert not notices("campaign_returned") and not notices(is_open=True)


def test_an_approval_that_ran_out_is_told(app, office, clock):
    office.campaign(S.APPROVED)
    clock.advance(timedelta(hours=73))
    assert commands.reopen_void_campaigns() == 1
    assert [user for user, _ in notices("campaign_void")] == [office.officer]


def test_a_cancelled_request_asks_nobody(app, office):
    slug = office.campaign(S.IN_REVIEW)
    commands.cancel_campaign(id_of(slug), actor_id=office.officer)
    assert not notices("campaign_to_approve", is_open=True)


def test_a_delegate_is_asked_but_not_in_the_authors_name(app, office):
    delegate = people.make_person(office.unit_id, Role.OFFICER, email="delegate@example.ir")
    with transaction():
        name_delegate(office.manager, delegate, office.unit_id, today(), today(), actor_id=office.manager)
    office.campaign(S.IN_REVIEW)
    assert {user for user, _ in notices("campaign_to_approve")} == {office.manager, delegate}
    campaign_id = make.make_campaign(office.unit_id, office.survey_id, actor_id=office.manager)
    commands.submit_campaign(campaign_id, actor_id=office.manager)
    assert len(notices("campaign_to_approve")) == 2  # nobody for the manager's own


@pytest.mark.parametrize("code", ["credit", "error_rate", "opt_out_rate", "not_for_me_rate", "budget", "gateway_420"])
def test_a_pause_by_the_engine_is_told_once_and_closed(app, office, clock, code):
    campaign_id = running(app, office)
    pause(campaign_id, code)
    tell_of_pause_in_its_own(campaign_id, code)
    told = notices("campaign_paused")
    assert {user for user, _ in told} == {office.officer, office.manager}
    assert look() == 0 and notices("campaign_paused") == told  # the sweep finds the same occasion
    commands.resume_campaign(campaign_id, actor_id=office.officer)
    look()
    assert not notices("campaign_paused", is_open=True)
    clock.advance(timedelta(minutes=1))
    pause(campaign_id, code)  # the same again, later, is another occasion
    look()
    assert len(notices("campaign_paused")) == 4


def tell_of_pause_in_its_own(campaign_id: int, code: str) -> None:
    with transaction():
        tell_of_pause(CampaignPaused(campaign_id, code))


def test_pauses_somebody_chose_or_that_end_by_themselves_are_no_cause(app, office):
    campaign_id = running(app, office)
    commands.pause_campaign(campaign_id, actor_id=office.officer)
    tell_of_pause_in_its_own(campaign_id, "user")
    look()
    assert not notices("campaign_paused")
    commands.resume_campaign(campaign_id, actor_id=office.officer)
    pause(campaign_id, "window", resumes=True)
    look()
    assert not notices("campaign_paused")


def test_first_texts_that_wait_for_a_person_are_told(app, office):
    pause(running(app, office), "pilot")
    look()
    assert len(notices("campaign_waits")) == 2


def test_what_was_rolled_back_is_told_to_nobody(app, office):
    campaign_id = running(app, office)

    def fail() -> None:
        with transaction():
            pause_within(campaign_id, "credit")
            tell_of_pause(CampaignPaused(campaign_id, "credit"))
            raise RuntimeError("thrown away")

    with pytest.raises(RuntimeError, match="thrown away"):
        fail()
    db.session.rollback()
    assert not notices("campaign_paused")
    assert "campaign_paused" not in codes()


def test_hours_that_never_open_before_the_end(app, office, clock):
    campaign_id = running(app, office)
    assert codes() == set()
    sending.execute("UPDATE campaign SET not_after = :t, window_end = 780 WHERE id = :c", t=now() + timedelta(hours=6), c=campaign_id)
    clock.advance(timedelta(hours=2))
    assert look() == 2 and notices("campaign_never_opens", is_open=True)
    sending.execute("UPDATE campaign SET not_after = NULL WHERE id = :c", c=campaign_id)
    look()
    assert not notices("campaign_never_opens", is_open=True)


def test_a_last_moment_that_comes_near(app, office):
    campaign_id = running(app, office)
    sending.execute("UPDATE campaign SET not_after = :t WHERE id = :c", t=now() + timedelta(minutes=40), c=campaign_id)
    assert codes() == {"campaign_deadline"} and look() == 2 and look() == 0


def test_a_survey_that_closes_while_texts_wait(app, office):
    campaign_id = running(app, office)
    sending.execute("UPDATE survey SET closes_at = :t", t=now() + timedelta(minutes=30))
    assert codes() == {"campaign_survey_closes"}
    sending.execute("UPDATE survey SET state = 'closed', closed_at = :t", t=now())
    assert codes() == {"campaign_survey_closed"}
    commands.cancel_campaign(campaign_id, actor_id=office.officer)
    assert codes() == set()


def test_credit_below_what_is_promised(app, office):
    office.campaign(S.APPROVED)
    admin = people.make_person(office.city_id, Role.ADMIN, email="admin@example.ir")
    redis_connection().set(credit.KEY, json.dumps({"credit": 10, "at": now().isoformat(), "spent": 0}))
    assert look() == 1 and [user for user, _ in notices("credit_low")] == [admin]
    assert look() == 0
    redis_connection().set(credit.KEY, json.dumps({"credit": 10**9, "at": now().isoformat(), "spent": 0}))
    look()
    assert not notices("credit_low", is_open=True)


def test_unknown_messages_older_than_a_quarter_of_an_hour(app, office, clock):
    campaign_id = running(app, office)
    sending.execute("UPDATE message SET state = 'unknown', unknown_since = :t WHERE campaign_id = :c", t=now(), c=campaign_id)
    clock.advance(timedelta(minutes=14))
    assert "messages_unknown" not in codes()
    clock.advance(timedelta(minutes=1))
    found = [each for each in current_causes() if each.code == "messages_unknown"]
    assert [each.params["count"] for each in found] == [30]
    sending.execute("UPDATE message SET state = 'accepted', unknown_since = NULL")
    assert "messages_unknown" not in codes()


def test_a_safety_alert_wants_a_second_look(app, office):
    campaign_id = running(app, office)
    sending.execute("UPDATE campaign SET kind = 'safety_alert', survey_id = NULL WHERE id = :c", c=campaign_id)
    look()
    assert [user for user, _ in notices("alert_to_review")] == [office.manager]  # not the officer who sent it
    commands.review_alert(campaign_id, actor_id=office.manager)
    look()
    assert not notices("alert_to_review", is_open=True)


def test_nobody_works_on_what_is_due(app, office, clock):
    people.make_person(office.city_id, Role.ADMIN, email="admin@example.ir")
    running(app, office)
    assert "worker_silent" not in codes()
    clock.advance(timedelta(minutes=6))
    assert "worker_silent" in codes()
    assert sweeper_cause() is None  # what is due here is the worker's
    sending.execute("INSERT INTO receipt (gateway_id, status, received_at, try_at) VALUES (1, 10, :t, :t)", t=now() - timedelta(minutes=6))
    watch_sweeper()
    assert len(notices("sweeper_silent")) == 1
    look()
    assert not notices("sweeper_silent", is_open=True)


def test_reports_nobody_applies(app, office):
    people.make_person(office.city_id, Role.ADMIN, email="admin@example.ir")
    sending.execute("INSERT INTO receipt (gateway_id, status, received_at, try_at) VALUES (1, 10, :t, :t)", t=now() - timedelta(minutes=11))
    assert "webhooks_behind" in codes()
    sending.execute("DELETE FROM receipt")
    assert "webhooks_behind" not in codes()


def test_a_confirmed_phone_rings_once(app, office):
    confirm(office.manager)
    slug = office.campaign(S.IN_REVIEW)
    assert sending.scalar("SELECT count(*) FROM single_text WHERE kind = 'staff_notice'") == 1
    pause(running(app, office), "credit")
    look()
    look()
    assert sending.scalar("SELECT count(*) FROM single_text WHERE kind = 'staff_notice'") == 3  # another request, and the pause
    assert slug


def confirm(user_id: int) -> None:
    """The person's number counts as confirmed."""
    sealed = vault().encrypt("+989121110000", phone_context(user_id))
    sending.execute("UPDATE app_user SET phone_cipher = :p, phone_confirmed_at = :t WHERE id = :u", p=sealed, t=now(), u=user_id)
