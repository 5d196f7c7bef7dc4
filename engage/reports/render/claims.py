"""The two claims and the quality box: what holds of those who were asked, what of the city, and how good the asking was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from engage.reports.analysis.shapes import AskedClaim, CityClaim, People, Quality
from engage.reports.content import Report
from engage.reports.render.figures import option_label
from engage.reports.render.group_words import dimension_words, group_words
from engage.reports.render.texts import printable
from engage.web.filters import jalali, number, percent

_KINDS: dict[str, Callable[[], str]] = {
    "random_sample": lambda: _("A random sample was asked."),
    "census": lambda: _("Everybody on the list was asked; nobody was drawn."),
    "open": lambda: _("Whoever found the open link could answer."),
    "mixed": lambda: _("Answers came in more than one way."),
    "none": lambda: _("Nobody was asked by a campaign."),
}
_NO_MARGIN: dict[str, Callable[[], str]] = {
    "open_link": lambda: _("Who answers an open link is no random sample: there is no margin of error."),
    "nobody_asked": lambda: _("Without a sample there is no margin of error."),
    "open_answers": lambda: _("Answers of an open link are among them: there is no margin of error."),
    "everybody_asked": lambda: _(
        "Where everybody was asked there is no sampling, and so no margin of error; who stayed silent may think otherwise."
    ),
    "several_campaigns": lambda: _("Several campaigns asked, each by a draw of its own: there is no common margin of error."),
    "uneven_sample": lambda: _("Not everybody was as likely to be drawn: the simple margin of error would be wrong."),
    "frame_unknown": lambda: _("It isn't known from how many the sample was drawn: there is no margin of error."),
    "too_few": lambda: _("Fewer than ten answered the sample: a margin of error would say nothing."),
}
_NO_WEIGHTS: dict[str, Callable[[], str]] = {
    "no_margins": lambda: _("For this unit no census figures were imported; without them nothing is said of the city."),
    "not_confidential": lambda: _("The answers are anonymous: it isn't known which group they are from, so they can't be weighted."),
    "too_few": lambda: _("Too few answers of known groups to be weighted up to the city."),
    "nobody": lambda: _("Too few answers of known groups to be weighted up to the city."),
    "not_converged": lambda: _("The answers are too far from the population: no weights were found that fit all census figures."),
    "design_effect": lambda: _("Weighting would more than triple the uncertainty; so no weighted figure is given."),
    "group_empty": lambda: _("A group of the census has no answers at all; weights can't make up for it."),
    "margins_disagree": lambda: _("The census figures don't add up to the same total; please check them."),
    "unknown_group": lambda: _("Answers name a group that the census figures don't have; please check them."),
}
_CODES: dict[str, Callable[[], str]] = {
    "I": lambda: _("complete answer"),
    "P": lambda: _("half-finished"),
    "R": lambda: _("refused or broke off"),
    "NC": lambda: _("not reached"),
    "O": lambda: _("left out by an officer"),
    "UH": lambda: _("text delivered, nothing came back"),
    "UO": lambda: _("no receipt of delivery"),
    "NE": lambda: _("number has another holder"),
}


def people_words(people: People) -> str:
    """«۱٬۳۱۲ نفر», or the range where open channels can't be matched."""
    if people.at_least == people.at_most:
        return _("%(count)s people", count=number(people.at_most))
    return _("At least %(low)s and at most %(high)s people", low=number(people.at_least), high=number(people.at_most))


def asked_box(claim: AskedClaim) -> dict[str, Any]:
    lines = [_KINDS[claim.kind]()] if claim.kind in _KINDS else []
    if claim.frame_size is not None and claim.sample_size is not None:
        lines.append(_("%(sample)s of %(frame)s people were asked.", sample=number(claim.sample_size), frame=number(claim.frame_size)))
    if claim.margin is not None:
        margin = number(claim.margin * 100, 1)
        lines.append(_("Margin of error at 95 percent: ±%(margin)s percentage points, error by silence not included.", margin=margin))
    elif claim.reason in _NO_MARGIN:
        lines.append(_NO_MARGIN[claim.reason]())
    lines.append(_("These figures speak of those who answered."))
    return {"title": _("Of those who were asked"), "lines": lines}


def city_box(claim: CityClaim, report: Report) -> dict[str, Any]:
    title = _("Of the city")
    if claim.refusal:
        words = _NO_WEIGHTS.get(claim.refusal)
        return {
            "title": title,
            "lines": [words() if words else _("No weighted figures were found."), _("So nothing in this report holds for all citizens.")],
        }
    lines = [
        _("Answers were weighted to the census: %(source)s.", source=printable(claim.margins_dated, 160)),
        _("Design effect %(effect)s, effective sample %(n)s.", effect=_or_dash(claim.design_effect, 2), n=_or_dash(claim.effective_n, 0)),
    ]
    if claim.trimmed:
        lines.append(_("%(count)s weights were trimmed.", count=number(claim.trimmed)))
    lines += [
        _("%(thin)s was joined to %(group)s: too few answers.", thin=group_words(d, thin, {}), group=group_words(d, into, {}))
        for d, thin, into in claim.collapsed
    ]
    lines.append(_("These intervals don't include the error by silence; they are no margin of error."))
    return {"title": title, "lines": [printable(each) for each in lines], "tables": [*_weighted(claim, report), *_representation(claim)]}


def _weighted(claim: CityClaim, report: Report) -> list[dict[str, Any]]:
    lines = []
    for key, shares in claim.shares.items():
        question = report.question(key)
        if question is None:
            continue
        labels = {option.id: option_label(question, option.id, option.label) for option in question.options or []}
        best = max(shares, key=lambda each: each.share)
        label = labels.get(best.option_id, best.option_id)
        between = _("%(low)s to %(high)s", low=percent(best.low), high=percent(best.high))
        lines.append(
            [{"text": printable(question.label, 140)}, {"text": printable(label, 60)}, {"text": percent(best.share)}, {"text": between}]
        )
    head = [_("Question"), _("Most frequent answer"), _("Weighted share"), _("Interval")]
    return [{"head": head, "lines": lines}] if lines else []


def _representation(claim: CityClaim) -> list[dict[str, Any]]:
    lines = [
        [
            {"text": f"{dimension_words(each.dimension)}: {group_words(each.dimension, each.group, {})}"},
            {"text": percent(each.population_share)},
            {"text": percent(each.respondent_share)},
            {"text": number(each.index, 2)},
        ]
        for each in claim.representation
    ]
    head = [_("Group"), _("Share of the population"), _("Share of the respondents"), _("Representativeness (1 is even)")]
    return [{"head": head, "lines": lines}] if lines else []


def quality_box(quality: Quality) -> dict[str, Any]:
    """Rows of label and figure; the rates by AAPOR with the map they were made by."""
    rows = [
        (_("Invited"), number(quality.invited)),
        (_("Delivered"), number(quality.delivered)),
        (_("Link opened"), number(quality.opened)),
        (_("Started"), number(quality.started)),
        (_("Complete answers"), number(quality.complete)),
        (_("Half-finished ones"), number(quality.partial)),
        (_("Refused or broke off"), number(quality.refused)),
        (_("Fieldwork"), fieldwork_words(quality)),
    ]
    if quality.design_effect is not None:
        rows.append((_("Design effect"), number(quality.design_effect, 2)))
    if quality.effective_n is not None:
        rows.append((_("Effective sample"), number(quality.effective_n, 0)))
    rates = [
        (name, percent(quality.rates[name], 1))
        for name in ("RR1", "RR2", "RR3", "RR4", "RR5", "RR6", "COOP", "CON", "REF")
        if name in quality.rates
    ]
    return {
        "title": _("How good the asking was"),
        "rows": rows,
        "rates": rates,
        "map": [(code, words(), number(quality.dispositions.get(code, 0))) for code, words in _CODES.items()],
        "map_note": _(
            "Rates after AAPOR (Standard Definitions, 2023); e = %(e)s, the share of those of whom nothing is known who count as eligible.",
            e=percent(quality.e, 1) if quality.e is not None else "—",
        ),
    }


def fieldwork_words(quality: Quality | None) -> str:
    if quality is None or quality.first_on is None or quality.last_on is None:
        return "—"
    if quality.first_on == quality.last_on:
        return jalali(quality.first_on)
    return _("%(first)s to %(last)s", first=jalali(quality.first_on), last=jalali(quality.last_on))


def _or_dash(value: float | None, decimals: int) -> str:
    return number(value, decimals) if value is not None else "—"
