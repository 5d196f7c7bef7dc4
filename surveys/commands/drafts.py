"""Drafts: made, saved without overwriting a colleague, taken back, imported."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Integer, delete, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engage.clock import now
from engage.db import UTCDateTime, db, transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from surveys import rules
from surveys.definitions import Definition, DefinitionProblem, check, dump, gaps, load, load_text
from surveys.models import DraftSave, Survey

KEPT_SAVES = 100
"""So many steps back are kept of a draft."""

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def create_survey(unit_id: int, title: str, definition: Definition | Mapping[str, Any] | None = None, *, actor_id: int | None) -> int:
    """A new draft of this unit exists; returns its id. `title` wins over the definition's own.

    Refused: "survey_without_title", or the code of what is wrong with the definition.
    """
    wanted = _accepted(definition) if definition is not None else Definition(title=title)
    title = title.strip()
    if not title:
        raise Refused("survey_without_title")
    wanted = _accepted(msgspec.structs.replace(wanted, title=title))
    with transaction() as session:
        survey_id: int = session.execute(
            insert(Survey)
            .values(
                slug="".join(secrets.choice(_LETTERS) for _ in range(10)),
                unit_id=unit_id,
                title=title,
                state=rules.DRAFT,
                draft=dump(wanted),
                created_by=actor_id,
                created_at=now(),
            )
            .returning(Survey.id)
        ).scalar_one()
        record_audit("survey_created", unit_id=unit_id, object_type="survey", object_id=survey_id, detail={"title": title}, actor_id=actor_id)
    return survey_id


def save_draft(survey_id: int, definition: Definition | Mapping[str, Any], revision: int, *, actor_id: int | None) -> int:
    """The draft is this definition, unless someone saved another since `revision`; returns the new revision.

    Refused: "draft_changed" when someone did, "survey_not_found", or the code of what is wrong with the definition.
    """
    accepted = _accepted(definition)
    return _replace_draft(survey_id, dump(accepted), accepted.title, revision, actor_id)


def undo_last_save(survey_id: int, revision: int, *, actor_id: int | None) -> int:
    """The draft is what it was before the save that made `revision`; saying it twice changes it back. Returns the new revision.

    Refused: "draft_changed" when something was saved since, "nothing_to_undo".
    """
    earlier = select(DraftSave.definition).where(DraftSave.survey_id == survey_id, DraftSave.revision == revision - 1)
    previous = db.session.execute(earlier).scalar_one_or_none()
    if previous is None:
        raise Refused("nothing_to_undo")
    return _replace_draft(survey_id, previous, str(previous["title"]), revision, actor_id)


def _replace_draft(survey_id: int, draft: dict[str, Any], title: str, revision: int, actor_id: int | None) -> int:
    with transaction() as session:
        kept = select(Survey.id, Survey.draft_revision, Survey.draft, literal(actor_id, Integer), literal(now(), UTCDateTime)).where(
            Survey.id == survey_id, Survey.draft_revision == revision
        )
        columns = ("survey_id", "revision", "definition", "saved_by", "saved_at")
        session.execute(upsert(DraftSave).from_select(columns, kept).on_conflict_do_nothing())
        session.execute(delete(DraftSave).where(DraftSave.survey_id == survey_id, DraftSave.revision <= revision - KEPT_SAVES))
        saved = session.execute(
            update(Survey)
            .where(Survey.id == survey_id, Survey.draft_revision == revision)
            .values(draft=draft, title=title.strip() or Survey.title, draft_revision=revision + 1)
            .returning(Survey.unit_id)
        ).first()
        if saved is None:
            known = session.execute(select(Survey.id).where(Survey.id == survey_id)).first()
            raise Refused("draft_changed" if known else "survey_not_found")
        record_audit(
            "survey_draft_saved",
            unit_id=saved.unit_id,
            object_type="survey",
            object_id=survey_id,
            detail={"title": title, "revision": revision + 1},
            actor_id=actor_id,
        )
    return revision + 1


def import_definition(unit_id: int, content: str | bytes, *, actor_id: int | None) -> int:
    """A draft from a JSON file's content exists; returns the survey's id. Only what could be published as it is comes in.

    Refused: "definition_not_json", "definition_malformed", "survey_has_no_question", "survey_incomplete" and the other codes of
    `surveys.definitions`; nothing is written then.
    """
    try:
        definition = load_text(content)
    except DefinitionProblem as problem:
        raise Refused(problem.code, place=problem.place) from None
    missing = gaps(definition)
    if missing:
        first = missing[0]
        if first.number == 0:
            raise Refused(first.code)
        raise Refused("survey_incomplete", number=first.number, gap=first.code)
    return create_survey(unit_id, definition.title, definition, actor_id=actor_id)


def _accepted(definition: Definition | Mapping[str, Any]) -> Definition:
    try:
        if isinstance(definition, Definition):
            check(definition)
            return definition
        return load(definition)
    except DefinitionProblem as problem:
        raise Refused(problem.code, place=problem.place) from None
