"""What this room tells the contact base: who was invited, answered or stayed silent, whom texts reached, and who has had enough for now.

Surveys and contacts don't know each other, so their criteria are registered here, above both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from campaigns.models import Campaign, Message, Wave
from campaigns.states import MessageState
from contacts.queries import (
    Criterion,
    Scope,
    Without,
    register_audience_exclusion,
    register_recent_answerers,
    register_segment_criterion,
)
from contacts.rules.segments import Condition, Field, Kind, Options, Parameter
from engage.clock import now
from engage.db import db
from engage.web.filters import number
from surveys.queries import answered_since, invited_numbers, surveys_asked

_SURVEYS = _l("Surveys")
_TEXTS = _l("Texts")

CAP_COUNT, CAP_DAYS = 4, 7
"""What a campaign's cap is unless it says otherwise; the claim checks each campaign's own."""

_NOT_SENT = (MessageState.PENDING, MessageState.SUPPRESSED, MessageState.CANCELLED, MessageState.EXPIRED, MessageState.FAILED)
_NOT_REACHED = (MessageState.UNDELIVERED, MessageState.BLOCKED, MessageState.EXPIRED, MessageState.FAILED)


def install(app: Flask) -> None:
    register_segment_criterion(app, "surveys.invited", _invited)
    register_segment_criterion(app, "surveys.answered", _answered)
    register_segment_criterion(app, "surveys.silent", _silent)
    register_segment_criterion(app, "campaigns.texted", _texted)
    register_segment_criterion(app, "campaigns.not_reached", _not_reached)
    register_audience_exclusion(app, "invalid_number", numbers_that_are_none)
    register_audience_exclusion(app, "frequency_cap", texted_too_often)
    register_recent_answerers(app, lambda days: answered_since(now() - timedelta(days=days)))


def _invited(scope: Scope) -> Criterion:
    return Criterion(
        Field("surveys.invited", _l("Invited to a survey"), (_survey(scope),), group=_SURVEYS),
        lambda c, s: invited_numbers(_survey_id(c), s.unit_ids),
        lambda c, s: str(_("were invited to “%(survey)s”", survey=_title(c, s))),
    )


def _answered(scope: Scope) -> Criterion:
    did = Parameter("is", Kind.YES_NO, _l("answer"), is_needed=True, default=True)

    def find(condition: Condition, scope: Scope) -> Select[Any] | Without:
        answered = invited_numbers(_survey_id(condition), scope.unit_ids, answered=True)
        return answered if condition.get("is") else Without(answered)

    def say(condition: Condition, scope: Scope) -> str:
        survey = _title(condition, scope)
        return str(
            _("have answered “%(survey)s”", survey=survey) if condition.get("is") else _("have not answered “%(survey)s”", survey=survey)
        )

    return Criterion(Field("surveys.answered", _l("Answered a survey"), (_survey(scope), did), group=_SURVEYS), find, say)


def _silent(scope: Scope) -> Criterion:
    return Criterion(
        Field("surveys.silent", _l("Invited, did not answer"), (_survey(scope),), group=_SURVEYS),
        lambda c, s: invited_numbers(_survey_id(c), s.unit_ids, answered=False),
        lambda c, s: str(_("were invited to “%(survey)s” and have not answered", survey=_title(c, s))),
    )


def _survey(scope: Scope) -> Parameter:
    def options() -> Options:
        return tuple((str(id), title) for id, title in surveys_asked(scope.unit_ids).items())

    return Parameter("survey", Kind.CHOICE, _l("survey"), is_needed=True, options=options)


def _survey_id(condition: Condition) -> int:
    chosen = str(condition.get("survey"))
    return int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19 else -1


def _title(condition: Condition, scope: Scope) -> str:
    return surveys_asked(scope.unit_ids).get(_survey_id(condition), "—")


def _days() -> Parameter:
    return Parameter("days", Kind.NUMBER, _l("in the last days (how many)"), is_needed=True, minimum=1, maximum=730, default=30)


def _texted(scope: Scope) -> Criterion:
    return Criterion(
        Field("campaigns.texted", _l("Was texted lately"), (_days(),), group=_TEXTS),
        lambda c, s: _messages(c, s).where(Message.claimed_at.is_not(None), Message.state.not_in(_NOT_SENT)),
        lambda c, s: str(_("were texted in the last %(days)s days", days=number(c.get("days")))),
    )


def _not_reached(scope: Scope) -> Criterion:
    return Criterion(
        Field("campaigns.not_reached", _l("A text did not arrive"), (_days(),), group=_TEXTS),
        lambda c, s: _messages(c, s).where(Message.state.in_(_NOT_REACHED)),
        lambda c, s: str(_("were not reached by a text in the last %(days)s days", days=number(c.get("days")))),
    )


def _messages(condition: Condition, scope: Scope) -> Select[Any]:
    """Numbers that campaigns of the scope's units texted in these days; what others sent stays theirs."""
    since = now() - timedelta(days=int(condition.get("days")))
    # The campaigns lead to their messages, which lie together; without them every message ever sent would be looked at.
    campaigns = select(Campaign.id).where(
        Campaign.unit_id.in_(scope.unit_ids),
        Campaign.started_at.is_not(None),
        Campaign.finished_at.is_(None) | (Campaign.finished_at > since),
    )
    return select(Message.identity_id.label("identity_id")).where(
        Message.campaign_id.in_(campaigns), func.coalesce(Message.settled_at, Message.claimed_at) > since
    )


INVALID_FOR = timedelta(days=180)
"""A number the operator didn't know is tried again after this: numbers are given out anew."""


def numbers_that_are_none() -> Select[Any]:
    """Numbers of which the gateway said lately that they don't exist."""
    return select(Message.identity_id).where(
        Message.reason == "receptor_invalid", Message.identity_id.is_not(None), Message.settled_at > now() - INVALID_FOR
    )


def texted_too_often() -> Select[Any] | None:
    """Numbers that have had as many of our texts in the last days as the cap allows, over all units; alerts and corrections don't count."""
    since = now() - timedelta(days=CAP_DAYS)
    recent = db.session.scalars(
        select(Campaign.id).where(
            Campaign.started_at.is_not(None),
            Campaign.finished_at.is_(None) | (Campaign.finished_at > since),
            Campaign.ignores_cap.is_(False),
        )
    ).all()
    # A number is texted once a wave: with fewer waves than the cap nobody can have reached it.
    waves = db.session.scalar(select(func.count()).select_from(Wave).where(Wave.campaign_id.in_(recent))) if recent else 0
    if not waves or waves < CAP_COUNT:
        return None
    return (
        select(Message.identity_id)
        .where(Message.campaign_id.in_(recent), Message.claimed_at > since, Message.state.not_in(_NOT_SENT))
        .group_by(Message.identity_id)
        .having(func.count() >= CAP_COUNT)
    )
