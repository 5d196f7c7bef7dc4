"""A survey's one page as it was saved, or as the report's own sentences suggest it."""

from __future__ import annotations

from typing import BinaryIO

from flask_babel import gettext as _

from engage.db import db
from engage.reports.analysis.shapes import Difference
from engage.reports.content import Report
from engage.reports.onepage.charts import choices_of, first_choice, leading_differences
from engage.reports.onepage.models import ReportOnepage
from engage.reports.onepage.rules import MOST, OnePage, joined_within, within
from engage.reports.onepage.sheet import draw_page, draw_square
from engage.reports.print.document import plain
from engage.reports.render.figures import option_label
from engage.reports.render.group_words import group_words
from engage.reports.render.sentences import sentences_of


def onepage_of(report: Report) -> OnePage:
    """The saved page, or, where nobody saved one (revision 0), a suggestion from the report."""
    row = db.session.get(ReportOnepage, report.survey_id, populate_existing=True)
    if row is None:
        return suggested(report)
    return OnePage(
        row.headline,
        row.lead,
        row.wanted,
        row.addressee,
        row.question_key,
        row.dimension,
        row.letter_number,
        row.letter_date,
        row.attachment,
        row.revision,
    )


def suggested(report: Report) -> OnePage:
    """The largest difference as headline, else the first finding, else the survey's title; further findings below it."""
    # Sentences about no question are left out: how many answered stands in the three numbers already.
    sentences = [] if report.is_sealed else [(plain(each.text), each.question_key) for each in sentences_of(report) if each.question_key]
    differences = [(_told(report, each), each.question_key, each.dimension) for each in leading_differences(report)]
    candidates = [*differences, *((text, key, "") for text, key in sentences)]
    drawn = {(each.question_key, each.dimension) for each in choices_of(report)}
    headline, *about = next(
        (each for each in candidates if 0 < len(each[0]) <= MOST["headline"]), (within(report.title, MOST["headline"]), "", "")
    )
    question_key, dimension = about if tuple(about) in drawn else first_choice(report)
    lead = joined_within([text for text, _key in sentences if text != headline], MOST["lead"])
    if not report.answers and not report.is_sealed and not report.funnel.is_under_seal:
        lead = _("No answer has arrived yet.")
    return OnePage(headline.rstrip("."), lead, addressee=_("the mayor of the district"), question_key=question_key, dimension=dimension)


def _told(report: Report, difference: Difference) -> str:
    question = report.question(difference.question_key)
    breakdown = next((each for each in report.content.analysis.breakdowns if each.dimension == difference.dimension), None)
    if question is None or breakdown is None:
        return ""
    labels = {each.id: option_label(question, each.id, each.label) for each in question.options or []}
    words = {
        "option": plain(labels.get(difference.option_id, difference.option_id)),
        "group": plain(group_words(difference.dimension, difference.group, breakdown.labels)),
    }
    if difference.value < difference.rest:
        return _("“%(option)s” was chosen less often in “%(group)s” than in the rest", **words)
    return _("“%(option)s” was chosen more often in “%(group)s” than in the rest", **words)


def write_page(report: Report, target: BinaryIO) -> None:
    """The format "onepage.pdf"."""
    target.write(draw_page(report, onepage_of(report)))


def write_square(report: Report, target: BinaryIO) -> None:
    """The format "square.png"."""
    target.write(draw_square(report, onepage_of(report)))
