"""Notices around an approval, each within the transaction that decides: asked for, given, refused, void."""

from __future__ import annotations

from campaigns.models import Campaign
from engage.identity.notices import close_notices, notify, notify_user
from engage.identity.rules import Permission


def tell_approvers(campaign: Campaign) -> int:
    """Everybody who may approve the campaign, in their own right or as a delegate, is asked to, on the page and by SMS; its author never is.
    How many were."""
    return notify(
        "campaign_to_approve",
        unit_id=campaign.unit_id,
        permission=Permission.CAMPAIGNS_APPROVE,
        cause=_asked(campaign),
        params={"title": campaign.title, "recipients": campaign.recipient_count or 0, "cost": campaign.cost_estimate or 0},
        path=page_of(campaign),
        text=True,
        besides=() if campaign.author_id is None else (campaign.author_id,),
    )


def tell_author(campaign: Campaign, code: str, *, decided_by: int | None) -> None:
    """The author hears "campaign_approved", "campaign_returned" or "campaign_void", unless it was their own deed; nobody is asked any more.
    Before the revision counts on: a notice belongs to one round of asking."""
    close_approval(campaign)
    if campaign.author_id is not None and campaign.author_id != decided_by:
        notify_user(
            campaign.author_id,
            code,
            cause=f"approval.{code}:{campaign.id}:{campaign.revision}",
            params={"title": campaign.title},
            path=page_of(campaign),
            text=True,
            unit_id=campaign.unit_id,
        )


def close_approval(campaign: Campaign) -> None:
    """Nobody is asked to approve it any more."""
    close_notices(_asked(campaign))


def page_of(campaign: Campaign) -> str:
    return f"/console/campaigns/{campaign.slug}"


def _asked(campaign: Campaign) -> str:
    return f"approval.asked:{campaign.id}:{campaign.revision}"
