"""Whom a personal link was sent to, told by the rooms that make links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from sqlalchemy import select

from contacts.models import Contact
from engage.db import db

_NAME = "engage_link_readers"


@dataclass(frozen=True)
class LinkHolder:
    """Who a link was sent to, and on behalf of which unit."""

    identity_id: int
    unit_id: int
    office_name: str


LinkReader = Callable[[str], LinkHolder | None]
"""The letters of a link → its holder; None for letters that lead nowhere, and for links that no longer speak for anybody."""


def install(app: Flask) -> None:
    app.extensions[_NAME] = []


def register_link_reader(app: Flask, reader: LinkReader) -> None:
    """Let holders of these links set what they receive without a code."""
    app.extensions[_NAME].append(reader)


def holder_of_link(token: str) -> LinkHolder | None:
    """The first holder any room knows for these letters."""
    readers: list[LinkReader] = current_app.extensions[_NAME]
    return next((found for reader in readers if (found := reader(token)) is not None), None)


def contact_of_link(holder: LinkHolder) -> int | None:
    """The contact a link speaks of: that of the unit it was sent for, as long as the number is still theirs."""
    return db.session.scalar(
        select(Contact.id).where(
            Contact.identity_id == holder.identity_id, Contact.unit_id == holder.unit_id, Contact.reassigned_at.is_(None)
        )
    )
