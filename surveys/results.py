"""Where a survey's public results stand. A room above, which makes them, says so; until one does there are none."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app

Address = Callable[[int, str], "str | None"]
_NAME = "surveys_results_address"


def install(app: Flask) -> None:
    app.extensions[_NAME] = None


def register_results_address(app: Flask, address: Address) -> None:
    """Have closed links lead to `address(survey_id, slug)`: a path of this site, or None while nothing is published."""
    app.extensions[_NAME] = address


def results_address(survey_id: int, slug: str) -> str | None:
    found: Address | None = current_app.extensions[_NAME]
    return found(survey_id, slug) if found else None
