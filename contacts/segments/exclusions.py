"""Further reasons why a number isn't written to, which only a higher room knows: how often it was texted lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from flask import Flask, current_app
from sqlalchemy import Select

Exclusion: TypeAlias = Callable[[], "Select[Any] | None"]
"""A selectable of identity ids, read in the caller's transaction; None when nobody can be meant."""


def install(app: Flask) -> None:
    app.extensions["audience_exclusions"] = {}
    app.extensions["recent_answerers"] = None


def register_audience_exclusion(app: Flask, code: str, exclusion: Exclusion) -> None:
    """Whoever `exclusion` selects counts under `code` and is left out of audiences, as long as no reason of the contact base holds."""
    app.extensions["audience_exclusions"][code] = exclusion


def audience_exclusions() -> list[tuple[str, Select[Any]]]:
    known: dict[str, Exclusion] = current_app.extensions["audience_exclusions"]
    found = [(code, exclusion()) for code, exclusion in known.items()]
    return [(code, numbers) for code, numbers in found if numbers is not None]


def register_recent_answerers(app: Flask, numbers: Callable[[int], Select[Any]]) -> None:
    """`numbers(days)` selects the identity ids of those who answered any survey in so many days; audiences may leave them out."""
    app.extensions["recent_answerers"] = numbers


def recent_answerers(days: int) -> Select[Any] | None:
    numbers: Callable[[int], Select[Any]] | None = current_app.extensions["recent_answerers"]
    return None if numbers is None else numbers(days)
