"""Saving a survey's one page."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Executable, update
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.onepage.charts import choices_of
from engage.reports.onepage.models import ReportOnepage
from engage.reports.onepage.rules import OnePage, check_lengths
from engage.reports.onepage.sheet import preview_page
from engage.reports.queries import report_of


def save_onepage(survey_id: int, page: OnePage, *, actor_id: int | None) -> int:
    """The page stands as given, and its new revision is returned; `page.revision` is the one it was made from.

    Refused: "survey_not_found"; "onepage_no_headline"; "onepage_too_long" (field, most, given); "onepage_chart_unknown";
    "onepage_overfull" for what doesn't fit on one sheet with today's figures; "onepage_changed" when a colleague saved first.
    """
    report = report_of(survey_id)
    check_lengths(page)
    known = {("", ""), *((each.question_key, each.dimension) for each in choices_of(report))}
    if (page.question_key, page.dimension) not in known:
        raise Refused("onepage_chart_unknown")
    preview_page(report, page, ppi=20.0)  # refuses what would be two sheets
    values = asdict(page) | {"revision": page.revision + 1, "updated_at": now()}
    saved: Executable
    with transaction() as session:
        # One statement: of two who saw no page yet, the second finds that the first one's is there.
        if page.revision == 0:
            saved = insert(ReportOnepage).values(survey_id=survey_id, **values).on_conflict_do_nothing().returning(ReportOnepage.survey_id)
        else:
            saved = (
                update(ReportOnepage)
                .where(ReportOnepage.survey_id == survey_id, ReportOnepage.revision == page.revision)
                .values(**values)
                .returning(ReportOnepage.survey_id)
            )
        if session.execute(saved).first() is None:
            raise Refused("onepage_changed")
        record_audit(
            "report_onepage_saved",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=survey_id,
            actor_id=actor_id,
            detail={"title": report.title},
        )
    return page.revision + 1
