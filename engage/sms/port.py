"""What the house needs of an SMS gateway, in the house's own words.

Everything above this floor sees these types only; who the gateway is stays inside its adapter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

MAX_BATCH = 200
"""Messages one `send` may carry."""
MAX_LOOKUP = 500
"""Ids one `look_up` or `poll` may ask for."""
MAX_CHARACTERS = 900
"""Characters one message may have."""


class OutcomeKind(StrEnum):
    """What is known about one message after a send."""

    ACCEPTED = "accepted"
    """The gateway has it and gave it an id."""
    RETRY = "retry"
    """Certainly not sent, nobody's fault: back off and send again."""
    HALT = "halt"
    """Certainly not sent, and no other message will be until a person acts: stop the campaign with the reason."""
    REJECTED = "rejected"
    """Certainly not sent and never will be as it is."""
    UNCERTAIN = "uncertain"
    """Nobody knows: look it up by its local id, never send it again blindly."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send: our 64-bit id, the receiver in E.164 (`+98912…`), the final text."""

    local_id: int
    receptor: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one `Outgoing`.

    `gateway_id`, `status` (see `statuses`) and `cost` (rials) come with ACCEPTED alone. `code` is the gateway's own number where
    it gave one; `reason` is a stable word (see `codes.reason_of` and the adapter), never the gateway's text.
    """

    local_id: int
    kind: OutcomeKind
    gateway_id: int | None = None
    status: int | None = None
    cost: int | None = None
    code: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the gateway says about one message now; `local_id` where the question was asked by local id."""

    gateway_id: int
    local_id: int | None
    status: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """One SMS a citizen sent: `sender` in E.164 where it is an Iranian number, `at` in UTC."""

    gateway_id: int
    line: str
    sender: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """A number a line can't reach: E.164, the gateway's reason (2 = the citizen answered لغو۱۱), since when (UTC)."""

    number: str
    reason: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Credit in rials, when the account ends (UTC, None if the gateway doesn't say), its kind."""

    credit: int
    expires_at: datetime | None
    kind: str


class GatewayUnavailable(Exception):
    """A question got no answer that can be relied on.

    `reason` is a stable word, `code` the gateway's number where it gave one, `certain` True when the gateway surely did nothing.
    Its text never holds the API key.
    """

    def __init__(self, reason: str, *, code: int | None = None, certain: bool = False) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.reason = reason
        self.code = code
        self.certain = certain


class Gateway(Protocol):
    """The gateway as the campaigns see it. Safe to share between threads."""

    def send(self, line: str, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Exactly one outcome per message, in their order, whatever the gateway or the network does.

        At most MAX_BATCH messages with distinct local ids, else ValueError.
        """
        ...

    def look_up(self, local_ids: Sequence[int]) -> Mapping[int, Receipt | None]:
        """Every id asked for, with its receipt, or None where the gateway says it doesn't know it.

        At most MAX_LOOKUP ids, else ValueError. GatewayUnavailable when any id went without an answer.
        """
        ...

    def poll(self, gateway_ids: Sequence[int]) -> list[Receipt]:
        """Receipts by the gateway's ids (at most MAX_LOOKUP); ids it left out are left out. Raises GatewayUnavailable."""
        ...

    def receive(self, line: str, *, already_read: bool = False) -> list[Inbound]:
        """Unread inbound messages, at most 100; the gateway marks them read, so a failed call may have lost them to us. `already_read`
        gives the newest of those marked before instead, which is how they are found again.

        Raises GatewayUnavailable.
        """
        ...

    def blocked(self, line: str, since: datetime | None = None) -> list[Blocked]:
        """Numbers the line can't reach, all pages. Raises GatewayUnavailable."""
        ...

    def account(self) -> Account:
        """Credit and expiry. Raises GatewayUnavailable."""
        ...

    def configuration(self) -> Mapping[str, str]:
        """The account's settings, read only. Raises GatewayUnavailable."""
        ...
