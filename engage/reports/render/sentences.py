"""Sentences a manager can forward, each leading to the table it came from; silent where the figures carry none."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from engage.reports.content import Report
from engage.reports.tally import MINIMUM, QuestionTally
from engage.web.filters import number, percent
from surveys.types import Tally

MOST = 4
ANCHOR = "q-"


@dataclass(frozen=True)
class Sentence:
    text: Markup
    question_key: str


def sentences_of(report: Report) -> list[Sentence]:
    """At most four, in the order of the questions. They speak of those who answered and of nobody else."""
    found = []
    for question in report.content.questions:
        if question.asked < MINIMUM or question.answered < MINIMUM or question.withdrawn or question.is_conditional or "." in question.id:
            continue  # a part, or a question that not all were asked, needs its context
        text = _about_scale(question) if question.scale else _about_choices(question) if question.options else _about_number(question)
        if text is not None:
            found.append(Sentence(text, question.key))
    return found[:MOST]


def _link(question: QuestionTally, words: str) -> Markup:
    return Markup('<a href="#%s%s">%s</a>') % (ANCHOR, question.key, words)


def _about_choices(question: QuestionTally) -> Markup | None:
    ranked = sorted(question.options or [], key=lambda option: -option.count)
    if question.tally == Tally.RANKS or len(ranked) < 2 or not ranked[0].count or ranked[0].count == ranked[1].count:
        return None  # a tie has no first place
    values = {
        "link": _link(question, _("%(share)s of the respondents", share=percent(question.share(ranked[0].count)))),
        "option": ranked[0].label,
        "number": number(question.number),
    }
    if question.is_many:
        return Markup(_("%(link)s chose “%(option)s”, among others: more than any other option of question %(number)s.")) % values
    return Markup(_("%(link)s chose “%(option)s”: more than any other option of question %(number)s.")) % values


def _about_scale(question: QuestionTally) -> Markup | None:
    if question.mean is None or question.scale is None:
        return None
    values = {"mean": number(question.mean, 1), "scale": number(question.scale), "number": number(question.number)}
    if question.scale < 5:
        values["link"] = _link(question, _("The mean of question %(number)s", number=number(question.number)))
        return Markup(_("%(link)s is %(mean)s of %(scale)s.")) % values
    high = sum(option.count for option in question.options or [] if int(option.id) >= question.scale - 1)
    values["link"] = _link(question, _("%(share)s of the respondents", share=percent(question.share(high))))
    values["below"] = number(question.scale - 1)
    return Markup(_("%(link)s gave %(below)s or %(scale)s of %(scale)s points in question %(number)s; the mean is %(mean)s.")) % values


def _about_number(question: QuestionTally) -> Markup | None:
    if question.figures is None or question.type != "number":
        return None
    values = {
        "link": _link(question, _("Half of the answers to question %(number)s", number=number(question.number))),
        "median": number(question.figures.median),
        "unit": question.unit,
    }
    return Markup(_("%(link)s are %(median)s %(unit)s or less, half are that or more.")) % values
