"""What happened to campaigns: ids only."""

from __future__ import annotations

from dataclasses import dataclass

from engage.events import Event


@dataclass(frozen=True)
class CampaignLaunched(Event):
    campaign_id: int
    survey_id: int | None


@dataclass(frozen=True)
class CampaignPaused(Event):
    campaign_id: int
    code: str


@dataclass(frozen=True)
class CampaignFinished(Event):
    campaign_id: int
    survey_id: int | None


@dataclass(frozen=True)
class ReceiptsRecorded(Event):
    """Delivery states of this campaign changed; one event for however many receipts."""

    campaign_id: int
    survey_id: int | None
