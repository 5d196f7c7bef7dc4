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
    "kill_web": 0.5,
    "terminate_send_worker": 1,
    "terminate_send_horse": 0.5,
    "terminate_other_part": 1,
    "freeze_send_horse": 1.5,
    "freeze_send_worker": 0.7,
    "freeze_sweeper": 1,
    "flush_valkey": 1,
    "kill_valkey": 1,
    "kill_postgres": 0.5,
    "kill_gateway": 1,
    "pause": 1,
    "storm": 2,
}
"""Faults that strike processes (and the officers who pause and resume), by weight: a killed process costs seconds to start again, a horse none."""

CALL_FAULTS = (
    "hang", "reset", "error", "garbled", "empty", "slow", "receipts_first",  # after it was accepted
    "truncated", "extended", "reordered", "lying_receptors", "lying_texts", "lying_ids", "same_ids", "foreign_ids", "swapped_ids",  # lies
    "refuse", "hang_before", "error_before", "409", "451", "418",  # nothing was accepted
)  # fmt: skip


CLOCKS = tuple(f"clock_{direction}_{size}" for direction in ("ahead", "behind") for size in ("minutes", "hours", "into_the_night"))
CLOCK_CHANCE = 0.4
CANCEL_CHANCE = 0.15


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
    # Citizens say «لغو», or take this one consent back, meanwhile.
    strikes += [Strike(chance.uniform(0, span), "suppress", chance.random(), 0.0) for _ in range(4)]
    strikes += [Strike(chance.uniform(0, span), "withdraw", chance.random(), 0.0) for _ in range(3)]
    # Two officers press the button together at the launch, and again later.
    strikes += [Strike(at, "launch_again", 0.0, 0.0) for at in (0.0, chance.uniform(0, span))]
    strikes += [Strike(chance.uniform(0, span), kind, chance.random(), chance.random()) for kind in ("disturb_receipts", "strange_webhooks")]
    if chance.random() < CLOCK_CHANCE:
        strikes.append(Strike(chance.uniform(0, span), chance.choice(CLOCKS), chance.random(), chance.random()))
    if chance.random() < CANCEL_CHANCE:
        strikes.append(Strike(chance.uniform(span * 0.2, span * 0.9), "storm_and_cancel", chance.random(), chance.random()))
    return sorted(strikes)
