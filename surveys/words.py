"""The room's words for staff: states, types, refusals, gaps and audit sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

from engage.web.states import StateLook

if TYPE_CHECKING:
    from surveys.definitions import Gap

STATES = {
    "draft": StateLook("grey", "pencil", _l("Draft")),
    "open": StateLook("run", "play", _l("Open for answers")),
    "closed": StateLook("ok", "check", _l("Closed")),
}

TYPES: dict[str, Any] = {
    "single": _l("Single choice"),
    "multiple": _l("Multiple choice"),
    "yes_no": _l("Yes or no"),
    "rating": _l("Rating"),
    "nps": _l("Recommendation, 0 to 10"),
    "matrix": _l("Table of ratings"),
    "ranking": _l("Ranking"),
    "neighbourhood": _l("Neighbourhood"),
    "long_list": _l("Long list with search"),
    "number": _l("Number as answer"),
    "short_text": _l("Short answer"),
    "long_text": _l("Open answer"),
    "date": _l("Date"),
    "time": _l("Time"),
    "phone": _l("Mobile number"),
    "national_id": _l("National id"),
    "consent": _l("Consent tick"),
    "upload": _l("Photo or file"),
    "information": _l("Information"),
    "hidden": _l("Hidden value"),
    "calculation": _l("Calculation"),
    "approval": _l("Ballot: tick projects"),
    "ballot_ranking": _l("Ballot: rank projects"),
    "points": _l("Ballot: share out points"),
    "knapsack": _l("Ballot: spend the budget"),
}

TYPE_ICONS = {
    "single": "ok",
    "multiple": "list-check",
    "yes_no": "circle",
    "rating": "star",
    "nps": "target",
    "matrix": "table",
    "ranking": "sort",
    "neighbourhood": "place",
    "long_list": "search",
    "number": "hash",
    "short_text": "text",
    "long_text": "message",
    "date": "calendar",
    "time": "clock",
    "phone": "phone",
    "national_id": "user",
    "consent": "check",
    "upload": "photo",
    "information": "info",
    "hidden": "eye-off",
    "calculation": "equal",
    "approval": "thumb-up",
    "ballot_ranking": "sort",
    "points": "adjustments",
    "knapsack": "coin",
}

GAPS: dict[str, Any] = {
    "survey_without_title": _l("The survey has no title."),
    "survey_has_no_question": _l("The survey has no question yet."),
    "question_without_label": _l("The question's text is missing."),
    "too_few_options": _l("It needs at least two options besides those that stand alone."),
    "option_without_label": _l("An option is empty."),
    "option_label_repeated": _l("Two options are the same."),
    "too_few_rows": _l("The table needs at least two rows."),
    "row_without_label": _l("A row is empty."),
    "row_label_repeated": _l("Two rows are the same."),
    "choice_limits_contradict": _l("The least and the most number of choices contradict each other or the options."),
    "number_limits_contradict": _l("The lower limit is above the upper one."),
    "expression_empty": _l("The condition or formula is empty."),
    "expression_too_long": _l("The condition or formula is too long."),
    "expression_too_complex": _l("The condition or formula is too complicated. Split it with a calculation."),
    "expression_character": _l("The condition or formula has a sign that means nothing here."),
    "expression_quote_open": _l("A text in the condition has no closing quotation mark."),
    "expression_name_malformed": _l("There is no question's id between the braces."),
    "expression_number_malformed": _l("A number in the condition or formula can't be read."),
    "expression_unexpected": _l("The condition or formula can't be read from here on."),
    "expression_unfinished": _l("The condition or formula ends too early."),
    "expression_date_malformed": _l("The date can't be read. Write it like 1405/09/01."),
    "expression_time_malformed": _l("The time can't be read. Write it like 14:30."),
    "function_unknown": _l("There is no such function."),
    "argument_count": _l("The function is given too many or too few values."),
    "argument_no_name": _l("This function takes a question's id, nothing else."),
    "name_unknown": _l("It names a question that isn't in the survey any more."),
    "name_has_parts": _l("The question it names has several parts. Name one of them, for example q5.r1."),
    "name_later": _l("It names a question that is asked later only."),
    "name_itself": _l("It names the question it belongs to."),
    "logic_circular": _l("The conditions go round in a circle: each of these questions waits for the other."),
    "number_expected": _l("A number must stand here."),
    "condition_expected": _l("A condition must stand here, something that is true or not."),
    "text_expected": _l("A text must stand here."),
    "date_expected": _l("A date must stand here."),
    "choices_expected": _l("A question with options must stand here."),
    "option_unknown": _l("It names an option that the question doesn't have."),
    "option_expected": _l("An option's id in quotation marks must stand here."),
    "choices_compared": _l("Several options may be chosen here: use “has” instead of a comparison."),
    "order_undefined": _l("These answers have no order. Use = or !=."),
    "kinds_differ": _l("Two things of different kinds are compared."),
    "skip_target_unknown": _l("The skip leads to a question that isn't in the survey any more."),
    "skip_backwards": _l("The skip leads back. It can only lead to a later question."),
    "question_unreachable": _l("Nobody can come to this question: conditions or skips always leave it out."),
    "required_unreachable": _l("An answer is required here, but nobody can come to this question."),
    "valid_never": _l("No answer can meet this question's condition."),
    "quota_expression_empty": _l("The quota has no condition."),
    "quota_repeated": _l("Another quota has the same condition."),
    "quota_never": _l("No answers can ever fall into this quota."),
    "date_limits_contradict": _l("The first day is after the last one."),
    "time_limits_contradict": _l("The earliest time is after the latest one."),
    "consent_without_statement": _l("The text that is agreed to is missing."),
    "information_empty": _l("There is neither a heading nor a text."),
    "hidden_without_value": _l("It has neither a name in the link nor a fixed value."),
    "too_few_projects": _l("The ballot needs at least two projects."),
    "project_without_label": _l("A project has no name."),
    "project_label_repeated": _l("Two projects have the same name and place."),
    "limit_above_projects": _l("More projects may or must be chosen than there are."),
    "ballot_without_budget": _l("The budget is missing."),
    "budget_below_every_cost": _l("The budget doesn't pay for any of the projects."),
    "project_above_budget": _l("A project costs more than the whole budget, so nobody can choose it."),
    "budget_below_least_choices": _l("The budget doesn't pay for as many projects as must be chosen."),
    "project_without_cost": _l("A project has no cost."),
    "points_limits_contradict": _l("The points of one project and of all don't go together."),
}


def explain_gap(gap: Gap) -> str:
    """What to mend, in a sentence; with the word it is about where there is one."""
    sentence = str(GAPS.get(gap.code) or REFUSALS.get(gap.code) or gap.code)
    return f"{sentence} («{gap.detail}»)" if gap.detail else sentence


WARNINGS: dict[str, Any] = {
    "national_id_by_sms": _l(
        "Swindlers ask for national ids by text message, and citizens are told never to give them. Ask for it only where the law requires it."
    ),
    "budget_pays_everything": _l("The budget pays for all projects, so there is nothing to decide."),
}

REFUSALS: dict[str, Any] = {
    "upload_unreadable": _l("This file can't be opened any more."),
    "survey_without_title": GAPS["survey_without_title"],
    "survey_has_no_question": _l("The survey has no question. Add at least one, then publish it."),
    "survey_incomplete": _l("Question %(number)s isn't complete. See what is missing on the publishing page."),
    "survey_part_incomplete": _l("“%(name)s” isn't complete. See what is missing on the publishing page."),
    "survey_not_found": _l("There is no such survey."),
    "survey_not_closable": _l("This survey isn't open, so it can't be closed."),
    "version_not_found": _l("There is no such version of the survey."),
    "draft_changed": _l("A colleague saved this survey meanwhile. What you typed is still here: compare, then save again."),
    "nothing_to_undo": _l("There is nothing to take back."),
    "nothing_to_redo": _l("There is nothing to do again."),
    "save_gone": _l("This save isn't kept any more."),
    "anonymity_is_settled": _l(
        "Citizens were promised with the first version whether answers are anonymous. It can't be changed any more; make a copy of the survey instead."
    ),
    "anonymous_closed_for_good": _l("An anonymous survey that is closed can't be opened again: its key is destroyed. Make a copy instead."),
    "anonymous_with_quota": _l(
        "An anonymous survey can't have quotas: their first counts would tell what the first citizens answered. Remove the quotas, or ask confidentially."
    ),
    "anonymous_asks_who": _l(
        "An anonymous survey can't ask for a phone number, a national id or a file: they say who answered. Remove these questions, or ask confidentially."
    ),
    "survey_key_unwritable": _l("The key of this survey can't be stored at %(path)s (%(detail)s)."),
    "survey_key_exposed": _l("Others on this machine may read the survey's key %(path)s. Set its mode to 0600."),
    "survey_key_unreadable": _l("The survey's key %(path)s can't be read (%(detail)s)."),
    "response_limit_reached": _l("There are %(count)s responses already. Give a higher number, or leave it empty."),
    "rule_question_unknown": _l("Choose the question the condition is about."),
    "rule_comparison_unknown": _l("Choose a comparison."),
    "rule_comparison_unfit": _l("More and less only fit numbers, points, dates and times."),
    "rule_value_missing": _l("Write the value to compare with."),
    "rule_value_unknown": _l("There is no such option. Write one of these: %(choices)s"),
    "rule_value_unreadable": _l("This value doesn't fit the question: write a number, a date such as 1405/09/01, or a time such as 14:30."),
    "place_unknown": _l("There is no such place. Write a number from 1 to %(count)s."),
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
    "too_many_skips": _l("Question %(place)s has more than 20 skips."),
    "too_many_quotas": _l("A survey has at most 100 quotas."),
    "quota_id_malformed": _l("The id %(place)s of a quota isn't allowed: only Latin letters, digits, - and _, at most 40."),
    "quota_id_repeated": _l("The quota id %(place)s is used twice."),
    "quota_limit_out_of_range": _l("The limit of the quota %(place)s must be at least 1."),
    "too_many_languages": _l("A survey has at most 12 further languages."),
    "translation_language_unknown": _l("%(place)s is no language a survey can be translated to."),
    "language_repeated": _l("A language is named twice."),
    "too_many_translations": _l("There are too many translated texts in %(place)s."),
    "list_too_long": _l("A list in question %(place)s is longer than this type allows."),
    "other_option_repeated": _l("Question %(place)s has two options with a text of their own."),
    "option_flag_unfit": _l("An option of question %(place)s stands alone or asks for a text, which this type doesn't know."),
    "rank_limit_out_of_range": _l("Question %(place)s may give 1 to 30 places."),
    "choice_limit_out_of_range": _l("The limits of choices in question %(place)s must lie between 1 and 300."),
    "scale_out_of_range": _l("The scale of question %(place)s must have 3 to 10 points."),
    "decimals_out_of_range": _l("Question %(place)s may have at most 4 decimals."),
    "number_limit_out_of_range": _l("A limit of question %(place)s is too far from zero."),
    "text_limit_out_of_range": _l("The length limit of question %(place)s is out of range."),
    "survey_file_kind_unknown": _l("Survey files of the kind %(suffix)s can't be used. Accepted: %(kinds)s"),
    "survey_file_too_large": _l("The file is larger than %(limit)s megabytes."),
    "survey_file_unreadable": _l("The file can't be read: %(detail)s"),
    "survey_file_unwritable": _l("The file can't be written: %(detail)s"),
    "date_limit_out_of_range": _l("A limit of question %(place)s is too far away."),
    "time_limit_malformed": _l("A limit of question %(place)s isn't a time like 14:30."),
    "upload_limit_out_of_range": _l("Question %(place)s may take files of 1 to 20 megabytes."),
    "parameter_malformed": _l("The name in the link of question %(place)s isn't allowed: small Latin letters, digits and _ only, at most 30."),
    "cost_out_of_range": _l("A cost or the budget in question %(place)s is negative or too large."),
    "ranks_out_of_range": _l("Question %(place)s may ask for 1 to 10 ranks."),
    "points_out_of_range": _l("Question %(place)s may share out 1 to 1000 points."),
}

AUDIT: dict[str, Any] = {
    "survey_file_opened": _l("Opened a citizen's file of “%(title)s”"),
    "survey_created": _l("Made the survey “%(title)s”"),
    "survey_draft_saved": _l("Saved the draft of “%(title)s”"),
    "survey_draft_edited": _l("Went on with the draft of “%(title)s”, %(count)s saves"),
    "survey_draft_undone": _l("Took back a step in the draft of “%(title)s”"),
    "survey_draft_redone": _l("Did a step in the draft of “%(title)s” again"),
    "survey_tried": _l("Tried out “%(title)s”"),
    "survey_trials_deleted": _l("Deleted %(count)s trials of “%(title)s”"),
    "survey_published": _l("Published “%(title)s”, version %(version)s"),
    "survey_closed": _l("Closed “%(title)s”"),
    "survey_notice_posted": _l("Put a correction above the form of “%(title)s”"),
    "survey_notice_removed": _l("Took the correction above the form of “%(title)s” away"),
}

LANGUAGES: dict[str, Any] = {
    "az": _l("Azerbaijani"),
    "ku": _l("Kurdish"),
    "ckb": _l("Central Kurdish"),
    "ar": _l("Arabic"),
    "tk": _l("Turkmen"),
    "hy": _l("Armenian"),
    "ps": _l("Pashto"),
    "tr": _l("Turkish"),
    "ur": _l("Urdu"),
    "en": _l("English"),
}
"""What a survey can be translated into, as staff call it."""
