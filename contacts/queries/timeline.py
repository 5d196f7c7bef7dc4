"""A person's past, told by every room that knows a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app


@dataclass(frozen=True)
class TimelineItem:
    """One thing that happened. `kind` groups it under a chip ("consent", "message", "opening", "answer", "change"), `tone` as in the state pills."""

    at: datetime
    kind: str
    icon: str
    title: Any
    meta: Any = ""
    quote: Any = ""
    tone: str = ""
    is_day: bool = False
    """Only the day of `at` is known"""


TimelineSource = Callable[[int, int], list[TimelineItem]]
"""(contact id, identity id) → items in any order, read in the caller's transaction."""


def install(app: Flask) -> None:
    app.extensions["engage_contact_timeline"] = []


def register_timeline_source(app: Flask, source: TimelineSource) -> None:
    """Show what `source(contact_id, identity_id)` returns on the person's page. It names only what the contact's own unit may see."""
    app.extensions["engage_contact_timeline"].append(source)


def timeline_of(contact_id: int, identity_id: int) -> list[TimelineItem]:
    """Everything the registered rooms know, newest first."""
    sources: list[TimelineSource] = current_app.extensions["engage_contact_timeline"]
    items = [item for source in sources for item in source(contact_id, identity_id)]
    return sorted(items, key=lambda item: item.at, reverse=True)
