"""A citizen's file is stored, belongs to a response, and is swept away when it never does."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import IO, Any

from sqlalchemy import delete, insert, select, text, update

from engage.clock import now
from engage.db import transaction
from engage.vault import vault
from surveys.definitions import Definition
from surveys.models import ResponseUpload
from surveys.types import AnswerProblem, Upload
from surveys.uploads import files
from surveys.uploads.holding import check_room, holder_mark, left_by, lock_unit
from surveys.uploads.kinds import ENOUGH, media_type_of
from surveys.uploads.metadata import without_metadata
from surveys.uploads.queries import KEY_CONTEXT, slugs_in

KEPT_LOOSE = timedelta(days=3)
"""So long an answer may be under way after its file came in"""
_ORPHANED_AFTER = 3600.0


class FilesGone(Exception):
    """A file that an answer names can't be had any more: the transaction that was to store the answer is given up."""


def store_upload(survey_id: int, question: Upload, stream: IO[bytes], *, holder: str) -> str:
    """The file is kept, encrypted, and the slug is the answer to the question; until a response claims it, for three days.

    `holder` is whoever has the right to answer (`surveys.uploads.holding`): a file they left unsent for the same question before is gone,
    and what else they left is bounded, as is what lies unsent in the whole unit. Photos lose the place and whatever else phones write
    beside the picture. AnswerProblem: "file_empty", "file_too_large", "file_kind" (by the content alone), "files_many" (the holder's
    bound), "files_full" (the unit's).
    """
    content = stream.read(question.max_bytes + 1)
    if not content:
        raise AnswerProblem("file_empty")
    if len(content) > question.max_bytes:
        raise AnswerProblem("file_too_large")
    media_type = media_type_of(content[:ENOUGH])
    if media_type not in question.media_types:
        raise AnswerProblem("file_kind")
    content = without_metadata(content, media_type)
    mark = holder_mark(survey_id, holder)
    with transaction() as session:
        check_room(session, survey_id, question.id, mark, len(content))
    stored_name, slug = files.new_name(), mark + secrets.token_urlsafe(16)[len(mark) :]
    key = files.write_file(stored_name, content)
    try:
        with transaction() as session:
            # One after another within a unit, so that many at once don't go beyond its bound together.
            lock_unit(session, survey_id)
            check_room(session, survey_id, question.id, mark, len(content))
            replaced = (
                session.execute(
                    delete(ResponseUpload)
                    .where(*left_by(survey_id, mark), ResponseUpload.question_id == question.id)
                    .returning(ResponseUpload.stored_name)
                )
                .scalars()
                .all()
            )
            upload_id = session.execute(text("SELECT nextval(pg_get_serial_sequence('response_upload', 'id'))")).scalar_one()
            session.execute(
                insert(ResponseUpload).values(
                    id=upload_id,
                    slug=slug,
                    survey_id=survey_id,
                    question_id=question.id,
                    media_type=media_type,
                    size_bytes=len(content),
                    stored_name=stored_name,
                    key_cipher=vault().encrypt(base64.b64encode(key).decode(), KEY_CONTEXT.format(upload_id)),
                    created_at=now(),
                )
            )
    except BaseException:
        files.delete_file(stored_name)
        raise
    for name in replaced:
        files.delete_file(name)
    return slug


def claim_uploads(survey_id: int, response_id: int, definition: Definition, document: Mapping[str, Any]) -> bool:
    """Inside the transaction that stores the response: the files its answers name are the response's.

    False if one isn't there to be had: the caller gives its transaction up then (`FilesGone`), or an answer would name a file in vain.
    Costs nothing where the survey takes no files.
    """
    wanted = slugs_in(definition, document)
    if not wanted:
        return True
    count = 0
    with transaction() as session:
        for slug, question_id in sorted(wanted.items()):
            claimed = session.execute(
                update(ResponseUpload)
                .where(
                    ResponseUpload.slug == slug,
                    ResponseUpload.survey_id == survey_id,
                    ResponseUpload.question_id == question_id,
                    ResponseUpload.response_id.is_(None),
                )
                .values(response_id=response_id)
                .returning(ResponseUpload.id)
            )
            count += len(claimed.all())
    return count == len(wanted)


def delete_loose_uploads() -> int:
    """Files no response claimed in time are gone, and so are files whose row went with an erased response; how many rows went."""
    with transaction() as session:
        gone = session.execute(
            delete(ResponseUpload)
            .where(ResponseUpload.response_id.is_(None), ResponseUpload.created_at < now() - KEPT_LOOSE)
            .returning(ResponseUpload.stored_name)
        ).scalars().all()
    for stored_name in gone:
        files.delete_file(stored_name)
    _delete_orphans()
    return len(gone)


def _delete_orphans() -> None:
    """A file is written before its row: one that is young may still get it."""
    names = files.files_older_than(_ORPHANED_AFTER)
    for start in range(0, len(names), 1000):
        some = names[start : start + 1000]
        with transaction() as session:
            known = set(session.execute(select(ResponseUpload.stored_name).where(ResponseUpload.stored_name.in_(some))).scalars())
        for name in set(some) - known:
            files.delete_named(name)
