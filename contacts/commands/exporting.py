"""An export is a decision: numbers leave the house."""

from __future__ import annotations

from contacts.queries.exporting import ExportPlan
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit


def note_export(unit_id: int, plan: ExportPlan, form: str, *, actor_id: Actor = CURRENT) -> None:
    """The audit log says who took how many contacts as what, before the first byte goes out."""
    with transaction():
        record_audit(
            "contacts_exported",
            unit_id=unit_id,
            object_type="contact_export",
            object_id=unit_id,
            detail={"count": plan.count, "format": form},
            actor_id=actor_id,
        )
