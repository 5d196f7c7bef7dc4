"""Single texts: written with what they belong to, sent within seconds, never lost, never twice.

The promises are those of campaigns: claimed under a token and a lease, committed before the call, settled by the token alone; what
is uncertain is `unknown` and is looked up by its local id after a grace, never sent again blindly. Number and words are encrypted and
are gone as soon as the text is settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy import and_, delete, exists, or_, select, update

from contacts.commands.placing import is_stopped
from contacts.importing.staging import reserve_ids
from contacts.models import SingleText
from contacts.rules.single_texts import (
    BATCH_SIZE,
    OBEYS_SUPPRESSION,
    Step,
    TextState,
    advance_text,
    retry_after,
    settle,
    settle_absent,
    settle_found,
)
from engage.clock import now
from engage.config import Settings
from engage.db import after_commit, driver_connection, release_session, transaction
from engage.jobs import ring
from engage.sms.port import MAX_CHARACTERS, MAX_LOOKUP, Gateway, GatewayUnavailable, Outcome, Outgoing, Receipt
from engage.sms.segments import pages
from engage.vault import vault

log = structlog.get_logger(__name__)

LANES = {"default": "contacts.jobs.send_single_texts", "send": "contacts.jobs.send_single_texts_between_shifts"}
"""Both queues are rung, and whichever worker is free first sends: while a campaign runs, one of them is busy for seconds at a time."""
_FIRST_ID = 2**62
_SERIAL_BITS = 20
KEPT = timedelta(days=30)
"""Settled rows, which hold no number and no words, are kept this long where nobody was charged for them."""


@dataclass(frozen=True)
class _Claimed:
    id: int
    attempt_count: int
    line: str
    outgoing: Outgoing


@dataclass(frozen=True)
class _Claim:
    token: bytes
    lease_until: datetime
    texts: list[_Claimed]


def queue_text(
    kind: str,
    *,
    unit_id: int | None,
    e164: str,
    body: str,
    expires_in: timedelta,
    not_before: datetime | None = None,
    line: str | None = None,
    charged_to: int | None = None,
) -> int:
    """The text goes out if and only if the caller's transaction commits, not before `not_before`, and not after `expires_in` from
    then (or from now), on `line` or on the installation's own; what it costs is booked on the campaign `charged_to`. Returns its id.
    ValueError for a body no gateway takes."""
    if not body.strip() or len(body) > MAX_CHARACTERS:
        raise ValueError("a text has 1 to 900 characters")
    keys = vault()
    at = now()
    with transaction() as session:
        text_id = local_id(at, reserve_ids(driver_connection(session), "single_text", 1)[0])
        session.add(
            SingleText(
                id=text_id,
                kind=kind,
                unit_id=unit_id,
                phone_cipher=keys.encrypt(e164, _phone_context(text_id)),
                body_cipher=keys.encrypt(body, _body_context(text_id)),
                line=line,
                charged_to=charged_to,
                page_count=pages(body),
                state=TextState.PENDING,
                not_before=not_before,
                created_at=at,
                expires_at=max(at, not_before or at) + expires_in,
            )
        )
        session.flush()
        if not_before is None or not_before <= at:
            after_commit(ring_lanes)
        return text_id


def local_id(at: datetime, serial: int) -> int:
    """The id a text queued at this moment has here and at the gateway: 2^62 and up, later ones higher, until the year 2109.

    The moment is part of it, so that a database put back from a backup, whose sequence counts from where it was, never gives an id
    to a new text that the gateway remembers from an old one.
    """
    return _FIRST_ID + (int(at.timestamp() * 1000) << _SERIAL_BITS) + serial % (1 << _SERIAL_BITS)


def ring_lanes() -> None:
    """Ask for a sender, before everything else that waits."""
    for queue, job in LANES.items():
        ring(queue, job, at_front=True)


def ring_single_texts() -> None:
    """Ring for whatever is due; what is too old to go is put away here."""
    at = now()
    with transaction() as session:
        session.execute(
            update(SingleText)
            .where(SingleText.settled_at.is_(None), SingleText.state == TextState.PENDING, SingleText.expires_at <= at)
            .values(state=advance_text(TextState.PENDING, TextState.EXPIRED), settled_at=at, phone_cipher=None, body_cipher=None)
        )
        # A text that is too old will never be sent again, whatever a look-up says: nobody needs its number or its words.
        session.execute(
            update(SingleText)
            .where(SingleText.settled_at.is_(None), SingleText.state == TextState.UNKNOWN, SingleText.expires_at <= at)
            .where(or_(SingleText.phone_cipher.isnot(None), SingleText.body_cipher.isnot(None)))
            .values(phone_cipher=None, body_cipher=None)
        )
        due = session.scalar(
            select(
                exists().where(
                    SingleText.settled_at.is_(None),
                    or_(
                        and_(SingleText.state == TextState.PENDING, or_(SingleText.not_before.is_(None), SingleText.not_before <= at)),
                        and_(SingleText.state == TextState.SENDING, SingleText.lease_until <= at),
                        SingleText.state == TextState.UNKNOWN,
                    ),
                )
            )
        )
    if due:
        ring_lanes()


def send_single_texts(settings: Settings, gateway: Gateway) -> int:
    """Send what may go, then look up what nobody is sure about. Returns how many texts were given to the gateway."""
    _expire_leases()
    sent = 0
    while (claim := _claim(settings)) is not None:
        for line in dict.fromkeys(each.line for each in claim.texts):
            if (claim.lease_until - now()).total_seconds() < settings.timings.lease_margin:
                return sent  # the lease runs out by itself, and the look-up decides
            outcomes = gateway.send(line, [each.outgoing for each in claim.texts if each.line == line])
            sent += len(outcomes)
            _settle(settings, claim, outcomes)
            release_session()
        release_session()
    look_up_texts(settings, gateway)
    return sent


def _expire_leases() -> None:
    at = now()
    with transaction() as session:
        session.execute(
            update(SingleText)
            .where(SingleText.settled_at.is_(None), SingleText.state == TextState.SENDING, SingleText.lease_until <= at)
            .values(state=advance_text(TextState.SENDING, TextState.UNKNOWN), unknown_since=at, failure="lease_expired")
        )
    release_session()


def _claim(settings: Settings) -> _Claim | None:
    """Up to a batch of texts in `sending` under a lease of ours, committed; None when none is due."""
    at = now()
    token, lease_until = uuid4().bytes, at + timedelta(seconds=settings.timings.lease)
    texts: list[_Claimed] = []
    with transaction() as session:
        rows = session.execute(
            select(
                SingleText.id,
                SingleText.kind,
                SingleText.phone_cipher,
                SingleText.body_cipher,
                SingleText.attempt_count,
                SingleText.line,
            )
            .where(
                SingleText.settled_at.is_(None),
                SingleText.state == TextState.PENDING,
                SingleText.expires_at > at,
                or_(SingleText.not_before.is_(None), SingleText.not_before <= at),
            )
            .order_by(SingleText.id)
            .limit(BATCH_SIZE)
            .with_for_update(skip_locked=True)
        ).all()
        if not rows:
            return None
        keys = vault()
        stopped: list[int] = []
        for row in rows:
            assert row.phone_cipher is not None and row.body_cipher is not None
            e164 = keys.decrypt(row.phone_cipher, _phone_context(row.id))
            if row.kind in OBEYS_SUPPRESSION and is_stopped(session, e164):
                stopped.append(row.id)
                continue
            body = keys.decrypt(row.body_cipher, _body_context(row.id))
            texts.append(_Claimed(row.id, row.attempt_count + 1, row.line or settings.gateway_line, Outgoing(row.id, e164, body)))
        if stopped:
            session.execute(
                update(SingleText)
                .where(SingleText.id.in_(stopped))
                .values(
                    state=advance_text(TextState.PENDING, TextState.FAILED),
                    failure="suppressed",
                    settled_at=at,
                    phone_cipher=None,
                    body_cipher=None,
                )
            )
        if texts:
            session.execute(
                update(SingleText)
                .where(SingleText.id.in_([each.id for each in texts]))
                .values(
                    state=advance_text(TextState.PENDING, TextState.SENDING),
                    claim_token=token,
                    lease_until=lease_until,
                    attempt_count=SingleText.attempt_count + 1,
                    absent_count=0,
                )
            )
    release_session()
    return _Claim(token, lease_until, texts)


def _settle(settings: Settings, claim: _Claim, outcomes: Sequence[Outcome]) -> None:
    """Only rows that still carry our claim and are still `sending` are touched: else somebody called them unknown meanwhile."""
    at = now()
    timings = settings.timings
    attempts = {each.id: each.attempt_count for each in claim.texts}
    with transaction() as session:
        for outcome in outcomes:
            step = settle(outcome)
            values = _written(TextState.SENDING, step, at) | {"cost": outcome.cost}
            if step.state is TextState.PENDING:
                wait = retry_after(attempts[outcome.local_id], timings.retry_delay / 6, timings.retry_delay_max)
                values |= {"not_before": at + wait}
            session.execute(
                update(SingleText)
                .where(SingleText.id == outcome.local_id, SingleText.state == TextState.SENDING, SingleText.claim_token == claim.token)
                .values(**values, claim_token=None, lease_until=None)
            )


def look_up_texts(settings: Settings, gateway: Gateway) -> int:
    """Ask the gateway for every unknown text whose grace is over. Returns how many were settled one way or the other.

    Found: accepted. Absent twice: pending again under the same id, or expired. Older than the gateway's memory: failed.
    """
    timings = settings.timings
    settled = 0
    while True:
        at = now()
        with transaction() as session:
            _give_up(at, timings.lookup_window)
            ids = list(
                session.scalars(
                    update(SingleText)
                    .where(
                        SingleText.id.in_(
                            select(SingleText.id)
                            .where(
                                SingleText.settled_at.is_(None),
                                SingleText.state == TextState.UNKNOWN,
                                SingleText.unknown_since <= at - timedelta(seconds=timings.unknown_grace),
                                or_(
                                    SingleText.looked_up_at.is_(None),
                                    SingleText.looked_up_at <= at - timedelta(seconds=timings.lookup_interval),
                                ),
                            )
                            .order_by(SingleText.unknown_since)
                            .limit(MAX_LOOKUP)
                            .with_for_update(skip_locked=True)
                        )
                    )
                    .values(looked_up_at=at)
                    .returning(SingleText.id)
                )
            )
        release_session()
        if not ids:
            return settled
        try:
            answers = gateway.look_up(ids)
        except GatewayUnavailable as error:
            log.warning("look_up_failed", reason=error.reason, code=error.code)
            return settled
        settled += _record_look_up(answers, at)
        release_session()


def _give_up(at: datetime, window: float) -> None:
    with transaction() as session:
        session.execute(
            update(SingleText)
            .where(
                SingleText.settled_at.is_(None),
                SingleText.state == TextState.UNKNOWN,
                SingleText.unknown_since <= at - timedelta(seconds=window),
            )
            .values(**_written(TextState.UNKNOWN, Step(TextState.FAILED, "never_found"), at))
        )


def _record_look_up(answers: Mapping[int, Receipt | None], asked_at: datetime) -> int:
    at = now()
    settled = 0
    with transaction() as session:
        rows = session.scalars(
            select(SingleText)
            .where(SingleText.id.in_(sorted(answers)), SingleText.state == TextState.UNKNOWN, SingleText.looked_up_at == asked_at)
            .order_by(SingleText.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        for row in rows:
            receipt = answers[row.id]
            if receipt is not None:
                step = settle_found(receipt.gateway_id, receipt.status)
            else:
                step = settle_absent(row.absent_count + 1, is_expired=row.expires_at <= at)
                row.absent_count += 1
            if step.state is TextState.UNKNOWN:
                continue
            for name, value in _written(TextState.UNKNOWN, step, at).items():
                setattr(row, name, value)
            settled += 1
    return settled


def _written(before: TextState, step: Step, at: datetime) -> dict[str, object]:
    """The columns of a text after a step."""
    values: dict[str, object] = {"state": str(advance_text(before, step.state)), "failure": step.failure, "gateway_id": step.gateway_id}
    values["unknown_since"] = at if step.state is TextState.UNKNOWN else None
    if step.state in (TextState.ACCEPTED, TextState.FAILED, TextState.EXPIRED):
        values |= {"settled_at": at, "phone_cipher": None, "body_cipher": None}
    return values


def forget_texts_to(e164: str, kinds: Iterable[str] = ()) -> int:
    """No open text to this number (of these kinds, or of any) will be sent, and none keeps it; part of an erasure.

    Whatever is at the gateway this very moment is beyond recall; its row keeps nothing either. Returns how many there were.
    """
    wanted = frozenset(kinds)
    keys = vault()
    at = now()
    count = 0
    with transaction() as session:
        rows = session.scalars(
            select(SingleText)
            .where(SingleText.settled_at.is_(None), SingleText.phone_cipher.isnot(None))
            .order_by(SingleText.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        for row in rows:
            assert row.phone_cipher is not None
            if (wanted and row.kind not in wanted) or keys.decrypt(row.phone_cipher, _phone_context(row.id)) != e164:
                continue
            count += 1
            row.phone_cipher = row.body_cipher = None
            if row.state == TextState.PENDING:
                row.state, row.settled_at, row.failure = advance_text(TextState.PENDING, TextState.EXPIRED), at, "withdrawn"
            elif row.expires_at > at:
                row.expires_at = at  # a look-up that doesn't find it must not send it again: there is nothing left to send
    return count


def delete_settled_texts() -> int:
    """Rows of texts settled long ago are gone, but for those a campaign was charged for. Returns how many."""
    old = delete(SingleText).where(SingleText.settled_at < now() - KEPT, SingleText.charged_to.is_(None))
    with transaction() as session:
        return int(session.execute(old).rowcount)  # type: ignore[attr-defined]


def _phone_context(text_id: int) -> str:
    return f"single_text_phone:{text_id}"


def _body_context(text_id: int) -> str:
    return f"single_text_body:{text_id}"
