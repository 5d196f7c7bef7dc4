"""What fits on one sheet: the texts of the mayor's page and their lengths. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engage.refusal import Refused

MOST: dict[str, int] = {"headline": 80, "lead": 200, "wanted": 180, "addressee": 50, "letter_number": 24, "attachment": 24}
"""Characters; longer texts are refused and never set smaller"""


@dataclass(frozen=True)
class OnePage:
    """What an officer says on the page; the figures come from the report. `question_key` and `dimension` choose the chart: a question's
    answers, or, with a dimension, its groups side by side."""

    headline: str
    lead: str = ""
    wanted: str = ""
    addressee: str = ""
    question_key: str = ""
    dimension: str = ""
    letter_number: str = ""
    letter_date: date | None = None
    attachment: str = ""
    revision: int = 0
    """0 until it is saved for the first time"""


def check_lengths(page: OnePage) -> None:
    """Refused: "onepage_no_headline"; "onepage_too_long" (field, most, given) for the first text that is too long."""
    if not page.headline.strip():
        raise Refused("onepage_no_headline")
    for name, most in MOST.items():
        given = len(getattr(page, name))
        if given > most:
            raise Refused("onepage_too_long", field=name, most=most, given=given, over=given - most)


def within(text: str, most: int) -> str:
    """The text, or as many of its words as fit with «…» behind them."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ،؛:.") + "…"


def joined_within(sentences: list[str], most: int) -> str:
    """As many whole sentences, from the first on, as fit together."""
    found = ""
    for each in sentences:
        longer = f"{found} {each}".strip()
        if len(longer) > most:
            break
        found = longer
    return found
