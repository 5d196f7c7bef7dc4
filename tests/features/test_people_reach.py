"""Numbers at which texts keep failing: judged from what became of the texts, shown, and cleared by whoever checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from campaigns.commands.reach import judge_reach
from campaigns.events import CampaignFinished, ReceiptsRecorded
from contacts import queries
from contacts.queries.finding import SearchFilter
from engage.clock import now
from engage.db import db, transaction
from engage.events import publish
from tests.features.test_people_pages import BASE, add, names, page
from tests.make import make_campaign, make_survey
from tests.people import make_person, make_units, sign_in, without_csrf


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(client: FlaskClient, units) -> FlaskClient:
    return sign_in(client, make_person(units[1]))


class Texts:
    """Campaigns of a district as they lie in the tables after their receipts came."""

    def __init__(self, unit_id: int) -> None:
        self.unit_id, self.survey = unit_id, make_survey(unit_id, closes_at=now() + timedelta(days=300))
        self.next_id = 1

    def sent(self, contact_ids: dict[int, str], *, state: str = "finished") -> int:
        """A campaign whose texts ended so; returns its id."""
        campaign = make_campaign(self.unit_id, self.survey)
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE campaign SET state = :state WHERE id = :id"), {"state": state, "id": campaign})
            wave = connection.execute(text("INSERT INTO wave (campaign_id, number, due_at) VALUES (:c, 1, :at) RETURNING id"), {"c": campaign, "at": now()}).scalar()
            for contact_id, became in contact_ids.items():
                connection.execute(
                    text(
                        "INSERT INTO message (id, campaign_id, wave_id, identity_id, contact_id, state, accepted_at, settled_at)"
                        " SELECT :id, :c, :w, identity_id, id, :state, :at, :at FROM contact WHERE id = :contact"
                    ),
                    {"id": self.next_id, "c": campaign, "w": wave, "state": became, "at": now(), "contact": contact_id},
                )
                self.next_id += 1
        return campaign


def reach(contact_id: int) -> tuple[str, int]:
    record = queries.get_contact(contact_id)
    assert record is not None
    return record.reach, record.failing_count


def test_a_number_becomes_suspect_then_unreachable_then_trusted_again(officer: FlaskClient, units, clock, drain: Callable[[], int]) -> None:
    texts, bad, good = Texts(units[1]), add(units[1]), add(units[1], "رضا", "نوری")
    seen = []
    for _ in range(5):
        campaign = texts.sent({bad: "undelivered", good: "delivered"})
        with transaction():
            publish(CampaignFinished(campaign, texts.survey))
        drain()
        seen.append(reach(bad))
        clock.advance(timedelta(days=8))
    assert seen == [("", 1), ("", 2), ("suspect", 3), ("suspect", 4), ("unreachable", 5)] and reach(good) == ("", 0)
    assert names([units[1]], reach="unreachable") == ["زهرا کاظمی"] and names([units[1]], reach="suspect") == []
    sign_in(officer, make_person(units[1]))
    assert "در دسترس نیست" in page(officer, "/") and "۵ پیامک آخر" in page(officer, f"/{bad}")
    assert judge_reach(campaign) == 0  # told twice, nothing changes
    assert officer.post(f"{BASE}/{bad}/reached").status_code == 303
    assert reach(bad) == ("", 0) and "بررسی شد" in page(officer, f"/{bad}?show=change")
    judge_reach(campaign)
    assert reach(bad) == ("", 0)  # what failed before the check counts no more
    clock.advance(timedelta(days=1))
    judge_reach(texts.sent({bad: "undelivered"}))
    assert reach(bad) == ("", 1)
    clock.advance(timedelta(days=1))
    judge_reach(texts.sent({bad: "delivered"}))
    assert reach(bad) == ("", 0)


def test_late_receipts_count_once_the_campaign_is_over_and_not_before(units, clock, drain: Callable[[], int]) -> None:
    texts, bad = Texts(units[1]), add(units[1])
    for state, expected in (("sending", 0), ("cancelled", 1)):
        campaign = texts.sent({bad: "undelivered"} if state == "cancelled" else {bad: "accepted"}, state=state)
        with transaction():
            publish(ReceiptsRecorded(campaign, texts.survey))
        drain()
        assert reach(bad)[1] == expected
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE message SET state = 'delivered' WHERE campaign_id = :id"), {"id": campaign})
    with transaction():
        publish(ReceiptsRecorded(campaign, texts.survey))
    drain()
    assert reach(bad) == ("", 0)


def test_only_what_the_operator_said_counts(units, clock) -> None:
    texts, one = Texts(units[1]), add(units[1])
    for became in ("expired", "failed", "blocked", "cancelled", "suppressed", "written_off"):
        judge_reach(texts.sent({one: became}))
    assert reach(one) == ("", 0)


def test_the_past_tells_texts_openings_by_day_and_answers(officer: FlaskClient, units) -> None:
    texts, one = Texts(units[1]), add(units[1])
    campaign = texts.sent({one: "delivered"})
    with db.engine.begin() as connection:
        invitation = connection.execute(
            text(
                "INSERT INTO invitation (survey_id, unit_id, identity_id, token_digest, key_version, expires_at, opened_on, answered, created_at)"
                " SELECT :s, :u, identity_id, '\\x01', 1, :at, :day, true, :at FROM contact WHERE id = :c RETURNING id"
            ),
            {"s": texts.survey, "u": units[1], "c": one, "at": now(), "day": now().date()},
        ).scalar()
        connection.execute(text("UPDATE message SET invitation_id = :i WHERE campaign_id = :c"), {"i": invitation, "c": campaign})
        connection.execute(
            text(
                "INSERT INTO response (survey_id, version_id, invitation_id, channel, answers, receipt_code, submitted_at)"
                " SELECT :s, published_version_id, :i, 'link', CAST(:answers AS jsonb), 'ABCDE', :at FROM survey WHERE id = :s"
            ).bindparams(s=texts.survey, i=invitation, at=now(), answers='{"q1": "light"}')
        )
    shown = page(officer, f"/{one}")
    assert "show=opening" in shown and "show=answer" in shown and "روشنایی" not in shown
    opened = page(officer, f"/{one}?show=opening")
    assert "باز شد" in opened and "۱ آذر" in opened
    assert queries.search_contacts([units[1]], SearchFilter()).count == 1
