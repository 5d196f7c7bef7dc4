"""Importing and removing census figures; both ask for the unit's reports anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import update

from contacts.queries import neighbourhood_names
from engage.clock import now, today_in_tehran
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.queries import get_unit, subtree_unit_ids
from engage.refusal import Refused
from engage.reports.census.models import CensusVersion
from engage.reports.census.rules import MOST_SOURCE, Margins, read_margins
from engage.reports.commands import request_refresh
from surveys.queries import list_surveys


def import_margins(
    unit_id: int, rows: Sequence[Sequence[str]], *, source: str, dated_on: date, actor_id: int | None, is_trial: bool = False
) -> Margins:
    """The figures hold from now on, and are returned; with `is_trial` nothing is written.

    Refused: "unit_missing", "census_source_missing", "census_source_long" (most), "census_day_ahead", and those of `rules.read_margins`.
    """
    unit = get_unit(unit_id)
    if unit is None:
        raise Refused("unit_missing")
    source = " ".join(source.split())
    if not source:
        raise Refused("census_source_missing")
    if len(source) > MOST_SOURCE:
        raise Refused("census_source_long", most=MOST_SOURCE)
    if dated_on > today_in_tehran().date():
        raise Refused("census_day_ahead")
    margins = read_margins(rows, neighbourhood_names(subtree_unit_ids(unit_id)))
    if is_trial:
        return margins
    with transaction() as session:
        session.add(
            CensusVersion(unit_id=unit_id, source=source, dated_on=dated_on, margins=margins, imported_by=actor_id, imported_at=now())
        )
        session.flush()
        _ask_for_reports(unit_id)
        record_audit(
            "census_imported",
            unit_id=unit_id,
            object_type="unit",
            object_id=unit_id,
            actor_id=actor_id,
            detail={"unit": unit.name, "source": source, "groups": sum(len(groups) for groups in margins.values())},
        )
    return margins


def remove_version(unit_id: int, version_id: int, *, actor_id: int | None) -> None:
    """These figures hold no longer; the ones before them do again. Refused("census_version_unknown")."""
    unit = get_unit(unit_id)
    with transaction() as session:
        source = session.execute(
            update(CensusVersion)
            .where(CensusVersion.id == version_id, CensusVersion.unit_id == unit_id, CensusVersion.removed_at.is_(None))
            .values(removed_at=now())
            .returning(CensusVersion.source)
        ).scalar_one_or_none()
        if source is None or unit is None:
            raise Refused("census_version_unknown")
        _ask_for_reports(unit_id)
        record_audit(
            "census_removed",
            unit_id=unit_id,
            object_type="unit",
            object_id=unit_id,
            actor_id=actor_id,
            detail={"unit": unit.name, "source": source},
        )


def _ask_for_reports(unit_id: int) -> None:
    for survey in list_surveys([unit_id]):
        if survey.state != "draft":
            request_refresh(survey.id)
