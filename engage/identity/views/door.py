"""Signing in and out, and the unit switcher."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engage.clock import now
from engage.identity import commands, sessions
from engage.identity.authenticator import Authenticator
from engage.identity.forms import CodeForm, SignInForm
from engage.identity.guard import find_actor, forget_actor, guarded, public
from engage.identity.models import User
from engage.identity.rules import PENDING_LIMIT, Permission
from engage.identity.views import blueprint
from engage.refusal import Refused
from engage.web.limits import limiter
from engage.web.refusals import came_from, explain

_PENDING = "pending"
_NEXT = "next"


def authenticator() -> Authenticator:
    found: Authenticator = current_app.extensions["security"].totp_factory
    return found


def _is_ours(address: str) -> bool:
    """Whether to lead there after signing in: a page of the console, never a site elsewhere."""
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc and parts.path.startswith("/console/") and "\\" not in address


def _enter(user: User, next_address: str) -> Response:
    sessions.open_session(user)
    forget_actor()
    return redirect(next_address if _is_ours(next_address) else url_for("home.index"), code=303)


_guesses = limiter.shared_limit(
    "60 per 10 minutes", scope="sign-in", methods=["POST"], deduct_when=lambda response: response.status_code == 422
)
"""Per address, wrong answers only: one machine trying many accounts. The growing wait is per account."""


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
@_guesses
def sign_in() -> ResponseReturnValue:
    if request.method == "GET" and find_actor() is not None:
        return redirect(url_for("home.index"))
    form = SignInForm()
    next_address = request.args.get(_NEXT, "")
    problem = ""
    if form.validate_on_submit():
        try:
            user = commands.check_password(form.email.data or "", form.password.data or "")
        except Refused as refused:
            problem = explain(refused)
        else:
            if user.totp_secret is None:
                return _enter(user, next_address)
            session.clear()
            session[_PENDING] = {"user_id": user.id, "at": now().isoformat(), "mark": user.fs_uniquifier, _NEXT: next_address}
            return redirect(url_for("identity.sign_in_code"), code=303)
    page = render_template("identity/sign_in.html", form=form, problem=problem)
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
@_guesses
def sign_in_code() -> ResponseReturnValue:
    pending = session.get(_PENDING)
    if not pending or now() - datetime.fromisoformat(pending["at"]) > PENDING_LIMIT:
        session.pop(_PENDING, None)
        if pending:
            flash(_("Too much time has passed. Please enter your password again."), "wait")
        return redirect(url_for("identity.sign_in"))
    form = CodeForm()
    problem = ""
    if form.validate_on_submit():
        try:
            user = commands.check_code(pending["user_id"], form.code.data or "", authenticator())
        except Refused as refused:
            problem = explain(refused)
        else:
            # The password may have been changed between the two steps.
            if user.fs_uniquifier != pending["mark"]:
                session.pop(_PENDING, None)
                return redirect(url_for("identity.sign_in"))
            return _enter(user, pending[_NEXT])
    page = render_template("identity/sign_in_code.html", form=form, problem=problem)
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/sign-out")
@guarded(Permission.HOME, unfinished=True)
def sign_out() -> ResponseReturnValue:
    sessions.end_session()
    forget_actor()
    flash(_("You have signed out."), "ok")
    return redirect(url_for("identity.sign_in"), code=303)


@blueprint.post("/unit")
@guarded(Permission.HOME)
def switch_unit() -> ResponseReturnValue:
    commands.switch_unit(request.form.get("unit_id", 0, type=int))
    # A page about one thing of the other unit makes no sense any more; lists do.
    back = came_from(url_for("home.index"))
    return redirect(back if not any(part.isdigit() for part in urlsplit(back).path.split("/")) else url_for("home.index"), code=303)
