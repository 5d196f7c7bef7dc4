"""Quotas and limits: never one answer more, nothing half written, and no two submissions that wait for each other."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.clock import now
from engage.db import db
from surveys import commands, queries
from surveys.definitions import Definition, Quota
from surveys.models import Invitation, QuotaCount, Response
from surveys.types import Option, ShortText, Single
from tests.features.test_surveys_links import Asked, ask, html

BOTH = Definition(
    title="سهم‌ها",
    questions=[
        Single(id="sex", label="شما؟", required=True, options=[Option(id="w", label="زن"), Option(id="m", label="مرد")]),
        ShortText(id="job", label="کار؟"),
    ],
    quotas=[
        Quota(id="women", label="زنان", when='sex = "w"', limit=3),
        Quota(id="all-named", label="شاغلان", when="answered(job)", limit=5),
    ],
)


def counts() -> dict[str, int]:
    db.session.rollback()
    return {row[0]: row[1] for row in db.session.execute(select(QuotaCount.quota_id, QuotaCount.response_count))}


def answers() -> list[dict[str, Any]]:
    db.session.rollback()
    return list(db.session.scalars(select(Response.answers)))


def answered_links() -> int:
    db.session.rollback()
    return len(list(db.session.scalars(select(Invitation.id).where(Invitation.answered))))


def send_all(app: Flask, asked: Asked, data: list[dict[str, str]]) -> list[int]:
    statuses: list[int] = []
    start = threading.Barrier(len(data))

    def send(token: str, given: dict[str, str]) -> None:
        start.wait()
        statuses.append(app.test_client().post(f"/{token}", data=given).status_code)

    threads = [threading.Thread(target=send, args=each) for each in zip(asked.tokens, data, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(statuses) == len(data)
    return statuses


def test_over_a_quota_nothing_is_recorded_and_the_link_holds(client: FlaskClient, app: Flask) -> None:
    asked = ask(BOTH, people=5)
    for token in asked.tokens[:3]:
        assert client.post(f"/{token}", data={"sex": "w"}).status_code == 200
    full = client.post(f"/{asked.tokens[3]}", data={"sex": "w", "job": "معلم"})
    assert full.status_code == 409 and "ظرفیت پاسخ این گروه پر شده است" in html(full)
    assert len(answers()) == 3 and counts() == {"women": 3} and answered_links() == 3
    assert client.post(f"/{asked.tokens[3]}", data={"sex": "m", "job": "معلم"}).status_code == 200
    assert counts() == {"women": 3, "all-named": 1}
    again = client.post(f"/{asked.tokens[0]}", data={"sex": "w"})
    assert again.status_code == 200 and counts()["women"] == 3


def test_many_at_once_fill_quotas_exactly(app: Flask) -> None:
    asked = ask(BOTH, people=24)
    data = [{"sex": "wm"[n % 2], "job": "معلم" if n % 3 else ""} for n in range(24)]
    statuses = send_all(app, asked, data)
    assert set(statuses) <= {200, 409}
    stored = answers()
    assert len(stored) == statuses.count(200) == answered_links()
    assert sum(each["sex"] == "w" for each in stored) == counts()["women"] <= 3
    assert sum("job" in each for each in stored) == counts()["all-named"] <= 5


def test_the_last_wanted_response_closes_the_survey(app: Flask, client: FlaskClient) -> None:
    asked = ask(BOTH, people=12)
    commands.publish_survey(asked.survey_id, closes_at=now() + timedelta(days=5), results_on=None, actor_id=None, response_limit=4)
    statuses = send_all(app, asked, [{"sex": "m"}] * 12)
    assert sorted(statuses) == [200] * 4 + [410] * 8
    assert len(answers()) == 4 == answered_links()
    db.session.rollback()
    survey = queries.get_survey(asked.survey_id)
    assert survey is not None and survey.state == "closed"
    waiting = next(token for token in asked.tokens if "مهلت پاسخ پایان یافته است" in html(client.get(f"/{token}")))
    assert client.post(f"/{waiting}", data={"sex": "m"}).status_code == 410


def test_publishing_counts_what_is_there(app: Flask, client: FlaskClient) -> None:
    asked = ask(BOTH, people=4)
    for token in asked.tokens[:2]:
        client.post(f"/{token}", data={"sex": "w", "job": "x"})
    commands.publish_survey(asked.survey_id, closes_at=now() + timedelta(days=5), results_on=None, actor_id=None, response_limit=3)
    assert counts() == {"": 2, "women": 2, "all-named": 2}
    assert client.post(f"/{asked.tokens[2]}", data={"sex": "m"}).status_code == 200
    assert client.post(f"/{asked.tokens[3]}", data={"sex": "m"}).status_code == 410
    assert len(answers()) == 3
