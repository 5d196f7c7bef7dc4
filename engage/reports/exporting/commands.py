"""A file is asked for, written in the background, and deleted after a week."""

from __future__ import annotations

import secrets
from typing import BinaryIO

import structlog
from sqlalchemy import delete, func, insert, or_, select, update

from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.jobs import enqueue_after_commit
from engage.refusal import Refused
from engage.reports.commands import refresh_report
from engage.reports.content import Report
from engage.reports.exporting import store
from engage.reports.exporting.models import ReportFile
from engage.reports.exporting.rules import FORGOTTEN, KEPT, LEASE, MOST_WAITING, OPEN_STATES, TRIES, FileState
from engage.reports.queries import report_of
from engage.reports.render import FORMATS
from surveys.queries import get_survey, get_survey_facts

log = structlog.get_logger(__name__)

JOB = "engage.reports.exporting.jobs.write_file"
_ORPHANED_AFTER = 2 * LEASE.total_seconds()


def ask_for_file(survey_id: int, kind: str, *, actor_id: int, whole: bool = False) -> str:
    """The file will be written; its slug. Who asks for the same one again while it waits or is written gets that one.

    Refused: "survey_not_found", "report_suffix_unknown", "report_rows_anonymous", "report_files_many" (count).
    """
    if kind not in FORMATS:
        raise Refused("report_suffix_unknown", suffix=kind, known="، ".join(FORMATS))
    wanted = FORMATS[kind]
    is_whole = whole and wanted.write_whole is not None
    with transaction() as session:
        facts, survey = get_survey_facts(survey_id), get_survey(survey_id)
        if facts is None or survey is None or survey.state == "draft":
            raise Refused("survey_not_found")
        if wanted.has_rows and survey.is_anonymous:
            raise Refused("report_rows_anonymous")
        # One after another for one survey, so that two clicks at once don't make two files.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("report_file"), survey_id)))
        waiting = session.execute(
            select(ReportFile.slug, ReportFile.kind, ReportFile.is_whole, ReportFile.made_by).where(
                ReportFile.survey_id == survey_id, ReportFile.state.in_(OPEN_STATES)
            )
        ).all()
        for slug, *rest in waiting:
            if rest == [kind, is_whole, actor_id]:
                return str(slug)
        if len(waiting) >= MOST_WAITING:
            raise Refused("report_files_many", count=len(waiting))
        slug = secrets.token_urlsafe(16)
        file_id = session.execute(
            insert(ReportFile)
            .values(slug=slug, survey_id=survey_id, kind=kind, is_whole=is_whole, state=FileState.ASKED, made_by=actor_id, asked_at=now())
            .returning(ReportFile.id)
        ).scalar_one()
        record_audit(
            "report_file_asked",
            unit_id=facts.unit_id,
            object_type="survey",
            object_id=survey_id,
            detail={"title": facts.title, "kind": kind},
            actor_id=actor_id,
        )
        enqueue_after_commit("bulk", JOB, file_id)
    return slug


def write_report_file(file_id: int) -> bool:
    """The file lies ready, or its line says why not; False when there was nothing to do: it was written, or another worker writes it.

    The figures are counted anew before. May run twice: every attempt is claimed, and only the one that is still claimed at its end counts.
    """
    claimed = _claim(file_id)
    if claimed is None:
        return False
    survey_id, slug, kind, is_whole, attempt = claimed
    try:
        refresh_report(survey_id, force=True)
        with transaction():
            report = report_of(survey_id)
            size, sha256 = store.write_file(slug, attempt, lambda file: _write(report, kind, file, is_whole=is_whole))
    except Refused as refused:
        _fail(file_id, attempt, refused.code)
        return True
    except OSError as error:
        log.warning("report_file_unwritten", kind=kind, error=type(error).__name__)
        _fail(file_id, attempt, "report_file_crashed")
        return True
    with transaction() as session:
        settled = session.execute(
            update(ReportFile)
            .where(ReportFile.id == file_id, ReportFile.state == FileState.WRITING, ReportFile.attempts == attempt)
            .values(state=FileState.READY, ready_at=now(), bytes=size, sha256=sha256, answers=None if report.is_sealed else report.answers)
            .returning(ReportFile.id)
        ).first()
    if settled is None and get_file_state(file_id) is None:
        store.delete_all_of(slug)  # its survey went meanwhile, and the line with it
    return True


def get_file_state(file_id: int) -> str | None:
    return db.session.execute(select(ReportFile.state).where(ReportFile.id == file_id)).scalar_one_or_none()


def _claim(file_id: int) -> tuple[int, str, str, bool, int] | None:
    """Survey, slug, kind, whether whole, and the number of this attempt; None where nothing is to be done."""
    with transaction() as session:
        is_due = or_(
            ReportFile.state == FileState.ASKED, (ReportFile.state == FileState.WRITING) & (ReportFile.writing_since <= now() - LEASE)
        )
        spent = session.execute(
            update(ReportFile)
            .where(ReportFile.id == file_id, is_due, ReportFile.attempts >= TRIES)
            .values(state=FileState.FAILED, problem="report_file_crashed")
            .returning(ReportFile.id)
        ).first()
        if spent is not None:
            return None
        row = session.execute(
            update(ReportFile)
            .where(ReportFile.id == file_id, is_due)
            .values(state=FileState.WRITING, writing_since=now(), attempts=ReportFile.attempts + 1)
            .returning(ReportFile.survey_id, ReportFile.slug, ReportFile.kind, ReportFile.is_whole, ReportFile.attempts)
        ).first()
        return None if row is None else (row.survey_id, row.slug, row.kind, row.is_whole, row.attempts)


def _write(report: Report, kind: str, file: BinaryIO, *, is_whole: bool) -> None:
    wanted = FORMATS.get(kind)
    if wanted is None:
        raise Refused("report_suffix_unknown", suffix=kind, known="، ".join(FORMATS))
    (wanted.write_whole if is_whole and wanted.write_whole is not None else wanted.write)(report, file)


def _fail(file_id: int, attempt: int, code: str) -> None:
    with transaction() as session:
        session.execute(
            update(ReportFile)
            .where(ReportFile.id == file_id, ReportFile.state == FileState.WRITING, ReportFile.attempts == attempt)
            .values(state=FileState.FAILED, problem=code)
        )


def delete_old_files() -> int:
    """Files ready for a week are gone, and whatever lies there without a line; how many files were deleted."""
    with transaction() as session:
        gone = list(
            session.scalars(
                update(ReportFile)
                .where(ReportFile.state == FileState.READY, ReportFile.ready_at <= now() - KEPT)
                .values(state=FileState.EXPIRED)
                .returning(ReportFile.slug)
            )
        )
        session.execute(
            delete(ReportFile).where(
                ReportFile.state.in_((FileState.EXPIRED, FileState.FAILED)), ReportFile.asked_at <= now() - KEPT - FORGOTTEN
            )
        )
    for slug in gone:
        store.delete_all_of(slug)
    return len(gone) + _delete_orphans()


def _delete_orphans() -> int:
    """A file is written before its line says so: one that is young may still be on its way."""
    slugs = sorted(store.slugs_older_than(_ORPHANED_AFTER))
    count = 0
    for start in range(0, len(slugs), 1000):
        some = slugs[start : start + 1000]
        kept = select(ReportFile.slug).where(ReportFile.slug.in_(some), ReportFile.state.in_((FileState.READY, FileState.WRITING)))
        with transaction() as session:
            known = set(session.scalars(kept))
        for slug in set(some) - known:
            store.delete_all_of(slug)
            count += 1
    return count
