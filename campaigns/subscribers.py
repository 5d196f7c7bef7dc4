"""Reactions of the campaigns room to what happens below it; each is idempotent."""

from __future__ import annotations

from contacts.commands import end_consent_of_reassigned, suppress_identity
from surveys.events import NumberDisowned, OptOutRequested


def suppress_number_on_opt_out(event: OptOutRequested) -> None:
    """«دیگر پیامک نفرستید» on a citizen's page counts like 11 by SMS."""
    suppress_identity(event.identity_id, "page")


def end_consent_on_disowned_number(event: NumberDisowned) -> None:
    """«این پیامک برای من نیست»: the number has changed hands."""
    end_consent_of_reassigned(event.identity_id)
