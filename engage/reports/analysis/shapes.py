"""What the analysis of a report gives: figures that may be shown. Pure data; everything here has passed suppression."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class GroupCell:
    """One option of one question in one group. `count` is None where it is hidden; share and interval are None with it, or where the
    group's base is too small for percentages."""

    option_id: str
    count: int | None
    share: float | None = None
    low: float | None = None
    high: float | None = None
    mark: int = 0
    """1 higher than among the rest, -1 lower, 0 no difference that holds (after Benjamini-Hochberg over the whole report)"""


@dataclass(frozen=True)
class GroupColumn:
    """One group's answers to one question. `base` is None where the group is hidden whole (fewer than ten)."""

    group: str
    """Key within its dimension: a unit's id, a neighbourhood, an age band, …; "" for those of whom it isn't known"""
    base: int | None
    cells: list[GroupCell] = field(default_factory=list)
    mean: float | None = None
    """Of the points of a scale"""
    mean_mark: int = 0


@dataclass(frozen=True)
class QuestionSplit:
    """One question by the groups of one dimension. Shares are of those of the group who answered the question."""

    question_key: str
    columns: list[GroupColumn]
    is_tested: bool = True
    """Whether differences were looked for: there were at least two groups of enough people"""


@dataclass(frozen=True)
class Breakdown:
    """All questions by one dimension (`grid.Dimension`)."""

    dimension: str
    groups: list[str]
    """Keys in the order shown; only those that are shown"""
    labels: dict[str, str]
    splits: list[QuestionSplit]
    hidden_groups: int = 0
    """So many groups are too small to be shown"""


@dataclass(frozen=True)
class Difference:
    """A difference that holds: one option (or the mean) of a question in one group against the rest of that dimension."""

    question_key: str
    dimension: str
    group: str
    option_id: str
    """Empty for the mean of a scale"""
    value: float
    rest: float
    low: float
    high: float
    """Newcombe's interval of the difference on effective sizes"""


@dataclass(frozen=True)
class Quality:
    """The quality box: how many were asked and what became of them, by AAPOR's dispositions (invited once a person)."""

    invited: int
    delivered: int
    opened: int
    started: int
    complete: int
    partial: int
    refused: int
    dispositions: dict[str, int]
    """I, P, R, NC, O, UH, UO, NE → people"""
    e: float | None
    rates: dict[str, float | None]
    """RR1 … RR6, COOP, CON, REF"""
    first_on: date | None = None
    last_on: date | None = None
    design_effect: float | None = None
    effective_n: float | None = None


@dataclass(frozen=True)
class AskedClaim:
    """What may be said of those who were asked. `kind`: random_sample, census, open, mixed, none."""

    kind: str
    frame_size: int | None = None
    sample_size: int | None = None
    respondents: int = 0
    margin: float | None = None
    """Half-width at 95 % for a share of one half, finite-population correction included, as a share; only for a seeded random sample"""
    reason: str = ""
    """Why there is no margin, as a code"""


@dataclass(frozen=True)
class Representation:
    """One group of one margin: its share of the population and of the respondents."""

    dimension: str
    group: str
    population_share: float
    respondent_share: float
    index: float
    """Respondents' share divided by the population's; 1 is even"""


@dataclass(frozen=True)
class WeightedShare:
    option_id: str
    share: float
    low: float
    high: float
    """Linearised interval. It says nothing of who stayed silent: pages never call it a margin of error"""


@dataclass(frozen=True)
class CityClaim:
    """What may be said of the city. `refusal` is empty where weights were found; else a code: no_margins, not_confidential,
    too_few, not_converged, design_effect, group_empty, margins_disagree, unknown_group, …"""

    refusal: str = "no_margins"
    detail: dict[str, str | int | float] = field(default_factory=dict)
    margins_dated: str = ""
    """Source and date of the census margins, as their importer wrote it"""
    collapsed: list[tuple[str, str, str]] = field(default_factory=list)
    """(dimension, thin group, group it was joined to)"""
    trimmed: int = 0
    design_effect: float | None = None
    effective_n: float | None = None
    representation: list[Representation] = field(default_factory=list)
    shares: dict[str, list[WeightedShare]] = field(default_factory=dict)
    """question key → its options, weighted"""
    margins_version: int = 0
    """Which import of the margins; 0 for none"""


@dataclass(frozen=True)
class People:
    """How many people the answers are from. Equal where each answer leads to a distinct number; a range where open channels can't be
    matched. `ballots` are the answers themselves."""

    ballots: int = 0
    at_least: int = 0
    at_most: int = 0
    by_channel: dict[str, int] = field(default_factory=dict)
    """Ballots of each channel"""


@dataclass(frozen=True)
class FunnelGroup:
    """One group's way through the funnel; counts are None where the group is too small."""

    group: str
    invited: int | None
    delivered: int | None = None
    opened: int | None = None
    started: int | None = None
    answered: int | None = None
    lost_at: str = ""
    """The step (delivered, opened, started, answered) at which this group falls behind the rest most, if that difference holds"""


@dataclass(frozen=True)
class FunnelSplit:
    dimension: str
    """neighbourhood, age, gender, unit, line, hour"""
    groups: list[FunnelGroup]
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Analysis:
    """Everything beyond the topline. Empty for an anonymous survey but for what its own questions tell."""

    people: People = field(default_factory=People)
    quality: Quality | None = None
    asked: AskedClaim = field(default_factory=lambda: AskedClaim("none"))
    city: CityClaim = field(default_factory=CityClaim)
    breakdowns: list[Breakdown] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    """Those that hold, the largest first"""
    funnel: list[FunnelSplit] = field(default_factory=list)
    based_on: int = 0
    """Answers these figures were made from: breakdowns move on in steps of at least ten"""
