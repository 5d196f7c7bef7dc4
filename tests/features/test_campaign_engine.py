"""The sending engine on the real database and the simulator over HTTP: what goes out, what doesn't, and what is written down."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

import campaigns.commands as commands
import contacts.commands
from campaigns import sweeps
from campaigns.queries import get_campaign, progress_of
from campaigns.rules import Reminder
from campaigns.sending import send_due_batches
from campaigns.states import CampaignState, MessageState
from engage.db import db, transaction
from engage.refusal import Refused
from tests import make

M = MessageState


def state_of(campaign_id):
    view = get_campaign(campaign_id)
    db.session.rollback()
    return view.state


def states(campaign_id):
    found = {str(state): count for state, count in progress_of(campaign_id).by_state.items()}
    db.session.rollback()
    return found


@pytest.fixture
def unit_id(app):
    return make.make_unit()


@pytest.fixture
def survey_id(unit_id):
    return make.make_survey(unit_id)


@pytest.fixture
def sending(app, unit_id, survey_id, drain):
    """Launch a campaign and run its jobs up to the moment its rows are written and sending begins."""

    def launched(count=5, **changes):
        identities = make.make_contacts(unit_id, count)
        campaign_id = make.make_campaign(unit_id, survey_id, **changes)
        make.launch(campaign_id)
        settings = app.extensions["engage_settings"]
        commands.advance_campaign(campaign_id, settings)
        with transaction() as session:
            wave_id = session.execute(text("SELECT id FROM wave WHERE campaign_id = :c"), {"c": campaign_id}).scalar_one()
        commands.materialise_wave(wave_id)
        commands.advance_campaign(campaign_id, settings)
        assert state_of(campaign_id) == CampaignState.SENDING
        return campaign_id, identities

    return launched


def test_every_recipient_gets_exactly_one_text_with_a_working_link(app, client, gateway_simulator, sending, drain):
    campaign_id, _ = sending(450)
    drain()
    assert states(campaign_id) == {"accepted": 450}
    ledger = gateway_simulator.ledger()
    assert Counter(Counter(line["receptor"] for line in ledger).values()) == {1: 450}
    message = ledger[0]["message"]
    assert message.startswith("منطقه ۱۲: کار بعدی محله چه باشد؟\nhttps://m12.example.ir/") and message.endswith("\nلغو11")
    assert client.get("/" + message.split("m12.example.ir/")[1].split("\n")[0]).status_code == 200


def test_receipts_by_webhook_settle_and_finish_the_campaign(app, client, gateway_simulator, sending, drain):
    campaign_id, _ = sending(3)
    drain()
    for line in gateway_simulator.ledger():
        answer = client.post("/hooks/sms/test-webhook-token-0123456789/delivery", data={"messageid": line["messageid"], "status": 10})
        assert answer.status_code == 200
    drain()
    commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    drain()
    assert states(campaign_id) == {"delivered": 3}
    commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    assert state_of(campaign_id) == CampaignState.FINISHED


def test_receipts_by_polling_when_no_webhook_comes(app, clock, gateway_simulator, sending, drain):
    gateway_simulator.admin("settings", operator_seconds=0, phone_seconds=0)
    campaign_id, _ = sending(3)
    drain()
    clock.advance(timedelta(seconds=400))
    sweeps.ring_for_receipts()
    drain()
    assert states(campaign_id) == {"delivered": 3}


def test_a_receipt_before_the_reply_is_kept_and_applied(app, sending, drain, gateway_simulator):
    campaign_id, _ = sending(1)
    next_id = gateway_simulator.ask("health")  # a living simulator; its next id is not ours to guess
    assert next_id
    drain()
    gateway_id = db.session.execute(text("SELECT gateway_id FROM message")).scalar_one()
    db.session.rollback()
    with transaction() as session:
        session.execute(text("UPDATE message SET state = 'sending', gateway_id = NULL, gateway_status = NULL"))
    commands.store_receipts([(gateway_id, 10)])
    assert commands.apply_receipts(app.extensions["engage_settings"]) == 1
    assert db.session.execute(text("SELECT count(*), min(tries) FROM receipt")).one() == (1, 1)
    db.session.rollback()
    with transaction() as session:
        session.execute(text("UPDATE message SET state = 'accepted', gateway_id = :g"), {"g": gateway_id})
        session.execute(text("UPDATE receipt SET try_at = try_at - interval '1 hour'"))
    commands.apply_receipts(app.extensions["engage_settings"])
    assert states(campaign_id) == {"delivered": 1}


def test_consent_withdrawn_after_the_rows_were_written_still_counts(app, gateway_simulator, sending):
    campaign_id, identities = sending(3)
    contacts.commands.suppress_identity(identities[0], "officer")
    contacts.commands.end_consent_of_reassigned(identities[1])
    send_due_batches()
    assert states(campaign_id) == {"suppressed": 2, "accepted": 1}
    assert len(gateway_simulator.ledger()) == 1


def test_stop_by_sms_suppresses_the_number_everywhere(app, client, unit_id, gateway_simulator, sending, drain):
    campaign_id, _ = sending(1)
    receptor = db.session.execute(text("SELECT identity_id FROM message")).scalar_one()
    number = contacts.queries.phone_of(receptor)
    db.session.rollback()
    for _ in range(2):  # the gateway repeats itself
        answer = client.get(
            "/hooks/sms/test-webhook-token-0123456789/inbound",
            query_string={"messageid": 77, "from": "0" + number[3:], "to": "10004346", "message": "لغو ۱۱"},
        )
        assert answer.status_code == 200
    assert commands.handle_inbound() == 1
    send_due_batches()
    assert states(campaign_id) == {"suppressed": 1}
    assert gateway_simulator.ledger() == []


def test_nothing_goes_out_outside_the_window_and_it_opens_again_by_itself(app, clock, gateway_simulator, sending, drain):
    campaign_id, _ = sending(2)
    clock.advance(timedelta(hours=9, seconds=-2))  # 20:59:58 in Tehran: too late to begin a call
    assert send_due_batches().claims == 0
    commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    view = get_campaign(campaign_id)
    assert (view.state, view.pause_code, view.pause_resumes) == (CampaignState.PAUSED, "window", True)
    db.session.rollback()
    clock.advance(timedelta(hours=12, seconds=5))
    commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    drain()
    assert states(campaign_id) == {"accepted": 2}


def test_pause_and_resume_and_cancel(app, gateway_simulator, sending, drain):
    campaign_id, _ = sending(2)
    commands.pause_campaign(campaign_id, actor_id=None)
    assert send_due_batches().claims == 0
    commands.resume_campaign(campaign_id, actor_id=None)
    commands.cancel_campaign(campaign_id, actor_id=None)
    drain()
    assert states(campaign_id) == {"cancelled": 2}
    assert gateway_simulator.ledger() == []
    with pytest.raises(Refused, match="state_forbids"):
        commands.cancel_campaign(campaign_id, actor_id=None)


def test_credit_running_out_pauses_with_the_reason_and_loses_nothing(app, gateway_simulator, sending, drain):
    campaign_id, _ = sending(3)
    gateway_simulator.admin("credit", rials=0)
    send_due_batches()
    view = get_campaign(campaign_id)
    assert (view.state, view.pause_code) == (CampaignState.PAUSED, "credit")
    db.session.rollback()
    assert states(campaign_id) == {"pending": 3}
    gateway_simulator.admin("credit", rials=10**9)
    commands.resume_campaign(campaign_id, actor_id=None)
    drain()
    assert states(campaign_id) == {"accepted": 3}
    assert len(gateway_simulator.ledger()) == 3


@pytest.mark.parametrize("fault", ["hang", "reset", "error", "garbled", "empty"])
def test_an_uncertain_call_is_looked_up_and_never_doubled(app, clock, gateway_simulator, sending, drain, fault):
    gateway_simulator.admin("settings", operator_seconds=3600, phone_seconds=3600)
    campaign_id, _ = sending(4)
    gateway_simulator.admin("faults", queue=[fault])
    send_due_batches()
    assert states(campaign_id) == {"unknown": 4}
    clock.advance(timedelta(seconds=200))
    sweeps.ring_for_unknown()
    drain()
    assert states(campaign_id) == {"accepted": 4}
    assert len(gateway_simulator.ledger()) == 4


def test_an_uncertain_call_that_never_arrived_goes_out_again_under_the_same_ids(app, clock, gateway_simulator, sending, drain):
    campaign_id, _ = sending(4)
    ids = set(db.session.execute(text("SELECT id FROM message")).scalars())
    db.session.rollback()
    gateway_simulator.admin("faults", queue=["error_before"])
    send_due_batches()
    assert states(campaign_id) == {"unknown": 4}
    for expected in ({"unknown": 4}, {"pending": 4}):
        clock.advance(timedelta(seconds=200))
        sweeps.ring_for_unknown()
        commands.reconcile_unknown(app.extensions["engage_settings"], app.extensions["engage_gateway"])
        assert states(campaign_id) == expected
    drain()
    assert states(campaign_id) == {"accepted": 4}
    assert {line["localid"] for line in gateway_simulator.ledger()} == ids and len(gateway_simulator.ledger()) == 4


def test_a_lease_that_ran_out_makes_its_messages_unknown(app, clock, sending):
    from campaigns.commands.claim import claim_batch
    from campaigns.commands.settle import settle_batch
    from engage.sms.port import Outcome, OutcomeKind

    settings = app.extensions["engage_settings"]
    campaign_id, _ = sending(2)
    claim = claim_batch(settings)
    assert claim_batch(settings) is None
    clock.advance(timedelta(seconds=settings.timings.lease + 1))
    sweeps.expire_leases()
    assert states(campaign_id) == {"unknown": 2}
    late = [Outcome(m.id, OutcomeKind.ACCEPTED, gateway_id=900 + n, status=1, cost=1) for n, m in enumerate(claim.messages)]
    settle_batch(settings, claim, late, {m.id: (b"\x00" * 32, 1) for m in claim.messages})
    assert states(campaign_id) == {"unknown": 2}


def test_the_reminder_goes_only_to_those_who_have_not_answered(app, client, clock, gateway_simulator, sending, drain):
    campaign_id, _ = sending(3, reminders=(Reminder(timedelta(hours=1), "منطقه ۱۲: هنوز منتظر شما هستیم"),))
    drain()
    token = gateway_simulator.ledger()[0]["message"].split("m12.example.ir/")[1].split("\n")[0]
    assert client.post(f"/{token}", data={"q1": "light"}).status_code == 200
    clock.advance(timedelta(hours=1, seconds=1))
    commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    drain()
    copies = Counter(line["receptor"] for line in gateway_simulator.ledger())
    assert sorted(copies.values()) == [1, 2, 2]
    assert token not in gateway_simulator.ledger()[-1]["message"]


def test_the_weekly_cap_holds_over_campaigns(app, unit_id, survey_id, gateway_simulator, sending):
    campaign_id, _ = sending(2)
    with transaction() as session:
        session.execute(text("UPDATE campaign SET cap_count = 0"))
    send_due_batches()
    assert states(campaign_id) == {"suppressed": 2}


def test_an_author_never_approves_the_own_campaign(app, unit_id, survey_id):
    author = make.make_user("manager", unit_id)
    make.make_contacts(unit_id, 600)
    campaign_id = make.make_campaign(unit_id, survey_id, actor_id=author)
    assert commands.submit_campaign(campaign_id, actor_id=author) == CampaignState.IN_REVIEW
    with pytest.raises(Refused, match="approver_is_author"):
        commands.approve_campaign(campaign_id, actor_id=author)
    commands.approve_campaign(campaign_id, actor_id=make.make_user("manager", unit_id))
    assert state_of(campaign_id) == CampaignState.APPROVED


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda sim, clock: sim.admin("credit", rials=1), "credit_insufficient"),
        (lambda sim, clock: clock.advance(timedelta(hours=10)), "outside_window"),
        (lambda sim, clock: clock.advance(timedelta(days=30)), "survey_not_open"),
    ],
)
def test_a_launch_that_cannot_work_is_refused_and_changes_nothing(app, clock, unit_id, survey_id, gateway_simulator, prepare, code):
    make.make_contacts(unit_id, 2)
    campaign_id = make.make_campaign(unit_id, survey_id)
    commands.submit_campaign(campaign_id, actor_id=None)
    prepare(gateway_simulator, clock)
    with pytest.raises(Refused, match=code):
        commands.launch_campaign(campaign_id, actor_id=None)
    db.session.rollback()
    assert state_of(campaign_id) == CampaignState.APPROVED


def test_a_campaign_to_nobody_is_refused(app, unit_id, survey_id):
    campaign_id = make.make_campaign(unit_id, survey_id)
    with pytest.raises(Refused, match="audience_empty"):
        commands.submit_campaign(campaign_id, actor_id=None)
    assert state_of(campaign_id) == CampaignState.DRAFT


def test_a_second_launch_is_refused(app, unit_id, survey_id):
    make.make_contacts(unit_id, 1)
    campaign_id = make.make_campaign(unit_id, survey_id)
    make.launch(campaign_id)
    with pytest.raises(Refused, match="state_forbids"):
        commands.launch_campaign(campaign_id, actor_id=None)


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/hooks/sms/wrong/delivery", {"messageid": 1, "status": 10}, 404),
        ("/hooks/sms/test-webhook-token-0123456789/delivery", {"messageid": "x", "status": 10}, 400),
        ("/hooks/sms/test-webhook-token-0123456789/delivery", {}, 400),
        ("/hooks/sms/test-webhook-token-0123456789/delivery", {"messageid": 2**64, "status": 10}, 400),
        ("/hooks/sms/test-webhook-token-0123456789/delivery", {"messageid": 123456, "status": 10}, 200),
        ("/hooks/sms/test-webhook-token-0123456789/inbound", {"messageid": 5}, 400),
    ],
)
def test_forged_and_malformed_webhooks(app, client, path, data, status):
    assert client.post(path, data=data).status_code == status
    assert client.get(path, query_string=data).status_code == status
    assert client.post(path, json=data).status_code == status


def test_the_receipt_statement_agrees_with_the_rule_for_every_pair(app, sending, drain):
    from campaigns import rules

    campaign_id, _ = sending(1)
    drain()
    gateway_id = db.session.execute(text("SELECT gateway_id FROM message")).scalar_one()
    db.session.rollback()
    for state in (M.ACCEPTED, M.DELIVERED, M.UNDELIVERED, M.BLOCKED, M.FAILED, M.EXPIRED, M.CANCELLED, M.WRITTEN_OFF):
        for current in (1, 5, 10, 11, 14):
            for new in (1, 2, 4, 5, 6, 10, 11, 13, 14, 100, 3):
                with transaction() as session:
                    session.execute(text("UPDATE message SET state = :s, gateway_status = :g"), {"s": str(state), "g": current})
                commands.store_receipts([(gateway_id, new)])
                commands.apply_receipts(app.extensions["engage_settings"])
                found = db.session.execute(text("SELECT state, gateway_status FROM message")).one()
                db.session.rollback()
                expected = rules.apply_receipt(state, current, new) or (state, current)
                assert found == (str(expected[0]), expected[1]), (state, current, new)


def test_many_opt_outs_pause_the_campaign_for_its_text_to_be_looked_at(app, sending, drain):
    campaign_id, identities = sending(400)
    settings = app.extensions["engage_settings"]
    from campaigns.commands.claim import claim_batch
    from campaigns.commands.settle import settle_batch
    from campaigns.sending import render_batch

    claim = claim_batch(settings)
    outgoing, made = render_batch(claim)
    settle_batch(settings, claim, app.extensions["engage_gateway"].send(claim.line, outgoing), made)
    with transaction() as session:
        session.execute(
            text("UPDATE phone_identity SET suppressed_at = now() + interval '9 years' WHERE id = ANY(:ids)"),
            {"ids": [m.identity_id for m in claim.messages[:11]]},
        )
    commands.advance_campaign(campaign_id, settings)
    view = get_campaign(campaign_id)
    assert (view.state, view.pause_code) == (CampaignState.PAUSED, "opt_out_rate")
