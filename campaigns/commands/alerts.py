"""Safety alerts: sent by the duty officer alone, at any hour, and looked at by a second person afterwards.

Nothing of the ordinary path is left out but the second person beforehand: audience, text and cost are frozen, the officer types how many
people it is for, and every step stands in the audit log.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sqlalchemy import select

from campaigns.commands.content import require_clean
from campaigns.commands.control import audit_campaign, change_state, get_locked
from campaigns.commands.draft import Draft, create_campaign, draft_of, estimate_campaign
from campaigns.commands.review import launch_campaign, submit_campaign
from campaigns.kinds import CampaignKind
from campaigns.models import AlertPolicy, Campaign
from campaigns.queries.kinds import legal_basis_of
from campaigns.states import CampaignState
from contacts.queries import AudienceFilter
from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.identity.queries import require_unit
from engage.refusal import Refused

MAX_BASIS = 200
_KEY = re.compile(r"[0-9a-f]{16}")


def send_alert(
    unit_id: int,
    title: str,
    text: str,
    audience: AudienceFilter,
    typed: int | None,
    *,
    key: str,
    sees_exact: bool,
    actor_id: int,
    with_legal_basis: bool = False,
) -> str:
    """The alert is on its way to whoever stands for such texts in that area; its public id. The same `key` never sends twice.

    `typed` is the number of people as the officer confirmed it, of the figures they may see (`sees_exact`: those of other units, too).
    Numbers that opted out are among them only `with_legal_basis`, which the unit must have documented. Refused: "count_differs" (count),
    "legal_basis_missing", "text_filtered", and what `submit_campaign` and `launch_campaign` refuse; what fails at the gateway leaves the
    alert approved, to be started from its page.
    """
    basis = legal_basis_of(unit_id) if with_legal_basis else ""
    if with_legal_basis and not basis:
        raise Refused("legal_basis_missing")
    draft = Draft(None, title, text, replace(audience, sample=None), kind=CampaignKind.SAFETY_ALERT, legal_basis=basis)
    return _send_at_once(unit_id, draft, typed, key=key, sees_exact=sees_exact, actor_id=actor_id)


def send_all_clear(parent_id: int, title: str, text: str, typed: int | None, *, key: str, sees_exact: bool, actor_id: int) -> str:
    """The all-clear goes to exactly those whom the gateway took the alert for, unless they opted out since and no law covers it.
    Refused: "not_an_alert", and as `send_alert`."""
    with transaction():
        parent = get_locked(parent_id)
        if parent.kind != CampaignKind.SAFETY_ALERT:
            raise Refused("not_an_alert")
        draft = Draft(
            None,
            title,
            text,
            draft_of(parent).audience,
            kind=CampaignKind.ALL_CLEAR,
            parent_id=parent_id,
            purpose=parent.purpose,
            line=parent.line,
            legal_basis=parent.legal_basis,
        )
        unit_id = parent.unit_id
    return _send_at_once(unit_id, draft, typed, key=key, sees_exact=sees_exact, actor_id=actor_id)


def _send_at_once(unit_id: int, draft: Draft, typed: int | None, *, key: str, sees_exact: bool, actor_id: int) -> str:
    if not _KEY.fullmatch(key):
        raise Refused("page_outdated")
    slug = f"a{key}"
    with transaction() as session:
        # A second click waits here, and then finds what the first one sent.
        session.connection().exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (slug,))
        if session.scalar(select(Campaign.id).where(Campaign.slug == slug, Campaign.unit_id == unit_id)) is not None:
            return slug
        require_clean(draft.text)
        counts = estimate_campaign(unit_id, draft).audience
        seen = (counts if sees_exact else counts.hiding_other_units()).recipients
        if counts.recipients and typed != seen:
            raise Refused("count_differs", count=seen)
        campaign_id = create_campaign(unit_id, draft, actor_id=actor_id, slug=slug)
        if submit_campaign(campaign_id, actor_id=actor_id) == CampaignState.IN_REVIEW:
            change_state(campaign_id, CampaignState.IN_REVIEW, CampaignState.APPROVED, approved_at=now(), approved_by_rule=True)
        audit_campaign("campaign.sent_on_duty", get_locked(campaign_id), actor_id, recipients=seen)
    launch_campaign(campaign_id, actor_id=actor_id)
    return slug


def review_alert(campaign_id: int, *, actor_id: int) -> None:
    """A second person has looked at what was sent. Refused: "not_an_alert", "state_forbids", "reviewer_is_author", "alert_reviewed"."""
    with transaction():
        campaign = get_locked(campaign_id)
        if campaign.kind != CampaignKind.SAFETY_ALERT:
            raise Refused("not_an_alert")
        if campaign.started_at is None:
            raise Refused("state_forbids", state=campaign.state, to=campaign.state)
        if campaign.author_id == actor_id:
            raise Refused("reviewer_is_author")
        if campaign.reviewed_at is not None:
            raise Refused("alert_reviewed")
        campaign.reviewed_by, campaign.reviewed_at = actor_id, now()
        audit_campaign("campaign.reviewed", campaign, actor_id)


def set_legal_basis(unit_id: int, text: str, *, actor_id: int) -> None:
    """The unit's alerts, and those of the units below, may name this law and then also go to numbers that opted out; an empty text
    forbids it again. Refused("legal_basis_long")."""
    words = " ".join(text.split())
    if len(words) > MAX_BASIS:
        raise Refused("legal_basis_long", most=MAX_BASIS)
    with transaction() as session:
        require_unit(unit_id)
        policy = session.get(AlertPolicy, unit_id, with_for_update=True)
        if words == (policy.legal_basis if policy else ""):
            return
        if policy is not None:
            session.delete(policy)
            db.session.flush()
        if words:
            session.add(AlertPolicy(unit_id=unit_id, legal_basis=words, set_by=actor_id, set_at=now()))
        record_audit(
            "campaign.legal_basis_set" if words else "campaign.legal_basis_removed",
            unit_id=unit_id,
            object_type="unit",
            object_id=unit_id,
            actor_id=actor_id,
            detail={"basis": words},
        )
