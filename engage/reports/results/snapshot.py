"""A survey's results as anybody may read them: toplines alone, no groups, no texts, nothing of one to four people. Pure data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import msgspec

from engage.reports.content import Report
from engage.reports.render.figures import option_label
from engage.reports.results.rules import public_counts
from engage.reports.suppression import MINIMUM_BASE
from engage.reports.tally import QuestionTally
from surveys.types import Tally


@dataclass(frozen=True)
class PublicOption:
    label: str
    count: int | None
    """None where it is hidden"""
    share: float | None
    """Of those who were asked the question"""


@dataclass(frozen=True)
class PublicQuestion:
    key: str
    number: int
    label: str
    asked: int
    answered: int
    kind: str
    """one, many, ranked, scale, number, text"""
    options: list[PublicOption] = field(default_factory=list)
    mean: float | None = None
    """Of a scale's points or of numbers"""
    scale: int | None = None
    median: float | None = None
    unit: str = ""
    row: str = ""
    """Of a table: the row this is; `label` is the table's"""
    is_conditional: bool = False

    @property
    def is_told(self) -> bool:
        """Fewer than ten people asked or answering tell nothing that may be told."""
        return self.answered >= MINIMUM_BASE


@dataclass(frozen=True)
class PublicResults:
    title: str
    answers: int
    invited: int
    delivered: int
    response_rate: float | None
    people_at_least: int
    people_at_most: int
    first_on: date | None
    last_on: date | None
    margin: float | None
    """Half-width at 95 % for one half, as a share; only of a drawn sample"""
    asked_how: str
    """random_sample, census, open, mixed, none"""
    is_anonymous: bool
    version_count: int
    computed_at: datetime
    questions: list[PublicQuestion]
    left_out: int = 0
    """So many questions are not published"""


msgspec.json.Decoder(PublicResults)  # worked out while one thread imports


def public_results(report: Report, left_out: Collection[str], *, is_anonymous: bool) -> PublicResults:
    """Labels are of the language of the caller's context. Questions of an earlier version stand, too, if they were answered by enough."""
    content, analysis = report.content, report.content.analysis
    quality = analysis.quality
    days = [each.day for each in content.days]
    shown = [each for each in content.questions if each.key not in left_out and (each.whole or each.key) not in left_out]
    # Beside a table's rows, «left out» counts questions as people see them.
    hidden = {each.whole or each.key for each in content.questions} - {each.whole or each.key for each in shown}
    return PublicResults(
        title=report.title,
        answers=report.answers,
        invited=report.funnel.invited,
        delivered=report.funnel.delivered,
        response_rate=report.funnel.response_rate,
        people_at_least=analysis.people.at_least or report.answers,
        people_at_most=analysis.people.at_most or report.answers,
        first_on=quality.first_on if quality and quality.first_on else min(days, default=None),
        last_on=quality.last_on if quality and quality.last_on else max(days, default=None),
        margin=analysis.asked.margin,
        asked_how=analysis.asked.kind,
        is_anonymous=is_anonymous,
        version_count=content.version_count,
        computed_at=report.computed_at,
        questions=[_question(each) for each in shown],
        left_out=len(hidden),
    )


def _question(question: QuestionTally) -> PublicQuestion:
    common: dict[str, Any] = {
        "key": question.key,
        "number": question.number,
        "label": question.whole_label or question.label,
        "asked": question.asked,
        "answered": question.answered,
        "row": question.part_label if question.whole else "",
        "is_conditional": question.is_conditional,
    }
    if question.answered < MINIMUM_BASE:
        return PublicQuestion(**common | {"answered": 0, "asked": 0}, kind="text")
    if question.tally == Tally.RANKS and question.places is not None:
        labels = {option.id: option.label for option in question.options or []}
        ranked = [PublicOption(labels.get(each.id, each.id), None, None) for each in question.places]
        return PublicQuestion(**common, kind="ranked", options=ranked)
    if question.options is not None:
        options = list(reversed(question.options)) if question.scale else question.options
        is_single = not question.is_many
        counts = public_counts([each.count for each in options], is_single=is_single)
        # A mean is one more sum over the counts: beside a hidden one it would tell it.
        is_whole = all(count is not None for count in counts)
        return PublicQuestion(
            **common,
            kind="scale" if question.scale else "many" if question.is_many else "one",
            options=[
                PublicOption(option_label(question, option.id, option.label), count, None if count is None else question.share(count))
                for option, count in zip(options, counts, strict=True)
            ],
            mean=question.mean if question.scale and is_whole else None,
            scale=question.scale,
        )
    if question.tally == Tally.NUMBERS and question.figures is not None and question.type == "number":
        return PublicQuestion(**common, kind="number", mean=question.figures.mean, median=question.figures.median, unit=question.unit)
    return PublicQuestion(**common, kind="text")


def store(results: PublicResults) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(results)
    return found


def restore(raw: dict[str, Any]) -> PublicResults:
    return msgspec.convert(raw, PublicResults)


def without(results: PublicResults, left_out: Collection[str]) -> PublicResults:
    """The same figures with more questions left out."""
    kept = [each for each in results.questions if each.key not in left_out]
    return replace(results, questions=kept, left_out=results.left_out + len(results.questions) - len(kept))
