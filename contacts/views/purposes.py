"""What the office may write for, and the exact words behind it."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.validators import Optional as Maybe

from contacts import commands
from contacts.queries import purposes as reading
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.purposes import MAX_WORDS, suggested_text
from contacts.views import blueprint
from contacts.words import BASES
from engage.identity.guard import acting, guarded
from engage.identity.queries import units_tree
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.forms import BaseForm, LatinDigits, stripped
from engage.web.refusals import explain

_LIMITS = [Length(max=MAX_WORDS)]


class PurposeForm(BaseForm):
    title = StringField(_l("Title"), filters=[stripped], validators=[InputRequired(), Length(max=60)])
    consent = TextAreaField(_l("Words a citizen agrees to"), filters=[stripped], validators=[InputRequired(), *_LIMITS])
    prior_relation = TextAreaField(_l("Words for a prior relation, undocumented"), filters=[stripped], validators=[Maybe(), *_LIMITS])
    legal_duty = TextAreaField(_l("Words for a legal duty"), filters=[stripped], validators=[Maybe(), *_LIMITS])
    contract = TextAreaField(_l("Words for a contract or request"), filters=[stripped], validators=[Maybe(), *_LIMITS])
    is_active = BooleanField(_l("It is offered to citizens and officers"), default=True)

    def draft(self) -> commands.PurposeDraft:
        title = self.title.data or ""
        words = {basis: self[basis.value].data or suggested_text(title, basis) for basis in Basis}
        return commands.PurposeDraft(title, words, bool(self.is_active.data))


class NewPurposeForm(PurposeForm):
    key = StringField(
        _l("Key"),
        description=_l("A short name for lists and programs in small Latin letters, such as bazaar_news. It never changes."),
        filters=[LatinDigits()],
        validators=[InputRequired(), Length(max=40)],
    )


@blueprint.get("/purposes")
@guarded(Permission.CONTACTS_MANAGE)
def purposes() -> str:
    return render_template(
        "contacts/purposes.html",
        purposes=reading.purposes(),
        counts=reading.standing_counts(),
        may_change=_may_change(),
        basis=Basis.CONSENT,
    )


@blueprint.route("/purposes/new", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def new_purpose() -> Any:
    form = NewPurposeForm()
    if request.method == "POST" and not _may_change():
        abort(403)
    if form.validate_on_submit():
        try:
            commands.add_purpose(form.key.data or "", form.draft())
        except Refused as refused:
            form.form_errors.append(explain(refused))
        else:
            flash_done(_("The purpose was added."))
            return redirect(url_for(".purposes"), code=303)
    return render_template("contacts/purpose.html", form=form, purpose=None, bases=BASES, may_change=_may_change()), _status(form)


@blueprint.route("/purposes/<key>", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_MANAGE)
def purpose(key: str) -> Any:
    found = reading.find_purpose(key)
    if found is None:
        abort(404)
    if request.method == "POST" and not _may_change():
        abort(403)
    current = {basis.value: words.text for basis in Basis if (words := found.current(basis))}
    form = PurposeForm(data={"title": found.title, "is_active": found.is_active, **current})
    if form.validate_on_submit():
        try:
            changed = commands.change_purpose(key, form.draft())
        except Refused as refused:
            form.form_errors.append(explain(refused))
        else:
            flash_done(
                _("The new words count from now on. Consents given before keep the words they were given by.")
                if changed
                else _("The purpose was saved.")
            )
            return redirect(url_for(".purpose", key=key), code=303)
    return (
        render_template(
            "contacts/purpose.html",
            form=form,
            purpose=found,
            bases=BASES,
            may_change=_may_change(),
            order=[(basis, found.earlier(basis)) for basis in Basis],
            is_needed=key == DEFAULT_PURPOSE,
        ),
        _status(form),
    )


def _may_change() -> bool:
    """Purposes hold for the whole installation: whoever manages the contacts of its top unit decides."""
    top = next(iter(units_tree()), None)
    return top is not None and acting().may(Permission.CONTACTS_MANAGE, top.id)


def _status(form: BaseForm) -> int:
    return 422 if form.is_submitted() else 200
