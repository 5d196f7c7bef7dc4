"""Who waits for whom: answers being taken share the gate of their survey; moving and breaking the seal are one at a time."""

from __future__ import annotations

SHARE_GATE = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
TRY_MOVER = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def gate_name(survey_id: int) -> str:
    return f"engage seal {survey_id}: gate"


def limit_name(survey_id: int) -> str:
    """Where only so many answers are wanted, they are counted one after the other."""
    return f"engage seal {survey_id}: limit"


def mover_name(survey_id: int) -> str:
    return f"engage seal {survey_id}: mover"
