"""Drawing people by a stated seed, so that anybody can draw the same ones again. Pure.

The rank of a number is SHA-256 of the UTF-8 text "SEED:ID" (SEED a decimal whole number, ID that of its phone identity); a sample of n
are the n lowest ranks. PostgreSQL computes the same: `sha256(convert_to('SEED:' || id, 'UTF8'))`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engage.refusal import Refused

MAX_SIZE = 10_000_000
MAX_SEED = 10**9


@dataclass(frozen=True)
class Sample:
    """`size` people at random, or with `by_neighbourhood` so that every neighbourhood is there in proportion.

    With `each_at_least_one`, no neighbourhood that has anybody goes without one, as long as the size allows.
    """

    size: int
    seed: int
    by_neighbourhood: bool = False
    each_at_least_one: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_SIZE or not 0 <= self.seed <= MAX_SEED:
            raise Refused("sample_invalid")

    def to_json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "seed": self.seed,
            "by_neighbourhood": self.by_neighbourhood,
            "each_at_least_one": self.each_at_least_one,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Sample:
        return cls(
            int(stored["size"]),
            int(stored["seed"]),
            bool(stored.get("by_neighbourhood")),
            bool(stored.get("each_at_least_one")),
        )


def rank(seed: int, identity_id: int) -> bytes:
    """Where a number stands in the draw of this seed."""
    return hashlib.sha256(f"{seed}:{identity_id}".encode()).digest()


def allocate(strata: Mapping[str, int], size: int, *, each_at_least_one: bool = False) -> dict[str, int]:
    """How many to draw of each stratum: proportional to its people, the remainder to the largest fractions (Hare's quota), ties to the
    larger stratum and then by name.

    The sum is exactly min(size, all people), and no stratum gives more than it has. With `each_at_least_one`, strata with people get
    one each first (the largest of them, where there are more strata than places) and the rest is shared out in proportion.
    """
    people = {name: count for name, count in strata.items() if count > 0}
    size = min(size, sum(people.values()))
    shares = dict.fromkeys(strata, 0)
    if each_at_least_one:
        for name in sorted(people, key=lambda each: (-people[each], each))[:size]:
            shares[name] = 1
            people[name] -= 1
    left = size - sum(shares.values())
    whole = sum(people.values())
    if not left or not whole:
        return shares
    quotas = {name: divmod(left * count, whole) for name, count in people.items()}
    for name, (share, _rest) in quotas.items():
        shares[name] += share
    left -= sum(share for share, _rest in quotas.values())
    for name in sorted(quotas, key=lambda each: (-quotas[each][1], -people[each], each))[:left]:
        shares[name] += 1
    return shares
