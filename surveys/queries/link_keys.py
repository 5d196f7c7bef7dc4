"""Which versions of the link key still open something."""

from __future__ import annotations

from sqlalchemy import select

from engage.clock import now
from engage.db import db
from surveys.models import Invitation


def live_link_versions() -> set[int]:
    """The versions of the link key under which a link lives that somebody may still open."""
    alive = (Invitation.revoked_at.is_(None), Invitation.expires_at > now())
    return set(db.session.scalars(select(Invitation.key_version).where(*alive).distinct()))
