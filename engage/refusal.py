"""A refusal: the product says no, for a reason a person can act on."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Nothing was written, and `code` says why; the sentence for people is made at the edge (`engage.web.refusals`).

    `params` are the values that sentence names: counts, limits, names of fields; never a phone number, an answer or a token.
    """

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        named = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.code} ({named})" if named else self.code
