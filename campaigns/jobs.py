"""RQ entry points: ids in, gateway and settings from the application, one command each."""

from __future__ import annotations

from flask import current_app

from campaigns import commands, sending
from campaigns.alerting.watch import watch_sweeper
from engage.config import Settings
from engage.jobs import ring
from engage.sms.port import Gateway


def send_due_batches() -> None:
    """A shift of sending; rings for the next shift when there is more, and for the campaigns' next steps."""
    shift = sending.send_due_batches()
    watch_sweeper()
    if shift.is_more:
        ring("send", send_due_batches)
    elif shift.claims:
        ring("default", advance_campaigns)


def materialise_wave(wave_id: int) -> None:
    commands.analyse_after(commands.materialise_wave(wave_id))
    ring("default", advance_campaigns)
    ring("send", send_due_batches)  # a reminder's campaign is sending already


def advance_campaign(campaign_id: int) -> None:
    _settle_into_state(campaign_id)


def advance_campaigns() -> None:
    for campaign_id in commands.active_campaign_ids():
        _settle_into_state(campaign_id)


def cancel_pending(campaign_id: int) -> None:
    commands.cancel_pending_messages(campaign_id)


def expire_pending(campaign_id: int) -> None:
    commands.expire_pending_messages(campaign_id)
    ring("default", advance_campaigns)


def poll_inbound() -> None:
    commands.poll_inbound(_settings(), _gateway())


def sync_blocked() -> None:
    commands.sync_blocked_lines(_settings(), _gateway())


def reconcile_unknown() -> None:
    commands.reconcile_unknown(_settings(), _gateway())


def poll_receipts() -> None:
    commands.poll_receipts(_settings(), _gateway())


def apply_receipts() -> None:
    while commands.apply_receipts(_settings()):
        pass


def handle_inbound() -> None:
    commands.handle_inbound()


def _settle_into_state(campaign_id: int) -> None:
    """Step until nothing is due: several states may pass in one moment."""
    before = None
    for _ in range(10):
        after = commands.advance_campaign(campaign_id, _settings())
        if after == before:
            return
        before = after


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found


def _gateway() -> Gateway:
    found: Gateway = current_app.extensions["engage_gateway"]
    return found
