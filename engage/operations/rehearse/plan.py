"""What a rehearsal plays: whom it imports, what it asks, and what each citizen will answer."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engage.initiatives.pabulib import read_election
from engage.operations.demo import people, questions
from engage.refusal import Refused
from surveys.definitions import Definition, dump, load, load_text
from surveys.types import DefinitionProblem

SEED = 1405
BALLOT_QUESTION = "projects"

Fields = list[tuple[str, str]]
"""A citizen's form: names and values as a browser sends them."""


@dataclass(frozen=True)
class Plan:
    """The cast and the script."""

    contacts: Path
    definition: dict[str, Any]
    answers: int | None
    """How many answer; None for a third of the invited."""
    ballots: Mapping[str, Fields] | None = None
    """By number (E.164); None when answers are drawn at random."""


def make_plan(folder: Path, *, contacts: Path | None, survey: Path | None, ballots: Path | None, answers: int | None) -> Plan:
    """The plan of one rehearsal; files it makes itself go to `folder`. Refused for unreadable input."""
    if ballots is not None:
        return _ballot_plan(folder, ballots, answers)
    if contacts is None:
        contacts = folder / "contacts.csv"
        people.write_csv(contacts, 1_000, seed=SEED)
    elif not contacts.is_file():
        raise Refused("input_unreadable", name=contacts.name, detail="FileNotFoundError")
    return Plan(contacts, _definition(survey), answers)


def _definition(survey: Path | None) -> dict[str, Any]:
    if survey is None:
        return questions.mayor_survey()
    try:
        definition = load_text(survey.read_bytes())
    except OSError as error:
        raise Refused("input_unreadable", name=survey.name, detail=type(error).__name__) from None
    except DefinitionProblem as problem:
        raise Refused(problem.code, place=problem.place) from None
    return dump(definition)


def _ballot_plan(folder: Path, path: Path, answers: int | None) -> Plan:
    """Each voter becomes a citizen with a made-up number; the ballot question lists the real projects in the file's order."""
    election = read_election(path)
    numbers = people.made_up_numbers(len(election.ballots), seed=SEED)
    contacts = folder / "voters.csv"
    with contacts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["تلفن همراه", "نام", "نام خانوادگی"])
        for number, ballot in zip(numbers, election.ballots, strict=True):
            writer.writerow([number, "رأی‌دهنده", ballot.voter_id])
    definition = {
        "format": 1,
        "title": election.title or path.stem,
        "intro": "",
        "questions": [
            {
                "id": BALLOT_QUESTION,
                "type": "multiple",
                "label": "کدام پروژه‌ها را برای محلهٔ خود می‌خواهید؟",
                "required": False,
                "options": [{"id": project.id, "label": project.name} for project in election.projects],
            }
        ],
    }
    try:
        load(definition)
    except DefinitionProblem as problem:
        raise Refused("ballots_malformed", detail=str(problem)) from None
    forms = {
        number: [(BALLOT_QUESTION, choice) for choice in ballot.choices] for number, ballot in zip(numbers, election.ballots, strict=True)
    }
    return Plan(contacts, definition, len(election.ballots) if answers is None else answers, forms)


def random_form(definition: Definition, chance: random.Random) -> Fields:
    """One valid answer to every question, as a browser would send it."""
    fields: Fields = []
    for question in definition.questions:
        fields += [(question.id, value) for value in _random_values(question, chance)]
    return fields


def _random_values(question: Any, chance: random.Random) -> list[str]:
    kind = question.__struct_config__.tag
    if not question.required and chance.random() < 0.15:
        return []
    if kind == "single":
        # Not evenly: real opinions lean.
        options = [option.id for option in question.options]
        return [chance.choices(options, weights=range(len(options), 0, -1))[0]]
    if kind == "multiple":
        plain = [option.id for option in question.options if not option.exclusive]
        alone = [option.id for option in question.options if option.exclusive]
        least = max(question.min_choices or 0, 1)
        most = min(question.max_choices or len(plain), len(plain))
        if alone and least <= 1 and chance.random() < 0.1:
            return [alone[0]]
        return chance.sample(plain, chance.randint(least, max(most, least)))
    if kind == "rating":
        return [str(chance.choices(range(1, question.scale + 1), weights=range(1, question.scale + 1))[0])]
    if kind == "number":
        low = 0 if question.min is None else int(question.min)
        high = low + 10 if question.max is None else int(question.max)
        return [str(chance.randint(low, max(low, high)))]
    return [chance.choice(questions.OPEN_ANSWERS)[: question.max_length or 200]]
