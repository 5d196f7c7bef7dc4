"""`/metrics`: what it says, who may read it, and that reading it costs the database next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text

import campaigns.commands as campaigns
from campaigns import metrics as sending
from engage.clock import FrozenClock, now
from engage.config import Settings
from engage.db import db, transaction
from engage.jobs import redis_connection, ring
from engage.meter import METER
from engage.sms.simulator.process import SimulatorProcess
from engage.web.metrics import may_scrape
from tests import make


def scrape(client: FlaskClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {(s.name, *(value for _, value in sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_what_waits_is_told_with_its_age(app: Flask, client: FlaskClient, clock: FrozenClock) -> None:
    unit_id = make.make_unit()
    make.make_contacts(unit_id, 3)
    campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id))
    make.launch(campaign_id)
    settings: Settings = app.extensions["engage_settings"]
    campaigns.advance_campaign(campaign_id, settings)
    campaigns.materialise_wave(db.session.scalar(text("SELECT id FROM wave WHERE number = 1")))
    db.session.remove()
    with transaction() as session:
        session.execute(
            text("UPDATE message SET state = 'unknown', unknown_since = :at WHERE id = (SELECT min(id) FROM message)"), {"at": now()}
        )
        session.execute(text("UPDATE send_batch SET lease_until = :at"), {"at": now() - timedelta(seconds=1)})
    campaigns.store_receipts([(77, 10), (78, 10)])
    clock.advance(timedelta(seconds=90))
    redis_connection().flushdb()
    ring("bulk", "campaigns.jobs.materialise_wave", 1)
    found = scrape(client)
    assert found[("engage_unknown_messages",)] == 1
    assert found[("engage_unknown_oldest_seconds",)] == 90
    assert (found[("engage_open_batches",)], found[("engage_lapsed_leases",)], found[("engage_leased_batches",)]) == (1, 1, 0)
    assert (found[("engage_receipts_waiting",)], found[("engage_receipts_oldest_seconds",)]) == (2, 90)
    assert found[("engage_queue_jobs", "bulk")] == 1
    assert found[("engage_queue_jobs", "send")] == 0
    assert found[("engage_workers_alive", "send")] == 0
    assert ("engage_sweeper_silent_seconds",) not in found
    assert all(value == 0 for name, value in found.items() if name[0] == "engage_scrape_failures")


def test_sending_is_counted_over_all_processes(
    app: Flask, client: FlaskClient, drain: Callable[[], int], gateway_simulator: SimulatorProcess, clock: FrozenClock
) -> None:
    METER.flush()
    redis_connection().flushdb()
    unit_id = make.make_unit()
    make.make_contacts(unit_id, 4)
    campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id))
    make.launch(campaign_id)
    settings: Settings = app.extensions["engage_settings"]
    for _ in range(3):
        campaigns.advance_campaign(campaign_id, settings)
        drain()
    gateway_ids = list(db.session.scalars(text("SELECT gateway_id FROM message WHERE gateway_id IS NOT NULL")))
    db.session.remove()
    assert len(gateway_ids) == 4
    campaigns.store_receipts([(each, 10) for each in gateway_ids])
    clock.advance(timedelta(seconds=0.2))
    campaigns.apply_receipts(settings)
    found = scrape(client)
    assert found[("engage_claimed_messages_total",)] == 4
    assert found[("engage_message_outcomes_total", "accepted")] == 4
    assert found[("engage_receipts_applied_total",)] == 4
    assert found[("engage_receipt_lag_seconds_count",)] == 4
    assert found[("engage_receipt_lag_seconds_bucket", "0.1")] == 0
    assert found[("engage_receipt_lag_seconds_bucket", "0.25")] == 4


def test_requests_are_timed_by_room_and_never_named(app: Flask, client: FlaskClient) -> None:
    METER.flush()
    redis_connection().flushdb()
    client.get("/healthz")
    client.get("/nobody-knows-this-address")
    found = scrape(client)
    assert found[("engage_http_request_seconds_count", "web", "2xx")] == 1
    assert sum(value for (name, *labels), value in found.items() if name == "engage_http_request_seconds_count" and "4xx" in labels) == 1
    assert not any("nobody" in each for name in found for each in name)


def test_a_valkey_that_is_away_costs_figures_and_not_the_scrape(app: Flask, client: FlaskClient) -> None:
    there = app.extensions["engage_redis"]
    app.extensions["engage_redis"] = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))
    try:
        METER.add("claims")
        found = scrape(client)
    finally:
        app.extensions["engage_redis"] = there
    assert found[("engage_scrape_failures", "counters")] == 1
    assert found[("engage_scrape_failures", "sending")] == 0
    assert scrape(client)[("engage_claimed_messages_total",)] >= 1, "what was counted meanwhile must be kept"


@pytest.mark.parametrize(
    ("token", "authorization", "address", "forwarded", "may"),
    [
        ("", "", "127.0.0.1", False, True),
        ("", "", "::1", False, True),
        ("", "", "127.0.0.1", True, False),
        ("", "", "10.0.0.7", False, False),
        ("", "Bearer ", "10.0.0.7", False, False),
        ("", "", "", False, False),
        ("s3cret", "Bearer s3cret", "10.0.0.7", True, True),
        ("s3cret", "Bearer other", "127.0.0.1", False, False),
        ("s3cret", "", "127.0.0.1", False, False),
    ],
)
def test_who_may_read(token: str, authorization: str, address: str, forwarded: bool, may: bool) -> None:
    assert may_scrape(token, authorization, address, forwarded) is may


def test_strangers_get_a_404(app: Flask, client: FlaskClient) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    there = app.extensions["engage_settings"]
    app.extensions["engage_settings"] = replace(there, metrics_token="s3cret")
    try:
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"Authorization": "Bearer s3cret"}).status_code == 200
    finally:
        app.extensions["engage_settings"] = there


def test_every_statement_walks_an_index_of_what_is_open(app: Flask) -> None:
    """At a million finished messages nothing may be read that is done: plans without a scan of the large tables."""
    with transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        for statement in (sending.UNKNOWN, sending.OLDEST_UNKNOWN, sending.BATCHES, sending.INBOUND, sending.SINGLE_TEXTS, sending.CAMPAIGNS):
            plan = "\n".join(session.execute(text(f"EXPLAIN {statement}"), {"now": now()} if ":now" in statement else {}).scalars())
            assert "Seq Scan" not in plan, plan
