"""Several lines in the citizen's own words."""

from __future__ import annotations

from markupsafe import Markup

from surveys.types.base import Drawn
from surveys.types.texts import Writing


class LongText(Writing, frozen=True, kw_only=True, tag="long_text"):
    max_length: int = 500

    @property
    def limit(self) -> int:
        return self.max_length

    def draw(self, drawn: Drawn) -> Markup:
        text = drawn.only()
        # The first line end after the tag is dropped by browsers; this one keeps a text that begins with its own.
        return Markup('<textarea class="sp" id="%s" name="%s" maxlength="%s"%s>\n%s</textarea>') % (
            self.id,
            self.id,
            self.max_length * 2,
            drawn.attributes(),
            text,
        )
