"""AAPOR's outcome rates. Pure. Source: Standard Definitions, 10th edition (2023), section "Calculating outcome rates"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dispositions:
    """People by what became of them; those who turned out not to belong to the survey (NE) are in no rate."""

    complete: int = 0
    """I"""
    partial: int = 0
    """P"""
    refused: int = 0
    """R: refusal and break-off"""
    not_contacted: int = 0
    """NC: eligible, not reached"""
    other: int = 0
    """O: eligible, other"""
    unknown_household: int = 0
    """UH: it isn't known whether there is anybody eligible"""
    unknown_other: int = 0
    """UO"""
    not_eligible: int = 0
    """NE"""

    @property
    def unknown(self) -> int:
        return self.unknown_household + self.unknown_other

    @property
    def eligible(self) -> int:
        return self.complete + self.partial + self.refused + self.not_contacted + self.other


@dataclass(frozen=True)
class OutcomeRates:
    """Shares; None where nobody stands below the line."""

    rr1: float | None
    rr2: float | None
    rr3: float | None
    rr4: float | None
    rr5: float | None
    rr6: float | None
    cooperation: float | None
    """COOP1: complete among those who were reached and could answer"""
    contact: float | None
    """CON1"""
    refusal: float | None
    """REF1"""


def estimated_eligibility(counts: Dispositions) -> float | None:
    """e by the proportional allocation (CASRO) method: the share of the eligible among those of whom it is known. None while it is known
    of nobody."""
    known = counts.eligible + counts.not_eligible
    return counts.eligible / known if known else None


def outcome_rates(counts: Dispositions, e: float | None = None) -> OutcomeRates:
    """RR1 to RR6 and their kin; `e` between 0 and 1, estimated from the counts unless given."""
    share = estimated_eligibility(counts) if e is None else e
    whole = counts.eligible + counts.unknown
    estimated = counts.eligible + (share if share is not None else 1.0) * counts.unknown
    complete, taken = counts.complete, counts.complete + counts.partial
    return OutcomeRates(
        _of(complete, whole),
        _of(taken, whole),
        _of(complete, estimated),
        _of(taken, estimated),
        _of(complete, counts.eligible),
        _of(taken, counts.eligible),
        _of(complete, taken + counts.refused + counts.other),
        _of(taken + counts.refused + counts.other, whole),
        _of(counts.refused, whole),
    )


def _of(part: float, whole: float) -> float | None:
    return part / whole if whole else None
