"""What may be shared, decided and promised, and how each moves on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from engage.refusal import Refused

MOST_TITLE = 160
MOST_TEXT = 600
MOST_OWNER = 80
MOST_LABEL = 80
MOST_MESSAGE = 900
"""Characters of a text message, as campaigns take them"""
SHORTEST_REASON = 8
"""Characters: «…» is no reason"""
MOST_DAYS = 180
"""A link lives at most so long"""
STEP = 10
"""Shared figures move on by at least so many answers"""


class Section(StrEnum):
    FINDINGS = "findings"
    QUESTIONS = "questions"
    GROUPS = "groups"
    TEXTS = "texts"
    FUNNEL = "funnel"
    DECISIONS = "decisions"


class DecisionState(StrEnum):
    WANTED = "wanted"
    DOING = "doing"
    DONE = "done"
    DROPPED = "dropped"


_S = DecisionState
MOVES: Mapping[DecisionState, frozenset[DecisionState]] = MappingProxyType(
    {
        _S.WANTED: frozenset({_S.DOING, _S.DONE, _S.DROPPED}),
        _S.DOING: frozenset({_S.WANTED, _S.DONE, _S.DROPPED}),
        _S.DONE: frozenset({_S.DOING}),
        _S.DROPPED: frozenset({_S.WANTED}),
    }
)
ENDED = frozenset({_S.DONE, _S.DROPPED})


def read_sections(given: Iterable[str]) -> tuple[Section, ...]:
    """The chosen sections in their order on the page. Refused("link_sections_missing") when there is none that is known."""
    wanted = set(given)
    found = tuple(each for each in Section if each.value in wanted)
    if not found or len(found) != len(wanted):
        raise Refused("link_sections_missing")
    return found


def link_expiry(days: int, at: datetime) -> datetime:
    """Refused("link_days_invalid") outside 1 … `MOST_DAYS`."""
    if not 1 <= days <= MOST_DAYS:
        raise Refused("link_days_invalid", most=MOST_DAYS)
    return at + timedelta(days=days)


def is_link_open(expires_at: datetime, revoked_at: datetime | None, at: datetime) -> bool:
    return revoked_at is None and at < expires_at


def moves_on(shared: int | None, answers: int, minimum: int = STEP) -> bool:
    """Whether the shared figures may be replaced: at first once `minimum` answers are there, later when as many as a step came or went.

    So no two states a reader can see differ by fewer than `STEP` answers, and none tells of fewer than `minimum`.
    """
    if answers < minimum:
        return False
    return shared is None or abs(answers - shared) >= STEP


def advance(state: str, to: str, note: str) -> DecisionState:
    """The state a decision has after this step.

    Refused: "decision_move_impossible"; "decision_reason_missing" for giving up, and for opening again what had ended.
    """
    try:
        old, new = DecisionState(state), DecisionState(to)
    except ValueError:
        raise Refused("decision_move_impossible") from None
    if new not in MOVES[old]:
        raise Refused("decision_move_impossible")
    if (new is DecisionState.DROPPED or old in ENDED) and not is_reason(note):
        raise Refused("decision_reason_missing", least=SHORTEST_REASON)
    return new


def is_reason(text: str) -> bool:
    return len("".join(text.split())) >= SHORTEST_REASON


def is_overdue(state: str, due_on: date, today: date) -> bool:
    return DecisionState(state) not in ENDED and due_on < today


def check_words(title: str, reason: str, owner: str) -> None:
    """Refused: "decision_title_missing", "decision_owner_missing", "decision_too_long" (field, most)."""
    if not title:
        raise Refused("decision_title_missing")
    if not owner:
        raise Refused("decision_owner_missing")
    for name, text, most in (("title", title, MOST_TITLE), ("reason", reason, MOST_TEXT), ("owner", owner, MOST_OWNER)):
        if len(text) > most:
            raise Refused("decision_too_long", field=name, most=most)


def check_due(was: date | None, due_on: date, today: date, note: str) -> None:
    """Refused: "decision_due_passed" for a new day that is over; "decision_delay_unexplained" for a later day without a reason."""
    if due_on != was and due_on < today:
        raise Refused("decision_due_passed")
    if was is not None and due_on > was and not is_reason(note):
        raise Refused("decision_delay_unexplained", least=SHORTEST_REASON)


@dataclass(frozen=True)
class Move:
    """One word given to citizens. `now_on` None: no day is promised any more. `was_on` None: the first promise."""

    id: int
    was_on: date | None
    now_on: date | None
    reason: str
    at: datetime

    @property
    def is_first(self) -> bool:
        return self.was_on is None and not self.reason

    @property
    def is_same_day(self) -> bool:
        """Says why the day isn't kept, without a new one"""
        return self.was_on is not None and self.was_on == self.now_on

    @property
    def owes_reason(self) -> bool:
        return not self.is_first and not self.reason


@dataclass(frozen=True)
class Promise:
    """The day of the results as citizens were told, and everything that became of it."""

    results_on: date | None
    first_on: date | None
    """What was promised at first"""
    is_published: bool
    is_late: bool
    reason: str
    """The newest explanation that was given; empty where none was"""
    moves: tuple[Move, ...] = ()
    """Oldest first"""

    @property
    def is_explained(self) -> bool:
        """Whether nothing is owed: no silent move, and the lateness of the present day has its reason"""
        owes_lateness = self.is_late and not any(move.is_same_day and move.now_on == self.results_on for move in self.moves)
        return not owes_lateness and not any(move.owes_reason for move in self.moves)


def promise_from(results_on: date | None, moves: Sequence[Move], *, is_published: bool, today: date) -> Promise | None:
    """None where citizens were never told a day."""
    first_on = next((move.now_on for move in moves if move.is_first), moves[0].was_on if moves else results_on)
    if results_on is None and first_on is None:
        return None
    is_late = results_on is not None and results_on < today and not is_published
    reason = next((move.reason for move in reversed(moves) if move.reason), "")
    return Promise(results_on, first_on, is_published, is_late, reason, tuple(moves))


def check_move(was: date | None, to: date | None, reason: str, today: date) -> None:
    """Refused: "promise_reason_missing"; "promise_day_passed" for a new day that is over; "promise_reason_long" (most)."""
    if to is not None and to != was and to < today:
        raise Refused("promise_day_passed")
    if not is_reason(reason):
        raise Refused("promise_reason_missing", least=SHORTEST_REASON)
    if len(reason) > MOST_TEXT // 2:
        raise Refused("promise_reason_long", most=MOST_TEXT // 2)
