"""What a person leaves behind in campaigns when they are erased: texts sent, on their way and still due, and what they wrote back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, text

from campaigns.conversation.commands import forget_conversations
from campaigns.inbox.commands.erasing import forget_cases
from campaigns.models import InboundMessage
from contacts.commands import suppress_identity, suppress_number
from contacts.queries.references import Erasing
from engage.clock import now
from engage.db import db, transaction
from engage.persian import is_stop_word, parse_phone
from engage.vault import vault
from surveys.commands import erase_invitations, invitations_of

RECEIPTS_COME_FOR = timedelta(hours=48)

# What is due is never sent. What is at the gateway right now, or may be there, is left to its claim or its look-up, which need nothing
# of the person: a claim holds the text already, a look-up asks by our own id, and a text that turns out never to have left finds
# nobody to go to when it is due again (`contacts.queries.sendable`).
_FORGET = """
    UPDATE message SET
        state = CASE WHEN state = 'pending' THEN 'suppressed' ELSE state END,
        reason = CASE WHEN state = 'pending' THEN 'erased' ELSE reason END,
        settled_at = CASE WHEN state = 'pending' THEN :at ELSE settled_at END,
        params = '{}', text_sha256 = NULL, contact_id = NULL,
        identity_id = CASE WHEN :is_whole THEN NULL ELSE identity_id END
    WHERE identity_id = :identity AND (:is_whole OR contact_id = ANY(:contacts))
"""

_LINKS_OF_CONTACTS = """
    SELECT invitation_id FROM message WHERE identity_id = :identity AND contact_id = ANY(:contacts) AND invitation_id IS NOT NULL
    EXCEPT SELECT invitation_id FROM message
    WHERE identity_id = :identity AND (contact_id IS NULL OR NOT contact_id = ANY(:contacts)) AND invitation_id IS NOT NULL
    ORDER BY 1
"""

_TIDY = """
    UPDATE message SET gateway_id = NULL, text_sha256 = NULL
    WHERE id = ANY(ARRAY(
        SELECT id FROM message WHERE identity_id IS NULL AND gateway_id IS NOT NULL
          AND state NOT IN ('pending', 'sending', 'unknown', 'accepted') AND COALESCE(settled_at, accepted_at, claimed_at) < :before
        ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED))
"""


def forget_person(erasing: Erasing) -> None:
    """No message, link, answer or inbound text says any more who this was; rows that count are kept without the person.

    Registered as a reference holder. What the citizen asked of us and nobody has read yet is obeyed first: a stop word and an opt-out
    on a link's page suppress the number before it is forgotten. The gateway's own ids stay until its last receipt has come
    (`tidy_erased_messages`).
    """
    if erasing.identity_id is None:
        return
    with transaction() as session:
        values: dict[str, Any] = {
            "identity": erasing.identity_id,
            "contacts": list(erasing.contact_ids),
            "is_whole": erasing.is_whole,
            "at": erasing.at,
        }
        if erasing.is_whole:
            _obey_first(erasing)
            links = invitations_of(erasing.identity_id)
        else:
            links = list(session.scalars(text(_LINKS_OF_CONTACTS), values))
        session.execute(text(_FORGET), values)
        forget_conversations(session, erasing, links)
        erase_invitations(links, forget_number=erasing.is_whole)
        forget_cases(session, erasing)
        if erasing.is_whole:
            session.execute(delete(InboundMessage).where(InboundMessage.identity_id == erasing.identity_id))


def _obey_first(erasing: Erasing) -> None:
    """Texts of a number are found by its identity; those that came before it was known, or that nobody has read, by opening them."""
    keys = vault()
    session = db.session()
    waiting = session.scalar(
        text(
            "SELECT count(*) FROM outbox JOIN outbox_delivery ON event_id = outbox.id WHERE delivered_at IS NULL"
            " AND name = 'OptOutRequested' AND payload ->> 'identity_id' = :identity"
        ),
        {"identity": str(erasing.identity_id)},
    )
    if waiting and erasing.identity_id is not None:
        suppress_identity(erasing.identity_id, "page", actor_id=None)
    after = 0
    while True:
        rows = session.execute(
            select(
                InboundMessage.id, InboundMessage.gateway_id, InboundMessage.sender_cipher, InboundMessage.text_cipher, InboundMessage.kind
            )
            .where(InboundMessage.identity_id.is_(None), InboundMessage.id > after)
            .order_by(InboundMessage.id)
            .limit(2_000)
        ).all()
        if not rows:
            return
        after = rows[-1].id
        for row in rows:
            context = f"inbound_message:{row.gateway_id}"
            if parse_phone(keys.decrypt(row.sender_cipher, context)) != erasing.phone:
                continue
            if row.kind is None and erasing.phone is not None and is_stop_word(keys.decrypt(row.text_cipher, context)):
                suppress_number(erasing.phone, "sms", actor_id=None)
            session.execute(delete(InboundMessage).where(InboundMessage.id == row.id))


def tidy_erased_messages() -> int:
    """Messages of erased numbers that have come to their end lose the gateway's id, two days later. Returns how many did."""
    with transaction() as session:
        return int(session.execute(text(_TIDY), {"before": now() - RECEIPTS_COME_FOR}).rowcount)  # type: ignore[attr-defined]
