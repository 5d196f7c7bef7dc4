"""Who may be written to, and what an import may say about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """Why the office may write to someone (ISO/IEC TS 27560 calls it the lawful basis)."""

    CONSENT = "consent"
    PRIOR_RELATION = "prior_relation"
    LEGAL_DUTY = "legal_duty"
    CONTRACT = "contract"


class Channel(StrEnum):
    """How a ledger line came about."""

    IMPORT = "import"
    OFFICER = "officer"
    PAGE = "page"
    SMS = "sms"


ELIGIBLE_BASES: frozenset[Basis] = frozenset(Basis)
"""Whoever stands as given for a purpose may be written to for that purpose, on whatever basis: an undocumented prior relation
included, because the office inherits such lists and asks those people again with its first text. Narrowing it is one change here."""

DEFAULT_PURPOSE = "survey_invitation"


@dataclass(frozen=True)
class Standing:
    """Where a person stands for one purpose: what the last ledger line says."""

    given: bool
    basis: Basis


def may_import_give(standing: Standing | None, basis: Basis) -> bool:
    """Whether a list may add a "given" line for a person who stands so.

    Never after a withdrawal: only the person or an officer who speaks with them renews that. A list with documented consent
    strengthens an undocumented prior relation; anything else would only repeat what stands.
    """
    if standing is None:
        return True
    return standing.given and standing.basis is Basis.PRIOR_RELATION and basis is Basis.CONSENT
