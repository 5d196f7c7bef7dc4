"""Kinds of campaigns: without a survey, after another one, to numbers that opted out, and what goes on with the rest."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

import campaigns.commands as commands
import contacts.commands
from campaigns.kinds import CampaignKind as K
from campaigns.queries.parents import count_of_parent
from campaigns.sending import send_due_batches
from campaigns.states import CampaignState, MessageState
from contacts.queries import AudienceFilter
from engage.clock import now
from engage.refusal import Refused
from tests import make
from tests.sending import advance, begin, execute, scalar, states, view_of

S = CampaignState
STOP = "لغو11"


@pytest.fixture
def unit_id(app):
    return make.make_unit()


@pytest.fixture
def people(unit_id):
    def made(count, purpose="service_notice"):
        identities = make.make_contacts(unit_id, count)
        execute(
            "INSERT INTO contact_consent (contact_id, purpose, given, basis, since) "
            "SELECT id, :p, true, 'legal_duty', :now FROM contact ON CONFLICT DO NOTHING",
            p=purpose,
            now=now(),
        )
        return identities

    return made


def make_kind(unit_id, kind, text, **changes):
    return make.make_campaign(unit_id, None, kind=kind, title="خبر", text=text, **changes)


def texts(simulator):
    return [line["message"] for line in simulator.ledger()]


def test_an_announcement_has_neither_survey_nor_link_and_ends_with_the_way_out(app, unit_id, people, gateway_simulator, drain):
    people(3)
    campaign_id = begin(app, make_kind(unit_id, K.ANNOUNCEMENT, "{واحد}: فردا آب قطع است. https://m12.example.ir/water"))
    drain()
    assert states(campaign_id) == {"accepted": 3}
    assert set(texts(gateway_simulator)) == {f"منطقه ۱۲: فردا آب قطع است. https://m12.example.ir/water\n{STOP}"}
    assert scalar("SELECT count(*) FROM invitation") == 0
    view = view_of(campaign_id)
    assert (view.kind, view.purpose, view.survey_id) == (K.ANNOUNCEMENT, "service_notice", None)
    execute("UPDATE message SET state = 'delivered'")
    assert advance(app, campaign_id).state == S.FINISHED
    drain()


@pytest.mark.parametrize(
    ("kind", "text", "changes", "code"),
    [
        (K.ANNOUNCEMENT, "به www.example.com بروید", {}, "text_has_foreign_link"),
        (K.ANNOUNCEMENT, "تا {مهلت}", {}, "deadline_missing"),
        (K.SURVEY, "نظر شما؟", {}, "survey_missing"),
        (K.CORRECTION, "اصلاحیه", {}, "parent_missing"),
        (K.ANNOUNCEMENT, "خبر", {"legal_basis": "قانون"}, "legal_basis_not_possible"),
        (K.ANNOUNCEMENT, "خبر", {"spread": timedelta(days=8)}, "spread_invalid"),
        (K.ANNOUNCEMENT, "خبر", {"pilot_count": 0}, "pilot_invalid"),
    ],
)
def test_what_a_kind_cannot_be_is_refused(unit_id, kind, text, changes, code):
    with pytest.raises(Refused, match=code):
        make_kind(unit_id, kind, text, **changes)


def test_a_safety_alert_goes_out_at_night_beyond_the_cap_and_before_everything_else(app, clock, unit_id, people, gateway_simulator):
    people(2, "weather_safety")
    clock.advance(timedelta(hours=12))
    campaign_id = begin(app, make_kind(unit_id, K.SAFETY_ALERT, "هشدار توفان: از درختان دور بمانید"))
    execute("UPDATE campaign SET cap_count = 0")
    send_due_batches()
    assert states(campaign_id) == {"accepted": 2}


def test_numbers_that_opted_out_get_an_alert_on_a_legal_basis_alone(app, unit_id, people, gateway_simulator):
    identities = people(3, "weather_safety")
    contacts.commands.suppress_identity(identities[0], "sms")
    plain = begin(app, make_kind(unit_id, K.SAFETY_ALERT, "هشدار"))
    send_due_batches()
    assert states(plain) == {"accepted": 2}
    lawful = begin(app, make_kind(unit_id, K.SAFETY_ALERT, "هشدار سیل", legal_basis="قانون مدیریت بحران، مادهٔ ۱۴"))
    send_due_batches()
    assert states(lawful) == {"accepted": 3}


def test_the_all_clear_goes_to_exactly_those_the_gateway_took_the_alert_for(app, unit_id, people, gateway_simulator):
    identities = people(6, "weather_safety")
    alert = begin(app, make_kind(unit_id, K.SAFETY_ALERT, "هشدار"))
    send_due_batches()
    for identity, state in zip(identities, ("accepted", "delivered", "undelivered", "unknown", "failed", "written_off"), strict=True):
        execute("UPDATE message SET state = :s WHERE identity_id = :i", s=state, i=identity)
    make.make_contacts(unit_id, 2)
    cleared = begin(app, make_kind(unit_id, K.ALL_CLEAR, "وضعیت عادی است", parent_id=alert))
    assert view_of(cleared).purpose == "weather_safety"
    send_due_batches()
    assert scalar("SELECT array_agg(identity_id ORDER BY identity_id) FROM message WHERE campaign_id = :c", c=cleared) == identities[:3]
    assert states(cleared) == {"accepted": 3}


def test_a_correction_goes_to_everybody_the_wrong_text_may_have_reached_outside_the_cap_and_once(app, clock, unit_id, drain, gateway_simulator):
    survey_id = make.make_survey(unit_id)
    identities = make.make_contacts(unit_id, 5)
    wrong = begin(app, make.make_campaign(unit_id, survey_id))
    drain()
    for identity, state in zip(identities, ("delivered", "unknown", "written_off", "failed", "accepted"), strict=True):
        execute("UPDATE message SET state = :s WHERE identity_id = :i", s=state, i=identity)
    contacts.commands.suppress_identity(identities[4], "sms")
    execute("UPDATE campaign SET cap_count = 0")
    assert count_of_parent(K.CORRECTION, wrong).total == 4 and count_of_parent(K.CORRECTION, wrong).sendable == 3
    correction = begin(app, make_kind(unit_id, K.CORRECTION, "اصلاحیه: تاریخ درست ۱۵ آذر است", parent_id=wrong))
    execute("UPDATE campaign SET cap_count = 0")
    send_due_batches()
    assert states(correction) == {"accepted": 3, "suppressed": 1}
    assert view_of(correction).recipient_count == 3


def test_thanks_go_to_those_who_took_part(app, client, unit_id, drain, gateway_simulator):
    survey_id = make.make_survey(unit_id)
    make.make_contacts(unit_id, 3)
    asked = begin(app, make.make_campaign(unit_id, survey_id))
    drain()
    token = texts(gateway_simulator)[1].split("m12.example.ir/")[1].split("\n")[0]
    assert client.post(f"/{token}", data={"q1": "light"}).status_code == 200
    thanks = begin(app, make.make_campaign(unit_id, survey_id, kind=K.RESULT, parent_id=asked, text="{نام}، سپاس از پاسخ شما"))
    drain()
    lines = gateway_simulator.ledger()
    assert states(thanks) == {"accepted": 1} and lines[3]["receptor"] == lines[1]["receptor"]
    assert lines[3]["message"].endswith(f"سپاس از پاسخ شما\n{STOP}")


def test_a_conversation_invites_without_a_link(app, unit_id, drain, gateway_simulator):
    survey_id = make.make_survey(unit_id)
    make.make_contacts(unit_id, 2)
    campaign_id = begin(app, make.make_campaign(unit_id, survey_id, kind=K.CONVERSATION, text="از ۱ تا ۵ چه نمره‌ای می‌دهید؟"))
    drain()
    assert states(campaign_id) == {"accepted": 2} and scalar("SELECT count(*) FROM invitation") == 2
    assert set(texts(gateway_simulator)) == {f"از ۱ تا ۵ چه نمره‌ای می‌دهید؟\n۱ پرسش کوتاه. برای آغاز عدد ۱ را بفرستید.\n{STOP}"}


def test_what_is_left_of_a_paused_campaign_becomes_one_of_its_own(app, clock, unit_id, drain, gateway_simulator):
    survey_id = make.make_survey(unit_id)
    make.make_contacts(unit_id, 250)
    old = begin(app, make.make_campaign(unit_id, survey_id, text="{واحد}: تا {مهلت} نظر بدهید", pilot_count=100))
    send_due_batches()
    advance(app, old)
    execute("UPDATE survey SET closes_at = closes_at + interval '3 days'")
    with pytest.raises(Refused, match="text_names_past_day"):
        commands.resume_campaign(old, actor_id=None)
    new = commands.continue_campaign(old, actor_id=None)
    drain()
    assert view_of(old).state == S.CANCELLED and view_of(new).state == S.DRAFT
    assert commands.estimate_campaign(unit_id, commands.draft_of(view_of(new))).recipients == 150
    begin(app, new)
    drain()
    assert states(new) == {"accepted": 150}
    assert set(Counter(line["receptor"] for line in gateway_simulator.ledger()).values()) == {1}
    days = {text.split("تا ")[1].split(" نظر")[0] for text in texts(gateway_simulator)}
    assert len(days) == 2, "the rest names the new day"
    with pytest.raises(Refused, match="state_forbids"):
        commands.continue_campaign(old, actor_id=None)


def test_a_correction_waits_for_nothing_but_counts_who_was_reached_when_it_is_written(app, unit_id, drain):
    survey_id = make.make_survey(unit_id)
    make.make_contacts(unit_id, 2)
    wrong = begin(app, make.make_campaign(unit_id, survey_id))
    draft = commands.Draft(None, "اصلاحیه", "اصلاحیه", AudienceFilter(unit_id), kind=K.CORRECTION, parent_id=wrong)
    correction = commands.create_campaign(unit_id, draft, actor_id=None)
    with pytest.raises(Refused, match="audience_empty"):
        commands.submit_campaign(correction, actor_id=None)
    drain()
    assert begin(app, correction) == correction
    assert sum(states(correction).values()) == 2 and MessageState.PENDING in states(correction)


def test_a_number_that_has_a_row_already_gets_no_second_one(app, unit_id, monkeypatch):
    survey_id = make.make_survey(unit_id)
    identities = make.make_contacts(unit_id, 6)
    monkeypatch.setattr("campaigns.commands.materialise.CHUNK", 2)
    campaign_id = make.make_campaign(unit_id, survey_id)
    make.launch(campaign_id)
    settings = app.extensions["engage_settings"]
    commands.advance_campaign(campaign_id, settings)
    wave_id = scalar("SELECT id FROM wave")
    execute(
        "INSERT INTO message (id, campaign_id, wave_id, identity_id, params) VALUES (5, :c, :w, :i, '{}')",
        c=campaign_id,
        w=wave_id,
        i=identities[3],
    )
    assert commands.materialise_wave(wave_id) == 5
    assert scalar("SELECT count(DISTINCT identity_id) FROM message") == 6 == scalar("SELECT count(*) FROM message")
