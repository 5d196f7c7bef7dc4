"""Where a survey's public results stand, and what became of the promise about them. A room above, which makes them, says so; until one
does there is nothing to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask import Flask, current_app

Address = Callable[[int, str], "str | None"]
_NAME = "surveys_results_address"
_STORY = "surveys_promise_story"


@dataclass(frozen=True)
class PromiseMove:
    """One change of the promised day. `now_on` None: no day is promised any more; equal days: only why it is late."""

    was_on: date
    now_on: date | None
    reason: str
    """As the office wrote it; empty while it owes one"""


@dataclass(frozen=True)
class PromiseStory:
    """What became of the day on which results were promised. Hashable: pages are kept by it."""

    moves: tuple[PromiseMove, ...] = ()
    is_late: bool = False


Story = Callable[[int], PromiseStory]


def install(app: Flask) -> None:
    app.extensions[_NAME] = None
    app.extensions[_STORY] = None


def register_results_address(app: Flask, address: Address) -> None:
    """Have closed links lead to `address(survey_id, slug)`: a path of this site, or None while nothing is published."""
    app.extensions[_NAME] = address


def results_address(survey_id: int, slug: str) -> str | None:
    found: Address | None = current_app.extensions[_NAME]
    return found(survey_id, slug) if found else None


def register_promise_story(app: Flask, story: Story) -> None:
    """Have closed links tell `story(survey_id)`: every move of the promised day, and whether it is over."""
    app.extensions[_STORY] = story


def promise_story(survey_id: int) -> PromiseStory:
    found: Story | None = current_app.extensions[_STORY]
    return found(survey_id) if found else PromiseStory()
