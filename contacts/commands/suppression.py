"""Stopping every text to a number, at once and for all units."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert

from contacts.commands.consent import withdraw_everything
from contacts.events import NumberSuppressed
from contacts.importing.staging import identity_context, reserve_ids
from contacts.index_keys import hold_index_key
from contacts.models import PhoneIdentity, Suppression
from contacts.outside import Decided, note_decision, number_mark
from contacts.queries.identities import phone_of
from contacts.rules.consent import Channel
from engage.clock import now
from engage.db import driver_connection, transaction
from engage.events import publish
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who

_CHANNELS = {
    "sms": Channel.SMS,
    "page": Channel.PAGE,
    "officer": Channel.OFFICER,
    "operator": Channel.OPERATOR,
    "dispute": Channel.DISPUTE,
}


def suppress_number(e164: str, source: str, *, actor_id: Actor = CURRENT) -> bool:
    """Nobody texts this number again: the suppression, its mirror on the identity and the ledger say so in one transaction, and
    NumberSuppressed follows. `source`: sms, page, officer, operator, dispute. False when it was suppressed already.

    A number nobody knows yet is suppressed, too. An import may be adding it at this very moment, unseen: the insertion of the
    identity below waits for that import on the unique index, and an import that comes after it reads the suppression again once
    its own identities stand (`contacts.importing.merging`). So no order of the two leaves a suppressed number unmarked.
    """
    with transaction() as session:
        keys = hold_index_key(session)
        at = now()
        added = session.execute(
            insert(Suppression)
            .values(number_hash=keys.suppression_hash(e164), source=source, since=at, key_version=keys.writing("suppression"))
            .on_conflict_do_nothing()
            .returning(Suppression.since)
        ).first()
        if added is not None:
            note_decision(session, Decided("stopped", at, *number_mark(keys, e164), source=source))
        blind = keys.blind_index(e164)
        identity_id = session.scalar(select(PhoneIdentity.id).where(PhoneIdentity.blind_index == blind))
        is_new = False
        if identity_id is None:
            fresh = reserve_ids(driver_connection(session), "phone_identity", 1)[0]
            row: Any = session.execute(
                insert(PhoneIdentity)
                .values(id=fresh, blind_index=blind, phone_cipher=keys.encrypt(e164, identity_context(fresh)), suppressed_at=at, created_at=at)
                .on_conflict_do_update(index_elements=["blind_index"], set_={"suppressed_at": func.coalesce(PhoneIdentity.suppressed_at, at)})
                .returning(PhoneIdentity.id, literal_column("xmax = 0").label("is_new"))
            ).one()
            identity_id, is_new = row.id, row.is_new
        if is_new:
            session.execute(delete(PhoneIdentity).where(PhoneIdentity.id == identity_id))
            return added is not None
        marked = session.execute(
            text("UPDATE phone_identity SET suppressed_at = :at WHERE id = :id AND suppressed_at IS NULL"), {"at": at, "id": identity_id}
        ).rowcount  # type: ignore[attr-defined]
        if added is None and not marked:
            return False
        for contact_id, unit_id in withdraw_everything(session, identity_id, _CHANNELS[source], f"suppressed:{source}", who(actor_id)):
            if source == "officer":
                record_audit("number_suppressed", unit_id=unit_id, object_type="contact", object_id=contact_id, actor_id=actor_id)
        publish(NumberSuppressed(identity_id))
        return True


def suppress_identity(identity_id: int, source: str, *, actor_id: Actor = CURRENT) -> bool:
    """`suppress_number` for a number known by its identity; False when it was suppressed already, or erased."""
    e164 = phone_of(identity_id)
    return False if e164 is None else suppress_number(e164, source, actor_id=actor_id)
