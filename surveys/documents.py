"""Stored documents are flat: a question's answer lies under its id, the answer to a part `x` of it under `id.x`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_Value = TypeVar("_Value")


def split_by_question(document: Mapping[str, _Value]) -> dict[str, dict[str, _Value]]:
    """Fields of a form, or entries of a stored document, by question and part: `q.x` is the part `x` of `q`, `q` its part ""."""
    found: dict[str, dict[str, _Value]] = {}
    for name, value in document.items():
        question_id, dot, part = name.partition(".")
        found.setdefault(question_id, {})[part or dot] = value
    return found


def document_of(question_id: str, parts: Mapping[str, _Value]) -> dict[str, _Value]:
    """The parts of one question as they stand in a form or a stored document."""
    return {f"{question_id}.{part}" if part else question_id: value for part, value in parts.items()}
