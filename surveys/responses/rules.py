"""Which responses are looked at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engage.persian import parse_jalali
from surveys.models import Channel
from surveys.quality import Flag

STATES = ("counted", "partial", "excluded")
LONGEST_REASON = 300
SHORTEST_REASON = 3


@dataclass(frozen=True)
class Wanted:
    """What a list of responses is narrowed to; nothing said means all."""

    channel: str = ""
    entrance_id: int | None = None
    since: date | None = None
    until: date | None = None
    """Days in Tehran, both included"""
    state: str = ""
    """One of `STATES`: what counts, what was never sent off, what was left out"""
    flag: str = ""
    """One of `Flag`, or "any\""""
    language: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self != Wanted()


def read_wanted(given: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """What an address asks for, and the names of fields that can't be read; anything unknown counts as not said."""
    bad = [name for name in ("since", "until") if given.get(name, "").strip() and parse_jalali(given[name]) is None]

    def one_of(name: str, known: tuple[str, ...]) -> str:
        return given.get(name, "") if given.get(name, "") in known else ""

    entrance, language = given.get("entrance", ""), given.get("language", "")
    return (
        Wanted(
            channel=one_of("channel", tuple(Channel)),
            entrance_id=int(entrance) if entrance.isascii() and entrance.isdigit() and len(entrance) < 18 else None,
            since=parse_jalali(given.get("since", "")),
            until=parse_jalali(given.get("until", "")),
            state=one_of("state", STATES),
            flag=one_of("flag", (*Flag, "any")),
            language=language if language.isascii() and language.isalpha() and len(language) <= 3 else "",
        ),
        bad,
    )


def is_reason(text: str) -> bool:
    """Whether this says something: nobody is left out for a dot."""
    return SHORTEST_REASON <= len(text.strip()) <= LONGEST_REASON and any(letter.isalpha() for letter in text)
