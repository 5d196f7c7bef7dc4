"""The composer measures for the real names, shows the text as anybody would get it, and sends a trial to its author alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import texts
from campaigns.commands.trying import A_DAY, send_trial
from campaigns.queries import get_campaign_by_slug
from campaigns.views.spreads import Spread, lengths_of, sample_words, spread_of
from contacts.queries import AudienceFilter
from contacts.queries.lengths import name_lengths
from engage.clock import now
from engage.db import db
from engage.identity.notices import phone_context
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.sms.segments import count_units
from engage.vault import vault
from tests import make, people, sending
from tests.office import S, open_office, page_of

LINK = "https://m12.example.ir/7Kp3XmQ9vTc"
NAMES = ["", "علی", "زهرا", "امیرمحمدحسین", "نام‌بسیاربسیاردرازشهروند", "سارا"]


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


def confirm(user_id: int, number: str = "+989121110000") -> None:
    sealed = vault().encrypt(number, phone_context(user_id))
    sending.execute("UPDATE app_user SET phone_cipher = :p, phone_confirmed_at = :t WHERE id = :u", p=sealed, t=now(), u=user_id)


def test_lengths_are_those_of_the_people(app):
    unit_id = make.make_unit()
    for number, name in enumerate(NAMES):
        make.make_contacts(unit_id, number + 1, first_name=name, neighbourhood="هرندی" if number % 2 else "")
    make.make_contacts(unit_id, 2, first_name="گل😀😀", neighbourhood="")
    groups = name_lengths(AudienceFilter(unit_id), longest_name=texts.MAX_NAME)
    assert sum(each.count for each in groups) == 23
    for each in groups:
        assert each.first_name_units == count_units(each.first_name) or each.first_name == ""
        assert each.neighbourhood_units == (count_units(each.neighbourhood) if each.neighbourhood else 0)
        assert len(each.first_name) <= texts.MAX_NAME
    assert {each.first_name_units for each in groups if "😀" in each.first_name} == {6}
    db.session.rollback()


def test_pages_are_exactly_what_would_be_rendered(app):
    unit_id = make.make_unit()
    for number, name in enumerate(NAMES):
        make.make_contacts(unit_id, number + 1, first_name=name, neighbourhood="هرندی" if number % 2 else "سنگلج")
    template = "{نام|شهروند گرامی} از {محله}: نظر شما دربارهٔ کار بعدی ‌چه؟"
    spread = spread_of(template, {"unit": "منطقه ۱۲"}, LINK, AudienceFilter(unit_id))
    counted: dict[int, int] = {}
    for number, name in enumerate(NAMES):
        values = {"first_name": name, "neighbourhood": "هرندی" if number % 2 else "سنگلج"}
        pages = texts.measure(texts.render(template, values, LINK)).pages
        counted[pages] = counted.get(pages, 0) + number + 1
    assert spread.pages == counted and spread.people == 21
    assert spread.nameless.count == 1 + 5  # the name that is too long counts as none
    assert len(sample_words(spread)) == 3
    assert spread_of("سلام", {}, LINK, AudienceFilter(unit_id)) is None
    db.session.rollback()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pages=st.dictionaries(st.integers(1, 6), st.integers(1, 10**6), min_size=1), recipients=st.integers(0, 10**6))
def test_shares_add_up_to_the_recipients(pages, recipients):
    spread = Spread(pages, sum(pages.values()), None, None, None, 0)
    shares = spread.of(recipients)
    assert sum(people for _, people in shares) == recipients
    assert all(people >= 0 for _, people in shares) and spread.typical_pages in pages


def test_lengths_are_kept_without_a_readable_name(app):
    unit_id = make.make_unit()
    make.make_contacts(unit_id, 3, first_name="امیرمحمد")
    first = lengths_of(AudienceFilter(unit_id))
    from engage.jobs import redis_connection

    (key,) = redis_connection().keys("engage:audience_lengths:*")
    assert "امیرمحمد".encode() not in redis_connection().get(key) and b"\\u0627" not in redis_connection().get(key)
    assert lengths_of(AudienceFilter(unit_id)) == first
    db.session.rollback()


def test_the_text_step_counts_for_the_names(officer, office):
    make.make_contacts(office.unit_id, 5, first_name="امیرمحمدحسینعلی", neighbourhood="هرندی")
    # 63 units without the name: those without one take a fallback of seven letters more.
    slug = office.campaign(text="{نام|ما}: " + "ن" * 24)
    page = page_of(officer, f"/console/campaigns/{slug}/text")
    assert "حدود" in page and "نمونه‌ها" in page and "بلندترین" in page
    changed = officer.post(f"/console/campaigns/{slug}/measure", data={"text": "{نام|ما}: " + "ن" * 20, "recipients": "35"})
    assert changed.status_code == 200 and "صفحه" in changed.text


def test_the_preview_of_somebody(officer, office):
    make.make_contacts(office.unit_id, ["+989123334455"], first_name="پریچهر", last_name="نوری", neighbourhood="هرندی", search_key="پریچهر نوری")
    slug = office.campaign(text="{نام} گرامی، کار بعدی {محله} چه باشد؟")
    answer = officer.post(f"/console/campaigns/{slug}/preview", data={"text": "{نام} گرامی از {محله}", "find": "۰۹۱۲۳۳۳۴۴۵۵", "go": "preview"})
    assert answer.status_code == 200 and "پریچهر گرامی از هرندی" in answer.text and "09123334455" not in answer.text
    assert "۰۹۱۲۳۳۳۴۴۵۵" not in answer.text.replace('value="۰۹۱۲۳۳۳۴۴۵۵"', "")
    assert sending.scalar("SELECT text FROM campaign WHERE slug = :s", s=slug) == "{نام} گرامی، کار بعدی {محله} چه باشد؟"
    page = officer.post(f"/console/campaigns/{slug}/text", data={"text": "{نام} جان", "find": "پریچهر", "go": "preview", "revision": "1"})
    assert "پریچهر جان" in page.text


def test_nobody_of_another_unit_is_shown(officer, office):
    make.make_contacts(office.other_unit_id, ["+989123334466"], first_name="بیگانه", neighbourhood="ونک")
    foreign = sending.scalar("SELECT id FROM contact WHERE first_name = 'بیگانه'")
    slug = office.campaign(text="{نام} گرامی")
    for data in ({"find": "09123334466"}, {"go": f"preview:{foreign}"}, {"go": "preview:" + "9" * 30}):
        answer = officer.post(f"/console/campaigns/{slug}/preview", data={"text": "{نام} گرامی"} | data)
        assert answer.status_code == 200 and "بیگانه" not in answer.text


def test_a_stranger_sees_no_preview_and_sends_no_trial(app, office):
    stranger = people.sign_in(app.test_client(), office.stranger)
    slug = office.campaign()
    assert stranger.post(f"/console/campaigns/{slug}/preview", data={"text": "سلام"}).status_code == 404
    assert stranger.post(f"/console/campaigns/{slug}/trial", data={"text": "سلام"}).status_code == 404


def test_a_trial_goes_to_the_own_number_alone(officer, office, drain, gateway_simulator):
    slug = office.campaign()
    without = officer.post(f"/console/campaigns/{slug}/trial", data={"text": "سلام {نام}"})
    assert without.status_code == 303 and without.location.endswith("/console/account/phone")
    confirm(office.officer)
    assert officer.post(f"/console/campaigns/{slug}/trial", data={"text": "سلام {نام}"}).status_code == 303
    drain()
    (sent,) = gateway_simulator.inbox("09121110000")
    assert sent["message"].startswith("[آزمایشی] سلام زهرا") and "https://" in sent["message"]
    token = sent["message"].split("https://m12.example.ir/")[1].split()[0]
    assert officer.get(f"/{token}").status_code == 404
    row = db.session.execute(db.text("SELECT unit_id, user_id, page_count, cost FROM trial_text")).one()
    assert row[:2] == (office.unit_id, office.officer) and row.page_count >= 1 and row.cost > 0
    assert sending.scalar("SELECT count(*) FROM audit_entry WHERE action = 'campaign.tried'") == 1
    bill = officer.get("/console/campaigns/bill.csv").get_data(as_text=True)
    assert "پیامک‌های آزمایشی" in bill and str(row.cost) in bill


def test_trials_end_at_ten_a_day(app, office, clock):
    confirm(office.officer)
    campaign_id = get_campaign_by_slug(office.campaign()).id
    for _ in range(A_DAY):
        send_trial(campaign_id, "سلام", user_id=office.officer)
    with pytest.raises(Refused, match="trials_used_up"):
        send_trial(campaign_id, "سلام", user_id=office.officer)
    other = people.make_person(office.unit_id, Role.OFFICER, email="second@example.ir")
    with pytest.raises(Refused, match="phone_unconfirmed"):
        send_trial(campaign_id, "سلام", user_id=other)
    with pytest.raises(Refused, match="text_too_long"):
        send_trial(campaign_id, "ن" * 895, user_id=office.officer)
    clock.advance(timedelta(days=1))
    assert send_trial(campaign_id, "سلام", user_id=office.officer) == 1


def test_what_is_no_draft_any_more_is_tried_no_more(officer, office):
    confirm(office.officer)
    slug = office.campaign(S.IN_REVIEW)
    officer.post(f"/console/campaigns/{slug}/trial", data={"text": "سلام"})
    assert sending.scalar("SELECT count(*) FROM trial_text") == 0
