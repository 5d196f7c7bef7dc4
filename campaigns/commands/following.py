"""Campaigns that follow another: what it said is put right, or those who took part hear what came of it."""

from __future__ import annotations

from campaigns.commands.control import get_locked
from campaigns.commands.draft import Draft, create_campaign, draft_of
from campaigns.kinds import CampaignKind
from campaigns.models import Campaign
from campaigns.states import CampaignState
from engage.db import transaction
from engage.refusal import Refused
from surveys.commands import post_notice

_C = CampaignState
CORRECTABLE = frozenset({_C.SENDING, _C.PAUSED, _C.SETTLING, _C.FINISHED, _C.CANCELLED})
"""States in which a campaign may have reached somebody."""


def draft_correction(parent_id: int, title: str, text: str, *, notice: str = "", actor_id: int) -> str:
    """A draft to exactly those the campaign reached or may have reached, outside the cap; its public id. `notice` stands on the page
    of the survey at once. Refused: "nothing_to_correct", "notice_too_long", and what `check_draft` refuses."""
    with transaction():
        parent = get_locked(parent_id)
        if parent.state not in CORRECTABLE or parent.started_at is None:
            raise Refused("nothing_to_correct")
        slug = _draft(parent, CampaignKind.CORRECTION, title, text, actor_id)
        if notice.strip() and parent.survey_id is not None:
            post_notice(parent.survey_id, notice, actor_id=actor_id)
        return slug


def draft_result(parent_id: int, title: str, text: str, *, actor_id: int) -> str:
    """A draft to those who took part in the campaign's survey; its public id. Refused: "survey_missing", "nobody_took_part"."""
    with transaction():
        parent = get_locked(parent_id)
        if parent.survey_id is None:
            raise Refused("survey_missing")
        if parent.started_at is None:
            raise Refused("nobody_took_part")
        return _draft(parent, CampaignKind.RESULT, title, text, actor_id)


def _draft(parent: Campaign, kind: CampaignKind, title: str, text: str, actor_id: int) -> str:
    draft = Draft(
        parent.survey_id,
        title,
        text,
        draft_of(parent).audience,
        kind=kind,
        parent_id=parent.id,
        purpose=parent.purpose,
        line=parent.line,
        window_start=parent.window_start,
        window_end=parent.window_end,
    )
    with transaction() as session:
        return session.get_one(Campaign, create_campaign(parent.unit_id, draft, actor_id=actor_id)).slug
