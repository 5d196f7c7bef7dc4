"""Sentences of refusals and audit entries to citizens at the door."""

from __future__ import annotations

from typing import Any

REFUSALS: dict[str, Any] = {}

AUDIT_LABELS: dict[str, Any] = {}
