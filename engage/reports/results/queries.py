"""Public results as the console and the public read them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select

from engage.db import db
from engage.reports.results.models import ResultsPublication
from engage.reports.results.snapshot import PublicResults, restore
from surveys.queries import get_survey_facts, list_surveys


@dataclass(frozen=True)
class Publication:
    """`figures` are those the public reads; None before the first publication."""

    survey_id: int
    state: str
    headline: str
    intro: str
    left_out: tuple[str, ...]
    figures: PublicResults | None
    revision: int
    published_at: datetime | None
    changed_at: datetime
    withdrawn_reason: str

    @property
    def is_public(self) -> bool:
        return self.state == "published"

    @property
    def version(self) -> str:
        """Another one whenever the public reads anything else."""
        return f"{self.survey_id}-{self.revision}-{self.changed_at.timestamp():.6f}"


_COLUMNS = [getattr(ResultsPublication, name) for name in Publication.__dataclass_fields__]


def publication_of(survey_id: int) -> Publication | None:
    """None where nobody has written or published anything."""
    row = db.session.execute(select(*_COLUMNS).where(ResultsPublication.survey_id == survey_id)).mappings().first()
    return None if row is None else _publication(row)


def _publication(row: RowMapping) -> Publication:
    values = dict(row)
    figures = values.pop("figures")
    return Publication(**values | {"left_out": tuple(values["left_out"]), "figures": None if figures is None else restore(figures)})


@dataclass(frozen=True)
class PublicLine:
    """One line of an office's list of results."""

    slug: str
    headline: str
    published_at: datetime


def published_by(unit_ids: Collection[int], *, limit: int = 100) -> list[PublicLine]:
    """What these units have published, the newest first."""
    surveys = {each.id: each.slug for each in list_surveys(unit_ids) if each.state != "draft"}
    rows = db.session.execute(
        select(ResultsPublication.survey_id, ResultsPublication.headline, ResultsPublication.published_at)
        .where(ResultsPublication.state == "published", ResultsPublication.survey_id.in_(surveys))
        .order_by(ResultsPublication.published_at.desc())
        .limit(limit)
    )
    return [PublicLine(surveys[survey_id], headline, at) for survey_id, headline, at in rows]


def results_path(survey_id: int, slug: str) -> str | None:
    """Where closed links lead: a path of this site, or None while nothing is published."""
    found = db.session.execute(select(ResultsPublication.state).where(ResultsPublication.survey_id == survey_id)).scalar_one_or_none()
    return f"/results/{slug}" if found in ("published", "withdrawn") and get_survey_facts(survey_id) is not None else None
