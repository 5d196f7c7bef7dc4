"""Reads of the campaigns room; dataclasses only."""

from campaigns.queries.campaigns import (
    CampaignRow,
    CampaignView,
    count_by_state,
    get_campaign,
    get_campaign_by_slug,
    list_campaigns,
    waves_of,
)
from campaigns.queries.money import reserved_cost
from campaigns.queries.progress import HourCount, Progress, SurveyFunnel, campaign_funnel, progress_of, sent_by_hour, survey_funnel
from campaigns.queries.recipients import Recipient, list_recipients

__all__ = [
    "CampaignRow",
    "CampaignView",
    "HourCount",
    "Progress",
    "Recipient",
    "SurveyFunnel",
    "campaign_funnel",
    "count_by_state",
    "get_campaign",
    "get_campaign_by_slug",
    "list_campaigns",
    "list_recipients",
    "progress_of",
    "reserved_cost",
    "sent_by_hour",
    "survey_funnel",
    "waves_of",
]
