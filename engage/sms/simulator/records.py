"""What the gateway remembers: one account's messages, settings and prices, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from engage.sms import statuses
from engage.sms.cost import PagePrice, PriceTable, estimate_text

LATE = 1110
"""A fate of our own: undelivered (11) first, delivered (10) later."""
PRICES = PriceTable(PagePrice(persian=1_500, latin=3_600))
UNREACHED = frozenset({statuses.UNDELIVERED, statuses.BLOCKED})


class LedgerLine(msgspec.Struct, gc=False):
    """One line of the ledger, and of `unreached.jsonl` (which adds `fate`)."""

    at: str
    messageid: int
    localid: int | None
    sender: str
    receptor: str
    message: str


class UnreachedLine(LedgerLine, gc=False):
    fate: int = statuses.UNDELIVERED


class Message(msgspec.Struct, gc=False):
    """One accepted message. `at` is Unix seconds, `cost` rials, `offset` its line in the file its fate names,
    `previous` the place of the number's message before it (-1: none)."""

    id: int
    localid: int | None
    receptor: str
    line: str
    at: float
    fate: int
    cost: int
    offset: int
    previous: int


class Inbound(msgspec.Struct):
    """One SMS from a phone to a line."""

    messageid: int
    sender: str
    line: str
    message: str
    at: float


@dataclass
class State:
    """What `state.json` keeps."""

    base: int = 0
    granted: int = 0
    links_allowed: bool = True
    opt_out_blocks: bool = True
    operator_seconds: float = 1.0
    phone_seconds: float = 3.0
    late_seconds: float = 30.0
    webhook_url: str = ""
    inbound_url: str = ""
    webhook_verb: str = "POST"
    webhook_retry_seconds: float = 120.0
    webhook_attempts: int = 30
    push_intermediate: bool = False
    blocked: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """line ("*" for all) → number → [reason, since]"""
    undeliverable: list[str] = field(default_factory=list)
    read_up_to: dict[str, int] = field(default_factory=dict)
    scheduled: dict[str, list[Any]] = field(default_factory=dict)
    """message id → [localid, line, receptor, text, accepted at, due at, cost]"""
    cancelled: dict[str, list[Any]] = field(default_factory=dict)
    config: dict[str, str] = field(
        default_factory=lambda: {
            "apilogs": "justfaults",
            "dailyreport": "disabled",
            "debugmode": "disabled",
            "defaultsender": "",
            "mincreditalarm": "100000",
            "resendfailed": "disabled",
        }
    )


def cost_of(text: str) -> int:
    """Rials the account pays for the text."""
    return estimate_text(text, PRICES)
