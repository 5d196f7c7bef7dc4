"""Changing a unit's lexicon, and taking a quote out of sight."""

from __future__ import annotations

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.jobs import enqueue_after_commit
from engage.persian import search_key
from engage.refusal import Refused
from engage.reports.content import Report
from engage.reports.queries import texts_of
from engage.reports.themes.models import ReportHiddenQuote, ReportTheme, ReportThemeCount
from engage.reports.themes.queries import SAMPLE
from engage.reports.themes.rules import MOST_THEMES, digest_of, read_theme
from surveys.queries import list_surveys


def add_theme(report: Report, label: str, words: str, *, actor_id: int | None) -> int:
    """The theme stands in the lexicon of the report's unit; its id. All surveys of the unit are counted anew.

    Refused: as `read_theme`; "theme_exists" (label); "themes_many" (most).
    """
    label, kept = read_theme(label, words)
    with transaction() as session:
        others = _lexicon(session, report.unit_id)
        if len(others) >= MOST_THEMES:
            raise Refused("themes_many", most=MOST_THEMES)
        _refuse_same(others, label)
        theme = ReportTheme(unit_id=report.unit_id, label=label, words=kept, updated_at=now())
        session.add(theme)
        session.flush()
        _changed(session, report, "report_theme_added", theme, actor_id)
        return theme.id


def change_theme(report: Report, theme_id: int, label: str, words: str, *, is_on: bool, revision: int, actor_id: int | None) -> None:
    """The theme reads as given. Refused: as `add_theme`; "theme_gone"; "theme_changed" when a colleague saved after `revision`."""
    label, kept = read_theme(label, words)
    with transaction() as session:
        others = _lexicon(session, report.unit_id)
        theme = _find(others, theme_id)
        if theme.revision != revision:
            raise Refused("theme_changed")
        _refuse_same([each for each in others if each is not theme], label)
        theme.label, theme.words, theme.is_on = label, kept, is_on
        theme.revision, theme.updated_at = revision + 1, now()
        _changed(session, report, "report_theme_changed", theme, actor_id)


def delete_theme(report: Report, theme_id: int, *, actor_id: int | None) -> None:
    """The theme is gone from the lexicon. Refused("theme_gone")."""
    with transaction() as session:
        theme = _find(_lexicon(session, report.unit_id), theme_id)
        session.delete(theme)
        _changed(session, report, "report_theme_deleted", theme, actor_id)


def merge_themes(report: Report, theme_id: int, into_id: int, *, actor_id: int | None) -> None:
    """The second theme is found by the words of both; the first is gone.

    Refused: "theme_gone"; "theme_merge_self"; "theme_words_many" (most).
    """
    if theme_id == into_id:
        raise Refused("theme_merge_self")
    with transaction() as session:
        lexicon = _lexicon(session, report.unit_id)
        theme, into = _find(lexicon, theme_id), _find(lexicon, into_id)
        _label, into.words = read_theme(into.label, "\n".join((*into.words, *theme.words)))
        into.revision, into.updated_at = into.revision + 1, now()
        session.delete(theme)
        _changed(session, report, "report_theme_merged", theme, actor_id, into=into.label)


def hide_quote(report: Report, question_key: str, digest: str, *, actor_id: int | None) -> None:
    """No page or file shows this text again. Refused("quote_unknown") for a digest of none of the newest texts."""
    with transaction() as session:
        texts = texts_of(report, question_key, page=1, size=SAMPLE)
        wanted = next((found for each in texts if (found := digest_of(question_key, each)).hex() == digest), None)
        if wanted is None:
            raise Refused("quote_unknown")
        session.execute(
            insert(ReportHiddenQuote).values(survey_id=report.survey_id, digest=wanted, hidden_at=now()).on_conflict_do_nothing()
        )
        record_audit(
            "report_quote_hidden",
            unit_id=report.unit_id,
            object_type="survey",
            object_id=report.survey_id,
            actor_id=actor_id,
            detail={"title": report.title, "question": question_key},
        )


def _lexicon(session: Session, unit_id: int) -> list[ReportTheme]:
    """The unit's themes, held: two who change a lexicon do so one after the other."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('report_theme'), :unit_id)"), {"unit_id": unit_id})
    return list(session.scalars(select(ReportTheme).where(ReportTheme.unit_id == unit_id).execution_options(populate_existing=True)))


def _find(lexicon: list[ReportTheme], theme_id: int) -> ReportTheme:
    found = next((each for each in lexicon if each.id == theme_id), None)
    if found is None:
        raise Refused("theme_gone")
    return found


def _refuse_same(others: list[ReportTheme], label: str) -> None:
    if any(search_key(each.label) == search_key(label) for each in others):
        raise Refused("theme_exists", label=label)


def _changed(session: Session, report: Report, action: str, theme: ReportTheme, actor_id: int | None, **detail: str) -> None:
    record_audit(
        action,
        unit_id=report.unit_id,
        object_type="report_theme",
        object_id=theme.id,
        actor_id=actor_id,
        detail={"title": theme.label, **detail},
    )
    surveys = [each.id for each in list_surveys([report.unit_id])]
    session.execute(update(ReportThemeCount).where(ReportThemeCount.survey_id.in_(surveys)).values(is_stale=True))
    # This one is looked at now; the sweep rings for the others.
    enqueue_after_commit("bulk", "engage.reports.themes.jobs.count_themes", report.survey_id)
