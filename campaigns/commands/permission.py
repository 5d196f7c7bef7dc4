"""Asking people without documented consent for one: a campaign ready to use, and what their answers do."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select

from campaigns.commands.draft import PURPOSE, Draft, create_campaign
from campaigns.models import Campaign, Message
from campaigns.states import CampaignState
from contacts.commands import answer_permission
from contacts.queries import AudienceFilter
from contacts.queries.purposes import consent_words, without_document
from engage.clock import now
from engage.db import db, transaction
from engage.refusal import Refused
from surveys.commands import create_survey, publish_survey
from surveys.queries import definition_of, linked_answers
from surveys.starters import PERMISSION_QUESTION, PERMISSION_YES, permission

TITLE = "اجازهٔ پیامک"
TEXT = "{واحد}: می‌پذیرید به شما پیامک بفرستیم؟ بله: ۱۲ یا"
OPEN_FOR = timedelta(days=30)
ANSWER_COUNTS_FOR = timedelta(days=30)
"""12 answers a question that came at most this long ago."""
CHUNK = 2_000


def draft_permission_campaign(unit_id: int, *, actor_id: int | None) -> str:
    """A draft that asks the unit's people without documented consent for it: audience, text and a survey of one question that holds
    the exact words. Returns its public id; a draft that is there already is given back. Nothing is sent before it is approved.

    Refused("purpose_unknown") where there are no words for invitations to surveys.
    """
    with transaction() as session:
        waiting = session.scalar(
            select(Campaign.slug)
            .where(Campaign.unit_id == unit_id, Campaign.state == CampaignState.DRAFT, Campaign.asks_permission)
            .order_by(Campaign.id.desc())
            .limit(1)
        )
        if waiting is not None:
            return waiting
        words = consent_words(PURPOSE)
        if words is None:
            raise Refused("purpose_unknown", purpose=PURPOSE)
        survey_id = create_survey(unit_id, TITLE, permission(TITLE, words.text), actor_id=actor_id)
        publish_survey(survey_id, closes_at=now() + OPEN_FOR, results_on=None, actor_id=actor_id)
        draft = Draft(survey_id, TITLE, TEXT, AudienceFilter(unit_id=unit_id, asks_permission=True))
        campaign_id = create_campaign(unit_id, draft, actor_id=actor_id)
        return session.scalars(select(Campaign.slug).where(Campaign.id == campaign_id)).one()


def record_permissions(survey_id: int) -> int:
    """Every answer to the question for permission stands in the consent ledger: yes as consent to the words that were shown, no as a
    withdrawal. Returns how many were written; answers known already write nothing."""
    asks = select(exists().where(Campaign.survey_id == survey_id, Campaign.asks_permission))
    if not db.session.scalar(asks):
        return 0
    count, after = 0, 0
    words: dict[int, str] = {}
    while True:
        answers = linked_answers(survey_id, PERMISSION_QUESTION, after_id=after, limit=CHUNK)
        if not answers:
            return count
        after = answers[-1].response_id
        by_invitation = {each.invitation_id: each for each in answers}
        rows = db.session.execute(
            select(Message.contact_id, Message.invitation_id)
            .join(Campaign, Campaign.id == Message.campaign_id)
            .where(Message.invitation_id.in_(by_invitation), Message.contact_id.isnot(None), Campaign.asks_permission)
            .distinct()
        ).all()
        open_ones = without_document({row.contact_id for row in rows}, PURPOSE)
        for contact_id, invitation_id in rows:
            if contact_id not in open_ones:
                continue
            answer = by_invitation[invitation_id]
            if answer.version_id not in words:
                words[answer.version_id] = _words_of(answer.version_id)
            count += answer_permission(
                contact_id,
                PURPOSE,
                is_yes=answer.answer == PERMISSION_YES,
                words=words[answer.version_id],
                evidence=f"response:{answer.response_id}",
            )


def permission_by_text(identity_id: int, gateway_id: int) -> bool:
    """12 as the answer to a question for permission that reached this number lately; False when there was none, or it is known."""
    contact_id = db.session.scalar(
        select(Message.contact_id)
        .join(Campaign, Campaign.id == Message.campaign_id)
        .where(
            Message.identity_id == identity_id,
            Message.contact_id.isnot(None),
            Message.claimed_at > now() - ANSWER_COUNTS_FOR,
            Campaign.asks_permission,
        )
        .order_by(Message.id.desc())
        .limit(1)
    )
    words = consent_words(PURPOSE)
    if contact_id is None or words is None or contact_id not in without_document({contact_id}, PURPOSE):
        return False
    return answer_permission(contact_id, PURPOSE, is_yes=True, words=words.text, evidence=f"inbound:{gateway_id}")


def _words_of(version_id: int) -> str:
    return next((each.label for each in definition_of(version_id).questions if each.id == PERMISSION_QUESTION), "")
