"""The inbox: every text lies with the unit it belongs to, officers answer once, and nothing is said to whoever asked for silence."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import campaigns.commands as campaigns
import contacts.commands as contacts
from campaigns.inbox import commands, queries
from campaigns.inbox.rules import MAX_AUTOMATIC, MAX_HOURLY, CaseState
from campaigns.models import SmsLine
from contacts.commands.erasing import erase_person
from contacts.commands.single_texts import send_single_texts
from contacts.queries import phone_of
from engage.clock import now
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.persian import is_stop_word
from engage.refusal import Refused
from tests import make, people
from tests.office import S, open_office, page_of

LINE = "30001234"
ids = count(5_000_000)
STRANGER = "+989350000001"


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
def citizen(office):
    found = phone_of(office.first_identities[0])
    db.session.rollback()
    return found


def write(sender, words, line=LINE):
    gateway_id = next(ids)
    campaigns.receive_inbound(gateway_id, line, sender, words)
    campaigns.handle_inbound()
    db.session.rollback()
    return gateway_id


def cases(*units, show="open"):
    db.session.rollback()
    found = queries.list_cases(units, show=show)[0]
    db.session.rollback()
    return found


def root():
    return db.session.scalar(text("SELECT id FROM unit WHERE parent_id IS NULL"))


def replies(kind=None):
    db.session.rollback()
    return db.session.scalar(text("SELECT count(*) FROM case_reply WHERE kind = coalesce(:kind, kind)"), {"kind": kind})


def sent(app, simulator):
    send_single_texts(app.extensions["engage_settings"], app.extensions["engage_gateway"])
    return [(each["receptor"], each["message"]) for each in simulator.ledger()]


def kinds():
    db.session.rollback()
    return list(db.session.scalars(text("SELECT kind FROM inbound_message ORDER BY id")))


# -- whose it is -----------------------------------------------------------------------------------------------------------------


def test_a_text_goes_to_the_unit_that_texted_last_else_to_the_lines_else_to_the_top(office, citizen, drain, clock, app):
    write(STRANGER, "سلام")
    assert [case.unit_id for case in cases(root())] == [root()]
    with transaction() as session:
        session.add(SmsLine(number=LINE, unit_id=office.other_unit_id, created_at=now()))
    write("+989350000002", "سلام")
    assert len(cases(office.other_unit_id)) == 1
    slug = office.campaign(S.SCHEDULED)
    drain()
    clock.advance(timedelta(minutes=1))
    write(citizen, "کوچهٔ ما تاریک است", app.extensions["engage_settings"].gateway_line)
    (case,) = cases(office.unit_id)
    items = queries.thread_of(case)
    assert slug and [each.kind for each in items] == ["campaign", "in"] and items[0].text == "من شهردارم"
    # Somebody else's campaign is none of this unit's business.
    assert case.contact_id is not None


def test_a_thread_is_one_case_and_opens_again_when_the_citizen_writes(office, citizen, clock):
    write(citizen, "اولی")
    (case,) = cases(root())
    assert case.due_at is not None and case.due_at > now()
    commands.close_case(case.id, actor_id=office.officer)
    assert cases(root()) == []
    clock.advance(timedelta(days=3))
    write(citizen, "دومی")
    (again,) = cases(root())
    assert again.id == case.id and again.due_at > case.due_at and again.excerpt == "دومی"
    commands.close_case(case.id, actor_id=office.officer)
    with pytest.raises(Refused, match="case_closed"):
        commands.close_case(case.id, actor_id=office.officer)


def test_stop_twelve_and_one_open_no_case_and_are_shown_where_one_is(office, citizen):
    for words in ("لغو", "12", "1"):
        write(citizen, words)
    assert cases(root(), show="all") == [] or all(case.state == CaseState.OPEN for case in cases(root(), show="all"))
    assert kinds()[:2] == ["stop", "rejoin"]
    write("+989350000003", "سلام")
    write("+989350000003", "لغو۱۱")
    found = next(case for case in cases(root()) if case.excerpt == "لغو۱۱")
    assert [each.about for each in queries.thread_of(found)] == ["other", "stop"] and replies() == 0


# -- answering -------------------------------------------------------------------------------------------------------------------


def test_an_officer_answers_once_by_sms_and_the_case_waits(app, office, officer, citizen, gateway_simulator):
    write(citizen, "برف روب کی می‌آید؟")
    (case,) = cases(root())
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    page = page_of(officer, f"/console/inbox/{case.id}")
    assert "برف روب" in page and citizen[3:] not in page
    for _ in range(2):  # a double click
        answer = officer.post(f"/console/inbox/{case.id}/answer", data={"text": "فردا صبح", "seen": "0", "go": "reply"})
    assert answer.status_code == 422 and replies() == 1
    assert sent(app, gateway_simulator) == [("0" + citizen[3:], "فردا صبح\nلغو11")]
    (waiting,) = cases(office.unit_id, show="waiting")
    assert waiting.assigned_to == office.officer and waiting.due_at is None
    officer.post(f"/console/inbox/{case.id}/answer", data={"text": "انجام شد", "seen": "1", "go": "close"})
    (closed,) = cases(office.unit_id, show="closed")
    assert closed.closed_at is not None and len(sent(app, gateway_simulator)) == 2
    actions = set(db.session.scalars(text("SELECT action FROM audit_entry WHERE object_type = 'inbound_case'")))
    assert {"inbox.moved", "inbox.answered", "inbox.closed"} <= actions


def test_a_stopped_number_is_never_answered(app, office, officer, citizen, gateway_simulator):
    write(citizen, "سلام")
    (case,) = cases(root())
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    commands.answer_case(case.id, "در راه است", seen_count=0, actor_id=office.officer)
    write(citizen, "لغو")
    assert sent(app, gateway_simulator) == []  # queued before the stop, and still not sent
    with pytest.raises(Refused, match="reply_number_stopped"):
        commands.answer_case(case.id, "سلام", seen_count=1, actor_id=office.officer)
    assert "نمی‌شود" in page_of(officer, f"/console/inbox/{case.id}") or 'name="text"' not in page_of(officer, f"/console/inbox/{case.id}")
    assert replies() == 1


@pytest.mark.parametrize(("words", "code"), [("", "reply_empty"), ("س" * 900, "reply_long")])
def test_answers_that_cannot_be_sent_say_why(office, officer, citizen, words, code):
    write(citizen, "سلام")
    (case,) = cases(root())
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    assert officer.post(f"/console/inbox/{case.id}/answer", data={"text": words, "seen": "0"}).status_code == 422
    with pytest.raises(Refused, match=code):
        commands.answer_case(case.id, words, seen_count=0, actor_id=office.officer)


def test_cases_are_given_to_people_and_units_and_have_a_day(office, officer, citizen, clock):
    write(citizen, "سلام")
    (case,) = cases(root())
    with pytest.raises(Refused, match="assignee_unfit"):
        commands.assign_case(case.id, office.manager, actor_id=office.officer)
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    officer.post(f"/console/inbox/{case.id}/assign", data={"user": str(office.officer)})
    officer.post(f"/console/inbox/{case.id}/due", data={"day": "۱۴۰۵/۰۹/۱۰"})
    (found,) = cases(office.unit_id)
    assert found.assigned_to == office.officer and found.due_at.date().isoformat() == "2026-12-01"
    assert "case_id" not in page_of(officer, "/console/inbox?show=mine") and "سلام" in page_of(officer, "/console/inbox?show=mine")
    with pytest.raises(Refused, match="due_invalid"):
        commands.set_due(case.id, now().date() - timedelta(days=1), actor_id=office.officer)
    # Joined with the thread the other unit has with the same citizen.
    clock.advance(timedelta(minutes=1))
    commands.answer_case(case.id, "بفرمایید", seen_count=0, actor_id=office.officer)
    with transaction() as session:
        session.execute(text("UPDATE inbound_case SET state = 'closed'"))
    clock.advance(timedelta(minutes=1))
    write(citizen, "باز هم سلام")
    (second,) = cases(root())
    kept = commands.move_case(second.id, office.unit_id, actor_id=office.officer)
    assert kept == case.id and queries.get_case(second.id) is None
    assert [each.kind for each in queries.thread_of(queries.get_case(kept))] == ["in", "reply", "in"]


def test_other_districts_see_nothing_and_managers_no_names(app, office, citizen):
    write(citizen, "سلام")
    (case,) = cases(root())
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    stranger = people.sign_in(app.test_client(), office.stranger)
    for path in ("", "/answer", "/close", "/assign", "/move", "/due"):
        answer = (
            stranger.get(f"/console/inbox/{case.id}") if not path else stranger.post(f"/console/inbox/{case.id}{path}", data={"text": "x"})
        )
        assert answer.status_code == 404
    assert "سلام" not in page_of(stranger, "/console/inbox")
    manager = people.sign_in(app.test_client(), office.manager)
    page = page_of(manager, f"/console/inbox/{case.id}")
    assert "سلام" in page and "contacts/" not in page.split("<main")[1] and 'name="text"' not in page
    assert manager.post(f"/console/inbox/{case.id}/close").status_code == 403


# -- by itself -------------------------------------------------------------------------------------------------------------------


def test_outside_office_hours_the_emergency_numbers_are_told_once_a_day(app, office, citizen, clock, gateway_simulator):
    write(citizen, "سلام")
    assert replies() == 0  # noon on a Sunday
    clock.advance(timedelta(hours=6))
    for words in ("کسی هست؟", "الو"):
        write(citizen, words)
    ((_, told),) = sent(app, gateway_simulator)
    assert all(number in told for number in ("۱۳۷", "۱۲۵", "۱۱۵")) and replies("off_hours") == 1
    clock.advance(timedelta(days=1))
    write(citizen, "هنوز هیچ")
    assert replies("off_hours") == 2
    commands.save_inbox_setting(
        root(), due_days=1, opens=0, closes=1440, work_days=127, answers_off_hours=True, off_hours_text="", actor_id=office.officer
    )
    clock.advance(timedelta(days=1))
    write(citizen, "باز هم")
    assert replies() == 2
    with pytest.raises(Refused, match="emergency_numbers_missing"):
        commands.save_inbox_setting(
            root(), due_days=1, opens=0, closes=1440, work_days=127, answers_off_hours=True, off_hours_text="فردا زنگ بزنید", actor_id=None
        )


def test_keywords_do_what_the_table_says_and_reserved_words_stay_theirs(app, office, citizen, gateway_simulator):
    draft = commands.KeywordDraft
    commands.save_keyword(office.unit_id, draft("پارك", "survey", survey_id=office.survey_id, text="نظر شما:"), actor_id=None)
    commands.save_keyword(office.unit_id, draft("ساعت", "reply", text="۷:۳۰ تا ۱۴:۳۰"), actor_id=None)
    commands.save_keyword(
        office.unit_id, draft("درخت", "route", to_unit_id=office.other_unit_id, to_user_id=office.stranger), actor_id=None
    )
    write(citizen, " «پارک» ")
    write(citizen, "ساعت")
    write(citizen, "درخت")
    texts = [words for _, words in sent(app, gateway_simulator)]
    assert texts[0].startswith("نظر شما:\nhttps://m12.example.ir/") and texts[1].startswith("۷:۳۰") and len(texts) == 2
    assert cases(office.unit_id) == []  # answered by itself: nobody has to
    (case,) = cases(office.other_unit_id)
    assert case.assigned_to == office.stranger and case.topic == "درخت"
    for label, code in (("لغو", "keyword_reserved"), ("12", "keyword_reserved"), ("پارک", "keyword_taken")):
        with pytest.raises(Refused, match=code):
            commands.save_keyword(office.other_unit_id, draft(label, "reply", text="x"), actor_id=None)
    with pytest.raises(Refused, match="survey_missing"):
        commands.save_keyword(office.unit_id, draft("نو", "survey"), actor_id=None)
    write(citizen, "لغو")
    write(citizen, "ساعت")
    assert len(sent(app, gateway_simulator)) == 2  # silence means silence


def test_loops_and_floods_end_and_a_stop_in_a_flood_still_stops(app, office, citizen, clock, gateway_simulator):
    clock.advance(timedelta(hours=6))
    commands.save_keyword(office.unit_id, commands.KeywordDraft("سلام", "reply", text="سلام"), actor_id=None)
    for _ in range(6):
        write(citizen, "سلام")
    assert replies() == 1
    for n in range(MAX_HOURLY + 10):
        write(citizen, f"پاسخ خودکار {n}")
    assert replies() <= MAX_AUTOMATIC and kinds().count("flood") >= 10
    write(citizen, "لغو")
    assert kinds()[-1] == "stop" and contacts.is_number_stopped(citizen)
    for sender in ("1000", "02188889999", "Bank", ""):
        before = replies()
        write(sender or "x", "سلام")
        assert kinds()[-1] == "foreign" and replies() == before


def test_a_text_that_cannot_be_read_holds_up_nobodys_stop(app, office, citizen):
    campaigns.receive_inbound(next(ids), LINE, STRANGER, "سلام")
    with transaction() as session:
        session.execute(text("UPDATE inbound_message SET text_cipher = sender_cipher || '\\x00'"))
    campaigns.receive_inbound(next(ids), LINE, citizen, "لغو")
    assert campaigns.handle_inbound() == 1 and contacts.is_number_stopped(citizen)
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM inbound_message WHERE handled_at IS NULL")) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["سلام", "لغو", "11", "12", "1", "پارک", "چرا؟", "off"]), min_size=1, max_size=8))
def test_whatever_is_written_nothing_goes_to_a_number_after_its_stop(app, office, gateway_simulator, clock, texts):
    number = make.make_number()
    clock.advance(timedelta(hours=1))
    if not queries.list_keywords([office.unit_id]):
        commands.save_keyword(office.unit_id, commands.KeywordDraft("پارک", "reply", text="سبز"), actor_id=None)
    stopped = False
    for words in texts:
        before = replies()
        write(number, words)
        stopped = stopped or is_stop_word(words)
        if stopped and not contacts.is_number_stopped(number):
            stopped = False  # 12 and then 1: asked for anew
        assert not stopped or replies() == before
    told = len([each for each in sent(app, gateway_simulator) if each[0] == "0" + number[3:] and "عدد" not in each[1]])
    assert told <= MAX_AUTOMATIC


# -- pages, erasing --------------------------------------------------------------------------------------------------------------


def test_pages_of_the_inbox_work_without_a_script(app, office, officer, citizen):
    assert "هنوز کسی" in page_of(officer, "/console/inbox")
    admin = people.sign_in(app.test_client(), people.make_person(office.unit_id, Role.ADMIN, email="boss@example.ir"))
    assert "کلیدواژه" in page_of(admin, "/console/inbox/keywords") and officer.get("/console/inbox/keywords").status_code == 403
    form = {"label": "لغو", "line": "", "action": "reply", "text": "سلام", "survey": "", "to_unit": "", "to_user": "", "is_active": "y"}
    refused = admin.post("/console/inbox/keywords/new", data=form)
    assert refused.status_code == 422 and 'id="label-error"' in refused.text
    assert admin.post("/console/inbox/keywords/new", data=form | {"label": "ساعت"}).status_code == 303
    (keyword,) = queries.list_keywords([office.unit_id])
    assert "ساعت" in page_of(admin, f"/console/inbox/keywords/{keyword.id}")
    assert admin.post(f"/console/inbox/keywords/{keyword.id}/delete").status_code == 303
    page_of(admin, "/console/inbox/settings")
    saved = {"opens": "۸:۰۰", "closes": "۱۵:۰۰", "work_days": ["1", "2"], "due_days": "۳", "answers_off_hours": "y", "off_hours_text": ""}
    assert admin.post("/console/inbox/settings", data=saved).status_code == 303
    assert "۸:۰۰" in page_of(admin, "/console/inbox/settings")
    write(citizen, "سلام")
    (case,) = cases(root())
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    assert "side-count" in page_of(officer, "/console/inbox")
    assert "نویسه" in officer.post("/console/inbox/measure", data={"text": "سلام"}).text


def test_an_erased_person_leaves_no_thread(office, citizen):
    write(citizen, "نامم زهراست")
    (case,) = cases(root())
    commands.move_case(case.id, office.unit_id, actor_id=office.officer)
    commands.answer_case(case.id, "سلام زهرا", seen_count=0, actor_id=office.officer)
    contact_id = queries.get_case(case.id).contact_id
    erase_person(contact_id, "citizen", actor_id=None)
    db.session.rollback()
    for table in ("inbound_case", "case_reply", "inbound_message"):
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
