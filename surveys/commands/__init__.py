"""What surveys can be told to do; one function is one use case and one transaction."""

from surveys.commands.answer import (
    Outcome,
    Submission,
    disown_number,
    earlier_submission,
    note_opened,
    note_started,
    request_opt_out,
    submit_response,
    take_answers_mark,
)
from surveys.commands.drafts import create_survey, import_definition, save_draft, undo_last_save
from surveys.commands.erasing import erase_invitations, invitations_of
from surveys.commands.invite import invite_identities, revoke_invitations_of
from surveys.commands.publish import close_due_surveys, close_survey, publish_survey

__all__ = [
    "Outcome",
    "Submission",
    "close_due_surveys",
    "close_survey",
    "create_survey",
    "disown_number",
    "earlier_submission",
    "erase_invitations",
    "import_definition",
    "invitations_of",
    "invite_identities",
    "note_opened",
    "note_started",
    "publish_survey",
    "request_opt_out",
    "revoke_invitations_of",
    "save_draft",
    "submit_response",
    "take_answers_mark",
    "undo_last_save",
]
