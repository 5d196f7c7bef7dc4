"""Who looks at the page, as templates know them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from flask import Flask, current_app, has_request_context, request
from flask_babel import lazy_gettext as _l

from engage.identity.guard import Actor, find_actor, known_actor
from engage.identity.queries import UnitNode
from engage.identity.rules import Role

ROLE_LABELS: dict[Role, Any] = {
    Role.ADMIN: _l("Administrator"),
    Role.OFFICER: _l("Public relations officer"),
    Role.MANAGER: _l("Manager"),
}


_VIEWER = "engage.viewer"


class Viewer:
    """The signed-in person: `name`, `initial`, `role_label`, `unit`, `units`, `may(permission)`, `tasks_count`."""

    is_authenticated = True

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.id = actor.id
        self.name = actor.user.name
        self.email = actor.user.email
        self.unit: UnitNode = actor.unit
        self.is_finished = not (actor.second_factor_missing or actor.user.must_change_password)

    @property
    def unread_count(self) -> int:
        """Notices that wait to be seen: the number on the bell."""
        return self.actor.unread_count if self.is_finished else 0

    @property
    def initial(self) -> str:
        return self.name[:1]

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def units(self) -> tuple[UnitNode, ...]:
        """Those the switcher offers."""
        return self.actor.units

    @property
    def role_label(self) -> str:
        """What they are in the current unit."""
        return "، ".join(str(ROLE_LABELS[role]) for role in Role if role in self.unit.roles)

    def may(self, permission: str, unit_id: int | None = None) -> bool:
        """Whether they may do this in the current unit (or that one); nothing while their account isn't finished."""
        return self.is_finished and self.actor.may(permission, unit_id)

    @cached_property
    def tasks_count(self) -> int:
        """What waits for them in the current unit, counted by every room that has something."""
        if not self.is_finished:
            return 0
        sources: list[Callable[[Viewer, UnitNode], int]] = current_app.extensions["engage_task_sources"]
        return sum(source(self, self.unit) for source in sources)


def register_task_source(app: Flask, source: Callable[[Viewer, UnitNode], int]) -> None:
    """Add `source(viewer, unit)` to the number beside the first section: cheap, it is asked on every staff page."""
    app.extensions["engage_task_sources"].append(source)


def current_viewer() -> Viewer:
    """The viewer of this guarded page."""
    actor = find_actor()
    if actor is None:
        raise RuntimeError("no viewer outside of a guarded view")
    found: Viewer | None = request.environ.get(_VIEWER)
    if found is None or found.actor is not actor:
        found = request.environ[_VIEWER] = Viewer(actor)
    return found


def _viewer() -> dict[str, Any]:
    known = known_actor()
    # An error page of the console shows the shell to whoever is signed in; citizens' pages never ask.
    if known is None and has_request_context() and request.path.startswith("/console") and not _is_public():
        known = find_actor()
    return {"viewer": current_viewer() if known else None}


def _is_public() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "is_public", False)


def install(app: Flask) -> None:
    app.extensions["engage_task_sources"] = []
    app.context_processor(_viewer)
