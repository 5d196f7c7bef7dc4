"""Publishing a survey's results: the words are an officer's, publishing and withdrawing a manager's; nothing is taken away in silence."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.refusal import Refused
from engage.reports.commands import refresh_report
from engage.reports.content import Report
from engage.reports.queries import report_of
from engage.reports.results import rules, snapshot
from engage.reports.results.models import ResultsPublication
from surveys.queries import get_survey


def save_draft(survey_id: int, draft: rules.Draft, *, seen: int, actor_id: int | None) -> int:
    """The words stand as given, and are public at once where the results are; the new revision. `seen` is the one they were made from,
    0 where there was none.

    Refused: "survey_not_found", "results_no_headline", "results_too_long", "results_changed".
    """
    rules.check_draft(draft)
    report = report_of(survey_id)
    with transaction():
        row = _locked(survey_id, seen)
        _take_words(row, draft)
        if row.state == "published":
            row.figures = snapshot.store(_figures(report, row))
        row.revision, row.changed_at = row.revision + 1, now()
        _audit("results_drafted", report, actor_id)
        return row.revision


def publish_results(survey_id: int, draft: rules.Draft, *, seen: int, actor_id: int | None) -> int:
    """Everybody may read the words and the figures from now on; the new revision. The figures are those of this moment, or stay the ones
    published before where fewer than ten answers lie between them.

    Refused: as `save_draft`; "results_survey_open", "results_sealed", "results_too_few".
    """
    rules.check_draft(draft)
    refresh_report(survey_id, force=True)
    report = report_of(survey_id)
    rules.check_publishing(survey_state=report.state, answers=report.answers, is_sealed=report.is_sealed)
    with transaction():
        row = _locked(survey_id, seen)
        _take_words(row, draft)
        row.figures = snapshot.store(_figures(report, row))
        row.published_at = row.published_at or now()
        row.published_by = actor_id
        row.state, row.withdrawn_reason = "published", ""
        row.revision, row.changed_at = row.revision + 1, now()
        _audit("results_published", report, actor_id, answers=row.figures["answers"])
        return row.revision


def withdraw_results(survey_id: int, reason: str, *, seen: int, actor_id: int | None) -> int:
    """The figures are no longer public; the address tells when they were withdrawn and why. The new revision.

    Refused: "survey_not_found", "results_not_published", "results_reason_missing", "results_too_long", "results_changed".
    """
    words = rules.check_reason(reason)
    report = report_of(survey_id)
    with transaction():
        row = _locked(survey_id, seen)
        if row.state != "published":
            raise Refused("results_not_published")
        row.state, row.withdrawn_reason = "withdrawn", words
        row.revision, row.changed_at = row.revision + 1, now()
        _audit("results_withdrawn", report, actor_id, reason=words)
        return row.revision


def _locked(survey_id: int, seen: int) -> ResultsPublication:
    with transaction() as session:
        session.execute(insert(ResultsPublication).values(survey_id=survey_id, revision=0, changed_at=now()).on_conflict_do_nothing())
        row = session.execute(
            select(ResultsPublication)
            .where(ResultsPublication.survey_id == survey_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalar_one()
        if row.revision != seen:
            raise Refused("results_changed")
        return row


def _take_words(row: ResultsPublication, draft: rules.Draft) -> None:
    row.headline, row.intro = " ".join(draft.headline.split()), draft.intro.strip()
    row.left_out = sorted(set(draft.left_out))


def _figures(report: Report, row: ResultsPublication) -> snapshot.PublicResults:
    """With the questions left out that shall be. Of what is public already the figures stay unless enough answers lie between: a question
    that is taken back in then stands with the older ones, too, or not at all."""
    survey = get_survey(report.survey_id)
    newest = snapshot.public_results(report, row.left_out, is_anonymous=survey is None or survey.is_anonymous)
    if row.figures is None:
        return newest
    published = snapshot.restore(row.figures)
    if rules.moves_on(published.answers, newest.answers) or published.answers == newest.answers:
        return newest
    return snapshot.without(published, row.left_out)


def _audit(action: str, report: Report, actor_id: int | None, **detail: object) -> None:
    record_audit(
        action,
        unit_id=report.unit_id,
        object_type="survey",
        object_id=report.survey_id,
        actor_id=actor_id,
        detail={"title": report.title} | detail,
    )
