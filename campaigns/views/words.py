"""Ready texts, and the words for which operators hold texts back."""

from __future__ import annotations

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns import commands, texts
from campaigns.commands import ReadyDraft
from campaigns.commands.content import READY_KINDS
from campaigns.content import BUILT_IN
from campaigns.forms import FilteredWordForm, ReadyTextForm
from campaigns.kinds import CampaignKind, traits_of
from campaigns.queries.content import ReadyTextView, filtered_words, get_ready_text, list_ready_texts
from campaigns.views import blueprint
from campaigns.views.labels import KIND_LABELS
from engage.config import Settings
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import UnitNode, get_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.get("/new/ready")
@guarded(Permission.CAMPAIGNS_EDIT)
def ready_texts_page() -> ResponseReturnValue:
    unit = current_unit()
    return render_template(
        "campaigns/ready_texts.html",
        own=[(each, _page_count(each.text, each.kind, unit)) for each in list_ready_texts(visible_unit_ids(Permission.CAMPAIGNS_EDIT))],
        built_in=[(each, _page_count(each.text, each.kind, unit)) for each in BUILT_IN],
        kind_labels=KIND_LABELS,
    )


@blueprint.route("/new/ready/add", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def new_ready_text() -> ResponseReturnValue:
    return _edit(current_unit().id, None)


@blueprint.route("/new/ready/<int:text_id>", methods=["GET", "POST"])
@guarded(Permission.CAMPAIGNS_EDIT)
def ready_text_page(text_id: int) -> ResponseReturnValue:
    found = _own(text_id)
    return _edit(found.unit_id, found)


@blueprint.post("/new/ready/<int:text_id>/delete")
@guarded(Permission.CAMPAIGNS_EDIT)
def delete_ready_text(text_id: int) -> ResponseReturnValue:
    _own(text_id)
    commands.delete_ready_text(text_id, actor_id=acting().id)
    flash_done(_("The text was deleted."))
    return redirect(url_for("campaigns.ready_texts_page"), code=303)


@blueprint.route("/new/words", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def filtered_words_page() -> ResponseReturnValue:
    form = FilteredWordForm()
    if form.validate_on_submit():
        try:
            commands.add_filtered_word(form.word.data or "", unit_id=current_unit().id, actor_id=acting().id)
        except Refused as refused:
            form.word.errors = [explain(refused)]
        else:
            flash_done(_("Saved."))
            return redirect(url_for("campaigns.filtered_words_page"), code=303)
    page = render_template("campaigns/words.html", form=form, words=filtered_words())
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/new/words/delete")
@guarded(Permission.UNITS_MANAGE)
def delete_filtered_word() -> ResponseReturnValue:
    commands.delete_filtered_word(request.form.get("word", ""), unit_id=current_unit().id, actor_id=acting().id)
    return redirect(url_for("campaigns.filtered_words_page"), code=303)


def _edit(unit_id: int, found: ReadyTextView | None) -> ResponseReturnValue:
    form = ReadyTextForm(data={} if found is None else {"title": found.title, "kind": found.kind, "text": found.text})
    form.kind.choices = [(str(kind), KIND_LABELS[kind]) for kind in READY_KINDS]
    if form.validate_on_submit():
        draft = ReadyDraft(form.title.data or "", CampaignKind(form.kind.data), form.text.data or "")
        try:
            commands.save_ready_text(unit_id, draft, text_id=found.id if found else None, actor_id=acting().id)
        except Refused as refused:
            field = form.title if refused.code == "ready_title_empty" else form.text
            field.errors = [explain(refused)]
        else:
            flash_done(_("The text was saved."))
            return redirect(url_for("campaigns.ready_texts_page"), code=303)
    return render_template("campaigns/ready_text.html", form=form, found=found), 422 if request.method == "POST" else 200


def _own(text_id: int) -> ReadyTextView:
    found = get_ready_text(text_id)
    if found is None:
        abort(404)
    authorize(Permission.CAMPAIGNS_EDIT, found.unit_id)
    return found


def _page_count(text: str, kind: CampaignKind, unit: UnitNode) -> int:
    """Pages of the text at its longest."""
    from_settings = _settings()
    node = get_unit(unit.id) or unit
    return texts.measure(texts.largest(text, from_settings.base_url, node.sms_name, "۳۰ شهریور", has_link=traits_of(kind).has_link)).pages


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
