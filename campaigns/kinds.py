"""What kinds of campaigns there are, and what each needs and obeys. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CampaignKind(StrEnum):
    SURVEY = "survey"
    """An invitation to a survey by a personal link"""
    ANNOUNCEMENT = "announcement"
    """A service notice to a topic or an area"""
    SAFETY_ALERT = "safety_alert"
    ALL_CLEAR = "all_clear"
    """To exactly those the gateway took a safety alert for"""
    CORRECTION = "correction"
    """To exactly those a wrong text reached or may have reached"""
    RESULT = "result"
    """Thanks and results, to those who took part"""
    CONVERSATION = "conversation"
    """A survey answered by replying"""


@dataclass(frozen=True)
class KindTraits:
    """What follows from a kind."""

    needs_survey: bool = False
    invites: bool = False
    """Every recipient has an invitation, the one right to answer"""
    has_link: bool = False
    """The text ends with the recipient's own link"""
    needs_parent: bool = False
    """Its recipients are found among those of another campaign"""
    ignores_hours: bool = False
    """Night, holidays and line hours don't hold it back"""
    ignores_cap: bool = False
    rests_on_mourning_days: bool = False
    rank: int = 1
    """Claims take what has the lowest rank first"""


TRAITS: Mapping[CampaignKind, KindTraits] = MappingProxyType(
    {
        CampaignKind.SURVEY: KindTraits(needs_survey=True, invites=True, has_link=True, rests_on_mourning_days=True),
        CampaignKind.ANNOUNCEMENT: KindTraits(),
        CampaignKind.SAFETY_ALERT: KindTraits(ignores_hours=True, ignores_cap=True, rank=0),
        CampaignKind.ALL_CLEAR: KindTraits(needs_parent=True, ignores_hours=True, ignores_cap=True, rank=0),
        CampaignKind.CORRECTION: KindTraits(needs_parent=True, ignores_cap=True, rank=0),
        CampaignKind.RESULT: KindTraits(needs_survey=True, needs_parent=True, rests_on_mourning_days=True),
        CampaignKind.CONVERSATION: KindTraits(needs_survey=True, invites=True, rests_on_mourning_days=True),
    }
)


def traits_of(kind: str) -> KindTraits:
    return TRAITS[CampaignKind(kind)]


def kinds_where(**traits: bool) -> tuple[str, ...]:
    """The kinds that have all of these traits, for a statement's list: `kinds_where(ignores_hours=True)`."""
    return tuple(str(kind) for kind, found in TRAITS.items() if all(getattr(found, name) == value for name, value in traits.items()))
