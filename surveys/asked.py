"""What is being asked, by whom and until when: facts that pages show. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from surveys.definitions import Definition
from surveys.flow import cut_pages
from surveys.types import AnyQuestion


@dataclass(frozen=True)
class Office:
    """Who is asking."""

    name: str


@dataclass(frozen=True)
class Asked:
    """One published survey as its page needs it."""

    version_id: int
    definition: Definition
    office: Office
    closes_at: datetime | None
    results_on: date | None
    notice: str = ""
    """What the office has to put right about its texts; stands above everything else"""

    @cached_property
    def pages(self) -> list[list[AnyQuestion]]:
        """`cut_pages`, worked out once for everybody who is asked this."""
        return cut_pages(self.definition)


@dataclass(frozen=True)
class LiveSurvey:
    """A survey that is being asked now, as the public may know it."""

    title: str
    office: str
    closes_at: datetime | None
