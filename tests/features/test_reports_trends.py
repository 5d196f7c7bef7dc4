"""Units over a span of time, rounds of a survey, and the same survey elsewhere: over real answers, and only for who may see them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from campaigns.queries.periods import replies_by_unit
from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.identity.models import AuditEntry
from engage.identity.queries import units_tree
from engage.identity.rules import Role
from engage.reports import commands as reports
from engage.reports.trends.periods import period_around
from engage.reports.trends.queries import elsewhere, rounds_of
from engage.reports.trends.rollup import roll_up
from surveys import commands as surveys
from tests.features.test_reports_live import Asked, deliver_messages
from tests.people import make_person, sign_in, without_csrf

PAGE = "/console/reports-units"


def two_districts() -> tuple[Asked, Asked]:
    """District 12 likes the lights, district 6 the pavements; both were reached by a campaign."""
    here = Asked()
    there = Asked(unit_id=here.units[2])
    for asked, choices in ((here, ("a1", "a2")), (there, ("a2", "a1"))):
        asked.answer({"q1": choices[0], "q2": 4}, 40)
        asked.answer({"q1": choices[1], "q2": 2}, 10)
        deliver_messages(asked, {"delivered": list(asked.invited)})
        reports.refresh_report(asked.id, force=True)
    with transaction() as session:
        session.execute(text("UPDATE message SET accepted_at = now()"), {})
        session.execute(text("UPDATE message SET accepted_at = :at"), {"at": now()})
    return here, there


def test_units_stand_side_by_side_and_nobody_counts_twice_in_the_sum(app: Flask, clock: FrozenClock) -> None:
    here, there = two_districts()
    with transaction() as session:
        # The same person is on the lists of both districts.
        session.execute(
            text(
                "UPDATE message SET identity_id = (SELECT min(identity_id) FROM message) WHERE id = (SELECT max(m.id) FROM message m"
                " JOIN wave w ON w.id = m.wave_id WHERE w.number = 1)"
            )
        )
    lines = {line.unit_id: line for line in roll_up(units_tree(), period_around(now()))}
    assert (lines[here.unit_id].campaigns, lines[here.unit_id].people, lines[here.unit_id].answers) == (1, 50, 50)
    assert (lines[there.unit_id].people, lines[None].people, lines[None].answers) == (50, 99, 100)
    assert set(lines) == {here.unit_id, there.unit_id, None}
    assert roll_up(units_tree(), period_around(now()).moved(-1)) == []


def test_results_promised_and_late_are_counted_in_their_month(app: Flask, clock: FrozenClock) -> None:
    asked = Asked()
    surveys.publish_survey(asked.id, closes_at=None, results_on=(now() + timedelta(days=3)).date(), actor_id=None)
    before = {line.unit_id: line for line in roll_up(units_tree(), period_around(now()))}[asked.unit_id]
    assert (before.promised, before.late) == (1, 0)
    clock.advance(timedelta(days=5))
    after = {line.unit_id: line for line in roll_up(units_tree(), period_around(now()))}[asked.unit_id]
    assert (after.promised, after.late) == (1, 1)


def test_the_page_and_its_table_are_for_who_may_see_the_units(app: Flask, client: FlaskClient) -> None:
    here, there = two_districts()
    with without_csrf(app):
        central = sign_in(app.test_client(), make_person(here.units[0], Role.MANAGER))
        page = central.get(PAGE)
        assert page.status_code == 200 and "شهرداری منطقهٔ ۶" in page.text and "۱۰۰" in page.text
        rows = list(csv.reader(io.StringIO(central.get(f"{PAGE}.csv").data.decode("utf-8-sig"))))
        assert sorted(row[0] for row in rows[1:-1]) == ["شهرداری منطقهٔ ۱۲", "شهرداری منطقهٔ ۶"]
        assert (rows[-1][0], rows[-1][5]) == ("جمع", "100")
        own = sign_in(app.test_client(), make_person(here.unit_id, Role.MANAGER))
        assert "شهرداری منطقهٔ ۶" not in own.get(PAGE).text and "شهرداری منطقهٔ ۶" not in own.get(f"{PAGE}.csv").text
        assert central.get(f"{PAGE}?period=1405-13").status_code == 404
        assert "کاری ثبت نشده" in central.get(f"{PAGE}?period=1390").text
    assert db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "units_exported")).all() == ["units_exported"] * 2


def test_rounds_of_a_survey_are_found_and_their_changes_marked(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    first = Asked()
    first.answer({"q1": "a1", "q2": 5}, 40)
    first.answer({"q1": "a2", "q2": 5}, 10)
    reports.refresh_report(first.id, force=True)
    clock.advance(timedelta(days=90))
    second = Asked(unit_id=first.unit_id)
    second.answer({"q1": "a1", "q2": 5}, 10)
    second.answer({"q1": "a2", "q2": 5}, 40)
    reports.refresh_report(second.id, force=True)
    found = rounds_of(second.report())
    assert [slug for slug, _name in found.sides] == [first.slug, second.slug]
    compared = next(each for each in found.questions if each.question.key == "q1")
    assert [cell.mark for cell in compared.lines[1].cells][:2] == [-1, 1] and compared.lines[0].base == 50
    with without_csrf(app):
        manager = sign_in(client, make_person(first.unit_id, Role.MANAGER))
        page = manager.get(f"{second.url}/rounds").text
        assert "بیشتر از دور پیش" in page and "از بقیه" not in page
        assert "▲" in page and "▼" in page and "حاشیهٔ خطا" not in page
        stranger = sign_in(app.test_client(), make_person(first.units[2], Role.MANAGER))
        assert stranger.get(f"{second.url}/rounds").status_code == 404


def test_elsewhere_means_units_the_reader_may_see(app: Flask, client: FlaskClient) -> None:
    here, there = two_districts()
    names = {node.id: node.name for node in units_tree()}
    found = elsewhere(here.report(), {here.unit_id, there.unit_id}, names)
    assert [name for _slug, name in found.sides] == ["شهرداری منطقهٔ ۱۲", "شهرداری منطقهٔ ۶"]
    assert elsewhere(here.report(), {here.unit_id}, names).questions == []
    with without_csrf(app):
        central = sign_in(app.test_client(), make_person(here.units[0], Role.MANAGER))
        assert "شهرداری منطقهٔ ۶" in central.get(f"{here.url}/elsewhere").text
        own = sign_in(app.test_client(), make_person(here.unit_id, Role.MANAGER))
        assert "شهرداری منطقهٔ ۶" not in own.get(f"{here.url}/elsewhere").text


def test_nobody_answered_is_no_reply(app: Flask) -> None:
    asked = Asked()
    assert replies_by_unit([asked.unit_id], now() - timedelta(days=1), now() + timedelta(days=1)) == {}
