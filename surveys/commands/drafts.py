"""Drafts: made, saved without overwriting a colleague, taken back, imported."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.identity.queries import last_audit
from engage.refusal import Refused
from surveys import rules
from surveys.definitions import Definition, DefinitionProblem, Gap, check, dump, gaps, load, load_text
from surveys.history import next_of
from surveys.models import DraftSave, Survey

KEPT_SAVES = 100
"""So many steps back are kept of a draft."""

SESSION = timedelta(minutes=10)
"""So long one officer's saves are one entry of the audit log"""

_DRAFT_ACTIONS = ("survey_draft_saved", "survey_draft_edited", "survey_draft_undone", "survey_draft_redone")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class AuditedDraft:
    """The newest entry about a draft: whose, when, and the revision it told of."""

    actor_id: int | None
    at: datetime
    revision: int


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
        record_audit(
            "survey_created", unit_id=unit_id, object_type="survey", object_id=survey_id, detail={"title": title}, actor_id=actor_id
        )
    return survey_id


def save_draft(survey_id: int, definition: Definition | Mapping[str, Any], revision: int, *, actor_id: int | None) -> int:
    """The draft is this definition, unless someone saved another since `revision`; returns the new revision.

    A definition that is the draft already changes nothing. Refused: "draft_changed" when someone did, "survey_not_found", or the code of
    what is wrong with the definition.
    """
    accepted = _accepted(definition)
    with transaction() as session:
        survey = _locked(session, survey_id, revision)
        draft = dump(accepted)
        if draft == survey.draft:
            return revision
        _keep_present(session, survey)
        session.add(
            DraftSave(
                survey_id=survey_id,
                revision=revision + 1,
                follows=survey.draft_save,
                definition=draft,
                saved_by=actor_id,
                saved_at=now(),
            )
        )
        session.flush()
        newest = select(DraftSave.revision).where(DraftSave.survey_id == survey_id).order_by(DraftSave.revision.desc()).limit(KEPT_SAVES)
        session.execute(delete(DraftSave).where(DraftSave.survey_id == survey_id, DraftSave.revision.not_in(newest)))
        survey.draft_top = revision + 1
        _show(survey, draft, revision + 1, actor_id)
        _audit_save(survey, actor_id)
    return revision + 1


def undo_draft(survey_id: int, revision: int, *, actor_id: int | None) -> int:
    """The draft is what it was before the save it shows; further steps lead further back. Returns the new revision.

    Refused: "draft_changed" when something was saved since, "nothing_to_undo" at the beginning of what is kept.
    """
    with transaction() as session:
        survey = _locked(session, survey_id, revision)
        chain = _chain(session, survey)
        follows = chain.get(survey.draft_save or 0)
        if follows not in chain:
            raise Refused("nothing_to_undo")
        tell_earlier_saves(survey)
        _return_to(session, survey, follows, actor_id)
        _audit("survey_draft_undone", survey, actor_id)
    return revision + 1


def redo_draft(survey_id: int, revision: int, *, actor_id: int | None) -> int:
    """The draft is what it was before it was last undone. Returns the new revision.

    Refused: "draft_changed" when something was saved since, "nothing_to_redo" when nothing is undone.
    """
    with transaction() as session:
        survey = _locked(session, survey_id, revision)
        following = next_of(_chain(session, survey), survey.draft_save, survey.draft_top)
        if following is None:
            raise Refused("nothing_to_redo")
        tell_earlier_saves(survey)
        _return_to(session, survey, following, actor_id)
        _audit("survey_draft_redone", survey, actor_id)
    return revision + 1


def copy_survey(survey_id: int, title: str, *, actor_id: int | None) -> int:
    """A new draft of the same unit has this one's draft under another title; returns its id. Links, answers and dates stay behind.

    Refused: "survey_not_found", "survey_without_title".
    """
    found = db.session.execute(select(Survey.unit_id, Survey.draft).where(Survey.id == survey_id)).first()
    if found is None:
        raise Refused("survey_not_found")
    return create_survey(found.unit_id, title, found.draft, actor_id=actor_id)


def _locked(session: Session, survey_id: int, revision: int) -> Survey:
    survey = session.execute(
        select(Survey).where(Survey.id == survey_id).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if survey is None:
        raise Refused("survey_not_found")
    if survey.draft_revision != revision:
        raise Refused("draft_changed")
    return survey


def _keep_present(session: Session, survey: Survey) -> None:
    """What a survey was made with is a state to return to, too; it is only written down once something else is saved."""
    if survey.draft_save is None:
        session.add(
            DraftSave(
                survey_id=survey.id,
                revision=survey.draft_revision,
                definition=survey.draft,
                saved_by=survey.created_by,
                saved_at=survey.created_at,
            )
        )
        survey.draft_save = survey.draft_revision


def _chain(session: Session, survey: Survey) -> dict[int, int | None]:
    """Every kept save, and the one it was made from."""
    rows = session.execute(select(DraftSave.revision, DraftSave.follows).where(DraftSave.survey_id == survey.id))
    return dict(rows.tuples().all())


def _return_to(session: Session, survey: Survey, save: int | None, actor_id: int | None) -> None:
    wanted = select(DraftSave.definition).where(DraftSave.survey_id == survey.id, DraftSave.revision == save)
    _show(survey, session.execute(wanted).scalar_one(), save, actor_id)


def _show(survey: Survey, draft: dict[str, Any], save: int | None, actor_id: int | None) -> None:
    survey.draft = draft
    survey.title = str(draft["title"]).strip() or survey.title
    survey.draft_save = save
    survey.draft_revision += 1
    survey.draft_saved_by, survey.draft_saved_at = actor_id, now()


def _audit_save(survey: Survey, actor_id: int | None) -> None:
    """The editor saves by itself every few seconds: one officer's saves are one entry in ten minutes, told with their number by the next."""
    last = _last_told(survey.id)
    if last is not None and last.actor_id == actor_id:
        if now() - last.at < SESSION:
            return
        count = survey.draft_revision - last.revision
        if count > 1:
            _audit("survey_draft_edited", survey, actor_id, count=count)
            return
    else:
        tell_earlier_saves(survey, before=survey.draft_revision - 1)
    _audit("survey_draft_saved", survey, actor_id)


def tell_earlier_saves(survey: Survey, *, before: int | None = None) -> None:
    """What an officer saved since their last entry stands in the audit log, before anything else is written there about the draft."""
    last = _last_told(survey.id)
    until = survey.draft_revision if before is None else before
    if last is not None and until > last.revision:
        _audit("survey_draft_edited", survey, last.actor_id, count=until - last.revision, revision=until)


def _last_told(survey_id: int) -> AuditedDraft | None:
    found = last_audit("survey", survey_id, _DRAFT_ACTIONS)
    return None if found is None else AuditedDraft(found.actor_id, found.at, int(found.detail.get("revision", 0)))


def _audit(action: str, survey: Survey, actor_id: int | None, **detail: int) -> None:
    record_audit(
        action,
        unit_id=survey.unit_id,
        object_type="survey",
        object_id=survey.id,
        detail={"title": survey.title, "revision": survey.draft_revision} | detail,
        actor_id=actor_id,
    )


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
        raise incomplete(definition, missing[0])
    return create_survey(unit_id, definition.title, definition, actor_id=actor_id)


def incomplete(definition: Definition, gap: Gap) -> Refused:
    """Why a definition with this gap can't be published, for whoever tried."""
    question = definition.question(gap.question_id)
    if question is None:
        return Refused(gap.code)
    if gap.number:
        return Refused("survey_incomplete", number=gap.number, gap=gap.code)
    return Refused("survey_part_incomplete", name=question.label.strip() or question.id, gap=gap.code)


def _accepted(definition: Definition | Mapping[str, Any]) -> Definition:
    try:
        if isinstance(definition, Definition):
            check(definition)
            return definition
        return load(definition)
    except DefinitionProblem as problem:
        raise Refused(problem.code, place=problem.place) from None
