"""Priorities beside satisfaction: what matters to many and pleases few comes first. Pure.

Importance is the share of those who answered the one question and chose the thing; satisfaction is the mean of a scale, as a share of its
span. The line between much and little is the middle of the things' importance, and the middle of the scale (importance-performance
analysis, Martilla and James 1977, with the scale's own middle instead of the data's mean, so that «content» means content).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from engage.persian import search_key
from engage.reports.suppression import MINIMUM_BASE
from engage.reports.tally import QuestionTally
from surveys.types import Tally

LEAST_TOPICS = 2


class Quadrant(StrEnum):
    FIRST = "first"
    """Important, and people are not content"""
    KEEP = "keep"
    """Important, and people are content"""
    LATER = "later"
    """Less important, not content"""
    ENOUGH = "enough"
    """Less important, content"""


@dataclass(frozen=True)
class Topic:
    label: str
    importance: float
    """Share, 0 to 1"""
    satisfaction: float
    """0 the scale's lowest point, 1 its highest"""
    mean: float
    scale: int
    base: int
    """Who rated it"""
    quadrant: Quadrant


def importance_questions(questions: Sequence[QuestionTally]) -> list[QuestionTally]:
    """Questions by whose options people say what matters to them."""
    return [each for each in questions if each.tally == Tally.CHOICES and each.options and not each.whole and not each.withdrawn]


def satisfaction_questions(questions: Sequence[QuestionTally]) -> list[QuestionTally]:
    return [each for each in questions if each.scale is not None and each.options and not each.withdrawn]


def suggest_pairs(importance: QuestionTally, scales: Sequence[QuestionTally]) -> dict[str, str]:
    """Options whose words stand in exactly one question with a scale."""
    found = {}
    for option in importance.options or []:
        words = search_key(option.label)
        named = [each.key for each in scales if words and words in search_key(each.label)]
        if len(named) == 1:
            found[option.id] = named[0]
    return found


def place_topics(importance: QuestionTally, pairs: Mapping[str, str], questions: Mapping[str, QuestionTally]) -> list[Topic]:
    """The things in their quadrants, the most important first; things rated by fewer than ten are left out, and nothing is said of fewer
    than two things or where fewer than ten said what matters."""
    if importance.answered < MINIMUM_BASE:
        return []
    known = []
    for option in importance.options or []:
        rated = questions.get(pairs.get(option.id, ""))
        if rated is None or rated.mean is None or rated.scale is None or rated.answered < MINIMUM_BASE or option.exclusive:
            continue
        points = [int(each.id) for each in rated.options or []]
        low, high = min(points), max(points)
        if high > low:
            known.append((option.label, option.count / importance.answered, (rated.mean - low) / (high - low), rated))
    if len(known) < LEAST_TOPICS:
        return []
    middle = median(share for _label, share, _content, _rated in known)
    topics = [
        Topic(label, share, content, rated.mean or 0.0, rated.scale or 0, rated.answered, _quadrant(share >= middle, content >= 0.5))
        for label, share, content, rated in known
    ]
    return sorted(topics, key=lambda each: (list(Quadrant).index(each.quadrant), -each.importance))


def _quadrant(is_important: bool, is_content: bool) -> Quadrant:
    if is_important:
        return Quadrant.KEEP if is_content else Quadrant.FIRST
    return Quadrant.ENOUGH if is_content else Quadrant.LATER
