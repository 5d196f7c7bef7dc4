"""A value the answers come to: its formula is an expression of `surveys.logic`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from engage.persian import format_number
from surveys.logic.kinds import Kind, Name
from surveys.types.base import MAX_EXPRESSION, DefinitionProblem, Entries, Tally, Translate, check_text, is_storable
from surveys.types.unasked import Unasked

MAX_RESULT = 500


class Calculation(Unasked, frozen=True, kw_only=True, tag="calculation"):
    weight = 0

    formula: str = ""
    result: Literal["number", "text"] = "number"
    decimals: int = 2

    @property
    def tally(self) -> Tally:  # type: ignore[override]
        return Tally.NUMBERS if self.result == "number" else Tally.TEXTS

    def check(self) -> None:
        super().check()
        check_text(self.formula, MAX_EXPRESSION, self.id)
        if not 0 <= self.decimals <= 4:
            raise DefinitionProblem("decimals_out_of_range", self.id)

    def entries_of(self, value: Any) -> Entries:
        """What is stored for a value of the formula; empty where it is missing or of the other kind."""
        if self.result == "text":
            text = " ".join(value.split()) if isinstance(value, str) else ""
            return {"": text[:MAX_RESULT].strip()} if text and is_storable(text) else {}
        if not isinstance(value, Decimal) or not value.is_finite():
            return {}
        rounded = value.quantize(Decimal(1).scaleb(-self.decimals), rounding=ROUND_HALF_UP)
        return {"": int(rounded) if rounded == rounded.to_integral_value() else float(rounded)}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        if set(entries) != {""}:
            return False
        if self.result == "text":
            return isinstance(answer, str) and bool(answer) and len(answer) <= MAX_RESULT and is_storable(answer)
        return type(answer) in (int, float) and math.isfinite(answer)  # type: ignore[arg-type]

    def names(self) -> dict[str, Name]:
        return {"": Name(Kind.NUMBER if self.result == "number" else Kind.TEXT)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        answer = entries.get("")
        if isinstance(answer, str):
            return answer
        return format_number(answer, None if isinstance(answer, int) else self.decimals) if isinstance(answer, int | float) else ""
