"""The judge finds what it is there to find: two common ways to send, on the same rows and gateway, killed in the middle.

Checkpoint-on-fetch marks a batch as done when it is fetched: a kill before the call loses it. Send-then-mark marks it after the call
and sends again what isn't marked: a kill after the call doubles it.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from multiprocessing.context import ForkProcess

import psycopg
import pytest
import requests

import campaigns.commands as campaigns
from campaigns.jobs import advance_campaign
from tests.faults.harness import Ground, Run, prepare_run, verdict_of

MESSAGES = 96
BATCH = 16
KILLED_IN_CALL = 3


@pytest.fixture
def run(ground: Ground) -> Run:
    """A campaign whose rows stand ready and which the engine leaves alone."""
    prepared = prepare_run(ground, 0, MESSAGES, span=1.0)
    ground.simulator.admin("faults", clear=True)
    with ground.app.app_context():
        campaigns.launch_campaign(prepared.campaign_id, actor_id=None)
        advance_campaign(prepared.campaign_id)
        ((wave_id,),) = ground.ask("SELECT id FROM wave WHERE campaign_id = %s", prepared.campaign_id)
        campaigns.materialise_wave(wave_id)
    return prepared


@pytest.mark.parametrize(
    ("pattern", "fault", "lost", "doubled"), [("checkpoint-on-fetch", "hang_before", BATCH, 0), ("send-then-mark", "hang", 0, BATCH)]
)
def test_the_judge_finds_what_reduced_patterns_lose_and_double(
    ground: Ground, run: Run, pattern: str, fault: str, lost: int, doubled: int
) -> None:
    kill_in_a_call(ground, run, pattern, fault)
    start(ground, run, pattern).join(30)
    verdict = verdict_of(ground, run)
    assert not verdict.is_clean
    assert (verdict.people, verdict.received) == (MESSAGES, MESSAGES - lost)
    assert (verdict.lost, verdict.doubled, verdict.contradicted) == (lost, doubled, lost)


@pytest.mark.parametrize("pattern", ["checkpoint-on-fetch", "send-then-mark"])
def test_the_same_patterns_pass_as_long_as_nobody_kills_them(ground: Ground, run: Run, pattern: str) -> None:
    start(ground, run, pattern).join(30)
    assert verdict_of(ground, run).is_clean


def kill_in_a_call(ground: Ground, run: Run, pattern: str, fault: str) -> None:
    """SIGKILL while a call in the middle has no answer."""
    fired = ground.simulator.stats()["faults_fired"].get(fault, 0)
    sender = start(ground, run, pattern, fault)
    deadline = time.monotonic() + 30
    while ground.simulator.stats()["faults_fired"].get(fault, 0) == fired:
        assert sender.is_alive() and time.monotonic() < deadline
        time.sleep(0.02)
    sender.kill()
    sender.join()


def start(ground: Ground, run: Run, pattern: str, fault: str = "") -> ForkProcess:
    sender = multiprocessing.get_context("fork").Process(target=send_all, args=(ground, run, pattern, fault), daemon=True)
    sender.start()
    return sender


def send_all(ground: Ground, run: Run, pattern: str, fault: str) -> None:
    """The reduced sender, until no row is pending. Like most, it gives the gateway no id of its own to know a repetition by."""
    url = ground.settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as database, requests.Session() as session:
        session.trust_env = False
        calls = 0
        while rows := database.execute(
            "SELECT id, identity_id FROM message WHERE campaign_id = %s AND state = 'pending' ORDER BY id LIMIT %s", (run.campaign_id, BATCH)
        ).fetchall():
            calls += 1
            if pattern == "checkpoint-on-fetch":
                mark(database, rows)
            if fault and calls == KILLED_IN_CALL:
                session.post(f"{ground.settings.gateway_url}/_admin/faults", json={"queue": [fault]}, timeout=10)
            answer = session.post(
                f"{ground.settings.gateway_url}/v1/{ground.settings.gateway_api_key}/sms/sendarray.json",
                data={
                    "receptor": json.dumps([run.numbers[identity_id] for _, identity_id in rows]),
                    "sender": json.dumps([ground.settings.gateway_line] * len(rows)),
                    "message": json.dumps(["کار بعدی محله چه باشد؟"] * len(rows)),
                },
                timeout=60,
            )
            answer.raise_for_status()
            if pattern == "send-then-mark":
                mark(database, rows)


def mark(database: psycopg.Connection, rows: list[tuple[int, int]]) -> None:
    database.execute("UPDATE message SET state = 'accepted' WHERE id = ANY(%s)", ([id for id, _ in rows],))
