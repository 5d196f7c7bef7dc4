"""The whole report as what the sheets of the PDF say, chapter by chapter: words and ratios, nothing that typst would read as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from engage.persian import to_persian_digits
from engage.reports.content import Report
from engage.reports.print.charts import days_drawing, drawings_of, matrix_drawings
from engage.reports.render import figures, limits
from engage.reports.render.claims import asked_box, city_box, fieldwork_words, people_words, quality_box
from engage.reports.render.groups import chapters_of, step_words, ways_of
from engage.reports.render.sentences import sentences_of
from engage.reports.render.texts import printable
from engage.reports.tally import MINIMUM, QuestionTally
from engage.reports.themes.shapes import QuestionThemes
from engage.web.filters import NOTHING, jalali, jalali_datetime, number, percent
from surveys.sealing import sealed_count_words

MOST_PAGES = 999
MOST_QUOTE = 500
MOST_THEMES = 12
MOST_TABLES = 300
"""Tables of groups in one PDF"""


def document_of(
    report: Report, office: str, *, quotes: Mapping[str, Sequence[str]] | None = None, themes: Sequence[QuestionThemes] = ()
) -> dict[str, Any]:
    """`quotes` are masked texts by the question's key. Of sealed answers and of none there is a cover, the funnel and the definitions."""
    is_shown = bool(report.answers) and not report.is_sealed
    content = report.content
    return {
        "title": printable(report.title),
        "office": printable(office, 160),
        "kind": _("Survey report"),
        "words": {
            "contents": _("Contents"),
            "pages": [to_persian_digits(str(page)) for page in range(MOST_PAGES + 1)],
            "page": _("Page %(page)s of %(pages)s", page="\x01", pages="\x02").split("\x01")[0],
            "of": _("Page %(page)s of %(pages)s", page="\x01", pages="\x02").split("\x01")[1].split("\x02")[0],
            "refreshed": _("Computed %(when)s", when=jalali_datetime(report.computed_at)),
        },
        "facts": _facts(report, is_shown),
        "notice": _notice(report),
        "numbers": _three_figures(report) if is_shown else [],
        "findings": {"title": _("Findings"), "lines": [plain(each.text) for each in sentences_of(report)] if is_shown else []},
        "cannot": {
            "title": _("What cannot be said"),
            "lines": [printable(each) for each in limits.what_cannot_be_said(report)] if is_shown else [],
        },
        "claims": [asked_box(content.analysis.asked), city_box(content.analysis.city, report)] if is_shown else [],
        "claims_title": _("What holds of whom"),
        "quality": _quality(report),
        "questions_title": _("Question by question"),
        "questions": _questions(report, quotes or {}, {each.question_key: each for each in themes}) if is_shown else [],
        "groups_title": _("Groups"),
        "marks": {"more": _("more than the rest"), "less": _("less than the rest")},
        "groups_note": _("A mark stands only where the difference from the rest holds after correction for many comparisons."),
        "groups": _printed(chapters_of(content)) if is_shown else [],
        "funnel": _funnel(report),
        "days": {"title": _("Answers by day"), **days_drawing(content.days)} if is_shown and len(content.days) > 1 else None,
        "definitions": {
            "title": _("Definitions"),
            "rows": [(printable(word), printable(meaning)) for word, meaning in limits.definitions()],
        },
    }


def plain(text: Markup | str) -> str:
    """A sentence without its links."""
    return printable(Markup(text).striptags() if isinstance(text, Markup) else text)


def quoted_keys(report: Report) -> list[str]:
    """Questions whose own words may be quoted."""
    return [each.key for each in report.content.questions if each.is_written and each.answered >= MINIMUM and not report.is_sealed]


def _facts(report: Report, is_shown: bool) -> list[tuple[str, str]]:
    people = report.content.analysis.people
    fieldwork = fieldwork_words(report.content.analysis.quality)
    facts = [] if fieldwork == NOTHING or report.is_sealed else [(_("Fieldwork"), fieldwork)]
    if is_shown:
        facts.append((_("Answers"), number(report.answers)))
        if people.ballots and not report.funnel.is_under_seal:
            facts.append((_("People"), people_words(people)))
    state = _("Answers are still coming in") if report.state == "open" else _("Closed")
    facts.append((_("State"), state))
    facts.append((_("Figures as of"), jalali_datetime(report.computed_at)))
    if report.results_on is not None:
        facts.append((_("Promised to citizens for"), jalali(report.results_on)))
    return facts


def _quality(report: Report) -> dict[str, Any] | None:
    """Without rates while a percentage would speak of single people."""
    quality = report.content.analysis.quality
    if quality is None or report.is_sealed:
        return None
    box = quality_box(quality)
    return box if report.is_shown_in_percent else {**box, "rates": []}


def _notice(report: Report) -> dict[str, str] | None:
    """Why there is nothing to see, or no percentages."""
    if report.is_sealed:
        return {
            "title": sealed_count_words(),
            "text": _(
                "So few answers could be traced to the people who gave them. They were promised anonymity, so these answers stay sealed for good."
            ),
        }
    if not report.answers and report.funnel.is_under_seal:
        words = _("Answers to an anonymous survey leave their seal in groups of twenty, so that nobody can tell whose they are.")
        return {"title": sealed_count_words(), "text": words}
    if not report.answers:
        return {"title": _("No answer has arrived yet."), "text": _("There is nothing to report but the way of the invitations.")}
    return None if report.is_shown_in_percent else {"title": "", "text": figures.few_words()}


def _three_figures(report: Report) -> list[tuple[str, str]]:
    funnel = report.funnel
    if not report.is_shown_in_percent:
        rate = _("response rate, from %(count)s answers on", count=number(MINIMUM))
    elif funnel.is_under_seal:
        rate = _("response rate, once the survey is closed and its seal is opened")
    elif funnel.response_rate is None:
        rate = _("response rate; delivery receipts are still missing")
    else:
        rate = _("response rate, of %(count)s delivered", count=number(funnel.delivered))
    return [
        (number(report.answers), _("answers")),
        (percent(funnel.response_rate) if report.is_shown_in_percent else "—", rate),
        (number(funnel.delivered), _("people reached, of %(count)s invited", count=number(funnel.invited))),
    ]


def _questions(report: Report, quotes: Mapping[str, Sequence[str]], themes: Mapping[str, QuestionThemes]) -> list[dict[str, Any]]:
    rows: dict[str, list[QuestionTally]] = {}
    for question in report.content.questions:
        rows.setdefault(question.whole or question.key, []).append(question)
    found = []
    for each in rows.values():
        card = figures.cards_of(each, {})[0]
        about = card.about
        if each[0].whole:
            asked = max(row.asked for row in each)
            about = _("%(rows)s rows · %(asked)s people asked", rows=number(len(each)), asked=number(asked))
        found.append(
            {
                "number": to_persian_digits(str(card.question.number)) if card.question.number else "",
                "label": printable(card.question.label),
                "about": printable(about),
                "drawings": matrix_drawings(each) if each[0].whole else drawings_of(each[0]),
                "stats": [(printable(label), printable(f"{value} {note or ''}")) for label, value, note in card.stats],
                "note": printable(card.note),
                "themes": _themes(themes.get(each[0].key)),
                "quotes": [printable(text, MOST_QUOTE) for text in quotes.get(each[0].key, ())],
                "quotes_note": _("The newest ones; long numbers and e-mail addresses are masked."),
            }
        )
    return found


def _themes(found: QuestionThemes | None) -> dict[str, Any] | None:
    if found is None or not found.themes:
        return None
    rows = [
        {
            "label": printable(_("%(theme)s (estimated)", theme=theme.label) if theme.is_estimated else theme.label, 120),
            "share": min(max(theme.share or 0.0, 0.0), 1.0),
            "text": percent(theme.share) if theme.share is not None else "",
            "count": number(theme.count) if theme.count is not None else _("hidden"),
            "fill": "grey" if theme.is_estimated else "blue",
        }
        for theme in found.themes[:MOST_THEMES]
    ]
    quotes = [printable(quote, MOST_QUOTE) for theme in found.themes for quote in theme.quotes[:2]]
    return {"title": _("Themes of the open answers"), "rows": rows, "quotes": quotes}


def _printed(chapters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of very many tables those in which something differs come first; how many aren't printed is said in their chapter."""
    tables = [table for chapter in chapters for table in chapter["tables"]]
    if len(tables) <= MOST_TABLES:
        return chapters
    marked = [table for table in tables if any(cell.get("mark") for line in table["lines"] for cell in line)]
    told = {id(table) for table in marked}
    kept = {id(table) for table in [*marked, *(table for table in tables if id(table) not in told)][:MOST_TABLES]}
    found = []
    for chapter in chapters:
        shown = [table for table in chapter["tables"] if id(table) in kept]
        left = len(chapter["tables"]) - len(shown)
        words = _("%(count)s tables aren't printed; they are on the report's page.", count=number(left))
        found.append({**chapter, "tables": shown, "notes": [*chapter["notes"], *([words] if left else [])]})
    return found


def _funnel(report: Report) -> dict[str, Any] | None:
    funnel = report.funnel
    if not funnel.invited:
        return None
    words = step_words()
    steps = [(words["invited"], funnel.invited), (_("Accepted by the gateway"), funnel.accepted), (words["delivered"], funnel.delivered)]
    steps.append((words["opened"], funnel.opened))
    note = _("Each step as a share of the invited") + "; " + _("robots are counted, too")
    if not funnel.is_under_seal and not report.is_sealed:
        steps += [(words["started"], funnel.started), (words["answered"], funnel.answered)]
    elif not report.is_sealed and funnel.answered:
        steps.append((_("%(step)s (at least; more are under seal)", step=words["answered"]), funnel.answered))
    rows = [
        {
            "label": label,
            "share": min(count / funnel.invited, 1.0),
            "text": percent(count / funnel.invited),
            "count": number(count),
            "fill": "accent",
        }
        for label, count in steps
    ]
    return {
        "title": _("Participation funnel"),
        "drawing": {"kind": "bars" if funnel.invited >= MINIMUM else "counts", "rows": rows, "note": note},
        "splits": [] if report.is_sealed else ways_of(report.content.analysis.funnel),
    }
