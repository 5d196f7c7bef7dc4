"""What every staff page of surveys needs: the blueprint, the survey behind an address, the revision a form was made from."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity.guard import acting, authorize
from engage.identity.queries import user_name
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import ago
from engage.web.refusals import explain
from surveys import commands, queries
from surveys.definitions import Definition
from surveys.queries import SurveyDetail

blueprint = Blueprint("surveys", "surveys.views", url_prefix="/console/surveys", template_folder="../templates")


def survey_or_404(slug: str, permission: Permission = Permission.SURVEYS_VIEW) -> SurveyDetail:
    survey = queries.find_survey(slug)
    if survey is None:
        abort(404)
    authorize(permission, survey.unit_id)
    return survey


def may_edit(survey: SurveyDetail) -> bool:
    return acting().may(Permission.SURVEYS_EDIT, survey.unit_id)


def revision_in_form() -> int:
    """The revision the page was made from; -1, which never matches, when the form doesn't say."""
    typed = next((value for name, value in request.form.items() if name == "revision" or name.endswith("-revision")), "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def save(survey: SurveyDetail, changed: Definition) -> int:
    """The draft is saved by whoever asks; the new revision."""
    return commands.save_draft(survey.id, changed, revision_in_form(), actor_id=acting().id)


def status_of(refused: Refused) -> int:
    return 409 if refused.code == "draft_changed" else 422


def tell(refused: Refused, survey: SurveyDetail) -> str:
    """The refusal in words; of a colleague's save with the name and the time."""
    if refused.code != "draft_changed" or survey.saved_at is None:
        return explain(refused)
    return str(
        _(
            "%(name)s saved this survey %(when)s. What you typed is still here: compare, then save again.",
            name=user_name(survey.saved_by) or _("A colleague"),
            when=ago(survey.saved_at),
        )
    )


def to_editor(slug: str, opened: str = "", anchor: str = "") -> ResponseReturnValue:
    return redirect(url_for("surveys.edit_page", slug=slug, open=opened or None, _anchor=anchor or opened or None), code=303)


def as_file(content: bytes | str, media_type: str, name: str, suffix: str) -> Response:
    """A download whose name may be Persian."""
    response = Response(content, content_type=media_type)
    safe = "".join(letter for letter in name if letter.isprintable() and letter not in '\\/:*?"<>|')[:80].strip() or "survey"
    # Headers hold ASCII alone, or the web server refuses the whole answer; browsers take the second name (RFC 6266).
    response.headers["Content-Disposition"] = f"attachment; filename=\"survey{suffix}\"; filename*=UTF-8''{quote(safe + suffix, safe='')}"
    response.headers["Cache-Control"] = "no-store"
    return response
