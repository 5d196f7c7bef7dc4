"""The console's sections. A room registers its own at install; the shell shows those the viewer may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request

from engage.web.icons import NAMES


@dataclass(frozen=True)
class NavItem:
    """One section. `label` is lazy text, `icon` a name from `engage.web.icons`, `permission` the name `viewer.may` is asked, "" for all.

    `endpoint` leads there without arguments; pages of the same blueprint mark it as current, others say `{% set active_nav = "key" %}`.
    `place` is "main" (side and tab bar, by `order`) or "foot" (below the side navigation, and last under «بیشتر»).
    `count(viewer)` is shown beside it when it isn't 0: cheap, it is asked on every staff page.
    """

    key: str
    label: Any
    icon: str
    endpoint: str
    permission: str = ""
    order: int = 100
    place: str = "main"
    count: Callable[[Any], int] | None = None


def register_nav(app: Flask, item: NavItem) -> None:
    if item.icon not in NAMES:
        raise ValueError(f"no icon named {item.icon!r}")
    app.extensions["engage_nav"][item.key] = item


def nav_items(viewer: Any, place: str = "main") -> list[NavItem]:
    """What this viewer may open, in order; nothing for someone who isn't signed in."""
    if viewer is None or not viewer.is_authenticated:
        return []
    items: dict[str, NavItem] = current_app.extensions["engage_nav"]
    allowed = [
        item
        for item in items.values()
        if item.place == place and item.endpoint in current_app.view_functions and (not item.permission or viewer.may(item.permission))
    ]
    return sorted(allowed, key=lambda item: (item.order, item.key))


def is_current(item: NavItem, active: str | None) -> bool:
    if active:
        return item.key == active
    return bool(request.blueprint) and item.endpoint.rpartition(".")[0] == request.blueprint


def has_endpoint(name: str) -> bool:
    return name in current_app.view_functions


def install(app: Flask) -> None:
    app.extensions["engage_nav"] = {}
    app.jinja_env.globals.update(nav_items=nav_items, nav_is_current=is_current, has_endpoint=has_endpoint)
