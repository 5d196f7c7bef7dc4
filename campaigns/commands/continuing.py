"""Going on with a campaign whose approved texts are no longer true: what is left of it becomes a campaign of its own.

A paused campaign never goes back to a draft. Its rows say what citizens were sent, word by word, and a changed text would make them lie;
so the rest is cancelled here, and a new draft, which needs its own approval, writes to exactly those who were never written to.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from campaigns.commands.control import audit_campaign, cancel_campaign, get_locked, propose_deadline
from campaigns.commands.draft import create_campaign, draft_of
from campaigns.kinds import CampaignKind
from campaigns.queries.parents import count_of_parent
from campaigns.states import CampaignState
from engage.clock import now
from engage.db import transaction
from engage.refusal import Refused

CONTINUABLE = frozenset({CampaignKind.SURVEY, CampaignKind.CONVERSATION, CampaignKind.ANNOUNCEMENT, CampaignKind.SAFETY_ALERT})
"""Kinds that begin with an audience; what follows another campaign is written anew from that."""


def continue_campaign(campaign_id: int, *, actor_id: int | None, not_after: datetime | None = None) -> int:
    """The paused campaign is cancelled, and a draft to those it never wrote to stands ready; its id.

    Refused: "state_forbids", "kind_not_continuable", "nothing_left" when nobody is left to write to.
    """
    with transaction():
        campaign = get_locked(campaign_id)
        if campaign.state != CampaignState.PAUSED:
            raise Refused("state_forbids", state=campaign.state, to=CampaignState.DRAFT)
        kind = CampaignKind(campaign.kind)
        if kind not in CONTINUABLE:
            raise Refused("kind_not_continuable")
        if count_of_parent(kind, campaign_id).total == 0:
            raise Refused("nothing_left")
        at = now()
        draft = replace(
            draft_of(campaign),
            parent_id=campaign_id,
            planned_at=None,
            not_after=not_after
            or (campaign.not_after if campaign.not_after and campaign.not_after > at else propose_deadline(campaign, at)),
            pilot_count=None,
            pilot_wait=None,
        )
        cancel_campaign(campaign_id, actor_id=actor_id)
        new_id = create_campaign(campaign.unit_id, draft, actor_id=actor_id)
        audit_campaign("campaign.continued", campaign, actor_id)
        return new_id
