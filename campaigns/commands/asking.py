"""What has to be asked of the gateway about a line: what citizens wrote to it where no webhook tells us, and who blocked it.

Reading inbound texts marks them as read, so an answer that got lost can't be had by asking again. Therefore the row says first that
we ask, and after the answer is stored that it is. An asking without its answer is made up for before the next one: the gateway is asked
for what it has marked as read already, newest first, and whatever we know is passed over. What is left: more than 100 texts to one line
between a lost answer and the next asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, or_, select, update

from campaigns.commands.inbound import receive_inbound
from campaigns.models import SmsLine
from contacts.commands.blocked import sync_blocked_numbers
from engage.clock import now
from engage.config import Settings
from engage.db import release_session, transaction
from engage.sms.port import Gateway, GatewayUnavailable, Inbound

log = structlog.get_logger(__name__)

PAGE = 100
MOST_PAGES = 50
BLOCKED_EVERY = 17_280.0
"""Sweeps between two readings of the list: a day in production"""
BLOCKED_OVERLAP = timedelta(days=2)
"""The list is read again from so long before, for numbers the operator put on it late."""


def poll_inbound(settings: Settings, gateway: Gateway) -> int:
    """Every line without a webhook that is due is asked for what citizens wrote to it. Returns how many texts were new."""
    count = 0
    for number, is_missing in _take_due(settings):
        try:
            if is_missing:
                count += _keep(gateway.receive(number, already_read=True))
            for _page in range(MOST_PAGES):
                found = gateway.receive(number)
                count += _keep(found)
                release_session()
                if len(found) < PAGE:
                    break
        except GatewayUnavailable as error:
            # Whether it marked anything as read nobody knows: the next asking looks.
            log.warning("inbound_unavailable", reason=error.reason, code=error.code)
            continue
        with transaction() as session:
            session.execute(update(SmsLine).where(SmsLine.number == number).values(inbound_kept_at=now()))
        release_session()
    return count


def due_for_inbound(at: datetime, settings: Settings) -> bool:
    """Whether any line waits to be asked."""
    with transaction() as session:
        return session.execute(select(SmsLine.number).where(*_is_due(at, settings)).limit(1)).first() is not None


def _is_due(at: datetime, settings: Settings) -> list[ColumnElement[bool]]:
    before = at - timedelta(seconds=settings.timings.inbound_poll)
    return [
        SmsLine.is_active.is_(True),
        SmsLine.has_webhook.is_(False),
        or_(SmsLine.inbound_asked_at.is_(None), SmsLine.inbound_asked_at <= before),
    ]


def _take_due(settings: Settings) -> Sequence[tuple[str, bool]]:
    """(line, whether an answer went missing) of lines that are asked now; written down before the gateway is."""
    at = now()
    with transaction() as session:
        rows = session.scalars(select(SmsLine).where(*_is_due(at, settings)).with_for_update(skip_locked=True)).all()
        taken = [
            (
                line.number,
                line.inbound_asked_at is not None and (line.inbound_kept_at is None or line.inbound_kept_at < line.inbound_asked_at),
            )
            for line in rows
        ]
        for line in rows:
            line.inbound_asked_at = at
    release_session()
    return taken


def _keep(found: Sequence[Inbound]) -> int:
    """All of one answer in one transaction; what is known already is passed over."""
    with transaction():
        return sum(receive_inbound(each.gateway_id, each.line, each.sender, each.text) for each in found)


def sync_blocked_lines(settings: Settings, gateway: Gateway) -> int:
    """Numbers that blocked one of our lines at the operator are stopped here, too; each line's list once a day, from where the last
    reading ended. Returns how many were new. A gateway that doesn't answer is asked again with the next round."""
    count = 0
    at = now()
    with transaction() as session:
        rows = session.execute(
            select(SmsLine.number, SmsLine.blocked_synced_at).where(SmsLine.is_active, *_is_unsynced(at, settings)).order_by(SmsLine.number)
        ).all()
    release_session()
    for number, synced_at in rows:
        asked_at = now()
        try:
            count += sync_blocked_numbers(gateway, number, None if synced_at is None else synced_at - BLOCKED_OVERLAP)
        except GatewayUnavailable as error:
            log.warning("blocked_list_unavailable", reason=error.reason, code=error.code)
            continue
        with transaction() as session:
            session.execute(update(SmsLine).where(SmsLine.number == number).values(blocked_synced_at=asked_at))
        release_session()
    return count


def has_unsynced_lines(at: datetime, settings: Settings) -> bool:
    with transaction() as session:
        found = session.execute(select(SmsLine.number).where(SmsLine.is_active, *_is_unsynced(at, settings)).limit(1)).first()
        return found is not None


def _is_unsynced(at: datetime, settings: Settings) -> list[ColumnElement[bool]]:
    before = at - timedelta(seconds=BLOCKED_EVERY * settings.timings.sweep)
    return [or_(SmsLine.blocked_synced_at.is_(None), SmsLine.blocked_synced_at <= before)]
