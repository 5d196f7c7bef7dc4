"""Codes that confirm a phone for a survey's open link go the way of every single text."""

from __future__ import annotations

from datetime import timedelta

from contacts.commands.single_texts import queue_text


def send_survey_code(*, unit_id: int, e164: str, body: str, expires_in: timedelta) -> None:
    """Part of the caller's transaction. Whoever asked for the code wants it: like the codes of sign-up it goes to stopped numbers, too,
    and number and words are gone once it is settled."""
    queue_text("code", unit_id=unit_id, e164=e164, body=body, expires_in=expires_in)
