"""Results for everybody: published by a manager, the same bytes for all, nothing small told, nothing taken away in silence."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.db import db
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports import commands as reports
from engage.reports.results.commands import publish_results, save_draft, withdraw_results
from engage.reports.results.queries import publication_of, results_path
from engage.reports.results.rules import Draft
from engage.web.filters import percent
from surveys import commands as surveys
from surveys.responses.commands import exclude_response
from tests.features.test_reports_live import Asked
from tests.people import make_person, sign_in, without_csrf

WORDS = Draft("محلهٔ ما چه گفت؟", "روشنایی کوچه‌ها تا پایان سال درست می‌شود.")
SHARE = percent(16 / 30)
REVISION = re.compile(r'name="revision"[^>]*value="(\d+)"')


def answered(count: int = 30, *, closed: bool = True) -> Asked:
    """Three name the pavements: few enough to be known. Of the others one more than half name the lights."""
    asked = Asked()
    for place in range(count):
        asked.answer({"q1": "a2" if place < 3 else "a1" if place < 4 + count // 2 else "a3", "q2": 4, "q5": "نوشتهٔ خصوصی"})
    if closed:
        surveys.close_survey(asked.id, actor_id=None)
    reports.refresh_report(asked.id, force=True)
    return asked


def actions() -> list[str]:
    return [row for row in db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)) if row.startswith("results")]


def test_what_is_published_is_read_by_everybody_and_small_figures_by_nobody(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    assert client.get(f"/results/{asked.slug}").status_code == 404 and results_path(asked.id, asked.slug) is None
    publish_results(asked.id, WORDS, seen=0, actor_id=None)
    assert results_path(asked.id, asked.slug) == f"/results/{asked.slug}"
    answer = client.get(f"/results/{asked.slug}")
    page = answer.text
    assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    for words in ("محلهٔ ما چه گفت؟", "روشنایی کوچه‌ها تا پایان سال", "کدام کار در محلهٔ شما", SHARE, "چه نمی‌توان گفت", "پنهان", "CC BY 4.0"):
        assert words in page, words
    assert "نوشتهٔ خصوصی" not in page and "<script" not in page and "style=" not in page
    rows = list(csv.DictReader(io.StringIO(client.get(f"/results/{asked.slug}/data.csv").data.decode("utf-8-sig"))))
    lights, pavements = (next(row for row in rows if row["option"] == label) for label in ("روشنایی کوچه‌ها", "ترمیم پیاده‌روها"))
    # The three would follow from the others and the thirty: one more figure goes with them.
    silent = next(row for row in rows if row["option"] == "نظری ندارم")
    assert (lights["count"], pavements["count"], silent["count"]) == ("16", "", "")
    found = json.loads(client.get(f"/results/{asked.slug}/data.json").data)
    assert found["answers"] == 30 and found["licence"] == "CC BY 4.0" and "نوشتهٔ خصوصی" not in json.dumps(found, ensure_ascii=False)


def test_the_page_is_light_and_the_same_bytes_for_all(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    publish_results(asked.id, WORDS, seen=0, actor_id=None)
    packed = client.get(f"/results/{asked.slug}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and len(packed.data) < 14 * 1024
    assert gzip.decompress(packed.data) == client.get(f"/results/{asked.slug}").data
    assert packed.headers["Cache-Control"].startswith("public")
    assert client.get(f"/results/{asked.slug}", headers={"If-None-Match": packed.headers["ETag"]}).status_code == 304
    save_draft(asked.id, Draft("تیتری دیگر"), seen=1, actor_id=None)
    fresh = client.get(f"/results/{asked.slug}", headers={"If-None-Match": packed.headers["ETag"]})
    assert fresh.status_code == 200 and "تیتری دیگر" in fresh.text


def test_figures_never_differ_by_a_few_answers(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    publish_results(asked.id, WORDS, seen=0, actor_id=None)
    first = publication_of(asked.id).figures
    responses = list(db.session.scalars(db.text("SELECT id FROM response ORDER BY id LIMIT 12")))
    for one in responses[:4]:
        exclude_response(one, "آزمایشی بود", actor_id=None)
    publish_results(asked.id, WORDS, seen=1, actor_id=None)
    assert publication_of(asked.id).figures.questions == first.questions
    for one in responses[4:]:
        exclude_response(one, "آزمایشی بود", actor_id=None)
    publish_results(asked.id, WORDS, seen=2, actor_id=None)
    assert publication_of(asked.id).figures.answers == 18


def test_questions_left_out_are_out_of_everything_and_counted(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    publish_results(asked.id, Draft("نتیجه", "", ("q2", "q5")), seen=0, actor_id=None)
    page, table = client.get(f"/results/{asked.slug}").text, client.get(f"/results/{asked.slug}/data.csv").text
    assert "از نظافت کوچه و خیابان" not in page and "q2" not in table and "۲ پرسش این نظرسنجی" in page


@pytest.mark.parametrize(("count", "closed", "code"), [(30, False, "results_survey_open"), (9, True, "results_too_few")])
def test_what_may_not_be_published_says_why(app: Flask, client: FlaskClient, count: int, closed: bool, code: str) -> None:
    asked = answered(count, closed=closed)
    with pytest.raises(Refused) as refused:
        publish_results(asked.id, WORDS, seen=0, actor_id=None)
    assert refused.value.code == code
    db.session.rollback()
    assert publication_of(asked.id) is None and client.get(f"/results/{asked.slug}").status_code == 404


def test_withdrawing_tells_the_public_why(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    publish_results(asked.id, WORDS, seen=0, actor_id=None)
    with pytest.raises(Refused, match="results_reason_missing"):
        withdraw_results(asked.id, "غلط", seen=1, actor_id=None)
    db.session.rollback()
    withdraw_results(asked.id, "در شمارش پاسخ‌ها خطایی پیدا شد.", seen=1, actor_id=None)
    gone = client.get(f"/results/{asked.slug}")
    assert gone.status_code == 410 and "خطایی پیدا شد" in gone.text and SHARE not in gone.text
    assert client.get(f"/results/{asked.slug}/data.csv").status_code == 410
    assert actions() == ["results_published", "results_withdrawn"]


def test_addresses_that_lead_nowhere_are_all_alike(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    save_draft(asked.id, WORDS, seen=0, actor_id=None)
    drafted, guessed = client.get(f"/results/{asked.slug}"), client.get("/results/zzzzzzzzzz")
    assert drafted.status_code == guessed.status_code == 404 and drafted.data == guessed.data


def test_officers_write_managers_publish_and_others_see_nothing(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    path = f"/console/reports/{asked.slug}/public"
    with without_csrf(app):
        officer = sign_in(app.test_client(), make_person(asked.unit_id, Role.OFFICER))
        manager = sign_in(app.test_client(), make_person(asked.unit_id, Role.MANAGER))
        stranger = sign_in(app.test_client(), make_person(asked.units[2], Role.MANAGER))
        page = officer.get(path).text
        form: dict[str, Any] = {
            "revision": REVISION.search(page)[1],
            "headline": "محله گفت",
            "intro": "",
            "shown": ["q1", "q2", "q3", "q4"],
        }
        assert officer.post(path, data=form).status_code == 303
        assert officer.post(f"{path}/publish", data=form | {"revision": "1"}).status_code == 403
        assert stranger.get(path).status_code == stranger.post(f"{path}/publish", data=form).status_code == 404
        # The manager looked before the officer saved: nothing is overwritten unseen.
        late = manager.post(f"{path}/publish", data=form)
        assert late.status_code == 422 and "همکاری در این میان" in late.text
        assert manager.post(f"{path}/publish", data=form | {"revision": REVISION.search(late.text)[1]}).status_code == 303
        assert "منتشرشده" in manager.get(path).text and "دیدن صفحهٔ عمومی" in manager.get(path).text
    assert client.get(f"/results/{asked.slug}").status_code == 200


def test_a_closed_link_leads_to_the_results(app: Flask, client: FlaskClient) -> None:
    asked = answered()
    asked.invite(1)
    token = list(asked.invited.values())[-1]
    assert f"/results/{asked.slug}" not in client.get(f"/{token}").text
    publish_results(asked.id, WORDS, seen=0, actor_id=None)
    assert f"/results/{asked.slug}" in client.get(f"/{token}").text
