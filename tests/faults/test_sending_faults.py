"""kill -9 and friends while campaigns are sent: nothing lost, nothing doubled, by the gateway's own ledger.

`make test` plays eight seeds of 200 messages side by side, which between them draw every kind of fault there is. `make faults SEEDS=n
MESSAGES=m` plays more, and goes on where it was stopped: `var/faults/` lists the seeds that were clean with this very code.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from engage.embedded import Valkey
from engage.embedded.processes import spawn
from engage.operations.up import engage_command
from tests.faults.harness import ROOT, Ground, Platform, Run, verdict_of
from tests.faults.plan import draw
from tests.faults.play import SPAN, Outcome, play

MESSAGES = int(os.environ.get("ENGAGE_FAULT_MESSAGES") or 200)
SIDE_BY_SIDE = max(1, min(10, 8_000 // MESSAGES))
"""Seeds that share the processes, and the faults; their results are kept together"""
DEFAULT_SEEDS = (1, 3, 4, 8, 9, 10, 16, 17)


def code_digest() -> str:
    """Of all code below test, and of what a seed means: its good result holds for nothing else."""
    digest = hashlib.sha256()
    paths = [path for room in ("engage", "campaigns", "contacts", "surveys") for path in sorted((ROOT / room).rglob("*.py"))]
    paths += [ROOT / "tests" / "faults" / f"{name}.py" for name in ("plan", "striking", "play", "judge")]
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


PROGRESS = ROOT / "var" / "faults" / f"{MESSAGES}-{code_digest()}.jsonl"


def seeds_to_play() -> list[int]:
    wanted = os.environ.get("ENGAGE_FAULT_SEEDS")
    if not wanted:
        return list(DEFAULT_SEEDS)
    done = {json.loads(line)["seed"] for line in PROGRESS.read_text().splitlines()} if PROGRESS.exists() else set()
    return [seed for seed in range(1, int(wanted) + 1) if seed not in done]


SEEDS = seeds_to_play()
GROUPS = [SEEDS[start : start + SIDE_BY_SIDE] for start in range(0, len(SEEDS), SIDE_BY_SIDE)]


@pytest.fixture(scope="module")
def platform(ground: Ground) -> Iterator[Platform]:
    with Platform(ground, is_whole=True) as running:
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def played() -> list[Run]:
    return []


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def line(words: str) -> None:
        with capfd.disabled():
            print(f"\n{words}", end="", flush=True)

    return line


@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: f"seeds {seeds[0]}-{seeds[-1]}")
def test_nothing_is_lost_and_nothing_doubled(
    platform: Platform, seeds: list[int], played: list[Run], say: Callable[[str], None]
) -> None:
    runs, outcomes = play(platform, seeds, MESSAGES)
    played += runs
    for outcome in outcomes:
        say(outcome.line())
        if outcome.is_clean:
            _keep(outcome)
    assert all(outcome.is_clean for outcome in outcomes), "\n".join(each.line() for each in outcomes if not each.is_clean)


MUST_STRIKE = {
    "kill_send_horse", "kill_send_worker", "kill_sweeper", "kill_valkey", "flush_valkey", "kill_postgres", "kill_gateway",
    "freeze_send_horse", "freeze_send_worker", "freeze_sweeper", "terminate_send_worker",
    "storm", "storm_and_cancel", "launch_again", "suppress", "withdraw",
    "disturb_receipts", "receipt_duplicated", "receipt_reordered", "strange_webhooks", "gateway_receipts_first",
    "a clock ahead", "a clock behind", "a lie of the gateway",
}  # fmt: skip
LIES = {f"gateway_{name}" for name in ("truncated", "extended", "reordered", "lying_receptors", "lying_ids", "same_ids", "foreign_ids", "swapped_ids")}
FURTHER_SEEDS = 12


def struck(platform: Platform) -> set[str]:
    kinds = set(platform.fired)
    kinds |= {f"a clock {way}" for way in ("ahead", "behind") if any(kind.startswith(f"clock_{way}") for kind in kinds)}
    return kinds | ({"a lie of the gateway"} if kinds & LIES else set())


def test_every_kind_of_fault_has_struck(platform: Platform, played: list[Run], say: Callable[[str], None]) -> None:
    """A kill that finds no work-horse at its moment strikes nothing; so further seeds are played until each kind has struck."""
    if len(played) < len(DEFAULT_SEEDS):
        return
    later = iter(range(max(SEEDS) + 1, max(SEEDS) + 1 + FURTHER_SEEDS))
    while missing := MUST_STRIKE - struck(platform):
        useful = next((seed for seed in later if missing & promised(seed)), None)
        assert useful is not None, f"faults that never struck: {missing}"
        test_nothing_is_lost_and_nothing_doubled(platform, [useful], played, say)


def promised(seed: int) -> set[str]:
    """What the seed's plan would strike with."""
    kinds = {strike.kind for strike in draw(seed, MESSAGES, span=SPAN)}
    return kinds | {f"a clock {kind.split('_')[1]}" for kind in kinds if kind.startswith("clock_")} | ({"a lie of the gateway"} if kinds & LIES else set())


def test_every_campaign_finishes_and_nothing_comes_late(
    platform: Platform, ground: Ground, played: list[Run], say: Callable[[str], None]
) -> None:
    """Receipts are polled for while the next seeds' faults go on; in the end nothing is open, and no text was still on its way."""
    if not played:
        pytest.skip("every seed was clean already with this very code")
    deadline = time.monotonic() + 90
    while states := _open_states(ground, played):
        assert time.monotonic() < deadline, f"still open: {states}"
        platform.tend()
        time.sleep(0.2)
    verdicts = [verdict_of(ground, run) for run in played]
    say(
        f"{len(played)} seeds × {MESSAGES} messages: lost {sum(v.lost for v in verdicts)}, doubled {sum(v.doubled for v in verdicts)}, "
        f"sent to suppressed or withdrawn numbers {sum(v.to_suppressed for v in verdicts)} of {sum(v.suppressed for v in verdicts)}, "
        f"outside the window {sum(v.outside_window for v in verdicts)}, open in the end 0; cancelled in time {sum(v.cancelled for v in verdicts)}; "
        f"faults: {dict(sorted(platform.fired.items()))}; restarts: {dict(sorted(platform.restarts.items()))}"
    )
    assert all(verdict.is_clean for verdict in verdicts)
    launches = Counter(answer["campaign"] for answer in platform.desks.answers() for _ in range(answer["done"].get("launch", 0)))
    assert {run.campaign_id: launches[run.campaign_id] for run in played} == {run.campaign_id: 1 for run in played}


@pytest.mark.parametrize("is_back", [False, True], ids=["valkey away", "valkey back"])
def test_a_worker_survives_valkey_and_still_stops_when_told(ground: Ground, is_back: bool) -> None:
    """Killed under an idle worker: it takes jobs again once Valkey is back, and SIGTERM ends it within seconds either way."""
    with tempfile.TemporaryDirectory(prefix="engage-valkey-") as folder:
        valkey = Valkey(folder)
        url = valkey.start()
        log = Path(folder) / "worker.log"
        worker = spawn(engage_command("work", "default"), log=log, environment=ground.environ | {"REDIS_URL": url}, folder=ROOT)
        try:
            _until(lambda: Redis.from_url(url).scard("rq:workers") == 1, 60, "the worker did not start")
            valkey.kill()
            time.sleep(1.5)
            assert worker.poll() is None, log.read_text()
            if is_back:
                valkey.start()
                queue = Queue("default", connection=Redis.from_url(url), serializer=JSONSerializer)
                queue.enqueue_call("campaigns.jobs.advance_campaigns", result_ttl=0)
                _until(lambda: queue.count == 0, 15, "the worker did not come back")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(10) == 0, log.read_text()
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
            valkey.kill()


def _until(condition: Callable[[], bool], seconds: float, words: str) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except RedisError:
            pass
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


def _open_states(ground: Ground, runs: list[Run]) -> dict[str, int]:
    """Campaigns that have not come to their end, by state; a cancelled one has when none of its texts is open."""
    rows = ground.ask(
        "SELECT state FROM campaign c WHERE id = ANY(%s) AND state <> 'finished' AND (state <> 'cancelled' OR EXISTS ("
        " SELECT 1 FROM message m WHERE m.campaign_id = c.id AND m.state IN ('pending', 'sending', 'unknown', 'accepted')))",
        [run.campaign_id for run in runs],
    )
    return dict(Counter(row[0] for row in rows))


def _keep(outcome: Outcome) -> None:
    if not os.environ.get("ENGAGE_FAULT_SEEDS"):
        return
    PROGRESS.parent.mkdir(parents=True, exist_ok=True)
    with PROGRESS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")
