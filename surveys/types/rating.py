"""A point on a scale: faces, stars or numbers, worst at the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import (
    MAX_OPTION,
    AnswerProblem,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    Question,
    Tally,
    Translate,
    check_text,
    only_value,
    spoken,
)
from surveys.types.number import plain_number

STAR = Markup('<svg viewBox="0 0 40 40" aria-hidden="true"><path d="m20 5 4.6 9.6 10.4 1.4-7.6 7.3 1.9 10.5L20 28.7l-9.3 5.1 1.9-10.5L5 16l10.4-1.4z"/></svg>')

USUAL_WORDS = {
    ("خیلی ناراضی", "خیلی راضی"): ("خیلی ناراضی", "ناراضی", "نه راضی، نه ناراضی", "راضی", "خیلی راضی"),
    ("خیلی بد", "خیلی خوب"): ("خیلی بد", "بد", "متوسط", "خوب", "خیلی خوب"),
    ("خیلی کم", "خیلی زیاد"): ("خیلی کم", "کم", "متوسط", "زیاد", "خیلی زیاد"),
    ("کاملاً مخالفم", "کاملاً موافقم"): ("کاملاً مخالفم", "مخالفم", "نه موافق، نه مخالف", "موافقم", "کاملاً موافقم"),
}
"""What Persian questionnaires call the five points between these ends."""


class Rating(Question, frozen=True, kw_only=True, tag="rating"):
    tally = Tally.SCALE
    parts = ("five",)

    low_label: str = ""
    high_label: str = ""
    scale: int = 5
    style: Literal["faces", "stars", "numbers"] = "faces"

    def check(self) -> None:
        super().check()
        if not 3 <= self.scale <= 10:
            raise DefinitionProblem("scale_out_of_range", self.id)
        check_text(self.low_label, MAX_OPTION, self.id)
        check_text(self.high_label, MAX_OPTION, self.id)

    def read(self, given: Given) -> Entries:
        typed = only_value(given).strip()
        if not typed:
            return {}
        point = plain_number(typed)
        if point is None or point != int(point) or not 1 <= point <= self.scale:
            raise AnswerProblem("point_unknown")
        return {"": int(point)}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        return set(entries) == {""} and type(answer) is int and 1 <= answer <= self.scale

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [str(entries[""])]}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.NUMBER)}

    @property
    def first_control(self) -> str:
        return f"{self.id}.1"

    def words(self, point: int, _: Translate) -> str:
        """How a point is read out: its usual word, else its place with the end's label."""
        usual = USUAL_WORDS.get((self.low_label, self.high_label)) if self.scale == 5 else None
        if usual:
            return usual[point - 1]
        place = _("%(point)s of %(scale)s", point=spoken(point), scale=spoken(self.scale))
        end = self.low_label if point == 1 else self.high_label if point == self.scale else ""
        return f"{place}، {end}" if end else place

    def _mark(self, point: int) -> Markup:
        if self.style == "faces":
            bend = (2 * (point - 1) / (self.scale - 1) - 1) * 9
            half = 6 + abs(bend) / 4.5
            mouth = f"M{20 - half:.3g} {27.5 - bend / 3.6:.3g}q{half:.3g} {bend:.3g} {2 * half:.3g} 0"
            return Markup('<svg viewBox="0 0 40 40" aria-hidden="true"><use href="#f"/><path d="%s"/></svg>') % mouth
        if self.style == "stars":
            return STAR + Markup('<span aria-hidden="true">%s</span>') % spoken(point)
        return Markup('<b aria-hidden="true">%s</b>') % spoken(point)

    def draw(self, drawn: Drawn) -> Markup:
        given = {str(int(n)) for each in drawn.given.get("", ()) if (n := plain_number(each)) is not None and abs(n) < 100}
        points = Markup("\n").join(
            Markup('<div class="o"><input type="radio" id="%s.%s" name="%s" value="%s"%s%s><label for="%s.%s">%s<span class="v">%s</span></label></div>')
            % (
                self.id,
                point,
                self.id,
                point,
                Markup(" checked") if str(point) in given else "",
                drawn.attributes(first=point == 1),
                self.id,
                point,
                self._mark(point),
                self.words(point, drawn.translate),
            )
            for point in range(1, self.scale + 1)
        )
        ends = Markup("")
        if self.low_label or self.high_label:
            ends = Markup('\n<p class="en%s" aria-hidden="true"><span>%s</span><span>%s</span></p>') % (
                "" if self.style == "faces" and self.scale <= 5 else " ek",
                self.low_label,
                self.high_label,
            )
        return Markup('<div class="r%s">\n%s\n</div>%s') % ("" if self.style == "faces" and self.scale <= 5 else " rn", points, ends)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose one of the points"), _("Please choose one of the points.")

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, int) else None]
