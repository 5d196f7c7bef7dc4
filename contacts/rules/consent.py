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
    """A page only the holder of a link or of a code can open"""
    SMS = "sms"
    """An answer by SMS: 11, or the confirmed 12"""
    SURVEY = "survey"
    """The answer to a campaign that asks for permission"""
    SIGN_UP = "sign_up"
    DOUBLE_OPT_IN = "double_opt_in"
    OPERATOR = "operator"
    """The list of numbers the operator blocks"""
    DISPUTE = "dispute"
    """«اعتراض به رضایت»"""
    EXPIRY = "expiry"
    """A consent that ended after its time"""
    UNDO = "undo"
    """The reversal of a list or of a bulk action"""


OWN_CHANNELS: frozenset[Channel] = frozenset({Channel.PAGE, Channel.SMS, Channel.SURVEY, Channel.SIGN_UP, Channel.DOUBLE_OPT_IN})
"""Ways in which the holder of the number speaks, and nobody else. Only these renew what was stopped."""


ELIGIBLE_BASES: frozenset[Basis] = frozenset(Basis)
"""Whoever stands as given for a purpose may be written to for that purpose, on whatever basis: what people of an undocumented prior
relation receive is narrowed by their unit's policy (`PriorRelation`)."""


class PriorRelation(StrEnum):
    """What people without documented consent receive (`contact_policy.prior_relation_receives`)."""

    EVERYTHING = "everything"
    RE_PERMISSION = "re_permission"
    """Only the question for their consent"""
    NOTHING = "nothing"


def may_receive(basis: Basis, receives: PriorRelation, *, asks_permission: bool) -> bool:
    """Whether somebody who stands as given on `basis` gets a text; `asks_permission` is the question for consent itself."""
    if basis is not Basis.PRIOR_RELATION or receives is PriorRelation.EVERYTHING:
        return True
    return receives is PriorRelation.RE_PERMISSION and asks_permission


def must_hold(dispute_count: int, threshold: int) -> bool:
    """Whether so many disputes stop the list that brought the consents; a threshold of 0 never does."""
    return 0 < threshold <= dispute_count

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
