"""The seal of anonymous surveys (what it holds against is said in `surveys.sealing`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class SurveySeal(Model):
    """The public half of an anonymous survey's key. The other half lies outside the database and is destroyed at the end."""

    __tablename__ = "survey_seal"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    """open: answers come in; opened: all have moved on and the key is gone; sealed: too few came, they are never shown"""
    destroyed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("state IN ('open', 'opened', 'sealed')", name="state_known"),)


class SealedAnswer(Model):
    """One answer under seal. Its id is random: nothing here says when it came or whose it is."""

    __tablename__ = "survey_sealed_answer"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    once: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """Keyed digest of the link, by a key that is destroyed with the seal: the same link can't answer twice"""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
