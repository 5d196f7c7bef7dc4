"""A point on a scale: faces, stars or numbers, worst at the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import (
    MAX_OPTION,
    AnswerProblem,
    DefinitionProblem,
    Drawn,
    Entries,
    Given,
    Option,
    PartTally,
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


class Scale(Question, frozen=True, kw_only=True):
    """A question answered with one point of a scale, from the right. Stored: the point, a whole number."""

    tally: ClassVar[Tally] = Tally.SCALE
    text_fields = (*Question.text_fields, "low_label", "high_label")

    low_label: str = ""
    high_label: str = ""

    @property
    def points(self) -> range:
        raise NotImplementedError

    def words(self, point: int, _: Translate) -> str:
        """How a point is read out."""
        raise NotImplementedError

    def mark(self, point: int) -> Markup:
        """What is seen of a point."""
        raise NotImplementedError

    def check(self) -> None:
        super().check()
        check_text(self.low_label, MAX_OPTION, self.id)
        check_text(self.high_label, MAX_OPTION, self.id)

    def read(self, given: Given) -> Entries:
        typed = only_value(given).strip()
        if not typed:
            return {}
        point = plain_number(typed)
        if point is None or point != int(point) or int(point) not in self.points:
            raise AnswerProblem("point_unknown")
        return {"": int(point)}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        return set(entries) == {""} and type(answer) is int and answer in self.points

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [str(entries[""])]}

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.NUMBER)}

    @property
    def first_control(self) -> str:
        return f"{self.id}.{self.points[0]}"

    def draw_points(self, drawn: Drawn) -> Markup:
        given = {int(n) for each in drawn.given.get("", ()) if (n := plain_number(each)) is not None and abs(n) < 100 and n == int(n)}
        return Markup("\n").join(
            Markup('<div class="o"><input type="radio" id="%s.%s" name="%s" value="%s"%s%s><label for="%s.%s">%s<span class="v">%s</span></label></div>')
            % (
                self.id,
                point,
                self.id,
                point,
                Markup(" checked") if point in given else "",
                drawn.attributes(first=point == self.points[0]),
                self.id,
                point,
                self.mark(point),
                self.words(point, drawn.translate),
            )
            for point in self.points
        )

    def draw_ends(self, css: str) -> Markup:
        """What the ends mean, below them; read out with the points themselves."""
        if not self.low_label and not self.high_label:
            return Markup("")
        return Markup('\n<p class="en%s" aria-hidden="true"><span>%s</span><span>%s</span></p>') % (css, self.low_label, self.high_label)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "point_unknown":
            return _("choose one of the points"), _("This point isn't on the scale. Please choose one of these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose one of the points"), _("Please choose one of the points.")

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, int) else None]

    def tallies(self) -> list[PartTally]:
        return [PartTally("", self.label, self.tally, tuple(Option(id=str(point), label=spoken(point)) for point in self.points))]


class Rating(Scale, frozen=True, kw_only=True, tag="rating"):
    parts = ("five",)

    scale: int = 5
    style: Literal["faces", "stars", "numbers"] = "faces"

    def check(self) -> None:
        super().check()
        if not 3 <= self.scale <= 10:
            raise DefinitionProblem("scale_out_of_range", self.id)

    @property
    def points(self) -> range:
        return range(1, self.scale + 1)

    def words(self, point: int, _: Translate) -> str:
        """The point's usual word, else its place with the end's label."""
        usual = USUAL_WORDS.get((self.low_label, self.high_label)) if self.scale == 5 else None
        if usual:
            return usual[point - 1]
        place = _("%(point)s of %(scale)s", point=spoken(point), scale=spoken(self.scale))
        end = self.low_label if point == 1 else self.high_label if point == self.scale else ""
        return f"{place}، {end}" if end else place

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        answer = entries.get("")
        return self.words(answer, _) if type(answer) is int and answer in self.points else ""

    def mark(self, point: int) -> Markup:
        if self.style == "faces":
            bend = (2 * (point - 1) / (self.scale - 1) - 1) * 9
            half = 6 + abs(bend) / 4.5
            mouth = f"M{20 - half:.3g} {27.5 - bend / 3.6:.3g}q{half:.3g} {bend:.3g} {2 * half:.3g} 0"
            return Markup('<svg viewBox="0 0 40 40" aria-hidden="true"><use href="#f"/><path d="%s"/></svg>') % mouth
        if self.style == "stars":
            return STAR + Markup('<span aria-hidden="true">%s</span>') % spoken(point)
        return Markup('<b aria-hidden="true">%s</b>') % spoken(point)

    def draw(self, drawn: Drawn) -> Markup:
        small = self.style == "faces" and self.scale <= 5
        return Markup('<div class="r%s">\n%s\n</div>%s') % ("" if small else " rn", self.draw_points(drawn), self.draw_ends("" if small else " ek"))
