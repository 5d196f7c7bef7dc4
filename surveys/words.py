"""The room's words for staff: states, types, refusals, gaps and audit sentences."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from engage.web.states import StateLook

STATES = {
    "draft": StateLook("grey", "pencil", _l("Draft")),
    "open": StateLook("run", "play", _l("Open for answers")),
    "closed": StateLook("ok", "check", _l("Closed")),
}

TYPES: dict[str, Any] = {
    "single": _l("Single choice"),
    "multiple": _l("Multiple choice"),
    "rating": _l("Rating"),
    "number": _l("Number as answer"),
    "short_text": _l("Short answer"),
    "long_text": _l("Open answer"),
}

TYPE_ICONS = {
    "single": "ok",
    "multiple": "list-check",
    "rating": "star",
    "number": "hash",
    "short_text": "text",
    "long_text": "message",
}

GAPS: dict[str, Any] = {
    "survey_without_title": _l("The survey has no title."),
    "survey_has_no_question": _l("The survey has no question yet."),
    "question_without_label": _l("The question's text is missing."),
    "too_few_options": _l("It needs at least two options besides those that stand alone."),
    "option_without_label": _l("An option is empty."),
    "option_label_repeated": _l("Two options are the same."),
    "choice_limits_contradict": _l("The least and the most number of choices contradict each other or the options."),
    "number_limits_contradict": _l("The lower limit is above the upper one."),
}

REFUSALS: dict[str, Any] = {
    "survey_without_title": GAPS["survey_without_title"],
    "survey_has_no_question": _l("The survey has no question. Add at least one, then publish it."),
    "survey_incomplete": _l("Question %(number)s isn't complete. See what is missing on the publishing page."),
    "survey_not_found": _l("There is no such survey."),
    "survey_not_closable": _l("This survey isn't open, so it can't be closed."),
    "version_not_found": _l("There is no such version of the survey."),
    "draft_changed": _l("A colleague saved this survey meanwhile. What you typed is still here: compare, then save again."),
    "nothing_to_undo": _l("There is nothing to take back."),
    "deadline_passed": _l("The last day to answer must be in the future."),
    "results_before_deadline": _l("The day of the result must not be before the last day to answer."),
    "question_gone": _l("This question isn't in the survey any more."),
    "question_type_unknown": _l("There is no such type of question."),
    "definition_not_json": _l("The file isn't readable JSON."),
    "definition_malformed": _l("The file isn't a survey in our format: %(place)s"),
    "question_id_malformed": _l("The id %(place)s of a question isn't allowed: only Latin letters, digits, - and _, at most 40."),
    "question_id_repeated": _l("The question id %(place)s is used twice or reserved."),
    "option_id_malformed": _l("An option's id in question %(place)s isn't allowed: only Latin letters, digits, - and _, at most 40."),
    "option_id_repeated": _l("Two options of question %(place)s have the same id."),
    "too_many_options": _l("Question %(place)s has more than 300 options."),
    "too_many_questions": _l("A survey has at most 300 questions."),
    "definition_text_too_long": _l("A text is too long: %(place)s"),
    "definition_text_unreadable": _l("A text holds a character that can't be stored: %(place)s"),
    "choice_limit_out_of_range": _l("The limits of choices in question %(place)s must lie between 1 and 300."),
    "scale_out_of_range": _l("The scale of question %(place)s must have 3 to 10 points."),
    "decimals_out_of_range": _l("Question %(place)s may have at most 4 decimals."),
    "number_limit_out_of_range": _l("A limit of question %(place)s is too far from zero."),
    "text_limit_out_of_range": _l("The length limit of question %(place)s is out of range."),
    "survey_file_kind_unknown": _l("Survey files of the kind %(suffix)s can't be used yet. Accepted: .json"),
    "survey_file_too_large": _l("The file is larger than %(limit)s megabytes."),
    "survey_file_unreadable": _l("The file can't be read: %(detail)s"),
    "survey_file_unwritable": _l("The file can't be written: %(detail)s"),
}

AUDIT: dict[str, Any] = {
    "survey_created": _l("Made the survey “%(title)s”"),
    "survey_draft_saved": _l("Saved the draft of “%(title)s”"),
    "survey_published": _l("Published “%(title)s”, version %(version)s"),
    "survey_closed": _l("Closed “%(title)s”"),
}
