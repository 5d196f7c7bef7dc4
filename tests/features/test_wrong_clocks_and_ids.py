"""What others tell the engine wrongly, and how it comes out of it: a clock that ran ahead, a gateway that names another text's id."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

import campaigns.commands as commands
from campaigns import sweeps
from campaigns.commands.claim import claim_batch
from campaigns.queries import get_campaign, progress_of
from campaigns.sending import send_due_batches
from campaigns.states import CampaignState
from engage.db import db, transaction
from tests import make

AHEAD = timedelta(hours=5)


@pytest.fixture
def sending(app, settings):
    """A campaign to so many, its rows written, about to be sent."""

    def launched(count, **changes):
        unit_id = make.make_unit()
        make.make_contacts(unit_id, count)
        campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id), **changes)
        make.launch(campaign_id)
        commands.advance_campaign(campaign_id, settings)
        wave_id = one("SELECT id FROM wave WHERE campaign_id = :c", c=campaign_id)
        commands.materialise_wave(wave_id)
        commands.advance_campaign(campaign_id, settings)
        return campaign_id

    return launched


def one(statement, **values):
    found = db.session.execute(text(statement), values).scalar()
    db.session.rollback()
    return found


def states(campaign_id):
    found = {str(state): count for state, count in progress_of(campaign_id).by_state.items()}
    db.session.rollback()
    return found


def look_up(app, clock, settings):
    clock.advance(timedelta(seconds=settings.timings.unknown_grace + 1))
    commands.reconcile_unknown(settings, app.extensions["engage_gateway"])


def test_a_lease_given_by_a_clock_that_ran_ahead_lapses_once_it_is_right(app, clock, settings, sending, gateway_simulator):
    campaign_id = sending(3)
    clock.advance(AHEAD)
    assert claim_batch(settings).messages  # and its worker dies
    clock.advance(-AHEAD)
    sweeps.expire_leases()
    sweeps.mend_stamps_ahead()
    assert states(campaign_id) == {"unknown": 3}
    look_up(app, clock, settings)
    look_up(app, clock, settings)
    assert states(campaign_id) == {"pending": 3}
    send_due_batches()
    assert len(gateway_simulator.ledger()) == 3


def test_a_lease_of_the_usual_length_is_left_alone(clock, settings, sending):
    campaign_id = sending(3)
    claim_batch(settings)
    clock.advance(-timedelta(seconds=10))  # another host's clock
    sweeps.expire_leases()
    assert states(campaign_id) == {"sending": 3}
    sweeps.mend_stamps_ahead()
    assert one("SELECT count(*) FROM send_batch WHERE claim_token IS NOT NULL") == 1


def test_what_became_uncertain_by_a_clock_ahead_is_looked_up_after_a_grace_of_its_own(app, clock, settings, sending, gateway_simulator):
    campaign_id = sending(3)
    clock.advance(AHEAD)
    gateway_simulator.admin("faults", queue=["reset"])
    send_due_batches()
    clock.advance(-AHEAD)
    assert states(campaign_id) == {"unknown": 3}
    sweeps.mend_stamps_ahead()
    commands.reconcile_unknown(settings, app.extensions["engage_gateway"])
    assert states(campaign_id) == {"unknown": 3}
    look_up(app, clock, settings)
    assert states(campaign_id) == {"accepted": 3}


def test_refused_calls_are_tried_again_soon_and_a_line_goes_on(clock, settings, sending, gateway_simulator):
    campaign_id = sending(3)
    with transaction() as session:
        session.execute(text("UPDATE sms_line SET per_second = 2"))
    clock.advance(AHEAD)
    gateway_simulator.admin("faults", queue=["409"])
    send_due_batches(seconds=0.3)
    clock.advance(-AHEAD)
    assert one("SELECT min(retry_at) FROM message WHERE retry_at IS NOT NULL") > clock.now() + AHEAD
    assert commands.mend_stamps_ahead(settings)
    for _ in range(4):
        clock.advance(timedelta(seconds=2))
        send_due_batches(seconds=0.3)
        commands.mend_stamps_ahead(settings)  # as the sweeper does every minute: a batch's own moment shows once its last fresh text is out
    assert states(campaign_id) == {"accepted": 3}
    assert not commands.mend_stamps_ahead(settings)


def test_what_officers_spread_over_days_keeps_its_moments(settings, sending):
    campaign_id = sending(450, spread=timedelta(days=2))
    before = one("SELECT max(available_at) FROM send_batch WHERE campaign_id = :c", c=campaign_id)
    commands.mend_stamps_ahead(settings)
    assert one("SELECT max(available_at) FROM send_batch WHERE campaign_id = :c", c=campaign_id) == before


def test_receipts_are_asked_for_though_their_turn_was_written_by_a_clock_ahead(app, clock, settings, sending, gateway_simulator):
    gateway_simulator.admin("settings", operator_seconds=0, phone_seconds=0)
    campaign_id = sending(3)
    clock.advance(AHEAD)
    send_due_batches()
    clock.advance(-AHEAD)
    commands.poll_receipts(settings, app.extensions["engage_gateway"])
    assert states(campaign_id) == {"accepted": 3}
    sweeps.mend_stamps_ahead()
    commands.poll_receipts(settings, app.extensions["engage_gateway"])
    assert states(campaign_id) == {"delivered": 3}


def test_an_id_named_for_the_wrong_text_goes_to_the_right_one(app, clock, settings, sending, gateway_simulator):
    gateway_simulator.admin("faults", queue=["reset", "foreign_ids"])
    first = sending(3)
    send_due_batches()
    second = sending(3)
    send_due_batches()
    assert (states(first), states(second)) == ({"unknown": 3}, {"accepted": 3})
    for _ in range(2):
        look_up(app, clock, settings)
    assert (states(first), states(second)) == ({"accepted": 3}, {"accepted": 3})
    truth = {line["localid"]: line["messageid"] for line in gateway_simulator.ledger()}
    assert dict(db.session.execute(text("SELECT id, gateway_id FROM message")).all()) == truth and len(truth) == 6


def test_a_campaign_that_was_settling_sends_what_the_gateway_took_back(clock, settings, sending, gateway_simulator):
    campaign_id = sending(2)
    send_due_batches()
    commands.advance_campaign(campaign_id, settings)
    assert get_campaign(campaign_id).state == CampaignState.SETTLING
    with transaction() as session:
        session.execute(text("UPDATE message SET state = 'pending', gateway_id = NULL WHERE id = (SELECT min(id) FROM message)"))
        session.execute(text("UPDATE send_batch SET is_open = true, cost = 0"))
    commands.advance_campaign(campaign_id, settings)
    assert get_campaign(campaign_id).state == CampaignState.SENDING
    send_due_batches()
    assert states(campaign_id) == {"accepted": 2}
    assert len(gateway_simulator.ledger()) == 2  # the same id again: the gateway answers with its record
