"""How much may lie unsent: of one citizen, and of a whole unit.

Whoever may answer may send files before the answers: without a bound, one link or one poster would fill the disk.
"""

from __future__ import annotations

import base64
import hmac

from flask import Request, current_app
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from engage.config import Settings
from engage.db import transaction
from engage.vault import vault
from surveys.models import ResponseUpload, Survey
from surveys.types import AnswerProblem

MARK_LENGTH = 8
MOST_FILES = 20
MOST_BYTES = 200 * 1024 * 1024
"""Of one holder, besides the file that comes: ten questions may each ask for the largest file there is"""
LITTLE = 256 * 1024
"""A request of so many bytes is read whatever lies there: it may hold no file at all"""


def holder_mark(survey_id: int, holder: str) -> str:
    """What the names of this holder's files begin with: 48 bits, keyed, of this survey alone, so that a name tells nobody whose it is.

    `holder`: the invitation, or the letters of a turn at an entrance.
    """
    key = bytes.fromhex(vault().derive_secret("surveys: who left a file"))
    digest = hmac.digest(key, b"%d " % survey_id + holder.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode()[:MARK_LENGTH]


def left_by(survey_id: int, mark: str) -> tuple[ColumnElement[bool], ...]:
    """Files of one holder that no response has claimed."""
    return (
        ResponseUpload.response_id.is_(None),
        ResponseUpload.survey_id == survey_id,
        func.left(ResponseUpload.slug, MARK_LENGTH) == mark,
    )


def check_room(session: Session, survey_id: int, question_id: str, mark: str, size: int) -> None:
    """AnswerProblem("files_many" | "files_full") where a file of `size` bytes would go beyond a bound; the one it replaces doesn't count."""
    is_replaced = func.left(ResponseUpload.slug, MARK_LENGTH) == mark, ResponseUpload.question_id == question_id
    count, held = session.execute(
        select(func.count(), func.coalesce(func.sum(ResponseUpload.size_bytes), 0)).where(
            *left_by(survey_id, mark), ResponseUpload.question_id != question_id
        )
    ).one()
    if count >= MOST_FILES or held + size > MOST_BYTES:
        raise AnswerProblem("files_many")
    freed = session.execute(
        select(func.coalesce(func.sum(ResponseUpload.size_bytes), 0)).where(
            ResponseUpload.response_id.is_(None), ResponseUpload.survey_id == survey_id, *is_replaced
        )
    ).scalar_one()
    if _loose_bytes(session, _unit_of(session, survey_id)) - freed + size > _most_in_unit():
        raise AnswerProblem("files_full")


def lock_unit(session: Session, survey_id: int) -> None:
    """Until the transaction ends no other file is added in this survey's unit."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('survey uploads'), :unit)"), {"unit": _unit_of(session, survey_id)})


def is_beyond_reading(request: Request, unit_id: int) -> bool:
    """Whether a form with files is so large that the unit couldn't keep them: by what its head says, before its body is read.

    No statement for a form that brings none.
    """
    length = request.content_length
    if length is None or length <= LITTLE or not (request.content_type or "").startswith("multipart/"):
        return False
    with transaction() as session:
        return _loose_bytes(session, unit_id) + length > _most_in_unit()


def _loose_bytes(session: Session, unit_id: int) -> int:
    return int(
        session.execute(
            select(func.coalesce(func.sum(ResponseUpload.size_bytes), 0))
            .join(Survey, Survey.id == ResponseUpload.survey_id)
            .where(ResponseUpload.response_id.is_(None), Survey.unit_id == unit_id)
        ).scalar_one()
    )


def _unit_of(session: Session, survey_id: int) -> int:
    return int(session.execute(select(Survey.unit_id).where(Survey.id == survey_id)).scalar_one())


def _most_in_unit() -> int:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.unsent_files_mb * 1024 * 1024
