"""Imported lists, what they changed, and what the office decided about their columns and values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engage.db import Model, UTCDateTime


class ContactImport(Model):
    """One uploaded list, from upload to summary."""

    __tablename__ = "contact_import"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    file_name: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    stored_name: Mapped[str] = mapped_column(Text)
    """Name below <data>/uploads, never built from what the browser sent; empty for a list the command line read where it lay.
    Rows that were previewed or rejected lie beside it in files, not here: they hold numbers, and go when the upload goes."""
    state: Mapped[str] = mapped_column(Text)
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    """Per column of the file: its header, some masked values, and the field guessed for it."""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """Position of a column, as a string → field"""
    sheet: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Name of the chosen sheet of a workbook"""
    header_row: Mapped[int | None] = mapped_column(Integer)
    """Row of the header in the file, 0 when there is none, null as recognised"""
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """Field → {search key of a value in the file → value that is stored}, decided in the wizard"""
    purpose: Mapped[str | None] = mapped_column(ForeignKey("purpose.key"))
    basis: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text, default="", server_default="")
    row_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    done_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """The six numbers whose sum is the rows (created, updated, unchanged, duplicates, rejected, suppressed), and
    `reasons` and `warnings`: code → how many."""
    failure: Mapped[str | None] = mapped_column(Text)
    held_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Too many disputes: the consents this list brought are not acted on."""
    hold_lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """An admin let the list go on; only disputes after this moment count towards holding it again."""
    hold_ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """An admin decided that every consent the list brought ends; a job withdraws them one by one."""
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    file_deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_contact_import_waiting", "id", postgresql_where=state.in_(("checking", "queued", "running", "undoing"))),
        Index("ix_contact_import_held", "id", postgresql_where=held_at.isnot(None)),
        Index("ix_contact_import_ended", "id", postgresql_where=hold_ended_at.isnot(None)),
        Index("ix_contact_import_files", "created_at", postgresql_where=file_deleted_at.is_(None)),
    )


class ImportChange(Model):
    """What a contact known before was like when a list changed it; undoing the import puts it back."""

    __tablename__ = "import_before"

    import_id: Mapped[int] = mapped_column(ForeignKey("contact_import.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, index=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Only fields the list changed"""


class RememberedMapping(Model):
    """How an office mapped the columns of a file shape (its headers) the last time."""

    __tablename__ = "remembered_mapping"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    shape: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the normalised headers in their order"""
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    used_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("unit_id", "shape"),)


class RememberedValue(Model):
    """How an office read a spelling of a value: «محله سنگلج» is «سنگلج»."""

    __tablename__ = "remembered_value"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    field: Mapped[str] = mapped_column(Text)
    value_key: Mapped[str] = mapped_column(Text)
    """Search key of what stands in a file"""
    value: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("unit_id", "field", "value_key"),)
