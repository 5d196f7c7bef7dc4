"""A report by filters, in the console."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.guard import authorize, guarded
from engage.identity.queries import units_tree
from engage.identity.rules import Permission
from engage.reports.filtering.queries import filter_answers
from engage.reports.grid import Dimension
from engage.reports.render.figures import cards_of
from engage.reports.render.group_words import dimension_words, group_words
from surveys.queries import find_survey, get_survey

blueprint = Blueprint("reports_filtering", __name__, url_prefix="/console/reports", template_folder="../templates")

UNKNOWN = "-"
"""What an address writes for those of whom a group isn't known"""


@blueprint.get("/<slug>/filter")
@guarded(Permission.RESPONSES_READ)
def show(slug: str) -> ResponseReturnValue:
    """404 for an anonymous survey. Every look through a filter stands in the audit log."""
    found = find_survey(slug)
    survey = get_survey(found.id) if found is not None else None
    if found is None or survey is None or found.state == "draft" or survey.is_anonymous:
        abort(404)
    authorize(Permission.RESPONSES_READ, found.unit_id)
    wanted = {each: "" if group == UNKNOWN else group for each in Dimension if (group := request.args.get(str(each), ""))}
    labels = {Dimension.UNIT: {str(node.id): node.name for node in units_tree()}}
    filtered = filter_answers(found.id, wanted, labels)
    words = "، ".join(f"{dimension_words(each)}: {group_words(each, group, labels.get(each, {}))}" for each, group in wanted.items())
    if wanted:
        with transaction():
            record_audit(
                "report_filtered",
                unit_id=found.unit_id,
                object_type="survey",
                object_id=found.id,
                detail={"title": survey.title, "filter": words},
            )
    selects = [
        (
            str(dimension),
            dimension_words(dimension),
            [(group or UNKNOWN, group_words(dimension, group, labels.get(dimension, {}))) for group in groups],
            UNKNOWN if wanted.get(dimension) == "" and dimension in wanted else wanted.get(dimension, ""),
        )
        for dimension, groups in filtered.choices.items()
    ]
    cards = [card for card in cards_of(filtered.questions, {}) if card.drawing != Markup("")]
    return render_template(
        "filtering/show.html",
        survey=survey,
        slug=slug,
        selects=selects,
        filtered=filtered,
        cards=cards,
        words=words,
        back=url_for("reports.show", slug=slug),
    )
