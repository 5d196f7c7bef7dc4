"""Reactions of the campaigns room to what happens below it; each is idempotent."""

from __future__ import annotations

from campaigns.commands.permission import record_permissions
from campaigns.commands.reach import judge_reach
from campaigns.events import CampaignFinished, ReceiptsRecorded
from campaigns.queries.outcomes import is_over
from contacts.commands import doubt_neighbourhood, end_consent_of_reassigned, suppress_identity
from surveys.events import NeighbourhoodDisputed, NumberDisowned, OptOutRequested, ResponsesArrived


def suppress_number_on_opt_out(event: OptOutRequested) -> None:
    """«دیگر پیامک نفرستید» on a citizen's page counts like 11 by SMS."""
    suppress_identity(event.identity_id, "page")


def end_consent_on_disowned_number(event: NumberDisowned) -> None:
    """«این پیامک برای من نیست»: the number has changed hands."""
    end_consent_of_reassigned(event.identity_id)


def doubt_neighbourhood_on_dispute(event: NeighbourhoodDisputed) -> None:
    """«محلهٔ من این نیست»: officers find the contact by a tag."""
    doubt_neighbourhood(event.identity_id, event.unit_id)


def judge_reach_on_finish(event: CampaignFinished) -> None:
    """Numbers at which texts keep failing become suspect or unreachable, and those that were reached are trusted again: once a campaign,
    set by set, so that taking receipts costs nothing for it."""
    judge_reach(event.campaign_id)


def judge_reach_on_late_receipts(event: ReceiptsRecorded) -> None:
    """Receipts of a campaign that is over: an operator's word may come two days late."""
    if is_over(event.campaign_id):
        judge_reach(event.campaign_id)


def record_permissions_on_answers(event: ResponsesArrived) -> None:
    """Who was asked for permission and answered has said yes or no to the exact words: it goes into the consent ledger."""
    record_permissions(event.survey_id)
