"""Everything a report's page shows, put together once for the console and for the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from engage.reports.content import Report
from engage.reports.render import figures, limits
from engage.reports.render.claims import asked_box, city_box, people_words, quality_box
from engage.reports.render.group_words import dimension_words
from engage.reports.render.groups import chapters_of, ways_of
from engage.reports.render.sentences import Sentence, sentences_of
from surveys.sealing import sealed_count_words


@dataclass(frozen=True)
class ReportPage:
    """Everything ready to be set. Boxes and chapters are those of the sheets (`engage.reports.render.claims`, `.groups`): titles, lines of
    words, and tables of cells, each with its text and, where a difference holds, its mark."""

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
    people: str = ""
    """How many people the answers are from, or between how many"""
    asked: dict[str, Any] = field(default_factory=dict)
    city: dict[str, Any] = field(default_factory=dict)
    quality: dict[str, Any] | None = None
    dimensions: list[tuple[str, str]] = field(default_factory=list)
    """What groups are told apart by: key and words"""
    groups: list[dict[str, Any]] = field(default_factory=list)
    """A chapter for the chosen dimension, or for all of them"""
    chosen: str = ""
    ways: list[dict[str, Any]] = field(default_factory=list)
    """Each dimension's groups on their way through the funnel"""
    lost: list[str] = field(default_factory=list)
    """Where a group falls behind the rest, in words"""
    wording: tuple[str, ...] = ()
    """The texts that invited"""

    @property
    def forward(self) -> str:
        """The findings as a text to send on."""
        return "\n".join(each.plain for each in self.sentences)


def page_of(
    report: Report,
    quotes: Mapping[str, tuple[str, ...]] | None = None,
    *,
    by: str | None = None,
    wording: tuple[str, ...] = (),
) -> ReportPage:
    """`quotes` are the masked texts shown under an open question, by its key; `by` is the dimension whose groups are shown, the first one
    where it has none. Without it, as in a file, all are."""
    content, analysis = report.content, report.content.analysis
    is_shown = bool(report.answers) and not report.is_sealed
    known = [each.dimension for each in analysis.breakdowns] if is_shown else []
    chosen = "" if by is None or not known else by if by in known else known[0]
    breakdowns = [each for each in analysis.breakdowns if is_shown and chosen in ("", each.dimension)]
    ways = ways_of(analysis.funnel) if is_shown else []
    return ReportPage(
        [_leading(each, chosen) for each in sentences_of(report)],
        limits.what_cannot_be_said(report),
        limits.definitions(),
        figures.cards_of(report.content.questions, quotes or {}),
        {each.key: figures.scale_strip_of(each) for each in report.content.questions},
        figures.funnel_rows(report, stacked=bool(report.answers)),
        figures.days_chart(report.content.days) if len(report.content.days) > 1 else Markup(""),
        "" if report.is_shown_in_percent else figures.few_words(),
        sealed_count_words() if report.is_sealed or report.funnel.is_under_seal else "",
        people_words(analysis.people) if analysis.people.ballots and not report.funnel.is_under_seal else "",
        asked_box(analysis.asked) if is_shown else {},
        city_box(analysis.city, report) if is_shown else {},
        quality_box(analysis.quality) if analysis.quality is not None and not report.is_sealed else None,
        [(each, dimension_words(each)) for each in known],
        chapters_of(replace(content, analysis=replace(analysis, breakdowns=breakdowns))) if breakdowns else [],
        chosen,
        ways,
        [words for way in ways for words in way["lost"] if way["is_lost"]],
        wording,
    )


def _leading(sentence: Sentence, chosen: str) -> Sentence:
    """A sentence about groups that aren't on the page leads to the page that has them."""
    if not chosen or sentence.dimension in ("", chosen):
        return sentence
    return replace(sentence, text=sentence.text.replace(Markup('href="#'), Markup('href="?by=%s#') % sentence.dimension))
