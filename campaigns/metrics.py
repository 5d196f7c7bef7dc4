"""The figures of sending for `/metrics`. Each statement walks a partial index of what is open, never the messages that are done."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import text

from campaigns.credit import known_credit
from campaigns.states import CampaignState
from engage.clock import now
from engage.db import db
from engage.web.metrics import age, gauge, register_metrics

MOST = 5_000
"""More than this is told as this: a figure that large says enough, and counting on would cost the database."""

UNKNOWN = f"SELECT count(*) FROM (SELECT FROM message WHERE unknown_since IS NOT NULL AND state = 'unknown' LIMIT {MOST}) found"
OLDEST_UNKNOWN = "SELECT unknown_since FROM message WHERE unknown_since IS NOT NULL AND state = 'unknown' ORDER BY unknown_since LIMIT 1"
BATCHES = (
    "SELECT count(*), count(lease_until) FILTER (WHERE lease_until > :now), count(lease_until) FILTER (WHERE lease_until <= :now)"
    f" FROM (SELECT lease_until FROM send_batch WHERE is_open LIMIT {MOST}) open"
)
RECEIPTS = f"SELECT count(*) FROM (SELECT FROM receipt LIMIT {MOST}) waiting"
OLDEST_RECEIPT = "SELECT received_at FROM receipt ORDER BY id LIMIT 1"
INBOUND = f"SELECT count(*), min(received_at) FROM (SELECT received_at FROM inbound_message WHERE handled_at IS NULL LIMIT {MOST}) waiting"
SINGLE_TEXTS = f"SELECT count(*), min(created_at) FROM (SELECT created_at FROM single_text WHERE settled_at IS NULL LIMIT {MOST}) open"
CAMPAIGNS = "SELECT state, count(*) FROM campaign WHERE state NOT IN ('draft', 'finished', 'cancelled') GROUP BY state"


def install(app: Flask) -> None:
    register_metrics(app, "sending", sending_figures)
    register_metrics(app, "credit", credit_figures)


def sending_figures() -> Iterator[Metric]:
    execute = db.session.execute
    yield gauge(
        "unknown_messages", f"Messages of which nobody knows what became of them, at most {MOST}", execute(text(UNKNOWN)).scalar_one()
    )
    yield gauge("unknown_oldest_seconds", "Age of the oldest of them", age(execute(text(OLDEST_UNKNOWN)).scalar()))
    batches, leased, lapsed = execute(text(BATCHES), {"now": now()}).one()
    yield gauge("open_batches", "Batches with messages to send", batches)
    yield gauge("leased_batches", "Batches a worker holds", leased)
    yield gauge("lapsed_leases", "Batches whose worker let the lease run out", lapsed)
    yield gauge("receipts_waiting", "Delivery reports not applied yet", execute(text(RECEIPTS)).scalar_one())
    yield gauge("receipts_oldest_seconds", "Age of the oldest of them", age(execute(text(OLDEST_RECEIPT)).scalar()))
    inbound, oldest = execute(text(INBOUND)).one()
    yield gauge("inbound_waiting", "Citizens' texts nobody has handled", inbound)
    yield gauge("inbound_oldest_seconds", "Age of the oldest of them", age(oldest))
    singles, oldest = execute(text(SINGLE_TEXTS)).one()
    yield gauge("single_texts_waiting", "Codes and other single texts not settled", singles)
    yield gauge("single_texts_oldest_seconds", "Age of the oldest of them", age(oldest))
    states = GaugeMetricFamily("engage_campaigns", "Campaigns under way by state", labels=["state"])
    by_state: dict[str, int] = dict(execute(text(CAMPAIGNS)).tuples().all())
    for state in CampaignState:
        if state not in (CampaignState.DRAFT, CampaignState.FINISHED, CampaignState.CANCELLED):
            states.add_metric([str(state)], float(by_state.get(state, 0)))
    yield states


def credit_figures() -> Iterator[Metric]:
    known = known_credit()
    yield gauge("gateway_credit_rials", "Credit at the gateway when it was last asked", known.credit if known else None)
    yield gauge("gateway_reserved_rials", "Rials approved campaigns may still need", known.reserved if known else None)
    yield gauge("gateway_asked_seconds", "Since the gateway was last asked for its credit", age(known.asked_at) if known else None)
