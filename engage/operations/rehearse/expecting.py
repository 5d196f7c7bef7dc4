"""What a report must say when these answers, and no others, have come. Pure.

Counted here by hand from the planned documents, not by the database: the two have nothing in common but the names of what is counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engage.reports.tally import QuestionTally, parts_of
from surveys.definitions import Definition
from surveys.logic import holds
from surveys.types import AnyQuestion, Points, Tally

MOST_TOLD = 10
"""So many disagreements are told"""


@dataclass(frozen=True)
class Expected:
    """One thing reports count. `options` is None for what isn't chosen from a list, `mean` for what is no number."""

    answered: int
    options: Mapping[str, int] | None = None
    mean: float | None = None


def expected_counts(definition: Definition, documents: Sequence[Mapping[str, Any]]) -> dict[str, Expected]:
    """By the key of the report (`q5`, or `q5.r1` for a part), in the order of the form."""
    found = {}
    for question in definition.questions:
        for part in parts_of(question):
            key = f"{question.id}.{part.part}" if part.part else question.id
            values = [document[key] for document in documents if key in document]
            if isinstance(question, Points) and part.tally == Tally.NUMBERS:
                # Whoever shares out points gives none to what was left out.
                values = [document.get(key, 0) for document in documents if _shares(question, document)]
            found[key] = _counted(values, part.tally, [option.id for option in part.options])
    return found


def _shares(question: AnyQuestion, document: Mapping[str, Any]) -> bool:
    return any(name.startswith(f"{question.id}.") for name in document)


def _counted(values: Sequence[Any], tally: Tally, options: Iterable[str]) -> Expected:
    if tally == Tally.NUMBERS:
        return Expected(len(values), mean=math.fsum(values) / len(values) if values else None)
    if tally == Tally.TEXTS:
        return Expected(len(values))
    if tally == Tally.RANKS:
        chosen = Counter(value[0] for value in values)
    else:
        chosen = Counter(str(each) for value in values for each in (value if isinstance(value, list) else [value]))
    return Expected(len(values), {option: chosen[option] for option in options})


def disagreements(expected: Mapping[str, Expected], questions: Sequence[QuestionTally]) -> list[str]:
    """Where a report says something else than it must, a sentence each; empty when all agrees."""
    told = {each.key: each for each in questions}
    found = [f"the report counts {key}, which nobody planned" for key in told if key not in expected]
    for key, wanted in expected.items():
        question = told.get(key)
        if question is None:
            found.append(f"the report doesn't count {key}")
            continue
        if question.answered != wanted.answered:
            found.append(f"{key}: the report counts {question.answered} answers, {wanted.answered} were given")
        counted = {option.id: option.count for option in question.options} if question.options is not None else None
        if counted != (dict(wanted.options) if wanted.options is not None else None):
            found.append(f"{key}: the report counts {counted}, {wanted.options} were chosen")
        mean = question.figures.mean if question.figures is not None else None
        if wanted.mean is not None and (mean is None or not math.isclose(mean, wanted.mean, rel_tol=1e-9, abs_tol=1e-9)):
            found.append(f"{key}: the report's mean is {mean}, that of the numbers given {wanted.mean}")
    return found[:MOST_TOLD]


def quota_faults(
    definition: Definition, documents: Sequence[Mapping[str, Any]], screened: Sequence[Mapping[str, Any]], today: date
) -> list[str]:
    """Whether citizens were turned away as the quotas say: none beyond a limit was taken, none turned away while there was room."""
    taken = {quota.id: sum(holds(quota.when, document, today) for document in documents) for quota in definition.quotas}
    found = [
        f"quota {quota.id}: {taken[quota.id]} answers were taken, the limit is {quota.limit}"
        for quota in definition.quotas
        if taken[quota.id] > quota.limit
    ]
    full = [quota for quota in definition.quotas if taken[quota.id] >= quota.limit]
    wrongly = sum(not any(holds(quota.when, document, today) for quota in full) for document in screened)
    if wrongly:
        found.append(f"{wrongly} citizens were turned away although no quota of theirs was full")
    return found
