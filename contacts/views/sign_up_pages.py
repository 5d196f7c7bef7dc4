"""The officer's side of joining: pages with their counters, and the poster of each."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from contacts.commands import sign_up_pages as commands
from contacts.commands.sign_up_pages import TITLE_LENGTH
from contacts.poster import draw_poster
from contacts.queries.sign_up_pages import (
    OfferedPurpose,
    PageSummary,
    entry_counts,
    get_sign_up_page,
    list_sign_up_pages,
    offered_purposes,
)
from contacts.views import blueprint
from engage.config import Settings
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.forms import BaseForm, MultiCheckboxField, stripped
from engage.web.refusals import explain


class SignUpPageForm(BaseForm):
    title = StringField(
        _l("Title of the page and the poster"),
        description=_l("What citizens read first, for example: news of our neighbourhood, by text"),
        filters=[stripped],
        validators=[InputRequired(), Length(max=TITLE_LENGTH)],
    )
    purposes = MultiCheckboxField(_l("Topics citizens can choose"), validators=[InputRequired()])


@blueprint.get("/sign-up")
@guarded(Permission.CONTACTS_VIEW)
def sign_up_pages() -> str:
    units = visible_unit_ids(Permission.CONTACTS_VIEW)
    return render_template(
        "contacts/sign_up_pages.html",
        pages=list_sign_up_pages(units),
        asked=entry_counts(units),
        unit=current_unit(),
        base_url=_base_url(),
        may_edit=acting().may(Permission.CONTACTS_EDIT),
        is_mine=lambda page: acting().may(Permission.CONTACTS_EDIT, page.unit_id),
    )


@blueprint.route("/sign-up/new", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def new_sign_up_page() -> Any:
    form, offered = SignUpPageForm(), offered_purposes()
    form.purposes.choices = [(each.key, each.title) for each in offered]
    if form.validate_on_submit():
        try:
            commands.make_sign_up_page(current_unit().id, form.title.data or "", form.purposes.data or [])
        except Refused as refused:
            form.title.errors = [*form.title.errors, explain(refused)]
        else:
            flash_done(_("The sign-up page was made; print its poster or pass its address on."))
            return redirect(url_for(".sign_up_pages"), code=303)
    return _form_page(form, offered, None)


@blueprint.route("/sign-up/<slug>", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def edit_sign_up_page(slug: str) -> Any:
    page = _authorized(slug, Permission.CONTACTS_EDIT)
    offered = offered_purposes()
    form = SignUpPageForm(data={"title": page.title, "purposes": list(page.purpose_keys)})
    form.purposes.choices = [(each.key, each.title) for each in offered]
    if form.validate_on_submit():
        try:
            commands.change_sign_up_page(slug, form.title.data or "", form.purposes.data or [])
        except Refused as refused:
            form.title.errors = [*form.title.errors, explain(refused)]
        else:
            flash_done(_("The sign-up page was saved. A poster that hangs already still leads to it."))
            return redirect(url_for(".sign_up_pages"), code=303)
    return _form_page(form, offered, page)


@blueprint.post("/sign-up/<slug>/<any('open', 'close'):deed>")
@guarded(Permission.CONTACTS_EDIT)
def open_sign_up_page(slug: str, deed: str) -> AnyResponse:
    _authorized(slug, Permission.CONTACTS_EDIT)
    if commands.open_sign_up_page(slug, deed == "open"):
        flash_done(_("Citizens can join on this page.") if deed == "open" else _("Nobody can join on this page any more; it says so."))
    return redirect(url_for(".sign_up_pages"), code=303)


@blueprint.get("/sign-up/<slug>/poster.pdf")
@guarded(Permission.CONTACTS_VIEW)
def poster(slug: str) -> Response:
    page = _authorized(slug, Permission.CONTACTS_VIEW)
    response = Response(draw_poster(page, _base_url()), content_type="application/pdf")
    disposition = "inline" if "show" in request.args else "attachment"
    response.headers["Content-Disposition"] = f'{disposition}; filename="poster-{page.slug}.pdf"'
    return response


def _authorized(slug: str, permission: Permission) -> PageSummary:
    page = get_sign_up_page(slug)
    if page is None:
        abort(404)
    authorize(permission, page.unit_id)
    return page


def _form_page(form: SignUpPageForm, offered: tuple[OfferedPurpose, ...], page: PageSummary | None) -> Any:
    status = 422 if form.is_submitted() else 200
    return render_template("contacts/sign_up_page.html", form=form, offered=offered, page=page, unit=current_unit()), status


def _base_url() -> str:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.base_url
