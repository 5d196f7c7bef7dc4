"""Campaign pages as plain forms: the composer's four steps, approval, launch, the live page, the first page and the command line."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import url_for

import campaigns.commands as commands
from campaigns import credit
from campaigns.cli import group
from campaigns.models import Campaign, Message
from campaigns.queries import get_campaign, get_campaign_by_slug
from campaigns.states import CampaignState, MessageState
from campaigns.views import labels
from campaigns.views.labels import pause_words
from contacts.rules.segments import Simple, as_simple, narrowed
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.sms import codes
from engage.web.refusals import explain
from tests import make, people

S = CampaignState


@pytest.fixture(autouse=True)
def no_csrf(app):
    with people.without_csrf(app):
        yield


@pytest.fixture
def office(app):
    """Units, an officer, a manager, a survey and 30 people of district 12 in two neighbourhoods."""
    city, d12, d6, herandi = people.make_units()
    with transaction():
        db.session.execute(db.text("UPDATE unit SET approval_recipients = 10, approval_cost = 10000000"))
    identities = make.make_contacts(d12, 20, neighbourhood="هرندی", gender="female", birth_year=1370)
    make.make_contacts(d12, 10, neighbourhood="سنگلج", gender="male", birth_year=1350)

    class Office:
        unit_id = d12
        other_unit_id = d6
        city_id = city
        officer = people.make_person(d12, Role.OFFICER, email="officer@example.ir")
        manager = people.make_person(d12, Role.MANAGER, email="manager@example.ir", name="رضا مرادی")
        stranger = people.make_person(d6, Role.OFFICER, email="stranger@example.ir")
        survey_id = make.make_survey(d12)
        first_identities = identities

        def campaign(self, state=S.DRAFT, **changes):
            """A campaign of the officer's in this state; its slug."""
            campaign_id = make.make_campaign(self.unit_id, self.survey_id, actor_id=self.officer, **changes)
            if state in (S.IN_REVIEW, S.APPROVED, S.SCHEDULED):
                commands.submit_campaign(campaign_id, actor_id=self.officer)
            if state in (S.APPROVED, S.SCHEDULED):
                commands.approve_campaign(campaign_id, actor_id=self.manager)
            if state == S.SCHEDULED:
                commands.launch_campaign(campaign_id, actor_id=self.officer)
            slug = get_campaign(campaign_id).slug
            db.session.rollback()
            return slug

    return Office()


@pytest.fixture
def officer(app, office):
    return people.sign_in(app.test_client(), office.officer)


@pytest.fixture
def manager(app, office):
    return people.sign_in(app.test_client(), office.manager)


@pytest.fixture
def stranger(app, office):
    return people.sign_in(app.test_client(), office.stranger)


def state_of(slug):
    db.session.rollback()
    found = get_campaign_by_slug(slug)
    db.session.rollback()
    return found.state


def page_of(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status, answer.text[:3000]
    return answer.text


def revision_in(page):
    return re.search(r'name="revision"[^>]*value="(\d+)"', page)[1]


# ── list ──


def test_empty_list_names_the_next_step(officer):
    page = page_of(officer, "/console/campaigns")
    assert "هنوز پویشی ساخته نشده است" in page and "/console/campaigns/new" in page


def test_list_shows_states_as_words_and_filters(officer, office):
    office.campaign(title="پیش‌نویس من")
    office.campaign(S.IN_REVIEW, title="منتظر مدیر")
    page = page_of(officer, "/console/campaigns")
    assert "پیش‌نویس من" in page and "منتظر مدیر" in page and "در انتظار تأیید" in page
    page = page_of(officer, "/console/campaigns?show=approval")
    assert "منتظر مدیر" in page and "پیش‌نویس من" not in page
    assert "پویشی در این وضعیت نیست" in page_of(officer, "/console/campaigns?show=over")


def test_list_of_another_unit_is_empty(stranger, office):
    office.campaign(title="از منطقهٔ ۱۲")
    assert "از منطقهٔ ۱۲" not in page_of(stranger, "/console/campaigns")


# ── composer ──


def test_whole_journey_without_javascript(officer, manager, office):
    page = page_of(officer, "/console/campaigns/new")
    assert "هرندی (۲۰)" in page and "سنگلج (۱۰)" in page
    made = officer.post(
        "/console/campaigns/new",
        data={
            "survey_id": office.survey_id,
            "title": "روشنایی",
            "neighbourhoods": "هرندی",
            "gender": "female",
            "import_id": "",
            "go": "next",
        },
    )
    assert made.status_code == 303
    path = made.location
    slug = path.split("/")[-2]
    page = page_of(officer, path)
    assert "گام ۲ از ۴" in page and "لغو11" in page
    saved = officer.post(
        path,
        data={
            "revision": revision_in(page),
            "text": "منطقه ۱۲: سلام {نام}، نظر شما؟",
            "reminder": "yes",
            "reminder_amount": "۲",
            "reminder_unit": "days",
            "reminder_text": "",
            "go": "next",
        },
    )
    assert saved.status_code == 303 and saved.location.endswith("/time")
    page = page_of(officer, saved.location)
    planned = officer.post(
        saved.location,
        data={
            "revision": revision_in(page),
            "when": "later",
            "day": "۱۴۰۵/۰۹/۰۲",
            "hour": "۱۰:۰۰",
            "window_start": "540",
            "window_end": "1260",
        },
    )
    assert planned.status_code == 303 and planned.location.endswith("/review")
    page = page_of(officer, planned.location)
    assert "ارسال برای تأیید" in page and "رضا مرادی" in page and "۲ آذر ۱۴۰۵، ۱۰:۰۰" in page
    view = get_campaign_by_slug(slug)
    assert (view.reminder_after, view.planned_at.isoformat()) == (172800, "2026-11-23T06:30:00+00:00")
    assert as_simple(commands.draft_of(view).audience.rule) == Simple(("هرندی",), "female")
    assert officer.post(f"/console/campaigns/{slug}/submit", data={"revision": view.revision}).status_code == 303
    assert state_of(slug) == S.IN_REVIEW
    page = page_of(manager, f"/console/campaigns/{slug}")
    assert "تصمیم شما" in page and "هرندی" in page and "تأیید و زمان‌بندی" in page and "سلام زهرا، نظر شما؟" in page
    assert manager.post(f"/console/campaigns/{slug}/approve").status_code == 303
    assert state_of(slug) == S.APPROVED
    page = page_of(officer, f"/console/campaigns/{slug}")
    assert "رضا مرادی" in page and "زمان‌بندی برای ۲ آذر ۱۴۰۵، ۱۰:۰۰" in page
    assert officer.post(f"/console/campaigns/{slug}/launch", data={"when": "planned"}).status_code == 303
    assert state_of(slug) == S.SCHEDULED
    assert "ارسال ۲ آذر ۱۴۰۵، ۱۰:۰۰ آغاز می‌شود" in page_of(officer, f"/console/campaigns/{slug}")


def test_without_an_open_survey_the_composer_leads_to_surveys(app, office):
    client = people.sign_in(app.test_client(), office.stranger)
    page = page_of(client, "/console/campaigns/new")
    assert "هیچ نظرسنجی‌ای باز نیست" in page and "/console/surveys" in page


def test_first_step_counts_on_request_and_saves_nothing(officer, office):
    answer = officer.post(
        "/console/campaigns/new", data={"survey_id": office.survey_id, "title": "الف", "neighbourhoods": "سنگلج", "go": "count"}
    )
    assert answer.status_code == 200 and ">۱۰</bdi>" in answer.text
    assert db.session.query(Campaign).count() == 0
    part = officer.post(
        "/console/campaigns/new",
        data={"survey_id": office.survey_id, "title": "", "birth_year_from": "1360"},
        headers={"HX-Request": "true"},
    )
    assert part.status_code == 200 and ">۲۰</bdi>" in part.text and "<html" not in part.text


def test_first_step_refuses_with_everything_kept(officer, office):
    answer = officer.post(
        "/console/campaigns/new", data={"survey_id": office.survey_id, "title": "", "birth_year_from": "1380", "birth_year_to": "1370"}
    )
    assert answer.status_code == 422
    assert "این سال پیش از سال نخست است" in answer.text and "۱٬۳۸۰" in answer.text or "1380" in answer.text
    assert db.session.query(Campaign).count() == 0


def test_a_survey_of_another_unit_cannot_be_chosen(officer, office):
    elsewhere = make.make_survey(office.other_unit_id)
    answer = officer.post("/console/campaigns/new", data={"survey_id": elsewhere, "title": "الف"})
    assert answer.status_code == 422 and db.session.query(Campaign).count() == 0


BAD_TEXTS = {
    "": "متن پیامک را بنویسید",
    "سلام {فامیل}": "پرشدنی نیست",
    "به www.example.com بروید": "نشانی اینترنتی را از متن بردارید",
    "سلام { جان": "پرشدنی نیست",
    "آ" * 880: "متن بیش از اندازه بلند است",
}


def test_a_text_that_cannot_be_sent_comes_back_as_typed(officer, office):
    slug = office.campaign()
    page = page_of(officer, f"/console/campaigns/{slug}/text")
    for text, words in BAD_TEXTS.items():
        answer = officer.post(f"/console/campaigns/{slug}/text", data={"revision": revision_in(page), "text": text, "reminder": "no"})
        assert answer.status_code == 422 and words in answer.text and text in answer.text
    assert get_campaign_by_slug(slug).text == "منطقه ۱۲: کار بعدی محله چه باشد؟"


def test_measure_counts_pages_as_the_longest_and_warns_at_the_edge(officer, office):
    slug = office.campaign()
    short = officer.post(f"/console/campaigns/{slug}/measure", data={"text": "نظر شما؟", "recipients": "100"}).text
    assert "۱ صفحه" in short and "نزدیک به پر" not in short and "۱۸۰٬۰۰۰" in short
    edge = officer.post(f"/console/campaigns/{slug}/measure", data={"text": "ن" * (70 - 6 - 1 - 33 - 2), "recipients": "100"}).text
    assert "صفحهٔ نخست نزدیک به پر شدن است" in edge
    two = officer.post(f"/console/campaigns/{slug}/measure", data={"text": "ن" * 60, "recipients": "100"}).text
    assert "متن به صفحهٔ ۲ رسید" in two and "۳۶۰٬۰۰۰" in two
    bad = officer.post(f"/console/campaigns/{slug}/measure", data={"text": "{چیز}"}).text
    assert "پرشدنی نیست" in bad


def test_a_draft_saved_by_another_is_not_overwritten_unknowingly(officer, office):
    slug = office.campaign()
    path = f"/console/campaigns/{slug}/text"
    page = page_of(officer, path)
    commands.update_campaign(
        get_campaign_by_slug(slug).id,
        commands.Draft(office.survey_id, "من شهردارم", "نوشتهٔ همکار", commands.draft_of(get_campaign_by_slug(slug)).audience),
        int(revision_in(page)),
        actor_id=None,
    )
    answer = officer.post(path, data={"revision": revision_in(page), "text": "نوشتهٔ من", "reminder": "no"})
    assert answer.status_code == 409 and "نوشتهٔ من" in answer.text and "کس دیگری این پیش‌نویس را ذخیره کرد" in answer.text
    assert get_campaign_by_slug(slug).text == "نوشتهٔ همکار"
    db.session.rollback()
    again = officer.post(path, data={"revision": revision_in(answer.text), "text": "نوشتهٔ من", "reminder": "no"})
    assert again.status_code == 303
    assert get_campaign_by_slug(slug).text == "نوشتهٔ من"


BAD_TIMES: list[tuple[dict[str, str], str]] = [
    ({"when": "later", "day": "", "hour": ""}, "روز را مشخص کنید"),
    ({"when": "later", "day": "1405/13/40", "hour": "10:00"}, "1405/13/40"),
    ({"when": "later", "day": "1405/09/02", "hour": "25:00"}, "چنین ساعتی نیست"),
    ({"when": "later", "day": "1405/08/01", "hour": "10:00"}, "زمان برگزیده برای ارسال گذشته است"),
    ({"when": "later", "day": "1405/09/02", "hour": "21:30"}, "فقط از ۹:۰۰ تا ۲۱:۰۰"),
    ({"when": "approval", "window_start": "1200", "window_end": "600"}, "پایان ساعت‌های ارسال باید پس از آغاز آن باشد"),
]


def test_times_that_cannot_be(officer, office):
    slug = office.campaign()
    path = f"/console/campaigns/{slug}/time"
    page = page_of(officer, path)
    for fields, words in BAD_TIMES:
        answer = officer.post(path, data={"revision": revision_in(page), "window_start": "540", "window_end": "1260"} | fields)
        assert answer.status_code == 422 and words in answer.text, words
    assert get_campaign_by_slug(slug).planned_at is None


def test_review_of_an_audience_of_nobody_offers_no_submit(officer, office):
    from contacts.queries import AudienceFilter

    slug = office.campaign(audience=AudienceFilter(office.unit_id, narrowed(neighbourhoods=("ناکجا",))))
    page = page_of(officer, f"/console/campaigns/{slug}/review")
    assert "گیرنده‌ای نیست" in page and "ارسال برای تأیید</button>" not in page
    answer = officer.post(f"/console/campaigns/{slug}/submit", data={"revision": "1"})
    assert answer.status_code == 422 and state_of(slug) == S.DRAFT


def test_submit_of_another_revision_than_the_one_seen(officer, office):
    slug = office.campaign()
    answer = officer.post(f"/console/campaigns/{slug}/submit", data={"revision": "7"})
    assert answer.status_code == 409 and state_of(slug) == S.DRAFT


def test_a_small_campaign_is_approved_by_the_rule(officer, office):
    from contacts.queries import AudienceFilter

    with transaction():
        db.session.execute(db.text("UPDATE unit SET approval_recipients = 100"))
    slug = office.campaign(audience=AudienceFilter(unit_id=office.unit_id))
    assert "پایان و تأیید" in page_of(officer, f"/console/campaigns/{slug}/review")
    officer.post(f"/console/campaigns/{slug}/submit", data={"revision": "1"})
    assert state_of(slug) == S.APPROVED
    assert "تأیید شد: کمتر از سقف‌های واحد است" in page_of(officer, f"/console/campaigns/{slug}")


def test_steps_of_a_submitted_campaign_lead_to_its_page(officer, office):
    slug = office.campaign(S.IN_REVIEW)
    for step in ("audience", "text", "time", "review"):
        answer = officer.get(f"/console/campaigns/{slug}/{step}")
        assert answer.status_code == 303 and answer.location.endswith(slug)
    answer = officer.post(f"/console/campaigns/{slug}/text", data={"revision": "1", "text": "دیر", "reminder": "no"}, follow_redirects=True)
    assert "دیگر پیش‌نویس نیست" in answer.text


# ── approval ──


def test_manager_sends_back_with_a_note_the_author_sees(officer, manager, office):
    slug = office.campaign(S.IN_REVIEW)
    assert manager.post(f"/console/campaigns/{slug}/return", data={"note": ""}).status_code == 422
    assert manager.post(f"/console/campaigns/{slug}/return", data={"note": "ساعت را پیش از ظهر بگذارید."}).status_code == 303
    assert state_of(slug) == S.DRAFT
    assert "ساعت را پیش از ظهر بگذارید." in page_of(officer, f"/console/campaigns/{slug}/text")
    home = page_of(officer, "/console/")
    assert "برای اصلاح بازگردانده شد" in home and "ساعت را پیش از ظهر بگذارید." in home


def test_author_cannot_approve(app, office):
    both = people.make_person(office.unit_id, Role.OFFICER, email="both@example.ir")
    from engage.identity.commands import grant_role

    grant_role(both, role=Role.MANAGER, unit_id=office.unit_id)
    campaign_id = make.make_campaign(office.unit_id, office.survey_id, actor_id=both)
    commands.submit_campaign(campaign_id, actor_id=both)
    slug = get_campaign(campaign_id).slug
    client = people.sign_in(app.test_client(), both)
    page = page_of(client, f"/console/campaigns/{slug}")
    assert "تأیید آن با شخص دیگری است" in page and "/approve" not in page
    answer = client.post(f"/console/campaigns/{slug}/approve")
    assert answer.status_code == 422 and "تأیید آن با شخص دیگری است" in answer.text and state_of(slug) == S.IN_REVIEW


def test_approve_and_start_in_one_step(manager, office):
    slug = office.campaign(S.IN_REVIEW)
    assert manager.post(f"/console/campaigns/{slug}/approve", data={"then": "launch"}).status_code == 303
    assert state_of(slug) == S.SCHEDULED


def test_officer_takes_back_what_was_approved(officer, office):
    slug = office.campaign(S.APPROVED)
    assert officer.post(f"/console/campaigns/{slug}/withdraw").status_code == 303
    view = get_campaign_by_slug(slug)
    assert (view.state, view.approved_by) == (S.DRAFT, None)


def test_a_second_approval_is_told(manager, office):
    slug = office.campaign(S.APPROVED)
    answer = manager.post(f"/console/campaigns/{slug}/approve")
    assert answer.status_code == 422 and "وضعیت پویش تغییر کرده است" in answer.text


# ── launch refused ──


def test_launch_outside_the_window_names_the_hours(officer, office, clock):
    slug = office.campaign(S.APPROVED)
    clock.advance(timedelta(hours=10))
    office_hours = people.sign_in(officer, office.officer).post(f"/console/campaigns/{slug}/launch", data={"when": "now"})
    assert office_hours.status_code == 422 and "فقط از ۹:۰۰ تا ۲۱:۰۰" in office_hours.text and state_of(slug) == S.APPROVED


def test_launch_without_credit_names_the_rials(officer, office, gateway_simulator):
    slug = office.campaign(S.APPROVED)
    gateway_simulator.admin("credit", rials=1000)
    answer = officer.post(f"/console/campaigns/{slug}/launch", data={"when": "now"})
    assert answer.status_code == 422 and "موجودی درگاه ۱٬۰۰۰ ریال است" in answer.text and state_of(slug) == S.APPROVED


def test_launch_after_the_survey_closed(officer, office, clock):
    slug = office.campaign(S.APPROVED)
    clock.advance(timedelta(days=25))
    answer = people.sign_in(officer, office.officer).post(f"/console/campaigns/{slug}/launch", data={"when": "now"})
    assert answer.status_code == 422 and "نظرسنجی این پویش باز نیست" in answer.text


BAD_MOMENTS = [
    ("", "روز و ساعت را مشخص کنید"),
    ("1405/09/40 10:00", "1405/09/40"),
    ("1405/08/01 10:00", "گذشته است"),
    ("1405/12/01 10:00", "باز نیست"),
]


def test_another_time_that_cannot_be(officer, office):
    slug = office.campaign(S.APPROVED)
    for at, words in BAD_MOMENTS:
        answer = officer.post(f"/console/campaigns/{slug}/launch", data={"when": "other", "at": at})
        assert answer.status_code == 422 and words in answer.text and state_of(slug) == S.APPROVED, words


# ── live ──


@pytest.fixture
def sending(office, drain, app):
    slug = office.campaign(S.APPROVED, reminder_after=timedelta(days=2))
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


# ── permissions ──


def test_other_units_campaigns_do_not_exist(stranger, office):
    slug = office.campaign(S.IN_REVIEW)
    for path in ("", "/text", "/audience", "/time", "/review", "/progress", "/card", "/cancel"):
        assert stranger.get(f"/console/campaigns/{slug}{path}").status_code == 404, path
    for path in ("/submit", "/withdraw", "/launch", "/pause", "/resume", "/cancel", "/measure", "/remind"):
        assert stranger.post(f"/console/campaigns/{slug}{path}").status_code == 404, path
    assert state_of(slug) == S.IN_REVIEW
    assert stranger.get("/console/campaigns/c00000000").status_code == 404


def test_officers_cannot_approve_and_managers_cannot_write(officer, manager, office):
    slug = office.campaign(S.IN_REVIEW)
    assert officer.post(f"/console/campaigns/{slug}/approve").status_code == 403
    assert officer.post(f"/console/campaigns/{slug}/return", data={"note": "نه"}).status_code == 403
    draft = office.campaign()
    assert manager.get("/console/campaigns/new").status_code == 403
    assert manager.post(f"/console/campaigns/{draft}/text", data={"text": "نه"}).status_code == 403
    assert page_of(manager, f"/console/campaigns/{draft}")
    assert state_of(slug) == S.IN_REVIEW


def test_nobody_signed_in_is_led_to_the_door(client, office):
    slug = office.campaign()
    assert client.get(f"/console/campaigns/{slug}").status_code == 303


# ── first page ──


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


# ── words ──


def test_every_refusal_of_the_room_has_a_sentence(app):
    from pathlib import Path

    import campaigns

    source = "\n".join(path.read_text("utf-8") for path in Path(campaigns.__file__).parent.rglob("*.py"))
    raised = set(re.findall(r'Refused\(\s*"(\w+)"', source))
    # A code of the contact base is told by the contact base; one nobody tells is named in its sentence.
    assert raised and [code for code in raised if code in explain(Refused(code))] == []
    assert set(labels.GATEWAY_REASONS) == codes.REASONS


def test_every_gateway_code_has_pause_words(app):
    assert all(str(pause_words(f"gateway_{number}").title) for number in (*range(400, 433), 451, 501, 503, 999))


def test_gateway_that_wants_mending_is_told_so(app, officer, office, gateway_simulator):
    assert "کد" not in explain(Refused("gateway_api_key_invalid"))
    assert explain(Refused("outside_window", start="۹:۰۰", end="۲۱:۰۰")).count("۹:۰۰")


# ── command line ──


class _Stage:
    def __init__(self, app):
        self._app = app

    def app(self):
        return self._app


def run(app, *arguments):
    found = CliRunner().invoke(group, arguments, obj=_Stage(app))
    if isinstance(found.exception, Refused):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_command_line_does_the_same_as_pages(app, office):
    slug = office.campaign(S.APPROVED)
    answer = json.loads(run(app, "estimate", slug, "--as", "officer@example.ir", "--json"))
    assert (answer["recipients"], answer["pages"], answer["cost"]) == (30, 2, 108_000)
    assert json.loads(run(app, "launch", slug, "--as", "officer@example.ir", "--json"))["state"] == "scheduled"
    number = str(get_campaign_by_slug(slug).id)
    assert json.loads(run(app, "cancel", number, "--as", "manager@example.ir", "--json"))["state"] == "cancelled"


BAD_CALLS = [
    (("launch", "{slug}", "--as", "nobody@example.ir"), "actor_unknown"),
    (("launch", "{slug}", "--as", "stranger@example.ir"), "campaign_unknown"),
    (("launch", "c123", "--as", "officer@example.ir"), "campaign_unknown"),
    (("launch", "{slug}", "--as", "officer@example.ir", "--at", "later"), "time_unreadable"),
    (("launch", "{slug}", "--as", "officer@example.ir", "--at", "1405/09/02 23:00"), "outside_window"),
    (("pause", "{slug}", "--as", "officer@example.ir"), "state_forbids"),
    (("resume", "{slug}", "--as", "officer@example.ir"), "state_forbids"),
]


def test_command_line_refuses_like_the_pages(app, office):
    slug = office.campaign(S.APPROVED)
    for arguments, code in BAD_CALLS:
        with pytest.raises(Refused) as refused:
            run(app, *(each.format(slug=slug) for each in arguments))
        assert refused.value.code == code and state_of(slug) == S.APPROVED


def test_addresses(app):
    with app.test_request_context():
        assert url_for("campaigns.index") == "/console/campaigns"
