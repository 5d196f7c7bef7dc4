"""Pages of surveys by SMS: composed like any campaign, seen as citizens will read them, and watched while they talk."""

from __future__ import annotations

import re

import pytest

from campaigns.inbox import queries as inbox
from campaigns.kinds import CampaignKind as K
from campaigns.queries import get_campaign_by_slug
from engage.db import db
from engage.identity.rules import Role
from tests import make, people
from tests.office import S, open_office, page_of
from tests.sending import view_of
from tests.talking import ASKED, invited, minute


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


def revision_in(page):
    return re.search(r'name="revision"[^>]*value="(\d+)"', page)[1]


def test_a_survey_by_sms_is_composed_previewed_and_approved(app, office, officer):
    assert 'href="/console/campaigns/new?kind=conversation"' in page_of(officer, "/console/campaigns/new/kind")
    address = "/console/campaigns/new?kind=conversation"
    data = {"title": "محله", "neighbourhoods": "سنگلج", "gender": "", "import_id": "", "go": "next"}
    anonymous = make.make_survey(office.unit_id, ASKED | {"is_anonymous": True})
    refused = officer.post(address, data=data | {"survey_id": anonymous})
    assert refused.status_code == 422 and "بی‌نام" in refused.text
    survey_id = make.make_survey(office.unit_id, ASKED)
    made = officer.post(address, data=data | {"survey_id": survey_id})
    assert made.status_code == 303
    slug = made.location.split("/")[-2]
    page = page_of(officer, made.location)
    assert "{آغاز}" in page and "تا ۴ پرسش کوتاه" in page and f"/console/campaigns/{slug}/conversation" in page
    saved = officer.post(made.location, data={"revision": revision_in(page), "text": "{واحد}: محلهٔ شما", "go": "next"})
    assert saved.status_code == 303
    view = get_campaign_by_slug(slug)
    assert (view.kind, view.text) == (K.CONVERSATION, "{واحد}: محلهٔ شما\n{آغاز}")
    db.session.rollback()
    preview = page_of(officer, f"/console/campaigns/{slug}/conversation")
    for words in ("پیش‌نمایش گفتگو", "۱) روشنایی", "چه چیزی کم است؟", "از ۱ تا ۲۰", "کد رهگیری", "تخمینی: فرض بر این است که ۲۰ درصد"):
        assert words in preview
    review = page_of(officer, f"/console/campaigns/{slug}/review")
    assert "برآورد هزینهٔ پرسش‌های بعدی" in review
    assert officer.post(f"/console/campaigns/{slug}/submit", data={"revision": get_campaign_by_slug(slug).revision}).status_code == 303
    manager = people.sign_in(app.test_client(), office.manager)
    approval = page_of(manager, f"/console/campaigns/{slug}")
    assert "تا ۴ پرسش کوتاه. برای آغاز عدد ۱ را بفرستید." in approval and "برآورد هزینهٔ پرسش‌های بعدی" in approval
    stranger = people.sign_in(app.test_client(), office.stranger)
    page_of(stranger, f"/console/campaigns/{slug}/conversation", 404)
    page_of(officer, f"/console/campaigns/{office.campaign(S.DRAFT)}/conversation", 404)


def test_the_live_page_counts_who_began_and_who_came_to_the_end(app, gateway_simulator, drain, clock):
    phone, _survey, campaign_id = invited(app, gateway_simulator, drain, clock)
    campaign = view_of(campaign_id)
    slug = campaign.slug
    officer = people.sign_in(app.test_client(), people.make_person(campaign.unit_id, Role.OFFICER, email="live@example.ir"))
    assert re.search(r"گفتگوهای آغازشده</dt><dd>۰", page_of(officer, f"/console/campaigns/{slug}"))
    for words in ("1", "1", "بله", "رد"):
        phone.sends(words)
        minute(clock)
    page = page_of(officer, f"/console/campaigns/{slug}")
    assert re.search(r"گفتگوهای آغازشده</dt><dd>۱", page) and re.search(r"پاسخ کامل</dt><dd>۱", page)


def test_an_administrator_makes_a_keyword_that_begins_a_conversation(app, office):
    admin = people.sign_in(app.test_client(), people.make_person(office.unit_id, Role.ADMIN, email="boss@example.ir"))
    survey_id, anonymous = make.make_survey(office.unit_id, ASKED), make.make_survey(office.unit_id, ASKED | {"is_anonymous": True})
    form = {
        "label": "محله",
        "line": "",
        "action": "conversation",
        "text": "",
        "survey": anonymous,
        "to_unit": "",
        "to_user": "",
        "is_active": "y",
    }
    refused = admin.post("/console/inbox/keywords/new", data=form)
    assert refused.status_code == 422 and 'id="survey-error"' in refused.text
    assert admin.post("/console/inbox/keywords/new", data=form | {"survey": survey_id}).status_code == 303
    (keyword,) = inbox.list_keywords([office.unit_id])
    assert (keyword.action, keyword.survey_id) == ("conversation", survey_id)
    assert "با پیامک" in page_of(admin, "/console/inbox/keywords")
