"""What was shared, decided and promised, as pages and files read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import select

from campaigns.queries import get_campaign_by_slug
from engage.clock import now, today_in_tehran
from engage.db import db
from engage.identity.queries import user_names
from engage.reports.content import Report, restore
from engage.reports.queries import report_of
from engage.reports.sharing import rules
from engage.reports.sharing.commands.links import link_digest, refresh_shared
from engage.reports.sharing.models import ReportDecision, ReportDecisionStep, ReportLink, ReportPromiseLine, ReportShared
from engage.reports.sharing.rules import Move, Promise
from engage.vault import is_token_shaped
from surveys.queries import get_survey_facts, list_surveys
from surveys.results import PromiseMove, PromiseStory, results_address


@dataclass(frozen=True)
class Step:
    """One change of a decision. `was_due` differs from `due_on` where the day was moved; None at the beginning."""

    state: str
    was_state: str
    """Empty at the beginning"""
    due_on: date
    was_due: date | None
    note: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Decision:
    """A decision as it stands, with its way here (oldest step first)."""

    id: int
    title: str
    reason: str
    question_key: str
    owner: str
    due_on: date
    first_due_on: date
    state: str
    is_overdue: bool
    revision: int
    told_by: str
    """Public id of the campaign that tells those who took part; empty for none"""
    said_at: datetime | None
    """When that campaign began to send"""
    delay_reason: str = ""
    """Why the day was moved back last; empty where it never was"""
    steps: tuple[Step, ...] = ()

    @property
    def moves(self) -> tuple[str, ...]:
        """The states it may have next"""
        state = rules.DecisionState(self.state)
        return tuple(str(each) for each in rules.DecisionState if each in rules.MOVES[state])


@dataclass(frozen=True)
class LinkLine:
    """A link as the office sees it; its letters are known to nobody here."""

    id: int
    label: str
    sections: tuple[str, ...]
    expires_at: datetime
    created_at: datetime
    created_by: str
    is_open: bool
    is_revoked: bool
    opened_count: int
    last_opened_on: date | None


@dataclass(frozen=True)
class FoundReportLink:
    id: int
    survey_id: int
    sections: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True)
class Shared:
    """What a link shows: the report with the shared figures, or without any while there are too few answers."""

    report: Report | None
    newer: dict[str, int] = field(default_factory=dict)
    """question key → so many texts have come since: they aren't shown yet"""


def decisions_of(survey_id: int) -> tuple[Decision, ...]:
    """Every decision on the survey's report: those that are open by their day, then those that ended."""
    rows = db.session.scalars(select(ReportDecision).where(ReportDecision.survey_id == survey_id)).all()
    steps = _steps_of([row.id for row in rows])
    today = today_in_tehran().date()
    found = [_decision(row, steps.get(row.id, ()), today) for row in rows]
    ended = {str(each) for each in rules.ENDED}
    return tuple(sorted(found, key=lambda each: (each.state in ended, each.due_on, each.id)))


def _decision(row: ReportDecision, steps: tuple[Step, ...], today: date) -> Decision:
    campaign = get_campaign_by_slug(row.told_by) if row.told_by else None
    delays = [step.note for step in steps if step.was_due is not None and step.due_on > step.was_due]
    return Decision(
        row.id,
        row.title,
        row.reason,
        row.question_key,
        row.owner,
        row.due_on,
        row.first_due_on,
        row.state,
        rules.is_overdue(row.state, row.due_on, today),
        row.revision,
        row.told_by,
        campaign.started_at if campaign is not None else None,
        delays[-1] if delays else "",
        steps,
    )


def _steps_of(decision_ids: Collection[int]) -> dict[int, tuple[Step, ...]]:
    if not decision_ids:
        return {}
    rows = db.session.scalars(
        select(ReportDecisionStep).where(ReportDecisionStep.decision_id.in_(decision_ids)).order_by(ReportDecisionStep.id)
    ).all()
    names = user_names({row.actor_id for row in rows if row.actor_id is not None})
    found: dict[int, tuple[Step, ...]] = {}
    for row in rows:
        before = found.get(row.decision_id, ())
        last = before[-1] if before else None
        step = Step(
            row.state,
            last.state if last else "",
            row.due_on,
            last.due_on if last else None,
            row.note,
            row.at,
            names.get(row.actor_id or 0, ""),
        )
        found[row.decision_id] = (*before, step)
    return found


def promise_of(survey_id: int) -> Promise | None:
    """What citizens were promised, and what became of it; None where they were never told a day, or there is no such survey."""
    facts = get_survey_facts(survey_id)
    if facts is None or facts.state == "draft":
        return None
    rows = db.session.scalars(select(ReportPromiseLine).where(ReportPromiseLine.survey_id == survey_id).order_by(ReportPromiseLine.id))
    moves = [Move(row.id, row.was_on, row.now_on, row.reason, row.at) for row in rows]
    is_published = results_address(facts.id, facts.slug) is not None
    return rules.promise_from(facts.results_on, moves, is_published=is_published, today=today_in_tehran().date())


def told_story(survey_id: int) -> PromiseStory:
    """What citizens read of the promise on the survey's own page."""
    promise = promise_of(survey_id)
    if promise is None:
        return PromiseStory()
    moves = tuple(PromiseMove(move.was_on, move.now_on, move.reason) for move in promise.moves if move.was_on is not None)
    return PromiseStory(moves, promise.is_late)


def broken_promises(unit_ids: Collection[int]) -> list[tuple[str, str, Promise]]:
    """(slug, title, promise) of the units' surveys whose results are late or whose day was moved without a word."""
    today = today_in_tehran().date()
    silent = set(
        db.session.scalars(
            select(ReportPromiseLine.survey_id).where(ReportPromiseLine.reason == "", ReportPromiseLine.was_on.is_not(None)).distinct()
        )
    )
    found = []
    for survey in list_surveys(unit_ids):
        is_past = survey.results_on is not None and survey.results_on < today
        promise = promise_of(survey.id) if survey.state != "draft" and (is_past or survey.id in silent) else None
        if promise is not None and not promise.is_explained:
            found.append((survey.slug, survey.title, promise))
    return found


def links_of(survey_id: int) -> tuple[LinkLine, ...]:
    """The survey's links, newest first."""
    rows = db.session.scalars(select(ReportLink).where(ReportLink.survey_id == survey_id).order_by(ReportLink.id.desc())).all()
    names = user_names({row.created_by for row in rows if row.created_by is not None})
    at = now()
    return tuple(
        LinkLine(
            row.id,
            row.label,
            tuple(row.sections),
            row.expires_at,
            row.created_at,
            names.get(row.created_by or 0, ""),
            rules.is_link_open(row.expires_at, row.revoked_at, at),
            row.revoked_at is not None,
            row.opened_count,
            row.last_opened_on,
        )
        for row in rows
    )


def find_link(token: str) -> FoundReportLink | None:
    """The link behind these letters; None alike for letters that never were one, for expired and for revoked ones."""
    if not is_token_shaped(token):
        return None
    row = db.session.execute(
        select(ReportLink.id, ReportLink.survey_id, ReportLink.sections, ReportLink.expires_at, ReportLink.revoked_at).where(
            ReportLink.token_digest == link_digest(token)
        )
    ).first()
    if row is None or not rules.is_link_open(row.expires_at, row.revoked_at, now()):
        return None
    return FoundReportLink(row.id, row.survey_id, frozenset(row.sections), row.expires_at)


def shared_report(survey_id: int) -> Shared:
    """The report as every link of the survey shows it now. Its figures move on in steps of ten answers (`rules.moves_on`).

    Refused("survey_not_found").
    """
    live = report_of(survey_id)
    if live.is_sealed:
        return Shared(live)
    refresh_shared(live)
    row = db.session.get(ReportShared, survey_id, populate_existing=True)
    if row is None:
        return Shared(None)
    content = restore(row.content)
    shown = {each.key: each.answered for each in content.questions}
    newer = {each.key: max(0, each.answered - shown.get(each.key, 0)) for each in live.content.questions if each.is_written}
    return Shared(replace(live, content=content, computed_at=row.computed_at), newer)
