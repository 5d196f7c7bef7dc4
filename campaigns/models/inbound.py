"""What citizens write to our lines, the case an office answers it in, and the words that are answered by themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, SmallInteger, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class InboundMessage(Model):
    """A text a citizen sent to one of our lines. Number and words are encrypted (context "inbound_message:<gateway id>")."""

    __tablename__ = "inbound_message"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    gateway_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    line: Mapped[str] = mapped_column(Text)
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("phone_identity.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_case.id"), index=True)
    sender_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    text_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str | None] = mapped_column(Text)
    """stop, rejoin, confirm, yes, keyword, talk (part of a conversation; its words aren't kept), other, flood (more than a person writes),
    foreign (not from a mobile); null until handled"""
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_inbound_message_open", "id", postgresql_where=handled_at.is_(None)),)


class InboundCase(Model):
    """All a number wrote to a unit and was answered: one thread, opened again whenever the citizen writes again."""

    __tablename__ = "inbound_case"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("phone_identity.id"), index=True)
    line: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The line the citizen wrote to last"""
    state: Mapped[str] = mapped_column(Text, default="open", server_default="open")
    """open: the office has to answer; waiting: the citizen was answered; closed"""
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    topic: Mapped[str] = mapped_column(Text, default="", server_default="")
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """An answer is due by then; null while nobody waits for one"""
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("unit_id", "identity_id"),
        CheckConstraint("state IN ('open', 'waiting', 'closed')", name="state_known"),
        Index("ix_inbound_case_open", "unit_id", "due_at", postgresql_where=sql("state = 'open'")),
        Index("ix_inbound_case_recent", "unit_id", "last_at"),
    )


class CaseReply(Model):
    """A text the office sent in a case. Its words are encrypted (context "case_reply:<id>")."""

    __tablename__ = "case_reply"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("inbound_case.id"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    """reply, closing; by itself: keyword, off_hours"""
    text_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    """Null: sent by itself"""
    text_id: Mapped[int] = mapped_column(BigInteger)
    """Of the single text that carries it, which is forgotten a month after it was settled"""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (CheckConstraint("kind IN ('reply', 'closing', 'keyword', 'off_hours')", name="kind_known"),)


class InboundKeyword(Model):
    """A word that, sent alone to a line, is acted upon at once. Stop words, 12 and 1 can't be one."""

    __tablename__ = "inbound_keyword"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    line: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Empty: on every line"""
    word: Mapped[str] = mapped_column(Text)
    """As `engage.persian.sms_word` spells it"""
    label: Mapped[str] = mapped_column(Text)
    """As it was typed"""
    action: Mapped[str] = mapped_column(Text)
    """survey: the citizen's own link; conversation: its questions by text; reply: a fixed text; route: to a unit and perhaps an officer"""
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("survey.id"), index=True)
    text: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What is answered: before the link, or alone; may be empty where a case is only routed"""
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    to_user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("line", "word"),
        CheckConstraint("action IN ('survey', 'reply', 'route', 'conversation')", name="action_known"),
        CheckConstraint(
            "(action NOT IN ('survey', 'conversation') OR survey_id IS NOT NULL) AND (action <> 'reply' OR text <> '') AND (action <> 'route' OR to_unit_id IS NOT NULL)",
            name="action_complete",
        ),
    )


class InboxSetting(Model):
    """When an office answers, by when, and what is said meanwhile; units below without a row of their own have the same."""

    __tablename__ = "inbox_setting"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    due_days: Mapped[int] = mapped_column(SmallInteger, default=2, server_default="2")
    """Working days within which a citizen is answered"""
    opens: Mapped[int] = mapped_column(SmallInteger, default=450, server_default="450")
    closes: Mapped[int] = mapped_column(SmallInteger, default=870, server_default="870")
    """Office hours in minutes of Tehran's day"""
    work_days: Mapped[int] = mapped_column(SmallInteger, default=31, server_default="31")
    """Bits of the Iranian week: 1 is Saturday, 64 Friday"""
    answers_off_hours: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    off_hours_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Empty: the words of `campaigns.inbox.rules.OFF_HOURS_TEXT`"""

    __table_args__ = (
        CheckConstraint("due_days BETWEEN 1 AND 30", name="due_days_bounded"),
        CheckConstraint("opens >= 0 AND closes <= 1440 AND opens < closes", name="hours_ordered"),
        CheckConstraint("work_days BETWEEN 1 AND 127", name="work_days_known"),
    )
