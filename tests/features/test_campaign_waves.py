"""Reminders up to three, those a campaign failed at once more, and messages nobody can find out about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

import campaigns.commands as commands
from campaigns.commands.closing import write_off_unknown
from campaigns.queries import waves_of
from campaigns.rules import Reminder
from campaigns.sending import send_due_batches
from campaigns.states import CampaignState, MessageState
from engage.db import db
from engage.refusal import Refused
from tests import make
from tests.sending import advance, begin, execute, scalar, states, view_of

S = CampaignState
HOUR = timedelta(hours=1)


@pytest.fixture
def unit_id(app):
    return make.make_unit()


@pytest.fixture
def survey_id(unit_id):
    return make.make_survey(unit_id)


@pytest.fixture
def sending(app, unit_id, survey_id):
    def launched(count=5, **changes):
        make.make_contacts(unit_id, count)
        return begin(app, make.make_campaign(unit_id, survey_id, **changes))

    return launched


def answer(client, simulator, place):
    token = simulator.ledger()[place]["message"].split("m12.example.ir/")[1].split("\n")[0]
    assert client.post(f"/{token}", data={"q1": "light"}).status_code == 200


def waves(campaign_id):
    found = waves_of(campaign_id)
    db.session.rollback()
    return [(wave.kind, wave.message_count, wave.skipped) for wave in found]


def test_three_reminders_each_with_its_own_text_reach_fewer_each_time(app, client, clock, gateway_simulator, sending, drain):
    campaign_id = sending(3, reminders=(Reminder(HOUR, "نخست"), Reminder(2 * HOUR), Reminder(3 * HOUR, "واپسین")))
    drain()
    for place, _ in enumerate(range(3)):
        answer(client, gateway_simulator, place)
        clock.advance(HOUR + timedelta(seconds=1))
        advance(app, campaign_id)
        drain()
    assert waves(campaign_id) == [("first", 3, None), ("reminder", 2, None), ("reminder", 1, None), ("reminder", 0, None)]
    lines = [each["message"].split("\n")[0] for each in gateway_simulator.ledger()]
    assert lines[3:5] == ["نخست", "نخست"] and lines[5] == lines[0] and len(lines) == 6


def test_who_answers_after_the_rows_were_written_gets_no_reminder(app, client, clock, gateway_simulator, sending, drain):
    campaign_id = sending(2, reminders=(Reminder(HOUR),))
    drain()
    clock.advance(HOUR + timedelta(seconds=1))
    commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    commands.materialise_wave(scalar("SELECT id FROM wave WHERE kind = 'reminder'"))
    answer(client, gateway_simulator, 0)
    send_due_batches()
    assert states(campaign_id, wave=2) == {"cancelled": 1, "accepted": 1}


def test_enough_answers_leave_the_reminder_out(app, client, clock, gateway_simulator, sending, drain):
    campaign_id = sending(4, reminders=(Reminder(HOUR, None, 40), Reminder(2 * HOUR, None, 60)))
    drain()
    for place in range(2):
        answer(client, gateway_simulator, place)
    clock.advance(HOUR + timedelta(seconds=1))
    advance(app, campaign_id)
    assert waves(campaign_id)[1] == ("reminder", 0, "answered_enough")
    assert advance(app, campaign_id).state == S.SENDING, "the second one still waits"
    commands.remind_now(campaign_id, actor_id=None)
    drain()
    assert waves(campaign_id)[2] == ("reminder", 2, None)
    with pytest.raises(Refused, match="state_forbids"):
        commands.remind_now(campaign_id, actor_id=None)


def test_a_survey_that_closes_before_the_reminder_leaves_it_out_at_once(app, clock, unit_id, drain):
    from engage.clock import now

    survey_id = make.make_survey(unit_id, closes_at=now() + timedelta(days=2))
    make.make_contacts(unit_id, 1)
    campaign_id = begin(app, make.make_campaign(unit_id, survey_id, reminders=(Reminder(timedelta(days=3)),)))
    drain()
    assert advance(app, campaign_id).state == S.SETTLING
    assert waves(campaign_id)[1] == ("reminder", 0, "survey_closed")


def test_those_it_failed_at_are_written_to_once_more_and_nobody_else(app, gateway_simulator, sending, drain):
    campaign_id = sending(5)
    drain()
    ids = db.session.scalars(text("SELECT id FROM message ORDER BY id")).all()
    db.session.rollback()
    for id, state in zip(ids, ("delivered", "undelivered", "failed", "blocked", "expired"), strict=True):
        execute("UPDATE message SET state = :s WHERE id = :id", s=state, id=id)
    assert commands.resend_failed(campaign_id, actor_id=None, states=frozenset({MessageState.UNDELIVERED, MessageState.EXPIRED})) == 2
    drain()
    assert waves(campaign_id)[1][:2] == ("resend", 2) and states(campaign_id, wave=2) == {"accepted": 2}
    assert len(gateway_simulator.ledger()) == 7
    assert advance(app, campaign_id).state == S.SETTLING
    assert commands.resend_failed(campaign_id, actor_id=None) == 1, "of the first wave only the failed one is left"
    with pytest.raises(Refused, match="resend_waiting"):
        commands.resend_failed(campaign_id, actor_id=None)


def test_a_finished_campaign_sends_again_and_finishes_again(app, sending, drain):
    campaign_id = sending(2)
    drain()
    execute("UPDATE message SET state = 'undelivered', settled_at = accepted_at")
    drain()
    assert advance(app, campaign_id).state == S.FINISHED
    assert commands.resend_failed(campaign_id, actor_id=None, text="دوباره") == 2
    assert view_of(campaign_id).finished_at is None
    drain()
    assert states(campaign_id, wave=2) == {"accepted": 2}
    execute("UPDATE message SET state = 'delivered'")
    assert advance(app, campaign_id).state == S.FINISHED
    with pytest.raises(Refused, match="nothing_to_resend"):
        commands.resend_failed(campaign_id, actor_id=None)


def test_sending_again_never_costs_more_than_was_approved(app, sending, drain):
    campaign_id = sending(2)
    drain()
    execute("UPDATE message SET state = 'undelivered'")
    execute("UPDATE send_batch SET cost = (SELECT cost_estimate FROM campaign)")
    execute("UPDATE unit SET approval_cost = 0")
    with pytest.raises(Refused, match="resend_over_budget"):
        commands.resend_failed(campaign_id, actor_id=None)


def test_unknown_messages_past_the_look_up_are_given_up_by_an_officer_alone(app, clock, gateway_simulator, sending, unit_id):
    settings = app.extensions["engage_settings"]
    officer = make.make_user("officer", unit_id)
    gateway_simulator.admin("faults", queue=["hang"])
    campaign_id = sending(2)
    send_due_batches()
    assert states(campaign_id) == {"unknown": 2}
    with pytest.raises(Refused, match="nothing_to_write_off"):
        write_off_unknown(campaign_id, None, actor_id=officer, settings=settings)
    db.session.rollback()
    clock.advance(timedelta(seconds=settings.timings.lookup_window + 1))
    assert commands.reconcile_unknown(settings, app.extensions["engage_gateway"]) == 0
    one = scalar("SELECT min(id) FROM message")
    assert write_off_unknown(campaign_id, [one], actor_id=officer, settings=settings) == 1
    assert states(campaign_id) == {"unknown": 1, "written_off": 1}
    assert write_off_unknown(campaign_id, None, actor_id=officer, settings=settings) == 1
    assert scalar("SELECT count(*) FROM audit_entry WHERE action = 'campaign.written_off'") == 2
    assert advance(app, campaign_id).state in (S.SETTLING, S.FINISHED)
