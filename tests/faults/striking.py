"""The hand that kills, freezes, starves and misleads: every kind of fault a plan may name, by the name it has there."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import requests
from redis import Redis
from redis.exceptions import RedisError

import campaigns.commands as campaigns
from contacts.commands import suppress_identity, withdraw_consent
from contacts.rules.consent import Channel
from engage.embedded.processes import is_alive
from engage.refusal import Refused
from tests.faults.clocks import Jump
from tests.faults.ground import PURPOSE, Run
from tests.faults.harness import OTHERS, SENDERS, SWEEPERS, WEB, Platform
from tests.faults.plan import Strike

STORM_STEPS = 24
STORM_EVERY = 0.02
DISTURBED_RECEIPTS = {"receipt_duplicated": 0.4, "receipt_reordered": 0.4, "receipt_lost": 0.1}
MINUTE, HOUR = 60.0, 3600.0
JUMPS = {"minutes": (MINUTE, 8 * MINUTE), "hours": (2 * HOUR, 6 * HOUR), "into_the_night": (12 * HOUR, 13 * HOUR)}
"""Eight minutes are four hours of production: what is claimed by a clock that is hours behind must stay within the gateway's memory."""
GRAIN = 0.3
"""Between our clocks' jump and the gateway's: a call that was begun in the open window has reached it by then."""

_direct = build_opener(ProxyHandler({}))


class Hand:
    """Strikes one platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.ground = platform.ground

    def strike(self, strike: Strike, run: Run) -> bool:
        """The fault strikes; False when there is nothing to strike just now."""
        kind = strike.kind
        if kind.startswith("gateway_"):
            done = self._disturb_gateway(kind.removeprefix("gateway_"), 1 + int(strike.extent * 2))
        elif kind.startswith("clock_"):
            done = self._jump(kind, strike)
        else:
            done = bool(getattr(self, f"_{kind}")(strike, run))
        if done:
            self.platform.fired[kind] += 1
        return done

    # -- processes ------------------------------------------------------------------------------------------------------------

    def _kill_send_horse(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.horses(*SENDERS), strike.choice, signal.SIGKILL)

    def _kill_other_horse(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.horses(*OTHERS), strike.choice, signal.SIGKILL)

    def _kill_send_worker(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.running(*SENDERS), strike.choice, signal.SIGKILL)

    def _kill_other_worker(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.running(*OTHERS), strike.choice, signal.SIGKILL)

    def _kill_sweeper(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.running(*SWEEPERS), strike.choice, signal.SIGKILL)

    def _kill_web(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.horses(WEB), strike.choice, signal.SIGKILL)

    def _terminate_send_worker(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.running(*SENDERS), strike.choice, signal.SIGTERM)

    def _terminate_send_horse(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.horses(*SENDERS), strike.choice, signal.SIGTERM)

    def _terminate_other_part(self, strike: Strike, _run: Run) -> bool:
        return _signal(self.platform.running(*OTHERS, *SWEEPERS), strike.choice, signal.SIGTERM)

    def _freeze_send_horse(self, strike: Strike, _run: Run) -> bool:
        return self._freeze(self.platform.horses(*SENDERS), strike)

    def _freeze_send_worker(self, strike: Strike, _run: Run) -> bool:
        return self._freeze(self.platform.running(*SENDERS), strike)

    def _freeze_sweeper(self, strike: Strike, _run: Run) -> bool:
        return self._freeze(self.platform.running(*SWEEPERS), strike)

    def _freeze(self, pids: Sequence[int], strike: Strike) -> bool:
        """Stopped for longer than a lease, up to longer than lease, grace and both look-ups."""
        if not _signal(pids, strike.choice, signal.SIGSTOP):
            return False
        pid = _pick(pids, strike.choice)
        timings = self.ground.settings.timings
        seconds = timings.lease * 1.2 + strike.extent * (timings.unknown_grace + timings.lookup_interval)
        self.platform.later(seconds, lambda: _goes_on(pid))
        return True

    # -- servers --------------------------------------------------------------------------------------------------------------

    def _flush_valkey(self, _strike: Strike, _run: Run) -> bool:
        with contextlib.suppress(RedisError), Redis.from_url(str(self.ground.servers.redis_url)) as connection:
            return bool(connection.flushall())
        return False

    def _kill_valkey(self, _strike: Strike, _run: Run) -> bool:
        with contextlib.suppress(RedisError), Redis.from_url(str(self.ground.servers.redis_url)) as connection:
            return _send(int(connection.info("server")["process_id"]), signal.SIGKILL)
        return False

    def _kill_postgres(self, _strike: Strike, _run: Run) -> bool:
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.ground.settings.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
            return _send(pid, signal.SIGKILL)
        return False

    # -- gateway --------------------------------------------------------------------------------------------------------------

    def _kill_gateway(self, strike: Strike, _run: Run) -> bool:
        if self.ground.simulator._process is None:
            return False
        self.ground.simulator.kill()
        self.platform.later(0.1 + strike.extent, self.ground.start_gateway)
        return True

    def _disturb_gateway(self, fault: str, times: int) -> bool:
        if fault == "look_up":
            item: dict[str, Any] = {"fault": "error_before", "times": 1, "methods": ["sms/statuslocalmessageid"]}
        else:
            item = {"fault": fault, "times": times}
        return self._tell_gateway(queue=[item]) is not None

    def _disturb_receipts(self, strike: Strike, _run: Run) -> bool:
        """For some seconds receipts come twice, in another order than they happened, or not at all."""
        before = self._tell_gateway(rates=DISTURBED_RECEIPTS, seed=int(strike.choice * 1e9))
        if before is None:
            return False

        def end() -> None:
            after = self._tell_gateway(rates={})
            for name in DISTURBED_RECEIPTS if after is not None else ():
                # A gateway killed meanwhile has begun to count anew.
                self.platform.fired[name] += max(0, after["fired"].get(name, 0) - before["fired"].get(name, 0))

        self.platform.later(1.5 + strike.extent * 2, end)
        return True

    def _tell_gateway(self, **given: Any) -> dict[str, Any] | None:
        try:
            return dict(self.ground.simulator.admin("faults", **given))
        except (requests.RequestException, RuntimeError):
            return None

    def _strange_webhooks(self, strike: Strike, run: Run) -> bool:
        """Reports nobody sent: of ids that are nobody's, with a word that isn't ours, and what no gateway writes."""
        chance = random.Random(strike.choice)
        right = self.ground.webhook_url
        forged = right.replace(self.ground.settings.webhook_token, "0" * len(self.ground.settings.webhook_token))
        mine = self.ground.ask("SELECT gateway_id FROM message WHERE campaign_id = %s AND gateway_id IS NOT NULL LIMIT 5", run.campaign_id)
        answers = [
            # Status 11 would call what reached its phone undelivered, and 13 cancelled.
            *(_call(forged, {"messageid": str(row[0]), "status": "11"}) for row in mine),
            _call(forged, {"messageid": str(chance.randrange(10**12)), "status": "10"}),
            *(_call(right, {"messageid": str(chance.randrange(10**17, 10**18)), "status": str(status)}) for status in (10, 11, 13)),
            _call(right, {"messageid": "-1", "status": "10"}),
            _call(right, {"messageid": "۱" * 40, "status": "دو"}),
            _call(right, {}),
        ]
        if None in answers:
            return False  # the web is being killed just now
        expected = [404] * (len(mine) + 1) + [200] * 3 + [400] * 3
        assert answers == expected or 503 in answers, (answers, expected)
        return True

    # -- people ---------------------------------------------------------------------------------------------------------------

    def _pause(self, _strike: Strike, run: Run) -> bool:
        def work() -> bool:
            try:
                campaigns.pause_campaign(run.campaign_id, actor_id=None)
            except Refused:
                return False
            return True

        return bool(self.ground.do(work))

    def _launch_again(self, _strike: Strike, run: Run) -> bool:
        """The page was still open somewhere, and both officers press once more."""
        assert self.platform.desks is not None
        self.platform.desks.tell(run.campaign_id, ["launch"], ["launch"])
        return True

    def _storm(self, strike: Strike, run: Run) -> bool:
        """Two officers who don't know of each other pause and resume, again and again; what is paused in the end the officer resumes."""
        return self._storm_of(strike, run, [])

    def _storm_and_cancel(self, strike: Strike, run: Run) -> bool:
        """The same, and in the midst of it both cancel."""
        run.is_cancelled = self._storm_of(strike, run, ["cancel"])
        return run.is_cancelled

    def _storm_of(self, strike: Strike, run: Run, last: list[str]) -> bool:
        assert self.platform.desks is not None
        ((state,),) = self.ground.ask("SELECT state FROM campaign WHERE id = %s", run.campaign_id)
        if state not in ("sending", "paused"):
            return False
        chance = random.Random(strike.choice)
        sides = [chance.choices(["pause", "resume"], k=STORM_STEPS) + last * 20 + ["pause", "resume"] * 3 for _ in range(2)]
        self.platform.desks.tell(run.campaign_id, *sides, every=STORM_EVERY * (0.2 + strike.extent))
        return True

    def _suppress(self, strike: Strike, run: Run) -> bool:
        identity_id = _pick(list(run.numbers), strike.choice)

        def work() -> datetime | None:
            return self.ground.clock.true_now() if suppress_identity(identity_id, "sms", actor_id=None) else None

        return self._stops(run, identity_id, work)

    def _withdraw(self, strike: Strike, run: Run) -> bool:
        """On the preference page, for this purpose alone."""
        identity_id = _pick(list(run.numbers), strike.choice)
        ((contact_id,),) = self.ground.ask("SELECT id FROM contact WHERE identity_id = %s", identity_id)

        def work() -> datetime | None:
            taken_back = withdraw_consent(contact_id, PURPOSE, channel=Channel.PAGE, actor_id=None)
            return self.ground.clock.true_now() if taken_back else None

        return self._stops(run, identity_id, work)

    def _stops(self, run: Run, identity_id: int, work: Callable[[], datetime | None]) -> bool:
        since = self.ground.do(work)
        if since is not None:
            run.suppressed.setdefault(run.numbers[identity_id], since)
        return since is not None

    # -- clocks ---------------------------------------------------------------------------------------------------------------

    def _jump(self, kind: str, strike: Strike) -> bool:
        """All clocks are wrong for some seconds, and then right again; in one jump's time no other."""
        clock = self.ground.clock
        if clock.jump_seconds or self.ground.simulator._process is None:
            return False
        _, direction, size = kind.split("_", 2)
        low, high = JUMPS[size]
        seconds = (low + strike.choice * (high - low)) * (1 if direction == "ahead" else -1)
        jump = Jump(seconds, clock.true_now())
        self.ground.jumps.append(jump)
        clock.jump(seconds)
        ledger = self.ground.simulator.ledger_path

        def follow() -> None:
            jump.first_place = ledger.stat().st_size if ledger.exists() else 0
            self.ground.set_gateway_clock()

        def end() -> None:
            self.ground.set_gateway_clock(is_right=True)
            clock.jump(0.0)
            jump.ends = clock.true_now()
            jump.last_place = ledger.stat().st_size if ledger.exists() else 0

        self.platform.later(GRAIN, follow)

        self.platform.later(GRAIN + 0.7 + strike.extent * 2, end)
        return True


def _call(url: str, fields: dict[str, str]) -> int | None:
    try:
        with _direct.open(Request(url, data=urlencode(fields).encode()), timeout=10) as reply:
            return int(reply.status)
    except URLError as error:
        return getattr(error, "code", None)
    except OSError:
        return None


def _pick(items: Sequence[int], choice: float) -> int:
    return items[int(choice * len(items))]


def _signal(pids: Sequence[int], choice: float, number: int) -> bool:
    return bool(pids) and _send(_pick(pids, choice), number)


def _goes_on(pid: int) -> None:
    _send(pid, signal.SIGCONT)


def _send(pid: int, number: int) -> bool:
    if not is_alive(pid):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
