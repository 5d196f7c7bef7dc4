"""Which groups answered too little, and the rule that finds more people of them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from contacts.rules.segments import Condition, Group, Mode
from engage.refusal import Refused
from engage.reports.analysis.shapes import Analysis

UNEVEN = 0.8
"""Below this share of what it should be, a group is under-represented"""
DIMENSIONS = ("neighbourhood", "age", "gender")


@dataclass(frozen=True)
class Choice:
    """A group more people can be asked of. `index` is its representativeness where census figures tell it; `is_lost`: it fell behind the
    others on its way to an answer."""

    dimension: str
    group: str
    index: float | None = None
    is_lost: bool = False

    @property
    def key(self) -> str:
        return f"{self.dimension}:{self.group}"

    @property
    def is_lacking(self) -> bool:
        return self.is_lost or (self.index is not None and self.index < UNEVEN)


def choices_of(analysis: Analysis) -> list[Choice]:
    """Groups the report shows on their way to an answer, those that lack first. What it hides isn't offered: to ask for more people of a
    hidden group would tell that it is small."""
    index = {(each.dimension, each.group): each.index for each in analysis.city.representation}
    found = [
        Choice(split.dimension, each.group, index.get((split.dimension, each.group)), bool(each.lost_at))
        for split in analysis.funnel
        if split.dimension in DIMENSIONS
        for each in split.groups
        if each.group and each.invited is not None
    ]
    return sorted(found, key=lambda each: (not each.is_lacking, DIMENSIONS.index(each.dimension)))


def rule_for(choices: Collection[Choice], survey_id: int, jalali_year: int) -> Group:
    """People of these groups (of any of one dimension, and of each dimension chosen) who were never invited to the survey.

    Refused("topup_nothing_chosen").
    """
    if not choices:
        raise Refused("topup_nothing_chosen")
    parts: list[Group | Condition] = []
    for dimension in DIMENSIONS:
        groups = [each.group for each in choices if each.dimension == dimension]
        if not groups:
            continue
        if dimension == "age":
            bands = [Condition("birth_year", _years(band, jalali_year)) for band in groups]
            parts.append(Group(Mode.ANY, tuple(bands)) if len(bands) > 1 else bands[0])
        else:
            parts.append(Condition(dimension, (("in", tuple(groups)),)))
    parts.append(Group(Mode.NONE, (Condition("surveys.invited", (("survey", str(survey_id)),)),)))
    return Group(Mode.ALL, tuple(parts))


def _years(band: str, jalali_year: int) -> tuple[tuple[str, int], ...]:
    """Birth years of an age band, as reports count ages: by the year alone."""
    low, _dash, high = band.rstrip("+").partition("-")
    oldest = (("from", jalali_year - int(high)),) if high else ()
    return (*oldest, ("to", jalali_year - int(low)))
