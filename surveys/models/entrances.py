"""Ways into a survey besides the personal link."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Identity, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class Entrance(Model):
    """An open link with its poster, a kiosk, a round of ambassadors, or a batch of paper forms. Results are labelled with it."""

    __tablename__ = "survey_entrance"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    """The letters of the open address"""
    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    """A `Channel` other than the personal link"""
    label: Mapped[str] = mapped_column(Text)
    """Where it hangs or stands: «پارک شهر»"""
    asks_phone: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """One response per confirmed phone"""
    response_limit: Mapped[int | None] = mapped_column(Integer)
    collector_limit: Mapped[int | None] = mapped_column(Integer)
    device_limit: Mapped[int | None] = mapped_column(Integer)
    response_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('open', 'kiosk', 'collector', 'paper')", name="kind_known"),
        CheckConstraint("response_limit > 0 AND collector_limit > 0 AND device_limit > 0", name="limits_positive"),
        CheckConstraint("kind = 'open' OR NOT asks_phone", name="only_open_links_ask_phones"),
    )


class EntranceCount(Model):
    """How many responses one collector, device or phone has given through an entrance, held against its ceilings."""

    __tablename__ = "survey_entrance_count"

    entrance_id: Mapped[int] = mapped_column(ForeignKey("survey_entrance.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    """collector:ID, also with a day of Tehran, or device: with a keyed digest"""
    response_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class EntranceTurn(Model):
    """One person's turn at an entrance of a confidential survey: it ends in one response, however often it is sent off.

    Anonymous surveys write none: there the seal itself knows that a turn is over.
    """

    __tablename__ = "survey_entrance_turn"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Keyed, of what the browser holds"""
    entrance_id: Mapped[int] = mapped_column(ForeignKey("survey_entrance.id", ondelete="CASCADE"), index=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"), unique=True)
    number: Mapped[int] = mapped_column(Integer)
    """The running number within the entrance; on a paper form it is written on the sheet. A correction keeps that of what it corrects."""
    corrects: Mapped[int | None] = mapped_column(ForeignKey("response.id", ondelete="SET NULL"), unique=True)
    """The response this one stands for now: that one is excluded"""


class EntrancePhone(Model):
    """A phone that has confirmed itself for an open link: its one right to answer."""

    __tablename__ = "survey_entrance_phone"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Keyed, for this survey alone"""
    code_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempt_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    asked_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Codes sent since `asked_since`"""
    asked_since: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    """When the newest code was sent"""
    ticket_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of what the browser holds once the code was right"""
    answered: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")

    __table_args__ = (UniqueConstraint("survey_id", "ticket_digest"),)
