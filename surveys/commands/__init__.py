"""What surveys can be told to do; one function is one use case and one transaction."""

from surveys.commands.answer import (
    Outcome,
    Submission,
    Whole,
    close_full_survey,
    disown_number,
    dispute_neighbourhood,
    earlier_submission,
    note_opened,
    note_started,
    request_opt_out,
    submit_response,
)
from surveys.commands.drafts import copy_survey, create_survey, import_definition, redo_draft, save_draft, undo_draft
from surveys.commands.erasing import erase_invitations, invitations_of
from surveys.commands.invite import invite_identities, revoke_invitations_of
from surveys.commands.marks import take_answers_mark
from surveys.commands.notices import MAX_NOTICE, post_notice
from surveys.commands.publish import close_due_surveys, close_survey, publish_survey
from surveys.commands.saving import keep_answers
from surveys.commands.trying import delete_tried_answers, record_tried_answers

__all__ = [
    "MAX_NOTICE",
    "Outcome",
    "Submission",
    "Whole",
    "close_due_surveys",
    "close_full_survey",
    "close_survey",
    "copy_survey",
    "create_survey",
    "delete_tried_answers",
    "disown_number",
    "dispute_neighbourhood",
    "earlier_submission",
    "erase_invitations",
    "import_definition",
    "invitations_of",
    "invite_identities",
    "keep_answers",
    "note_opened",
    "note_started",
    "post_notice",
    "publish_survey",
    "record_tried_answers",
    "redo_draft",
    "request_opt_out",
    "revoke_invitations_of",
    "save_draft",
    "submit_response",
    "take_answers_mark",
    "undo_draft",
]
