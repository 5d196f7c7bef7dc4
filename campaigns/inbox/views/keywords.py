"""Words that are acted upon by themselves: an administrator's table."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns.inbox import commands, queries
from campaigns.inbox.forms import KeywordForm
from campaigns.inbox.labels import ACTION_LABELS
from campaigns.inbox.views import blueprint
from campaigns.queries.lines import list_lines
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import managers_of, user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done
from engage.web.refusals import explain
from surveys.queries import list_surveys

_FIELDS = {"keyword_invalid": "label", "keyword_reserved": "label", "keyword_taken": "label", "line_unknown": "line", "survey_missing": "survey",
           "reply_empty": "text", "reply_long": "text", "unit_missing": "to_unit", "assignee_unfit": "to_user"}  # fmt: skip


@blueprint.get("/keywords")
@guarded(Permission.UNITS_MANAGE)
def keywords() -> ResponseReturnValue:
    units = visible_unit_ids(Permission.UNITS_MANAGE)
    rows = queries.list_keywords(units)
    return render_template(
        "inbox/keywords.html",
        rows=rows,
        actions=ACTION_LABELS,
        surveys={each.id: each.title for each in list_surveys(acting().unit_ids(Permission.SURVEYS_VIEW))},
        people=user_names({row.to_user_id for row in rows if row.to_user_id is not None}),
        unit_names={node.id: node.name for node in acting().units},
        several_units=len(units) > 1,
    )


@blueprint.route("/keywords/new", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def new_keyword() -> ResponseReturnValue:
    return _edit(current_unit().id, None)


@blueprint.route("/keywords/<int:keyword_id>", methods=["GET", "POST"])
@guarded(Permission.UNITS_MANAGE)
def keyword_page(keyword_id: int) -> ResponseReturnValue:
    keyword = _own(keyword_id)
    return _edit(keyword.unit_id, keyword)


@blueprint.post("/keywords/<int:keyword_id>/delete")
@guarded(Permission.UNITS_MANAGE)
def delete_keyword(keyword_id: int) -> ResponseReturnValue:
    _own(keyword_id)
    commands.delete_keyword(keyword_id, actor_id=acting().id)
    flash_done(_("The keyword was deleted."))
    return redirect(url_for("inbox.keywords"), code=303)


def _edit(unit_id: int, keyword: queries.KeywordView | None) -> ResponseReturnValue:
    values = (
        {}
        if keyword is None
        else {
            "label": keyword.label,
            "line": keyword.line,
            "action": keyword.action,
            "text": keyword.text,
            "survey": keyword.survey_id,
            "to_unit": keyword.to_unit_id,
            "to_user": keyword.to_user_id,
            "is_active": keyword.is_active,
        }
    )
    form = KeywordForm(data=values)
    _offer(form, unit_id, keyword)
    if form.validate_on_submit():
        draft = commands.KeywordDraft(
            label=form.label.data or "",
            action=form.action.data,
            line=form.line.data or "",
            survey_id=form.survey.data,
            text=form.text.data or "",
            to_unit_id=form.to_unit.data,
            to_user_id=form.to_user.data,
            is_active=form.is_active.data,
        )
        try:
            commands.save_keyword(unit_id, draft, keyword_id=keyword.id if keyword else None, actor_id=acting().id)
        except Refused as refused:
            field = form[
                "survey"
                if refused.code.startswith("conversation_") or refused.code == "survey_not_open"
                else _FIELDS.get(refused.code, "label")
            ]
            field.errors = [*field.errors, explain(refused)]
        else:
            flash_done(_("The keyword was saved."))
            return redirect(url_for("inbox.keywords"), code=303)
    page = render_template("inbox/keyword.html", form=form, keyword=keyword)
    return page, 422 if form.is_submitted() else 200


def _offer(form: KeywordForm, unit_id: int, keyword: queries.KeywordView | None) -> None:
    """Lines, surveys, units and people to choose from: those the person may see."""
    lines = [each.number for each in list_lines(unit_id, active_only=True)]
    if keyword is not None and keyword.line and keyword.line not in lines:
        lines.append(keyword.line)
    form.line.choices = [("", _("All lines")), *((number, number) for number in lines)]
    surveys = list_surveys(acting().unit_ids(Permission.SURVEYS_VIEW), state="open")
    form.survey.choices = [("", "—"), *((str(each.id), each.title) for each in surveys)]
    if keyword is not None and keyword.survey_id not in (None, *(each.id for each in surveys)):
        form.survey.choices.append((str(keyword.survey_id), _("A survey that isn't open any more")))
    units = [node for node in acting().units if acting().may(Permission.UNITS_MANAGE, node.id)]
    form.to_unit.choices = [("", "—"), *((str(node.id), node.name) for node in units)]
    people = {user.id: user.name for node in units for user in managers_of(node.id, Permission.CAMPAIGNS_EDIT)} if len(units) <= 30 else {}
    people |= {user.id: user.name for user in managers_of(unit_id, Permission.CAMPAIGNS_EDIT)}
    form.to_user.choices = [("", _("Nobody yet")), *((str(id), name) for id, name in people.items())]


def _own(keyword_id: int) -> queries.KeywordView:
    keyword = queries.get_keyword(keyword_id)
    if keyword is None:
        abort(404)
    authorize(Permission.UNITS_MANAGE, keyword.unit_id)
    return keyword
