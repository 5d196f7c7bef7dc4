"""From an address to a campaign the person may see."""

from __future__ import annotations

from flask import abort

from campaigns.queries import CampaignView, get_campaign_by_slug
from engage.identity.guard import authorize
from engage.identity.rules import Permission


def campaign_or_404(slug: str, permission: Permission) -> CampaignView:
    """404 for unknown ones and those of other units, 403 without the right."""
    campaign = get_campaign_by_slug(slug)
    if campaign is None:
        abort(404)
    authorize(permission, campaign.unit_id)
    return campaign
