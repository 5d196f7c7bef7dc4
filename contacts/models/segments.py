"""Segments: rules that find people, and the audiences frozen from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Segment(Model):
    """A saved rule over the people of a unit's subtree."""

    __tablename__ = "segment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    title: Mapped[str] = mapped_column(Text)
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_shared: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    """Seen by the whole unit; else only by its author"""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class AudienceSnapshot(Model):
    """Who a rule found at the moment it was frozen, each number once."""

    __tablename__ = "audience_snapshot"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    purpose: Mapped[str] = mapped_column(ForeignKey("purpose.key"))
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    member_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AudienceMember(Model):
    """One person of a frozen audience."""

    __tablename__ = "audience_member"

    snapshot_id: Mapped[int] = mapped_column(ForeignKey("audience_snapshot.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """No foreign key: a person erased later is simply no longer found."""
