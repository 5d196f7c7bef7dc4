"""Write the rows of a wave: one message per recipient, with consecutive ids, cut into batches of 200.

Chunks of a few thousand, each its own transaction that also moves the wave's cursor: killed anywhere, it goes on from there, and
`unique(campaign, identity, wave)` stands behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select, text, update

from campaigns import texts
from campaigns.models import Campaign, Message, MessageNumbers, SendBatch, Wave
from campaigns.states import CampaignState
from contacts.queries import Recipient, frozen_chunk
from engage.clock import now
from engage.db import copy_into, driver_connection, transaction
from engage.refusal import Refused
from engage.sms.port import MAX_BATCH
from surveys.commands import invite_identities
from surveys.queries import sendable as survey_sql

CHUNK = 5_000

_MESSAGE_COLUMNS = ("id", "campaign_id", "wave_id", "identity_id", "contact_id", "invitation_id", "params", "state")
_BATCH_COLUMNS = ("campaign_id", "wave_id", "first_id", "last_id", "available_at")

# Whoever surely or possibly got the invitation and has not answered; those it can't reach are not asked again.
_UNANSWERED = f"""
    SELECT m.id, m.identity_id, m.contact_id, m.invitation_id, m.params
    FROM message m {survey_sql.SENDABLE_JOIN}
    WHERE m.wave_id = %(first_wave)s AND m.id > %(cursor)s
      AND m.id BETWEEN (SELECT min(first_id) FROM send_batch WHERE wave_id = %(first_wave)s)
                   AND (SELECT max(last_id) FROM send_batch WHERE wave_id = %(first_wave)s)
      AND m.state IN ('accepted', 'delivered', 'undelivered', 'expired')
      AND ({survey_sql.NOT_SENDABLE}) IS NULL
    ORDER BY m.id LIMIT %(limit)s
"""


def materialise_wave(wave_id: int) -> int:
    """After this every recipient of the wave has a message row. Returns how many were written by this call.

    Two calls at once: one works, the other returns at once. A cancelled campaign's wave stops growing.
    """
    count = 0
    while True:
        with transaction() as session:
            wave = session.execute(select(Wave).where(Wave.id == wave_id).with_for_update(skip_locked=True)).scalar_one_or_none()
            if wave is None or wave.materialised_at is not None:
                return count
            campaign = session.get_one(Campaign, wave.campaign_id)
            if campaign.state not in (CampaignState.MATERIALISING, CampaignState.SENDING):
                return count
            chunk = _first_wave_chunk(campaign, wave) if wave.number == 1 else _reminder_chunk(campaign, wave)
            count += _write(campaign, wave, chunk.rows, now())
            wave.cursor = chunk.cursor
            if chunk.is_last:
                wave.materialised_at = now()
        if chunk.is_last:
            return count


_Row = tuple[int, int | None, int | None, dict[str, Any]]
"""(identity, contact, invitation, parameters)"""


class _Chunk:
    def __init__(self, rows: list[_Row], cursor: int, is_last: bool) -> None:
        self.rows = rows
        self.cursor = cursor
        self.is_last = is_last


def _first_wave_chunk(campaign: Campaign, wave: Wave) -> _Chunk:
    if campaign.snapshot_id is None:
        return _Chunk([], wave.cursor, True)
    members = frozen_chunk(
        campaign.snapshot_id,
        campaign.purpose,
        asks_permission=campaign.asks_permission,
        after_contact_id=wave.cursor,
        limit=CHUNK,
    )
    if not members:
        return _Chunk([], wave.cursor, True)
    needed = texts.placeholders_of(campaign.text) | texts.placeholders_of(campaign.reminder_text or "")
    with transaction() as session:
        already = set(
            session.execute(
                select(Message.identity_id).where(
                    Message.campaign_id == campaign.id,
                    Message.wave_id == wave.id,
                    Message.identity_id.in_([m.identity_id for m in members]),
                )
            ).scalars()
        )
    fresh: dict[int, Recipient] = {}
    for member in members:
        if member.identity_id not in already:
            fresh.setdefault(member.identity_id, member)
    expires_at = _expiry(campaign)
    invitations = invite_identities(campaign.survey_id, campaign.unit_id, list(fresh), expires_at)
    rows: list[_Row] = []
    for identity_id, member in fresh.items():
        parameters: dict[str, Any] = {
            name: getattr(member, name) for name in ("first_name", "neighbourhood") if name in needed and getattr(member, name)
        }
        rows.append((identity_id, member.contact_id, invitations[identity_id][0], parameters))
    return _Chunk(rows, members[-1].contact_id, len(members) < CHUNK)


def _reminder_chunk(campaign: Campaign, wave: Wave) -> _Chunk:
    with transaction() as session:
        first = session.execute(select(Wave.id).where(Wave.campaign_id == campaign.id, Wave.number == 1)).scalar_one()
        with driver_connection(session).cursor() as cursor:
            found = cursor.execute(_UNANSWERED, {"first_wave": first, "cursor": wave.cursor, "limit": CHUNK, "now": now()}).fetchall()
    rows = [(row[1], row[2], row[3], row[4]) for row in found]
    return _Chunk(rows, found[-1][0] if found else wave.cursor, len(found) < CHUNK)


def _expiry(campaign: Campaign) -> datetime:
    closes_at = campaign.parameters.get("closes_at")
    if not closes_at:
        raise Refused("survey_not_open")
    return datetime.fromisoformat(closes_at)


def _write(campaign: Campaign, wave: Wave, rows: list[_Row], at: datetime) -> int:
    if not rows:
        return 0
    with transaction() as session:
        first_id = session.execute(
            update(MessageNumbers).values(next_id=MessageNumbers.next_id + len(rows)).returning(MessageNumbers.next_id)
        ).scalar_one() - len(rows)

        def messages() -> Iterator[tuple[Any, ...]]:
            for number, (identity_id, contact_id, invitation_id, parameters) in enumerate(rows):
                yield (
                    first_id + number,
                    campaign.id,
                    wave.id,
                    identity_id,
                    contact_id,
                    invitation_id,
                    json.dumps(parameters, ensure_ascii=False) if parameters else "{}",
                    "pending",
                )

        copy_into(session, Message.__tablename__, _MESSAGE_COLUMNS, messages())
        last_id = first_id + len(rows) - 1
        size = min(current_app.extensions["engage_settings"].batch_size, MAX_BATCH)
        copy_into(
            session,
            SendBatch.__tablename__,
            _BATCH_COLUMNS,
            ((campaign.id, wave.id, start, min(start + size - 1, last_id), at) for start in range(first_id, last_id + 1, size)),
        )
    return len(rows)


def analyse_after(count: int) -> None:
    """Fresh statistics after a large wave, so that the planner keeps walking batches instead of scanning messages."""
    if count >= 10_000:
        with transaction() as session:
            session.execute(text("ANALYZE message"))
            session.execute(text("ANALYZE send_batch"))
