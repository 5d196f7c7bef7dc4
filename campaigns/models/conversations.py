"""Surveys answered by replying: how far a citizen has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Conversation(Model):
    """One invitation that is answered by texts. It holds answers only while they are on their way to become a response."""

    __tablename__ = "conversation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"), unique=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("phone_identity.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("survey_version.id"))
    """The questions that are asked, whatever is published meanwhile"""
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    """Null: a keyword began it"""
    line: Mapped[str] = mapped_column(Text, default="", server_default="")
    state: Mapped[str] = mapped_column(Text, default="asking", server_default="asking")
    """asking; resting: too many replies couldn't be read; finished; ended: answered elsewhere, too late, or stopped"""
    question_id: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What was asked last"""
    progress_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON of `campaigns.conversation.rules.Progress`, context "conversation:<id>"; null once it is over"""
    repeat_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Replies in a row that couldn't be taken"""
    text_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Texts we sent in it"""
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    """When our last text was written; what came in before it can't be an answer to it"""
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    """With the invitation"""
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("state IN ('asking', 'resting', 'finished', 'ended')", name="state_known"),
        CheckConstraint("(progress_cipher IS NULL) = (state IN ('finished', 'ended'))", name="answers_only_on_the_way"),
        CheckConstraint("(finished_at IS NULL) = (state IN ('asking', 'resting'))", name="end_has_time"),
        Index("ix_conversation_identity", "identity_id", "asked_at"),
    )
