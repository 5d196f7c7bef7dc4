"""What may be published of a survey, and when published figures move on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engage.refusal import Refused
from engage.reports.suppression import MINIMUM_BASE, STEP, is_small, protect

MOST_HEADLINE, MOST_INTRO = 120, 1_500
LEAST_REASON, MOST_REASON = 10, 500


@dataclass(frozen=True)
class Draft:
    """An office's own words, and the questions it leaves out."""

    headline: str
    intro: str = ""
    left_out: tuple[str, ...] = ()


def check_draft(draft: Draft) -> None:
    """Refused: "results_no_headline", "results_too_long" (most)."""
    if not draft.headline.strip():
        raise Refused("results_no_headline")
    for text, most in ((draft.headline, MOST_HEADLINE), (draft.intro, MOST_INTRO)):
        if len(text) > most:
            raise Refused("results_too_long", most=most)


def check_publishing(*, survey_state: str, answers: int, is_sealed: bool) -> None:
    """Refused: "results_survey_open": while answers come in, results would change how people answer; "results_sealed";
    "results_too_few" (needed)."""
    if survey_state != "closed":
        raise Refused("results_survey_open")
    if is_sealed:
        raise Refused("results_sealed")
    if answers < MINIMUM_BASE:
        raise Refused("results_too_few", needed=MINIMUM_BASE)


def check_reason(reason: str) -> str:
    """The reason in one line; Refused("results_reason_missing" (least) | "results_too_long" (most))."""
    words = " ".join(reason.split())
    if len(words) < LEAST_REASON:
        raise Refused("results_reason_missing", least=LEAST_REASON)
    if len(words) > MOST_REASON:
        raise Refused("results_too_long", most=MOST_REASON)
    return words


def moves_on(published: int | None, now: int) -> bool:
    """Whether newer figures take the place of those that were published: never ones that differ by one to nine answers, which whoever
    kept the older ones could subtract."""
    return published is None or abs(now - published) >= STEP


def public_counts(counts: Sequence[int], *, is_single: bool) -> list[int | None]:
    """The counts of a question's options as anybody may read them: None where it is hidden.

    One to four people are never told. Where everybody chose one option, the counts add up to those who answered, and so a companion is
    hidden with them. Of several options each stands for itself.
    """
    if not is_single:
        return [None if is_small(count) else count for count in counts]
    protected = protect(counts, [list(range(len(counts)))])
    return [None if place in protected.hidden else count for place, count in enumerate(counts)]
