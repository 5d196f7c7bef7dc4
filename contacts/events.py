"""What happened in the contact base."""

from __future__ import annotations

from dataclasses import dataclass

from engage.events import Event


@dataclass(frozen=True)
class NumberSuppressed(Event):
    """Nobody may text this number any more, for any purpose."""

    identity_id: int


@dataclass(frozen=True)
class NumberRenewed(Event):
    """The holder of a number asked for texts again: it is no longer stopped, or agrees to more."""

    identity_id: int


@dataclass(frozen=True)
class ListHeld(Event):
    """So many people dispute the consent a list brought that nothing more is sent on its ground until an admin decides."""

    import_id: int
    unit_id: int


@dataclass(frozen=True)
class ConsentEnded(Event):
    """A person no longer agrees to one purpose, or (purpose "") to none, because the number is somebody else's."""

    identity_id: int
    contact_id: int
    purpose: str


@dataclass(frozen=True)
class ContactsImported(Event):
    import_id: int
    unit_id: int
