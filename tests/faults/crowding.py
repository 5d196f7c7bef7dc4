"""A crowd of telephones in a process of its own: so many connections at once, each of which sends one link's answers and reads the reply."""

from __future__ import annotations

import contextlib
import multiprocessing
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Crowd:
    """What the telephones were told."""

    acknowledged: list[str] = field(default_factory=list)
    """Letters of the links that got the thank-you page"""
    shed: list[str] = field(default_factory=list)
    without_retry_after: int = 0
    others: Counter[str] = field(default_factory=Counter)
    """Any other answer, by its code; "cut": none"""
    seconds: float = 0.0


@dataclass
class _Call:
    token: str
    left: bytes
    reply: bytes = b""


def crowd(port: int, tokens: Sequence[str], *, at_once: int, seconds: float) -> Crowd:
    """As many links as can be sent in so many seconds, `at_once` of them at any moment; every one is waited for."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=lambda: sender.send(_send(port, tokens, at_once, seconds)))
    process.start()
    found: Crowd = receiver.recv()
    process.join()
    return found


def _send(port: int, tokens: Sequence[str], at_once: int, seconds: float) -> Crowd:
    found, waiting = Crowd(), selectors.DefaultSelector()
    began = time.monotonic()
    remaining = iter(tokens)
    for _ in range(at_once):
        _begin(waiting, port, remaining)
    while waiting.get_map():
        for key, _ in waiting.select(1.0):
            call: _Call = key.data
            if not _goes_on(waiting, key):
                _count(found, call)
                if time.monotonic() - began < seconds:
                    _begin(waiting, port, remaining)
    found.seconds = time.monotonic() - began
    return found


def _begin(waiting: selectors.BaseSelector, port: int, remaining: Iterator[str]) -> None:
    token = next(remaining, None)
    if token is None:
        return
    connection = socket.socket()
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        connection.connect(("127.0.0.1", port))
    body = b"q1=park"
    head = f"POST /{token} HTTP/1.1\r\nHost: m12.example.ir\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    head += f"Accept-Encoding: gzip\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    waiting.register(connection, selectors.EVENT_WRITE, _Call(token, head.encode() + body))


def _goes_on(waiting: selectors.BaseSelector, key: selectors.SelectorKey) -> bool:
    """False once the call has ended, one way or the other."""
    connection, call = key.fileobj, key.data
    assert isinstance(connection, socket.socket)
    try:
        if call.left:
            call.left = call.left[connection.send(call.left) :]
            if not call.left:
                waiting.modify(connection, selectors.EVENT_READ, call)
            return True
        if chunk := connection.recv(65536):
            call.reply += chunk
            return True
    except OSError:
        call.reply = b""
    waiting.unregister(connection)
    connection.close()
    return False


def _count(found: Crowd, call: _Call) -> None:
    head = call.reply.partition(b"\r\n\r\n")[0]
    code = head.split(b" ")[1].decode() if head.startswith(b"HTTP/") else "cut"
    if code == "200":
        found.acknowledged.append(call.token)
    elif code == "503":
        found.shed.append(call.token)
        found.without_retry_after += b"retry-after:" not in head.lower()
    else:
        found.others[code] += 1
