"""The scripts of citizens' forms: read once, without comments and indentation, and named by its hash for the CSP."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Script:
    """The script and the CSP source expression that allows exactly it."""

    text: str
    source: str


@cache
def script_named(name: str) -> Script:
    """`page`: for the form; `done`: forgets what that one kept, once the server has it."""
    lines = (line.strip() for line in (FOLDER / f"{name}.js").read_text(encoding="utf-8").splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(text, f"'sha256-{digest}'")
