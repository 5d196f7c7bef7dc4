"""A quick poll: one question, published, and a campaign that asks a random sample about it, in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask_babel import gettext as _

from campaigns.commands.draft import Draft, create_campaign
from campaigns.texts import check_template
from contacts.queries import AudienceFilter
from engage.clock import now
from engage.db import transaction
from engage.refusal import Refused
from surveys.commands import create_survey, publish_survey
from surveys.definitions import Definition
from surveys.types import LongText, Option, Rating, Single, YesNo

MOST_OPTIONS = 6


class PollKind(StrEnum):
    YES_NO = "yes_no"
    SATISFACTION = "satisfaction"
    CHOICE = "choice"


@dataclass(frozen=True)
class QuickPoll:
    """What an officer in a hurry decides. `options` of a choice in their order; `days` until it closes."""

    question: str
    kind: PollKind
    options: tuple[str, ...] = ()
    asks_why: bool = True
    days: int = 3


def definition_of_poll(poll: QuickPoll) -> Definition:
    """Refused: "poll_question_empty", "poll_options_few", "poll_options_many", "poll_options_same"."""
    question = " ".join(poll.question.split())
    if not question:
        raise Refused("poll_question_empty")
    first: Single | Rating | YesNo
    if poll.kind == PollKind.CHOICE:
        first = Single(id="q1", label=question, required=True, options=_options(poll.options))
    elif poll.kind == PollKind.SATISFACTION:
        first = Rating(id="q1", label=question, required=True, low_label=_("Very dissatisfied"), high_label=_("Very satisfied"))
    else:
        first = YesNo(id="q1", label=question, required=True)
    more = [LongText(id="q2", label=_("Why? Write if you like."))] if poll.asks_why else []
    return Definition(title=question[:120], questions=[first, *more])


def _options(words: Sequence[str]) -> list[Option]:
    found = [" ".join(each.split()) for each in words]
    found = [each for each in found if each]
    if len(found) < 2:
        raise Refused("poll_options_few")
    if len(found) > MOST_OPTIONS:
        raise Refused("poll_options_many", most=MOST_OPTIONS)
    if len(set(found)) < len(found):
        raise Refused("poll_options_same")
    return [Option(id=f"o{place}", label=label) for place, label in enumerate(found, 1)]


def make_quick_poll(unit_id: int, poll: QuickPoll, audience: AudienceFilter, *, actor_id: int | None, slug: str | None = None) -> int:
    """The survey is open and a draft campaign invites the audience (its sample, where it has one) to it; the campaign's id. All or nothing.

    Refused: what `definition_of_poll`, publishing and drafting refuse.
    """
    definition = definition_of_poll(poll)
    with transaction():
        survey_id = create_survey(unit_id, definition.title, definition, actor_id=actor_id)
        publish_survey(survey_id, closes_at=now() + timedelta(days=poll.days), results_on=None, actor_id=actor_id)
        draft = Draft(survey_id=survey_id, title=definition.title, text=poll_text(definition.title), audience=audience)
        return create_campaign(unit_id, draft, actor_id=actor_id, slug=slug)


def poll_text(question: str) -> str:
    """The question itself where a text can carry it, else a plain invitation: the review shows it, and it can be changed."""
    text = f"{{واحد}}: {question}"
    try:
        check_template(text)
    except Refused:
        return "{واحد}: یک پرسش کوتاه از شما داریم."
    return text
