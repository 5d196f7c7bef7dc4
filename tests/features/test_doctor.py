"""`engage doctor`: every reason why nothing could be sent now is one line with what to do, and the exit code says whether there is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

import campaigns.commands as campaigns
from engage.clock import now
from engage.config import Settings
from engage.db import db, transaction
from engage.identity.fingerprints import check_fingerprints
from engage.operations.doctor import Finding, examine, exit_code
from engage.sms.simulator.process import SimulatorProcess
from tests import make


@pytest.fixture
def campaign_id(app: Flask) -> int:
    check_fingerprints()
    unit_id = make.make_unit()
    make.make_contacts(unit_id, 3)
    found = make.make_campaign(unit_id, make.make_survey(unit_id))
    make.launch(found)
    return found


def findings(app: Flask) -> dict[str, Finding]:
    return {each.name: each for each in examine(app)}


def test_parts_that_are_not_running_are_named(app: Flask, campaign_id: int) -> None:
    found = findings(app)
    assert [name for name, each in found.items() if each.state == "fail"] == ["worker send", "worker bulk", "worker default", "sweeper"]
    assert all(each.advice for each in found.values() if each.state != "ok")
    assert {"keys", "database", "tables", "clock", "valkey", "gateway", "line", "links", "webhooks", "unknown messages", "disk"} <= set(found)
    assert exit_code(list(found.values())) == 1


def test_credit_below_what_is_reserved_fails(app: Flask, campaign_id: int, gateway_simulator: SimulatorProcess) -> None:
    with transaction() as session:
        session.execute(text("UPDATE campaign SET cost_estimate = 900000000000000"))
    found = findings(app)["gateway"]
    assert found.state == "fail"
    assert "reserved" in found.says


def test_refused_links_and_a_missing_line_fail(app: Flask, campaign_id: int) -> None:
    with transaction() as session:
        session.execute(text("UPDATE campaign SET state = 'paused', pause_code = 'gateway_420'"))
    there: Settings = app.extensions["engage_settings"]
    app.extensions["engage_settings"] = replace(there, gateway_line="", webhook_token="")
    try:
        found = findings(app)
    finally:
        app.extensions["engage_settings"] = there
    assert (found["links"].state, found["line"].state, found["webhooks"].state) == ("fail", "fail", "warn")


def test_messages_nobody_can_look_up_any_more_wait_for_a_decision(app: Flask, campaign_id: int) -> None:
    settings: Settings = app.extensions["engage_settings"]
    campaigns.advance_campaign(campaign_id, settings)
    campaigns.materialise_wave(db.session.scalar(text("SELECT id FROM wave WHERE number = 1")))
    db.session.remove()
    old = now() - timedelta(seconds=settings.timings.lookup_window + 1)
    with transaction() as session:
        session.execute(
            text("UPDATE message SET state = 'unknown', unknown_since = :now, claimed_at = :now"), {"now": now()}
        )
        session.execute(text("UPDATE message SET claimed_at = :old WHERE id = (SELECT min(id) FROM message)"), {"old": old})
    found = findings(app)["unknown messages"]
    assert found.state == "warn"
    assert found.says.startswith("1 messages")


def test_a_gateway_in_debug_mode_reaches_nobody(app: Flask, campaign_id: int, gateway_simulator: SimulatorProcess) -> None:
    gateway = app.extensions["engage_gateway"]

    class Debugging:
        def __getattr__(self, name: str) -> object:
            return getattr(gateway, name)

        def configuration(self) -> dict[str, str]:
            return {"debugmode": "enabled"}

    app.extensions["engage_gateway"] = Debugging()
    try:
        assert findings(app)["gateway mode"].state == "fail"
    finally:
        app.extensions["engage_gateway"] = gateway
