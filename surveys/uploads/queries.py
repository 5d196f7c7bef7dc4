"""What is known of citizens' files."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engage.db import db
from engage.vault import vault
from surveys.definitions import Definition
from surveys.models import ResponseUpload
from surveys.uploads.files import read_file

KEY_CONTEXT = "response_upload:{}"


@dataclass(frozen=True)
class FoundUpload:
    """One file and what it belongs to. `response_id` is None until its answers are sent."""

    id: int
    slug: str
    survey_id: int
    question_id: str
    response_id: int | None
    media_type: str
    size_bytes: int
    created_at: datetime


def find_upload(slug: str) -> FoundUpload | None:
    row = db.session.execute(select(ResponseUpload).where(ResponseUpload.slug == slug)).scalar_one_or_none()
    if row is None:
        return None
    return FoundUpload(row.id, row.slug, row.survey_id, row.question_id, row.response_id, row.media_type, row.size_bytes, row.created_at)


def open_upload(slug: str) -> bytes:
    """The file's content. Refused: "upload_unreadable", "keys_do_not_fit". LookupError: there is no such file."""
    row = db.session.execute(select(ResponseUpload).where(ResponseUpload.slug == slug)).scalar_one_or_none()
    if row is None:
        raise LookupError(slug)
    key = base64.b64decode(vault().decrypt(row.key_cipher, KEY_CONTEXT.format(row.id)))
    return read_file(row.stored_name, key)


def slugs_in(definition: Definition, document: Mapping[str, Any]) -> dict[str, str]:
    """Slug → question id, of the files these answers name."""
    return {
        slug: question.id
        for question in definition.questions
        if question.takes_files and isinstance(slug := document.get(question.id), str)
    }


def missing_uploads(survey_id: int, definition: Definition, document: Mapping[str, Any]) -> set[str]:
    """The questions whose named file isn't there to be had: never sent, swept away, or another answer's. For AnswerProblem("file_unknown")."""
    wanted = slugs_in(definition, document)
    if not wanted:
        return set()
    found = db.session.execute(
        select(ResponseUpload.slug, ResponseUpload.question_id).where(
            ResponseUpload.slug.in_(wanted), ResponseUpload.survey_id == survey_id, ResponseUpload.response_id.is_(None)
        )
    ).all()
    free = {(slug, question_id) for slug, question_id in found}
    return {question_id for slug, question_id in wanted.items() if (slug, question_id) not in free}
