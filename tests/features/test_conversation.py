"""Surveys by SMS: the same rules and results as on the web, each answer once, whatever is repeated, late or killed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text as sql

import campaigns.commands as campaigns
import campaigns.conversation.commands.talking as talking_commands
import contacts.commands as contacts
from campaigns.conversation.commands import tidy_conversations
from campaigns.inbox import commands as inbox
from campaigns.kinds import CampaignKind
from campaigns.queries.money import conversation_bill_of, ledger_of, reserved_cost
from contacts.commands.erasing import erase_person
from contacts.queries import phone_of
from engage.clock import now
from engage.db import db, transaction
from engage.refusal import Refused
from engage.vault import vault
from surveys.submission import Outcome
from tests import make, people, talking
from tests.sending import view_of
from tests.talking import ASKED, Phone, answer_on_the_web, invited, minute, responses, rows, states

STOP = "\nلغو11"


@pytest.fixture(autouse=True)
def no_csrf(app):
    with people.without_csrf(app):
        yield


@pytest.fixture
def talk(app, gateway_simulator, drain, clock):
    return invited(app, gateway_simulator, drain, clock)


def reply(phone, clock, *texts):
    """A minute between all of them, as between people."""
    for words in texts:
        phone.sends(words)
        minute(clock)


def test_a_whole_conversation_is_one_response_by_the_surveys_own_rules(talk, clock):
    phone, _, _ = talk
    assert phone.texts == [f"منطقه ۱۲: محلهٔ شما\nتا ۴ پرسش کوتاه. برای آغاز عدد ۱ را بفرستید.{STOP}"]
    reply(phone, clock, "۱")
    assert phone.last == f"۱: کدام کار واجب‌تر است؟\n۱) روشنایی\n۲) فضای سبز\nیک شماره بفرستید.{STOP}"
    reply(phone, clock, "٢")
    assert "شب‌ها کوچه امن است؟" in phone.last
    reply(phone, clock, "نه")
    assert "چه چیزی کم است؟" in phone.last and "رد" in phone.last
    reply(phone, clock, "چراغ")
    assert "از ۱ تا ۲۰" in phone.last
    reply(phone, clock, "۴")
    assert phone.last.startswith("پاسخ شما ثبت شد؛ سپاسگزاریم. کد رهگیری: ") and phone.last.endswith(STOP)
    assert responses() == [("sms", {"q1": "park", "q2": "no", "q3": "چراغ", "q4": 4}, True)]
    assert rows("SELECT state, progress_cipher, finished_at IS NOT NULL FROM conversation") == [("finished", None, True)]
    assert rows("SELECT answered, started_at IS NOT NULL FROM invitation") == [(True, True)]
    assert set(rows("SELECT DISTINCT kind, case_id FROM inbound_message")) == {("talk", None)}
    # What was answered lies with the survey alone.
    kept = rows("SELECT gateway_id, text_cipher FROM inbound_message")
    assert {vault().decrypt(cipher, f"inbound_message:{gateway_id}") for gateway_id, cipher in kept} == {""}
    reply(phone, clock, "۱")
    assert "پیش‌تر ثبت شده" in phone.last and len(responses()) == 1


def test_branches_lead_past_questions_and_optional_ones_are_passed_over(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "شروع", "روشنایی", "بله", "رد")
    assert responses() == [("sms", {"q1": "light", "q2": "yes"}, True)]


def test_texts_that_come_twice_count_once(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1")
    first = phone.post("2")
    for _ in range(3):
        phone.post("2", first)
    phone.drain()
    assert len(phone.texts) == 3
    # The same reply sent twice by its author, both before the next question went out.
    minute(clock)
    phone.post("بله")
    phone.post("بله")
    minute(clock)
    phone.drain()
    assert len(phone.texts) == 4 and "چند نفرید؟" in phone.last and states() == ["asking"]
    reply(phone, clock, "۵")
    assert len(responses()) == 1


def test_two_workers_and_two_replies_at_once_take_one(app, talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1", "1")
    phone.post("۳")
    phone.post("۴")
    minute(clock)
    db.session.remove()
    barrier = threading.Barrier(2)
    failed = []

    def work():
        with app.app_context():
            barrier.wait()
            try:
                campaigns.handle_inbound()
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    phone.drain()
    assert not failed and len(responses()) == 1 and responses()[0][1]["q4"] in (3, 4)
    assert rows("SELECT count(*) FROM inbound_message WHERE handled_at IS NULL") == [(0,)]
    assert len([each for each in phone.texts if "ثبت شد؛" in each]) == 1


@pytest.mark.parametrize("place", ["queue_text", "submit_response"])
def test_what_dies_half_way_has_done_nothing_and_is_done_again(talk, clock, monkeypatch, place):
    phone, _, _ = talk
    reply(phone, clock, "1", "1", "1")
    real = getattr(talking_commands, place)

    def dies(*args, **kwargs):
        if place == "submit_response":
            real(*args, **kwargs)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(talking_commands, place, dies)
        phone.sends("۳")
    assert responses() == [] and states() == ["asking"] and rows("SELECT answered FROM invitation") == [(False,)]
    campaigns.handle_inbound()
    phone.drain()
    assert len(responses()) == 1 and states() == ["finished"]
    assert len([each for each in phone.texts if "ثبت شد؛" in each]) == 1


def test_what_can_not_be_read_is_asked_again_with_its_range_then_rests_with_the_office(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1", "بله", "۹۰")
    assert phone.last.startswith("عددی از ۱ تا ۲۰.") or "از ۱ تا ۲۰" in phone.last
    reply(phone, clock, "زیاد", "نمی‌دانم چه بگویم")
    assert "«ادامه»" in phone.last and states() == ["resting"]
    count = len(phone.texts)
    assert rows("SELECT kind, count(*) FROM inbound_message WHERE case_id IS NOT NULL GROUP BY kind") == [("other", 1)]
    reply(phone, clock, "کسی هست؟")
    assert len(phone.texts) == count
    reply(phone, clock, "ادامه")
    assert "چند نفرید؟" in phone.last and states() == ["asking"]
    reply(phone, clock, "۱۲")
    assert responses()[0][1]["q4"] == 12 and not contacts.is_number_stopped(phone.e164)


def test_it_goes_on_after_days_and_own_words_after_a_silence_are_the_offices(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1")
    clock.advance(timedelta(days=3))
    reply(phone, clock, "خیر")
    assert "چه چیزی کم است؟" in phone.last
    clock.advance(timedelta(days=2))
    reply(phone, clock, "کوچهٔ ما تاریک است")
    assert "همکاران" in phone.last and "چه چیزی کم است؟" in phone.last
    assert rows("SELECT count(*) FROM inbound_case WHERE state = 'open'") == [(1,)]
    reply(phone, clock, "نیمکت", "یازده")
    assert responses()[0][1] == {"q1": "light", "q2": "no", "q3": "نیمکت", "q4": 11}


def test_the_link_is_the_same_right_and_whoever_answers_there_ends_the_conversation(talk, clock, client):
    phone, _, _ = talk
    reply(phone, clock, "لینک")
    address = phone.last.split("\n")[1]
    assert client.get("/" + address.rsplit("/", 1)[1]).status_code == 200
    reply(phone, clock, "1", "2", "لینک")
    assert phone.last.split("\n")[1] == address
    assert answer_on_the_web({"q1": "light", "q2": "yes"}).outcome is Outcome.RECORDED
    reply(phone, clock, "بله")
    assert "پیش‌تر ثبت شده" in phone.last and states() == ["ended"]
    assert [each[:2] for each in responses()] == [("link", {"q1": "light", "q2": "yes"})]


def test_who_answered_by_text_finds_the_web_answered(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1", "بله", "رد")
    assert answer_on_the_web({"q1": "park", "q2": "no"}).outcome is Outcome.REPEATED
    assert len(responses()) == 1


def test_stop_words_win_over_every_question(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1", "بله")
    count = len(phone.texts)
    reply(phone, clock, "۱۱")
    assert contacts.is_number_stopped(phone.e164) and states() == ["ended"] and len(phone.texts) == count
    assert rows("SELECT progress_cipher FROM conversation") == [(None,)]
    reply(phone, clock, "۴")
    assert responses() == [] and len(phone.texts) == count


def test_an_erased_person_leaves_no_conversation(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1")
    erase_person(rows("SELECT id FROM contact")[0][0], "citizen", actor_id=None)
    phone.drain()
    assert rows("SELECT count(*) FROM conversation") == [(0,)]
    assert rows("SELECT count(*) FROM inbound_message WHERE identity_id IS NOT NULL") == [(0,)]


def test_it_expires_with_the_invitation_and_is_forgotten(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1")
    clock.advance(timedelta(days=21))
    reply(phone, clock, "بله")
    assert "مهلت" in phone.last and states() == ["ended"] and responses() == []
    clock.advance(timedelta(days=31))
    assert tidy_conversations() == 1 and states() == []


def test_half_answers_of_an_expired_invitation_are_swept_away(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1", "1")
    clock.advance(timedelta(days=21))
    assert tidy_conversations() == 1
    assert rows("SELECT state, progress_cipher FROM conversation") == [("ended", None)]


def test_a_reminder_makes_one_a_beginning_and_no_answer(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "1")
    with transaction() as session:
        session.execute(sql("UPDATE message SET claimed_at = :at"), {"at": now()})
    minute(clock)
    reply(phone, clock, "1")
    assert "کدام کار واجب‌تر است؟" in phone.last and rows("SELECT question_id FROM conversation") == [("q1",)]


def test_after_an_officers_words_a_yes_is_for_the_officer(talk, clock):
    phone, _, _ = talk
    reply(phone, clock, "کوچهٔ ما تاریک است")
    ((case_id,),) = rows("SELECT id FROM inbound_case")
    officer = make.make_user("officer", rows("SELECT unit_id FROM campaign")[0][0])
    inbox.answer_case(case_id, "هنوز خاموش است؟ بله یا خیر", seen_count=0, actor_id=officer)
    minute(clock)
    reply(phone, clock, "بله")
    assert states() == [] and rows("SELECT count(*) FROM inbound_message WHERE case_id IS NOT NULL AND kind <> 'talk'") == [(2,)]
    reply(phone, clock, "شروع", "1")
    assert states() == ["asking"] and "شب‌ها کوچه امن است؟" in phone.last


def test_a_machines_sentence_never_walks_through(app, gateway_simulator, drain, clock):
    own = {"type": "short_text", "label": "نظر شما؟", "required": True}
    phone, _, _ = invited(app, gateway_simulator, drain, clock, ASKED | {"questions": [own | {"id": f"q{n}"} for n in range(1, 5)]})
    machine = "در حال رانندگی هستم و بعداً پاسخ می‌دهم"
    reply(phone, clock, machine)
    assert len(phone.texts) == 1 and states() == []
    reply(phone, clock, "1", *[machine] * 6)
    assert states() == ["resting"] and responses() == [] and len(phone.texts) <= 5


def test_a_full_quota_takes_nothing_and_says_so(app, gateway_simulator, drain, clock):
    limited = ASKED | {"quotas": [{"id": "k1", "label": "ناامن", "when": "not q2", "limit": 1}]}
    phone, survey_id, _ = invited(app, gateway_simulator, drain, clock, limited)
    with transaction() as session:
        session.execute(
            sql("INSERT INTO survey_quota_count VALUES (:s, 'k1', 1) ON CONFLICT (survey_id, quota_id) DO UPDATE SET response_count = 1"),
            {"s": survey_id},
        )
    reply(phone, clock, "1", "1", "خیر", "رد", "رد")
    assert "شمار پاسخ‌های لازم" in phone.last and responses() == [] and states() == ["ended"]
    assert rows("SELECT answered FROM invitation") == [(False,)] and rows("SELECT response_count FROM survey_quota_count") == [(1,)]


def test_a_late_read_reply_is_answered_by_day(talk, clock, app):
    phone, _, _ = talk
    phone.post("1")
    clock.advance(timedelta(hours=12))
    phone.drain()
    assert len(phone.texts) == 1
    assert rows("SELECT not_before IS NOT NULL FROM single_text WHERE kind = 'conversation'") == [(True,)]


# -- what may be a conversation ----------------------------------------------------------------------------------------------------


def test_anonymous_surveys_and_grids_are_refused_with_their_reason(app):
    unit_id = make.make_unit()
    anonymous = make.make_survey(unit_id, ASKED | {"is_anonymous": True})
    grid = {"id": "q9", "type": "ranking", "label": "رتبه بدهید", "options": ASKED["questions"][0]["options"]}
    for survey_id, code in (
        (anonymous, "conversation_anonymous"),
        (make.make_survey(unit_id, ASKED | {"questions": [*ASKED["questions"], grid]}), "conversation_type"),
    ):
        with pytest.raises(Refused) as caught:
            make.make_campaign(unit_id, survey_id, kind=CampaignKind.CONVERSATION)
        assert caught.value.code == code
        db.session.rollback()
    assert caught.value.params["number"] == "۵" and caught.value.params["label"] == "رتبه بدهید"
    with pytest.raises(Refused, match="begin_not_possible"):
        make.make_campaign(unit_id, make.make_survey(unit_id), text="نظر؟ {آغاز}")


def test_the_estimate_counts_the_texts_that_are_expected_and_reserves_them(app):
    unit_id = make.make_unit()
    survey_id = make.make_survey(unit_id, ASKED)
    make.make_contacts(unit_id, 100)
    campaign_id = make.make_campaign(unit_id, survey_id, kind=CampaignKind.CONVERSATION)
    estimate = campaigns.estimate_campaign(unit_id, campaigns.draft_of(view_of(campaign_id)))
    assert estimate.talk is not None and estimate.talk.expected == round(100 * estimate.talk.share * estimate.talk.each) > 0
    assert estimate.cost == 100 * estimate.cost_each + estimate.talk.expected
    campaigns.submit_campaign(campaign_id, actor_id=None)
    (row,) = rows("SELECT cost_estimate, parameters->>'begin', parameters->>'follow_ups' FROM campaign")
    assert row == (estimate.cost, "تا ۴ پرسش کوتاه. برای آغاز عدد ۱ را بفرستید.", str(estimate.talk.expected))


def test_every_text_of_a_conversation_is_booked_on_its_campaign(app, talk, clock, gateway_simulator):
    phone, _, campaign_id = talk
    gateway = app.extensions["engage_gateway"]
    first, credit, reserved = ledger_of(campaign_id), gateway.account().credit, reserved_cost()
    reply(phone, clock, "۱", "٢")
    charged = credit - gateway.account().credit
    assert len(gateway_simulator.ledger()) == 3 and ledger_of(campaign_id).accepted == first.accepted + charged
    assert reserved - reserved_cost() == min(reserved, charged) > 0
    (unit_id,) = rows("SELECT unit_id FROM campaign")[0]
    (bill,) = conversation_bill_of([unit_id], now() - timedelta(hours=1), now())
    assert (bill.unit_id, bill.texts, bill.accepted, bill.line) == (unit_id, 2, charged, phone.line)


# -- keywords ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def keyword(app, gateway_simulator, drain):
    unit_id = make.make_unit()
    survey_id = make.make_survey(unit_id, ASKED)
    (identity,) = make.make_contacts(unit_id, 1)
    inbox.save_keyword(unit_id, inbox.KeywordDraft("محله", "conversation", survey_id=survey_id, text="سلام!"), actor_id=None)
    phone = Phone(app, gateway_simulator, drain, phone_of(identity))
    db.session.rollback()
    return phone


def test_a_keyword_begins_at_once_for_who_agreed(keyword, clock):
    reply(keyword, clock, "محله")
    assert keyword.last.startswith("سلام!\n۱: کدام کار واجب‌تر است؟")
    reply(keyword, clock, "2", "بله", "رد")
    assert responses() == [("sms", {"q1": "park", "q2": "yes"}, True)]
    assert rows("SELECT campaign_id FROM conversation") == [(None,)]


def test_strangers_are_told_how_to_join_and_nobody_invites_them(keyword, clock):
    stranger = Phone(keyword.app, keyword.simulator, keyword.drain, "+989350000077")
    reply(stranger, clock, "محله")
    assert "عضو پیامک‌های منطقه ۱۲" in stranger.last
    assert rows("SELECT count(*) FROM invitation") == [(0,)] and states() == []
    with transaction() as session:
        session.execute(sql("UPDATE contact_consent SET given = false"))
    reply(keyword, clock, "محله")
    assert "عضو پیامک‌های" in keyword.last and states() == []


def test_a_keyword_for_what_can_not_be_asked_is_refused(app):
    unit_id = make.make_unit()
    survey_id = make.make_survey(unit_id, ASKED | {"is_anonymous": True})
    with pytest.raises(Refused, match="conversation_anonymous"):
        inbox.save_keyword(unit_id, inbox.KeywordDraft("محله", "conversation", survey_id=survey_id), actor_id=None)


def test_replies_come_by_polling_as_well(app, talk, clock, gateway_simulator):
    phone, _, _ = talk
    with transaction() as session:
        session.execute(sql("UPDATE sms_line SET has_webhook = false"))
    for words in ("1", "1", "بله", "رد"):
        gateway_simulator.admin("inbound", line=phone.line, number=f"0{phone.e164[3:]}", text=words)
        clock.advance(timedelta(minutes=10))
        campaigns.poll_inbound(app.extensions["engage_settings"], app.extensions["engage_gateway"])
        clock.advance(timedelta(seconds=1))
        phone.drain()
    assert [each[0] for each in responses()] == ["sms"]
    assert talking.states() == ["finished"]
