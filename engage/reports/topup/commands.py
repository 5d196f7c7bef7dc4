"""Saving a top-up sample."""

from __future__ import annotations

from collections.abc import Collection

from contacts.commands import create_segment
from contacts.queries import count_people, scope_of
from contacts.rules.segments import Group
from engage.clock import TEHRAN, now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.persian import to_jalali
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.topup.rules import choices_of, rule_for


def rule_of(report: Report, keys: Collection[str]) -> Group:
    """Refused: "topup_nothing_chosen", "topup_group_unknown" (also for a group the report hides)."""
    known = {each.key: each for each in choices_of(report.content.analysis)}
    if any(key not in known for key in keys):
        raise Refused("topup_group_unknown")
    year = to_jalali(now().astimezone(TEHRAN).date())[0]
    return rule_for([known[key] for key in dict.fromkeys(keys)], report.survey_id, year)


def count_reach(report: Report, keys: Collection[str]) -> int:
    """How many people of the unit and those below it the sample could be drawn from. Refused as `rule_of`."""
    return count_people(rule_of(report, keys), scope_of(report.unit_id))


def save_topup(report: Report, keys: Collection[str], title: str, *, actor_id: int | None) -> str:
    """A saved group of the report's unit; its public id. Refused: as `rule_of`, "topup_nobody", and what `create_segment` refuses."""
    rule = rule_of(report, keys)
    if not count_people(rule, scope_of(report.unit_id)):
        raise Refused("topup_nobody")
    with transaction():
        slug = create_segment(report.unit_id, title, rule, actor_id=actor_id)
        record_audit(
            "topup_saved",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=report.survey_id,
            actor_id=actor_id,
            detail={"title": report.title, "segment": title},
        )
    return slug
