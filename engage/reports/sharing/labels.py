"""Words of this part that other rooms show: refusals, audit sentences, states."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from engage.reports.sharing.rules import DecisionState, Section
from engage.web.states import StateLook

REFUSALS: dict[str, Any] = {
    "link_sections_missing": _l("Choose at least one part of the report for the link."),
    "link_days_invalid": _l("A link can be valid for 1 to %(most)s days."),
    "link_label_missing": _l("Write for whom the link is, so that it can be told apart later."),
    "link_unknown": _l("There is no such link on this report."),
    "decision_title_missing": _l("Write what was decided."),
    "decision_owner_missing": _l("Name who is in charge of it."),
    "decision_too_long": _l("This text is too long; at most %(most)s characters fit."),
    "decision_due_passed": _l("This day is over. Choose one from today on."),
    "decision_delay_unexplained": _l("The day was moved back: write the reason in a few words (at least %(least)s letters)."),
    "decision_reason_missing": _l("This step needs a reason in a few words (at least %(least)s letters)."),
    "decision_move_impossible": _l("From its present state the decision can't take this step. Load the page again."),
    "decision_changed": _l("A colleague changed this decision meanwhile. Load the page again and look at what is new."),
    "decision_unknown": _l("There is no such decision on this report."),
    "decision_question_unknown": _l("The report has no such question. Choose another one."),
    "promise_reason_missing": _l("Citizens are told the reason: write it in a few words (at least %(least)s letters)."),
    "promise_reason_long": _l("The reason is shown to citizens; at most %(most)s characters fit."),
    "promise_day_passed": _l("The new day is over. Choose one from today on."),
    "promise_none": _l("Citizens were never told a day for the results of this survey."),
    "promise_kept": _l("The results are published: there is nothing to explain any more."),
    "told_no_decision": _l("Choose a decision that is done; only what was done is told."),
    "told_no_campaign": _l("No campaign has invited people to this survey, so there is nobody to write to."),
    "told_text_long": _l("The text is too long; at most %(most)s characters fit."),
}

AUDIT_LABELS: dict[str, Any] = {
    "report_link_made": _l("A link to the report of “%(title)s” was made for “%(label)s”"),
    "report_link_revoked": _l("The link to the report of “%(title)s” for “%(label)s” was revoked"),
    "report_decision_made": _l("Decision on “%(title)s”: %(decision)s"),
    "report_decision_changed": _l("The decision “%(decision)s” on “%(title)s” was changed"),
    "report_promise_moved": _l("The day of the results of “%(title)s” was moved, with a reason"),
    "report_promise_explained": _l("Why the results of “%(title)s” are late was explained"),
    "report_result_drafted": _l("A text to those who took part in “%(title)s” was drafted"),
}
AUDIT_NAMES: dict[str, Any] = {
    "report_link_made": _l("Report links made"),
    "report_link_revoked": _l("Report links revoked"),
    "report_decision_made": _l("Decisions made"),
    "report_decision_changed": _l("Decisions changed"),
    "report_promise_moved": _l("Days of results moved"),
    "report_promise_explained": _l("Late results explained"),
    "report_result_drafted": _l("Result texts drafted"),
}

STATES: dict[str, StateLook] = {
    DecisionState.WANTED: StateLook("wait", "flag", _l("To be done")),
    DecisionState.DOING: StateLook("run", "activity", _l("Being done")),
    DecisionState.DONE: StateLook("ok", "check", _l("Done")),
    DecisionState.DROPPED: StateLook("grey", "close", _l("Given up")),
}
STEPS: dict[str, Any] = {
    DecisionState.WANTED: _l("Take up again"),
    DecisionState.DOING: _l("Begin the work"),
    DecisionState.DONE: _l("It is done"),
    DecisionState.DROPPED: _l("Set aside"),
}
SECTIONS: dict[str, Any] = {
    Section.FINDINGS: _l("Findings"),
    Section.QUESTIONS: _l("Questions, with charts and tables"),
    Section.GROUPS: _l("Differences between groups"),
    Section.TEXTS: _l("Examples of open answers, masked"),
    Section.FUNNEL: _l("Participation funnel and answers by day"),
    Section.DECISIONS: _l("Decisions and actions"),
}
