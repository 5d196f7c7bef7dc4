"""Use cases of conversations. Those that take part in the handling of an inbound text run in its transaction."""

from campaigns.conversation.commands.checking import askable_definition, require_askable
from campaigns.conversation.commands.ending import end_conversations, forget_conversations, tidy_conversations
from campaigns.conversation.commands.hearing import Heard, hear_text
from campaigns.conversation.commands.starting import start_by_keyword

__all__ = [
    "Heard",
    "askable_definition",
    "end_conversations",
    "forget_conversations",
    "hear_text",
    "require_askable",
    "start_by_keyword",
    "tidy_conversations",
]
