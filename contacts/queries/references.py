"""Who else refers to a person: every room says how what it holds of them is removed or unlinked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app


@dataclass(frozen=True)
class Erasing:
    """The people who are being erased in the caller's transaction."""

    contact_ids: tuple[int, ...]
    """Contacts whose rows go"""
    identity_id: int | None
    """The number behind them, where they still had one"""
    phone: str | None
    """That number, E.164"""
    is_whole: bool
    """Nothing may lead to the number any more, in no unit; else other contacts keep it, and only these people go."""
    at: datetime


ReferenceHolder = Callable[[Erasing], None]
"""Removes or unlinks, in the caller's transaction, whatever refers to these contacts and, if `is_whole`, to the number."""


def install(app: Flask) -> None:
    app.extensions["engage_reference_holders"] = []


def register_reference_holder(app: Flask, holder: ReferenceHolder) -> None:
    """Have `holder(erasing)` called whenever people are erased, in the order of registration, before their own rows go."""
    app.extensions["engage_reference_holders"].append(holder)


def reference_holders() -> list[ReferenceHolder]:
    found: list[ReferenceHolder] = current_app.extensions["engage_reference_holders"]
    return found
