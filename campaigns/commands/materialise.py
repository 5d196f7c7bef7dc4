"""Write the rows of a wave: one message per recipient, with consecutive ids, cut into batches of 200.

Chunks of some thousand, each its own transaction that also moves the wave's cursor: killed anywhere, it goes on from there, and
`unique(campaign, identity, wave)` stands behind it.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

from flask import current_app
from psycopg.errors import UniqueViolation
from sqlalchemy import select, text, update

from campaigns import texts
from campaigns.commands.control import spread_open_batches
from campaigns.kinds import traits_of
from campaigns.models import Campaign, Message, MessageNumbers, SendBatch, Wave
from campaigns.queries.parents import parent_chunk
from campaigns.queries.resending import FAILED
from campaigns.states import CampaignState
from contacts.commands import hold_numbers
from contacts.queries import frozen_chunk
from contacts.queries.names import placeholder_values
from engage.clock import now
from engage.db import copy_into, copy_lines, db, driver_connection, transaction
from engage.refusal import Refused
from engage.sms.port import MAX_BATCH
from surveys.commands import invite_identities
from surveys.queries import sendable as survey_sql

CHUNK = 20_000

_MESSAGE_COLUMNS = ("id", "campaign_id", "wave_id", "identity_id", "contact_id", "invitation_id", "params")
_NULL = r"\N"
_NAMES = ("first_name", "neighbourhood")
_NO_VALUES: dict[str, Any] = {}
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

_FAILED = f"SELECT m.id, m.identity_id, m.contact_id, m.invitation_id, m.params {FAILED} ORDER BY m.id LIMIT %(limit)s"


def materialise_wave(wave_id: int) -> int:
    """After this every recipient of the wave has a message row. Returns how many were written by this call.

    Two calls at once: one works, the other returns at once. A cancelled campaign's wave stops growing.
    """
    with _few_collections():
        return _write_chunks(wave_id)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Rows make no cycles: looking for garbage 700 of them apart would cost a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _write_chunks(wave_id: int) -> int:
    count = 0
    while True:
        with transaction() as session:
            wave = session.execute(select(Wave).where(Wave.id == wave_id).with_for_update(skip_locked=True)).scalar_one_or_none()
            if wave is None or wave.materialised_at is not None:
                return count
            campaign = session.get_one(Campaign, wave.campaign_id)
            if campaign.state not in (CampaignState.MATERIALISING, CampaignState.SENDING):
                return count
            hold_numbers(session)
            chunk = _chunk_of(campaign, wave)
            at = now()
            written = _write_new(campaign, wave, chunk.rows, at)
            count += written
            wave.cursor = chunk.cursor
            wave.message_count += written
            if chunk.is_last:
                wave.materialised_at = at
                if wave.kind != "first":
                    spread_open_batches(campaign, at, wave.id)
        if chunk.is_last:
            return count


_Row = tuple[int, int | None, int | None, dict[str, Any]]
"""(identity, contact, invitation, parameters)"""


@dataclass(frozen=True)
class _Chunk:
    rows: list[_Row]
    cursor: int
    is_last: bool


def _chunk_of(campaign: Campaign, wave: Wave) -> _Chunk:
    if wave.kind == "resend":
        return _failed_chunk(campaign, wave)
    if wave.kind == "reminder":
        return _reminder_chunk(campaign, wave)
    if campaign.parent_id is not None:
        return _parent_chunk(campaign, wave)
    return _first_wave_chunk(campaign, wave)


def _first_wave_chunk(campaign: Campaign, wave: Wave) -> _Chunk:
    if campaign.snapshot_id is None:
        return _Chunk([], wave.cursor, True)
    needed = _needed(campaign)
    found = frozen_chunk(
        campaign.snapshot_id,
        campaign.purpose,
        asks_permission=campaign.asks_permission,
        with_legal_basis=bool(campaign.legal_basis),
        with_names=bool(needed),
        after_contact_id=wave.cursor,
        limit=CHUNK,
    )
    contacts, identities = found.contact_ids, found.identity_ids
    values: Iterable[dict[str, Any]] = repeat(_NO_VALUES)
    if found.names is not None:
        values = [{name: value for name, value in zip(_NAMES, names, strict=True) if value and name in needed} for names in found.names]
    invitations = _invitations(campaign, identities)
    rows: list[_Row] = list(zip(identities, contacts, map(invitations.get, identities), values, strict=False))
    if len(set(identities)) < len(identities):
        rows = list({row[0]: row for row in reversed(rows)}.values())[::-1]
    return _Chunk(rows, wave.cursor if found.last is None else found.last, found.last is None)


def _parent_chunk(campaign: Campaign, wave: Wave) -> _Chunk:
    """Those the campaign before reached, may have reached, or never wrote to, with the names they had then."""
    assert campaign.parent_id is not None
    found = parent_chunk(campaign.kind, campaign.parent_id, after_id=wave.cursor, limit=CHUNK)
    # One that has a row from an earlier chunk already is met by `_write_new`.
    fresh = list({row.identity_id: row for row in reversed(found)}.values())[::-1]
    needed = _needed(campaign)
    missing = [row.contact_id for row in fresh if row.contact_id is not None and not needed <= row.params.keys()] if needed else []
    names = placeholder_values(missing) if missing else {}
    invitations = _invitations(campaign, [row.identity_id for row in fresh])
    rows: list[_Row] = []
    for row in fresh:
        known = names.get(row.contact_id or 0, {}) | row.params
        rows.append(
            (row.identity_id, row.contact_id, invitations.get(row.identity_id), {name: known[name] for name in needed if known.get(name)})
        )
    return _Chunk(rows, found[-1].message_id if found else wave.cursor, len(found) < CHUNK)


def _needed(campaign: Campaign) -> frozenset[str]:
    """The recipient's own values that any text of the campaign asks for."""
    asked = texts.placeholders_of(campaign.text).union(*(texts.placeholders_of(each.get("text") or "") for each in campaign.reminders))
    return asked & set(_NAMES)


def _invitations(campaign: Campaign, identity_ids: Sequence[int]) -> dict[int, int]:
    """identity id → invitation id, where the kind invites."""
    if not traits_of(campaign.kind).invites or campaign.survey_id is None:
        return {}
    found = invite_identities(campaign.survey_id, campaign.unit_id, identity_ids, _expiry(campaign))
    return {identity_id: invitation_id for identity_id, (invitation_id, _version) in found.items()}


def _reminder_chunk(campaign: Campaign, wave: Wave) -> _Chunk:
    with transaction() as session:
        first = session.execute(select(Wave.id).where(Wave.campaign_id == campaign.id, Wave.number == 1)).scalar_one()
    return _chunk_from(_UNANSWERED, {"first_wave": first, "cursor": wave.cursor})


def _failed_chunk(campaign: Campaign, wave: Wave) -> _Chunk:
    values = {"campaign": campaign.id, "wave": wave.id, "states": list(wave.states or ()), "cursor": wave.cursor}
    return _chunk_from(_FAILED, values)


def _chunk_from(statement: str, values: dict[str, Any]) -> _Chunk:
    with transaction() as session:
        with driver_connection(session).cursor() as cursor:
            found = cursor.execute(statement, values | {"limit": CHUNK, "now": now()}).fetchall()
    rows = [(row[1], row[2], row[3], row[4]) for row in found]
    return _Chunk(rows, found[-1][0] if found else values["cursor"], len(found) < CHUNK)


def _expiry(campaign: Campaign) -> datetime:
    closes_at = campaign.parameters.get("closes_at")
    if not closes_at:
        raise Refused("survey_not_open")
    return datetime.fromisoformat(closes_at)


def _write_new(campaign: Campaign, wave: Wave, rows: list[_Row], at: datetime) -> int:
    """Write those rows whose number has none in this wave. That one has is so rare that it is asked only when the table refuses."""
    pilot_last_id = campaign.pilot_last_id
    try:
        with db.session.begin_nested():
            return _write(campaign, wave, rows, at)
    except UniqueViolation:
        campaign.pilot_last_id = pilot_last_id
        already = set(
            db.session.execute(
                select(Message.identity_id).where(
                    Message.campaign_id == campaign.id, Message.wave_id == wave.id, Message.identity_id.in_([row[0] for row in rows])
                )
            ).scalars()
        )
        return _write(campaign, wave, [row for row in rows if row[0] not in already], at)


def _write(campaign: Campaign, wave: Wave, rows: list[_Row], at: datetime) -> int:
    if not rows:
        return 0
    with transaction() as session:
        first_id = session.execute(
            update(MessageNumbers).values(next_id=MessageNumbers.next_id + len(rows)).returning(MessageNumbers.next_id)
        ).scalar_one() - len(rows)

        copy_lines(session, Message.__tablename__, _MESSAGE_COLUMNS, _lines(campaign.id, wave.id, first_id, rows))
        last_id = first_id + len(rows) - 1
        size = min(current_app.extensions["engage_settings"].batch_size, MAX_BATCH)
        spans = _cut(first_id, last_id, size)
        pilot = (campaign.pilot_count or 0) - wave.message_count if wave.kind == "first" else 0
        if 0 < pilot < len(rows):
            # The first texts are tried in batches of their own.
            spans = _cut(first_id, first_id + pilot - 1, size) + _cut(first_id + pilot, last_id, size)
        if 0 < pilot <= len(rows):
            campaign.pilot_last_id = first_id + pilot - 1
        # A wave that is spread gets its times when it is complete.
        due = at if wave.kind == "first" or campaign.spread_seconds is None else at + timedelta(seconds=campaign.spread_seconds)
        copy_into(session, SendBatch.__tablename__, _BATCH_COLUMNS, ((campaign.id, wave.id, first, last, due) for first, last in spans))
    return len(rows)


def _lines(campaign_id: int, wave_id: int, first_id: int, rows: list[_Row]) -> Iterator[str]:
    """The messages as COPY reads them; each is pending."""
    both = f"\t{campaign_id}\t{wave_id}\t"
    return (
        f"{number}{both}{identity_id or _NULL}\t{contact_id or _NULL}\t{invitation_id or _NULL}\t{_json(parameters) if parameters else '{}'}\n"
        for number, (identity_id, contact_id, invitation_id, parameters) in enumerate(rows, first_id)
    )


def _json(parameters: dict[str, Any]) -> str:
    # JSON writes every control character with a backslash, and COPY reads a backslash as the beginning of an escape.
    return json.dumps(parameters, ensure_ascii=False).replace("\\", "\\\\")


def _cut(first_id: int, last_id: int, size: int) -> list[tuple[int, int]]:
    return [(start, min(start + size - 1, last_id)) for start in range(first_id, last_id + 1, size)]


def analyse_after(count: int) -> None:
    """Fresh statistics after a large wave, so that the planner keeps walking batches instead of scanning messages."""
    if count >= 10_000:
        with transaction() as session:
            session.execute(text("ANALYZE message"))
            session.execute(text("ANALYZE send_batch"))
