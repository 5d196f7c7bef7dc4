"""Texts to colleagues leave through a room above, which knows how to send; it says so at install.

A function that runs in the caller's transaction rather than an event: an event would write the number down.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from flask import Flask, current_app

from engage.refusal import Refused

_NAME = "engage_identity_text_sender"

CODE_KIND, NOTICE_KIND = "staff_code", "staff_notice"
"""Neither obeys citizens' suppression: the number is a colleague's own, who confirmed it for this and switches it off in their account.
That the same number asked for no more of the office's messages to citizens says nothing about a code it is waiting for."""


class TextSender(Protocol):
    def __call__(
        self, kind: str, *, unit_id: int | None, e164: str, body: str, expires_in: timedelta, not_before: datetime | None = None
    ) -> int:
        """The text goes out if and only if the open transaction commits, and not after `expires_in`; number and words are kept
        encrypted and no longer than until it is settled. Returns its id."""


def install(app: Flask) -> None:
    app.extensions[_NAME] = None


def register_text_sender(app: Flask, sender: TextSender) -> None:
    """Have texts to colleagues sent by this function."""
    app.extensions[_NAME] = sender


def is_texting() -> bool:
    """Whether a room is there that sends."""
    return current_app.extensions[_NAME] is not None


def send_text(kind: str, *, unit_id: int | None, e164: str, body: str, expires_in: timedelta, not_before: datetime | None = None) -> int:
    """Queue a text in the caller's transaction, by whatever room sends. Refused("texts_unavailable") where none does."""
    sender: TextSender | None = current_app.extensions[_NAME]
    if sender is None:
        raise Refused("texts_unavailable")
    return sender(kind, unit_id=unit_id, e164=e164, body=body, expires_in=expires_in, not_before=not_before)
