"""Census figures as reports and pages read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from engage.db import db
from engage.persian import format_jalali
from engage.reports.census.models import CensusVersion
from engage.reports.census.rules import AGE, levelled
from engage.statistics.weighting import Margin


@dataclass(frozen=True)
class Margins:
    """What answers are weighted to: `Margin.name` is a dimension's. `dated`: source and day, as reports print it."""

    margins: list[Margin]
    dated: str
    version: int = 0


@dataclass(frozen=True)
class Version:
    id: int
    source: str
    dated_on: date
    margins: Mapping[str, Mapping[str, int]]
    imported_at: datetime
    removed_at: datetime | None


_COLUMNS = [getattr(CensusVersion, name) for name in Version.__dataclass_fields__]


def margins_for(unit_id: int) -> Margins | None:
    """The unit's own figures that hold now; None where it has none. Those of the unit above are of other people."""
    row = db.session.execute(
        select(CensusVersion.id, CensusVersion.source, CensusVersion.dated_on, CensusVersion.margins)
        .where(CensusVersion.unit_id == unit_id, CensusVersion.removed_at.is_(None))
        .order_by(CensusVersion.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    margins = [Margin(name, groups, is_ordered=name == AGE) for name, groups in levelled(row.margins).items()]
    return Margins(margins, f"{row.source}، {format_jalali(row.dated_on)}", row.id)


def versions_of(unit_id: int) -> list[Version]:
    """All imports, the newest first."""
    rows = db.session.execute(select(*_COLUMNS).where(CensusVersion.unit_id == unit_id).order_by(CensusVersion.id.desc()).limit(50))
    return [Version(*row) for row in rows]
