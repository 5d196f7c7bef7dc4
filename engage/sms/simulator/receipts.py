"""Webhook pushes: delivery receipts and inbound messages, over a few kept connections, repeated until the other side says 200."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from engage.sms import statuses
from engage.sms.simulator.faults import Faults
from engage.sms.simulator.records import LATE, Inbound, Message
from engage.sms.simulator.store import Store

_TICK = 0.02
_REPLY_TIMEOUT = 10.0
_CONNECTIONS = 6

_Push = tuple[str, dict[str, Any], int]
""""delivery" or "inbound", the fields, attempts made."""


class Receipts:
    """Knows what is to be pushed when. Times are the simulator's own clock, so advancing it brings pushes forward."""

    def __init__(self, store: Store, faults: Faults, now: Callable[[], float]) -> None:
        self._store = store
        self._faults = faults
        self._now = now
        self._due: list[tuple[float, int, list[_Push] | tuple[int, list[Message]]]] = []
        self._ready: deque[_Push] = deque()
        self._wake = asyncio.Event()
        self._order = itertools.count()
        self.pushed = 0
        self.refused = 0
        self.abandoned = 0

    @property
    def waiting(self) -> int:
        """Receipts not pushed yet."""
        return len(self._ready) + sum(len(what[1]) if isinstance(what, tuple) else len(what) for _, _, what in self._due)

    def expect(self, messages: list[Message]) -> None:
        """Plans the receipts of messages just accepted; nothing where no webhook is set."""
        state = self._store.state
        if not state.webhook_url or not messages:
            return
        at = messages[0].at
        if state.push_intermediate:
            self._plan(at + state.operator_seconds, (statuses.WITH_OPERATOR, messages))
        self._plan(at + state.phone_seconds, (0, messages))
        late = [each for each in messages if each.fate == LATE]
        if late:
            self._plan(at + state.phone_seconds + state.late_seconds, (statuses.DELIVERED, late))

    def push_now(self, messages: Sequence[Message]) -> None:
        """Pushes final receipts at once, before whoever sent the messages has his reply."""
        if self._store.state.webhook_url:
            self._queue([_delivery(each.id, _final(each)) for each in messages])

    def push_inbound(self, message: Inbound) -> None:
        if self._store.state.inbound_url:
            fields = {"messageid": message.messageid, "from": message.sender, "to": message.line, "message": message.message}
            self._queue([("inbound", fields, 0)])

    def put_back(self, seconds: float) -> None:
        """The clock is so many seconds earlier from now on; what is due keeps its distance."""
        self._due = [(at - seconds, order, what) for at, order, what in self._due]

    def forget(self) -> None:
        self._due.clear()
        self._ready.clear()

    async def run(self) -> None:
        """Pushes for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(self._push_all())
            while True:
                self._release_due()
                await asyncio.sleep(_TICK)

    def _plan(self, at: float, what: list[_Push] | tuple[int, list[Message]]) -> None:
        heapq.heappush(self._due, (at, next(self._order), what))

    def _release_due(self) -> None:
        now = self._now()
        while self._due and self._due[0][0] <= now:
            what = heapq.heappop(self._due)[2]
            if isinstance(what, list):
                self._queue(what)
                continue
            status, messages = what
            self._queue([_delivery(each.id, status or _final(each)) for each in messages], is_first=True)

    def _queue(self, pushes: list[_Push], *, is_first: bool = False) -> None:
        if is_first and self._faults.rates:
            pushes = self._disturb(pushes)
        self._ready += pushes
        self._wake.set()

    def _disturb(self, pushes: list[_Push]) -> list[_Push]:
        happens = self._faults.happens
        disturbed: list[_Push] = []
        for push in pushes:
            if happens("receipt_lost"):
                continue
            disturbed.append(push)
            if happens("receipt_duplicated"):
                disturbed.append(push)
            if happens("receipt_reordered"):
                disturbed.append(_delivery(push[1]["messageid"], statuses.WITH_OPERATOR))
        if self._faults.rates.get("receipt_reordered"):
            self._faults.shuffle(disturbed)
        return disturbed

    async def _push_all(self) -> None:
        link = _Link()
        while True:
            while not self._ready:
                self._wake.clear()
                await self._wake.wait()
            kind, fields, attempts = self._ready.popleft()
            state = self._store.state
            url = state.webhook_url if kind == "delivery" else state.inbound_url
            if not url:
                continue
            if await link.push(url, state.webhook_verb, fields):
                self.pushed += 1
                continue
            self.refused += 1
            attempts += 1
            if attempts >= state.webhook_attempts:
                self.abandoned += 1
            else:
                self._plan(self._now() + state.webhook_retry_seconds, [(kind, fields, attempts)])


def _delivery(identity: int, status: int) -> _Push:
    return ("delivery", {"messageid": identity, "status": status}, 0)


def _final(message: Message) -> int:
    return statuses.UNDELIVERED if message.fate == LATE else message.fate


class _Link:
    """One kept connection to a webhook."""

    def __init__(self) -> None:
        self._address: tuple[str, int, bool] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def push(self, url: str, verb: str, fields: dict[str, Any]) -> bool:
        """Whether the other side said 200. A kept connection that turns out dead is replaced once."""
        for is_again in (False, True):
            is_kept = self._streams is not None
            try:
                return await asyncio.wait_for(self._push(url, verb, fields), _REPLY_TIMEOUT) == 200
            except (OSError, ValueError, EOFError, TimeoutError) as error:
                self._drop()
                if is_again or not is_kept or isinstance(error, TimeoutError):
                    return False
        return False

    async def _push(self, url: str, verb: str, fields: dict[str, Any]) -> int:
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        address = (parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls)
        if self._streams is None or self._address != address:
            self._drop()
            self._streams = await asyncio.open_connection(
                address[0], address[1], ssl=ssl.create_default_context() if is_tls else None
            )
            self._address = address
        reader, writer = self._streams
        form = urlencode(fields)
        target = parts.path or "/"
        query = parts.query
        body = b""
        if verb == "GET":
            query = f"{query}&{form}" if query else form
        else:
            body = form.encode()
        if query:
            target += "?" + query
        writer.write(
            f"{verb} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: simulator\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        return await self._read_reply(reader)

    async def _read_reply(self, reader: asyncio.StreamReader) -> int:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        length = None
        for line in head.split(b"\r\n")[1:]:
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if length:
            await reader.readexactly(length)
        if length is None or b"\r\nconnection: close" in head:
            self._drop()
        return status

    def _drop(self) -> None:
        if self._streams is not None:
            with contextlib.suppress(OSError):
                self._streams[1].close()
        self._streams = None
