"""A campaign brought to the point where its texts go out, and what became of them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import text

import campaigns.commands as commands
from campaigns.queries import CampaignView, get_campaign, progress_of
from campaigns.states import CampaignState
from engage.db import db, transaction
from tests import make


def view_of(campaign_id: int) -> CampaignView:
    found = get_campaign(campaign_id)
    db.session.rollback()
    assert found is not None
    return found


def states(campaign_id: int, wave: int | None = None) -> dict[str, int]:
    found = {str(state): count for state, count in progress_of(campaign_id, wave=wave).by_state.items()}
    db.session.rollback()
    return found


def advance(app: Flask, campaign_id: int) -> CampaignView:
    """Step until nothing is due."""
    for _ in range(4):
        commands.advance_campaign(campaign_id, app.extensions["engage_settings"])
    return view_of(campaign_id)


def begin(app: Flask, campaign_id: int) -> int:
    """Launch the campaign and run its steps up to the moment its rows are written and sending begins; its id again."""
    make.launch(campaign_id)
    settings = app.extensions["engage_settings"]
    commands.advance_campaign(campaign_id, settings)
    commands.materialise_wave(scalar("SELECT id FROM wave WHERE campaign_id = :c", c=campaign_id))
    commands.advance_campaign(campaign_id, settings)
    assert view_of(campaign_id).state == CampaignState.SENDING
    return campaign_id


def scalar(statement: str, **values: Any) -> Any:
    found = db.session.execute(text(statement), values).scalar()
    db.session.rollback()
    return found


def execute(statement: str, **values: Any) -> None:
    with transaction() as session:
        session.execute(text(statement), values)
