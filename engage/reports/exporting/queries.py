"""Files of a survey as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from engage.clock import now
from engage.config import Settings
from engage.db import db
from engage.identity.queries import user_names
from engage.reports.exporting.models import ReportFile
from engage.reports.exporting.rules import LEASE, OPEN_STATES, FileState, expires_at
from engage.reports.render import FORMATS
from surveys.queries import get_survey

SHOWN = 20


@dataclass(frozen=True)
class FileLine:
    """One file that was asked for."""

    slug: str
    survey_id: int
    kind: str
    is_whole: bool
    state: str
    asked_at: datetime
    asked_by: str
    """Their name; empty where nobody did"""
    ready_at: datetime | None
    answers: int | None
    bytes: int | None
    sha256: str
    problem: str

    @property
    def until(self) -> datetime | None:
        """When it is deleted"""
        return None if self.ready_at is None else expires_at(self.ready_at)

    @property
    def is_under_way(self) -> bool:
        return self.state in OPEN_STATES


def files_of(survey_id: int, *, with_whole: bool) -> list[FileLine]:
    """The last files of a survey, the newest first; those with more than others may see only `with_whole`."""
    wanted = select(ReportFile).where(ReportFile.survey_id == survey_id)
    if not with_whole:
        wanted = wanted.where(ReportFile.is_whole.is_(False))
    found = db.session.scalars(wanted.order_by(ReportFile.id.desc()).limit(SHOWN)).all()
    names = user_names({each.made_by for each in found if each.made_by is not None})
    return [_line(each, names.get(each.made_by or 0, "")) for each in found]


def kinds_for(survey_id: int) -> list[str]:
    """The kinds of files this survey's report can be written as: every one, but of an anonymous survey none with single answers."""
    survey = get_survey(survey_id)
    return [kind for kind, each in FORMATS.items() if survey is not None and not (each.has_rows and survey.is_anonymous)]


def find_file(slug: str) -> FileLine | None:
    found = db.session.scalars(select(ReportFile).where(ReportFile.slug == slug)).first()
    return None if found is None else _line(found, "")


def due_file_ids(settings: Settings) -> list[int]:
    """Files that wait longer than a bell takes, and those a worker has dropped."""
    asked = (ReportFile.state == FileState.ASKED) & (ReportFile.asked_at <= now() - timedelta(seconds=settings.timings.ring_again))
    dropped = (ReportFile.state == FileState.WRITING) & (ReportFile.writing_since <= now() - LEASE)
    return list(db.session.scalars(select(ReportFile.id).where(asked | dropped).order_by(ReportFile.id).limit(50)))


def _line(row: ReportFile, name: str) -> FileLine:
    return FileLine(
        row.slug, row.survey_id, row.kind, row.is_whole, row.state, row.asked_at, name, row.ready_at, row.answers, row.bytes, row.sha256, row.problem
    )  # fmt: skip
