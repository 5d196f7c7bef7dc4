"""Sentences of refusals and audit entries about keeping, erasing and keys."""

from __future__ import annotations

from typing import Any

REFUSALS: dict[str, Any] = {}

AUDIT_LABELS: dict[str, Any] = {}
