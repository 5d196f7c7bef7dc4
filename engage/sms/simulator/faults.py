"""What can go wrong on purpose: a queue of faults to come, seeded random ones, and latency."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BEFORE = frozenset({"refuse", "hang_before", "error_before"})
"""Nothing was accepted: connection closed, no reply ever, 503."""
AFTER = frozenset({"hang", "reset", "error", "garbled", "empty", "lying_receptors", "lying_texts", "lying_ids", "same_ids",
                   "foreign_ids", "swapped_ids", "reordered", "truncated", "extended", "receipts_first", "slow"})  # fmt: skip
"""Everything was accepted, and the reply is missing, broken, false or late. `foreign_ids` are those of texts sent before, `swapped_ids` each
that of its neighbour; `extended` names one text more than were given."""
RECEIPTS = frozenset({"receipt_duplicated", "receipt_reordered", "receipt_lost"})
FATES = frozenset({"undelivered", "late"})
"""What becomes of a message: never reaches the phone (11), or is called undelivered before it is delivered (11, then 10)."""

SEND_METHODS = frozenset({"sms/sendarray", "sms/send"})


def is_call_fault(name: str) -> bool:
    """Whether the name is a fault of one call: one of ours, or a return code such as "409" (nothing accepted)."""
    return name in BEFORE or name in AFTER or (name.isdecimal() and 400 <= int(name) <= 999)


@dataclass
class _Queued:
    name: str
    times: int
    methods: frozenset[str] | None


@dataclass
class Faults:
    """Decides, call by call; the same seed gives the same decisions."""

    latency: float = 0.0
    slow_seconds: float = 1.0
    seed: int | None = None
    rates: dict[str, float] = field(default_factory=dict)
    fired: Counter[str] = field(default_factory=Counter)
    _queue: list[_Queued] = field(default_factory=list)
    _random: random.Random = field(default_factory=random.Random)
    _call_rates: list[tuple[str, float]] = field(default_factory=list)
    _methods: frozenset[str] | None = SEND_METHODS

    def enqueue(self, items: Iterable[Any]) -> None:
        """Faults to come, in order: names, or {"fault", "times", "methods"}; methods default to sending. ValueError for others."""
        ready = []
        for item in items:
            item = {"fault": item} if isinstance(item, str | int) else item
            name = str(item["fault"])
            if not is_call_fault(name):
                raise ValueError(f"no such fault: {name}")
            ready.append(_Queued(name, int(item.get("times", 1)), _methods(item.get("methods"))))
        self._queue += ready

    def set_rates(self, rates: Mapping[str, float], seed: int | None, methods: Any = None) -> None:
        """Random faults from now on, each with its probability. ValueError for unknown names or impossible numbers."""
        clean = {str(name): float(rate) for name, rate in rates.items()}
        for name, rate in clean.items():
            if not (is_call_fault(name) or name in RECEIPTS or name in FATES) or not 0 <= rate <= 1:
                raise ValueError(f"no such fault or probability: {name}={rate}")
        calls = [(name, rate) for name, rate in clean.items() if is_call_fault(name)]
        if sum(rate for _, rate in calls) > 1:
            raise ValueError("probabilities of call faults add up to more than 1")
        self.rates, self._call_rates, self.seed = clean, calls, seed
        self._methods = _methods(methods)
        self._random = random.Random(seed)

    def next_fault(self, method: str) -> str | None:
        """The fault of this call, if any: the first queued one that fits, else by chance."""
        for index, queued in enumerate(self._queue):
            if queued.methods is None or method in queued.methods:
                queued.times -= 1
                if queued.times <= 0:
                    del self._queue[index]
                return self._fire(queued.name)
        if self._call_rates and (self._methods is None or method in self._methods):
            drawn = self._random.random()
            for name, rate in self._call_rates:
                drawn -= rate
                if drawn < 0:
                    return self._fire(name)
        return None

    def happens(self, name: str) -> bool:
        """Whether a receipt or fate fault strikes this once."""
        rate = self.rates.get(name, 0.0)
        if not rate or self._random.random() >= rate:
            return False
        self._fire(name)
        return True

    def shuffle(self, items: list[Any]) -> None:
        self._random.shuffle(items)

    def clear(self) -> None:
        """No fault, no latency; what has fired stays counted."""
        self._queue.clear()
        self.set_rates({}, None)
        self.latency = 0.0

    def pending(self) -> int:
        return sum(each.times for each in self._queue)

    def _fire(self, name: str) -> str:
        self.fired[name] += 1
        return name


def _methods(given: Any) -> frozenset[str] | None:
    """None means every method."""
    if given is None:
        return SEND_METHODS
    return None if given == "all" else frozenset(map(str, given))
