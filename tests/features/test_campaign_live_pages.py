"""What runs is seen: the live page of a campaign, and the first page of officers and managers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import campaigns.commands as commands
from campaigns import credit
from campaigns.models import Message
from campaigns.queries import get_campaign_by_slug
from campaigns.rules import Reminder
from campaigns.states import MessageState
from campaigns.views import labels
from engage.db import db, transaction
from tests import people
from tests.office import S, open_office, page_of, state_of


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
def sending(office, drain, app):
    slug = office.campaign(S.APPROVED, reminders=(Reminder(timedelta(days=2)),))
    commands.launch_campaign(get_campaign_by_slug(slug).id, actor_id=office.officer)
    drain()
    assert state_of(slug) == S.SENDING
    return slug


def test_live_page_counts_masks_and_filters(officer, sending):
    page = page_of(officer, f"/console/campaigns/{sending}")
    assert "در حال ارسال" in page and "پذیرفتهٔ درگاه" in page and "مسیر مشارکت" in page and "یادآوری" in page
    assert re.search(r"۰۹۱۲\*\*\*\d*", page) and not re.search(r"\+98912\d{7}|۰۹۱۲[۰-۹]{7}", page)
    assert "after=" in page  # 30 recipients, 25 a page
    following = re.search(r'rel="next" href="([^"#]+)', page)[1].replace("&amp;", "&")
    assert page_of(officer, following).count('class="td-state"') == 5
    assert "کسی در این وضعیت نیست" in page_of(officer, f"/console/campaigns/{sending}?state=delivered")
    assert page_of(officer, f"/console/campaigns/{sending}?state=nonsense&after=-4").count('class="td-state"') == 25


def test_progress_part_renews_itself_and_asks_for_the_page_when_the_state_changed(officer, sending):
    part = officer.get(f"/console/campaigns/{sending}/progress?was=sending")
    assert part.status_code == 200 and "every 3s" in part.text and "HX-Refresh" not in part.headers and "<html" not in part.text
    assert officer.get(f"/console/campaigns/{sending}/progress?was=scheduled").headers["HX-Refresh"] == "true"


def test_pause_says_who_and_resume_goes_on(officer, sending):
    assert "توقف موقت" in page_of(officer, f"/console/campaigns/{sending}")
    assert officer.post(f"/console/campaigns/{sending}/pause").status_code == 303
    page = page_of(officer, f"/console/campaigns/{sending}")
    assert "نرگس احمدی" in page and "ارسال را متوقف کرد" in page and "ادامهٔ ارسال" in page
    again = officer.post(f"/console/campaigns/{sending}/pause", follow_redirects=True)
    assert "وضعیت پویش تغییر کرده است" in again.text
    assert officer.post(f"/console/campaigns/{sending}/resume").status_code == 303
    assert state_of(sending) == S.SENDING


def test_cancel_asks_first(officer, sending):
    page = page_of(officer, f"/console/campaigns/{sending}/cancel")
    assert "از سر گرفته نمی‌شود" in page and state_of(sending) == S.SENDING
    assert officer.post(f"/console/campaigns/{sending}/cancel").status_code == 303
    assert state_of(sending) == S.CANCELLED
    assert "لغوشده" in page_of(officer, f"/console/campaigns/{sending}")
    assert officer.get(f"/console/campaigns/{sending}/cancel").status_code == 303


def test_remind_now(officer, office, sending):
    assert "یادآوری، هم‌اکنون" in page_of(officer, f"/console/campaigns/{sending}")
    assert officer.post(f"/console/campaigns/{sending}/remind").status_code == 303
    again = officer.post(f"/console/campaigns/{sending}/remind", follow_redirects=True)
    assert "یادآوری‌ای در انتظار نیست" in again.text


PAUSES = {
    "window": "بیرون از ساعت‌های ارسال",
    "credit": "حساب را در پنل درگاه شارژ کنید",
    "budget": "هزینهٔ تأییدشده به پایان رسید",
    "error_rate": "پیامک‌های ناموفق بیش از اندازه است",
    "opt_out_rate": "«لغو» فرستادند",
    "gateway_401": "درگاه حساب را غیرفعال کرده است",
    "gateway_420": "ارسال لینک با این خط را مجاز نکرده",
    "gateway_999": "کدی ناشناخته",
}


def test_every_pause_says_cause_and_way_out(officer, sending):
    for code, words in PAUSES.items():
        with transaction():
            db.session.execute(
                db.text("UPDATE campaign SET state = 'paused', pause_code = :code, pause_resumes = :r"),
                {"code": code, "r": code == "window"},
            )
        assert words in page_of(officer, f"/console/campaigns/{sending}")
        assert ("متوقف است" in page_of(officer, "/console/")) == (code != "window")


def test_managers_see_counts_but_no_names(manager, sending):
    page = page_of(manager, f"/console/campaigns/{sending}")
    assert "فقط به کارشناسان واحد" in page and "***" not in page


def test_finished_campaign_with_every_outcome(officer, sending):
    ids = [row.id for row in db.session.query(Message).order_by(Message.id)]
    with transaction():
        for message_id, state in zip(ids, MessageState, strict=False):
            db.session.execute(db.text("UPDATE message SET state = :s WHERE id = :i"), {"s": str(state), "i": message_id})
        db.session.execute(db.text("UPDATE campaign SET state = 'finished', finished_at = now()"))
    page = page_of(officer, f"/console/campaigns/{sending}")
    for look in labels.MESSAGE_LOOKS.values():
        assert str(look.label) in page


def test_first_page_of_manager_and_officer(officer, manager, office):
    office.campaign(S.IN_REVIEW, title="نخستین")
    office.campaign(S.APPROVED, title="دومین")
    page = page_of(manager, "/console/")
    assert "«نخستین» در انتظار تأیید شماست" in page and "دومین» تأیید شده" not in page
    page = page_of(officer, "/console/")
    assert "«دومین» تأیید شده و در انتظار آغاز ارسال است" in page and "در انتظار تأیید شماست" not in page


def test_first_page_shows_what_runs(officer, office, sending):
    assert f"/console/campaigns/{sending}/card" in page_of(officer, "/console/")
    card = page_of(officer, f"/console/campaigns/{sending}/card")
    assert "<progress" in card and "<html" not in card


def test_credit_card_reads_the_cache_alone(officer, office, gateway_simulator):
    assert "هنوز موجودی خود را اعلام نکرده" in page_of(officer, "/console/")
    office.campaign(S.APPROVED)
    credit.refresh_credit()
    found = credit.known_credit()
    assert found.reserved == 30 * 2 * 1800 and found.free == found.credit - found.reserved
    page = page_of(officer, "/console/")
    assert "اعتبار پیامک" in page and "۱۰۸٬۰۰۰" in page
    gateway_simulator.admin("credit", rials=500)
    credit.refresh_credit()
    assert credit.known_credit().missing == 107_500
    assert "بیشتر لازم دارند" in page_of(officer, "/console/")
