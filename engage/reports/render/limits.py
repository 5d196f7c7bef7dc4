"""What can't be said by a report, and what its words mean."""

from __future__ import annotations

from flask_babel import gettext as _

from engage.reports.content import Report
from engage.reports.render.group_words import dimension_words, group_words
from engage.web.filters import number

UNEVEN = 0.8
"""A representativeness below it, or above its inverse, is told"""


def what_cannot_be_said(report: Report) -> list[str]:
    asked, city = report.content.analysis.asked, report.content.analysis.city
    if asked.margin is not None:
        found = [
            _("The margin of error is for those who were asked, and doesn't include the error by silence."),
            _("Those who stayed silent may differ from those who answered."),
        ]
    else:
        found = [
            _("The respondents decided themselves to answer; they are no random sample. Don't attribute these figures to all citizens."),
            _("No margin of error is given: for such answers there is none that would be true."),
        ]
    if not city.refusal:
        found.append(_("Weighted figures correct for the known groups alone; of who stayed silent for other reasons they know nothing."))
    uneven = [each for each in city.representation if each.index < UNEVEN or each.index > 1 / UNEVEN]
    if uneven:
        worst = min(uneven, key=lambda each: min(each.index, 1 / each.index) if each.index else 0.0)
        name = f"{dimension_words(worst.dimension)}: {group_words(worst.dimension, worst.group, {})}"
        if worst.index < 1:
            found.append(_("Of “%(group)s” far fewer answered than their part of the population.", group=name))
        else:
            found.append(_("Of “%(group)s” far more answered than their part of the population.", group=name))
    hidden = sum(each.hidden_groups for each in report.content.analysis.breakdowns)
    if hidden:
        found.append(_("Of %(count)s groups nothing can be said: too few of them answered.", count=number(hidden)))
    if report.content.analysis.people.at_least != report.content.analysis.people.at_most:
        found.append(_("How many people answered isn't known exactly: some ways of answering don't tell one person from another."))
    silent = report.funnel.delivered - report.funnel.answered
    if silent > 0 and report.answers and not report.funnel.is_under_seal:
        found.append(_("Of %(count)s people whom the text reached we have no answer; they may think otherwise.", count=number(silent)))
    found.append(_("This survey doesn't show why people answered as they did."))
    if report.content.version_count > 1:
        found.append(_("The questionnaire was changed while answers came in; every question's base are those who saw it."))
    if report.funnel.is_under_seal and not report.is_sealed:
        found.append(_("Anonymous answers leave their seal in groups of twenty; the newest ones are in no figure yet."))
    if report.state == "open":
        found.append(_("Answers are still coming in; the figures will change."))
    return found


def definitions() -> list[tuple[str, str]]:
    return [
        (_("A person"), _("A distinct mobile number. A reminder makes nobody two people.")),
        (_("Invited"), _("People to whom a text with their personal link was handed over for sending.")),
        (_("Accepted by the gateway"), _("The SMS gateway took the text for delivery.")),
        (_("Delivered"), _("The operator reported at least one text as delivered.")),
        (_("Link opened"), _("The link was opened at least once. Robots that preview links are included.")),
        (_("Started"), _("The form was sent at least once, complete or not.")),
        (_("Answered"), _("A complete answer was recorded; one per link.")),
        (_("Response rate"), _("Answered divided by delivered.")),
        (_("Share"), _("Of everyone who was asked the question, those who left it blank included.")),
        (
            _("People asked"),
            _("Who answered the form and came to the question: where earlier answers decide, only those whom they led to it."),
        ),
    ]
