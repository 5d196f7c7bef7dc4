"""Sentences a manager can forward, each leading to the table it came from; silent where the figures carry none.

First who answered, then what they said, then where groups differ, then what holds of the city; at most eight.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from engage.reports.analysis.shapes import Difference
from engage.reports.content import Report
from engage.reports.render.claims import people_words
from engage.reports.render.figures import option_label
from engage.reports.render.group_words import group_words
from engage.reports.tally import MINIMUM, QuestionTally
from engage.web.filters import number, percent
from surveys.types import Tally

MOST = 4
"""Sentences about what was said"""
MOST_DIFFERENCES = 2
ANCHOR = "q-"
GROUPS = "groups"
_OF_PEOPLE = ("unit", "neighbourhood", "age", "gender")


@dataclass(frozen=True)
class Sentence:
    text: Markup
    question_key: str
    """Empty where it is about no single question"""
    dimension: str = ""
    """What its groups are told apart by; it leads to that dimension's table"""

    @property
    def plain(self) -> str:
        return self.text.striptags()


def sentences_of(report: Report) -> list[Sentence]:
    """Nothing below ten answers. All but the last speak of those who answered and of nobody else."""
    if not report.is_shown_in_percent or report.is_sealed:
        return []
    said = _about_questions(report)
    if not said:
        return []
    return [*_about_people(report), *said, *_about_differences(report), *_about_city(report)]


def _about_people(report: Report) -> list[Sentence]:
    people, rate = report.content.analysis.people, report.funnel.response_rate
    if not people.ballots or report.funnel.is_under_seal:
        return []
    words = people_words(people) if people.at_least != people.at_most else _("%(count)s people", count=number(report.answers))
    link = Markup('<a href="#quality">%s</a>') % words
    if rate is None or people.at_least != people.at_most:
        return [Sentence(Markup(_("%(people)s answered.")) % {"people": link}, "")]
    values = {"people": link, "rate": percent(rate), "delivered": number(report.funnel.delivered)}
    return [Sentence(Markup(_("%(people)s answered: %(rate)s of the %(delivered)s whom the text reached.")) % values, "")]


def _about_differences(report: Report) -> list[Sentence]:
    """The largest differences that hold between groups of people, of as many dimensions; or that none was seen where it was looked for."""
    analysis = report.content.analysis
    labels = {each.dimension: each.labels for each in analysis.breakdowns}
    found: list[Sentence] = []
    told: set[str] = set()
    for each in analysis.differences:
        question = report.question(each.question_key)
        if (
            each.dimension not in _OF_PEOPLE
            or not each.group
            or each.dimension in told
            or question is None
            or len(found) == MOST_DIFFERENCES
        ):
            continue
        text = _difference(question, each, group_words(each.dimension, each.group, labels.get(each.dimension, {})))
        if text is not None:
            told.add(each.dimension)
            found.append(Sentence(text, each.question_key, each.dimension))
    is_tested = any(split.is_tested for each in analysis.breakdowns if each.dimension in _OF_PEOPLE for split in each.splits)
    if not found and is_tested:
        return [Sentence(Markup('<a href="#%s">%s</a>') % (GROUPS, _("Between the groups no difference was seen that holds.")), "")]
    return found


def _difference(question: QuestionTally, each: Difference, group: str) -> Markup | None:
    is_less = each.value < each.rest
    values = {"number": number(question.number)}
    if each.option_id:
        option = next((option for option in question.options or [] if option.id == each.option_id), None)
        if option is None:
            return None
        gap = sorted((abs(each.low), abs(each.high)))
        values |= {
            "option": option_label(question, option.id, option.label),
            "rest": percent(each.rest),
            "low": number(round(gap[0] * 100)),
            "high": number(round(gap[1] * 100)),
            "link": Markup('<a href="#%s-%s-%s">%s</a>')
            % (GROUPS, each.dimension, question.key, _("%(group)s (%(share)s)", group=group, share=percent(each.value))),
        }
        if is_less:
            words = _(
                "“%(option)s” in question %(number)s was chosen less by %(link)s than by the rest (%(rest)s): %(low)s to %(high)s points apart."
            )
        else:
            words = _(
                "“%(option)s” in question %(number)s was chosen more by %(link)s than by the rest (%(rest)s): %(low)s to %(high)s points apart."
            )
        return Markup(words) % values
    values |= {
        "rest": number(each.rest, 1),
        "link": Markup('<a href="#%s-%s-%s">%s</a>')
        % (GROUPS, each.dimension, question.key, _("%(group)s (%(share)s)", group=group, share=number(each.value, 1))),
    }
    if is_less:
        return Markup(_("The mean of question %(number)s is lower for %(link)s than for the rest (%(rest)s).")) % values
    return Markup(_("The mean of question %(number)s is higher for %(link)s than for the rest (%(rest)s).")) % values


def _about_city(report: Report) -> list[Sentence]:
    """The first question's most frequent answer, weighted; nothing where no weights were found."""
    city = report.content.analysis.city
    for question in report.content.questions:
        shares = city.shares.get(question.key, [])
        if city.refusal or not shares or question.withdrawn:
            continue
        best = max(shares, key=lambda each: each.share)
        option = next((each for each in question.options or [] if each.id == best.option_id), None)
        if option is None:
            continue
        values = {
            "link": Markup('<a href="#city">%s</a>') % _("about %(share)s", share=percent(best.share)),
            "option": option_label(question, option.id, option.label),
            "number": number(question.number),
        }
        return [
            Sentence(Markup(_("Weighted to the census, %(link)s would choose “%(option)s” in question %(number)s.")) % values, question.key)
        ]
    return []


def _about_questions(report: Report) -> list[Sentence]:
    """At most four, in the order of the questions."""
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
