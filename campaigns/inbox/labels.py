"""The inbox's words: states, filters, keywords' actions, refusals and what the audit log says."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from campaigns.inbox.rules import CaseState
from engage.web.states import StateLook

CASE_LOOKS: dict[str, StateLook] = {
    CaseState.OPEN: StateLook("wait", "inbox", _l("Waits for an answer")),
    CaseState.WAITING: StateLook("run", "send", _l("Answered")),
    CaseState.CLOSED: StateLook("grey", "archive", _l("Closed case")),
}

SHOWN: dict[str, tuple[Any, str]] = {
    "open": (_l("Wait for an answer"), "inbox"),
    "mine": (_l("Mine"), "user"),
    "overdue": (_l("Overdue"), "alert"),
    "waiting": (_l("Answered"), "send"),
    "closed": (_l("Closed cases"), "archive"),
}

ACTION_LABELS: dict[str, Any] = {
    "survey": _l("Send the link of a survey"),
    "conversation": _l("Ask the questions of a survey by SMS"),
    "reply": _l("Send a fixed answer"),
    "route": _l("Give it to a unit or a person"),
}

ITEM_LOOKS: dict[str, tuple[str, str, Any]] = {
    "in": ("phone", "run", _l("From the citizen")),
    "campaign": ("speakerphone", "", _l("Text of a campaign")),
    "reply": ("send", "ok", _l("Answer")),
    "closing": ("send", "ok", _l("Closing answer")),
    "keyword": ("bolt", "", _l("Sent by itself after a keyword")),
    "off_hours": ("clock", "", _l("Sent by itself outside office hours")),
}
"""Icon, dot and words of each kind of line in a thread"""

INBOUND_NOTES: dict[str, Any] = {
    "stop": _l("Asked for no more texts; the number is stopped."),
    "rejoin": _l("Sent 12 to receive texts again."),
    "confirm": "",
    "yes": _l("Said yes to a question of ours."),
    "flood": _l("More texts came in this hour than a person writes; this one was kept and not answered."),
}

WEEK: tuple[tuple[int, Any], ...] = (
    (1, _l("Saturday")),
    (2, _l("Sunday")),
    (4, _l("Monday")),
    (8, _l("Tuesday")),
    (16, _l("Wednesday")),
    (32, _l("Thursday")),
    (64, _l("Friday")),
)

SENTENCES: dict[str, Any] = {
    "case_missing": _l("This case is gone: the person was erased, or it was joined with another one."),
    "case_closed": _l("The case is closed. Answer once more to take it up again."),
    "case_changed": _l("Somebody answered meanwhile, or the form was sent twice. Look at what was sent; nothing more went out."),
    "reply_empty": _l("Write the text of the answer."),
    "reply_long": _l("The answer is too long: at most %(most)s characters."),
    "reply_number_stopped": _l("This number asked for no more texts, so it can't be answered by SMS."),
    "assignee_unfit": _l("This person may not answer citizens in that unit. Choose somebody else."),
    "due_invalid": _l("Choose a day from today on, at most %(most)s days ahead."),
    "due_days_invalid": _l("Answers are due within 1 to 30 working days."),
    "office_hours_invalid": _l("The office closes after it opens. Mend the hours."),
    "work_days_missing": _l("Choose at least one working day."),
    "emergency_numbers_missing": _l("The text has to name all three numbers for urgent matters: 137, 125 and 115."),
    "keyword_invalid": _l("A keyword is one word or number of at most %(most)s letters."),
    "keyword_reserved": _l("This word already means something to every number (stop, 12, 1 and yes), so it can't be a keyword."),
    "keyword_taken": _l("“%(word)s” is in use on this line already. Choose another word."),
    "keyword_action_unknown": _l("Choose what the keyword does."),
    "keyword_missing": _l("This keyword is gone; somebody deleted it."),
}

AUDIT_SENTENCES: dict[str, Any] = {
    "inbox.answered": _l("Case %(case)s was answered"),
    "inbox.closed": _l("Case %(case)s was closed"),
    "inbox.assigned": _l("Case %(case)s was given to %(name)s"),
    "inbox.unassigned": _l("Case %(case)s is nobody's now"),
    "inbox.moved": _l("Case %(case)s was passed on to “%(unit)s”"),
    "inbox.due_changed": _l("The due date of case %(case)s was changed"),
    "inbox.setting_changed": _l("The inbox settings of “%(unit)s” were changed"),
    "inbox.keyword_saved": _l("Keyword “%(word)s” was saved"),
    "inbox.keyword_deleted": _l("Keyword “%(word)s” was deleted"),
}
