"""The figures of a chosen part of the answers, counted now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engage.reports.analysis.groups import order_of
from engage.reports.bases import asked_counts, deciders_in
from engage.reports.gathering import gather
from engage.reports.grid import Dimension, Grid, add_up
from engage.reports.suppression import MINIMUM_BASE
from engage.reports.tally import QuestionTally, asked_questions, tally
from surveys.queries import definitions_of_survey

Filter = Mapping[Dimension, str]
"""Dimension → the group that is looked at; "" are those of whom it isn't known"""


@dataclass(frozen=True)
class Filtered:
    """`questions` are empty while fewer than ten people are left: whoever they are would be known by the filter."""

    answers: int
    choices: dict[Dimension, list[str]]
    """The groups there are, in the order pages show them"""
    questions: list[QuestionTally]

    @property
    def is_too_small(self) -> bool:
        return 0 < self.answers < MINIMUM_BASE


def filter_answers(survey_id: int, wanted: Filter, labels: Mapping[Dimension, Mapping[str, str]]) -> Filtered:
    """Of a survey that isn't anonymous: nothing tells an anonymous one's groups apart."""
    definitions = definitions_of_survey(survey_id)
    questions = asked_questions(definitions)
    _whole, grid = gather(survey_id, [each.counting for each in questions], deciders_in(definitions), is_anonymous=False)
    choices = {
        dimension: order_of(str(dimension), list(grid.groups(dimension)), labels.get(dimension, {}))
        for dimension in Dimension
        if len(grid.groups(dimension)) > 1
    }
    chosen = Grid(
        {profile: counts for profile, counts in grid.answers.items() if all(profile.of(d) == group for d, group in wanted.items())}
    )
    counts = add_up(chosen.answers.values())
    answers = sum(counts.by_version.values())
    if answers < MINIMUM_BASE:
        return Filtered(answers, choices, [])
    # What the grid keeps apart has only what was counted for it; numbers and places of a ranking are of the whole alone.
    split = [place for place, each in enumerate(questions) if each.counting.is_split]
    told = tally(questions, counts, asked_counts(definitions, counts.ways))
    return Filtered(answers, choices, [told[place] for place in split])
