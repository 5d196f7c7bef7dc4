"""What a unit keeps of people beyond the standard fields: its own typed fields, tags and notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class CustomField(Model):
    """A field a unit added; it holds for the unit's subtree. Values lie in `contact.custom` under `key`."""

    __tablename__ = "custom_field"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    key: Mapped[str] = mapped_column(Text)
    """Latin letters, digits and underscores; never changes"""
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    options: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    """Of a choice: its values, in their order"""
    position: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """No longer offered; what was stored remains until retention clears it."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("unit_id", "key"),
        CheckConstraint("kind IN ('text', 'number', 'date', 'choice', 'yes_no')", name="kind_known"),
    )


class ContactTag(Model):
    """A label of a unit. `contact.tag_ids` names it."""

    __tablename__ = "contact_tag"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("unit_id", "name_key"),)


class ContactNote(Model):
    """What an officer wrote about a contact; the citizen sees it when asking for what is held about them."""

    __tablename__ = "contact_note"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class BulkAction(Model):
    """One change an officer made to many contacts at once."""

    __tablename__ = "bulk_action"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    kind: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    state: Mapped[str] = mapped_column(Text)
    """`contacts.rules.bulk.BulkState`"""
    cursor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Contacts up to this id are done (undoing: undone), so that a killed run goes on from here."""
    failed_counts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Why contacts were left as they were: code → how many"""
    selected_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    changed_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undone_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    __table_args__ = (Index("ix_bulk_action_waiting", "id", postgresql_where=state.in_(("queued", "running", "undoing"))),)


class BulkChange(Model):
    """What one contact was before a bulk action, so that it can be undone."""

    __tablename__ = "bulk_change"

    action_id: Mapped[int] = mapped_column(ForeignKey("bulk_action.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, index=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
