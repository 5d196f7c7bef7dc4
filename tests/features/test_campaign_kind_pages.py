"""Pages of the kinds: announcement, safety alert and its all-clear, correction with a notice, thanks; ready texts and filtered words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

import campaigns.commands as commands
import contacts.commands
from campaigns.kinds import CampaignKind as K
from campaigns.queries import get_campaign_by_slug
from campaigns.sending import send_due_batches
from contacts.queries import count_audience
from engage.clock import now
from engage.db import db
from engage.identity.rules import Role
from engage.refusal import Refused
from tests import people
from tests.office import S, open_office, page_of
from tests.sending import execute, scalar, states

KEY = "0123456789abcdef"
ALERT = "/console/campaigns/new/alert"


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
def manager(app, office):
    return people.sign_in(app.test_client(), office.manager)


@pytest.fixture
def stranger(app, office):
    return people.sign_in(app.test_client(), office.stranger)


@pytest.fixture
def admin(app, office):
    return people.sign_in(app.test_client(), people.make_person(office.unit_id, Role.ADMIN, email="admin@example.ir"))


@pytest.fixture
def agreed(office):
    """Everybody of the office stands for these purposes, too."""
    for purpose in ("service_notice", "weather_safety"):
        execute(
            "INSERT INTO contact_consent (contact_id, purpose, given, basis, since) "
            "SELECT id, :p, true, 'consent', :now FROM contact ON CONFLICT DO NOTHING",
            p=purpose,
            now=now(),
        )


def alert_data(**changes):
    return {"key": KEY, "text": "هشدار توفان: در خانه بمانید", "typed": "۲۰", "neighbourhoods": "هرندی", "go": "send"} | changes


def run(app, slug):
    """From scheduled to sent."""
    settings = app.extensions["engage_settings"]
    campaign = get_campaign_by_slug(slug)
    commands.advance_campaign(campaign.id, settings)
    commands.materialise_wave(scalar("SELECT id FROM wave WHERE campaign_id = :c", c=campaign.id))
    commands.advance_campaign(campaign.id, settings)
    send_due_batches()
    db.session.rollback()
    return campaign.id


def sent_alert(app, officer):
    made = officer.post(ALERT, data=alert_data())
    assert made.status_code == 303, made.text[:3000]
    slug = made.location.split("/")[-1]
    run(app, slug)
    return slug


def revision_in(page):
    return re.search(r'name="revision"[^>]*value="(\d+)"', page)[1]


def test_the_chooser_leads_to_every_kind_that_starts_by_itself(officer, office):
    page = page_of(officer, "/console/campaigns/new/kind")
    for address in ("/console/campaigns/new", "/console/campaigns/new?kind=announcement", ALERT):
        assert f'href="{address}"' in page
    assert "/console/campaigns/new/kind" in page_of(officer, "/console/campaigns")


def test_an_announcement_goes_through_the_composer_without_survey_or_link(officer, office, agreed):
    address = "/console/campaigns/new?kind=announcement"
    page = page_of(officer, address)
    assert "اطلاع‌رسانی خدمات" in page and 'name="survey_id"' not in page
    data = {"title": "قطع آب", "purpose": "service_notice", "neighbourhoods": "سنگلج", "gender": "", "import_id": "", "go": "next"}
    refused = officer.post(address, data=data | {"title": "", "purpose": "nonsense"})
    assert refused.status_code == 422 and 'name="purpose"' in refused.text
    made = officer.post(address, data=data)
    assert made.status_code == 303
    slug = made.location.split("/")[-2]
    page = page_of(officer, made.location)
    assert "اطلاع‌رسانی" in page and "لینک ویژه" not in page and "یادآوری به کسانی" not in page and "{مهلت}" not in page
    bad = officer.post(made.location, data={"revision": revision_in(page), "text": "ببینید https://evil.example.com", "go": "next"})
    assert bad.status_code == 422 and "evil.example.com" in bad.text
    saved = officer.post(made.location, data={"revision": revision_in(page), "text": "فردا آب قطع است", "go": "next"})
    assert saved.status_code == 303
    page = page_of(officer, f"/console/campaigns/{slug}/review")
    assert "بدون لینک، با سطر پایانی لغو" in page
    assert officer.post(f"/console/campaigns/{slug}/submit", data={"revision": 2}).status_code == 303
    view = get_campaign_by_slug(slug)
    assert (view.kind, view.purpose, view.survey_id, view.recipient_count) == (K.ANNOUNCEMENT, "service_notice", None, 10)
    assert "اطلاع‌رسانی" in page_of(officer, "/console/campaigns")


def test_an_alert_is_sent_at_night_by_one_person_once_and_reviewed_by_another(app, office, agreed, clock, gateway_simulator):
    clock.advance(timedelta(hours=13))  # past any sending hours
    officer, manager = (people.sign_in(app.test_client(), each) for each in (office.officer, office.manager))
    page = page_of(officer, ALERT)
    assert "توفان و باد شدید" in page and "هرندی (۲۰)" in page
    assert "امداد" in page_of(officer, f"{ALERT}?ready=b0")
    wrong = officer.post(ALERT, data=alert_data(typed="19"))
    assert wrong.status_code == 422 and "هشدار توفان: در خانه بمانید" in wrong.text and "عدد درست نیست" in wrong.text
    assert scalar("SELECT count(*) FROM campaign") == 0
    slug = sent_alert(app, officer)
    again = officer.post(ALERT, data=alert_data())
    assert again.status_code == 303 and again.location.endswith(slug) and scalar("SELECT count(*) FROM campaign") == 1
    view = get_campaign_by_slug(slug)
    assert (view.kind, view.approved_by, states(view.id)) == (K.SAFETY_ALERT, None, {"accepted": 20})
    assert len(gateway_simulator.ledger()) == 20
    # The second person
    assert "بدون نفر دوم" in page_of(manager, "/console/") and "بدون نفر دوم" not in page_of(officer, "/console/")
    assert officer.post(f"/console/campaigns/{slug}/reviewed").status_code == 403
    with pytest.raises(Refused, match="reviewer_is_author"):
        commands.review_alert(view.id, actor_id=office.officer)
    db.session.rollback()
    assert "بررسی کردم" in page_of(manager, f"/console/campaigns/{slug}")
    assert manager.post(f"/console/campaigns/{slug}/reviewed").status_code == 303
    assert get_campaign_by_slug(slug).reviewed_by == office.manager
    assert "بدون نفر دوم" not in page_of(manager, "/console/")
    actions = set(db.session.scalars(text("SELECT action FROM audit_entry")))
    assert {"campaign.sent_on_duty", "campaign.launched", "campaign.reviewed"} <= actions


def test_the_all_clear_goes_to_those_reached_and_needs_their_number(app, officer, stranger, office, agreed, gateway_simulator):
    slug = sent_alert(app, officer)
    execute("UPDATE message SET state = 'failed' WHERE id IN (SELECT id FROM message ORDER BY id LIMIT 3)")
    address = f"/console/campaigns/{slug}/follow/all_clear"
    assert address in page_of(officer, f"/console/campaigns/{slug}")
    page_of(stranger, address, 404)
    page = page_of(officer, address)
    assert "رفع خطر" in page and "۱۷" in page
    data = {"key": "f" * 16, "text": "خطر برطرف شد", "typed": "20", "go": "send"}
    wrong = officer.post(address, data=data)
    assert wrong.status_code == 422 and "خطر برطرف شد" in wrong.text
    made = officer.post(address, data=data | {"typed": "۱۷"})
    assert made.status_code == 303
    campaign_id = run(app, made.location.split("/")[-1])
    assert states(campaign_id) == {"accepted": 17}


def test_numbers_that_opted_out_get_an_alert_only_by_a_law_an_administrator_named(app, officer, admin, office, agreed, gateway_simulator):
    contacts.commands.suppress_identity(office.first_identities[0], "sms")
    data = alert_data(with_legal_basis="y")
    assert officer.post(ALERT, data=data).status_code == 422
    assert officer.get(f"{ALERT}/law").status_code == 403
    assert admin.post(f"{ALERT}/law", data={"basis": "قانون مدیریت بحران، مادهٔ ۱۴"}).status_code == 303
    assert "مادهٔ ۱۴" in page_of(officer, ALERT)
    made = officer.post(ALERT, data=data)
    assert made.status_code == 303, made.text[:2000]
    slug = made.location.split("/")[-1]
    assert states(run(app, slug)) == {"accepted": 20}
    assert get_campaign_by_slug(slug).legal_basis == "قانون مدیریت بحران، مادهٔ ۱۴"
    assert admin.post(f"{ALERT}/law", data={"basis": ""}).status_code == 303
    assert officer.post(ALERT, data=alert_data(with_legal_basis="y", key="a" * 16)).status_code == 422


def test_a_correction_reaches_those_reached_and_stands_on_the_surveys_page(app, client, officer, office, gateway_simulator):
    slug = office.campaign(S.SCHEDULED)
    run(app, slug)
    token = gateway_simulator.ledger()[0]["message"].split("m12.example.ir/")[1].split("\n")[0]
    before = len(client.get(f"/{token}").data)
    address = f"/console/campaigns/{slug}/follow/correction"
    assert address in page_of(officer, f"/console/campaigns/{slug}")
    refused = officer.post(address, data={"key": KEY, "text": "", "notice": "مهلت <b>درست</b> ۲۰ آذر است", "go": "next"})
    assert refused.status_code == 422 and "مهلت &lt;b&gt;" in refused.text
    assert scalar("SELECT notice FROM survey WHERE id = :s", s=office.survey_id) == ""
    made = officer.post(address, data={"key": KEY, "text": "{واحد}: مهلت درست {مهلت} است", "notice": "مهلت <b>درست</b> ۲۰ آذر است", "go": "next"})
    assert made.status_code == 303 and made.location.endswith("/review")
    page = client.get(f"/{token}")
    assert "مهلت &lt;b&gt;درست&lt;/b&gt; ۲۰ آذر است" in page.text and len(page.data) - before < 1500
    page = page_of(officer, made.location)
    assert "۳۰" in page and "من شهردارم" in page
    correction = get_campaign_by_slug(made.location.split("/")[-2])
    assert (correction.kind, correction.author_id) == (K.CORRECTION, office.officer)
    assert page_of(officer, f"/console/campaigns/{correction.slug}/text")
    assert officer.get(f"/console/campaigns/{correction.slug}/audience").status_code == 303
    assert commands.submit_campaign(correction.id, actor_id=office.officer) == S.IN_REVIEW, "a correction needs its approval as any text"
    db.session.rollback()
    assert "اصلاحیه" in page_of(officer, f"/console/campaigns/{correction.slug}")
    assert officer.post(f"/console/campaigns/{slug}/notice/remove").status_code == 303
    assert "۲۰ آذر است" not in client.get(f"/{token}").text


def test_thanks_go_to_those_who_took_part(app, client, officer, office, gateway_simulator):
    slug = office.campaign(S.SCHEDULED)
    run(app, slug)
    for line in gateway_simulator.ledger()[:2]:
        token = line["message"].split("m12.example.ir/")[1].split("\n")[0]
        assert client.post(f"/{token}", data={"q1": "light"}).status_code == 200
    made = officer.post(f"/console/campaigns/{slug}/follow/result", data={"key": KEY, "text": "سپاس؛ چراغ‌ها روشن شد", "go": "next"})
    assert made.status_code == 303
    view = get_campaign_by_slug(made.location.split("/")[-2])
    commands.submit_campaign(view.id, actor_id=office.officer)
    assert get_campaign_by_slug(view.slug).recipient_count == 2


def test_what_cannot_follow_is_not_found(app, officer, office, agreed):
    draft = office.campaign()
    for kind in ("all_clear", "correction", "result", "safety_alert"):
        page_of(officer, f"/console/campaigns/{draft}/follow/{kind}", 404)


def test_ready_texts_are_kept_counted_and_used(officer, stranger, office, agreed):
    page = page_of(officer, "/console/campaigns/new/ready")
    assert "نشت گاز" in page and "از پیش آماده" in page
    address = "/console/campaigns/new/ready/add"
    bad = officer.post(address, data={"title": "ما", "kind": "safety_alert", "text": "سلام {ناشناس}"})
    assert bad.status_code == 422 and "سلام {ناشناس}" in bad.text
    assert officer.post(address, data={"title": "برف", "kind": "safety_alert", "text": "{واحد}: برف سنگین"}).status_code == 303
    text_id = scalar("SELECT id FROM ready_text")
    page_of(stranger, f"/console/campaigns/new/ready/{text_id}", 404)
    assert stranger.post(f"/console/campaigns/new/ready/{text_id}/delete").status_code == 404
    assert "برف سنگین" in page_of(officer, f"{ALERT}?ready=r{text_id}")
    assert officer.post(ALERT, data=alert_data(ready=f"r{text_id}")).status_code == 303
    assert scalar("SELECT use_count FROM ready_text") == 1
    assert officer.post(f"/console/campaigns/new/ready/{text_id}", data={"title": "برف و یخ", "kind": "safety_alert", "text": "یخ"}).status_code == 303
    assert officer.post(f"/console/campaigns/new/ready/{text_id}/delete").status_code == 303
    assert scalar("SELECT count(*) FROM ready_text") == 0


def test_no_text_with_a_filtered_word_is_sent(officer, admin, office, agreed):
    address = "/console/campaigns/new/words"
    assert officer.get(address).status_code == 403
    assert admin.post(address, data={"word": " "}).status_code == 422
    assert admin.post(address, data={"word": "قرعه‌کشی"}).status_code == 303
    assert "قرعه‌کشی" in page_of(admin, address)
    slug = office.campaign(text="در قرعه کشی شرکت کنید")
    assert "قرعه‌کشی" in page_of(officer, f"/console/campaigns/{slug}/review")
    refused = officer.post(f"/console/campaigns/{slug}/submit", data={"revision": 1})
    assert refused.status_code == 422 and get_campaign_by_slug(slug).state == S.DRAFT
    assert officer.post(ALERT, data=alert_data(text="قرعه‌کشی")).status_code == 422
    word = scalar("SELECT word FROM filtered_word")
    assert admin.post(f"{address}/delete", data={"word": word}).status_code == 303
    assert scalar("SELECT count(*) FROM filtered_word") == 0


@pytest.mark.parametrize("kind", [K.SURVEY, K.ANNOUNCEMENT, K.SAFETY_ALERT, K.ALL_CLEAR, K.CORRECTION, K.RESULT])
def test_no_kind_reaches_a_number_that_opted_out_meanwhile(app, client, office, agreed, gateway_simulator, kind):
    """Opted out before the count, or between the count and the sending."""
    from tests import make
    from tests.sending import begin

    early, late = office.first_identities[:2]
    parent = None
    if kind in (K.ALL_CLEAR, K.CORRECTION, K.RESULT):
        first = K.SAFETY_ALERT if kind == K.ALL_CLEAR else K.SURVEY
        parent = begin(app, make.make_campaign(office.unit_id, office.survey_id if first == K.SURVEY else None, kind=first, text="نخست"))
        send_due_batches()
        for line in gateway_simulator.ledger() if kind == K.RESULT else ():
            client.post("/" + line["message"].split("m12.example.ir/")[1].split("\n")[0], data={"q1": "light"})
        db.session.rollback()
    sent = len(gateway_simulator.ledger())
    contacts.commands.suppress_identity(early, "sms")
    survey_id = office.survey_id if kind in (K.SURVEY, K.RESULT) else None
    campaign_id = begin(app, make.make_campaign(office.unit_id, survey_id, kind=kind, parent_id=parent, text="دوم"))
    contacts.commands.suppress_identity(late, "sms")
    send_due_batches()
    assert len(gateway_simulator.ledger()) == sent + 28
    reached = "SELECT count(*) FROM message WHERE campaign_id = :c AND state = 'accepted'"
    assert scalar(reached, c=campaign_id) == 28
    assert scalar(reached + " AND identity_id IN (:a, :b)", c=campaign_id, a=early, b=late) == 0


def test_whoever_answered_lately_is_left_in_peace_and_counted(app, client, clock, officer, office, gateway_simulator):
    slug = office.campaign(S.SCHEDULED)
    run(app, slug)
    for line in gateway_simulator.ledger()[:4]:
        token = line["message"].split("m12.example.ir/")[1].split("\n")[0]
        assert client.post(f"/{token}", data={"q1": "light"}).status_code == 200
    data = {"survey_id": office.survey_id, "title": "دوم", "gender": "", "import_id": "", "answered_within": "۳۰", "go": "next"}
    assert officer.post("/console/campaigns/new", data=data | {"answered_within": "0"}).status_code == 422
    made = officer.post("/console/campaigns/new", data=data)
    assert made.status_code == 303
    second = made.location.split("/")[-2]
    assert 'value="۳۰"' in page_of(officer, f"/console/campaigns/{second}/audience") or 'value="30"' in page_of(officer, f"/console/campaigns/{second}/audience")
    view = get_campaign_by_slug(second)
    counts = count_audience(commands.draft_of(view).audience, view.purpose)
    assert (counts.total, counts.answered_lately, counts.recipients) == (30, 4, 26)
    hidden = counts.hiding_other_units()
    assert hidden.answered_lately == 0 and hidden.total == 30
    commands.submit_campaign(view.id, actor_id=office.officer)
    assert get_campaign_by_slug(second).recipient_count == 26
    clock.advance(timedelta(days=31))
    assert count_audience(commands.draft_of(view).audience, view.purpose).answered_lately == 0
