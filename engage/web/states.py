"""How a state looks: icon and word, never colour alone; one icon per state everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from engage.web.icons import NAMES

Kind = Literal["run", "ok", "wait", "bad", "grey", "plain"]
"""Running (turquoise), done well, waits for someone, failed or stopped, not begun, and a bare word without a pill."""


@dataclass(frozen=True)
class StateLook:
    """A state's colour role, icon name and lazy word; rooms keep a dict state → StateLook and give it to the `state` macro."""

    kind: Kind
    icon: str
    label: Any

    def __post_init__(self) -> None:
        if self.icon not in NAMES:
            raise ValueError(f"no icon named {self.icon!r}")
