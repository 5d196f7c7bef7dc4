"""The process: routes calls to the contract, the admin interface and the phones, lets faults strike, keeps time."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import signal
import socket
import time
from binascii import Error as HexError
from typing import Any
from urllib.parse import unquote

import msgspec

from engage.sms.simulator import phone
from engage.sms.simulator.admin import Admin
from engage.sms.simulator.contract import MESSAGES, Contract, SentEntry
from engage.sms.simulator.faults import BEFORE, Faults
from engage.sms.simulator.forms import Refuse, parse_form
from engage.sms.simulator.http import Connection, Ending, Reply, Request
from engage.sms.simulator.options import DEFAULT_CREDIT, Options
from engage.sms.simulator.receipts import Receipts
from engage.sms.simulator.records import Inbound, Message
from engage.sms.simulator.store import Store

_RECEIPTS_FIRST_DELAY = 0.5
_KEEP_EVERY = 0.25
_OPT_OUT = frozenset({"11", "لغو11"})
_OPT_IN = frozenset({"12"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_BROKEN = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
_encode = msgspec.json.Encoder().encode


class Server:
    """One simulated gateway account."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.offset = options.clock_offset
        self.faults = Faults(latency=options.latency)
        self.store = Store(options.data / "gateway")
        self.apply(options)
        self.receipts = Receipts(self.store, self.faults, self.now)
        self.contract = Contract(self.store, self.faults, options.lines, self.receipts.expect)
        self.admin = Admin(self)
        self.calls = 0
        self.refusals = 0
        self.port = 0
        self._key = options.api_key.encode()
        self._open: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    def now(self) -> float:
        """Unix seconds of the simulator's own clock."""
        return time.time() + self.offset

    def resume(self) -> None:
        """Plans the receipts of messages that were under way when the process stopped."""
        horizon = self.now() - self.store.state.phone_seconds
        under_way = []
        for message in reversed(self.store.messages):
            if message is not None and message.at < horizon:
                break
            if message is not None and message.offset >= 0:
                under_way.append(message)
        for message in under_way:
            self.receipts.expect([message])

    # -- what phones do -----------------------------------------------------------------------------------------------------------

    def take_inbound(self, number: str, line: str, text: str) -> Inbound:
        """A phone answers: recorded, pushed; 11 and 12 work as the operators' لغو۱۱ does."""
        message = self.store.take_inbound(number, line, text, self.now())
        state = self.store.state
        if state.opt_out_blocks:
            word = "".join(text.split()).translate(_DIGITS)
            if word in _OPT_OUT:
                state.blocked.setdefault(line, {})[number] = [2, message.at]
                self.store.save()
            elif word in _OPT_IN and number in state.blocked.get(line, {}):
                del state.blocked[line][number]
                self.store.save()
        self.receipts.push_inbound(message)
        return message

    # -- calls --------------------------------------------------------------------------------------------------------------------

    def respond(self, request: Request) -> Reply:
        """The reply to any request; never raises."""
        path = request.path
        try:
            if path.startswith("/v1/"):
                return self._call(request)
            if not _is_local(request):
                return Reply(b"", 403)
            if path.startswith("/_admin/"):
                return self.admin.respond(request)
            if path in ("/", "/phone") or path.startswith("/phone/"):
                return phone.respond(self, request)
            return Reply(b"", 404)
        except OSError as error:
            # The ledger couldn't be written: nothing may be said to be accepted.
            return _envelope(500, None, type(error).__name__)
        except (ValueError, KeyError, TypeError, AttributeError, UnicodeError, HexError) as error:
            return Reply(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode(), 400)

    def _call(self, request: Request) -> Reply:
        self.calls += 1
        parts = request.path.split("/", 3)
        key, method = unquote(parts[2]), parts[3] if len(parts) > 3 else ""
        faults = self.faults
        if not hmac.compare_digest(key.encode(), self._key):
            return _envelope(403, None)
        if not method.endswith(".json"):
            return _envelope(404, None)
        method = method[:-5]
        fault = faults.next_fault(method)
        delay = faults.latency
        if fault is not None and (fault in BEFORE or fault.isdecimal()):
            return _refuse(fault, delay)
        raw = request.body if request.verb == "POST" else request.query.encode()
        first = len(self.store.messages)
        try:
            entries = self.contract.call(method, parse_form(raw), self.now())
        except Refuse as refusal:
            self.refusals += 1
            reply = _envelope(refusal.code, None)
            reply.delay = delay
            return reply
        if fault is None:
            reply = _envelope(200, entries)
            reply.delay = delay
            return reply
        return self._disturb(fault, entries, [m for m in self.store.messages[first:] if m is not None], delay)

    def _disturb(self, fault: str, entries: Any, messages: list[Message], delay: float) -> Reply:
        """The call was carried out; the reply suffers."""
        if fault == "hang":
            return Reply(ending=Ending.HANG)
        if fault == "reset":
            return Reply(ending=Ending.RESET, delay=delay)
        if fault == "error":
            return Reply(_BROKEN, 502, b"text/html", delay)
        reply = _envelope(200, _falsify(fault, entries, self.store.state.base))
        reply.delay = delay
        if fault == "garbled":
            reply.body = reply.body[: len(reply.body) // 2]
        elif fault == "slow":
            reply.delay = self.faults.slow_seconds
        elif fault == "receipts_first":
            age = self.store.state.phone_seconds + 0.001
            for message in messages:
                message.at -= age
            self.receipts.push_now(messages)
            reply.delay = max(delay, _RECEIPTS_FIRST_DELAY)
        return reply

    # -- running ------------------------------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self.respond, self._open),
            self.options.host,
            self.port or self.options.port,
            family=socket.AF_INET6 if ":" in self.options.host else socket.AF_INET,
            backlog=1024,
            reuse_address=True,
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def go_down(self, seconds: float) -> None:
        """Refuses connections, really, for a while."""
        assert self._listener is not None
        self._listener.close()
        for connection in list(self._open):
            connection.abort()
        await asyncio.sleep(seconds)
        await self.listen()

    async def run(self) -> None:
        """Serves until SIGINT or SIGTERM, or the parent's end where that was asked for."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await self.listen()
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        print(json.dumps({"ready": True, "url": f"http://{host}:{self.port}", "lines": list(self.options.lines)}), flush=True)
        self.resume()
        tasks = [asyncio.create_task(self.receipts.run()), asyncio.create_task(self._keep_time(stop, os.getppid()))]
        await stop.wait()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._open):
            connection.abort()
        self.store.save()
        self.store.close()

    async def _keep_time(self, stop: asyncio.Event, parent: int) -> None:
        while True:
            await asyncio.sleep(_KEEP_EVERY)
            self.receipts.expect(self.store.release_due(self.now(), self.contract.fate_of))
            if self.options.exit_with_parent and os.getppid() != parent:
                stop.set()

    def apply(self, options: Options) -> None:
        """Takes over what the command line says; what it leaves open stays as it was."""
        store, state = self.store, self.store.state
        if not store.state_path.exists():
            # A restart must not fill the account up again.
            store.set_credit(DEFAULT_CREDIT if options.credit is None else options.credit)
        for name in ("webhook_url", "inbound_url", "operator_seconds", "phone_seconds"):
            value = getattr(options, name)
            if value is not None:
                setattr(state, name, value)
        store.save()


_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789", "\u200c")


def serve(options: Options) -> int:
    """Serves until told to stop. 0, or 1 where it can't start."""
    try:
        server = Server(options)
        asyncio.run(server.run())
    except OSError as error:
        print(json.dumps({"ready": False, "error": str(error)}), flush=True)
        return 1
    return 0


def _is_local(request: Request) -> bool:
    """Whether the browser means this machine by name, and no other site sent it: phones and faults are for its user alone."""
    host = request.header(b"host").decode("latin-1")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    origin = request.header(b"origin").decode("latin-1")
    return name in _LOOPBACK and origin in ("", f"http://{host}")


def _envelope(code: int, entries: Any, message: str | None = None) -> Reply:
    text = message or MESSAGES.get(code) or "خطا"
    body = _encode({"return": {"status": code, "message": text}, "entries": entries})
    return Reply(body, code if code < 600 else 400)


def _refuse(fault: str, delay: float) -> Reply:
    if fault == "refuse":
        return Reply(ending=Ending.RESET)
    if fault == "hang_before":
        return Reply(ending=Ending.HANG)
    if fault == "error_before":
        return Reply(_BROKEN, 503, b"text/html", delay)
    reply = _envelope(int(fault), None)
    reply.delay = delay
    return reply


def _falsify(fault: str, entries: Any, first_id: int) -> Any:
    """Entries that don't tell the truth any more; for calls without message entries only their number suffers."""
    if not isinstance(entries, list):
        return None if fault == "empty" else entries
    if fault == "empty":
        return []
    if fault == "truncated":
        return entries[:-1]
    if fault == "extended":
        return entries + entries[-1:]
    if fault == "reordered":
        return entries[::-1]
    if not entries or not isinstance(entries[0], SentEntry):
        return entries
    if fault == "lying_receptors":
        return [msgspec.structs.replace(each, receptor="09990000000") for each in entries]
    if fault == "lying_texts":
        return [msgspec.structs.replace(each, message=each.message + "؟") for each in entries]
    if fault == "same_ids":
        return [msgspec.structs.replace(each, messageid=entries[0].messageid) for each in entries]
    if fault == "lying_ids":
        return [msgspec.structs.replace(each, messageid=0) for each in entries]
    if fault == "foreign_ids":
        return [msgspec.structs.replace(each, messageid=max(first_id, each.messageid - len(entries))) for each in entries]
    if fault == "swapped_ids":
        neighbours = entries[1:] + entries[:1]
        return [msgspec.structs.replace(each, messageid=other.messageid) for each, other in zip(entries, neighbours, strict=True)]
    return entries
