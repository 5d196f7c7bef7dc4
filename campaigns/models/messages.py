"""Every message, the batches that lead to it, and what the gateway said about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Message(Model):
    """One text to one number. `id` is the local id the gateway de-duplicates by; states: `campaigns.states.MessageState`.

    Neither `state` nor anything else that changes at a claim stands in an index or in an index's condition, so that a claim rewrites
    no index (a HOT update); batches lead to the rows.

    No foreign keys: four of them were half of what writing a million rows costs. Campaign and wave are held by the batch every message
    lies in, and no command deletes invitations.
    """

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    wave_id: Mapped[int] = mapped_column(BigInteger)
    identity_id: Mapped[int] = mapped_column(BigInteger, nullable=True)
    """Null, against the type, once the number was erased; the row still counts, and is never sent. Whoever writes rows holds the
    numbers (`contacts.commands.hold_numbers`)."""
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    """Somebody erased meanwhile is simply no longer found."""
    invitation_id: Mapped[int | None] = mapped_column(BigInteger)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    state: Mapped[str] = mapped_column(Text, default="pending", server_default="pending")
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was suppressed, refused or failed, as a code."""
    claim_token: Mapped[UUID | None] = mapped_column(PgUUID)
    claimed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    unknown_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    looked_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    absent_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Look-ups in a row at which the gateway didn't know it; at the second it goes back to pending."""
    gateway_id: Mapped[int | None] = mapped_column(BigInteger)
    gateway_status: Mapped[int | None] = mapped_column(SmallInteger)
    text_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    page_count: Mapped[int | None] = mapped_column(SmallInteger)
    cost: Mapped[int | None] = mapped_column(Integer)
    """Rials, as the gateway charged it"""
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("identity_id", "campaign_id", "wave_id"),
        Index("ix_message_gateway_id", "gateway_id", unique=True, postgresql_where=gateway_id.isnot(None)),
        # A campaign's rows lie together, so a few block ranges lead to them at no cost for the writers.
        Index(
            "ix_message_campaign", "campaign_id", postgresql_using="brin", postgresql_with={"pages_per_range": "16", "autosummarize": "on"}
        ),
        # What still leads to an erased number outside: the gateway's id, until its last receipt has come.
        Index("ix_message_erased", "id", postgresql_where=sql("identity_id IS NULL AND gateway_id IS NOT NULL")),
        # Few ever: numbers the gateway says don't exist.
        Index("ix_message_invalid", "identity_id", postgresql_where=sql("reason = 'receptor_invalid'")),
        Index("ix_message_unknown", "unknown_since", postgresql_where=unknown_since.isnot(None)),
    )


class SendBatch(Model):
    """Up to 200 consecutive message ids that are claimed, sent and settled together.

    Whoever holds the lease may touch its messages in `sending`; an expired lease means their outcome is unknown.
    """

    __tablename__ = "send_batch"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    is_open: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    """False once nothing in it is pending or sending."""
    available_at: Mapped[datetime] = mapped_column(UTCDateTime)
    claim_token: Mapped[UUID | None] = mapped_column(PgUUID)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cost: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    poll_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    poll_step: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")

    __table_args__ = (
        # A claim walks it per campaign in the order of time: batches that are due later, or of campaigns that rest, cost it nothing.
        Index("ix_send_batch_open", "campaign_id", "available_at", "id", postgresql_where=sql("is_open")),
        Index("ix_send_batch_poll", "poll_at", postgresql_where=sql("poll_at IS NOT NULL")),
        Index("ix_send_batch_wave", "wave_id"),
        Index("ix_send_batch_campaign", "campaign_id"),
    )


class MessageNumbers(Model):
    """The next message id: one row. Starts at this installation's own offset, so that a restored database never reuses a local id."""

    __tablename__ = "message_numbers"

    singleton: Mapped[bool] = mapped_column(Boolean, primary_key=True, default=True)
    next_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("singleton", name="one_row"),)


class Receipt(Model):
    """A delivery report not yet applied: it names only the gateway's id, and may come before the reply that tells us that id."""

    __tablename__ = "receipt"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(BigInteger, index=True)
    status: Mapped[int] = mapped_column(SmallInteger)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    try_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
