"""The quick poll: from a question to the review, in one step or not at all; exactly the planned sample is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from campaigns import commands
from campaigns.commands import draft_of
from campaigns.commands.quick_poll import PollKind, QuickPoll, definition_of_poll
from campaigns.queries import get_campaign_by_slug
from contacts.queries.audience import audience_chunk
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from surveys.queries import get_survey_facts
from tests.make import make_contacts, make_unit
from tests.people import make_person, sign_in, without_csrf

PAGE = "/console/campaigns/quick-poll"


@pytest.fixture
def officer(app: Flask, client: FlaskClient) -> Iterator[int]:
    unit_id = make_unit()
    sign_in(client, make_person(unit_id, Role.OFFICER))
    with without_csrf(app):
        yield unit_id


def poll_form(page: str, **changes: str) -> dict[str, str]:
    key, seed = (re.search(rf'name="{name}"[^>]*value="([^"]+)"', page) for name in ("key", "seed"))
    assert key and seed
    return {
        "key": key[1],
        "seed": seed[1],
        "question": "روشنایی کوچه کافی است؟",
        "kind": "yes_no",
        "precision": "7",
        "days": "3",
        "asks_why": "y",
    } | changes


def test_from_the_question_to_the_review(officer: int, client: FlaskClient) -> None:
    make_contacts(officer, 2_000)
    page = client.get(PAGE).text
    form = poll_form(page, go="next")
    answer = client.post(PAGE, data=form)
    assert answer.status_code == 303 and answer.location.endswith("/review")
    slug = answer.location.split("/")[-2]
    made = get_campaign_by_slug(slug)
    assert made is not None and made.survey_id is not None
    facts = get_survey_facts(made.survey_id)
    assert facts is not None and facts.state == "open" and facts.title == "روشنایی کوچه کافی است؟"
    audience = draft_of(made).audience
    assert audience.sample is not None and audience.sample.seed == int(form["seed"])
    # 7 points of 2,000 at the assumed 15 %: 179 answers, 1,194 invitations.
    assert audience.sample.size == 1194
    with transaction():
        first = [each.contact_id for each in audience_chunk(audience, made.purpose, 0, 10_000)]
        again = [each.contact_id for each in audience_chunk(audience, made.purpose, 0, 10_000)]
    assert len(first) == 1194 == len(set(first)) and first == again
    assert "۱٬۱۹۴" in client.get(answer.location).text
    twice = client.post(PAGE, data=form)
    assert twice.location == answer.location
    assert db.session.execute(text("SELECT (SELECT count(*) FROM survey), (SELECT count(*) FROM campaign)")).one() == (1, 1)
    commands.submit_campaign(made.id, actor_id=None)
    frozen = get_campaign_by_slug(slug)
    assert frozen is not None and frozen.recipient_count == 1194


def test_planning_writes_nothing_and_says_what_is_assumed(officer: int, client: FlaskClient) -> None:
    make_contacts(officer, 300)
    form = poll_form(client.get(PAGE).text, go="plan", question="")
    page = client.post(PAGE, data=form).text
    assert "نرخی معمول فرض شده است" in page and "۳۰۰" in page
    fragment = client.post(f"{PAGE}/plan", data=form | {"precision": "all"}).text
    assert "<html" not in fragment and "همهٔ مخاطبان" in fragment
    assert db.session.scalar(text("SELECT count(*) FROM survey")) == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"question": "  "}, "پرسش را بنویسید"),
        ({"kind": "choice", "options": "فقط یکی"}, "دست‌کم دو گزینه"),
        ({"kind": "choice", "options": "یک\nیک"}, "دو گزینه یکسان است"),
        ({"kind": "choice", "options": "\n".join("abcdefg")}, "حداکثر ۶ گزینه"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(officer: int, client: FlaskClient, changes: dict[str, str], words: str) -> None:
    make_contacts(officer, 40)
    answer = client.post(PAGE, data=poll_form(client.get(PAGE).text, go="next", **changes))
    assert answer.status_code == 422 and words in answer.text
    assert db.session.execute(text("SELECT (SELECT count(*) FROM survey), (SELECT count(*) FROM campaign)")).one() == (0, 0)


def test_an_empty_base_is_said(officer: int, client: FlaskClient) -> None:
    page = client.get(PAGE).text
    assert "با این شرط‌ها گیرنده‌ای نیست" in page
    assert client.post(PAGE, data=poll_form(page, go="next")).status_code == 422


def test_definitions() -> None:
    with pytest.raises(Refused, match="poll_question_empty"):
        definition_of_poll(QuickPoll(" ", PollKind.YES_NO))
