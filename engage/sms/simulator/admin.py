"""`/_admin/…`: what tests, rehearsals and the demo do to the gateway behind its contract's back. JSON in, JSON out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from engage.sms.simulator.contract import to_phone
from engage.sms.simulator.http import Reply, Request
from engage.sms.simulator.options import DEFAULT_CREDIT
from engage.sms.simulator.records import State

if TYPE_CHECKING:
    from engage.sms.simulator.server import Server

_STATE_SETTINGS: dict[str, type] = {
    "links_allowed": bool,
    "opt_out_blocks": bool,
    "operator_seconds": float,
    "phone_seconds": float,
    "late_seconds": float,
    "webhook_url": str,
    "inbound_url": str,
    "webhook_verb": str,
    "webhook_retry_seconds": float,
    "webhook_attempts": int,
    "push_intermediate": bool,
}


class Admin:
    """The admin interface of one server. ValueError and KeyError become 400 with their text."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._down: asyncio.Task[None] | None = None
        self._get: dict[str, Callable[[dict[str, Any]], Any]] = {
            "health": lambda _: {"ready": True},
            "stats": lambda _: self._stats(),
            "clock": lambda _: self._clock({}),
            "settings": lambda _: self._settings({}),
            "inbox": self._inbox,
            "inbound": self._sent_by,
        }
        self._post: dict[str, Callable[[dict[str, Any]], Any]] = {
            "faults": self._faults,
            "clock": self._clock,
            "credit": self._credit,
            "settings": self._settings,
            "config": self._config,
            "blocked": self._blocked,
            "undeliverable": self._undeliverable,
            "inbound": self._inbound,
            "down": self._go_down,
            "reset": self._reset,
        }

    def respond(self, request: Request) -> Reply:
        name = request.path.removeprefix("/_admin/").strip("/")
        if request.verb == "GET":
            handler = self._get.get(name)
            given: dict[str, Any] = {key: values[-1] for key, values in parse_qs(request.query).items()}
        else:
            handler = self._post.get(name)
            given = json.loads(request.body or b"{}")
            if not isinstance(given, dict):
                raise ValueError("an object is expected")
        if handler is None:
            return Reply(b'{"error":"no such thing"}', 404)
        return Reply(json.dumps(handler(given), ensure_ascii=False).encode())

    def _stats(self) -> dict[str, Any]:
        server, store = self._server, self._server.store
        return {
            "calls": server.calls,
            "refusals": server.refusals,
            "accepted": store.received + store.unreached + len(store.state.scheduled) + len(store.state.cancelled),
            "received": store.received,
            "unreached": store.unreached,
            "scheduled": len(store.state.scheduled),
            "deduplicated": server.contract.deduplicated,
            "config_changes": server.contract.config_changes,
            "inbound": len(store.inbound),
            "credit": store.credit,
            "spent": store.spent,
            "faults_fired": dict(server.faults.fired),
            "faults_pending": server.faults.pending(),
            "receipts_pushed": server.receipts.pushed,
            "receipts_refused": server.receipts.refused,
            "receipts_abandoned": server.receipts.abandoned,
            "receipts_waiting": server.receipts.waiting,
        }

    def _faults(self, given: dict[str, Any]) -> Any:
        """{"queue": […], "rates": {…}, "seed": n, "methods": "all"|[…], "latency_ms": n, "slow_ms": n, "clear": true}"""
        faults = self._server.faults
        if given.get("clear"):
            faults.clear()
        if "rates" in given:
            faults.set_rates(given["rates"], given.get("seed"), given.get("methods"))
        faults.enqueue(given.get("queue", ()))
        if "latency_ms" in given:
            faults.latency = float(given["latency_ms"]) / 1000
        if "slow_ms" in given:
            faults.slow_seconds = float(given["slow_ms"]) / 1000
        return {"pending": faults.pending(), "rates": faults.rates, "fired": dict(faults.fired)}

    def _clock(self, given: dict[str, Any]) -> Any:
        """{"advance_seconds": n} or {"offset_seconds": n}"""
        server = self._server
        before = server.offset
        if "offset_seconds" in given:
            server.offset = float(given["offset_seconds"])
        server.offset += float(given.get("advance_seconds", 0))
        if server.offset < before:
            server.receipts.put_back(before - server.offset)
        return {"now": server.now(), "offset_seconds": server.offset}

    def _credit(self, given: dict[str, Any]) -> Any:
        self._server.store.set_credit(int(given["rials"]))
        return {"credit": self._server.store.credit}

    def _settings(self, given: dict[str, Any]) -> Any:
        """Any of the account's settings; answers with all of them."""
        state = self._server.store.state
        for name, value in given.items():
            kind = _STATE_SETTINGS[name]
            setattr(state, name, kind(value))
        if given:
            self._server.store.save()
        return {name: getattr(state, name) for name in _STATE_SETTINGS}

    def _config(self, given: dict[str, Any]) -> Any:
        """The strings `account/config` shows."""
        state = self._server.store.state
        state.config.update({str(name): str(value) for name, value in given.items()})
        self._server.store.save()
        return state.config

    def _blocked(self, given: dict[str, Any]) -> Any:
        """{"add": [number…], "remove": […], "line": "…" (all lines without it), "reason": 2}"""
        store = self._server.store
        line = str(given.get("line", "*"))
        numbers = store.state.blocked.setdefault(line, {})
        now = self._server.now()
        for number in map(_phone, given.get("add", ())):
            numbers[number] = [int(given.get("reason", 2)), now]
        for number in map(_phone, given.get("remove", ())):
            numbers.pop(number, None)
        store.save()
        return {"blocked": sorted(numbers)}

    def _undeliverable(self, given: dict[str, Any]) -> Any:
        """{"add": [number…], "remove": […]}"""
        store = self._server.store
        store.undeliverable |= set(map(_phone, given.get("add", ())))
        store.undeliverable -= set(map(_phone, given.get("remove", ())))
        store.save()
        return {"undeliverable": sorted(store.undeliverable)}

    def _inbound(self, given: dict[str, Any]) -> Any:
        """{"number": "…", "text": "…", "line": "…" (the first one without it)}"""
        server = self._server
        message = server.take_inbound(
            _phone(given["number"]), str(given.get("line") or server.options.lines[0]), str(given["text"])
        )
        return {"messageid": message.messageid}

    def _sent_by(self, given: dict[str, Any]) -> Any:
        """What phones have sent: ?number=… or all of it, the last 1,000."""
        inbound = self._server.store.inbound
        number = _phone(given["number"]) if "number" in given else None
        chosen = [each for each in inbound if number is None or each.sender == number][-1000:]
        return [{"messageid": m.messageid, "at": m.at, "sender": m.sender, "line": m.line, "message": m.message} for m in chosen]

    def _inbox(self, given: dict[str, Any]) -> Any:
        """What a phone has received, oldest first: ?number=…&limit=…"""
        store, now = self._server.store, self._server.now()
        found = store.thread(_phone(given["number"]), int(given.get("limit", 200)))
        return [
            {
                "messageid": each.id,
                "localid": each.localid,
                "at": each.at,
                "line": each.line,
                "message": store.text_of(each),
                "status": store.status_of(each, now),
            }
            for each in reversed(found)
        ]

    def _go_down(self, given: dict[str, Any]) -> Any:
        """{"seconds": n}: connections are refused from 50 ms after this reply, for n seconds."""
        seconds = float(given["seconds"])

        async def go_down() -> None:
            await asyncio.sleep(0.05)
            await self._server.go_down(seconds)

        self._down = asyncio.get_running_loop().create_task(go_down())
        return {"seconds": seconds}

    def _reset(self, given: dict[str, Any]) -> Any:
        """No faults, clock, settings, blocks as at first; with {"messages": true} messages are forgotten and files set aside."""
        server, store = self._server, self._server.store
        server.faults.clear()
        server.faults.fired.clear()
        server.offset = server.options.clock_offset
        server.receipts.forget()
        fresh = State()
        for name in (*_STATE_SETTINGS, "blocked", "config"):
            setattr(store.state, name, getattr(fresh, name))
        store.undeliverable.clear()
        if given.get("messages"):
            store.start_over()
            server.contract.deduplicated = server.contract.config_changes = server.calls = server.refusals = 0
        server.apply(server.options)
        store.set_credit(DEFAULT_CREDIT if server.options.credit is None else server.options.credit)
        return self._stats()


def _phone(number: Any) -> str:
    found = to_phone(str(number))
    if found is None:
        raise ValueError("not a mobile number")
    return found
