"""Campaigns as pages show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select

from campaigns.kinds import CampaignKind
from campaigns.models import Campaign, Wave
from campaigns.states import CampaignState
from engage.db import db


@dataclass(frozen=True)
class CampaignView:
    """One campaign with everything a page decides by."""

    id: int
    slug: str
    unit_id: int
    kind: CampaignKind
    survey_id: int | None
    parent_id: int | None
    title: str
    purpose: str
    text: str
    reminders: list[dict[str, Any]]
    """As `campaigns.rules.Reminder` writes them"""
    audience: dict[str, Any]
    line: str
    state: CampaignState
    state_since: datetime
    revision: int
    pause_code: str | None
    pause_resumes: bool
    pause_until: datetime | None
    window_start: int
    window_end: int
    sends_on_holidays: bool
    sends_on_fridays: bool
    not_after: datetime | None
    spread_seconds: int | None
    pilot_count: int | None
    pilot_wait: int | None
    pilot_last_id: int | None
    legal_basis: str
    recipient_count: int | None
    cost_estimate: int | None
    parameters: dict[str, Any]
    author_id: int | None
    submitted_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None
    approved_by_rule: bool
    approved_for: int | None
    exclusions: dict[str, Any]
    reviewed_by: int | None
    reviewed_at: datetime | None
    return_note: str
    planned_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class CampaignRow:
    """One line of the list."""

    id: int
    slug: str
    title: str
    unit_id: int
    kind: CampaignKind
    survey_id: int | None
    state: CampaignState
    pause_code: str | None
    pause_resumes: bool
    recipient_count: int | None
    cost_estimate: int | None
    author_id: int | None
    submitted_at: datetime | None
    return_note: str
    planned_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    state_since: datetime


@dataclass(frozen=True)
class WaveView:
    id: int
    number: int
    kind: str
    due_at: datetime
    materialised_at: datetime | None
    message_count: int
    skipped: str | None


_VIEW_FIELDS = tuple(CampaignView.__dataclass_fields__)
_ROW_FIELDS = tuple(CampaignRow.__dataclass_fields__)


def get_campaign(campaign_id: int) -> CampaignView | None:
    return _one(Campaign.id == campaign_id)


def get_campaign_by_slug(slug: str) -> CampaignView | None:
    return _one(Campaign.slug == slug)


def list_campaigns(
    unit_ids: Collection[int], *, states: Collection[str] | None = None, survey_id: int | None = None, limit: int = 200
) -> list[CampaignRow]:
    """Newest first, of these units only."""
    rows = select(*[getattr(Campaign, name) for name in _ROW_FIELDS]).where(Campaign.unit_id.in_(unit_ids))
    if states is not None:
        rows = rows.where(Campaign.state.in_(states))
    if survey_id is not None:
        rows = rows.where(Campaign.survey_id == survey_id)
    found = db.session.execute(rows.order_by(Campaign.id.desc()).limit(limit)).mappings()
    return [CampaignRow(**_typed(row)) for row in found]


def count_by_state(unit_ids: Collection[int]) -> dict[CampaignState, int]:
    rows = db.session.execute(select(Campaign.state, func.count()).where(Campaign.unit_id.in_(unit_ids)).group_by(Campaign.state))
    return {CampaignState(state): count for state, count in rows}


def waves_of(campaign_id: int) -> list[WaveView]:
    rows = db.session.execute(
        select(*[getattr(Wave, name) for name in WaveView.__dataclass_fields__])
        .where(Wave.campaign_id == campaign_id)
        .order_by(Wave.number)
    )
    return [WaveView(*row) for row in rows]


def _one(condition: Any) -> CampaignView | None:
    row = db.session.execute(select(*[getattr(Campaign, name) for name in _VIEW_FIELDS]).where(condition)).mappings().first()
    return None if row is None else CampaignView(**_typed(row))


def _typed(row: RowMapping) -> dict[str, Any]:
    return dict(row) | {"state": CampaignState(row["state"]), "kind": CampaignKind(row["kind"])}
