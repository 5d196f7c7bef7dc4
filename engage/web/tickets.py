"""What a page hands to the next one: sealed, for one use, for a while.

A ticket is encrypted, so an address tells nothing about a number, and it opens for its own purpose only.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import timedelta
from typing import Any

from engage.clock import now
from engage.refusal import Refused
from engage.vault import vault


def seal(purpose: str, lasts: timedelta, **values: Any) -> str:
    """Letters for an address or a cookie that hold `values` until `lasts` from now."""
    plain = json.dumps({"until": (now() + lasts).timestamp(), **values})
    return _spell(vault().encrypt(plain, f"ticket:{purpose}"))


def unseal(purpose: str, ticket: str) -> dict[str, Any] | None:
    """What `seal` put in for this purpose; None for anything else, and when its time is over."""
    if not ticket or len(ticket) > 2000:
        return None
    try:
        blob = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
        # The last letter has bits that stand for nothing: one ticket has one spelling all the same.
        if _spell(blob) != ticket:
            return None
        values: dict[str, Any] = json.loads(vault().decrypt(blob, f"ticket:{purpose}"))
    except (Refused, binascii.Error, ValueError):
        return None
    return values if now().timestamp() < values.pop("until", 0) else None


def _spell(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).decode().rstrip("=")
