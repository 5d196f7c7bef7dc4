"""One of several options."""

from __future__ import annotations

from surveys.types.choices import OneOf


class Single(OneOf, frozen=True, kw_only=True, tag="single"):
    shuffle: bool = False
    """Options come in an order that differs from citizen to citizen."""
