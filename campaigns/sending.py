"""The sending pipeline: claim, call, settle; several connections at once, no database session open during a call.

While a connection waits for the gateway, the next batch is already claimed and rendered, and the one before is being settled; so a
connection is never idle for the database. Whatever happens between two steps leaves a state that says what is known: before the
call a message is `sending` under a lease, after an uncertain call it is `unknown`, and only what the gateway certainly did not take
goes back to pending.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue

import structlog
from flask import Flask, current_app
from psycopg import Error as DriverError
from sqlalchemy.exc import SQLAlchemyError

from campaigns import rules, texts
from campaigns.commands.claim import Claim, NotYet, claim_batch, hand_back
from campaigns.commands.settle import settle_batch
from campaigns.kinds import traits_of
from contacts.queries import open_phones
from engage.clock import now, running_time
from engage.config import Settings
from engage.db import release_session
from engage.sms.port import Gateway, Outcome, OutcomeKind, Outgoing
from engage.sms.segments import pages
from engage.vault import sha256
from surveys.queries import links_of

log = structlog.get_logger(__name__)

SHIFT_SECONDS = 20.0
"""A job ends after about this long and rings for the next one, so that a stop signal or a new release never waits longer."""

DATABASE_ERRORS = (SQLAlchemyError, DriverError)
"""The statements of claim and settle run on the driver's own cursor, whose errors SQLAlchemy doesn't wrap."""

LONGEST_WAIT = 0.5
"""Seconds between two looks at a line's limit, which may be changed meanwhile."""

CLAIM_TRIES = 3
SETTLE_TRIES = 4

Made = dict[int, tuple[bytes, int]]
"""For each message (SHA-256 of its text, pages)."""


@dataclass
class Shift:
    """What one sending job did."""

    claims: int = 0
    messages: int = 0
    accepted: int = 0
    is_more: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


@dataclass(frozen=True)
class _Prepared:
    claim: Claim
    outgoing: list[Outgoing]
    made: Made


@dataclass(frozen=True)
class _Answered:
    claim: Claim
    outcomes: list[Outcome]
    made: Made


def send_due_batches(*, seconds: float = SHIFT_SECONDS, should_stop: Callable[[], bool] = lambda: False) -> Shift:
    """Send whatever may go out now, until nothing is left or the shift is over (`is_more`)."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    settings: Settings = app.extensions["engage_settings"]
    gateway: Gateway = app.extensions["engage_gateway"]
    connections = max(settings.gateway_concurrency, 1)
    clerks = -(-connections // 4)  # one claims or settles fast enough for four connections
    shift = Shift()
    ends = time.monotonic() + seconds
    # As many ready as there are connections: calls tend to end together, and none of them should wait for a claim then.
    prepared: Queue[_Prepared | None] = Queue(maxsize=connections)
    answered: Queue[_Answered | None] = Queue(maxsize=connections * 2)

    def prepare() -> None:
        with app.app_context():
            while True:
                if time.monotonic() >= ends or should_stop():
                    shift.is_more = True
                    return
                claim = _claim(settings)
                if claim is None:
                    return
                if isinstance(claim, NotYet):
                    # The line's limit: the next moment is near, and waiting here keeps its rate where ringing again would not.
                    time.sleep(min(max((claim.until - now()).total_seconds(), 0.005), LONGEST_WAIT))
                    continue
                if claim.messages:
                    outgoing, made = render_batch(claim)
                    release_session()
                    prepared.put(_Prepared(claim, outgoing, made))

    def call() -> None:
        with app.app_context():
            while (batch := prepared.get()) is not None:
                try:
                    if not _may_call(settings, batch.claim):
                        _hand_back(batch.claim)
                        continue
                    outcomes = gateway.send(batch.claim.line, batch.outgoing)
                except Exception:
                    # A stage that died would leave the one before it waiting for ever; the lease makes these messages unknown.
                    log.exception("call_failed", batch=batch.claim.batch_id)
                    continue
                answered.put(_Answered(batch.claim, outcomes, batch.made))

    def settle() -> None:
        with app.app_context():
            while (batch := answered.get()) is not None:
                try:
                    _settle(settings, batch)
                except Exception:
                    log.exception("settle_failed", batch=batch.claim.batch_id)
                    continue
                with shift.lock:
                    shift.claims += 1
                    shift.messages += len(batch.outcomes)
                    shift.accepted += sum(outcome.kind == OutcomeKind.ACCEPTED for outcome in batch.outcomes)

    release_session()
    with ThreadPoolExecutor(connections + 2 * clerks, thread_name_prefix="send") as pool:
        preparing = [pool.submit(prepare) for _ in range(clerks)]
        calling = [pool.submit(call) for _ in range(connections)]
        settling = [pool.submit(settle) for _ in range(clerks)]
        try:
            for future in preparing:
                future.result()
        finally:
            # Each stage is told to stop once the one before it has: nothing claimed is left behind.
            for _ in calling:
                prepared.put(None)
            try:
                for future in calling:
                    future.result()
            finally:
                for _ in settling:
                    answered.put(None)
        for future in settling:
            future.result()
    return shift


def _may_call(settings: Settings, claim: Claim) -> bool:
    """Whether a call begun now ends well within the lease, the hours and the campaign's last moment.

    The lease is measured by the machine's running time, too: a clock that ran ahead at the claim and was put back would leave it far away.
    """
    at = now()
    margin = settings.timings.lease_margin
    left = min((claim.lease_until - at).total_seconds(), settings.timings.lease - (running_time() - claim.claimed))
    return left >= margin and rules.may_send_at(at, claim.hours, margin)


def render_batch(claim: Claim) -> tuple[list[Outgoing], Made]:
    """The texts of a claim, and for each message the (SHA-256, pages) that are kept of it."""
    has_link = traits_of(claim.kind).has_link
    render = texts.renderer(claim.template, claim.parameters, has_link=has_link)
    messages = claim.messages
    phones = open_phones([(message.identity_id, message.phone_cipher) for message in messages])
    links = [""] * len(messages)
    if has_link:
        links = links_of([(message.invitation_id, message.key_version) for message in messages])  # type: ignore[misc]
    # One text for everybody differs in the link's letters only, and all links are equally long.
    page_count = None if texts.is_personal(claim.template) else pages(render({}, links[0]))
    outgoing = []
    made: Made = {}
    for message, phone, link in zip(messages, phones, links, strict=True):
        text = render(message.params or {}, link)
        outgoing.append(Outgoing(message.id, phone, text))
        made[message.id] = (sha256(text), page_count or pages(text))
    return outgoing, made


def _claim(settings: Settings) -> Claim | NotYet | None:
    for attempt in range(CLAIM_TRIES):
        try:
            return claim_batch(settings)
        except DATABASE_ERRORS as error:
            # Nothing is claimed in a transaction that failed; the database may be back in a moment, else the sweeper rings again.
            log.warning("claim_failed", attempt=attempt, error=type(error).__name__)
            time.sleep(min(0.1 * 2**attempt, settings.timings.lease_margin / 8))
        finally:
            release_session()
    return None


def _settle(settings: Settings, batch: _Answered) -> None:
    """Try a few times: losing what the gateway said costs a look-up per message later, though never a message."""
    for attempt in range(SETTLE_TRIES):
        try:
            settle_batch(settings, batch.claim, batch.outcomes, batch.made)
            return
        except DATABASE_ERRORS as error:
            log.warning("settle_failed", attempt=attempt, error=type(error).__name__)
            time.sleep(min(0.1 * 2**attempt, settings.timings.lease_margin / 8))
        finally:
            release_session()


def _hand_back(claim: Claim) -> None:
    try:
        hand_back(claim)
    except DATABASE_ERRORS as error:
        # The lease runs out by itself; what was never called for is found absent at the gateway and sent then.
        log.warning("hand_back_failed", error=type(error).__name__)
    finally:
        release_session()
