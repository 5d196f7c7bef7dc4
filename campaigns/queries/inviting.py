"""How the people whom a survey's campaigns invited were found: everybody, or a sample."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select

from campaigns.kinds import kinds_where
from campaigns.models import Campaign
from engage.db import db


class InvitingCampaign(NamedTuple):
    """`eligible` could be written to, `recipients` of them were. `is_even`: a drawn sample in which everybody was as likely."""

    eligible: int
    recipients: int
    is_sample: bool
    is_even: bool


def inviting_campaigns(survey_id: int) -> list[InvitingCampaign]:
    """The campaigns that began to invite to the survey, as they were approved, the first first."""
    rows = db.session.execute(
        select(Campaign.audience, Campaign.exclusions, Campaign.recipient_count)
        .where(Campaign.survey_id == survey_id, Campaign.kind.in_(kinds_where(invites=True)), Campaign.started_at.is_not(None))
        .order_by(Campaign.id)
    )
    found = []
    for audience, exclusions, recipients in rows:
        sample = audience.get("sample")
        is_even = sample is not None and not sample.get("each_at_least_one")
        found.append(
            InvitingCampaign(
                int(exclusions.get("eligible") or 0), int(exclusions.get("recipients") or recipients or 0), bool(sample), is_even
            )
        )
    return found


def inviting_campaign_ids(survey_id: int) -> list[int]:
    """The campaigns that began to invite to the survey, the first first."""
    return list(
        db.session.scalars(
            select(Campaign.id)
            .where(Campaign.survey_id == survey_id, Campaign.kind.in_(kinds_where(invites=True)), Campaign.started_at.is_not(None))
            .order_by(Campaign.id)
        )
    )
