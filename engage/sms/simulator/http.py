"""As little HTTP/1.1 as the simulator needs, on asyncio: keep-alive, Content-Length bodies, replies that may come late or never."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

_MAX_HEAD = 32 * 1024
_MAX_BODY = 8 * 1024 * 1024


class Ending(Enum):
    """How a call ends."""

    REPLY = "reply"
    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"


@dataclass(slots=True)
class Request:
    verb: str
    path: str
    query: str
    head: bytes
    """Request line and headers, lower case."""
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The header's value in lower case, empty where it is missing."""
        start = self.head.find(b"\r\n" + name + b":")
        if start < 0:
            return b""
        start += len(name) + 3
        end = self.head.find(b"\r\n", start)
        return self.head[start : end if end >= 0 else None].strip()


@dataclass(slots=True)
class Reply:
    body: bytes = b""
    status: int = 200
    kind: bytes = b"application/json; charset=utf-8"
    delay: float = 0.0
    ending: Ending = Ending.REPLY
    headers: bytes = b""
    after: Callable[[], None] | None = None
    """Called once the reply is written."""


class Connection(asyncio.Protocol):
    """One client. Calls of one connection are answered in order, one at a time."""

    def __init__(self, respond: Callable[[Request], Reply], open_connections: set[Connection]) -> None:
        self._respond = respond
        self._open = open_connections
        self._buffer = bytearray()
        self._head: bytes | None = None
        self._needed = 0
        self._is_busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=1 << 20)
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_busy:
            self._advance()

    def abort(self) -> None:
        """Resets the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _advance(self) -> None:
        buffer = self._buffer
        while self._transport is not None and not self._is_busy:
            if self._head is None:
                end = buffer.find(b"\r\n\r\n")
                if end < 0:
                    if len(buffer) > _MAX_HEAD:
                        self._transport.abort()
                    return
                if not self._read_head(bytes(buffer[:end])):
                    self._write(Reply(b"", 400, headers=b"Connection: close\r\n"), b"connection: close")
                    return
                del buffer[: end + 4]
            if len(buffer) < self._needed or self._head is None:
                return
            body = bytes(memoryview(buffer)[: self._needed])
            del buffer[: self._needed]
            line, head = self._line, self._head
            self._head = None
            target, _, query = line[1].partition("?")
            reply = self._respond(Request(line[0], target, query, head, body))
            self._finish(reply, head)

    def _read_head(self, head: bytes) -> bool:
        words = head[: head.find(b"\r\n") if b"\r\n" in head else len(head)].decode("latin-1").split(" ")
        lower = head.lower()
        if len(words) != 3 or b"\r\ntransfer-encoding:" in lower:
            return False
        self._line = words
        self._head = lower
        length = Request("", "", "", lower, b"").header(b"content-length") or b"0"
        if not length.isdigit() or int(length) > _MAX_BODY:
            return False
        self._needed = int(length)
        if b"\r\nexpect: 100-continue" in lower and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _finish(self, reply: Reply, head: bytes) -> None:
        if reply.ending is Ending.HANG:
            self._is_busy = True
        elif reply.delay > 0:
            self._is_busy = True
            asyncio.get_running_loop().call_later(reply.delay, self._finish_late, reply, head)
        else:
            self._write(reply, head)

    def _finish_late(self, reply: Reply, head: bytes) -> None:
        self._is_busy = False
        self._write(reply, head)
        self._advance()

    def _write(self, reply: Reply, head: bytes) -> None:
        transport = self._transport
        if transport is not None:
            if reply.ending is Ending.RESET:
                transport.abort()
            elif reply.ending is Ending.CLOSE:
                transport.close()
            else:
                transport.write(
                    b"HTTP/1.1 %d -\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n%b"
                    % (reply.status, reply.kind, len(reply.body), reply.headers, reply.body)
                )
                if b"\r\nconnection: close" in b"\r\n" + head:
                    transport.close()
        if reply.after is not None:
            reply.after()
