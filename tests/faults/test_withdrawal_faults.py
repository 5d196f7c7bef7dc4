"""Whoever takes consent back while a campaign is being sent gets no text that is claimed afterwards, or, by SMS, a minute afterwards:
real workers, real gateway, rows materialised long before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import update

import campaigns.commands as campaigns
from contacts import commands
from contacts.models import ContactConsent, ContactImport, ContactPolicy
from contacts.rules.consent import Channel
from engage.clock import now
from engage.db import transaction
from tests.faults.harness import LATENCY_MS, TIME_SCALE, Ground, Platform, Run, prepare_run, verdict_of
from tests.faults.play import _resume, gateway_calm

MESSAGES = 900
AT_ONCE = timedelta(0)
BY_SMS = timedelta(seconds=25 * TIME_SCALE + 10)
"""An SMS is obeyed by a worker: at worst the sweeper's round and a lost doorbell (25 s together, which are scaled) and the work itself,
which no scale makes faster. Within production's minute all the same."""
EACH_WAY = 12
PURPOSE = "survey_invitation"
_inbound = count(8_000_000)


@pytest.fixture(scope="module")
def platform(ground: Ground) -> Iterator[Platform]:
    with Platform(ground) as running:
        running.wait_ready()
        yield running


def test_nobody_is_texted_a_minute_after_they_withdrew(platform: Platform, ground: Ground) -> None:
    run = prepare_run(ground, 71, MESSAGES, span=1.0)
    identities = sorted(run.numbers)
    ways = _ways(run)
    # The last of the wave: their rows stand, and their turn comes when half of the texts are out.
    chosen = {name: identities[-1 - number :: -len(ways)][:EACH_WAY] for number, name in enumerate(ways)}
    contacts = dict(ground.ask("SELECT identity_id, id FROM contact WHERE identity_id = ANY(%s)", identities))
    ground.do(lambda: _bring_by_list(run, [contacts[each] for each in chosen["hold"]]))
    gateway_calm(ground)
    ground.simulator.admin("faults", latency_ms=1000)
    try:
        ground.do(lambda: campaigns.launch_campaign(run.campaign_id, actor_id=None))
        _wait(platform, lambda: _claimed(ground, run) >= MESSAGES // 20, 60)
        withdrawn = {}
        for name, withdraw in ways.items():
            for identity_id in chosen[name][:2] if name == "hold" else chosen[name]:
                ground.do(lambda withdraw=withdraw, identity_id=identity_id: withdraw(contacts[identity_id], identity_id))
                withdrawn[identity_id] = ground.now()
            if name == "hold":
                # Two objected; the list is held for all the others.
                withdrawn |= dict.fromkeys(chosen["hold"], ground.now())
        # The gateway is slow until workers on a busy machine have come to the SMS, or nobody would be waiting any more.
        _wait(platform, lambda: len(_stopped(ground, chosen["sms"])) == EACH_WAY, 60)
        ground.simulator.admin("faults", latency_ms=LATENCY_MS)
        _send_through(platform, run)
    finally:
        ground.simulator.admin("faults", latency_ms=LATENCY_MS)
    rows = {
        row[0]: row[1:]
        for row in ground.ask("SELECT identity_id, state, reason, claimed_at FROM message WHERE campaign_id = %s", run.campaign_id)
    }
    for name, people in chosen.items():
        allowed = BY_SMS if name == "sms" else AT_ONCE
        claimed = {identity: rows[identity][2] - withdrawn[identity] for identity in people if rows[identity][2] is not None}
        assert not {identity: after for identity, after in claimed.items() if after > allowed}, name
    for name, people in chosen.items():
        stopped = [rows[identity][1] for identity in people if rows[identity][0] == "suppressed"]
        assert len(stopped) >= EACH_WAY // 2, f"{name}: hardly anybody was still waiting, so this showed nothing: {len(stopped)}"
        assert set(stopped) <= {"hold": {"suppressed", "list_held"}, "officer": {"no_consent"}, "page": {"no_consent"}}.get(
            name, {"suppressed"}
        ), name
    obeyed = _stopped(ground, chosen["sms"])
    run.suppressed = {run.numbers[identity]: at for identity, at in (withdrawn | obeyed).items()}
    verdict = verdict_of(ground, run)
    assert (verdict.lost, verdict.doubled, verdict.to_suppressed, verdict.unsettled) == (0, 0, 0, 0), verdict
    assert sum(state in ("accepted", "delivered", "undelivered") for state, *_ in rows.values()) >= MESSAGES - len(withdrawn)


def _ways(run: Run) -> dict[str, Callable[[int, int], object]]:
    """How consent is taken back: contact and identity in, done when it returns (an SMS: when the gateway has told of it)."""
    return {
        "hold": lambda contact, _identity: commands.dispute_consent(contact, channel=Channel.PAGE, actor_id=None),
        "sms": lambda _contact, identity: campaigns.receive_inbound(next(_inbound), "30001234", run.numbers[identity], "لغو ۱۱"),
        "page": lambda contact, _identity: commands.withdraw_consent(contact, PURPOSE, channel=Channel.PAGE, actor_id=None),
        "officer": lambda contact, _identity: commands.withdraw_all(contact, reason="خواست", actor_id=None),
        "dispute": lambda contact, _identity: commands.dispute_consent(contact, channel=Channel.PAGE, actor_id=None),
    }


def _bring_by_list(run: Run, contact_ids: list[int]) -> None:
    """Their consents came by one list, which two objections hold."""
    with transaction() as session:
        found = session.connection().exec_driver_sql("SELECT unit_id FROM campaign WHERE id = %s", (run.campaign_id,)).scalar_one()
        session.add(ContactPolicy(unit_id=found, dispute_hold_count=2))
        brought = ContactImport(
            slug=f"faults{run.seed}",
            unit_id=found,
            state="finished",
            file_name="list.csv",
            file_sha256=b"x" * 32,
            stored_name="",
            created_at=now(),
        )
        session.add(brought)
        session.flush()
        session.execute(update(ContactConsent).where(ContactConsent.contact_id.in_(contact_ids)).values(import_id=brought.id))


def _stopped(ground: Ground, identities: list[int]) -> dict[int, datetime]:
    return dict(ground.ask("SELECT id, suppressed_at FROM phone_identity WHERE id = ANY(%s) AND suppressed_at IS NOT NULL", identities))


def _claimed(ground: Ground, run: Run) -> int:
    return int(ground.ask("SELECT count(*) FROM message WHERE campaign_id = %s AND claimed_at IS NOT NULL", run.campaign_id)[0][0])


def _send_through(platform: Platform, run: Run) -> None:
    """Until nothing is pending; the officer resumes what many opt-outs paused."""
    paused_since: dict[int, float] = {}

    def is_over() -> bool:
        states = dict(platform.ground.ask("SELECT id, state FROM campaign WHERE id = %s", run.campaign_id))
        _resume(platform, [run], states, paused_since)
        return states[run.campaign_id] in ("settling", "finished")

    _wait(platform, is_over, 120)


def _wait(platform: Platform, condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        platform.tend()
        time.sleep(0.05)
