"""The seal of anonymous surveys (what it holds against is said in `surveys.sealing`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, Uuid
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

    __table_args__ = (
        CheckConstraint("state IN ('open', 'opened', 'sealed')", name="state_known"),
        Index("ix_survey_seal_whole", "survey_id", postgresql_where="destroyed_at IS NULL"),
    )


class SealedAnswer(Model):
    """One answer under seal. Its id is random: nothing here says when it came or whose it is."""

    __tablename__ = "survey_sealed_answer"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class SealedOnce(Model):
    """A link that has answered an anonymous survey can't answer it twice. Apart from the answers, so that it says nothing about
    which of them have moved on; emptied when the seal is broken."""

    __tablename__ = "survey_sealed_once"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Keyed digest of the link's letters, by a key outside the database: it can't be told which invitation it belongs to"""
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
