"""The page of a report: sentences lead somewhere and are silent where nothing carries them, groups are chosen, claims stay apart."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import now
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.reports import commands
from engage.reports.analysis.shapes import CityClaim, People
from engage.reports.content import Report
from engage.reports.render import FORMATS
from engage.reports.render.page import page_of
from engage.reports.views import PAGE_SIZE
from engage.reports.wording import wording_of
from surveys import commands as surveys
from tests.features.test_reports_live import DEFINITION, Asked, deliver_messages
from tests.made_reports import made_report
from tests.people import make_person, sign_in

NONE_SEEN = "تفاوت معناداری"


def with_analysis(report: Report, **changes: Any) -> Report:
    content = report.content
    return replace(report, content=replace(content, analysis=replace(content.analysis, **changes)))


def html_of(report: Report) -> str:
    file = io.BytesIO()
    FORMATS["html"].write(report, file)
    return file.getvalue().decode()


def test_five_to_eight_sentences_each_lead_to_a_place_on_the_page(app: Flask) -> None:
    report = made_report()
    page = page_of(report)
    assert 5 <= len(page.sentences) <= 8
    html = html_of(report)
    for each in page.sentences:
        (target,) = re.findall(r'href="#([^"]+)"', str(each.text))
        assert html.count(f'id="{target}"') == 1
        assert not re.search(r"[0-9A-Za-z<>]", each.plain)
    assert page.forward.splitlines() == [each.plain for each in page.sentences]


def test_without_invitations_the_sentence_about_people_still_leads_somewhere(app: Flask) -> None:
    html = html_of(with_analysis(made_report(), quality=None))
    targets = re.findall(r'href="#([^"]+)"', html)
    assert targets[0] in ("quality", "funnel-h")
    assert all(html.count(f'id="{each}"') == 1 for each in targets)


def test_no_sentence_below_ten_answers(app: Flask) -> None:
    assert page_of(made_report(people=9)).sentences == [] and page_of(made_report(people=9)).forward == ""
    assert page_of(made_report(people=0)).sentences == []


def test_a_difference_is_told_or_that_none_was_seen_or_nothing(app: Flask) -> None:
    report = made_report()
    assert any("هرندی" in each.plain for each in page_of(report).sentences)
    none_held = page_of(with_analysis(report, differences=[])).forward
    assert NONE_SEEN in none_held and "هرندی" not in none_held
    untested = page_of(with_analysis(report, differences=[], breakdowns=[])).forward
    assert untested and NONE_SEEN not in untested


def test_people_are_a_range_where_channels_cannot_be_matched(app: Flask) -> None:
    page = page_of(with_analysis(made_report(), people=People(1312, 900, 1312, {"link": 900, "open": 412})))
    assert "دست‌کم ۹۰۰" in page.sentences[0].plain and "۱٬۳۱۲" in page.sentences[0].plain
    assert "٪" not in page.sentences[0].plain


def test_the_city_is_spoken_of_only_with_weights_and_without_a_margin_of_error(app: Flask) -> None:
    report = made_report()
    assert not report.content.analysis.city.refusal
    assert any('href="#city"' in str(each.text) for each in page_of(report).sentences)
    assert not any("حاشیهٔ خطا:" in line or "±" in line for line in page_of(report).city["lines"])
    refused = page_of(with_analysis(report, city=CityClaim("no_margins")))
    assert not any('href="#city"' in str(each.text) for each in refused.sentences) and refused.city["lines"]


def test_only_the_chosen_groups_are_on_the_page_and_all_in_the_file(app: Flask) -> None:
    report = made_report()
    keys = [key for key, _words in page_of(report).dimensions]
    assert {"unit", "neighbourhood", "age", "gender"} <= set(keys)
    by_age, by_nothing, whole = page_of(report, by="age"), page_of(report, by="' OR 1=1"), page_of(report)
    assert (by_age.chosen, len(by_age.groups)) == ("age", 1)
    assert (by_nothing.chosen, len(by_nothing.groups)) == (keys[0], 1)
    assert (whole.chosen, len(whole.groups)) == ("", len(keys))
    told = next(each.dimension for each in whole.sentences if each.dimension not in ("", "age"))
    (elsewhere,) = [each for each in by_age.sentences if each.dimension == told]
    (here,) = [each for each in page_of(report, by=told).sentences if each.dimension == told]
    assert f'href="?by={told}#groups-{told}-' in str(elsewhere.text) and f'href="#groups-{told}-' in str(here.text)


def test_the_text_that_invited_is_shown_as_it_was_approved(app: Flask, client: FlaskClient, drain: Callable[[], int]) -> None:
    asked = Asked()
    asked.answer({"q1": "a1"}, 12)
    deliver_messages(asked, {"delivered": list(asked.invited)})
    with transaction() as session:
        session.execute(text("UPDATE campaign SET text = '<b>همسایهٔ گرامی</b>'"))
    assert wording_of(asked.id) == ()
    with transaction() as session:
        session.execute(text("UPDATE campaign SET started_at = now()"))
    db.session.rollback()
    assert wording_of(asked.id) == ("<b>همسایهٔ گرامی</b>",)
    commands.request_refresh(asked.id)
    drain()
    sign_in(client, make_person(asked.unit_id))
    page = client.get(asked.url).get_data(as_text=True)
    assert "&lt;b&gt;همسایهٔ گرامی&lt;/b&gt;" in page and "<b>همسایهٔ" not in page


def test_the_list_has_pages(app: Flask, client: FlaskClient) -> None:
    asked = Asked()
    for _each in range(PAGE_SIZE):
        made = surveys.create_survey(asked.unit_id, DEFINITION.title, DEFINITION, actor_id=None)
        surveys.publish_survey(made, closes_at=now() + timedelta(days=18), results_on=None, actor_id=None)
    sign_in(client, make_person(asked.unit_id))
    pages = [client.get(f"/console/reports?page={page}").get_data(as_text=True) for page in ("1", "2", "999", "-1", "x")]
    assert [page.count('class="row-link"') for page in pages] == [PAGE_SIZE, 1, 1, PAGE_SIZE, PAGE_SIZE]
    assert 'rel="next"' in pages[0] and 'rel="prev"' in pages[1] and "۲۶ تا ۲۶ از ۲۶" in pages[1]


def test_a_late_promise_is_flagged_on_the_report(app: Flask, client: FlaskClient) -> None:
    asked = Asked()
    surveys.publish_survey(asked.id, closes_at=None, results_on=(now() + timedelta(days=2)).date(), actor_id=None)
    manager = sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    assert "وعدهٔ انتشار نتیجه" not in manager.get(asked.url).text
    with transaction() as session:
        session.execute(text("UPDATE survey SET results_on = :day"), {"day": (now() - timedelta(days=1)).date()})
    assert "وعدهٔ انتشار نتیجه" in manager.get(asked.url).text
