"""One's own mobile number: entered, confirmed by a code, changed, removed."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity import commands
from engage.identity.commands.texted_codes import pending_phone
from engage.identity.forms import PhoneByCodeForm, PhoneByPasswordForm, ProofByCodeForm, ProofByPasswordForm, TextedCodeForm
from engage.identity.guard import acting, guarded
from engage.identity.notices import confirmed_phone
from engage.identity.rules import Permission
from engage.identity.views import blueprint
from engage.identity.views.door import authenticator
from engage.refusal import Refused
from engage.web.refusals import explain


@blueprint.route("/account/phone", methods=["GET", "POST"])
@guarded(Permission.HOME)
def phone_page() -> ResponseReturnValue:
    """Takes the number and a proof that it is the account's owner: whoever receives its codes can decide in their name."""
    user, problem = acting().user, ""
    form: PhoneByPasswordForm | PhoneByCodeForm = PhoneByPasswordForm() if user.totp_secret is None else PhoneByCodeForm()
    if form.validate_on_submit():
        assert form.phone.data is not None
        try:
            commands.prove_person(user.id, form.proof.data or "", authenticator())
            commands.ask_to_confirm_phone(user.id, form.phone.data)
        except Refused as refused:
            problem = explain(refused)
        else:
            return redirect(url_for("identity.confirm_phone_page"), code=303)
    page = render_template("identity/phone.html", form=form, problem=problem, phone=confirmed_phone(user.id))
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/account/phone/confirm", methods=["GET", "POST"])
@guarded(Permission.HOME)
def confirm_phone_page() -> ResponseReturnValue:
    user_id, problem = acting().id, ""
    waiting = pending_phone(user_id)
    if waiting is None:
        flash(_("No code is awaited. Enter the number and have one sent."), "wait")
        return redirect(url_for("identity.phone_page"), code=303)
    form = TextedCodeForm()
    if form.validate_on_submit():
        try:
            commands.confirm_phone(user_id, form.code.data or "")
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("Your mobile number is confirmed."), "ok")
            return redirect(url_for("identity.account_page"), code=303)
    page = render_template("identity/phone_confirm.html", form=form, problem=problem, phone=waiting)
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/account/phone/remove", methods=["GET", "POST"])
@guarded(Permission.HOME)
def remove_phone_page() -> ResponseReturnValue:
    user, problem = acting().user, ""
    phone = confirmed_phone(user.id)
    if phone is None:
        return redirect(url_for("identity.account_page"), code=303)
    form: ProofByPasswordForm | ProofByCodeForm = ProofByPasswordForm() if user.totp_secret is None else ProofByCodeForm()
    if form.validate_on_submit():
        try:
            commands.prove_person(user.id, form.proof.data or "", authenticator())
            commands.remove_phone(user.id)
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("Your mobile number was removed."), "ok")
            return redirect(url_for("identity.account_page"), code=303)
    page = render_template("identity/phone_remove.html", form=form, problem=problem, phone=phone)
    return page, 422 if request.method == "POST" else 200
