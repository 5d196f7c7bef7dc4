"""The guard at every route: who asks, for which unit, and whether they may.

Every view is either `@guarded(Permission.X)` or `@public`; an unmarked one is never served. Public views touch no session: a
citizen's page sets no cookie and asks the database nothing about identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, TypeVar

from flask import Flask, Response, abort, current_app, flash, has_request_context, make_response, redirect, request, url_for
from flask_babel import gettext as _

from engage.config import Settings
from engage.identity import rules, sessions
from engage.identity.models import User
from engage.identity.queries import UnitNode, units_of_user
from engage.identity.rules import Permission, Role
from engage.web.refusals import wants_fragment, wants_json

View = TypeVar("View", bound=Callable[..., Any])

_ACTOR = "engage.actor"
"""Kept with the request, not in `g`: that belongs to the application context, which a command or a test may hold open for many."""

_UNMARKED_BLUEPRINTS = frozenset({"web"})
"""The shell lies below this room and can't import its marks: static files and health."""


@dataclass(frozen=True)
class Actor:
    """The person behind this request, what they hold where, and the unit they look at."""

    user: User
    units: tuple[UnitNode, ...]
    """Every unit of their subtrees, parents before children, siblings in Persian order."""
    unit: UnitNode
    """The one chosen in the switcher."""
    second_factor_missing: bool
    unread_count: int = 0
    """Notices they haven't seen"""

    @property
    def id(self) -> int:
        return self.user.id

    def node(self, unit_id: int) -> UnitNode | None:
        return next((node for node in self.units if node.id == unit_id), None)

    def may(self, permission: Permission | str, unit_id: int | None = None) -> bool:
        """Whether they may do this in that unit (the current one unless said)."""
        node = self.unit if unit_id is None else self.node(unit_id)
        return node is not None and rules.may(node.roles, Permission(permission))

    def may_somewhere(self, permission: Permission) -> bool:
        return any(rules.may(node.roles, permission) for node in self.units)

    def unit_ids(self, permission: Permission, *, below: UnitNode | None = None) -> frozenset[int]:
        """Units where they may do this; only those in the subtree of `below` if given."""
        prefix = below.path if below else "/"
        return frozenset(node.id for node in self.units if node.path.startswith(prefix) and rules.may(node.roles, permission))

    @property
    def is_central(self) -> bool:
        """Whether they hold a role at the top of the tree, over all units."""
        return any(node.parent_id is None for node in self.units)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset().union(*(node.roles for node in self.units))


def is_local_request() -> bool:
    """Whether this request comes from the machine itself and not through a proxy on it."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"))
    address = request.remote_addr or ""
    return not forwarded and (address.startswith("127.") or address == "::1")


def may_use_account(user: User) -> bool:
    """Demo accounts, whose passwords everyone knows, work in the demo and on its own machine alone."""
    settings: Settings = current_app.extensions["engage_settings"]
    return not user.is_demo or (settings.is_demo and is_local_request())


def find_actor() -> Actor | None:
    """Who asks, or None; at most two statements, once a request."""
    if not has_request_context():
        return None
    if _ACTOR not in request.environ:
        request.environ[_ACTOR] = _load_actor()
    found: Actor | None = request.environ[_ACTOR]
    return found


def forget_actor() -> None:
    """What was known about this request's person is read anew: they signed in or out, or their rights were changed."""
    request.environ.pop(_ACTOR, None)


def _load_actor() -> Actor | None:
    found = sessions.load_user()
    if found is None or not may_use_account(found[0]):
        return None
    user, unread = found
    units = units_of_user(user.id)
    if not units:
        return None
    chosen = next((node for node in units if node.id == user.current_unit_id), None)
    roles = frozenset[Role]().union(*(node.roles for node in units))
    settings: Settings = current_app.extensions["engage_settings"]
    missing = user.totp_secret is None and rules.needs_second_factor(roles, is_demo_account=user.is_demo and settings.is_demo)
    return Actor(user, units, chosen or min(units, key=lambda node: (node.path.count("/"), units.index(node))), missing, unread)


def guarded(permission: Permission, *, unfinished: bool = False) -> Callable[[View], View]:
    """Only for people who hold `permission`: in the current unit, or, where the address names a thing, in any unit (the view then
    calls `authorize` with that thing's unit).

    `unfinished` pages also open for accounts that still have to set up their second factor or choose a password of their own.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def watched(*args: Any, **kwargs: Any) -> Any:
            actor = find_actor()
            if actor is None:
                return _ask_to_sign_in()
            if not unfinished:
                if actor.user.must_change_password:
                    return _lead_to("identity.password_page")
                if actor.second_factor_missing:
                    return _lead_to("identity.authenticator_page")
            allowed = actor.may(permission) or (bool(request.view_args) and actor.may_somewhere(permission))
            if not allowed:
                abort(403)
            return view(*args, **kwargs)

        watched.permission = permission  # type: ignore[attr-defined]
        watched.is_unfinished = unfinished  # type: ignore[attr-defined]
        return watched  # type: ignore[return-value]

    return mark


def public(view: View) -> View:
    """Open to everyone: citizens' pages, the gateway's calls, the sign-in page."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def authorize(permission: Permission, unit_id: int | None) -> None:
    """Let the view go on only if the person may do this in that unit: 404 for a unit outside their subtrees (it doesn't exist for
    them), 403 where they see the unit without holding the right."""
    actor = acting()
    if unit_id is None or actor.node(unit_id) is None:
        abort(404)
    if not actor.may(permission, unit_id):
        abort(403)


def visible_unit_ids(permission: Permission) -> frozenset[int]:
    """Units whose things a list shows: the current unit and those below it, as far as the person holds the right there."""
    actor = acting()
    return actor.unit_ids(permission, below=actor.unit)


def current_unit() -> UnitNode:
    """The unit chosen in the switcher; new things belong to it."""
    return acting().unit


def current_actor_id() -> int | None:
    """The person behind this request, or None where nobody is: jobs, the command line, citizens' pages."""
    actor = known_actor()
    return actor.id if actor else None


def known_actor() -> Actor | None:
    """Who a guard has let in to this request; never asks the database."""
    found: Actor | None = request.environ.get(_ACTOR) if has_request_context() else None
    return found


def acting() -> Actor:
    """The person this guarded view runs for; 401 where nobody is signed in."""
    found = find_actor()
    if found is None:
        abort(401)
    return found


def _lead_to(endpoint: str) -> Response:
    address = url_for(endpoint)
    if wants_fragment():
        response = make_response("", 403)
        response.headers["HX-Redirect"] = address
        return response
    if wants_json():
        abort(403)
    return make_response(redirect(address, code=303))


def _ask_to_sign_in() -> Response:
    if wants_json():
        abort(401)
    ended = sessions.has_session()
    if ended:
        sessions.end_session()
        flash(_("You were signed out because nothing was done for a while. Please sign in again."), "wait")
    back = request.full_path.rstrip("?") if request.method == "GET" and not wants_fragment() else ""
    address = url_for("identity.sign_in", next=back or None)
    if wants_fragment():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = address
        return response
    return make_response(redirect(address, code=303))


def _refuse_unmarked() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.blueprint in _UNMARKED_BLUEPRINTS:
        return
    if not hasattr(view, "permission") and not hasattr(view, "is_public"):
        _unmarked(request.endpoint)


def _unmarked(endpoint: str | None) -> NoReturn:
    raise RuntimeError(f"the route {endpoint} is neither guarded nor public")


def install(app: Flask) -> None:
    app.before_request(_refuse_unmarked)
