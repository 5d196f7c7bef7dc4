"""When and how fast texts go out: hours of campaign and line, days of rest, the last moment, throttles, spreading, first texts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

import campaigns.commands as commands
from campaigns import rules
from campaigns.commands.claim import Claim, NotYet, claim_batch
from campaigns.commands.closing import expire_pending_messages
from campaigns.commands.days import save_day
from campaigns.commands.lines import LineDraft, save_line
from campaigns.commands.picking import OPEN_CAMPAIGNS, moment_values
from campaigns.kinds import CampaignKind
from campaigns.queries.lines import hours_of
from campaigns.sending import send_due_batches
from campaigns.states import CampaignState
from contacts.commands import end_consent_of_reassigned
from engage.clock import TEHRAN, now
from engage.db import db, driver_connection, transaction
from engage.refusal import Refused
from tests import make
from tests.sending import advance, begin, execute, scalar, states, view_of

S = CampaignState


@pytest.fixture
def unit_id(app):
    return make.make_unit()


@pytest.fixture
def survey_id(unit_id):
    return make.make_survey(unit_id)


@pytest.fixture
def line(app):
    return app.extensions["engage_settings"].gateway_line


@pytest.fixture
def sending(app, unit_id, survey_id):
    def launched(count=5, **changes):
        make.make_contacts(unit_id, count)
        return begin(app, make.make_campaign(unit_id, survey_id, **changes))

    return launched


def open_ids(app):
    with transaction() as session, driver_connection(session).cursor() as cursor:
        return {row[0] for row in cursor.execute(OPEN_CAMPAIGNS, moment_values(now(), app.extensions["engage_settings"].timings))}


def test_the_statement_that_picks_agrees_with_the_rule_at_every_hour_kind_and_day(app, sending, clock, line):
    campaign_id = sending(1)
    timings = app.extensions["engage_settings"].timings
    friday = now().astimezone(TEHRAN).date() + timedelta(days=(4 - now().astimezone(TEHRAN).weekday()) % 7)
    save_day(friday + timedelta(days=1), "holiday", "تعطیل", actor_id=None)
    save_day(friday + timedelta(days=2), "mourning", "سوگواری", actor_id=None)
    execute("UPDATE campaign SET parent_id = id")
    seen = set()
    clock.advance(timedelta(days=(friday - now().astimezone(TEHRAN).date()).days, hours=-12))
    for step in range(4 * 8):
        clock.advance(timedelta(hours=3, minutes=7 if step % 2 else -7))
        for line_kind, line_hours in (("service", {}), ("advertising", {"*": [0, 1440]}), ("service", {"*": [600, 720], "announcement": [480, 1300]})):
            for kind in (CampaignKind.SURVEY, CampaignKind.ANNOUNCEMENT, CampaignKind.SAFETY_ALERT):
                with transaction() as session:
                    session.execute(text("UPDATE sms_line SET kind = :k, hours = CAST(:h AS jsonb)"), {"k": line_kind, "h": _json(line_hours)})
                    session.execute(
                        text("UPDATE campaign SET kind = :k, sends_on_fridays = :f, sends_on_holidays = :h, window_end = 1320, window_start = 420"),
                        {"k": kind, "f": step % 3 == 0, "h": step % 2 == 0},
                    )
                found = hours_of(kind, (420, 1320), line, now(), sends_on_holidays=step % 2 == 0, sends_on_fridays=step % 3 == 0)
                expected = found is not None and rules.may_send_at(now(), found, timings.lease_margin)
                db.session.rollback()
                assert (campaign_id in open_ids(app)) == expected, (now(), kind, line_kind, line_hours, step)
                seen.add((kind, expected))
    assert {(CampaignKind.SURVEY, True), (CampaignKind.SURVEY, False), (CampaignKind.ANNOUNCEMENT, False)} <= seen
    assert (CampaignKind.SAFETY_ALERT, False) not in seen


def _json(hours):
    import json

    return json.dumps(hours)


def test_a_mourning_day_holds_surveys_back_until_it_is_over(app, sending, clock, drain):
    campaign_id = sending(2)
    save_day(now().astimezone(TEHRAN).date(), "mourning", "سوگواری", actor_id=None)
    assert send_due_batches().claims == 0
    view = advance(app, campaign_id)
    assert (view.state, view.pause_code, view.pause_resumes) == (S.PAUSED, "window", True)
    with pytest.raises(Refused, match="resting_day"):
        commands.resume_campaign(campaign_id, actor_id=None)
    db.session.rollback()
    clock.advance(timedelta(days=1))
    advance(app, campaign_id)
    drain()
    assert states(campaign_id) == {"accepted": 2}


def test_hours_that_never_meet_are_refused_at_launch(app, unit_id, survey_id, line):
    make.make_contacts(unit_id, 1)
    campaign_id = make.make_campaign(unit_id, survey_id, window_start=540, window_end=600)
    commands.submit_campaign(campaign_id, actor_id=None)
    save_line(LineDraft(line, hours={"survey": [900, 960]}), actor_id=None)
    with pytest.raises(Refused, match="window_never_opens"):
        commands.launch_campaign(campaign_id, actor_id=None)
    db.session.rollback()
    assert view_of(campaign_id).state == S.APPROVED


def test_what_has_not_gone_out_by_the_last_moment_expires(app, sending, clock, drain, gateway_simulator):
    campaign_id = sending(450, not_after=now() + timedelta(hours=1))
    claim = claim_batch(app.extensions["engage_settings"])
    assert isinstance(claim, Claim) and len(claim.messages) == 200
    clock.advance(timedelta(hours=1, seconds=-1))
    assert claim_batch(app.extensions["engage_settings"]) is None, "too late to begin a call"
    clock.advance(timedelta(seconds=2))
    advance(app, campaign_id)
    expire_pending_messages(campaign_id)
    assert states(campaign_id) == {"unknown": 200, "expired": 250}, "the lease of the lost claim was over"
    assert scalar("SELECT count(*) FROM message WHERE reason = 'not_after'") == 250
    execute("UPDATE message SET state = 'accepted', unknown_since = NULL WHERE state = 'unknown'")
    assert advance(app, campaign_id).state == S.SETTLING
    drain()
    assert gateway_simulator.ledger() == []


def test_a_paused_campaign_whose_last_moment_passed_asks_for_a_new_one(app, sending, clock, drain):
    campaign_id = sending(2, not_after=now() + timedelta(hours=1))
    commands.pause_campaign(campaign_id, actor_id=None)
    clock.advance(timedelta(hours=2))
    assert advance(app, campaign_id).state == S.PAUSED
    with pytest.raises(Refused) as refused:
        commands.resume_campaign(campaign_id, actor_id=None)
    assert refused.value.code == "sending_deadline_passed" and refused.value.params["proposed"] > now()
    db.session.rollback()
    commands.resume_campaign(campaign_id, actor_id=None, not_after=now() + timedelta(hours=3))
    drain()
    assert states(campaign_id) == {"accepted": 2}


def test_a_line_with_a_limit_is_shared_and_cut_and_changed_live(app, sending, clock, line):
    settings = app.extensions["engage_settings"]
    sending(100)
    save_line(LineDraft(line, per_second=Decimal("10")), actor_id=None)
    first = claim_batch(settings)
    assert isinstance(first, Claim) and len(first.messages) == 10, "a second's worth"
    assert isinstance(claim_batch(settings), NotYet | None)
    from campaigns.commands.claim import hand_back

    hand_back(first)
    waiting = claim_batch(settings)
    assert isinstance(waiting, NotYet) and waiting.until == now() + timedelta(seconds=1)
    clock.advance(timedelta(seconds=1))
    again = claim_batch(settings)
    assert isinstance(again, Claim) and [m.id for m in again.messages] == [m.id for m in first.messages]
    hand_back(again)
    save_line(LineDraft(line, per_second=Decimal("0.5")), actor_id=None)
    slow = claim_batch(settings)
    assert isinstance(slow, Claim) and len(slow.messages) == 1
    hand_back(slow)
    assert claim_batch(settings) == NotYet(now() + timedelta(seconds=2))
    save_line(LineDraft(line), actor_id=None)
    free = claim_batch(settings)
    assert isinstance(free, Claim) and len(free.messages) == 100


def test_a_line_put_out_of_use_sends_nothing(app, sending, line):
    sending(1)
    save_line(LineDraft(line, is_active=False), actor_id=None)
    assert claim_batch(app.extensions["engage_settings"]) is None


def test_a_spread_campaign_sends_its_batches_one_after_the_other(app, sending, clock, gateway_simulator):
    campaign_id = sending(800, spread=timedelta(hours=2))
    sent = []
    for _ in range(5):
        send_due_batches()
        sent.append(states(campaign_id).get("accepted", 0))
        clock.advance(timedelta(minutes=30))
    assert sent == [200, 400, 600, 800, 800]
    assert len(gateway_simulator.ledger()) == 800


def test_the_first_texts_go_out_alone_and_the_rest_after_the_wait(app, sending, clock, drain):
    campaign_id = sending(250, pilot_count=30, pilot_wait=timedelta(hours=1))
    send_due_batches()
    assert states(campaign_id) == {"accepted": 30, "pending": 220}
    view = advance(app, campaign_id)
    assert (view.state, view.pause_code, view.pause_until) == (S.PAUSED, "pilot", now() + timedelta(hours=1))
    clock.advance(timedelta(minutes=59))
    assert advance(app, campaign_id).state == S.PAUSED
    clock.advance(timedelta(minutes=2))
    assert advance(app, campaign_id).state == S.SENDING
    drain()
    assert states(campaign_id) == {"accepted": 250}


def test_first_texts_that_go_wrong_stop_the_rest(app, sending, clock):
    campaign_id = sending(60, pilot_count=30, pilot_wait=timedelta(hours=1))
    send_due_batches()
    advance(app, campaign_id)
    clock.advance(timedelta(hours=1, seconds=1))
    for row in db.session.execute(text("SELECT identity_id FROM message WHERE state = 'accepted' ORDER BY id LIMIT 3")).all():
        end_consent_of_reassigned(row[0])
    view = advance(app, campaign_id)
    assert (view.state, view.pause_code, view.pause_resumes) == (S.PAUSED, "not_for_me_rate", False)
    assert states(campaign_id) == {"accepted": 30, "pending": 30}


def test_without_a_wait_a_person_decides_about_the_rest(app, sending, drain):
    campaign_id = sending(60, pilot_count=30)
    send_due_batches()
    view = advance(app, campaign_id)
    assert (view.pause_code, view.pause_resumes) == ("pilot", False)
    commands.resume_campaign(campaign_id, actor_id=None)
    drain()
    assert states(campaign_id) == {"accepted": 60}


def test_a_trial_as_large_as_the_audience_needs_no_wait(app, sending, drain):
    campaign_id = sending(3, pilot_count=3, pilot_wait=timedelta(hours=1))
    drain()
    assert advance(app, campaign_id).state == S.SETTLING
    assert states(campaign_id) == {"accepted": 3}


def test_the_calendar_is_edited_by_day(app):
    save_day(date(2026, 12, 1), "holiday", "الف", actor_id=None)
    save_day(date(2026, 12, 1), "mourning", "ب", actor_id=None)
    assert scalar("SELECT kind || title FROM calendar_day") == "mourningب"
    with pytest.raises(Refused, match="day_kind_unknown"):
        save_day(date(2026, 12, 1), "party", "", actor_id=None)
    commands.delete_day(date(2026, 12, 1), actor_id=None)
    assert scalar("SELECT count(*) FROM calendar_day") == 0
