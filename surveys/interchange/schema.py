"""The JSON Schema of our own format, made from the types that read it, so that it can't say anything else."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from surveys.definitions import FORMAT, Definition

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


@cache
def _schema() -> bytes:
    (head,), parts = msgspec.json.schema_components((Definition,), ref_template="#/$defs/{name}")
    told: dict[str, Any] = {
        "$schema": SCHEMA,
        "$id": f"urn:engage:survey-definition:{FORMAT}",
        "title": f"Engage survey, format {FORMAT}",
        "description": "A survey as `engage surveys export` writes it and `engage surveys import` reads it.",
        **head,
        "$defs": parts,
    }
    return msgspec.json.encode(told)


def definition_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a survey's definition. What is against it is refused; ids, lengths and logic are checked beyond it."""
    told: dict[str, Any] = msgspec.json.decode(_schema())
    return told
