"""Users and their rights."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity import commands
from engage.identity.forms import NameForm, NewPasswordForm, RightForm, UserForm
from engage.identity.guard import acting, current_unit, guarded, visible_unit_ids
from engage.identity.queries import UserSummary, get_user, list_users
from engage.identity.rules import Permission, Role
from engage.identity.viewer import ROLE_LABELS
from engage.identity.views import blueprint
from engage.refusal import Refused
from engage.web.refusals import explain


def _unit_choices() -> list[tuple[int, str]]:
    actor = acting()
    mine = actor.unit_ids(Permission.USERS_MANAGE)
    return [(node.id, f"{'— ' * node.depth}{node.name}") for node in actor.units if node.id in mine]


def _person_or_404(user_id: int) -> UserSummary:
    """A user with at least one right in a unit this administrator manages; others don't exist for them."""
    person = get_user(user_id)
    mine = acting().unit_ids(Permission.USERS_MANAGE)
    if person is None or (person.grants and not any(grant.unit_id in mine for grant in person.grants)):
        abort(404)
    return person


@blueprint.get("/settings/users")
@guarded(Permission.USERS_MANAGE)
def users_page() -> ResponseReturnValue:
    people = list_users(visible_unit_ids(Permission.USERS_MANAGE))
    return render_template("identity/users.html", people=people, role_labels=ROLE_LABELS)


@blueprint.route("/settings/users/new", methods=["GET", "POST"])
@guarded(Permission.USERS_MANAGE)
def new_user_page() -> ResponseReturnValue:
    form, problem = UserForm(), ""
    form.unit_id.choices = _unit_choices()
    if request.method == "GET":
        form.unit_id.data, form.role.data = current_unit().id, Role.OFFICER.value
    if form.validate_on_submit():
        try:
            user_id = commands.create_user(
                email=form.email.data or "",
                name=form.name.data or "",
                password=form.password.data or "",
                role=form.role.data,
                unit_id=form.unit_id.data,
                must_change_password=True,
            )
        except Refused as refused:
            problem = explain(refused)
        else:
            flash(_("The account was made. Give the address and the first password to the colleague."), "ok")
            return redirect(url_for("identity.user_page", user_id=user_id), code=303)
    return render_template("identity/user_new.html", form=form, problem=problem), 422 if request.method == "POST" else 200


@blueprint.get("/settings/users/<int:user_id>")
@guarded(Permission.USERS_MANAGE)
def user_page(user_id: int) -> ResponseReturnValue:
    return _show_user(user_id)


def _show_user(
    user_id: int,
    *,
    problem: str = "",
    name: NameForm | None = None,
    right: RightForm | None = None,
    password: NewPasswordForm | None = None,
) -> ResponseReturnValue:
    person = _person_or_404(user_id)
    mine = acting().unit_ids(Permission.USERS_MANAGE)
    if right is None:
        right = RightForm(formdata=None, role=Role.OFFICER.value, unit_id=current_unit().id)
        right.unit_id.choices = _unit_choices()
    status = 422 if problem or any(form is not None and form.errors for form in (name, right, password)) else 200
    page = render_template(
        "identity/user.html",
        person=person,
        problem=problem,
        name_form=name or NameForm(formdata=None, name=person.name),
        right_form=right,
        password_form=password or NewPasswordForm(formdata=None),
        role_labels=ROLE_LABELS,
        mine=mine,
        is_self=person.id == acting().id,
        is_wholly_mine=person.id != acting().id and all(grant.unit_id in mine for grant in person.grants),
    )
    return page, status


def _back(user_id: int, message: str) -> ResponseReturnValue:
    flash(message, "ok")
    # A user who was given no unit of ours any more can't be shown.
    person = get_user(user_id)
    mine = acting().unit_ids(Permission.USERS_MANAGE)
    shown = person is not None and any(grant.unit_id in mine for grant in person.grants)
    return redirect(url_for("identity.user_page", user_id=user_id) if shown else url_for("identity.users_page"), code=303)


@blueprint.post("/settings/users/<int:user_id>/name")
@guarded(Permission.USERS_MANAGE)
def rename_user(user_id: int) -> ResponseReturnValue:
    _person_or_404(user_id)
    form = NameForm()
    if not form.validate():
        return _show_user(user_id, name=form)
    try:
        commands.rename_user(user_id, name=form.name.data or "")
    except Refused as refused:
        return _show_user(user_id, problem=explain(refused), name=form)
    return _back(user_id, _("The name was changed."))


@blueprint.post("/settings/users/<int:user_id>/rights")
@guarded(Permission.USERS_MANAGE)
def grant_right(user_id: int) -> ResponseReturnValue:
    _person_or_404(user_id)
    form = RightForm()
    form.unit_id.choices = _unit_choices()
    if not form.validate():
        return _show_user(user_id, right=form)
    try:
        commands.grant_role(user_id, role=form.role.data, unit_id=form.unit_id.data)
    except Refused as refused:
        return _show_user(user_id, problem=explain(refused), right=form)
    return _back(user_id, _("The right was given."))


@blueprint.post("/settings/users/<int:user_id>/rights/<int:unit_id>/<role>/revoke")
@guarded(Permission.USERS_MANAGE)
def revoke_right(user_id: int, unit_id: int, role: str) -> ResponseReturnValue:
    _person_or_404(user_id)
    if role not in set(Role):
        abort(404)
    commands.revoke_role(user_id, role=role, unit_id=unit_id)
    return _back(user_id, _("The right was taken back."))


@blueprint.post("/settings/users/<int:user_id>/password")
@guarded(Permission.USERS_MANAGE)
def set_user_password(user_id: int) -> ResponseReturnValue:
    _person_or_404(user_id)
    form = NewPasswordForm()
    if not form.validate():
        return _show_user(user_id, password=form)
    try:
        commands.set_password(user_id, form.password.data or "")
    except Refused as refused:
        return _show_user(user_id, problem=explain(refused), password=form)
    return _back(user_id, _("The new password is set. At the next sign-in a password of one's own is asked for."))


@blueprint.post("/settings/users/<int:user_id>/second-factor/reset")
@guarded(Permission.USERS_MANAGE)
def reset_user_second_factor(user_id: int) -> ResponseReturnValue:
    _person_or_404(user_id)
    commands.reset_second_factor(user_id)
    return _back(user_id, _("The second sign-in step was reset. It is set up anew at the next sign-in."))


@blueprint.post("/settings/users/<int:user_id>/close")
@guarded(Permission.USERS_MANAGE)
def close_user(user_id: int) -> ResponseReturnValue:
    _person_or_404(user_id)
    commands.deactivate_user(user_id)
    return _back(user_id, _("The account was closed. Nothing of what was done under it is lost."))


@blueprint.post("/settings/users/<int:user_id>/open")
@guarded(Permission.USERS_MANAGE)
def open_user(user_id: int) -> ResponseReturnValue:
    _person_or_404(user_id)
    commands.reactivate_user(user_id)
    return _back(user_id, _("The account is open again."))
