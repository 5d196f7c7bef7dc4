"""What a link shows, and whether a survey takes answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DRAFT, OPEN, CLOSED = "draft", "open", "closed"


class LinkState(StrEnum):
    """What the holder of a personal link finds behind it."""

    FORM = "form"
    ANSWERED = "answered"
    CLOSED = "closed"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Link:
    """The facts a link's state follows from."""

    survey_state: str
    is_published: bool
    closes_at: datetime | None
    expires_at: datetime
    is_answered: bool
    is_revoked: bool


def link_state(link: Link, now: datetime) -> LinkState:
    """A revoked link looks like one that never existed: its number may belong to somebody else by now.

    An answered one says so for ever, also after the deadline. An expired link shows the closed page: whoever got the text in time
    deserves to hear that they are late rather than that they are lost.
    """
    if link.is_revoked or not link.is_published or link.survey_state == DRAFT:
        return LinkState.NOT_FOUND
    if link.is_answered:
        return LinkState.ANSWERED
    if not is_open(link.survey_state, link.closes_at, now) or link.expires_at <= now:
        return LinkState.CLOSED
    return LinkState.FORM


def is_open(state: str, closes_at: datetime | None, now: datetime) -> bool:
    """Whether answers are accepted at `now`; the deadline counts even before the sweeper has closed the survey."""
    return state == OPEN and (closes_at is None or now < closes_at)
