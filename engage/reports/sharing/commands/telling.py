"""«شما گفتید، ما انجام دادیم»: a draft of a text to those who took part, about what was done."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import select, update

from campaigns.commands.following import draft_result
from campaigns.kinds import CampaignKind
from campaigns.queries.inviting import inviting_campaign_ids
from campaigns.queries.parents import count_of_parent
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.sharing.models import ReportDecision
from engage.reports.sharing.rules import DecisionState


def took_part(survey_id: int) -> dict[int, int]:
    """Inviting campaign → how many of those it wrote to have answered and may be written to; without those that reached none."""
    counts = {each: count_of_parent(CampaignKind.RESULT, each).sendable for each in inviting_campaign_ids(survey_id)}
    return {each: count for each, count in counts.items() if count}


def draft_told(report: Report, decision_ids: Collection[int], text: str, *, actor_id: int | None) -> list[str]:
    """Drafts of thanks and results, one for each campaign that invited, to those of them who answered; their public ids. They go the way
    of every campaign: review, approval by a second person, sending.

    Refused: "told_no_decision" unless all are done ones of this survey; "told_no_campaign"; "nobody_took_part"; what a campaign's text
    may not be.
    """
    assert actor_id is not None
    with transaction() as session:
        found = session.scalars(
            select(ReportDecision).where(
                ReportDecision.survey_id == report.survey_id,
                ReportDecision.id.in_(decision_ids),
                ReportDecision.state == DecisionState.DONE,
            )
        ).all()
        if not found or len(found) != len(set(decision_ids)):
            raise Refused("told_no_decision")
        if not inviting_campaign_ids(report.survey_id):
            raise Refused("told_no_campaign")
        parents = took_part(report.survey_id)
        if not parents:
            raise Refused("nobody_took_part")
        title = _("Thanks: %(title)s", title=report.title)[:120]
        slugs = [draft_result(parent, title, text, actor_id=actor_id) for parent in parents]
        session.execute(update(ReportDecision).where(ReportDecision.id.in_(decision_ids)).values(told_by=slugs[0]))
        record_audit(
            "report_result_drafted",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=report.survey_id,
            actor_id=actor_id,
            detail={"title": report.title, "campaigns": slugs},
        )
    return slugs
