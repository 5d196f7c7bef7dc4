"""Read participatory-budget elections in the Pabulib format (`.pb`): META, PROJECTS and VOTES, semicolon-separated. Pure.

The format is described in arXiv:2012.06539 and at the archive's own pages; sections are lines of one word, each followed by a header.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engage.refusal import Refused

SECTIONS = ("META", "PROJECTS", "VOTES")
MAX_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Project:
    """One line of PROJECTS; `votes` and `is_selected` are what the city published, None where it didn't."""

    id: str
    name: str
    cost: str
    votes: int | None
    is_selected: bool | None


@dataclass(frozen=True)
class Ballot:
    """One voter's ballot: chosen project ids in the order written."""

    voter_id: str
    choices: tuple[str, ...]
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Election:
    meta: dict[str, str]
    projects: tuple[Project, ...]
    ballots: tuple[Ballot, ...]

    @property
    def vote_type(self) -> str:
        return self.meta.get("vote_type", "")

    @property
    def title(self) -> str:
        return self.meta.get("description", "")


def read_election(path: Path) -> Election:
    """The election in `path`.

    Refused: "input_unreadable", "ballots_too_large", "ballots_malformed" (what is missing, and in which line).
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Refused("ballots_too_large", most=MAX_BYTES // 2**20)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("input_unreadable", name=path.name, detail=type(error).__name__) from None
    return parse_election(text.splitlines())


def parse_election(lines: Iterable[str]) -> Election:
    sections = _sections(lines)
    for name in SECTIONS:
        if name not in sections:
            raise Refused("ballots_malformed", detail=name)
    meta = {row[0]: ";".join(row[1:]) for _, row in sections["META"] if row and row[0] != "key"}
    projects = tuple(_projects(sections["PROJECTS"]))
    known = {project.id for project in projects}
    ballots = tuple(_ballots(sections["VOTES"], known))
    return Election(meta, projects, ballots)


def _sections(lines: Iterable[str]) -> dict[str, list[tuple[int, list[str]]]]:
    sections: dict[str, list[tuple[int, list[str]]]] = {}
    current: list[tuple[int, list[str]]] | None = None
    for number, row in enumerate(csv.reader(lines, delimiter=";"), start=1):
        if len(row) == 1 and row[0].strip() in SECTIONS:
            current = sections.setdefault(row[0].strip(), [])
        elif row and current is not None:
            current.append((number, row))
    return sections


def _table(rows: list[tuple[int, list[str]]]) -> Iterator[tuple[int, dict[str, str]]]:
    if not rows:
        return
    header = [name.strip() for name in rows[0][1]]
    for number, row in rows[1:]:
        yield number, dict(zip(header, row, strict=False))


def _projects(rows: list[tuple[int, list[str]]]) -> Iterator[Project]:
    seen = set()
    for number, row in _table(rows):
        id = row.get("project_id", "").strip()
        if not id or id in seen:
            raise Refused("ballots_malformed", detail=f"PROJECTS {number}")
        seen.add(id)
        votes, selected = row.get("votes"), row.get("selected")
        try:
            yield Project(
                id,
                row.get("name", "").strip() or id,
                row.get("cost", ""),
                int(float(votes)) if votes else None,
                selected.strip() == "1" if selected else None,
            )
        except ValueError:
            raise Refused("ballots_malformed", detail=f"PROJECTS {number}") from None


def _ballots(rows: list[tuple[int, list[str]]], known: set[str]) -> Iterator[Ballot]:
    seen = set()
    for number, row in _table(rows):
        voter_id = row.get("voter_id", "").strip()
        if not voter_id or voter_id in seen:
            raise Refused("ballots_malformed", detail=f"VOTES {number}")
        seen.add(voter_id)
        choices = tuple(choice.strip() for choice in (row.get("vote") or "").split(",") if choice.strip())
        if not set(choices) <= known or len(set(choices)) != len(choices):
            raise Refused("ballots_malformed", detail=f"VOTES {number}")
        yield Ballot(voter_id, choices, {k: v for k, v in row.items() if k not in ("voter_id", "vote")})
