"""What is wrong with sending at this moment, read from what is open alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from campaigns import credit, rules
from campaigns.kinds import traits_of
from campaigns.queries.health import sending_facts
from campaigns.queries.lines import hours_of
from campaigns.states import CampaignState
from engage.clock import TEHRAN, now
from engage.config import Settings
from engage.db import db
from engage.identity.queries import units_tree
from engage.identity.rules import Permission
from engage.jobs import QUEUES, queue_named, redis_connection
from engage.worker import HEARTBEAT_KEY
from surveys.queries import get_survey_facts

PREFIX = "sending."
"""Every cause found here begins with it: what is found no longer is closed by that."""

UNKNOWN_FOR = timedelta(minutes=15)
SILENT_FOR = timedelta(minutes=5)
LAGGING_FOR = timedelta(minutes=10)
DEADLINE_NEAR = timedelta(hours=1)
LOOK_BACK = timedelta(days=7)
CREDIT_MARGIN = 2_000_000
"""Rials that should be left beside what is reserved and protected"""
NEEDS_A_PERSON = frozenset({"pilot", "restored"})
"""Pauses that are no fault: somebody decides"""
MOST = 10_000


@dataclass(frozen=True)
class Cause:
    """One thing to be told once: `key` names the occasion, `path` the page on which something can be done."""

    key: str
    code: str
    unit_id: int
    path: str = "/console/campaigns/"
    params: dict[str, str | int] = field(default_factory=dict)
    permission: Permission = Permission.CAMPAIGNS_CONTROL
    text: bool = False
    besides: tuple[int, ...] = ()


# Active campaigns by their partial index, and alerts nobody has looked at; whether anything of them still waits.
_CAMPAIGNS = """
    SELECT c.id, c.slug, c.unit_id, c.title, c.kind, c.state, c.state_since, c.pause_code, c.pause_resumes, c.survey_id, c.line,
           c.window_start, c.window_end, c.sends_on_holidays, c.sends_on_fridays, c.not_after, c.scheduled_at,
           EXISTS (SELECT FROM send_batch b WHERE b.campaign_id = c.id AND b.is_open)
           OR EXISTS (SELECT FROM wave w WHERE w.campaign_id = c.id AND w.materialised_at IS NULL) AS waits
    FROM campaign c WHERE c.state NOT IN ('draft', 'finished', 'cancelled')
      AND (CAST(:only AS bigint) IS NULL OR c.id = :only)
    ORDER BY c.id
"""
_UNSEEN = """
    SELECT id, slug, unit_id, title, author_id FROM campaign
    WHERE kind = 'safety_alert' AND started_at > :since AND reviewed_at IS NULL ORDER BY id
"""
# Each part walks a partial index of what is open.
_BACKLOG = f"""
    SELECT (SELECT min(b.available_at) FROM send_batch b JOIN campaign c ON c.id = b.campaign_id AND c.state = 'sending'
            WHERE b.is_open AND (b.lease_until IS NULL OR b.lease_until <= :now)
              AND (c.pilot_last_id IS NULL OR b.last_id <= c.pilot_last_id)) AS send,
           (SELECT min(w.due_at) FROM wave w JOIN campaign c ON c.id = w.campaign_id
            WHERE w.materialised_at IS NULL AND c.state = 'materialising') AS bulk,
           (SELECT min(scheduled_at) FROM campaign WHERE state = 'scheduled') AS start,
           (SELECT min(try_at) FROM (SELECT try_at FROM receipt ORDER BY try_at LIMIT 1) first) AS receipts,
           (SELECT min(received_at) FROM (SELECT received_at FROM inbound_message WHERE handled_at IS NULL LIMIT {MOST}) open) AS inbound
"""
_UNKNOWN = f"""
    SELECT found.campaign_id, c.slug, c.unit_id, c.title, count(*) AS count
    FROM (SELECT campaign_id FROM message WHERE unknown_since <= :before AND state = 'unknown' LIMIT {MOST}) found
    JOIN campaign c ON c.id = found.campaign_id GROUP BY c.id, found.campaign_id
"""


def current_causes() -> list[Cause]:
    """Everything that somebody should see to now."""
    at = now()
    return [*_of_campaigns(at), *_unseen_alerts(at), *_unknown(at), *_of_installation(at)]


def pause_cause(campaign_id: int) -> Cause | None:
    """Why this campaign stands still and waits for a person; None where it doesn't."""
    row = db.session.execute(text(_CAMPAIGNS), {"only": campaign_id}).mappings().first()
    return None if row is None else _pause(row)


def _of_campaigns(at: datetime) -> Iterator[Cause]:
    for row in db.session.execute(text(_CAMPAIGNS), {"only": None}).mappings().all():
        paused = _pause(row)
        if paused is not None:
            yield paused
        if row["state"] in (CampaignState.SCHEDULED, CampaignState.MATERIALISING, CampaignState.SENDING, CampaignState.PAUSED):
            yield from _of_time(row, at)


def _pause(row: Any) -> Cause | None:
    code = row["pause_code"]
    if row["state"] != CampaignState.PAUSED or row["pause_resumes"] or code in (None, "user"):
        return None
    told = "campaign_waits" if code in NEEDS_A_PERSON else "campaign_paused"
    key = f"paused:{row['id']}:{code}:{row['state_since'].isoformat()}"
    return _about(row, key, told, text=True, why=code)


def _of_time(row: Any, at: datetime) -> Iterator[Cause]:
    """Hours, last moment and the survey's end, as far as anything still waits for them."""
    if not row["waits"] and row["state"] in (CampaignState.SENDING, CampaignState.PAUSED):
        return
    facts = None if row["survey_id"] is None or not traits_of(row["kind"]).invites else get_survey_facts(row["survey_id"])
    closes_at = None if facts is None else facts.closes_at
    begins = max(at, row["scheduled_at"]) if row["state"] == CampaignState.SCHEDULED and row["scheduled_at"] else at
    if facts is not None and (facts.state != "open" or (closes_at is not None and closes_at <= begins)):
        yield _about(row, f"survey:{row['id']}:{facts.state}", "campaign_survey_closed", text=True)
        return
    hours = hours_of(
        row["kind"],
        (row["window_start"], row["window_end"]),
        row["line"],
        begins,
        sends_on_holidays=row["sends_on_holidays"],
        sends_on_fridays=row["sends_on_fridays"],
        until=row["not_after"],
    )
    opens = None if hours is None else rules.next_opening(begins, hours)
    if opens is None or (closes_at is not None and opens >= closes_at):
        yield _about(row, f"never:{row['id']}:{row['state_since'].isoformat()}", "campaign_never_opens", text=True)
    elif row["not_after"] is not None and begins <= row["not_after"] <= begins + DEADLINE_NEAR:
        yield _about(row, f"deadline:{row['id']}:{row['not_after'].isoformat()}", "campaign_deadline", text=True)
    elif closes_at is not None and closes_at <= begins + DEADLINE_NEAR:
        yield _about(row, f"survey:{row['id']}:{closes_at.isoformat()}", "campaign_survey_closes", text=True)


def _about(row: Any, key: str, code: str, *, text: bool = False, **params: str | int) -> Cause:
    path = f"/console/campaigns/{row['slug']}"
    return Cause(PREFIX + key, code, row["unit_id"], path, {"title": row["title"], **params}, text=text)


def _unseen_alerts(at: datetime) -> Iterator[Cause]:
    """Its text waits for the morning: that is when a second person looks."""
    for row in db.session.execute(text(_UNSEEN), {"since": at - LOOK_BACK}).mappings():
        yield Cause(
            f"{PREFIX}look:{row['id']}",
            "alert_to_review",
            row["unit_id"],
            f"/console/campaigns/{row['slug']}",
            {"title": row["title"]},
            Permission.CAMPAIGNS_APPROVE,
            text=True,
            besides=() if row["author_id"] is None else (row["author_id"],),
        )


def _unknown(at: datetime) -> Iterator[Cause]:
    """Once a day and campaign: the oldest of them changes with every look-up."""
    for row in db.session.execute(text(_UNKNOWN), {"before": at - UNKNOWN_FOR}).mappings():
        yield _about(row, f"unknown:{row['campaign_id']}:{_day(at)}", "messages_unknown", count=row["count"])


def _of_installation(at: datetime) -> Iterator[Cause]:
    """What holds up every unit is told where it can be mended: at the top of the tree."""
    tops = [unit.id for unit in units_tree() if unit.parent_id is None]
    backlog = db.session.execute(text(_BACKLOG), {"now": at}).mappings().one()
    for code, key, text_too, params in (*_credit(at), *_silence(at, backlog), *_lag(at, backlog)):
        for top in tops:
            yield Cause(f"{PREFIX}{key}:{top}", code, top, params=params, text=text_too)


_Found = tuple[str, str, bool, dict[str, str | int]]


def _credit(at: datetime) -> Iterator[_Found]:
    known = credit.known_credit()
    if known is not None and known.left < known.reserved + known.protected + CREDIT_MARGIN:
        yield "credit_low", f"credit:{_day(at)}", known.left < known.reserved, {"credit": known.left, "reserved": known.reserved}


def _silence(at: datetime, row: Any) -> Iterator[_Found]:
    """Nobody works on what has been due for minutes."""
    due = {
        "send": row["send"],
        "bulk": row["bulk"],
        "default": min(filter(None, (row["start"], row["receipts"], row["inbound"])), default=None),
    }
    for queue in QUEUES:
        since = due[queue]
        if since is not None and since <= at - SILENT_FOR and not _has_worker(queue):
            yield "worker_silent", f"worker:{queue}:{_day(at)}", True, {"queue": queue}


def _lag(at: datetime, row: Any) -> Iterator[_Found]:
    behind = any(row[each] is not None and row[each] <= at - LAGGING_FOR for each in ("receipts", "inbound"))
    settings: Settings = current_app.extensions["engage_settings"]
    if behind:
        yield "webhooks_behind", f"behind:{_day(at)}", False, {}
    elif sending_facts(settings).receipts_overdue:
        yield "webhooks_missing", f"webhooks:{_day(at)}", False, {}


def _has_worker(queue: str) -> bool:
    """By the workers' own clock: they write their signs of life by it."""
    try:
        beats = [each.last_heartbeat for each in Worker.all(queue=queue_named(queue), serializer=JSONSerializer)]
    except RedisError:
        return False
    moments = [each if each.tzinfo else each.replace(tzinfo=UTC) for each in beats if each is not None]
    return any((datetime.now(UTC) - each).total_seconds() < 600 for each in moments)


def sweeper_cause() -> Cause | None:
    """Nobody rings the bells while something is due; asked for by the workers, as the sweeper can't report its own silence."""
    try:
        beat: Any = redis_connection().get(HEARTBEAT_KEY)
    except RedisError:
        return None
    if beat is not None and time.time() - int(beat) <= SILENT_FOR.total_seconds():
        return None
    row = db.session.execute(text(_BACKLOG), {"now": now()}).mappings().one()
    if not any(row[each] is not None and row[each] <= now() - SILENT_FOR for each in ("start", "receipts", "inbound")):
        return None
    top = next((unit.id for unit in units_tree() if unit.parent_id is None), None)
    return None if top is None else Cause(f"{PREFIX}sweeper:{_day(now())}", "sweeper_silent", top, text=True)


def _day(at: datetime) -> str:
    return at.astimezone(TEHRAN).date().isoformat()
