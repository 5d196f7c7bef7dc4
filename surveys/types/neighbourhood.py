"""The citizen's neighbourhood: cards while there are few, else the phone's own list.

The option that stands alone is «محلهٔ من این نیست».
"""

from __future__ import annotations

from markupsafe import Markup

from surveys.types.base import Drawn, Option, Translate
from surveys.types.choices import OneOf

FEW = 7
"""Up to so many neighbourhoods are cards."""


class Neighbourhood(OneOf, frozen=True, kw_only=True, tag="neighbourhood"):
    may_have_other = False

    @property
    def elsewhere(self) -> Option | None:
        """Who chooses this one lives in none of the others."""
        return next((option for option in self.options if option.exclusive), None)

    @property
    def is_group(self) -> bool:  # type: ignore[override]
        return len(self.options) - sum(option.exclusive for option in self.options) <= FEW

    @property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        return () if self.is_group else ("choose",)

    @property
    def first_control(self) -> str:
        return super().first_control if self.is_group else self.id

    def draw(self, drawn: Drawn) -> Markup:
        if self.is_group:
            return super().draw(drawn)
        chosen = set(drawn.given.get("", ()))
        options = Markup("\n").join(
            Markup('<option value="%s"%s>%s') % (option.id, Markup(" selected") if option.id in chosen else "", option.label)
            for option in self.drawn_options
        )
        return Markup('<select class="t sp" id="%s" name="%s"%s>\n<option value="">%s\n%s\n</select>') % (
            self.id,
            self.id,
            drawn.attributes(),
            drawn.translate("Choose your neighbourhood"),
            options,
        )

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose your neighbourhood"), _("Please choose your neighbourhood.")
