"""How far a campaign is, counted from the messages each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, distinct, func, select, text

from campaigns.kinds import kinds_where
from campaigns.models import Campaign, Message, Wave
from campaigns.states import MAY_HAVE_BEEN_SENT, REACHED_GATEWAY, MessageState
from engage.db import db
from surveys.queries import sendable as survey_sql

_M = MessageState


@dataclass(frozen=True)
class Progress:
    """Messages of a campaign by state, all waves together unless asked for one; `cost` is what the gateway charged, in rials."""

    by_state: dict[MessageState, int] = field(default_factory=dict)
    cost: int = 0

    def count(self, *states: MessageState) -> int:
        return sum(self.by_state.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def waiting(self) -> int:
        return self.count(_M.PENDING, _M.SENDING)

    @property
    def handed_over(self) -> int:
        """Taken by the gateway."""
        return self.count(*REACHED_GATEWAY)

    @property
    def done(self) -> int:
        """Neither waiting nor under way any more."""
        return self.total - self.waiting

    @property
    def delivered(self) -> int:
        return self.count(_M.DELIVERED)

    @property
    def failed(self) -> int:
        return self.count(_M.UNDELIVERED, _M.BLOCKED, _M.FAILED, _M.EXPIRED, _M.WRITTEN_OFF)


@dataclass(frozen=True)
class HourCount:
    hour: datetime
    count: int


@dataclass(frozen=True)
class SurveyFunnel:
    """People (distinct numbers) a survey's campaigns invited, and how many of them the gateway took, and reached."""

    invited: int
    accepted: int
    delivered: int


def progress_of(campaign_id: int, *, wave: int | None = None) -> Progress:
    rows = select(Message.state, func.count(), func.coalesce(func.sum(Message.cost), 0)).where(Message.campaign_id == campaign_id)
    if wave is not None:
        rows = rows.join(Wave, Wave.id == Message.wave_id).where(Wave.number == wave)
    found = db.session.execute(rows.group_by(Message.state)).all()
    return Progress({_M(state): count for state, count, _ in found}, int(sum(cost for _, _, cost in found)))


def sent_by_hour(campaign_id: int) -> list[HourCount]:
    """Accepted messages per hour, oldest hour first."""
    hour = func.date_trunc("hour", Message.accepted_at, "Asia/Tehran")
    rows = db.session.execute(
        select(hour, func.count())
        .where(Message.campaign_id == campaign_id, Message.accepted_at.isnot(None))
        .group_by(text("1"))
        .order_by(text("1"))
    )
    return [HourCount(*row) for row in rows]


def survey_funnel(survey_id: int) -> SurveyFunnel:
    """Counted over distinct numbers: a reminder doesn't make anybody two people."""
    return _funnel(Campaign.survey_id == survey_id, Campaign.kind.in_(kinds_where(invites=True)))


def campaign_funnel(campaign_id: int) -> SurveyFunnel:
    """The same of one campaign, whatever it is about."""
    return _funnel(Campaign.id == campaign_id)


def _funnel(*conditions: ColumnElement[bool]) -> SurveyFunnel:
    reached = [str(state) for state in REACHED_GATEWAY]
    tried = [str(state) for state in MAY_HAVE_BEEN_SENT]
    row = db.session.execute(
        select(
            func.count(distinct(Message.identity_id)).filter(Message.state.in_(tried)),
            func.count(distinct(Message.identity_id)).filter(Message.state.in_(reached)),
            func.count(distinct(Message.identity_id)).filter(Message.state == _M.DELIVERED),
        )
        .join(Campaign, Campaign.id == Message.campaign_id)
        .where(*conditions)
    ).one()
    return SurveyFunnel(*row)


def answered_of(campaign_id: int) -> tuple[int, int]:
    """(people the gateway took a text of the campaign for, those of them who have answered)."""
    row = db.session.execute(text(_ANSWERED), {"campaign": campaign_id, "reached": [str(state) for state in REACHED_GATEWAY]}).one()
    return int(row[0]), int(row[1])


_ANSWERED = f"""
    SELECT count(DISTINCT m.identity_id), count(DISTINCT m.identity_id) FILTER (WHERE {survey_sql.TOOK_PART})
    FROM message m {survey_sql.SENDABLE_JOIN} WHERE m.campaign_id = :campaign AND m.state = ANY(:reached)
"""
