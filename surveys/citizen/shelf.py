"""Finished pages, kept in the process: every citizen of a survey sees the same bytes, so they are made and compressed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from flask import Flask, current_app

from surveys.citizen.layout import Page

MOST = 200
_NAME = "surveys_pages"


def install(app: Flask) -> None:
    app.extensions[_NAME] = {}
    app.extensions["surveys_versions"] = {}
    app.extensions["surveys_asked"] = {}


def page_of(key: Hashable, make: Callable[[], Page]) -> Page:
    """The page kept under `key`, made if there is none. The key must hold everything the page shows."""
    kept: dict[Hashable, Page] = current_app.extensions[_NAME]
    page = kept.get(key)
    if page is None:
        page = make()
        if len(kept) >= MOST:
            kept.clear()
        kept[key] = page
    return page
