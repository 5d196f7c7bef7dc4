"""One's own account: password, authenticator app, recovery codes."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity import commands, sessions
from engage.identity.forms import EnrolAgainForm, EnrolForm, PasswordForm, ProofForm
from engage.identity.guard import acting, forget_actor, guarded
from engage.identity.models import User
from engage.identity.notices import confirmed_phone
from engage.identity.queries import get_user
from engage.identity.rules import Permission, needs_second_factor
from engage.identity.viewer import ROLE_LABELS
from engage.identity.views import blueprint
from engage.identity.views.door import authenticator
from engage.refusal import Refused
from engage.web.refusals import explain


def _stay_signed_in(user: User) -> None:
    """Every session of the user has just been ended; this browser gets a new one under a new id."""
    sessions.open_session(user)
    forget_actor()


@blueprint.get("/account")
@guarded(Permission.HOME, unfinished=True)
def account_page() -> ResponseReturnValue:
    actor = acting()
    return render_template(
        "identity/account.html",
        person=get_user(actor.id),
        role_labels=ROLE_LABELS,
        phone=confirmed_phone(actor.id),
        codes_left=len(actor.user.recovery_digests),
        is_required=needs_second_factor(actor.roles, is_demo_account=actor.user.is_demo),
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
@guarded(Permission.HOME, unfinished=True)
def password_page() -> ResponseReturnValue:
    form, problem, is_first = PasswordForm(), "", acting().user.must_change_password
    if form.validate_on_submit():
        try:
            user = commands.change_own_password(acting().id, current=form.current.data or "", new=form.new.data or "")
        except Refused as refused:
            problem = explain(refused)
        else:
            _stay_signed_in(user)
            flash(_("Your password was changed. On other devices you have been signed out."), "ok")
            return redirect(url_for("home.index" if is_first else "identity.account_page"), code=303)
    page = render_template("identity/password.html", form=form, problem=problem, is_first=is_first)
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/account/authenticator", methods=["GET", "POST"])
@guarded(Permission.HOME, unfinished=True)
def authenticator_page() -> ResponseReturnValue:
    actor = acting()
    if actor.user.must_change_password:
        return redirect(url_for("identity.password_page"))
    replaces = actor.user.totp_secret is not None
    form = EnrolAgainForm() if replaces else EnrolForm()
    problem = ""
    if form.validate_on_submit():
        try:
            password = form.password.data if isinstance(form, EnrolAgainForm) else None
            user, codes = commands.confirm_enrolment(actor.id, form.code.data or "", authenticator(), password=password)
        except Refused as refused:
            problem = explain(refused)
        else:
            _stay_signed_in(user)
            return render_template("identity/recovery_codes.html", codes=codes)
    user = commands.begin_enrolment(actor.id, authenticator())
    assert user.totp_pending_secret is not None
    page = render_template(
        "identity/authenticator.html",
        form=form,
        problem=problem,
        image=authenticator().qr_image(user.totp_pending_secret, user),
        key=authenticator().key(user.totp_pending_secret, user),
        is_required=actor.second_factor_missing,
        replaces=replaces,
    )
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/account/recovery-codes", methods=["GET", "POST"])
@guarded(Permission.HOME)
def recovery_codes_page() -> ResponseReturnValue:
    form, problem = ProofForm(), ""
    if form.validate_on_submit():
        try:
            codes = commands.renew_recovery_codes(acting().id, password=form.password.data or "", authenticator=authenticator())
        except Refused as refused:
            problem = explain(refused)
        else:
            return render_template("identity/recovery_codes.html", codes=codes)
    page = render_template("identity/proof.html", form=form, problem=problem, purpose="codes")
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/account/authenticator/remove", methods=["GET", "POST"])
@guarded(Permission.HOME)
def remove_authenticator_page() -> ResponseReturnValue:
    form, problem = ProofForm(), ""
    if form.validate_on_submit():
        try:
            commands.remove_second_factor(acting().id, password=form.password.data or "")
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("The authenticator app was removed. You now sign in by password alone."), "ok")
            return redirect(url_for("identity.account_page"), code=303)
    page = render_template("identity/proof.html", form=form, problem=problem, purpose="remove")
    return page, 422 if request.method == "POST" else 200
