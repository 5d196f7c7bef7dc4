"""One line in the citizen's own words."""

from __future__ import annotations

from markupsafe import Markup

from surveys.types.base import Drawn
from surveys.types.texts import Writing


class ShortText(Writing, frozen=True, kw_only=True, tag="short_text"):
    most = 500
    has_lines = False

    max_length: int = 100

    @property
    def limit(self) -> int:
        return self.max_length

    def draw(self, drawn: Drawn) -> Markup:
        # Twice the limit may be typed: a browser that cuts a pasted text in silence loses what a message could save.
        return Markup('<input class="t sp" id="%s" name="%s" maxlength="%s" autocomplete="off" value="%s"%s>') % (
            self.id,
            self.id,
            self.max_length * 2,
            drawn.only(),
            drawn.attributes(),
        )
