"""What a rehearsal plays: whom it imports, what it asks, and what each citizen will answer."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from engage.clock import TEHRAN
from engage.initiatives.pabulib import Election, read_election
from engage.operations.demo import people, questions
from engage.operations.rehearse.sheets import Sheet, draw_sheet
from engage.operations.workday import working_day_at_ten
from engage.refusal import Refused
from surveys.cli import FORMS
from surveys.commands.drafts import incomplete
from surveys.definitions import Definition, gaps, load, load_text
from surveys.interchange.from_xlsform import import_form
from surveys.sealing import promise_gap
from surveys.types import DefinitionProblem

SEED = 1405
BALLOT_QUESTION = "projects"
MADE_UP = 1_000
"""So many are imported where no list is given"""
TRIED = 20
"""Sheets drawn beforehand, to see that the survey can be answered at all"""


@dataclass(frozen=True)
class Plan:
    """The cast and the script."""

    contacts: Path
    definition: Definition
    answers: int | None
    """How many answer; None for a third of the invited."""
    ballots: Mapping[str, Sheet] | None = None
    """By number (E.164); None when answers are drawn at random."""

    def visits(self, numbers: Sequence[str], today: date) -> list[tuple[str, Sheet]]:
        """Who of the invited answers, in which order, and what; Refused("too_many_answers")."""
        wanted = len(numbers) // 3 if self.answers is None else self.answers
        if wanted > len(numbers):
            raise Refused("too_many_answers", wanted=wanted, invited=len(numbers))
        if self.ballots is not None:
            return [(number, self.ballots[number]) for number in numbers if number in self.ballots][:wanted]
        chance = random.Random(SEED)
        return [(number, draw_sheet(self.definition, chance, today)) for number in chance.sample(numbers, wanted)]


def make_plan(
    folder: Path,
    *,
    contacts: Path | None,
    survey: Path | None,
    ballots: Path | None,
    answers: int | None,
    say: Callable[[str], None] = lambda line: None,
) -> Plan:
    """The plan of one rehearsal; files it makes itself go to `folder`, once nothing is left to refuse.

    Refused for input that can't be read, for a survey that couldn't be published, and for one nobody could finish.
    """
    if ballots is not None:
        return _ballot_plan(folder, ballots, answers)
    if contacts is not None and not contacts.is_file():
        raise Refused("input_unreadable", name=contacts.name, detail="FileNotFoundError")
    definition = load(questions.mayor_survey()) if survey is None else read_survey(survey, say)
    _check_playable(definition)
    if contacts is None:
        contacts = folder / "contacts.csv"
        people.write_csv(contacts, MADE_UP, seed=SEED)
    return Plan(contacts, definition, answers)


def read_survey(path: Path, say: Callable[[str], None] = lambda line: None) -> Definition:
    """The survey in a file of ours or in an XLSForm (xlsx, xls, csv); `say` is told how much of it can't be carried over."""
    if not path.is_file():
        raise Refused("input_unreadable", name=path.name, detail="FileNotFoundError")
    if path.suffix.lower() in FORMS:
        imported = import_form(path)
        if imported.skipped:
            say(f"  {len(imported.skipped)} things in {path.name} can't be carried over (“engage surveys import” lists them)")
        return imported.definition
    try:
        return load_text(path.read_bytes())
    except OSError as error:
        raise Refused("input_unreadable", name=path.name, detail=type(error).__name__) from None
    except DefinitionProblem as problem:
        raise Refused(problem.code, place=problem.place) from None


def _check_playable(definition: Definition) -> None:
    """Refused as publishing would, and "survey_unplayable" where no answers get through: before anything was started."""
    _check_complete(definition)
    if definition.is_anonymous and (gap := promise_gap(definition)):
        raise Refused(gap)
    today = working_day_at_ten(datetime.now(UTC)).astimezone(TEHRAN).date()
    chance = random.Random(SEED)
    for _ in range(TRIED):
        draw_sheet(definition, chance, today)


def _check_complete(definition: Definition) -> None:
    missing = gaps(definition)
    if missing:
        raise incomplete(definition, next((gap for gap in missing if not gap.question_id), missing[0]))


def _ballot_plan(folder: Path, path: Path, answers: int | None) -> Plan:
    """Each voter becomes a citizen with a made-up number; the ballot question lists the real projects in the file's order."""
    election = read_election(path)
    definition = _ballot_survey(election, path.stem)
    _check_complete(definition)
    numbers = people.made_up_numbers(len(election.ballots), seed=SEED)
    contacts = folder / "voters.csv"
    with contacts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["تلفن همراه", "نام", "نام خانوادگی"])
        for number, ballot in zip(numbers, election.ballots, strict=True):
            writer.writerow([number, "رأی‌دهنده", ballot.voter_id])
    sheets = {number: _ballot_sheet(ballot.choices) for number, ballot in zip(numbers, election.ballots, strict=True)}
    return Plan(contacts, definition, len(election.ballots) if answers is None else answers, sheets)


def _ballot_survey(election: Election, title: str) -> Definition:
    raw = {
        "format": 1,
        "title": election.title or title,
        "questions": [
            {
                "id": BALLOT_QUESTION,
                "type": "multiple",
                "label": "کدام پروژه‌ها را برای محلهٔ خود می‌خواهید؟",
                "options": [{"id": project.id, "label": project.name} for project in election.projects],
            }
        ],
    }
    try:
        return load(raw)
    except DefinitionProblem as problem:
        raise Refused("ballots_malformed", detail=str(problem)) from None


def _ballot_sheet(choices: Sequence[str]) -> Sheet:
    ticked = list(dict.fromkeys(choices))
    return Sheet({BALLOT_QUESTION: ticked}, {BALLOT_QUESTION: ticked} if ticked else {})


Fields = list[tuple[str, str]]
"""A citizen's form: names and values as a browser sends them."""


def random_form(definition: Definition, chance: random.Random) -> Fields:
    """A whole answer to a survey of one page, as a browser sends it."""
    sheet = draw_sheet(definition, chance, datetime.now(TEHRAN).date())
    return [(name, value) for name, values in sheet.fields.items() for value in values]


__all__ = ["SEED", "Fields", "Plan", "make_plan", "random_form", "read_survey"]
