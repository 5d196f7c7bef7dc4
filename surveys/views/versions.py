"""Published versions and saves of the draft: what changed between any two, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from engage.identity.guard import guarded
from engage.identity.queries import user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import number as spoken
from engage.web.flashes import flash_done
from surveys import queries
from surveys.definitions import Definition
from surveys.differing import Change, Difference, differences
from surveys.queries import SurveyDetail
from surveys.views.base import blueprint, may_edit, save, survey_or_404, tell, to_editor
from surveys.words import TYPES

DRAFT = "draft"
LONGEST = 600

FIELDS: dict[str, Any] = {
    "title": _l("Title"),
    "intro": _l("Why we ask"),
    "is_anonymous": _l("Anonymous"),
    "data_use": _l("What happens to the answers"),
    "quotas": _l("Quotas"),
    "languages": _l("Languages"),
    "translations": _l("Translations"),
    "type": _l("Type"),
    "label": _l("Question"),
    "hint": _l("Hint"),
    "required": _l("An answer is required"),
    "new_page": _l("Begins a new page"),
    "show_if": _l("Show only if"),
    "required_if": _l("Required if"),
    "valid_if": _l("The answer is right if"),
    "valid_message": _l("Else the citizen reads"),
    "skips": _l("After the answer, on to another question"),
    "options": _l("Options"),
    "rows": _l("Rows"),
    "columns": _l("Columns"),
    "min": _l("Not below"),
    "max": _l("Not above"),
    "min_choices": _l("At least"),
    "max_choices": _l("At most"),
    "unit": _l("Unit"),
    "scale": _l("Points"),
    "low_label": _l("The lowest point means"),
    "high_label": _l("The highest point means"),
    "max_length": _l("Characters at most"),
}


@dataclass(frozen=True)
class ChangeRow:
    """One field of one question, in words."""

    field: Any
    before: str
    after: str


def change_rows(difference: Difference) -> list[ChangeRow]:
    return [
        ChangeRow(FIELDS.get(name, name), _in_words(name, before), _in_words(name, after)) for name, before, after in difference.changes
    ]


def _in_words(name: str, value: Any) -> str:
    """A field's value as a person reads it: lists line by line, nothing longer than a paragraph."""
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return spoken(value)
    if name == "type":
        return str(TYPES.get(value, value))
    if isinstance(value, list):
        return "\n".join(_line(each) for each in value[:40])[:LONGEST]
    if isinstance(value, dict):
        return _("%(count)s texts", count=spoken(sum(len(each) if isinstance(each, dict) else 1 for each in value.values())))
    return str(value)[:LONGEST]


def _line(each: Any) -> str:
    if not isinstance(each, dict):
        return str(each)
    if "when" in each and "to" in each:
        return f"{each['when']} ← {each['to'] or _('the end')}"
    words = str(each.get("label") or each.get("id") or "")
    return f"{words} ({spoken(each['limit'])})" if "limit" in each else words


@blueprint.get("/<slug>/versions")
@guarded(Permission.SURVEYS_VIEW)
def versions_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug)
    versions = queries.versions_of(survey.id)
    newest = str(versions[0].number) if versions else ""
    before, after = request.args.get("before", newest), request.args.get("after", DRAFT)
    found = None
    if before:
        found = [(each, change_rows(each)) for each in differences(_named(survey, before), _named(survey, after))]
    return render_template(
        "surveys/versions.html",
        survey=survey,
        versions=versions,
        before=before,
        after=after,
        found=found,
        kinds={Change.ADDED: (_("added"), "plus"), Change.REMOVED: (_("removed"), "trash"), Change.MOVED: (_("moved"), "sort"),
               Change.CHANGED: (_("changed"), "pencil")},
        names=user_names(each.published_by for each in versions if each.published_by is not None),
        may_edit=may_edit(survey),
    )  # fmt: skip


def _named(survey: SurveyDetail, name: str) -> Definition:
    """A version by its number, or the draft; 404 for any other name."""
    if name == DRAFT:
        return survey.draft
    found = next((each for each in queries.versions_of(survey.id) if str(each.number) == name), None)
    if found is None:
        abort(404)
    return queries.definition_of(found.id)


@blueprint.post("/<slug>/versions/<int:version>/restore")
@guarded(Permission.SURVEYS_EDIT)
def restore_version(slug: str, version: int) -> ResponseReturnValue:
    """The draft is as this version was; citizens see it only once it is published."""
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    return _restore(survey, _named(survey, str(version)), "surveys.versions_page")


@blueprint.get("/<slug>/saves")
@guarded(Permission.SURVEYS_EDIT)
def saves_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    saves = queries.saves_of(survey.id)
    names = user_names(each.saved_by for each in saves if each.saved_by is not None)
    return render_template("surveys/saves.html", survey=survey, saves=saves, names=names)


@blueprint.post("/<slug>/saves/<int:revision>/restore")
@guarded(Permission.SURVEYS_EDIT)
def restore_save(slug: str, revision: int) -> ResponseReturnValue:
    survey = survey_or_404(slug, Permission.SURVEYS_EDIT)
    return _restore(survey, queries.saved_definition(survey.id, revision), "surveys.saves_page")


def _restore(survey: SurveyDetail, definition: Definition, back: str) -> ResponseReturnValue:
    try:
        save(survey, definition)
    except Refused as refused:
        flash(tell(refused, survey), "bad")
        return redirect(url_for(back, slug=survey.slug), code=303)
    flash_done(_("The draft is as it was then. One step back undoes this."))
    return to_editor(survey.slug)
