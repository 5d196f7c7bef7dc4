"""Everything a report's page shows, put together once for the console and for the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from engage.reports.content import Report
from engage.reports.render import figures, limits
from engage.reports.render.sentences import Sentence, sentences_of
from surveys.sealing import sealed_count_words


@dataclass(frozen=True)
class ReportPage:
    sentences: list[Sentence]
    limits: list[str]
    definitions: list[tuple[str, str]]
    cards: list[figures.QuestionCard]
    strips: dict[str, Markup]
    funnel: Markup
    days: Markup
    few_words: str
    """Why there are no percentages; nothing where there are"""
    sealed_words: str = ""
    """What stands for the count of a survey whose answers are under seal"""


def page_of(report: Report, quotes: Mapping[str, tuple[str, ...]] | None = None) -> ReportPage:
    """`quotes` are the masked texts shown under an open question, by its key."""
    return ReportPage(
        sentences_of(report),
        limits.what_cannot_be_said(report),
        limits.definitions(),
        figures.cards_of(report.content.questions, quotes or {}),
        {each.key: figures.scale_strip_of(each) for each in report.content.questions},
        figures.funnel_rows(report, stacked=bool(report.answers)),
        figures.days_chart(report.content.days) if len(report.content.days) > 1 else Markup(""),
        "" if report.is_shown_in_percent else figures.few_words(),
        sealed_count_words() if report.is_sealed or report.funnel.is_under_seal else "",
    )
