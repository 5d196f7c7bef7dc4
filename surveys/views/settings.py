"""What holds for the whole survey: what is promised to citizens, quotas, languages; and translations side by side."""

from __future__ import annotations

import json

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number as spoken
from engage.web.flashes import flash_done
from surveys import editing
from surveys.conditions import askable, in_words
from surveys.definitions import Definition, Quota
from surveys.forms.survey import QuotaForm, SettingsForm
from surveys.queries import SurveyDetail
from surveys.translating import direction_of, places_of, untranslated
from surveys.views.base import blueprint, save, status_of, survey_or_404, tell
from surveys.views.cards import choices_for_script, problems_of
from surveys.words import LANGUAGES

MOST_QUOTAS = 50
PLACES_A_PAGE = 60


@blueprint.route("/<slug>/settings", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def settings_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    if request.method == "GET":
        return _settings(survey)
    form = SettingsForm()
    if not form.validate():
        return _settings(survey, form=form, status=422)
    chosen = [code for code in LANGUAGES if code in (form.languages.data or [])]
    is_anonymous = form.privacy.data == "anonymous" if survey.published_version_id is None else survey.is_anonymous
    changed = editing.replace(survey.draft, is_anonymous=is_anonymous, data_use=form.data_use.data or "", languages=chosen)
    return _keep(survey, changed, _("Saved."), form=form)


@blueprint.post("/<slug>/settings/quotas")
@guarded(Permission.SURVEYS_EDIT)
def add_quota(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    form = _quota_form(survey.draft)
    fits = form.validate()
    try:
        when = form.expression()
    except Refused as refused:
        form.value.errors = [tell(refused, survey)]
        fits = False
    if not fits:
        return _settings(survey, quota=form, status=422)
    if len(survey.draft.quotas) >= MOST_QUOTAS:
        raise Refused("too_many_quotas", limit=MOST_QUOTAS)
    taken = {each.id for each in survey.draft.quotas}
    quota_id = next(f"quota{n}" for n in range(1, MOST_QUOTAS + 2) if f"quota{n}" not in taken)
    quota = Quota(id=quota_id, label=form.label.data or "", when=when, limit=int(form.limit.data))
    return _keep(survey, editing.replace(survey.draft, quotas=[*survey.draft.quotas, quota]), _("The quota is added."), quota=form)


@blueprint.post("/<slug>/settings/quotas/<quota>/delete")
@guarded(Permission.SURVEYS_EDIT)
def delete_quota(slug: str, quota: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    left = [each for each in survey.draft.quotas if each.id != quota]
    return _keep(survey, editing.replace(survey.draft, quotas=left), _("The quota is deleted."))


def _quota_form(definition: Definition, *, empty: bool = False) -> QuotaForm:
    form = QuotaForm(formdata=None, prefix="quota-") if empty else QuotaForm(prefix="quota-")
    form.offer(askable(definition.questions))
    return form


def _keep(
    survey: SurveyDetail, changed: Definition, words: str, *, form: SettingsForm | None = None, quota: QuotaForm | None = None
) -> ResponseReturnValue:
    try:
        save(survey, changed)
    except Refused as refused:
        newest = survey_or_404(survey.slug)
        return _settings(newest, form=form, quota=quota, problem=tell(refused, newest), status=status_of(refused))
    flash_done(words)
    return redirect(url_for("surveys.settings_page", slug=survey.slug), code=303)


def _settings(
    survey: SurveyDetail, *, form: SettingsForm | None = None, quota: QuotaForm | None = None, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    draft = survey.draft
    if form is None:
        form = SettingsForm(
            formdata=None,
            privacy="anonymous" if draft.is_anonymous else "confidential",
            data_use=draft.data_use,
            languages=list(draft.languages),
        )
    form.revision.data = str(survey.revision)
    quota = quota or _quota_form(draft, empty=True)
    known = {each.name: each for each in askable(draft.questions)}
    page = render_template(
        "surveys/settings.html",
        survey=survey,
        form=form,
        quota=quota,
        choices=json.dumps(choices_for_script(quota.asked), ensure_ascii=False),
        quotas=[(each, in_words(each.when, known, _) or each.when) for each in draft.quotas],
        own_problems=problems_of(draft).get("", []),
        is_settled=survey.published_version_id is not None,
        languages=LANGUAGES,
        missing={code: len(untranslated(draft, code)) for code in draft.languages},
        problem=problem,
    )
    return page, status


# -- translations --------------------------------------------------------------------------------------------------------------------


@blueprint.route("/<slug>/translations/<language>", methods=["GET", "POST"])
@guarded(Permission.SURVEYS_EDIT)
def translations_page(slug: str, language: str) -> ResponseReturnValue:
    """Persian beside the other language, a page of places at a time; what is missing is marked."""
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    if language not in survey.draft.languages:
        abort(404)
    places = list(places_of(survey.draft).items())
    pages = max(-(-len(places) // PLACES_A_PAGE), 1)
    typed = request.args.get("page", "")
    page = min(max(int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1, 1), pages)
    shown = places[(page - 1) * PLACES_A_PAGE : page * PLACES_A_PAGE]
    texts = dict(survey.draft.translations.get(language, {}))
    problem, status = "", 200
    if request.method == "POST":
        given = {place: request.form.get(f"text.{place}", "").strip() for place, _source in shown if f"text.{place}" in request.form}
        try:
            save(survey, editing.put_translations(survey.draft, language, given))
        except Refused as refused:
            survey = survey_or_404(slug)
            texts |= given
            problem, status = tell(refused, survey), status_of(refused)
        else:
            flash_done(_("Saved."))
            following = page + 1 if request.form.get("do") == "next" and page < pages else page
            return redirect(url_for("surveys.translations_page", slug=slug, language=language, page=following), code=303)
    body = render_template(
        "surveys/translations.html",
        survey=survey,
        language=language,
        languages=LANGUAGES,
        direction=direction_of(language),
        rows=[(place, source, texts.get(place, ""), _place_words(survey.draft, place)) for place, source in shown],
        page=page,
        pages=pages,
        total=len(places),
        missing=len(untranslated(survey.draft, language)),
        problem=problem,
    )
    return body, status


def _place_words(definition: Definition, place: str) -> str:
    """Where a text stands, for people."""
    question_id, dot, rest = place.partition(".")
    if not dot:
        return {"title": _("Title"), "intro": _("Why we ask"), "data_use": _("What happens to the answers")}.get(place, place)
    number = next((n for n, each in enumerate(definition.questions, 1) if each.id == question_id), 0)
    what = {
        "label": _("Question"),
        "hint": _("Hint"),
        "valid_message": _("Else the citizen reads"),
        "options": _("Option"),
        "rows": _("Row"),
        "low_label": _("The lowest point means"),
        "high_label": _("The highest point means"),
        "unit": _("Unit"),
    }.get(rest.partition(".")[0], "")
    return f"{_numbered(number)} · {what}" if what else _numbered(number)


def _numbered(number: int) -> str:
    return _("Question %(number)s", number=spoken(number))
