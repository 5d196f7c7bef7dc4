"""Themes of what was written to a question, as pages and files show them: everything here has passed suppression."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    id: int
    """0 for one that is only suggested"""
    label: str
    count: int | None
    """Texts that carry it; None where it may not be shown"""
    share: float | None
    """Of the texts that were read; one text may carry several themes, so shares needn't add up to 1"""
    is_estimated: bool
    """Found by frequency alone; nobody of the office has accepted it"""
    quotes: tuple[str, ...]
    """Masked; none from themes of fewer than ten texts"""


@dataclass(frozen=True)
class QuestionThemes:
    question_key: str
    label: str
    answered: int
    """Texts the counts are of"""
    themes: tuple[Theme, ...]
    untouched: int | None
    """Texts without any theme; None where it may not be shown, or nothing is accepted yet"""
