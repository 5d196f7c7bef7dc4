"""What rooms above offer on the page of contacts: one button each, which posts to a page of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app


@dataclass(frozen=True)
class PageAction:
    """One button. `label` is lazy text, `icon` a name from `engage.web.icons`, `permission` what `viewer.may` is asked."""

    label: Any
    icon: str
    endpoint: str
    permission: str


def install(app: Flask) -> None:
    app.extensions["contacts_page_actions"] = []
    app.jinja_env.globals["contacts_page_actions"] = page_actions


def register_page_action(app: Flask, action: PageAction) -> None:
    app.extensions["contacts_page_actions"].append(action)


def page_actions(viewer: Any) -> list[PageAction]:
    """The buttons this viewer may press, in the order they were registered."""
    found: list[PageAction] = current_app.extensions["contacts_page_actions"]
    return [each for each in found if viewer.may(each.permission)]
