"""The judge finds what it is there to find: two common ways to send, on the same rows and gateway, killed in the middle or struck by the
same plans of faults that the engine is.

Checkpoint-on-fetch marks a batch as done when it is fetched: a kill before the call loses it. Send-then-mark marks it after the call
and sends again what isn't marked: a kill after the call doubles it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from multiprocessing.context import ForkProcess

import psycopg
import pytest
import requests

import campaigns.commands as campaigns
from campaigns.jobs import advance_campaign
from tests.faults.harness import LATENCY_MS, Ground, Run, prepare_run, verdict_of
from tests.faults.plan import Strike, draw

MESSAGES = 192
BATCH = 16
KILLED_IN_CALL = 3
PATIENCE = 2.0
"""Seconds a call may take"""
SIGNALS = {
    "kill_send_horse": signal.SIGKILL,
    "kill_send_worker": signal.SIGKILL,
    "terminate_send_horse": signal.SIGTERM,
    "terminate_send_worker": signal.SIGTERM,
    "freeze_send_horse": signal.SIGSTOP,
    "freeze_send_worker": signal.SIGSTOP,
}


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


STORMY_SEEDS = (1, 2, 3, 4, 5)


@pytest.mark.parametrize("pattern", ["checkpoint-on-fetch", "send-then-mark"])
def test_the_storms_that_the_engine_stands_break_reduced_patterns(ground: Ground, run: Run, pattern: str) -> None:
    """Five seeds' kills, stops and faults of the gateway; what has nothing to strike here (Valkey, sweepers, officers) is left out."""
    struck = play_storm(ground, run, pattern)
    verdict = verdict_of(ground, run)
    assert struck["SIGKILL"] and struck["call"] >= 10, struck
    if pattern == "checkpoint-on-fetch":
        assert verdict.lost >= BATCH and verdict.doubled == 0, verdict
    else:
        assert verdict.doubled >= BATCH and verdict.lost == 0, verdict


def play_storm(ground: Ground, run: Run, pattern: str) -> Counter[str]:
    """Each strike at the share of the work at which it would meet the engine; a sender that was killed starts again."""
    span = 1.0
    strikes = sorted(strike for seed in STORMY_SEEDS for strike in draw(seed, MESSAGES, span=span))
    waiting = [strike for strike in strikes if strike.at < span and (strike.kind.startswith("gateway_") or strike.kind in SIGNALS)]
    struck: Counter[str] = Counter()
    ground.simulator.admin("faults", clear=True, latency_ms=100)
    sender = start(ground, run, pattern)
    deadline = time.monotonic() + 90
    try:
        while left := ground.ask("SELECT count(*) FROM message WHERE campaign_id = %s AND state = 'pending'", run.campaign_id)[0][0]:
            assert time.monotonic() < deadline
            if not sender.is_alive():
                sender = start(ground, run, pattern)
            while waiting and waiting[0].at < span * (1 - left / MESSAGES):
                strike_sender(ground, sender, waiting.pop(0), struck)
            time.sleep(0.02)
        sender.join(30)
    finally:
        sender.kill()
        ground.simulator.admin("faults", clear=True, latency_ms=LATENCY_MS)
    return struck


def strike_sender(ground: Ground, sender: ForkProcess, strike: Strike, struck: Counter[str]) -> None:
    if strike.kind.startswith("gateway_"):
        if strike.kind != "gateway_look_up":
            ground.simulator.admin("faults", queue=[strike.kind.removeprefix("gateway_")])
            struck["call"] += 1
        return
    assert sender.pid is not None
    number = SIGNALS[strike.kind]
    with contextlib.suppress(ProcessLookupError):
        os.kill(sender.pid, number)
        struck[number.name] += 1
        if number == signal.SIGSTOP:
            time.sleep(0.3)
            os.kill(sender.pid, signal.SIGCONT)
        else:
            sender.join()


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
            is_sent = call(session, ground, [run.numbers[identity_id] for _, identity_id in rows], patience=60 if fault else PATIENCE)
            if pattern == "send-then-mark" and is_sent:
                mark(database, rows)


def call(session: requests.Session, ground: Ground, receptors: list[str], *, patience: float) -> bool:
    """Whether the gateway said 200. Who sends like this asks for no more."""
    try:
        answer = session.post(
            f"{ground.settings.gateway_url}/v1/{ground.settings.gateway_api_key}/sms/sendarray.json",
            data={
                "receptor": json.dumps(receptors),
                "sender": json.dumps([ground.settings.gateway_line] * len(receptors)),
                "message": json.dumps(["کار بعدی محله چه باشد؟"] * len(receptors)),
            },
            timeout=patience,
        )
    except requests.RequestException:
        return False
    return answer.status_code == 200


def mark(database: psycopg.Connection, rows: list[tuple[int, int]]) -> None:
    database.execute("UPDATE message SET state = 'accepted' WHERE id = ANY(%s)", ([id for id, _ in rows],))
