"""Sentences of this room's refusals and audit entries, one file per subject."""

from __future__ import annotations

from typing import Any

from contacts.labels import citizens, consent, imports, keeping, people, segments

_ALL = (imports, people, consent, citizens, segments, keeping)

REFUSALS: dict[str, Any] = {code: sentence for part in _ALL for code, sentence in part.REFUSALS.items()}
AUDIT_LABELS: dict[str, Any] = {action: sentence for part in _ALL for action, sentence in part.AUDIT_LABELS.items()}
