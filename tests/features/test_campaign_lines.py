"""Lines: the first one, what is decided about them, what citizens wrote to those without a webhook, and who blocked them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

import campaigns.commands as commands
from campaigns.commands.asking import poll_inbound, sync_blocked_lines
from campaigns.commands.lines import LineDraft, require_line, save_line, seed_first_line
from campaigns.queries.lines import get_line, list_lines, prices_of
from contacts.commands import is_number_stopped
from engage.clock import now
from engage.db import db
from engage.refusal import Refused
from engage.sms.port import GatewayUnavailable, Inbound
from engage.sms.segments import Script
from tests import people
from tests.sending import execute, scalar


@pytest.fixture
def line(app, settings):
    seed_first_line(settings)
    return settings.gateway_line


def test_the_first_line_is_known_once_and_what_was_decided_about_it_stays(settings, line):
    save_line(LineDraft(line, "خط اصلی", per_second=Decimal("12.5"), price_persian=2000), actor_id=None)
    seed_first_line(settings)
    found = get_line(line)
    db.session.rollback()
    assert (found.title, found.per_second, found.price_persian) == ("خط اصلی", Decimal("12.50"), 2000)
    assert prices_of(line).for_line(line).of(Script.PERSIAN) == 2000
    assert prices_of("unknown").for_line(None).of(Script.LATIN) == 4300
    seed_first_line(replace(settings, gateway_line=""))
    assert scalar("SELECT count(*) FROM sms_line") == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": "خط"}, "line_invalid"),
        ({"kind": "golden"}, "line_kind_unknown"),
        ({"per_second": Decimal(0)}, "line_throttle_invalid"),
        ({"price_latin": -1}, "line_prices_invalid"),
        ({"hours": {"*": [600, 600]}}, "line_hours_invalid"),
        ({"hours": {"party": [600, 700]}}, "line_hours_invalid"),
        ({"kind": "advertising", "hours": {"*": [360, 700]}}, "line_hours_invalid"),
        ({"unit_id": 10**6}, "unit_missing"),
    ],
)
def test_a_line_that_cannot_be_is_refused(app, changes, code):
    with pytest.raises(Refused, match=code):
        save_line(LineDraft(**({"number": "10004346"} | changes)), actor_id=None)
    db.session.rollback()


def test_a_line_serves_its_unit_and_those_below(app, line):
    _city, upper, other, district = people.make_units()
    save_line(LineDraft("20001111", unit_id=upper, allows_links=False), actor_id=None)
    assert require_line("20001111", district, needs_links=False, kind="announcement").number == "20001111"
    assert {each.number for each in list_lines(district)} == {line, "20001111"} and {each.number for each in list_lines(other)} == {line}
    for number, unit, links, kind, code in (
        ("20001111", other, False, "announcement", "line_unknown"),
        ("20001111", district, True, "survey", "line_without_links"),
        ("30000000", district, False, "survey", "line_unknown"),
    ):
        with pytest.raises(Refused, match=code):
            require_line(number, unit, needs_links=links, kind=kind)
    save_line(LineDraft(line, kind="advertising"), actor_id=None)
    with pytest.raises(Refused, match="line_not_for_alerts"):
        require_line(line, district, needs_links=False, kind="safety_alert")


class LosesAnswers:
    """A gateway whose first answer is lost on the way, after it has marked everything as read."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.calls = []

    def receive(self, line, *, already_read=False):
        self.calls.append(already_read)
        found = self.gateway.receive(line, already_read=already_read)
        if len(self.calls) == 1:
            raise GatewayUnavailable("timeout")
        return found


def test_inbound_texts_of_a_line_without_a_webhook_are_asked_for_and_a_lost_answer_is_made_up_for(app, settings, line, clock, gateway_simulator):
    gateway = LosesAnswers(app.extensions["engage_gateway"])
    save_line(LineDraft(line, has_webhook=False), actor_id=None)
    assert commands.due_for_inbound(now(), settings)
    gateway_simulator.admin("inbound", number="09121234567", text="لغو۱۱", line=line)
    assert poll_inbound(settings, gateway) == 0 and scalar("SELECT count(*) FROM inbound_message") == 0
    assert poll_inbound(settings, gateway) == 0 and len(gateway.calls) == 1, "not before its time"
    clock.advance(timedelta(seconds=settings.timings.inbound_poll))
    assert poll_inbound(settings, gateway) == 1 and gateway.calls == [False, True, False]
    clock.advance(timedelta(seconds=settings.timings.inbound_poll))
    assert poll_inbound(settings, gateway) == 0 and gateway.calls == [False, True, False, False]
    assert commands.handle_inbound() == 1 and is_number_stopped("+989121234567")


def test_a_full_page_is_followed_by_the_next(app, settings, line):
    save_line(LineDraft(line, has_webhook=False), actor_id=None)

    class Full:
        pages = 0

        def receive(self, number, *, already_read=False):
            self.pages += 1
            count = 100 if self.pages < 3 else 7
            return [Inbound(self.pages * 1000 + n, number, "+989121234567", "سلام", now()) for n in range(count)]

    assert poll_inbound(settings, Full()) == 207


def test_who_blocked_a_line_is_stopped_once_a_day_from_where_the_list_was_read(app, settings, line, clock, gateway_simulator):
    gateway = app.extensions["engage_gateway"]
    asked = []

    class Watched:
        def blocked(self, number, since=None):
            asked.append((number, since))
            return gateway.blocked(number, since)

    gateway_simulator.admin("blocked", add=["09121000000"])
    gateway_simulator.admin("blocked", add=["09121000001"], reason=1)
    assert commands.has_unsynced_lines(now(), settings)
    assert sync_blocked_lines(settings, Watched()) == 1 and is_number_stopped("+989121000000") and not is_number_stopped("+989121000001")
    assert sync_blocked_lines(settings, Watched()) == 0 and asked == [(line, None)]
    first = now()
    clock.advance(timedelta(days=1, seconds=1))
    assert sync_blocked_lines(settings, Watched()) == 0 and asked[1] == (line, first - timedelta(days=2))
    execute("UPDATE sms_line SET blocked_synced_at = NULL")

    class Away:
        def blocked(self, number, since=None):
            raise GatewayUnavailable("timeout")

    assert sync_blocked_lines(settings, Away()) == 0
    assert scalar("SELECT blocked_synced_at FROM sms_line") is None, "asked again with the next round"
