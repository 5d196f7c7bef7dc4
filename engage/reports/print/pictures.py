"""One question's chart as a picture to put into a letter or a slide: SVG and PNG, with what it is of and who made it."""

from __future__ import annotations

import json
from pathlib import Path

from flask_babel import gettext as _

from engage.identity.queries import get_unit
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.print.charts import Drawing, drawings_of, matrix_drawings
from engage.reports.render.figures import cards_of
from engage.reports.render.texts import printable
from engage.reports.tally import QuestionTally
from engage.web.filters import jalali, number
from engage.web.sheets import draw_sheet

SHEET = Path(__file__).with_name("sheets") / "chart.typ"
MIMETYPES = {"svg": "image/svg+xml", "png": "image/png"}
PPI = 200.0


def has_picture(report: Report, key: str) -> bool:
    """Whether anything is drawn for this question, or this table of questions (its `whole`)."""
    return not report.is_sealed and bool(_drawings(_questions(report, key)))


def picture_of(report: Report, key: str, kind: str) -> bytes:
    """The chart of one question, or of all rows of a table (`key` is their `whole`), as "svg" or "png".

    Refused: "report_question_unknown"; "report_chart_empty" where there is nothing to draw: words, or figures too few to be shown.
    """
    questions = _questions(report, key)
    if not questions:
        raise Refused("report_question_unknown")
    drawings = _drawings(questions)
    if not drawings or report.is_sealed:
        raise Refused("report_chart_empty")
    card = cards_of(questions, {})[0]
    unit = get_unit(report.unit_id)
    about = card.about or _("%(rows)s rows · %(asked)s people asked", rows=number(len(questions)), asked=number(card.question.asked))
    data = {
        "title": printable(card.question.label),
        "office": printable(unit.name if unit else ""),
        "about": printable(about),
        "drawings": drawings,
        "foot": printable(f"{report.title} · {jalali(report.computed_at)}", 120),
    }
    return draw_sheet(SHEET, {"data": json.dumps(data, ensure_ascii=False)}, format=kind, ppi=PPI)


def _questions(report: Report, key: str) -> list[QuestionTally]:
    found = report.question(key)
    return [found] if found is not None else [each for each in report.content.questions if each.whole == key and key]


def _drawings(questions: list[QuestionTally]) -> list[Drawing]:
    if not questions or not questions[0].asked:
        return []
    return matrix_drawings(questions) if len(questions) > 1 else drawings_of(questions[0])
