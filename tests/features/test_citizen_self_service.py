"""«پیامک‌های من» and the preferences behind a link: what a citizen sees, changes, takes along and ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import queries
from contacts.commands import add_contact, suppress_number, withdraw_consent
from contacts.commands.consent import end_consent_of_reassigned
from contacts.commands.pending import ask_to_confirm
from contacts.queries import find_identity
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.clock import FrozenClock
from engage.db import db
from engage.sms.simulator.process import SimulatorProcess
from engage.web.tickets import seal, unseal
from tests.make import launch, make_campaign, make_number, make_survey
from tests.people import make_units

D12, D6 = "d12", "d6"


@pytest.fixture
def units(app: Flask) -> tuple[int, int, int, int]:
    return make_units()


@pytest.fixture
def number(units: tuple[int, int, int, int]) -> str:
    """A number two districts know, each on its own ground."""
    e164 = make_number()
    person = Person(first_name="زهرا", last_name="کاظمی", neighbourhood="هرندی", birth_year=1362)
    add_contact(units[1], e164, person, purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم کاغذی، پوشهٔ ۱۲", actor_id=None)
    add_contact(
        units[2], e164, Person(first_name="ز."), purpose="service_notice", basis=Basis.PRIOR_RELATION, evidence="دفتر ۱۳۹۸", actor_id=None
    )
    return e164


def enter(client: FlaskClient, number: str, drain: Callable[[], int], simulator: SimulatorProcess) -> FlaskClient:
    answer = client.post("/my/in", data={"phone": "0" + number[3:]})
    assert answer.status_code == 303 and number[3:] not in answer.location
    drain()
    code = simulator.inbox(number)[-1]["message"][-6:]
    done = client.post(answer.location, data={"code": code})
    assert (done.status_code, done.location) == (303, "/my/")
    cookie = done.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" in cookie and "Path=/my" in cookie
    assert number[3:] not in cookie
    return client


@pytest.fixture
def holder(app: Flask, number: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess) -> FlaskClient:
    client = app.test_client()
    # The cookie is Secure: the browser speaks https, as the citizen's does.
    client.environ_base["wsgi.url_scheme"] = "https"
    return enter(client, number, drain, gateway_simulator)


def page(client: FlaskClient, address: str = "/my/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.text


def proof(client: FlaskClient) -> str:
    found = re.search(r'name="proof" value="(\w+)"', page(client))
    assert found is not None
    return found[1]


def post(client: FlaskClient, address: str, **data: object):  # type: ignore[no-untyped-def]
    return client.post(address, data={"proof": proof(client), **data})


def contact_id(number: str, unit_id: int) -> int:
    identity_id = find_identity(number)
    assert identity_id is not None
    found = db.session.scalar(text("SELECT id FROM contact WHERE identity_id = :i AND unit_id = :u"), {"i": identity_id, "u": unit_id})
    assert found is not None
    return int(found)


def standing(number: str, unit_id: int) -> set[str]:
    record = queries.get_contact(contact_id(number, unit_id))
    assert record is not None
    return {each.purpose for each in record.consents if each.given}


# -- in ------------------------------------------------------------------------------------------------------------------------------


def test_without_a_code_there_is_only_the_door(client: FlaskClient, number: str) -> None:
    assert "شمارهٔ همراه" in page(client) and "شمارهٔ همراه" in page(client, "/my")
    for address in ("/my/print", "/my/data.json", "/my/stop", "/my/erase", "/my/correct/d12"):
        answer = client.get(address)
        assert (answer.status_code, answer.location) == (303, "/my/in")
    for address in ("/my/preferences", "/my/stop", "/my/erase", "/my/not-mine", "/my/dispute", "/my/renew", "/my/leave"):
        assert client.post(address).location == "/my/in"
    assert find_identity(number) is not None


def test_the_door_looks_the_same_for_everyone(
    client: FlaskClient, number: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    seen = set()
    for each in (number, make_number()):
        answer = client.post("/my/in", data={"phone": each})
        drain()
        assert len(gateway_simulator.inbox(each)) == 1
        seen.add(client.get(answer.location).text.replace(answer.location.split("/")[-1], "").replace(page_digits(each), ""))
    assert len(seen) == 1


def page_digits(number: str) -> str:
    from engage.persian import to_persian_digits

    return to_persian_digits(number[-4:])


def test_a_code_for_joining_opens_nothing_here(
    client: FlaskClient, number: str, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    from contacts.commands.codes import send_code
    from contacts.rules.codes import CodePurpose

    answer = client.post("/my/in", data={"phone": number})
    send_code(CodePurpose.SIGN_UP, number, unit_id=None, sms_name="منطقهٔ ۱۲")
    drain()
    opens, other = (each["message"][-6:] for each in gateway_simulator.inbox(number))
    if other != opens:
        assert client.post(answer.location, data={"code": other}).status_code == 422
    assert client.post(answer.location, data={"code": opens}).status_code == 303


def test_the_session_ends_after_a_quarter_of_an_hour_and_on_leaving(holder: FlaskClient, clock: FrozenClock) -> None:
    assert "زهرا" in page(holder)
    clock.advance(timedelta(minutes=15))
    assert "زهرا" not in page(holder)
    clock.advance(-timedelta(minutes=15))
    post(holder, "/my/leave")
    assert "زهرا" not in page(holder)


def test_who_has_left_is_out_even_with_a_cookie_that_was_kept(holder: FlaskClient, number: str) -> None:
    kept = holder.get_cookie("engage_my", path="/my")
    assert kept is not None
    mark = proof(holder)
    post(holder, "/my/leave")
    holder.set_cookie("engage_my", kept.value, path="/my")
    assert holder.get("/my/data.json").location == "/my/in"
    assert holder.post("/my/erase", data={"proof": mark}).location == "/my/in"
    assert find_identity(number) is not None


def test_a_post_without_the_session_s_mark_does_nothing(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    for address in ("/my/stop", "/my/erase", "/my/not-mine", "/my/dispute"):
        assert holder.post(address, data={"proof": "0" * 32}).location == "/my/"
    assert standing(number, units[1]) == {"survey_invitation"}


def test_tickets_open_for_their_own_purpose_unchanged_and_in_time(app: Flask, clock: FrozenClock) -> None:
    ticket = seal("my", timedelta(minutes=15), number="+989121234567")
    assert unseal("my", ticket) == {"number": "+989121234567"}
    assert unseal("join", ticket) is None
    for wrong in ("", "x", ticket[:-2], ticket[:20] + ("A" if ticket[20] != "A" else "B") + ticket[21:], ticket + "!", "é" * 30, "A" * 5000):
        assert unseal("my", wrong) is None
    clock.advance(timedelta(minutes=15))
    assert unseal("my", ticket) is None


# -- seeing and taking along -----------------------------------------------------------------------------------------------------------


def test_everything_held_is_shown_by_office(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    with_note = contact_id(number, units[1])
    db.session.execute(
        text("INSERT INTO contact_note (contact_id, text, at) VALUES (:c, 'پس از ساعت ۱۷ تماس بگیرید', now())"), {"c": with_note}
    )
    db.session.commit()
    shown = page(holder)
    for words in ("زهرا کاظمی", "هرندی", "۱۳۶۲", "فرم کاغذی، پوشهٔ ۱۲", "دفتر ۱۳۹۸", "شهرداری منطقهٔ ۶", "می‌پذیرم شهرداری", "پس از ساعت ۱۷"):
        assert words in shown, words
    printed = page(holder, "/my/print")
    assert "پس از ساعت ۱۷" in printed and "<form" not in printed


def test_the_export_holds_the_same_as_data(holder: FlaskClient, number: str) -> None:
    answer = holder.get("/my/data.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.data)
    assert data["number"] == number and {each["office"] for each in data["offices"]} == {"شهرداری منطقهٔ ۱۲", "شهرداری منطقهٔ ۶"}
    (office,) = (each for each in data["offices"] if each["office"] == "شهرداری منطقهٔ ۱۲")
    assert (office["first_name"], office["neighbourhood"], office["birth_year"]) == ("زهرا", "هرندی", 1362)
    assert office["consents"][0]["evidence"] == "فرم کاغذی، پوشهٔ ۱۲" and office["consents"][0]["words"]


def test_messages_are_told_and_those_before_a_newcomer_are_not(
    app: Flask, holder: FlaskClient, number: str, units: tuple[int, ...], drain: Callable[[], int], clock: FrozenClock
) -> None:
    campaign_id = make_campaign(units[1], make_survey(units[1]))
    launch(campaign_id)
    drain()
    (office,) = (each for each in json.loads(holder.get("/my/data.json").data)["offices"] if each["office"] == "شهرداری منطقهٔ ۱۲")
    assert "message" in {each["kind"] for each in office["events"]}, "the text of the campaign is part of what is held"
    identity_id = find_identity(number)
    assert identity_id is not None
    end_consent_of_reassigned(identity_id)
    clock.advance(timedelta(minutes=1))
    add_contact(units[1], number, Person(first_name="علی"), purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم", actor_id=None)
    (office,) = json.loads(holder.get("/my/data.json").data)["offices"]
    assert (office["first_name"], {each["kind"] for each in office["events"]}, len(office["consents"])) == ("علی", {"change"}, 1)
    assert "زهرا" not in page(holder)


def test_what_waits_for_the_person_is_told(
    app: Flask, units: tuple[int, ...], drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    e164 = make_number()
    ask_to_confirm(units[1], e164, Person(), ["weather_safety"], actor_id=None)
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    enter(client, e164, drain, gateway_simulator)
    assert "هوا و ایمنی" in page(client) and "در انتظار تأیید شما" in page(client)
    post(client, "/my/erase")
    assert db.session.scalar(text("SELECT count(*) FROM pending_consent")) == 0


# -- choosing ----------------------------------------------------------------------------------------------------------------------


def form_of(client: FlaskClient, slug: str) -> dict[str, str]:
    found = re.search(rf'<form[^>]*action="/my/preferences">(?:(?!</form>).)*name="unit" value="{slug}".*?</form>', page(client), re.S)
    assert found is not None
    return dict(re.findall(r'name="(words-\w+)" value="(\w*)"', found[0]))


def test_topics_are_turned_on_and_off_one_by_one(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    answer = post(holder, "/my/preferences", unit=D12, topic=["weather_safety"], **form_of(holder, D12))
    assert answer.location == "/my/?done=saved"
    assert standing(number, units[1]) == {"weather_safety"} and standing(number, units[2]) == {"service_notice"}
    record = queries.get_contact(contact_id(number, units[1]))
    assert record is not None and record.broken_at is None
    assert {(line.purpose, line.given, line.channel) for line in record.lines[:2]} == {
        ("weather_safety", True, "page"),
        ("survey_invitation", False, "page"),
    }
    # The same again changes nothing, and a box that was ticked already is no new consent.
    assert post(holder, "/my/preferences", unit=D12, topic=["weather_safety"], **form_of(holder, D12)).location == "/my/?done=same"
    assert post(holder, "/my/preferences", unit=D6, topic=["service_notice"], **form_of(holder, D6)).location == "/my/?done=same"
    other = queries.get_contact(contact_id(number, units[2]))
    assert other is not None and len(other.lines) == 1 and other.lines[0].basis == "prior_relation"


def test_a_form_with_other_words_gives_no_consent(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    post(holder, "/my/preferences", unit=D12, topic=["survey_invitation", "weather_safety"], **{"words-weather_safety": "00" * 32})
    assert standing(number, units[1]) == {"survey_invitation"}


def test_stopping_everything_and_taking_it_back(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    assert "هیچ پیامکی" in page(holder, "/my/stop")
    assert standing(number, units[1])
    assert post(holder, "/my/stop").location == "/my/?done=stopped"
    assert standing(number, units[1]) == standing(number, units[2]) == set()
    refused = post(holder, "/my/preferences", unit=D12, topic=["weather_safety"], **form_of(holder, D12))
    assert refused.status_code == 409 and standing(number, units[1]) == set()
    page(holder, "/my/renew")
    assert standing(number, units[1]) == set()
    assert post(holder, "/my/renew").location == "/my/?done=renewed"
    # What stood on the person's own consent stands again; the undocumented relation doesn't.
    assert standing(number, units[1]) == {"survey_invitation"} and standing(number, units[2]) == set()


def test_an_objection_stops_everything_and_is_kept_for_each_office(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    assert post(holder, "/my/dispute", note="هرگز فرمی پر نکرده‌ام\x00").location == "/my/?done=disputed"
    rows = db.session.execute(text("SELECT unit_id, channel, note FROM consent_dispute ORDER BY unit_id")).all()
    assert [tuple(row) for row in rows] == [(units[1], "page", "هرگز فرمی پر نکرده‌ام"), (units[2], "page", "هرگز فرمی پر نکرده‌ام")]
    assert standing(number, units[1]) == set()


def test_not_mine_hides_the_former_holder_from_then_on(holder: FlaskClient, number: str) -> None:
    page(holder, "/my/not-mine")
    assert "زهرا" in page(holder)
    assert post(holder, "/my/not-mine").status_code == 200
    assert "زهرا" not in page(holder)


# -- correcting and erasing --------------------------------------------------------------------------------------------------------------


def test_a_correction_holds_at_once_and_is_audited_as_the_citizen_s(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    field = "INSERT INTO custom_field (unit_id, key, title, kind, options, created_at) VALUES (:u, :k, :t, :d, CAST(:o AS jsonb), now())"
    for key, title, kind, options in (("floor", "طبقه", "number", "[]"), ("area", "ناحیه", "choice", '["یک", "دو"]')):
        db.session.execute(text(field), {"u": units[1], "k": key, "t": title, "d": kind, "o": options})
    db.session.commit()
    assert 'value="زهرا"' in page(holder, "/my/correct/d12")
    typed = {"first_name": "زهره", "last_name": "کاظمی", "neighbourhood": "", "gender": "female", "birth_year": "۱۳۶۳"}
    wrong = post(holder, "/my/correct/d12", **(typed | {"birth_year": "63", "own-floor": "سه‌ونیم"}))
    assert wrong.status_code == 422 and "زهره" in wrong.text and wrong.text.count('aria-invalid="true"') == 2
    assert post(holder, "/my/correct/d12", **typed, **{"own-floor": "۳", "own-area": "دو"}).location == "/my/?done=corrected"
    record = queries.get_contact(contact_id(number, units[1]))
    assert record is not None
    assert (record.name, record.neighbourhood, record.gender, record.birth_year) == ("زهره کاظمی", "", "female", 1363)
    assert record.custom == {"floor": 3, "area": "دو"}
    assert post(holder, "/my/correct/d12", **typed, **{"own-floor": "3", "own-area": "دو"}).location == "/my/?done=same"
    actor = db.session.execute(text("SELECT actor_id FROM audit_entry WHERE action = 'citizen_corrected'")).all()
    assert [tuple(row) for row in actor] == [(None,)]
    assert holder.get("/my/correct/tehran").status_code == 404


def test_erasing_says_what_remains_and_leaves_nothing_else(holder: FlaskClient, number: str, units: tuple[int, ...]) -> None:
    assert "چه چیزی می‌ماند" in page(holder, "/my/erase")
    assert find_identity(number) is not None
    answer = post(holder, "/my/erase")
    assert answer.status_code == 200 and "حذف شد" in answer.text
    assert find_identity(number) is None
    assert db.session.scalar(text("SELECT count(*) FROM contact")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM phone_code")) == 0
    assert "زهرا" not in page(holder)


# -- the link in a text ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def token(app: Flask, number: str, units: tuple[int, ...], drain: Callable[[], int], gateway_simulator: SimulatorProcess) -> str:
    launch(make_campaign(units[1], make_survey(units[1])))
    drain()
    found = re.search(r"https://m12\.example\.ir/(\w{11})", gateway_simulator.inbox(number)[-1]["message"])
    assert found is not None
    return found[1]


def test_the_survey_s_footer_leads_to_the_topics_of_its_office(client: FlaskClient, token: str) -> None:
    assert 'href="?preferences"' in client.get(f"/{token}").text
    led = client.get(f"/{token}?preferences")
    assert (led.status_code, led.location) == (303, f"/{token}/preferences")
    shown = page(client, led.location)
    assert "دعوت به نظرسنجی" in shown and "شهرداری منطقهٔ ۱۲" in shown
    assert "زهرا" not in shown and "منطقهٔ ۶" not in shown, "a link may have been passed on"


def test_a_link_ends_a_topic_and_starts_none(client: FlaskClient, token: str, number: str, units: tuple[int, ...]) -> None:
    client.get(f"/{token}/preferences")
    assert standing(number, units[1]) == {"survey_invitation"}
    assert client.post(f"/{token}/preferences", data={"end": "weather_safety"}).status_code == 303
    assert client.post(f"/{token}/preferences", data={"end": "survey_invitation"}).status_code == 303
    assert client.post(f"/{token}/preferences", data={"end": "survey_invitation", "topic": "weather_safety"}).status_code == 303
    assert standing(number, units[1]) == set() and standing(number, units[2]) == {"service_notice"}
    assert "ذخیره شد" in page(client, f"/{token}/preferences?saved")


def test_a_link_can_object_and_then_shows_no_more_after_not_me(
    client: FlaskClient, token: str, number: str, units: tuple[int, ...]
) -> None:
    assert "رضایت نداده بودم" in page(client, f"/{token}/dispute")
    assert db.session.scalar(text("SELECT count(*) FROM consent_dispute")) == 0
    assert client.post(f"/{token}/dispute").status_code == 200
    assert db.session.scalar(text("SELECT count(*) FROM consent_dispute WHERE unit_id = :u"), {"u": units[1]}) == 1
    assert client.post(f"/{token}/not-me").status_code == 200
    for address in (f"/{token}/preferences", f"/{token}/dispute"):
        assert client.get(address).status_code == client.post(address).status_code == 404


@pytest.mark.parametrize("letters", ["zzzzzzzzzzz", "short", "x" * 300, "%00"])
def test_other_letters_lead_nowhere(client: FlaskClient, units: tuple[int, ...], letters: str) -> None:
    assert client.get(f"/{letters}/preferences").status_code == client.post(f"/{letters}/dispute").status_code == 404


def test_a_withdrawal_through_a_campaign_s_life_is_the_same_on_every_page(
    holder: FlaskClient, token: str, number: str, units: tuple[int, ...]
) -> None:
    withdraw_consent(contact_id(number, units[1]), "survey_invitation", actor_id=None)
    assert "checked" not in re.findall(r'id="d12-survey_invitation"[^>]*', page(holder))[0]
    suppress_number(number, "sms", actor_id=None)
    assert "همهٔ پیامک‌ها لغو شده است" in page(holder)
