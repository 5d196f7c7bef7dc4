"""How likely one is to recommend something, from 0 to 10: promoters are 9 and 10, detractors 0 to 6."""

from __future__ import annotations

from markupsafe import Markup

from surveys.types.base import Drawn, Translate, spoken
from surveys.types.rating import Scale

LOW, HIGH = 0, 10


class Nps(Scale, frozen=True, kw_only=True, tag="nps"):
    parts = ("ten",)

    low_label: str = "به هیچ وجه"
    high_label: str = "حتماً"

    @property
    def points(self) -> range:
        return range(LOW, HIGH + 1)

    def draw(self, drawn: Drawn) -> Markup:
        return Markup('<div class="tn">\n%s\n</div>%s') % (self.draw_points(drawn), self.draw_ends(" ek"))

    def mark(self, point: int) -> Markup:
        return Markup('<b aria-hidden="true">%s</b>') % spoken(point)

    def words(self, point: int, _: Translate) -> str:
        place = _("%(point)s of %(scale)s", point=spoken(point), scale=spoken(HIGH))
        end = self.low_label if point == LOW else self.high_label if point == HIGH else ""
        return f"{place}، {end}" if end else place
