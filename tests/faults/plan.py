"""Which faults strike when: drawn from a seed, so that a seed that found something can be played again."""

from __future__ import annotations

import random
from dataclasses import dataclass

KILLS = {
    "kill_send_horse": 5,
    "kill_send_worker": 2,
    "kill_other_horse": 1,
    "kill_other_worker": 1,
    "kill_sweeper": 1.5,
    "terminate_send_worker": 1,
    "freeze_send_horse": 1.5,
    "flush_valkey": 1,
    "kill_valkey": 1,
    "kill_postgres": 0.5,
    "kill_gateway": 1,
    "pause": 1,
}
"""Faults that strike processes (and the officer who pauses), by weight: a killed process costs seconds to start again, a horse none."""

CALL_FAULTS = (
    "hang", "reset", "error", "garbled", "empty", "truncated", "slow", "lying_receptors", "same_ids",  # after it was accepted
    "refuse", "hang_before", "error_before", "409", "451", "418",  # nothing was accepted
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Strike:
    """One fault: its moment in the plan's seconds (see `play.SPAN`), what, and for what has choices or lasts, two numbers from 0 to 1."""

    at: float
    kind: str
    choice: float
    extent: float


def draw(seed: int, messages: int, *, span: float) -> list[Strike]:
    """The strikes of one seed within `span` seconds, in order; more messages, more of them."""
    chance = random.Random(f"faults:{seed}:{messages}")
    strikes = [
        Strike(chance.uniform(0, span), kind, chance.random(), chance.random())
        for kind in chance.choices(list(KILLS), list(KILLS.values()), k=3 + messages // 400)
    ]
    strikes += [
        Strike(chance.uniform(0, span), f"gateway_{chance.choice(CALL_FAULTS)}", chance.random(), chance.random())
        for _ in range(3 + messages // 250)
    ]
    # Some strike while the first ones are being repaired.
    strikes += [
        Strike(chance.uniform(span, span * 1.5), chance.choice(("kill_other_horse", "gateway_look_up")), chance.random(), 0.0)
        for _ in range(2)
    ]
    # Citizens say «لغو» meanwhile.
    strikes += [Strike(chance.uniform(0, span), "suppress", chance.random(), 0.0) for _ in range(6)]
    return sorted(strikes)
