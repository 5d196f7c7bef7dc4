"""Several seeds at once: launch their campaigns, let every fault strike at its moment, be the officer who resumes, wait, judge."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import campaigns.commands as campaigns
from engage.clock import TEHRAN
from engage.refusal import Refused
from tests.faults.harness import LATENCY_MS, Ground, Platform, Run, prepare_run, verdict_of
from tests.faults.judge import Verdict
from tests.faults.plan import Strike
from tests.faults.striking import Hand

SPAN = 6.0
"""The seconds of a plan. They pass as the campaign's texts reach phones, so that faults strike in the midst of its sending, however
fast or slow that is; while no phone receives anything for longer than `STALL_SECONDS`, they pass by the clock."""
STALL_SECONDS = 1.5
LIMIT_SECONDS = 240.0
"""And a second more for every `MESSAGES_A_SECOND` messages"""
MESSAGES_A_SECOND = 25
BEFORE_FIRST = 0.12
"""The share of a plan that may pass before a run's first text has reached its phone"""
FIRST_SECONDS = 60.0
"""…which is waited for so long while nothing else moves either"""
RESUME_SECONDS = 0.4
TRY_SECONDS = 8.0
"""A fault that finds nothing to strike (no work-horse between two jobs) tries that long."""

NIGHT = ("outside_window", "resting_day")


@dataclass
class Outcome:
    seed: int
    state: str
    faults: dict[str, int]
    verdict: Verdict
    seconds: float

    @property
    def is_clean(self) -> bool:
        return self.state in ("settling", "finished", "cancelled") and self.verdict.is_clean

    def line(self) -> str:
        said = ", ".join(f"{name} {value}" for name, value in asdict(self.verdict).items())
        return f"seed {self.seed}: {self.state}, {said}; {sum(self.faults.values())} faults ({_listed(self.faults)})"


def play(platform: Platform, seeds: list[int], messages: int) -> tuple[list[Run], list[Outcome]]:
    """The seeds' campaigns are sent side by side by the same processes, each bringing its own faults, until all are settling.

    One that is in the midst of sending shortly before a full minute has its window end there, and open again a little later.
    """
    ground = platform.ground
    runs = [prepare_run(ground, seed, messages, span=SPAN) for seed in seeds]
    gateway_calm(ground)
    began = time.monotonic()
    _launch(platform, runs)
    faults = {run.seed: Counter[str]() for run in runs}
    _send_through(platform, runs, faults, began)
    seconds = round(time.monotonic() - began, 1)
    states = _states(ground, runs)
    outcomes = [Outcome(run.seed, states[run.campaign_id], dict(faults[run.seed]), verdict_of(ground, run), seconds) for run in runs]
    return runs, outcomes


def _launch(platform: Platform, runs: list[Run]) -> None:
    """Each campaign by a double click: two officers press at the same moment. Until it is launched they press again."""
    ground = platform.ground
    assert platform.desks is not None
    pressed: dict[int, float] = {}
    deadline = time.monotonic() + 60
    while waiting := [run for run in runs if _states(ground, [run])[run.campaign_id] == "approved"]:
        assert time.monotonic() < deadline, "nobody could launch"
        for run in waiting:
            if time.monotonic() > pressed.get(run.seed, 0.0) + 5:
                pressed[run.seed] = time.monotonic()
                platform.desks.tell(run.campaign_id, ["launch"], ["launch"])
        platform.tend()
        time.sleep(0.02)


def gateway_calm(ground: Ground) -> None:
    """No fault of an earlier run waits for this one's launch."""
    ground.simulator.admin("faults", clear=True, latency_ms=LATENCY_MS)


def _send_through(platform: Platform, runs: list[Run], faults: dict[int, Counter[str]], began: float) -> None:
    ground, hand = platform.ground, Hand(platform)
    progress = _Progress(ground.simulator.ledger_path, runs)
    waiting = sorted(((strike, run) for run in runs for strike in run.strikes), key=lambda each: each[0])
    paused_since: dict[int, float] = {}
    tried_until: dict[tuple[Strike, int], float] = {}
    look_at = began
    ends = began + LIMIT_SECONDS + sum(len(run.numbers) for run in runs) / MESSAGES_A_SECOND
    while True:
        platform.tend()
        progress.look()
        left = []
        for strike, run in waiting:
            if strike.at > progress.passed(run):
                left.append((strike, run))
            elif hand.strike(strike, run):
                faults[run.seed][strike.kind] += 1
            elif time.monotonic() < tried_until.setdefault((strike, run.seed), time.monotonic() + TRY_SECONDS):
                left.append((strike, run))
        waiting = left
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + 0.2
            states = _states(ground, runs)
            _resume(platform, runs, states, paused_since)
            midst = [run for run in runs if states[run.campaign_id] == "sending" and progress.share(run) < 0.7]
            if midst and not ground.clock.jump_seconds and 56 <= ground.now().second <= 58 and all(run.shut is None for run in runs):
                _shut_window(ground, midst[0])
            if not waiting and platform.is_calm and _is_over(ground, runs, states):
                return
            if time.monotonic() > ends:
                return
        time.sleep(0.01)


def _is_over(ground: Ground, runs: list[Run], states: dict[int, str]) -> bool:
    """Nothing goes out any more: those that were cancelled have no text left that is uncertain."""
    if not set(states.values()) <= {"settling", "finished", "cancelled"}:
        return False
    cancelled = [run.campaign_id for run in runs if states[run.campaign_id] == "cancelled"]
    return not cancelled or not ground.ask(
        "SELECT 1 FROM message WHERE campaign_id = ANY(%s) AND state IN ('pending', 'sending', 'unknown') LIMIT 1", cancelled
    )


class _Progress:
    """What share of each run's numbers the ledger shows."""

    def __init__(self, ledger: Path, runs: list[Run]) -> None:
        self._ledger = ledger
        self._read = ledger.stat().st_size if ledger.exists() else 0
        self._seed_of = {number: run.seed for run in runs for number in run.numbers.values()}
        self._count: Counter[int] = Counter()
        self._looked_at = self._moved_at = time.monotonic()
        self.stalled = 0.0
        """Seconds in which nothing moved, beyond the first `STALL_SECONDS` of each stall."""
        self._stalled_before: dict[int, float] = {}
        """What it was when a run's first text reached its phone"""

    def look(self) -> None:
        before, self._looked_at = self._looked_at, time.monotonic()
        if not self._ledger.exists() or self._ledger.stat().st_size == self._read:
            if self._looked_at > self._moved_at + STALL_SECONDS:
                self.stalled += self._looked_at - before
            return
        self._moved_at = self._looked_at
        with self._ledger.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        self._count.update(self._seed_of.get(json.loads(line)["receptor"], 0) for line in whole.splitlines())
        for seed in self._count:
            self._stalled_before.setdefault(seed, self.stalled)

    def passed(self, run: Run) -> float:
        """Seconds of the run's plan. As long as it waits for its first text, others being sent before it, only what a plan begins with
        strikes: later nothing would be left to strike."""
        if run.seed not in self._stalled_before:
            is_waited_for = self._looked_at < self._moved_at + FIRST_SECONDS
            return min(self.stalled, SPAN * BEFORE_FIRST) if is_waited_for else self.stalled
        before = self._stalled_before[run.seed]
        return SPAN * self.share(run) + self.stalled - before + min(before, SPAN * BEFORE_FIRST)

    def share(self, run: Run) -> float:
        return self._count[run.seed] / len(run.numbers)


def _states(ground: Ground, runs: list[Run]) -> dict[int, str]:
    return dict(ground.ask("SELECT id, state FROM campaign WHERE id = ANY(%s)", [run.campaign_id for run in runs]))


def _resume(platform: Platform, runs: list[Run], states: dict[int, str], since: dict[int, float]) -> None:
    """The officer resumes what was paused; what the window paused resumes by itself once it is open again."""
    ground = platform.ground
    for run in runs:
        if run.shut is not None and ground.clock.true_now() >= run.shut[1]:
            ground.ask("UPDATE campaign SET window_end = 1260 WHERE id = %s AND window_end < 1260 RETURNING id", run.campaign_id)
    for run in runs:
        if states[run.campaign_id] != "paused":
            since.pop(run.campaign_id, None)
            continue
        if time.monotonic() < since.setdefault(run.campaign_id, time.monotonic()) + RESUME_SECONDS:
            continue
        del since[run.campaign_id]
        if run.shut is not None and run.shut[0] <= ground.clock.true_now() < run.shut[1]:
            platform.fired["window_closed"] += 1
            continue

        def work(run: Run = run) -> None:
            try:
                campaigns.resume_campaign(run.campaign_id, actor_id=None)
            except Refused as refused:  # the engine was faster, or a clock is wrong
                if refused.code not in ("state_forbids", *NIGHT):
                    raise

        ground.do(work)


def _shut_window(ground: Ground, run: Run) -> None:
    ends = ground.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    run.shut = (ends, ends + timedelta(seconds=3))
    local = ends.astimezone(TEHRAN)
    ground.ask("UPDATE campaign SET window_end = %s WHERE id = %s RETURNING id", local.hour * 60 + local.minute, run.campaign_id)


def _listed(faults: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(faults.items()))
