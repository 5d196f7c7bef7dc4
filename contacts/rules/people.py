"""Persons and what lists say of them: joining rows of one number, and meeting what is already known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from contacts.rules.rows import name_keys, person_keys
from engage import persian

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """What a list, or the contact base, says of whoever answers a number."""

    first_name: str = ""
    last_name: str = ""
    neighbourhood: str = ""
    gender: str = ""
    birth_year: int | None = None
    consented_on: date | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    language: str = ""
    tag_ids: tuple[int, ...] = ()
    """Ascending"""

    @property
    def name(self) -> Name:
        return self.first_name, self.last_name


def is_same_name(one: Name, other: Name) -> bool:
    """Whether two names can be one person's: no part differs where both have it. A missing part contradicts nothing."""
    return all(not a or not b or name_keys(a)[0] == name_keys(b)[0] for a, b in zip(one, other, strict=True))


def name_key(name: Name) -> str:
    return person_keys(*name)[0]


def further_names(known: Name, names: Iterable[Name]) -> list[Name]:
    """The names that contradict `known`, each spelling once, in order of appearance."""
    found: dict[str, Name] = {}
    for name in names:
        if any(name) and not is_same_name(known, name):
            found.setdefault(name_key(name), name)
    return list(found.values())


def merge_rows(rows: Sequence[Person]) -> Person:
    """One person out of the rows of one number: within a file, per field, the first non-blank value wins."""
    custom: dict[str, Any] = {}
    for row in rows:
        for key, value in row.custom.items():
            custom.setdefault(key, value)
    return Person(
        first_name=next((r.first_name for r in rows if r.first_name), ""),
        last_name=next((r.last_name for r in rows if r.last_name), ""),
        neighbourhood=next((r.neighbourhood for r in rows if r.neighbourhood), ""),
        gender=next((r.gender for r in rows if r.gender), ""),
        birth_year=next((r.birth_year for r in rows if r.birth_year is not None), None),
        consented_on=next((r.consented_on for r in rows if r.consented_on is not None), None),
        custom=custom,
        language=next((r.language for r in rows if r.language), ""),
        tag_ids=tuple(sorted({each for r in rows for each in r.tag_ids})),
    )


def meet_known(known: Person, incoming: Person) -> Person:
    """What is known after a list spoke of the number again. Never blanks a value.

    The same person: new values replace old ones, and a name's missing part is filled in. Another name: nothing changes
    but the aliases (`further_names`), because the list's fields describe somebody else.
    """
    if not is_same_name(known.name, incoming.name):
        return known
    custom = known.custom | {key: _newer(known.custom.get(key, ""), value) for key, value in incoming.custom.items() if value is not None}
    return replace(
        known,
        first_name=known.first_name or incoming.first_name,
        last_name=known.last_name or incoming.last_name,
        neighbourhood=_newer(known.neighbourhood, incoming.neighbourhood),
        gender=incoming.gender or known.gender,
        birth_year=incoming.birth_year if incoming.birth_year is not None else known.birth_year,
        custom=custom,
        language=incoming.language or known.language,
        tag_ids=known.tag_ids if set(incoming.tag_ids) <= set(known.tag_ids) else tuple(sorted({*known.tag_ids, *incoming.tag_ids})),
    )


def _newer(known: Any, incoming: Any) -> Any:
    """The incoming value, unless it is blank or only spells the known one differently: two lists must not undo each other for ever."""
    if not isinstance(incoming, str) or not isinstance(known, str):
        return known if incoming == "" else incoming
    if not incoming or persian.search_key(incoming) == persian.search_key(known):
        return known
    return incoming


def may_list_reopen(closed: Iterable[Name], closed_on: date, incoming: Person) -> bool:
    """Whether a list may bring a number back whose holder said that our texts weren't meant for them.

    Only as somebody else: a row with a name that contradicts every name the closed person was known by, or with a consent given after
    that day. An old list must not write to a stranger in the former holder's name.
    """
    if incoming.consented_on is not None and incoming.consented_on > closed_on:
        return True
    return any(incoming.name) and all(not is_same_name(name, incoming.name) for name in closed)
