"""Campaign pages as plain forms: the list and the composer's four steps."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import campaigns.commands as commands
from campaigns.models import Campaign
from campaigns.queries import get_campaign_by_slug
from contacts.rules.segments import Simple, as_simple, narrowed
from engage.db import db, transaction
from tests import make, people
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


def revision_in(page):
    return re.search(r'name="revision"[^>]*value="(\d+)"', page)[1]


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
    assert (view.reminders[0]["after"], view.planned_at.isoformat()) == (172800, "2026-11-23T06:30:00+00:00")
    assert as_simple(commands.draft_of(view).audience.rule) == Simple(("هرندی",), "female")
    assert officer.post(f"/console/campaigns/{slug}/submit", data={"revision": view.revision}).status_code == 303
    assert state_of(slug) == S.IN_REVIEW
    page = page_of(manager, f"/console/campaigns/{slug}")
    assert "تصمیم شما" in page and "هرندی" in page and "تأیید و زمان‌بندی" in page and "سلام زهرا، نظر شما؟" in page
    assert manager.post(f"/console/campaigns/{slug}/approve", data=people.proof_of(office.manager)).status_code == 303
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


def test_the_pace_of_sending_is_chosen_and_kept(officer, office):
    slug = office.campaign()
    path = f"/console/campaigns/{slug}/time"
    chosen = {
        "when": "approval",
        "window_start": "540",
        "window_end": "1260",
        "rests_on_fridays": "y",
        "not_after": "۱۴۰۵/۰۹/۰۵ ۱۲:۰۰",
        "spread_hours": "۶",
        "pilot_count": "۲۰۰",
        "pilot_minutes": "۳۰",
    }
    page = page_of(officer, path)
    assert officer.post(path, data={"revision": revision_in(page)} | chosen).status_code == 303
    draft = commands.draft_of(get_campaign_by_slug(slug))
    assert (draft.sends_on_fridays, draft.sends_on_holidays) == (False, True)
    assert (draft.spread, draft.pilot_count, draft.pilot_wait) == (timedelta(hours=6), 200, timedelta(minutes=30))
    assert draft.not_after.isoformat() == "2026-11-26T08:30:00+00:00"
    page = page_of(officer, path)
    assert 'value="200"' in page or 'value="۲۰۰"' in page
    for fields, words in (
        ({"pilot_count": ""}, "تعداد نخستین پیامک‌ها را بنویسید"),
        ({"not_after": "۱۴۰۵/۰۸/۰۱ ۱۲:۰۰"}, "این زمان گذشته است"),
        ({"when": "later", "day": "1405/09/06", "hour": "10:00"}, "آغاز ارسال پس از آخرین لحظهٔ آن است"),
    ):
        answer = officer.post(path, data={"revision": revision_in(page)} | chosen | fields)
        assert answer.status_code == 422 and words in answer.text, words


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
