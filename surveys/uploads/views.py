"""A citizen's file for the officer who reads the answers: saved, never shown as a page of this site."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.guard import authorize, guarded
from engage.identity.rules import Permission
from surveys import queries
from surveys.uploads.kinds import SUFFIXES
from surveys.uploads.queries import find_upload, open_upload

blueprint = Blueprint("survey_uploads", __name__, url_prefix="/console/surveys")


@blueprint.get("/<slug>/files/<upload>")
@guarded(Permission.SURVEYS_EDIT)
def download(slug: str, upload: str) -> ResponseReturnValue:
    survey = queries.find_survey(slug)
    if survey is None:
        abort(404)
    authorize(Permission.SURVEYS_EDIT, survey.unit_id)
    found = find_upload(upload)
    if found is None or found.survey_id != survey.id or found.response_id is None:
        abort(404)
    content = open_upload(found.slug)
    with transaction():
        record_audit(
            "survey_file_opened",
            unit_id=survey.unit_id,
            object_type="survey",
            object_id=survey.id,
            detail={"title": survey.title, "file": found.id},
        )
    return Response(
        content,
        headers={
            "Content-Type": found.media_type,
            "Content-Disposition": f'attachment; filename="file-{found.id}{SUFFIXES[found.media_type]}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
