"""Things put in order: each gets a place. Stored: the ids in their order, the first place first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Column, DefinitionProblem, Drawn, Entries, Given, Tally, Translate, only_value, spoken
from surveys.types.choices import Choosing
from surveys.types.number import plain_number

MOST = 30
"""More can't be put in order by anybody."""
TILES = 5
"""Up to so many places are buttons in a row; more are the phone's own list."""
NO_PLACE = "0"


class Ranking(Choosing, frozen=True, kw_only=True, tag="ranking"):
    tally = Tally.RANKS
    weight = 3
    most_options = MOST
    may_have_other = False
    may_have_exclusive = False

    most: int | None = None
    """So many places at most, of which the first ones are used; without it everything is put in order."""
    shuffle: bool = False
    """Options come in an order that differs from citizen to citizen."""

    def check(self) -> None:
        super().check()
        if self.most is not None and not 1 <= self.most <= MOST:
            raise DefinitionProblem("rank_limit_out_of_range", self.id)

    @property
    def places(self) -> int:
        """How many places there are to give."""
        return min(self.most or len(self.options), len(self.options))

    @property
    def has_tiles(self) -> bool:
        return self.places <= TILES

    @property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("places",) if self.has_tiles else ("places", "choose")

    def read(self, given: Given) -> Entries:
        labels = self.labels
        if any(part and part not in labels for part in given):
            raise AnswerProblem("option_unknown")
        by_place: dict[int, str] = {}
        for option_id in self.option_ids:
            typed = only_value(given, option_id).strip()
            place = plain_number(typed) if typed else None
            if not typed or place == 0:
                continue
            if place is None or place != int(place) or not 1 <= place <= self.places:
                raise AnswerProblem("place_unknown", option=option_id)
            if int(place) in by_place:
                raise AnswerProblem("place_repeated", place=int(place), options=[by_place[int(place)], option_id])
            by_place[int(place)] = option_id
        if not by_place:
            return {}
        if self.most is None and len(by_place) < len(self.options):
            raise AnswerProblem("place_missing", option=next(each for each in self.option_ids if each not in by_place.values()))
        left_out = next((each for each in range(1, len(by_place) + 1) if each not in by_place), None)
        if left_out is not None:
            raise AnswerProblem("place_left_out", place=left_out)
        return {"": [by_place[each] for each in sorted(by_place)]}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        order = entries.get("")
        if set(entries) != {""} or not isinstance(order, list) or not order or not all(isinstance(each, str) for each in order):
            return False
        if len(set(order)) < len(order) or not set(order) <= set(self.option_ids):
            return False
        return len(order) == len(self.options) if self.most is None else len(order) <= self.places

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        order = entries[""]
        return {str(option_id): [str(place)] for place, option_id in enumerate(order, 1)} if isinstance(order, list) else {}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.CHOICES, frozenset(self.option_ids))}

    @property
    def first_control(self) -> str:
        return f"{self.id}:1"

    def instruction(self, _: Translate) -> str:
        if self.most is not None and self.places < len(self.options):
            return _("Give up to %(count)s of them a place, each another one: 1 is the most important.", count=spoken(self.places))
        if self.most is not None:
            return _("Give each a place of its own: 1 is the most important. What doesn't matter to you may stay without one.")
        return _("Give each a place of its own: 1 is the most important.")

    def draw(self, drawn: Drawn) -> Markup:
        options = self.ordered(drawn.seed)
        return Markup("\n").join(
            self._draw_tiles(option.id, option.label, drawn, first=index == 0)
            if self.has_tiles
            else self._draw_list(option.id, option.label, drawn, first=index == 0)
            for index, option in enumerate(options)
        )

    def _place(self, option_id: str, drawn: Drawn) -> int:
        place = plain_number(drawn.only(option_id))
        return int(place) if place is not None and 1 <= place <= self.places else 0

    def _draw_tiles(self, option_id: str, label: str, drawn: Drawn, *, first: bool) -> Markup:
        given = self._place(option_id, drawn)
        tiles = Markup("").join(
            Markup('<label><input type="radio"%s name="%s.%s" value="%s"%s%s><span><span aria-hidden="true">%s</span><span class="v">%s</span></span></label>')
            % (
                Markup(' id="%s"') % self.first_control if first and place == 1 else "",
                self.id,
                option_id,
                place,
                Markup(" checked") if place == given else "",
                drawn.attributes(first=first and place == 1),
                spoken(place) if place else "–",
                drawn.translate("place %(place)s", place=spoken(place)) if place else drawn.translate("without a place"),
            )
            for place in [*range(1, self.places + 1), 0]
        )
        return Markup('<div class="pk" role="radiogroup" aria-labelledby="%s.%s:l"><p id="%s.%s:l"><b>%s</b></p><div class="pt">%s</div></div>') % (
            self.id,
            option_id,
            self.id,
            option_id,
            label,
            tiles,
        )

    def _draw_list(self, option_id: str, label: str, drawn: Drawn, *, first: bool) -> Markup:
        given = self._place(option_id, drawn)
        control = self.first_control if first else f"{self.id}.{option_id}"
        places = Markup("").join(
            Markup('<option value="%s"%s>%s') % (place, Markup(" selected") if place == given else "", spoken(place))
            for place in range(1, self.places + 1)
        )
        return Markup('<div class="pk pl"><label for="%s"><b>%s</b></label><select class="t" id="%s" name="%s.%s"%s><option value="0">–%s</select></div>') % (
            control,
            label,
            control,
            self.id,
            option_id,
            drawn.attributes(first=first),
            places,
        )

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        labels = self.labels
        if problem.code == "place_repeated":
            first, second = (labels.get(each, "") for each in problem.params["options"])
            place = spoken(problem.params["place"])
            return (
                _("two have the same place"),
                _("“%(first)s” and “%(second)s” both have place %(place)s. Give one of them another place.", first=first, second=second, place=place),
            )
        if problem.code == "place_left_out":
            place = spoken(problem.params["place"])
            return _("place %(place)s is left out", place=place), _("No place may be left out: nothing has place %(place)s yet.", place=place)
        if problem.code == "place_missing":
            label = labels.get(problem.params["option"], "")
            return _("one is still without a place"), _("Each needs a place of its own: “%(option)s” has none yet.", option=label)
        if problem.code == "place_unknown":
            label = labels.get(problem.params["option"], "")
            return (
                _("a place can't be read"),
                _("The place of “%(option)s” must be a number from 1 to %(count)s.", option=label, count=spoken(self.places)),
            )
        if problem.code == "option_unknown":
            return _("choose again"), _("A chosen option isn't on offer any more. Please choose from these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("give places"), _("Please give a place, with 1 for the most important.")

    def columns(self) -> list[Column]:
        return [Column(f"{self.id}.{option.id}", f"{self.label} · {option.label}") for option in self.options]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        """The place each option was given."""
        order = entries.get("")
        if not isinstance(order, list):
            return [None] * len(self.options)
        return [order.index(option.id) + 1 if option.id in order else None for option in self.options]
