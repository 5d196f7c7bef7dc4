"""Themes as pages and files read them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from engage.clock import now
from engage.db import db
from engage.persian import search_key
from engage.reports.content import Report
from engage.reports.masking import mask_numbers
from engage.reports.models import SurveyReport
from engage.reports.queries import texts_of
from engage.reports.suppression import MINIMUM_BASE
from engage.reports.tally import QuestionTally
from engage.reports.themes.models import ReportTheme, ReportThemeCount
from engage.reports.themes.rules import Lexeme, digest_of, mark, pattern_of, protect_counts
from engage.reports.themes.shapes import QuestionThemes, Theme

log = structlog.get_logger(__name__)

SAMPLE = 300
"""Newest texts that quotes and samples are looked for in"""
QUOTES = 2
SHOWN_LINES = 5
AGAIN_AFTER = timedelta(minutes=10)
"""A survey that is still answered is counted no more often"""


@dataclass(frozen=True)
class LexiconTheme:
    id: int
    label: str
    words: tuple[str, ...]
    is_on: bool
    revision: int


@dataclass(frozen=True)
class Line:
    """A masked text in parts: (words, whether they are what matched)."""

    parts: tuple[tuple[str, bool], ...]
    digest: str


@dataclass(frozen=True)
class ThemePage:
    """What the office sees of one question."""

    lexicon: tuple[LexiconTheme, ...]
    counted: QuestionThemes | None
    counted_at: datetime | None
    is_stale: bool
    is_whole: bool
    suggestions: tuple[tuple[str, int], ...]
    lines: Mapping[int, tuple[Line, ...]]
    """theme id → a few texts that carry it"""


def lexicon_of(unit_id: int) -> list[LexiconTheme]:
    rows = db.session.execute(
        select(ReportTheme.id, ReportTheme.label, ReportTheme.words, ReportTheme.is_on, ReportTheme.revision)
        .where(ReportTheme.unit_id == unit_id)
        .order_by(ReportTheme.id)
    )
    return [LexiconTheme(row.id, row.label, tuple(row.words), row.is_on, row.revision) for row in rows]


def active_lexemes(unit_id: int) -> list[Lexeme]:
    return [Lexeme(each.id, each.label, each.words) for each in lexicon_of(unit_id) if each.is_on]


def written_questions(report: Report) -> list[QuestionTally]:
    """Questions whose texts may be read."""
    if report.is_sealed:
        return []
    return [each for each in report.content.questions if each.is_written and each.answered >= MINIMUM_BASE]


def themes_of(report: Report) -> tuple[QuestionThemes, ...]:
    """Themes of every question with at least ten texts, as last counted; () when there is nothing. Never raises.

    Where the office has accepted none, those suggested stand here, `is_estimated`.
    """
    try:
        with db.session.begin_nested():
            count = _last_count(report.survey_id)
            if count is None:
                return ()
            lexicon = active_lexemes(report.unit_id)
            found = (_themes(report, question, lexicon, count[1].get(question.key)) for question in written_questions(report))
            return tuple(each for each in found if each is not None and each.themes)
    except SQLAlchemyError:
        log.exception("themes_unreadable", survey_id=report.survey_id)
        return ()


def theme_page(report: Report, question: QuestionTally) -> ThemePage:
    count = _last_count(report.survey_id)
    lexicon = lexicon_of(report.unit_id)
    raw: Mapping[str, Any] = (count[1].get(question.key) or {}) if count else {}
    is_open = question in written_questions(report)
    lexemes = [Lexeme(each.id, each.label, each.words) for each in lexicon if each.is_on]
    counted = _themes(report, question, lexemes, raw, with_quotes=False) if is_open and raw else None
    shown = {each.id for each in counted.themes if (each.count or 0) >= MINIMUM_BASE} if counted else set()
    texts = texts_of(report, question.key, page=1, size=SAMPLE) if shown else []
    return ThemePage(
        tuple(lexicon),
        counted,
        count[0] if count else None,
        is_open and (count is None or count[2] or not raw),
        bool(raw.get("is_whole", True)),
        tuple((phrase, n) for phrase, n in raw.get("suggestions", ()) if n >= MINIMUM_BASE) if is_open else (),
        {each.id: _lines(question.key, pattern_of(each.words), texts) for each in lexicon if each.id in shown},
    )


def due_for_counting() -> list[int]:
    """Surveys whose lexicon was changed, or whose report has moved on since their texts were counted; a few at a time."""
    moved = (SurveyReport.computed_at > ReportThemeCount.counted_at) & (ReportThemeCount.counted_at < now() - AGAIN_AFTER)
    wanted = (
        select(SurveyReport.survey_id)
        .outerjoin(ReportThemeCount, ReportThemeCount.survey_id == SurveyReport.survey_id)
        .where(SurveyReport.computed_at.is_not(None), or_(ReportThemeCount.survey_id.is_(None), ReportThemeCount.is_stale, moved))
        .order_by(ReportThemeCount.counted_at.nulls_first())
        .limit(20)
    )
    return list(db.session.scalars(wanted))


def _last_count(survey_id: int) -> tuple[datetime, dict[str, Any], bool] | None:
    row = db.session.execute(
        select(ReportThemeCount.counted_at, ReportThemeCount.content, ReportThemeCount.is_stale).where(
            ReportThemeCount.survey_id == survey_id
        )
    ).first()
    return None if row is None else (row.counted_at, row.content, row.is_stale)


def _themes(
    report: Report, question: QuestionTally, lexicon: Sequence[Lexeme], raw: Mapping[str, Any] | None, *, with_quotes: bool = True
) -> QuestionThemes | None:
    if not raw or raw["read"] < MINIMUM_BASE:
        return None
    read: int = raw["read"]
    shown = protect_counts(read, {int(theme): n for theme, n in raw["counts"].items()}, raw["untouched"])
    # What was added since isn't counted yet; what was taken away is in nothing any more.
    counted = [each for each in lexicon if each.id in shown.counts]
    if not counted:
        estimated = [Theme(0, phrase, n, n / read, True, ()) for phrase, n in raw["suggestions"] if n >= MINIMUM_BASE and not raw["counts"]]
        return QuestionThemes(question.key, question.label, read, tuple(estimated), None)
    texts = texts_of(report, question.key, page=1, size=SAMPLE) if with_quotes else []
    themes = []
    for each in counted:
        count = shown.counts[each.id]
        quotes = _quotes(each, texts) if count is not None and count >= MINIMUM_BASE else ()
        themes.append(Theme(each.id, each.label, count, None if count is None else count / read, False, quotes))
    themes.sort(key=lambda theme: (theme.count is None, -(theme.count or 0), theme.id))
    is_whole_lexicon = len(counted) == len(shown.counts)
    return QuestionThemes(question.key, question.label, read, tuple(themes), shown.untouched if is_whole_lexicon else None)


def _quotes(theme: Lexeme, texts: Sequence[str]) -> tuple[str, ...]:
    pattern = pattern_of(theme.words)
    found = (mask_numbers(text) for text in dict.fromkeys(texts) if len(text) >= 12 and pattern.search(search_key(text)))
    return tuple(quote for quote, _place in zip(found, range(QUOTES), strict=False))


def _lines(question_key: str, pattern: re.Pattern[str], texts: Sequence[str]) -> tuple[Line, ...]:
    found = (text for text in dict.fromkeys(texts) if pattern.search(search_key(text)))
    chosen = [text for text, _place in zip(found, range(SHOWN_LINES), strict=False)]
    return tuple(Line(tuple(mark(mask_numbers(text), pattern)), digest_of(question_key, text).hex()) for text in chosen)
