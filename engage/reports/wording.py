"""What people were asked with: the texts of the invitations."""

from __future__ import annotations

from campaigns.queries import get_campaign
from campaigns.queries.inviting import inviting_campaign_ids

MOST = 5
"""Wordings shown; a survey with more has been invited to in many rounds"""


def wording_of(survey_id: int) -> tuple[str, ...]:
    """The different texts that invited to the survey, the first first, as they were approved: with blanks for names, without links."""
    campaigns = (get_campaign(each) for each in inviting_campaign_ids(survey_id))
    return tuple(dict.fromkeys(each.text.strip() for each in campaigns if each is not None and each.text.strip()))[:MOST]
