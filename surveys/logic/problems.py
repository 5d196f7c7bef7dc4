"""Why a text is no expression, or one that makes no sense."""

from __future__ import annotations


class LogicProblem(ValueError):
    """`code` says what is wrong, `position` where in the text (from 0), `detail` the word it is about."""

    def __init__(self, code: str, position: int = 0, detail: str = "") -> None:
        super().__init__(f"{code} at {position}: {detail}" if detail else f"{code} at {position}")
        self.code = code
        self.position = position
        self.detail = detail
