"""Surveys as lists, pages and other rooms see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from flask import current_app
from sqlalchemy import Select, and_, func, or_, select

from engage.clock import now
from engage.db import db
from engage.identity.queries import units_tree
from surveys import rules
from surveys.asked import Asked, LiveSurvey, Office
from surveys.definitions import Definition, load
from surveys.models import Invitation, Response, Survey, SurveySeal, SurveyVersion
from surveys.queries.responses import counted, definition_of


@dataclass(frozen=True)
class SurveySummary:
    """One line of the list."""

    id: int
    slug: str
    unit_id: int
    title: str
    state: str
    question_count: int
    closes_at: datetime | None
    closed_at: datetime | None
    results_on: date | None
    created_at: datetime
    invited_count: int
    answered_count: int


@dataclass(frozen=True)
class SurveyDetail:
    """One survey with its draft."""

    id: int
    slug: str
    unit_id: int
    title: str
    state: str
    draft: Definition
    revision: int
    saved_by: int | None
    saved_at: datetime | None
    """Who changed the draft last, and when; None while it is as it was made"""
    is_anonymous: bool
    """As published"""
    response_limit: int | None
    published_version_id: int | None
    closes_at: datetime | None
    closed_at: datetime | None
    results_on: date | None
    created_at: datetime
    notice: str
    """What stands above the form to put a text about it right"""


@dataclass(frozen=True)
class SurveyFacts:
    """What other rooms decide by, in one small statement."""

    id: int
    unit_id: int
    slug: str
    title: str
    state: str
    published_version_id: int | None
    closes_at: datetime | None
    results_on: date | None


@dataclass(frozen=True)
class VersionSummary:
    id: int
    number: int
    question_count: int
    published_by: int | None
    published_at: datetime
    response_count: int


@dataclass(frozen=True)
class Funnel:
    """How far the invited came. Opened counts first GETs by day, robots that preview links included; started counts first POSTs,
    of which an anonymous survey knows the last one alone.

    `is_under_seal`: of an anonymous survey whose answers are under seal, started and answered are only those that left the seal, in
    steps; the rest is shown to nobody, since whoever watches a count rise could tell whose answer it was.
    """

    invited: int
    opened: int
    started: int
    answered: int
    is_under_seal: bool = False


_ANSWERED = select(func.count()).where(counted(Survey.id)).scalar_subquery()
_INVITED = select(func.count()).where(Invitation.survey_id == Survey.id).scalar_subquery()


def list_surveys(unit_ids: Iterable[int], *, state: str | None = None, limit: int = 500) -> list[SurveySummary]:
    """The surveys of these units, newest first."""
    wanted = select(
        Survey.id,
        Survey.slug,
        Survey.unit_id,
        Survey.title,
        Survey.state,
        func.jsonb_array_length(Survey.draft["questions"]),
        Survey.closes_at,
        Survey.closed_at,
        Survey.results_on,
        Survey.created_at,
        _INVITED,
        _ANSWERED,
    ).where(Survey.unit_id.in_(list(unit_ids)))
    if state is not None:
        wanted = wanted.where(Survey.state == state)
    rows = db.session.execute(wanted.order_by(Survey.created_at.desc(), Survey.id.desc()).limit(limit))
    return [SurveySummary(*row) for row in rows]


def get_survey(survey_id: int) -> SurveyDetail | None:
    return _detail(select(Survey).where(Survey.id == survey_id))


def get_survey_facts(survey_id: int) -> SurveyFacts | None:
    row = db.session.execute(
        select(
            Survey.id,
            Survey.unit_id,
            Survey.slug,
            Survey.title,
            Survey.state,
            Survey.published_version_id,
            Survey.closes_at,
            Survey.results_on,
        ).where(Survey.id == survey_id)
    ).first()
    return SurveyFacts(*row) if row else None


def find_survey(slug: str) -> SurveyDetail | None:
    """The survey of this public id."""
    return _detail(select(Survey).where(Survey.slug == slug))


def _detail(wanted: Select[tuple[Survey]]) -> SurveyDetail | None:
    survey = db.session.execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    if survey is None:
        return None
    return SurveyDetail(
        survey.id,
        survey.slug,
        survey.unit_id,
        survey.title,
        survey.state,
        load(survey.draft),
        survey.draft_revision,
        survey.draft_saved_by,
        survey.draft_saved_at,
        survey.is_anonymous,
        survey.response_limit,
        survey.published_version_id,
        survey.closes_at,
        survey.closed_at,
        survey.results_on,
        survey.created_at,
        survey.notice,
    )


def versions_of(survey_id: int) -> list[VersionSummary]:
    """Everything that was ever published of it, newest first."""
    answered = (
        select(func.count())
        .where(Response.version_id == SurveyVersion.id, Response.excluded_at.is_(None), Response.is_partial.is_(False))
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            SurveyVersion.id,
            SurveyVersion.number,
            func.jsonb_array_length(SurveyVersion.definition["questions"]),
            SurveyVersion.published_by,
            SurveyVersion.published_at,
            answered,
        )
        .where(SurveyVersion.survey_id == survey_id)
        .order_by(SurveyVersion.number.desc())
    )
    return [VersionSummary(*row) for row in rows]


def invitation_funnel(survey_id: int) -> Funnel:
    """One statement over the survey's invitations and what left its seal."""
    under_seal = select(SurveySeal.state != "opened").where(SurveySeal.survey_id == survey_id).scalar_subquery()
    left = select(func.count()).where(Response.survey_id == survey_id, Response.channel == "link", ~Response.is_partial).scalar_subquery()
    row = db.session.execute(
        select(
            func.count(),
            func.count().filter(Invitation.opened_on.is_not(None)),
            func.count().filter(or_(Invitation.started_at.is_not(None), Invitation.answered)),
            func.count().filter(Invitation.answered),
            func.coalesce(under_seal, False),
            left,
        ).where(Invitation.survey_id == survey_id)
    ).one()
    invited, opened, started, answered, is_under_seal, told = row
    if is_under_seal:
        started = answered = min(answered, told)
    return Funnel(invited, opened, started, answered, is_under_seal)


class PageFacts(Protocol):
    """What a form's page needs to know of the right to answer: a personal link's, or an entrance's."""

    @property
    def survey_id(self) -> int: ...
    @property
    def version_id(self) -> int | None: ...
    @property
    def office_name(self) -> str: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def results_on(self) -> date | None: ...
    @property
    def notice(self) -> str: ...


def survey_for_page(link: PageFacts, version_id: int | None = None) -> Asked | None:
    """What the form of this link's survey shows: its newest version, or `version_id` if that belongs to it."""
    wanted = version_id or link.version_id
    found = _version(wanted) if wanted is not None else None
    if found is None or wanted is None or found[0] != link.survey_id:
        return None
    about: dict[int, Asked] = current_app.extensions["surveys_asked"]
    facts = (Office(link.office_name), link.closes_at, link.results_on, link.notice)
    asked = about.get(wanted)
    if asked is None or asked.definition is not found[1] or (asked.office, asked.closes_at, asked.results_on, asked.notice) != facts:
        if len(about) >= 200:
            about.clear()
        # One for all its citizens: what it works out of the definition isn't worked out for each of them.
        asked = about[wanted] = Asked(wanted, found[1], *facts)
    return asked


def _version(version_id: int) -> tuple[int, Definition] | None:
    """Survey and definition of a version; kept in the process, for versions never change."""
    kept: dict[int, tuple[int, Definition]] = current_app.extensions["surveys_versions"]
    found = kept.get(version_id)
    if found is None:
        survey_id = db.session.execute(select(SurveyVersion.survey_id).where(SurveyVersion.id == version_id)).scalar_one_or_none()
        if survey_id is None:
            return None
        found = (survey_id, definition_of(version_id))
        if len(kept) >= 200:
            kept.clear()
        kept[version_id] = found
    return found


def live_surveys() -> list[LiveSurvey]:
    """What is being asked now, by all offices, as anyone may know it."""
    names = {node.id: node.name for node in units_tree()}
    rows = db.session.execute(
        select(Survey.title, Survey.unit_id, Survey.closes_at)
        .where(and_(Survey.state == rules.OPEN, or_(Survey.closes_at.is_(None), Survey.closes_at > now())))
        .order_by(Survey.closes_at.nulls_last(), Survey.id)
        .limit(100)
    )
    return [LiveSurvey(title, names.get(unit_id, ""), closes_at) for title, unit_id, closes_at in rows]


def top_office_name() -> str:
    """The office that answers for all: the root of the tree, or the product's name on an empty database."""
    return next((node.name for node in units_tree()), "Engage")
