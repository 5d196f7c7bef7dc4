"""Sign-ups that wait for the person's own word: by a code on the page, by a link, or by answering a text with 1.

Until then nothing about the number stands anywhere but in `pending_consent`, and it is deleted when the word doesn't come.
"""

from contacts.commands.pending.confirming import (
    ANSWER_WITHIN,
    ask_to_confirm,
    confirm_by_link,
    confirm_by_reply,
    confirm_token,
    decline_by_link,
    read_confirm_token,
)
from contacts.commands.pending.forgetting import delete_unanswered, forget_pendings_of
from contacts.commands.pending.joining import begin_sign_up, finish_sign_up, join_after_renewal, send_sign_up_code_again
from contacts.commands.pending.waiting import Joining, PendingRecord, find_pending

__all__ = [
    "ANSWER_WITHIN",
    "Joining",
    "PendingRecord",
    "ask_to_confirm",
    "begin_sign_up",
    "confirm_by_link",
    "confirm_by_reply",
    "confirm_token",
    "decline_by_link",
    "delete_unanswered",
    "find_pending",
    "finish_sign_up",
    "forget_pendings_of",
    "join_after_renewal",
    "read_confirm_token",
    "send_sign_up_code_again",
]
