"""Answers that may be compared but never read: national ids become keyed digests before anything is stored or carried along."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from engage.vault import vault
from surveys.definitions import Definition
from surveys.documents import document_of, split_by_question


def protected_document(definition: Definition, document: Mapping[str, Any], protect: Callable[[str], str]) -> dict[str, Any]:
    """The document as it may be stored; the same order, and nothing changes the second time. Pure.

    Entries of questions the definition doesn't have are left out.
    """
    known = {question.id: question for question in definition.questions}
    found: dict[str, Any] = {}
    for question_id, entries in split_by_question(document).items():
        if question_id in known:
            found |= document_of(question_id, known[question_id].protected(entries, protect))
    return found


def keyed_digest(text: str) -> str:
    """32 hexadecimal digits, the same for the same text in all surveys of this installation, worthless without its key."""
    key = vault().derive_secret("survey answers that are compared")
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()[:32]


def protect(definition: Definition, document: Mapping[str, Any]) -> dict[str, Any]:
    """`protected_document` with this installation's key. Call it before storing a response or a draft, and before sealing."""
    return protected_document(definition, document, keyed_digest)
