"""Codes by SMS leave through a room above, which knows how to send; it says so at install.

A function that runs in the caller's transaction rather than an event: an event would write the number down.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from flask import Flask, current_app

from engage.refusal import Refused

_NAME = "surveys_code_sender"


class CodeSender(Protocol):
    def __call__(self, *, unit_id: int, e164: str, body: str, expires_in: timedelta) -> None:
        """The text goes out if and only if the open transaction commits, and not after `expires_in`; no trace of the number is kept."""


def install(app: Flask) -> None:
    app.extensions[_NAME] = None


def register_code_sender(app: Flask, sender: CodeSender) -> None:
    """Have the codes of open links sent by this function."""
    app.extensions[_NAME] = sender


def send_text(*, unit_id: int, e164: str, body: str, expires_in: timedelta) -> None:
    """Refused("codes_unavailable") where nobody sends."""
    sender: CodeSender | None = current_app.extensions[_NAME]
    if sender is None:
        raise Refused("codes_unavailable")
    sender(unit_id=unit_id, e164=e164, body=body, expires_in=expires_in)
