"""Numbers, and what a unit knows of the people behind them.

A number is not a person: `phone_identity` is global and carries what holds for the number (suppression, reach, the frequency of
texts), `contact` is what one unit knows of whoever answers it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class PhoneIdentity(Model):
    """One mobile number in the world. The number itself is only here, encrypted (context "phone_identity:<id>")."""

    __tablename__ = "phone_identity"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    blind_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    phone_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    suppressed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Mirror of the `suppression` row of this number, so that a claim checks it without an HMAC."""
    blind_index_next: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    """The same number under the next index key while that key is being rotated; null at all other times."""
    failing_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Texts in a row that did not reach the number; the first that does sets it back to 0."""
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reach: Mapped[str] = mapped_column(Text, default="", server_default="")
    """"" while texts arrive, "suspect" («مشکوک») or "unreachable" after repeated non-delivery."""
    reach_checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """An officer checked the number: what failed before counts no more."""
    last_texted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    erase_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Somebody was erased while a list was being written: the row goes as soon as no writer can be about to use it."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_phone_identity_suppressed", "id", postgresql_where=suppressed_at.isnot(None)),
        Index("ix_phone_identity_erase", "id", postgresql_where=erase_at.isnot(None)),
        Index("ix_phone_identity_reach", "id", postgresql_where=reach != ""),
        Index("ix_phone_identity_failing", "id", postgresql_where=failing_count > 0),
        CheckConstraint("reach IN ('', 'suspect', 'unreachable')", name="reach_known"),
    )


class Suppression(Model):
    """Never text this number again, for any unit, line or purpose. Keyed by an HMAC, so it outlives erasure."""

    __tablename__ = "suppression"

    number_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    """sms, page, officer, operator, dispute"""
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    key_version: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    """The last of the suppression keys this hash went through"""
    is_wrapped: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """While that key is being rotated: the same opt-out stands under the next version, too."""


class Contact(Model):
    """What one unit knows of whoever answers this number."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    identity_id: Mapped[int] = mapped_column(ForeignKey("phone_identity.id"), nullable=True)
    """Null, against the type, once the number has changed hands: the person is closed and no longer leads to or from a number, so
    that whatever joins the two tables passes them over, and the number may join afresh as somebody else."""
    former_identity_id: Mapped[int | None] = mapped_column(ForeignKey("phone_identity.id", ondelete="SET NULL"))
    """Of a closed person, the number that was theirs: old lists must not bring them back under it."""
    pseudonym: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """16 random bytes under which the consent ledger knows this person; erasure deletes the only place that links them."""
    first_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    last_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    neighbourhood: Mapped[str] = mapped_column(Text, default="", server_default="")
    gender: Mapped[str] = mapped_column(Text, default="", server_default="")
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    """Jalali"""
    language: Mapped[str] = mapped_column(Text, default="", server_default="")
    """ISO 639-1 code of the language somebody wants to be written to in; "" is the office's own"""
    tag_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), default=list, server_default="{}")
    """Ids of `contact_tag` rows of this unit or one above it, ascending"""
    custom: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Key of a `custom_field` → its value as JSON: text, number, ISO date, choice, or true/false; blanks are absent"""
    search_key: Mapped[str] = mapped_column(Text, default="", server_default="")
    sort_key: Mapped[str] = mapped_column(Text(collation="C"), default="", server_default="")
    """Family name first, in the order of the Persian alphabet by code points."""
    is_shared: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    """Lists gave this number other names, too: see `contact_alias`."""
    reassigned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """«این پیامک برای من نیست»: the number has changed hands; what follows no longer speaks of this person."""
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        # The number first: "who has this number" needs no index of its own then.
        UniqueConstraint("identity_id", "unit_id"),
        Index("ix_contact_former_identity", "former_identity_id", postgresql_where=text("former_identity_id IS NOT NULL")),
        Index("ix_contact_sorted", "unit_id", "sort_key", "id"),
        # A name is found by the beginnings of its words in any order. Not pg_trgm: it is an extension, and blind to Persian where the
        # database's locale is C. The long pending list lets an import append without merging every few thousand names.
        Index(
            "ix_contact_name_words",
            text("array_to_tsvector(string_to_array(search_key, ' '::text))"),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": "32768"},
        ),
        Index("ix_contact_neighbourhood", "unit_id", "neighbourhood"),
        Index("ix_contact_tags", "tag_ids", postgresql_using="gin", postgresql_where=text("tag_ids <> '{}'")),
        Index("ix_contact_custom", "custom", postgresql_using="gin", postgresql_where=text("custom <> '{}'"), postgresql_ops={"custom": "jsonb_path_ops"}),
        CheckConstraint("identity_id IS NOT NULL OR reassigned_at IS NOT NULL", name="closed_or_numbered"),
        CheckConstraint("gender IN ('', 'female', 'male')", name="gender_known"),
        CheckConstraint("birth_year BETWEEN 1250 AND 1500", name="birth_year_jalali"),
    )


class ContactAlias(Model):
    """A further name a list gave for a number the unit already knew under another one. Shown, never thrown away, never texted."""

    __tablename__ = "contact_alias"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("contact_import.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("contact_id", "name_key"),)
