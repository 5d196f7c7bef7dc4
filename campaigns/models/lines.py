"""The lines texts go out on, and the days on which they rest."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class SmsLine(Model):
    """A number of the gateway's that we send from. Workers share its throttle through this row."""

    __tablename__ = "sms_line"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text, default="", server_default="")
    kind: Mapped[str] = mapped_column(Text, default="service", server_default="service")
    """service, or advertising, which doesn't reach everybody and never sends outside 07:00-22:00"""
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    """Whose it is, with the units below; null: everybody's."""
    allows_links: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    has_webhook: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    """Without one, what citizens write to it is asked for."""
    per_second: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    """Texts a second, all workers together; null for no limit."""
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Before this moment nothing more is claimed for the line; moved on by every claim while there is a limit."""
    price_persian: Mapped[int] = mapped_column(Integer, default=1_800, server_default="1800")
    price_latin: Mapped[int] = mapped_column(Integer, default=4_300, server_default="4300")
    """Rials a page"""
    hours: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """{kind of campaign or "*": [start, end]} in minutes of Tehran's day; what isn't named is held back by the campaign's hours alone."""
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    blocked_synced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Up to here the operator's list of those who blocked the line is known."""
    inbound_asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    inbound_kept_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When inbound texts were last asked for, and when the last answer was stored; an asking that was never stored is made up for."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        CheckConstraint("kind IN ('service', 'advertising')", name="kind_known"),
        CheckConstraint("per_second > 0", name="throttle_positive"),
        CheckConstraint("price_persian >= 0 AND price_latin >= 0", name="prices_positive"),
    )


class CalendarDay(Model):
    """A day on which texts rest: on a mourning day no survey is texted, on a holiday only campaigns that may."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    """holiday or mourning; a mourning day counts as a holiday, too"""
    title: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (CheckConstraint("kind IN ('holiday', 'mourning')", name="kind_known"),)
