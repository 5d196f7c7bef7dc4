"""Half-finished answers: whoever comes back and finishes counts once, whatever happens at the same moment."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from engage.clock import now
from engage.db import db, transaction
from surveys import commands as surveys
from surveys import queries
from surveys.definitions import Definition
from surveys.models import Response, ResponseDraft
from surveys.queries import response_count
from surveys.queries.past import past_of_invitations
from surveys.responses import commands
from surveys.types import LongText, Option, Single
from tests.features.test_survey_pages import fields
from tests.features.test_surveys_links import Asked, ask, html

CHOICES = [Option(id="park", label="فضای سبز"), Option(id="light", label="روشنایی")]
PAGED = Definition(
    title="محلهٔ شما",
    questions=[Single(id="q1", label="کدام؟", required=True, options=CHOICES), LongText(id="q2", label="چرا؟", new_page=True)],
)


def rows() -> list[Response]:
    db.session.rollback()
    return list(db.session.scalars(select(Response).order_by(Response.id).execution_options(populate_existing=True)))


def invitation_of(asked: Asked, place: int = 0) -> int:
    link = queries.find_link(asked.tokens[place])
    assert link is not None
    return link.invitation_id


def leave_half(asked: Asked, place: int = 0, answer: str = "park") -> None:
    """A page was sent eight days ago, and nothing since."""
    surveys.keep_answers(invitation_of(asked, place), "a" * 22, asked.version_id, {"q1": answer}, "fa")
    with transaction() as session:
        session.execute(update(ResponseDraft).values(updated_at=now() - timedelta(days=8)))


def test_whoever_finishes_later_counts_once(app: Flask, client: FlaskClient) -> None:
    asked = ask(PAGED)
    leave_half(asked)
    assert commands.keep_partial_answers(asked.survey_id) == 1
    [half] = rows()
    assert half.is_partial and response_count(asked.survey_id) == 0
    half_id = half.id
    assert past_of_invitations([half.invitation_id or 0]) == [], "nobody has answered yet"
    commands.exclude_response(half_id, "آزمایشی بود", actor_id=None)
    page = client.get(asked.path)
    last = client.post(asked.path, data=fields(page) | {"q1": "light"}, follow_redirects=True)
    done = client.post(asked.path, data=fields(last) | {"q2": "تاریک است"})
    [whole] = rows()
    assert done.status_code == 200 and whole.receipt_code in html(done)
    assert not whole.is_partial and whole.answers == {"q1": "light", "q2": "تاریک است"} and whole.id != half_id
    assert whole.excluded_at is None and whole.exclusion_reason == "" and response_count(asked.survey_id) == 1
    again = client.post(asked.path, data={"q1": "park"})
    assert whole.receipt_code in html(again) and len(rows()) == 1


def test_a_half_left_on_pages_is_replaced_by_a_form_without_pages(app: Flask, client: FlaskClient) -> None:
    asked = ask(PAGED)
    leave_half(asked)
    commands.keep_partial_answers(asked.survey_id)
    survey = queries.get_survey(asked.survey_id)
    assert survey is not None
    short = Definition(title="محلهٔ شما", questions=PAGED.questions[:1])
    surveys.save_draft(asked.survey_id, short, survey.revision, actor_id=None)
    surveys.publish_survey(asked.survey_id, closes_at=now() + timedelta(days=5), results_on=None, actor_id=None)
    assert client.post(asked.path, data=fields(client.get(asked.path)) | {"q1": "light"}).status_code == 200
    [whole] = rows()
    assert not whole.is_partial and whole.answers == {"q1": "light"}


def test_a_second_half_takes_the_place_of_the_first(app: Flask) -> None:
    asked = ask(PAGED)
    for answer in ("park", "light"):
        leave_half(asked, answer=answer)
        assert commands.keep_partial_answers(asked.survey_id) == 1
    [half] = rows()
    assert half.is_partial and half.answers == {"q1": "light"}
    assert db.session.scalars(select(ResponseDraft)).all() == []


def test_who_finished_before_leaves_no_half(app: Flask) -> None:
    asked = ask(PAGED)
    leave_half(asked)
    link = queries.find_link(asked.tokens[0])
    assert link is not None
    surveys.submit_response(link, asked.version_id, {"q1": "park"}, surveys.Whole(had_pages=False))
    assert commands.keep_partial_answers(asked.survey_id) == 0
    [whole] = rows()
    assert not whole.is_partial


@pytest.mark.parametrize("round_", range(3))
def test_finishing_in_the_moment_the_half_is_kept_counts_once(app: Flask, round_: int) -> None:
    people = 24
    asked = ask(PAGED, people=people)
    for place in range(people):
        surveys.keep_answers(invitation_of(asked, place), "a" * 22, asked.version_id, {"q1": "park"}, "fa")
    with transaction() as session:
        session.execute(update(ResponseDraft).values(updated_at=now() - timedelta(days=8)))
    failures: list[Any] = []
    start = threading.Barrier(people // 2 + 3)

    def run(work: Any) -> None:
        with app.app_context():
            start.wait()
            try:
                work()
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    def finish(token: str) -> Any:
        def work() -> None:
            link = queries.find_link(token)
            assert link is not None
            surveys.submit_response(link, asked.version_id, {"q1": "light"}, surveys.Whole(had_pages=True))

        return work

    works = [finish(token) for token in asked.tokens[::2]] + [lambda: commands.keep_partial_answers(asked.survey_id)] * 3
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert failures == []
    commands.keep_partial_answers(asked.survey_id)
    found = rows()
    assert sum(not row.is_partial for row in found) == people // 2 == response_count(asked.survey_id)
    assert sum(row.is_partial for row in found) == people // 2
    assert len({row.invitation_id for row in found}) == people
    answered = set(db.session.execute(text("SELECT id FROM invitation WHERE answered")).scalars())
    assert {row.invitation_id for row in found if not row.is_partial} == answered
    assert db.session.scalars(select(ResponseDraft)).all() == []
