"""Whether campaigns acted on an imported list."""

from __future__ import annotations

from sqlalchemy import text

from campaigns.states import MessageState
from contacts.queries import IMPORT_PEOPLE
from engage.db import db

_NEVER_SENT = (MessageState.CANCELLED, MessageState.EXPIRED, MessageState.SUPPRESSED)

# A text that waits counts, too: its campaign was approved with these people in it.
_USED = f"""
    SELECT EXISTS (
        SELECT 1 FROM ({IMPORT_PEOPLE}) person JOIN message ON message.contact_id = person.contact_id
        WHERE message.state <> ALL(:never_sent)
          AND COALESCE(message.claimed_at, message.accepted_at, message.settled_at, 'infinity') >= person.finished_at)
"""


def has_texted_import(import_id: int) -> bool:
    """Whether a text to anybody whose record or consent came with this list was sent since, or waits to be."""
    return bool(db.session.scalar(text(_USED), {"import_id": import_id, "never_sent": [str(state) for state in _NEVER_SENT]}))
