"""How consent begins, ends and begins again: objections, held lists, the operator's list, 12, and the question for permission."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from flask import current_app
from sqlalchemy import text

import campaigns.commands as campaigns
from campaigns.queries import get_campaign
from contacts import commands, queries
from contacts.commands import blocked, disputes
from contacts.models import ContactPolicy
from contacts.queries import AudienceFilter, count_audience
from contacts.queries import disputes as reading
from contacts.rules.consent import Basis, Channel
from engage.clock import FrozenClock
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.vault import vault
from surveys.commands import submit_response
from surveys.queries import find_link
from tests import make
from tests.people import make_person, make_units, sign_in, without_csrf

HEADER = "نام,نام خانوادگی,تلفن همراه,محله,تاریخ رضایت\n"
PURPOSE = "survey_invitation"
inbound_ids = count(9_000_000)


@pytest.fixture
def unit(app) -> int:
    return make_units()[1]


def load(folder: Path, unit: int, people: int, *, basis: Basis = Basis.CONSENT, start: int = 0) -> list[int]:
    path = folder / f"list{start}.csv"
    path.write_text(HEADER + "".join(f"نام{n},خانوادگی,0912{n + 1000000},,\n" for n in range(start, start + people)), encoding="utf-8")
    commands.import_file(path, unit, basis=basis, evidence="فرم")
    return list(db.session.scalars(text("SELECT id FROM contact WHERE import_id = (SELECT max(id) FROM contact_import) ORDER BY id")))


def number(n: int) -> str:
    return f"+98912{n + 1000000}"


def standing(contact_id: int, purpose: str = PURPOSE) -> tuple[bool, str] | None:
    db.session.rollback()
    row = db.session.execute(
        text("SELECT given, basis FROM contact_consent WHERE contact_id = :c AND purpose = :p"), {"c": contact_id, "p": purpose}
    ).first()
    return None if row is None else (row.given, row.basis)


def receive(sender: str, words: str) -> None:
    campaigns.receive_inbound(next(inbound_ids), "30001234", sender, words)
    campaigns.handle_inbound()


def queued_texts() -> int:
    return db.session.scalar(text("SELECT count(*) FROM single_text WHERE kind = 'renewal'")) or 0


# -- objections ------------------------------------------------------------------------------------------------------------------


def test_an_objection_stops_everything_in_one_transaction_and_is_counted_for_its_list(tmp_path, unit):
    (person,) = load(tmp_path, unit, 1)
    commands.give_consent(person, "weather_safety", Basis.CONSENT, evidence="فرم ۷")
    dispute_id = commands.dispute_consent(person, note="هرگز فرمی پر نکرده‌ام")
    assert standing(person) == (False, "consent") and standing(person, "weather_safety") == (False, "consent")
    record = queries.get_contact(person)
    assert record is not None and record.suppressed_at is not None
    assert {line.channel for line in record.lines if not line.given} == {"dispute"}
    row = db.session.execute(text("SELECT import_id, entry_id FROM consent_dispute WHERE id = :id"), {"id": dispute_id}).one()
    assert row.import_id == db.session.scalar(text("SELECT max(id) FROM contact_import")) and row.entry_id
    assert reading.dispute_counts([row.import_id]) == {row.import_id: 1}
    assert queries.verify_ledger().holds
    with pytest.raises(Refused, match="number_suppressed"):
        commands.give_consent(person, PURPOSE, Basis.CONSENT, evidence="فرم")


def test_enough_objections_hold_the_list_until_an_admin_decides(tmp_path, unit, clock: FrozenClock):
    people = load(tmp_path, unit, 9)
    others = load(tmp_path, unit, 2, start=50)
    with transaction() as session:
        session.add(ContactPolicy(unit_id=unit, dispute_hold_count=3))
    audience = AudienceFilter(unit_id=unit)
    for person in people[:2]:
        commands.dispute_consent(person)
        commands.dispute_consent(person)
    assert not reading.held_lists([unit]) and count_audience(audience, PURPOSE).eligible == 9
    commands.dispute_consent(people[2])
    (held,) = reading.held_lists([unit])
    assert (held.dispute_count, held.standing_count) == (3, 6)
    found = count_audience(audience, PURPOSE)
    assert (found.eligible, found.held, found.suppressed) == (2, 6, 3)
    # Whoever agrees anew stands on that, not on the list.
    commands.give_consent(people[3], PURPOSE, Basis.CONSENT, evidence="فرم تازه")
    assert count_audience(audience, PURPOSE).eligible == 3
    commands.lift_hold(held.import_id, actor_id=None)
    assert count_audience(audience, PURPOSE).eligible == 8 and not reading.held_lists([unit])
    # Only new objections count from now on.
    clock.advance(timedelta(minutes=1))
    for person in people[4:6]:
        commands.dispute_consent(person)
    assert not reading.held_lists([unit])
    commands.dispute_consent(people[6])
    assert len(reading.held_lists([unit])) == 1 and count_audience(audience, PURPOSE).eligible == 3
    assert standing(others[0]) == (True, "consent") and queries.verify_ledger().holds


def test_ending_a_held_list_withdraws_what_it_brought_and_nothing_else(tmp_path, unit, drain):
    people = load(tmp_path, unit, 4)
    with transaction() as session:
        session.add(ContactPolicy(unit_id=unit, dispute_hold_count=1))
    with pytest.raises(Refused, match="list_not_held"):
        commands.end_held_list(db.session.scalar(text("SELECT max(id) FROM contact_import")), actor_id=None)
    commands.dispute_consent(people[0])
    commands.give_consent(people[1], PURPOSE, Basis.CONSENT, evidence="فرم تازه")
    (held,) = reading.held_lists([unit])
    commands.end_held_list(held.import_id, actor_id=None)
    drain()
    assert [standing(person)[0] for person in people] == [False, True, False, False]
    assert disputes.end_disputed_lists() == 0
    assert queries.verify_ledger().holds and not reading.held_lists([unit])


def test_a_threshold_of_zero_never_holds(tmp_path, unit):
    people = load(tmp_path, unit, 3)
    with transaction() as session:
        session.add(ContactPolicy(unit_id=unit, dispute_hold_count=0))
    for person in people:
        commands.dispute_consent(person)
    assert not reading.held_lists([unit])


# -- withdrawing and renewing ----------------------------------------------------------------------------------------------------


def test_an_officer_ends_every_consent_with_a_reason(tmp_path, unit):
    (person,) = load(tmp_path, unit, 1)
    commands.give_consent(person, "weather_safety", Basis.CONSENT, evidence="فرم")
    with pytest.raises(Refused, match="reason_missing"):
        commands.withdraw_all(person, reason=" ")
    assert commands.withdraw_all(person, reason="در باجه خواست") == 2
    assert commands.withdraw_all(person, reason="در باجه خواست") == 0
    record = queries.get_contact(person)
    assert record is not None and record.suppressed_at is None and record.lines[0].evidence == "در باجه خواست"


def test_twelve_alone_renews_nothing_and_one_after_it_renews_what_was_agreed_to(tmp_path, unit, clock: FrozenClock):
    """GATEWAY.md, section 9: 12 is answered by the explicit step."""
    (person,) = load(tmp_path, unit, 1)
    commands.give_consent(person, "weather_safety", Basis.CONSENT, evidence="فرم")
    commands.give_consent(person, "service_notice", Basis.LEGAL_DUTY, evidence="قانون")
    commands.withdraw_consent(person, "weather_safety", channel=Channel.PAGE)
    clock.advance(timedelta(hours=1))
    receive("09121000000", "۱")
    receive("09121000000", "لغو۱۱")
    assert standing(person) == (False, "consent")
    clock.advance(timedelta(hours=1))
    receive("09121000000", "1")
    assert standing(person) == (False, "consent"), "1 answers nothing before 12"
    receive("09121000000", "12")
    assert standing(person) == (False, "consent") and commands.is_number_stopped(number(0)) and queued_texts() == 1
    receive("09121000000", "۱")
    assert not commands.is_number_stopped(number(0))
    assert standing(person) == (True, "consent")
    assert standing(person, "weather_safety") == (False, "consent"), "taken back before the stop, and not asked for"
    assert standing(person, "service_notice") == (False, "legal_duty")
    record = queries.get_contact(person)
    assert record is not None and (record.lines[0].channel, record.lines[0].given, record.suppressed_at) == ("sms", True, None)
    assert queries.verify_ledger().holds


def test_one_long_after_twelve_renews_nothing(tmp_path, unit, clock: FrozenClock):
    (person,) = load(tmp_path, unit, 1)
    receive("09121000000", "11")
    receive("09121000000", "12")
    clock.advance(timedelta(days=4))
    receive("09121000000", "1")
    assert standing(person) == (False, "consent") and commands.is_number_stopped(number(0))


@pytest.mark.parametrize("channel", [Channel.IMPORT, Channel.OFFICER, Channel.OPERATOR, Channel.UNDO, Channel.EXPIRY, Channel.DISPUTE])
def test_nobody_but_the_holder_renews(unit, channel):
    with pytest.raises(ValueError, match="own way"):
        commands.renew_number("+989121234567", channel, evidence="x")


def test_the_holder_renews_on_a_page_for_the_purposes_they_choose(tmp_path, unit):
    (person,) = load(tmp_path, unit, 1)
    commands.suppress_number(number(0), "page")
    done = commands.renew_number(number(0), Channel.PAGE, evidence="page", purposes=["neighbourhood_news"])
    assert done.was_suppressed and done.given == ((person, "neighbourhood_news"),)
    assert standing(person) == (False, "consent") and standing(person, "neighbourhood_news") == (True, "consent")
    again = commands.renew_number(number(0), Channel.PAGE, evidence="page", purposes=["neighbourhood_news"])
    assert again.given == () and not again.was_suppressed


def test_a_reassigned_number_gets_nothing_back(tmp_path, unit):
    (person,) = load(tmp_path, unit, 1)
    identity = queries.find_identity(number(0))
    commands.end_consent_of_reassigned(identity)
    commands.suppress_number(number(0), "sms")
    assert commands.renew_number(number(0), Channel.SMS, evidence="inbound:1").given == ()
    assert standing(person) == (False, "consent")


def test_a_list_never_lifts_a_stop(tmp_path, unit):
    load(tmp_path, unit, 1)
    commands.suppress_number(number(0), "sms")
    load(tmp_path, unit, 1)
    assert commands.is_number_stopped(number(0)) and count_audience(AudienceFilter(unit_id=unit), PURPOSE).suppressed == 1


def test_numbers_on_the_operators_list_are_stopped_once_and_renewed_ones_are_left_alone(tmp_path, unit, app, gateway_simulator, clock):
    people = load(tmp_path, unit, 3)
    gateway, settings = app.extensions["engage_gateway"], app.extensions["engage_settings"]
    gateway_simulator.admin("blocked", add=["09121000000", "09129999999"])
    gateway_simulator.admin("blocked", add=["09121000001"], reason=1)
    assert blocked.sync_blocked_numbers(gateway, settings.gateway_line) == 2
    assert blocked.sync_blocked_numbers(gateway, settings.gateway_line) == 0
    assert [standing(person)[0] for person in people] == [False, True, True]
    record = queries.get_contact(people[0])
    assert record is not None and record.lines[0].channel == "operator"
    assert commands.is_number_stopped("+989129999999"), "unknown numbers, too"
    clock.advance(timedelta(days=3650))
    commands.renew_number(number(0), Channel.PAGE, evidence="page")
    assert blocked.sync_blocked_numbers(gateway, settings.gateway_line) == 0 and standing(people[0]) == (True, "consent")


# -- prior relation --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("receives", "ordinary", "question"), [("everything", 5, 3), ("re_permission", 2, 3), ("nothing", 2, 0)])
def test_what_people_without_document_receive_is_the_units_policy(tmp_path, unit, receives, ordinary, question):
    load(tmp_path, unit, 3, basis=Basis.PRIOR_RELATION)
    load(tmp_path, unit, 2, start=50)
    city = db.session.scalar(text("SELECT id FROM unit WHERE slug = 'tehran'"))
    with transaction() as session:
        session.add(ContactPolicy(unit_id=city, prior_relation_receives=receives))
    found = count_audience(AudienceFilter(unit_id=unit), PURPOSE)
    assert (found.eligible, found.prior_relation) == (ordinary, 5 - ordinary)
    assert count_audience(AudienceFilter(unit_id=unit, asks_permission=True), PURPOSE).eligible == question


def test_the_nearest_policy_holds(tmp_path, unit):
    load(tmp_path, unit, 3, basis=Basis.PRIOR_RELATION)
    city = db.session.scalar(text("SELECT id FROM unit WHERE slug = 'tehran'"))
    with transaction() as session:
        session.add_all([ContactPolicy(unit_id=city, prior_relation_receives="nothing"), ContactPolicy(unit_id=unit)])
    assert count_audience(AudienceFilter(unit_id=unit), PURPOSE).eligible == 3


def test_the_question_for_permission_is_one_button_and_its_answers_are_consent(tmp_path, unit, drain, clock):
    people = load(tmp_path, unit, 3, basis=Basis.PRIOR_RELATION)
    load(tmp_path, unit, 1, start=50)
    with transaction() as session:
        session.add(ContactPolicy(unit_id=unit, prior_relation_receives="re_permission"))
    officer = make.make_user(Role.OFFICER, unit)
    slug = campaigns.draft_permission_campaign(unit, actor_id=officer)
    assert campaigns.draft_permission_campaign(unit, actor_id=officer) == slug
    campaign_id = db.session.scalar(text("SELECT id FROM campaign WHERE slug = :s"), {"s": slug})
    view = get_campaign(campaign_id)
    assert view is not None and view.state == "draft"
    make.launch(campaign_id)
    for _ in range(6):
        campaigns.advance_campaign(campaign_id, current_app.extensions["engage_settings"])
        drain()
        clock.advance(timedelta(seconds=30))
    sent = db.session.execute(text("SELECT contact_id, invitation_id, state FROM message ORDER BY contact_id")).all()
    assert [row.contact_id for row in sent] == people and {row.state for row in sent} <= {"accepted", "delivered"}
    for row, answer in zip(sent[:2], ("yes", "no"), strict=True):
        link = find_link(vault().link_token(row.invitation_id))
        assert link is not None
        submit_response(link, link.version_id, {"permission": answer})
    drain()
    assert [standing(person) for person in people] == [(True, "consent"), (False, "prior_relation"), (True, "prior_relation")]
    record = queries.get_contact(people[0])
    assert record is not None and (record.lines[0].channel, record.lines[0].given) == ("survey", True)
    assert record.lines[0].text and record.lines[0].text.startswith("می‌پذیرم")
    # The third answers by SMS.
    receive("09121000002", "۱۲")
    assert standing(people[2]) == (True, "consent") and queued_texts() == 0
    assert queries.verify_ledger().holds


# -- purposes and pages ----------------------------------------------------------------------------------------------------------


def test_the_standard_purposes_and_new_words_as_a_new_version(app, unit):
    from contacts.queries.purposes import find_purpose, offered_purposes

    assert offered_purposes()["bazaar_news"] == "خبر بازار"
    words = {basis: (find_purpose("bazaar_news").current(basis)).text for basis in Basis}
    draft = commands.PurposeDraft("خبر بازار", words)
    assert commands.change_purpose("bazaar_news", draft, actor_id=None) == ()
    new = words | {Basis.CONSENT: words[Basis.CONSENT].replace("خبرهای", "تازه‌های")}
    assert commands.change_purpose("bazaar_news", commands.PurposeDraft("خبر بازار", new), actor_id=None) == (Basis.CONSENT,)
    found = find_purpose("bazaar_news")
    newest, first = found.earlier(Basis.CONSENT)
    assert (newest.version, first.version, first.text) == (2, 1, words[Basis.CONSENT])
    assert ("gone", "خبرهای") in newest.changes and ("new", "تازه‌های") in newest.changes
    with pytest.raises(Refused, match="words_taken"):
        commands.change_purpose("bazaar_news", draft, actor_id=None)
    with pytest.raises(Refused, match="purpose_needed"):
        commands.change_purpose(PURPOSE, commands.PurposeDraft("دعوت", new, is_active=False), actor_id=None)
    commands.change_purpose("bazaar_news", commands.PurposeDraft("خبر بازار", new, is_active=False), actor_id=None)
    assert "bazaar_news" not in offered_purposes()
    for key in ("Bazaar", "1a", "a", "خبر", "a" * 41):
        with pytest.raises(Refused, match="purpose_key_invalid"):
            commands.add_purpose(key, draft, actor_id=None)
    commands.seal_ledger()
    assert queries.verify_ledger().holds


def test_the_pages(tmp_path, unit, app, client):
    city = db.session.scalar(text("SELECT id FROM unit WHERE slug = 'tehran'"))
    people = load(tmp_path, unit, 2)
    with transaction() as session:
        session.add(ContactPolicy(unit_id=unit, dispute_hold_count=1))
    officer, admin, chief = make_person(unit), make_person(unit, Role.ADMIN), make_person(city, Role.ADMIN)
    stranger = make_person(db.session.scalar(text("SELECT id FROM unit WHERE slug = 'd6'")))
    with without_csrf(app):
        sign_in(client, stranger)
        for path in ("objection", "record", "withdraw-all"):
            assert client.get(f"/console/contacts/{people[0]}/{path}").status_code == 404
        sign_in(client, officer)
        assert "اعتراض" in client.get(f"/console/contacts/{people[0]}/objection").text
        done = client.post(f"/console/contacts/{people[0]}/objection", data={"note": "نه"}, follow_redirects=True)
        assert done.status_code == 200 and "پوزش" in done.text and "زنجیره" not in done.text
        listed = client.get("/console/contacts/objections").text
        assert "list0.csv" in listed and 'name="csrf_token"' not in listed.split("<main")[-1]
        slug = db.session.scalar(text("SELECT slug FROM contact_import"))
        assert client.post(f"/console/contacts/objections/{slug}/lift").status_code == 403
        assert client.post(f"/console/contacts/{people[1]}/withdraw-all", data={"reason": ""}).status_code == 422
        assert client.post(f"/console/contacts/{people[1]}/withdraw-all", data={"reason": "خواست"}).status_code == 303
        assert client.get("/console/contacts/purposes").status_code == 403
        sign_in(client, admin)
        assert "list0.csv" in client.get("/console/").text, "a held list is a task on the first page"
        assert client.get(f"/console/contacts/objections/{slug}/end").status_code == 200
        assert client.post(f"/console/contacts/objections/{slug}/lift").status_code == 303
        assert client.post(f"/console/contacts/objections/{slug}/lift").status_code == 303
        assert client.get("/console/contacts/purposes/bazaar_news").status_code == 200
        assert client.post("/console/contacts/purposes/bazaar_news", data={"title": "x"}).status_code == 403, "another unit's, too"
        sign_in(client, chief)
        made = client.post(
            "/console/contacts/purposes/new",
            data={"title": "نمایشگاه", "key": "fairs", "consent": "می‌پذیرم خبر نمایشگاه بیاید.", "is_active": "y"},
        )
        assert made.status_code == 303, made.text
        assert (
            client.post(
                "/console/contacts/purposes/new", data={"title": "نمایشگاه", "key": "fairs", "consent": "دیگر", "is_active": "y"}
            ).status_code
            == 422
        )
        assert "نمایشگاه" in client.get("/console/contacts/purposes").text
        assert client.get("/console/contacts/purposes/fairs").status_code == 200
        assert client.get("/console/contacts/purposes/nothing").status_code == 404
