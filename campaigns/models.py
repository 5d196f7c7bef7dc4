"""Campaigns, their waves, every message, and what the gateway said about it."""

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


class Campaign(Model):
    """One text to one audience about one survey, with its reminder. States: `campaigns.states.CampaignState`."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    asks_permission: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """It asks people without documented consent for one, and so may reach them where nothing else may."""
    text: Mapped[str] = mapped_column(Text)
    """With placeholders; see `campaigns.texts`."""
    reminder_text: Mapped[str | None] = mapped_column(Text)
    reminder_after: Mapped[int | None] = mapped_column(Integer)
    """Seconds between the start of sending and the reminder to those who have not answered; null for none."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """Unit, rule and sample as `contacts.queries.AudienceFilter` writes them."""
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("audience_snapshot.id"))
    """Who the rule found when approval was asked for; null while it is a draft."""
    line: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    pause_code: Mapped[str | None] = mapped_column(Text)
    """Why it is paused: user, window, credit, error_rate, opt_out_rate, budget, or gateway_<code>."""
    pause_resumes: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Whether it goes on by itself (a closed window opens again)."""
    state_since: Mapped[datetime] = mapped_column(UTCDateTime)
    window_start: Mapped[int] = mapped_column(SmallInteger, default=540, server_default="540")
    window_end: Mapped[int] = mapped_column(SmallInteger, default=1260, server_default="1260")
    """Minutes of the day in Tehran between which texts may go out."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Values that are the same for every recipient (unit, deadline), frozen with the text."""
    cap_count: Mapped[int] = mapped_column(SmallInteger, default=4, server_default="4")
    cap_days: Mapped[int] = mapped_column(SmallInteger, default=7, server_default="7")
    """At most so many of our texts on one number in so many days, over all units."""
    recipient_count: Mapped[int | None] = mapped_column(Integer)
    cost_estimate: Mapped[int | None] = mapped_column(BigInteger)
    """Rials for all waves at their largest, as approved; sending stops before it is exceeded."""
    frozen_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What was approved: text, reminder, audience, counts and cost."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by_rule: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    return_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    planned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When its author wants it to start; null for as soon as it is approved and launched."""
    scheduled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> author_id", name="second_person"),
        CheckConstraint("window_start >= 0 AND window_end <= 1440 AND window_start < window_end", name="window_ordered"),
        Index("ix_campaign_active", "state", postgresql_where=sql("state NOT IN ('draft', 'finished', 'cancelled')")),
    )


class Wave(Model):
    """One round of sending: 1 the invitation, 2 the reminder."""

    __tablename__ = "wave"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cursor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Last contact id whose message row exists: a killed materialisation goes on from here."""
    materialised_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("campaign_id", "number"),)


class Message(Model):
    """One text to one number. `id` is the local id the gateway de-duplicates by; states: `campaigns.states.MessageState`.

    Neither `state` nor anything else that changes at a claim stands in an index or in an index's condition, so that a claim rewrites
    no index (a HOT update); batches lead to the rows.
    """

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("wave.id"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("phone_identity.id"), nullable=True)
    """Null, against the type, once the number was erased; the row still counts, and is never sent."""
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    """No foreign key, whose index a million rows would have to carry: somebody erased meanwhile is simply no longer found."""
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"))
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
        Index("ix_send_batch_open", "id", postgresql_where=sql("is_open")),
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


class InboundMessage(Model):
    """A text a citizen sent to one of our lines. Number and words are encrypted (context "inbound_message:<gateway id>")."""

    __tablename__ = "inbound_message"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    line: Mapped[str] = mapped_column(Text)
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("phone_identity.id"), index=True)
    sender_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    text_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str | None] = mapped_column(Text)
    """stop, rejoin, confirm, other; null until handled"""
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_inbound_message_open", "id", postgresql_where=handled_at.is_(None)),)
