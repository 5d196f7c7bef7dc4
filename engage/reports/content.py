"""A report: the computed part that is stored, and the whole that pages and files show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec

from engage.reports.analysis.shapes import Analysis
from engage.reports.tally import MINIMUM, QuestionTally, response_rate

SHAPE = "5"
"""Raise it when `Content` changes: what was stored in another shape is computed anew before it is shown."""


@dataclass(frozen=True)
class Funnel:
    """How far people came; a person is a distinct phone number. Opened includes robots that preview links."""

    invited: int = 0
    accepted: int = 0
    delivered: int = 0
    opened: int = 0
    started: int = 0
    answered: int = 0
    is_under_seal: bool = False
    """Started and answered are those who can't be told from others any more; how many came besides is under seal"""

    @property
    def response_rate(self) -> float | None:
        """None while answers are under seal: how many came isn't told."""
        return None if self.is_under_seal else response_rate(self.answered, self.delivered)


@dataclass(frozen=True)
class DayCount:
    day: date
    """In Tehran"""
    count: int


@dataclass(frozen=True)
class Content:
    """What is computed: all of one moment, from the truth alone."""

    answers: int = 0
    version_count: int = 0
    funnel: Funnel = field(default_factory=Funnel)
    days: list[DayCount] = field(default_factory=list)
    """From the first day with an answer to the last, those without any included"""
    questions: list[QuestionTally] = field(default_factory=list)
    partial: int = 0
    """Answers never sent off; in no other figure"""
    excluded: int = 0
    """Responses an officer left out; in no other figure"""
    analysis: Analysis = field(default_factory=Analysis)
    """The one source of everything that is shown of groups"""


@dataclass(frozen=True)
class Report:
    """A survey's report as it is shown."""

    survey_id: int
    slug: str
    unit_id: int
    title: str
    state: str
    closes_at: datetime | None
    results_on: date | None
    computed_at: datetime
    is_stale: bool
    content: Content
    is_sealed: bool = False
    """An anonymous survey that ended with too few answers: they are shown to nobody, and not even counted"""

    @property
    def answers(self) -> int:
        return self.content.answers

    @property
    def funnel(self) -> Funnel:
        return self.content.funnel

    @property
    def is_shown_in_percent(self) -> bool:
        return self.answers >= MINIMUM

    @property
    def stamp(self) -> str:
        """Changes whenever the figures may have."""
        return f"{self.computed_at.timestamp():.6f}-{self.answers}-{self.state}"

    def question(self, key: str) -> QuestionTally | None:
        return next((each for each in self.content.questions if each.key == key), None)


# Worked out while one thread imports; see `surveys.definitions`, where two threads at once would take the process down.
msgspec.json.Decoder(Content)


def store(content: Content) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(content)
    return found


def restore(raw: dict[str, Any]) -> Content:
    return msgspec.convert(raw, Content)
