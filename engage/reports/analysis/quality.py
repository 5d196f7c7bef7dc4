"""The quality box: what became of everybody who was invited, by AAPOR's dispositions. Pure.

The list is of named people's numbers, and the invitation is a text with a link, so AAPOR's dispositions for internet surveys of specifically
named persons apply (Standard Definitions, 10th edition, 2023).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date

from engage.reports.analysis.shapes import Quality
from engage.statistics.response_rates import Dispositions, estimated_eligibility, outcome_rates

COMPLETE, PARTIAL, REFUSED, OTHER = "I", "P", "R", "O"
UNKNOWN, UNKNOWN_OTHER, NOT_ELIGIBLE = "UH", "UO", "NE"
DISPOSITIONS: dict[str, str] = {
    "answered": COMPLETE,
    # Eligible and reached; what they sent is in no figure.
    "left_out": OTHER,
    # Saved at least a page and never sent it off. How far they came isn't judged: RR2, 4 and 6 count them, the others don't.
    "partial": PARTIAL,
    # «برای من نیست»: the number has another holder now, who was never on the list.
    "not_for_me": NOT_ELIGIBLE,
    # Asked not to be written to after the invitation: an explicit refusal (2.11).
    "opted_out": REFUSED,
    # Began and left without anything saved: an implicit refusal or break-off (2.12).
    "broke_off": REFUSED,
    # The text arrived and nothing came back (3.19). That a link was opened changes nothing: robots open links, too.
    "silent": UNKNOWN,
    # No receipt of delivery: the invitation didn't arrive as far as is known (3.30).
    "not_delivered": UNKNOWN_OTHER,
}
"""What became of one invited person → disposition. Nobody is NC: a text isn't a call at which somebody was known to be absent."""


def quality_of(
    outcomes: Mapping[str, int], *, delivered: int, opened: int, started: int, days: Iterable[date | None] = ()
) -> Quality | None:
    """`outcomes` are people by the keys of `DISPOSITIONS`; None where nobody was invited. e is estimated by proportional allocation.
    `days` are those of the first text and of answers."""
    by_code = dict.fromkeys(("I", "P", "R", "NC", "O", "UH", "UO", "NE"), 0)
    for outcome, count in outcomes.items():
        by_code[DISPOSITIONS[outcome]] += count
    invited = sum(by_code.values())
    if not invited:
        return None
    counts = Dispositions(*(by_code[code] for code in ("I", "P", "R", "NC", "O", "UH", "UO", "NE")))
    e = estimated_eligibility(counts)
    rates = asdict(outcome_rates(counts, e))
    names = {"cooperation": "COOP", "contact": "CON", "refusal": "REF"}
    known = [day for day in days if day is not None]
    return Quality(
        invited,
        delivered,
        opened,
        started,
        counts.complete,
        counts.partial,
        counts.refused,
        by_code,
        e,
        {names.get(name, name.upper()): value for name, value in rates.items()},
        min(known, default=None),
        max(known, default=None),
    )
