"""Whether a survey may be a conversation."""

from __future__ import annotations

from campaigns.conversation.asking import Unaskable, unaskable
from engage.persian import format_number
from engage.refusal import Refused
from surveys.definitions import Definition
from surveys.queries import definition_of, get_survey_facts

LONGEST_LABEL = 60


def askable_definition(survey_id: int) -> Definition:
    """What is published of the survey, if its questions can be asked by text.

    Refused: "survey_missing", "survey_not_open" before its first publication, and for the first thing in its way "conversation_anonymous",
    "conversation_without_question", "conversation_too_many", "conversation_type", "conversation_options", "conversation_too_long",
    "conversation_information".
    """
    facts = get_survey_facts(survey_id)
    if facts is None:
        raise Refused("survey_missing")
    if facts.published_version_id is None:
        raise Refused("survey_not_open")
    definition = definition_of(facts.published_version_id)
    found = unaskable(definition)
    if found:
        raise refusal_of(found[0])
    return definition


def require_askable(survey_id: int) -> None:
    askable_definition(survey_id)


def refusal_of(why: Unaskable) -> Refused:
    label = why.label if len(why.label) <= LONGEST_LABEL else f"{why.label[:LONGEST_LABEL].rstrip()}…"
    values = {"number": format_number(why.number), "label": label, "most": format_number(why.most)}
    code = {
        "anonymous": "conversation_anonymous",
        "no_question": "conversation_without_question",
        "too_many_questions": "conversation_too_many",
        "type": "conversation_type",
        "too_many_options": "conversation_options",
        "too_long": "conversation_too_long" if why.number else "conversation_information",
    }[why.code]
    return Refused(code, **values)
