"""Texts from citizens: kept encrypted, and a stop word obeyed at once for every unit, line and purpose."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from campaigns.models import InboundMessage
from contacts.commands import suppress_number
from contacts.queries import find_identity
from engage.clock import now
from engage.db import transaction
from engage.jobs import enqueue_after_commit
from engage.persian import is_rejoin_word, is_stop_word, parse_phone
from engage.vault import vault


def receive_inbound(gateway_id: int, line: str, sender: str, text: str) -> bool:
    """Keep one inbound text; False when it was already there (webhooks come more than once)."""
    context = f"inbound_message:{gateway_id}"
    with transaction() as session:
        written = session.execute(
            insert(InboundMessage)
            .values(
                gateway_id=gateway_id,
                line=line[:32],
                sender_cipher=vault().encrypt(sender[:64], context),
                text_cipher=vault().encrypt(text[:2000].replace("\x00", ""), context),
                received_at=now(),
            )
            .on_conflict_do_nothing(index_elements=["gateway_id"])
            .returning(InboundMessage.id)
        ).scalar_one_or_none()
        if written is None:
            return False
        enqueue_after_commit("default", "campaigns.jobs.handle_inbound")
        return True


def handle_inbound() -> int:
    """Read every text nobody has read yet, oldest first; stop words suppress the number. Returns how many were handled."""
    count = 0
    while True:
        with transaction() as session:
            row = session.execute(
                select(InboundMessage)
                .where(InboundMessage.handled_at.is_(None))
                .order_by(InboundMessage.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).scalar_one_or_none()
            if row is None:
                return count
            context = f"inbound_message:{row.gateway_id}"
            number = parse_phone(vault().decrypt(row.sender_cipher, context))
            words = vault().decrypt(row.text_cipher, context)
            kind = "stop" if is_stop_word(words) else "rejoin" if is_rejoin_word(words) else "other"
            identity_id = None
            if number is not None:
                if kind == "stop":
                    suppress_number(number, "sms")
                identity_id = find_identity(number)
            session.execute(
                update(InboundMessage).where(InboundMessage.id == row.id).values(kind=kind, identity_id=identity_id, handled_at=now())
            )
        count += 1
