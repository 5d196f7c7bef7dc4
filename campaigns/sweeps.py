"""What the sweeper does for campaigns: look at what is due in the database, and ring for the jobs that do it.

It never calls the gateway itself, so a slow gateway can't hold it up.
"""

from __future__ import annotations

from flask import Flask, current_app
from sqlalchemy import exists, or_, select

from campaigns import commands, jobs
from campaigns.models import Campaign, InboundMessage, Receipt, SendBatch, Wave
from campaigns.states import ACTIVE_CAMPAIGN_STATES, CampaignState
from contacts.commands import forget_members
from engage.clock import now
from engage.config import Settings
from engage.db import transaction
from engage.jobs import register_sweep, ring


def install(app: Flask) -> None:
    register_sweep(app, "leases", lambda s: s.timings.sweep, expire_leases)
    register_sweep(app, "clocks", lambda s: 12 * s.timings.sweep, mend_stamps_ahead)
    register_sweep(app, "campaigns", lambda s: s.timings.sweep, ring_for_campaigns)
    register_sweep(app, "unknown", lambda s: max(s.timings.sweep, s.timings.unknown_grace / 4), ring_for_unknown)
    register_sweep(app, "receipts", lambda s: s.timings.sweep, ring_for_receipts)
    register_sweep(app, "audiences_tidy", lambda s: 3600.0, forget_old_audiences)
    register_sweep(app, "receipts_tidy", lambda s: 3600.0, drop_old_receipts)
    register_sweep(app, "inbound", lambda s: s.timings.sweep, ring_for_inbound)
    register_sweep(app, "first_line", lambda s: 3600.0, seed_first_line)
    register_sweep(app, "blocked_numbers", lambda s: 720 * s.timings.sweep, ring_for_blocked)


def expire_leases() -> None:
    commands.expire_leases(now(), _settings())


def mend_stamps_ahead() -> None:
    commands.mend_stamps_ahead(_settings())


def ring_for_campaigns() -> None:
    """Steps that are due, batches nobody is sending, waves nobody is writing, cancelled batches nobody has closed."""
    at = now()
    with transaction() as session:
        active = session.execute(select(exists().where(Campaign.state.in_(ACTIVE_CAMPAIGN_STATES)))).scalar()
        due_batches = session.execute(
            select(
                exists().where(
                    SendBatch.is_open,
                    SendBatch.available_at <= at,
                    (SendBatch.lease_until.is_(None)) | (SendBatch.lease_until <= at),
                    Campaign.id == SendBatch.campaign_id,
                    Campaign.state == CampaignState.SENDING,
                    or_(Campaign.pilot_last_id.is_(None), SendBatch.last_id <= Campaign.pilot_last_id),
                )
            )
        ).scalar()
        open_waves = (
            session.execute(
                select(Wave.id)
                .join(Campaign, Campaign.id == Wave.campaign_id)
                .where(
                    Wave.materialised_at.is_(None),
                    Wave.due_at <= at,
                    Campaign.state.in_([CampaignState.MATERIALISING, CampaignState.SENDING]),
                )
            )
            .scalars()
            .all()
        )
        cancelled = (
            session.execute(
                select(SendBatch.campaign_id)
                .join(Campaign, Campaign.id == SendBatch.campaign_id)
                .where(SendBatch.is_open, Campaign.state == CampaignState.CANCELLED)
                .distinct()
            )
            .scalars()
            .all()
        )
    if active:
        ring("default", jobs.advance_campaigns)
    if due_batches:
        ring("send", jobs.send_due_batches)
    for wave_id in open_waves:
        ring("bulk", jobs.materialise_wave, wave_id)
    for campaign_id in cancelled:
        ring("bulk", jobs.cancel_pending, campaign_id)


def ring_for_unknown() -> None:
    if commands.count_due(_settings()):
        ring("default", jobs.reconcile_unknown)


def ring_for_receipts() -> None:
    at = now()
    with transaction() as session:
        waiting = session.execute(select(exists().where(Receipt.try_at <= at))).scalar()
        to_poll = session.execute(select(exists().where(SendBatch.poll_at <= at))).scalar()
    if waiting:
        ring("default", jobs.apply_receipts)
    if to_poll:
        ring("default", jobs.poll_receipts)


def forget_old_audiences() -> None:
    """Of campaigns that are over, only how many people they were for is kept of the frozen audience."""
    with transaction() as session:
        over = session.scalars(
            select(Campaign.snapshot_id).where(
                Campaign.snapshot_id.is_not(None), Campaign.state.in_([CampaignState.FINISHED, CampaignState.CANCELLED])
            )
        ).all()
    forget_members([snapshot_id for snapshot_id in over if snapshot_id is not None])


def drop_old_receipts() -> None:
    commands.drop_old_receipts(_settings())


def ring_for_inbound() -> None:
    with transaction() as session:
        waiting = session.execute(select(exists().where(InboundMessage.handled_at.is_(None)))).scalar()
    if waiting:
        ring("default", jobs.handle_inbound, at_front=True)
    if commands.due_for_inbound(now(), _settings()):
        ring("default", jobs.poll_inbound)


def seed_first_line() -> None:
    commands.seed_first_line(_settings())


def ring_for_blocked() -> None:
    """Each line's list is read once a day; one that couldn't be read, an hour later."""
    if commands.has_unsynced_lines(now(), _settings()):
        ring("bulk", jobs.sync_blocked)


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
