"""A backup taken in the midst of sending, an original that goes on, and a copy that is put back later on the same gateway account.

Judged by the gateway's ledger alone: the copy sends what the original had not sent, and nothing twice.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import campaigns.commands as campaigns
from engage.app import create_app
from engage.config import Settings
from engage.embedded import Servers
from engage.embedded.folders import socket_folder
from engage.operations.backup import back_up
from engage.operations.restore import restore
from engage.vault import Vault
from tests.faults.harness import Ground, Platform, prepare_run, verdict_of
from tests.faults.judge import read_ledger
from tests.faults.play import gateway_calm

MESSAGES = int(os.environ.get("ENGAGE_FAULT_MESSAGES") or 600)
SLOWLY = 300
"""Milliseconds a call takes, so that there is a midst of sending to take a backup in."""


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="engage-elsewhere-") as folder:
        yield Path(folder)
        shutil.rmtree(socket_folder(Path(folder)), ignore_errors=True)


def texted(ground: Ground, numbers: set[str]) -> int:
    return sum(line.receptor in numbers for line in read_ledger(ground.simulator.ledger_path))


@pytest.mark.parametrize("goes_on", [0.4, 1.0], ids=["the original dies on the way", "the original comes to its end"])
def test_a_restored_copy_sends_nothing_the_original_sent(ground: Ground, elsewhere: Path, goes_on: float) -> None:
    run = prepare_run(ground, 9_000 + int(goes_on * 100), MESSAGES, span=1.0)
    numbers = set(run.numbers.values())
    ground.simulator.admin("faults", clear=True, latency_ms=SLOWLY)
    with Platform(ground) as platform:
        platform.wait_ready()
        ground.do(lambda: campaigns.launch_campaign(run.campaign_id, actor_id=None))
        _until(platform, lambda: texted(ground, numbers) >= MESSAGES * 0.15)
        with_backup = texted(ground, numbers)
        back_up(ground.app, elsewhere / "b.tar")
        _until(platform, lambda: texted(ground, numbers) >= MESSAGES * goes_on)
        for process in platform._parts.values():
            process.kill()
            process.wait()
    gateway_calm(ground)
    at_death = _last_count(ground, numbers)
    assert with_backup < at_death
    assert (at_death < MESSAGES) == (goes_on < 1), "the copy must have something left to send, or nothing"
    place = elsewhere / "data"
    with Servers(place) as servers:
        (place / "keys").mkdir(mode=0o700)
        shutil.copy(ground.settings.keys_path, place / "keys" / "keys.json")
        environ = ground.environ | {
            "DATABASE_URL": str(servers.database_url),
            "REDIS_URL": str(servers.redis_url),
            "ENGAGE_DATA": str(place),
            "ENGAGE_KEYS": str(place / "keys" / "keys.json"),
        }
        settings = Settings.from_env(environ)
        told = restore(settings, elsewhere / "b.tar")
        assert told.campaigns_paused >= 1
        assert told.messages_unknown > 0
        copy = replace_ground(ground, servers, settings, environ)
        with Platform(copy) as platform:
            platform.wait_ready()
            _until(platform, lambda: not copy.ask("SELECT 1 FROM message WHERE campaign_id = %s AND state = 'unknown' LIMIT 1", run.campaign_id))
            assert texted(ground, numbers) == at_death, "a paused campaign sent"
            copy.do(lambda: campaigns.resume_campaign(run.campaign_id, actor_id=None))
            _until(
                platform,
                lambda: copy.ask("SELECT state FROM campaign WHERE id = %s", run.campaign_id)[0][0] in ("settling", "finished"),
            )
            verdict = verdict_of(copy, run)
    assert verdict.doubled == 0
    assert verdict.lost == 0
    assert verdict.received == MESSAGES
    assert verdict.is_clean


def _last_count(ground: Ground, numbers: set[str]) -> int:
    """How many phones got a text once everything that is on its way has come."""
    before, count = -1, texted(ground, numbers)
    while before != count:
        time.sleep(2.5)
        before, count = count, texted(ground, numbers)
    return count


def replace_ground(ground: Ground, servers: Servers, settings: Settings, environ: dict[str, str]) -> Ground:
    return replace(ground, servers=servers, settings=settings, environ=environ, app=create_app(settings, vault=Vault.load(settings.keys_path)))


def _until(platform: Platform, done: object, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it came to a stop"
        platform.tend()
        time.sleep(0.02)
