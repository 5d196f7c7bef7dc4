"""What citizens write to our lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


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
