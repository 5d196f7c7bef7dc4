"""Texts officers send to themselves before a campaign goes out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class TrialText(Model):
    """One campaign's text to the own phone of one of its officers: counted, and billed to the unit."""

    __tablename__ = "trial_text"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    page_count: Mapped[int] = mapped_column(SmallInteger)
    cost: Mapped[int] = mapped_column(Integer)
    """Rials by the line's price"""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_trial_text_user", "user_id", "created_at"),)
