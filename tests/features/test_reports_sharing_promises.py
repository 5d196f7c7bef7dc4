"""Promises of a day kept in sight, and the text to those who took part, over real responses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from campaigns.queries import get_campaign_by_slug
from campaigns.queries.parents import parent_chunk
from contacts.queries import AudienceFilter
from engage.clock import FrozenClock, today_in_tehran
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports.sharing.commands import decisions, promises, telling
from engage.reports.sharing.queries import broken_promises, decisions_of, promise_of
from surveys import commands as surveys
from surveys.results import register_results_address
from tests.features.test_reports_live import Asked
from tests.features.test_reports_sharing import REASON, TITLE, _own_address, audited, plan, today  # noqa: F401 - a fixture
from tests.people import make_person, sign_in, without_csrf


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked()


def texted(asked: Asked, answered: int, silent: int) -> int:
    """A campaign that reached so many people who answered and so many who didn't; its id."""
    numbers = asked.invite(answered + silent)
    with transaction() as session:
        campaign: int = session.execute(
            text(
                "INSERT INTO campaign (slug, unit_id, survey_id, title, purpose, text, audience, line, state, state_since, created_at, started_at)"
                " VALUES ('c' || :survey || '-' || :first, :unit, :survey, 'دعوت', 'survey_invitation', 'x', CAST(:audience AS jsonb),"
                " '3000', 'finished', now(), now(), now()) RETURNING id"
            ),
            {
                "survey": asked.id,
                "unit": asked.unit_id,
                "first": numbers[0],
                "audience": json.dumps(AudienceFilter(asked.unit_id).to_json()),
            },
        ).scalar_one()
        wave = session.execute(
            text("INSERT INTO wave (campaign_id, number, due_at) VALUES (:campaign, 1, now()) RETURNING id"), {"campaign": campaign}
        ).scalar_one()
        session.execute(
            text(
                "INSERT INTO message (id, campaign_id, wave_id, identity_id, invitation_id, state, params)"
                " SELECT 900000 + i.id, :campaign, :wave, i.identity_id, i.id, 'delivered', '{}' FROM invitation i"
                " WHERE i.survey_id = :survey AND i.identity_id = ANY(:numbers)"
            ),
            {"campaign": campaign, "wave": wave, "survey": asked.id, "numbers": numbers},
        )
        session.execute(
            text("UPDATE invitation SET answered = true WHERE survey_id = :survey AND identity_id = ANY(:numbers)"),
            {"survey": asked.id, "numbers": numbers[:answered]},
        )
    return campaign


# -- the promise ---------------------------------------------------------------------------------------------------------------------


def promised(asked: Asked, on: date) -> None:
    surveys.publish_survey(asked.id, closes_at=None, results_on=on, actor_id=None)


def test_publishing_again_with_another_day_leaves_a_trace(asked: Asked, drain: Callable[[], int]) -> None:
    first, later = today() + timedelta(days=20), today() + timedelta(days=40)
    promised(asked, first)
    drain()
    promised(asked, later)
    drain()
    promise = promise_of(asked.id)
    assert promise is not None
    assert [(move.was_on, move.now_on, move.reason) for move in promise.moves] == [(None, first, ""), (first, later, "")]
    assert not promise.is_explained
    promises.explain_move(asked.id, promise.moves[1].id, REASON, actor_id=None)
    with pytest.raises(Refused, match="promise_none"):
        promises.explain_move(asked.id, promise.moves[1].id, "علت دیگری به جای آن", actor_id=None)
    told = promise_of(asked.id)
    assert told is not None and told.is_explained and told.reason == REASON


def test_the_day_is_moved_with_a_reason_and_never_silently(asked: Asked, drain: Callable[[], int]) -> None:
    first, later = today() + timedelta(days=20), today() + timedelta(days=40)
    promised(asked, first)
    drain()
    for to, reason, code in [(later, "", "promise_reason_missing"), (today() - timedelta(days=1), REASON, "promise_day_passed")]:
        with pytest.raises(Refused, match=code):
            promises.move_promise(asked.id, to, reason, actor_id=None)
    promises.move_promise(asked.id, later, REASON, actor_id=None)
    drain()
    promise = promise_of(asked.id)
    assert promise is not None
    assert (promise.first_on, promise.results_on, promise.is_explained, len(promise.moves)) == (first, later, True, 2)
    assert len(audited("report_promise_moved")) == 1


def test_a_day_before_the_deadline_is_refused_and_nothing_is_written(asked: Asked) -> None:
    surveys.publish_survey(
        asked.id, closes_at=today_in_tehran() + timedelta(days=18), results_on=today() + timedelta(days=20), actor_id=None
    )
    with pytest.raises(Refused, match="results_before_deadline"):
        promises.move_promise(asked.id, today() + timedelta(days=3), REASON, actor_id=None)
    promise = promise_of(asked.id)
    assert promise is not None and promise.results_on == today() + timedelta(days=20) and not promise.reason


def test_lateness_is_flagged_until_it_is_explained_or_published(
    asked: Asked, app: Flask, client: FlaskClient, clock: FrozenClock, drain: Callable[[], int]
) -> None:
    promised(asked, today() + timedelta(days=2))
    drain()
    assert broken_promises([asked.unit_id]) == []
    clock.advance(timedelta(days=3))
    assert [slug for slug, _title, _promise in broken_promises([asked.unit_id])] == [asked.slug]
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    assert f"{asked.url}/follow-up#promise" in client.get("/console/").text
    assert "دیر شده" in client.get(f"{asked.url}/follow-up").text
    promise = promise_of(asked.id)
    assert promise is not None
    promises.move_promise(asked.id, promise.results_on, REASON, actor_id=None)
    told = promise_of(asked.id)
    assert told is not None and told.is_late and told.is_explained
    assert broken_promises([asked.unit_id]) == []
    register_results_address(app, lambda survey_id, slug: f"/results/{slug}")
    published = promise_of(asked.id)
    assert published is not None and published.is_published and not published.is_late
    with pytest.raises(Refused, match="promise_kept"):
        promises.move_promise(asked.id, today() + timedelta(days=9), REASON, actor_id=None)


def test_citizens_read_every_move_on_the_closed_page(
    asked: Asked, client: FlaskClient, drain: Callable[[], int], clock: FrozenClock
) -> None:
    first = today() + timedelta(days=20)
    promised(asked, first)
    drain()
    (identity,) = asked.invite(1)
    asked.answer({"q1": "a1"})
    answered = "/" + [token for number, token in asked.invited.items() if number != identity][0]
    surveys.close_survey(asked.id, actor_id=None)
    address = "/" + asked.invited[identity]
    before = client.get(address).text
    assert "تغییر کرد" not in before
    promises.move_promise(asked.id, first + timedelta(days=2), f"<b>{REASON}</b>", actor_id=None)
    for each in (address, answered):
        moved = client.get(each).text
        assert "تغییر کرد" in moved and REASON in moved and "<b>پیمانکار" not in moved
    clock.advance(timedelta(days=25))
    for each in (address, answered):
        assert "هنوز منتشر نشده است" in client.get(each).text
    arabic = client.get(f"{address}?lang=ar").text
    assert REASON in arabic


# -- telling those who took part -----------------------------------------------------------------------------------------------------


def test_the_text_goes_to_exactly_those_who_answered(asked: Asked, app: Flask, client: FlaskClient) -> None:
    parent = texted(asked, answered=3, silent=4)
    report, officer = asked.report(), make_person(asked.unit_id, Role.OFFICER)
    made = decisions.add_decision(report, plan(), actor_id=None)
    sign_in(client, officer)
    with without_csrf(app):
        early = client.post(f"{asked.url}/follow-up/tell", data={"decisions": [str(made)], "text": "{واحد}: انجام شد."})
        assert early.status_code == 422
        decisions.move_decision(report, made, "done", "", 1, actor_id=None)
        register_results_address(app, lambda survey_id, slug: f"/results/{slug}")
        page = client.get(f"{asked.url}/follow-up/tell").text
        assert f"/results/{asked.slug}" in page and TITLE in page and "۳ شماره" in page
        sent = client.post(f"{asked.url}/follow-up/tell", data={"decisions": [str(made)], "text": "{واحد}: انجام شد."})
    assert sent.status_code == 303
    slug = decisions_of(asked.id)[0].told_by
    campaign = get_campaign_by_slug(slug)
    assert campaign is not None and sent.location.endswith(f"/{slug}/review")
    assert (campaign.kind, campaign.state, campaign.parent_id, campaign.author_id) == ("result", "draft", parent, officer)
    rows = parent_chunk("result", parent)
    answered = db.session.execute(text("SELECT identity_id FROM invitation WHERE survey_id = :id AND answered"), {"id": asked.id}).scalars()
    assert sorted(row.identity_id for row in rows) == sorted(answered)
    assert decisions_of(asked.id)[0].said_at is None, "a draft is no text"
    assert len(audited("report_result_drafted")) == 1


def test_only_what_was_done_is_told_and_somebody_has_to_have_answered(asked: Asked) -> None:
    report = asked.report()
    open_one = decisions.add_decision(report, plan(), actor_id=None)
    done = decisions.add_decision(report, plan(), actor_id=None)
    decisions.move_decision(report, done, "done", "", 1, actor_id=None)
    actor = make_person(asked.unit_id, Role.OFFICER)
    for chosen, code in [([open_one], "told_no_decision"), ([done, open_one], "told_no_decision"), ([done], "told_no_campaign")]:
        with pytest.raises(Refused, match=code):
            telling.draft_told(report, chosen, "انجام شد", actor_id=actor)
    texted(asked, answered=0, silent=2)
    with pytest.raises(Refused, match="nobody_took_part"):
        telling.draft_told(report, [done], "انجام شد", actor_id=actor)
    assert db.session.execute(text("SELECT count(*) FROM campaign WHERE kind = 'result'")).scalar() == 0


def test_a_manager_does_not_write_what_he_approves(asked: Asked, client: FlaskClient) -> None:
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    assert client.get(f"{asked.url}/follow-up/tell").status_code == 403
