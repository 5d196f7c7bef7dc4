"""Use cases of the inbox: each is one function and one transaction."""

from campaigns.inbox.commands.answering import answer_case, close_case
from campaigns.inbox.commands.directing import assign_case, move_case, set_due
from campaigns.inbox.commands.erasing import forget_cases
from campaigns.inbox.commands.keywords import KeywordDraft, delete_keyword, save_keyword
from campaigns.inbox.commands.receiving import note_in_thread, take_up
from campaigns.inbox.commands.settings import save_inbox_setting

__all__ = [
    "KeywordDraft",
    "answer_case",
    "assign_case",
    "close_case",
    "delete_keyword",
    "forget_cases",
    "move_case",
    "note_in_thread",
    "save_inbox_setting",
    "save_keyword",
    "set_due",
    "take_up",
]
