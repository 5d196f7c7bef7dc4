"""Links to a report for people without an account."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now, today_in_tehran
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.content import Report, restore, store
from engage.reports.sharing.models import ReportLink, ReportShared
from engage.reports.sharing.rules import MOST_LABEL, link_expiry, moves_on, read_sections
from engage.vault import TOKEN_ALPHABET, TOKEN_LENGTH, vault


def link_digest(token: str) -> bytes:
    """32 bytes by which a link is looked up: HMAC-SHA256 under a key of its own, which outlives rotations of the citizens' links."""
    return hmac.digest(bytes.fromhex(vault().derive_secret("report links")), token.encode(), "sha256")


def make_link(report: Report, label: str, sections: Iterable[str], days: int, *, actor_id: int | None) -> str:
    """A new link's letters, told this once and stored nowhere: only their keyed digest is.

    Refused: "link_label_missing", "link_sections_missing", "link_days_invalid" (most).
    """
    label = " ".join(label.split())[:MOST_LABEL]
    if not label:
        raise Refused("link_label_missing")
    chosen, at = read_sections(sections), now()
    expires_at = link_expiry(days, at)
    token = "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(TOKEN_LENGTH))
    with transaction() as session:
        session.add(
            ReportLink(
                survey_id=report.survey_id,
                label=label,
                token_digest=link_digest(token),
                sections=[str(each) for each in chosen],
                expires_at=expires_at,
                created_by=actor_id,
                created_at=at,
            )
        )
        record_audit(
            "report_link_made",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=report.survey_id,
            actor_id=actor_id,
            detail={"title": report.title, "label": label},
        )
    return token


def revoke_link(survey_id: int, link_id: int, *, title: str, unit_id: int, actor_id: int | None) -> None:
    """From now on its letters lead nowhere. Doing it twice is doing it once. Refused("link_unknown")."""
    with transaction() as session:
        link = session.get(ReportLink, link_id, with_for_update=True, populate_existing=True)
        if link is None or link.survey_id != survey_id:
            raise Refused("link_unknown")
        if link.revoked_at is not None:
            return
        link.revoked_at = now()
        record_audit(
            "report_link_revoked",
            unit_id=unit_id,
            object_type="survey",
            object_id=survey_id,
            actor_id=actor_id,
            detail={"title": title, "label": link.label},
        )


def note_opened(link_id: int) -> None:
    """One more look, known by its day alone."""
    with transaction() as session:
        session.execute(
            update(ReportLink)
            .where(ReportLink.id == link_id)
            .values(opened_count=ReportLink.opened_count + 1, last_opened_on=today_in_tehran().date())
        )


def refresh_shared(report: Report) -> None:
    """The shared figures are today's, if they may move on (`rules.moves_on`); else they stay. Of two at once one is kept."""
    with transaction() as session:
        row = session.get(ReportShared, report.survey_id, with_for_update=True, populate_existing=True)
        shared = row.answers if row is not None and _is_readable(row.content) else None
        if not moves_on(shared, report.answers):
            return
        values = {"answers": report.answers, "content": store(report.content), "computed_at": report.computed_at}
        if row is None:
            session.execute(insert(ReportShared).values(survey_id=report.survey_id, **values).on_conflict_do_nothing())
        else:
            session.execute(update(ReportShared).where(ReportShared.survey_id == report.survey_id).values(**values))


def _is_readable(content: dict[str, Any]) -> bool:
    """Whether this release counts as the one did that stored it."""
    try:
        restore(content)
    except msgspec.ValidationError:
        return False
    return True
