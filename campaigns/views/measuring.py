"""What a text would be as an SMS, for the composer: measured as the worst that placeholders can make of it, and shown as a citizen sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from campaigns import texts
from campaigns.commands.survey import deadline_text
from campaigns.conversation.queries import begin_line
from campaigns.kinds import CampaignKind, traits_of
from campaigns.queries import CampaignView
from campaigns.queries.lines import prices_of
from campaigns.views.spreads import Spread, spread_of
from contacts.queries import AudienceFilter
from engage.config import Settings
from engage.identity.queries import UnitNode
from engage.refusal import Refused
from engage.sms.cost import estimate_text
from engage.sms.segments import OPT_OUT_LINE, Script
from engage.web.refusals import explain
from surveys.queries import get_survey_facts

WARN_LEFT = 5
"""Units left in a page below which the composer warns."""

SAMPLE_NAME = "زهرا"
SAMPLE_NEIGHBOURHOOD = "هرندی"


@dataclass(frozen=True)
class Measured:
    """One text at its longest, and a sample of it."""

    problem: str
    units: int
    pages: int
    limit: int
    left: int
    is_latin: bool
    fixed_units: int
    link: str
    lines: list[str]
    """The sample, line by line"""
    cost_each: int
    recipients: int | None
    has_names: bool
    """Whether the length differs from one citizen to the next"""
    spread: Spread | None = None
    """How it differs among the people it is for; None where it doesn't, or where nobody was named"""

    @property
    def cost(self) -> int | None:
        return None if self.recipients is None else self.recipients * self.cost_each

    @property
    def usual_cost(self) -> int | None:
        """What the recipients' own names and neighbourhoods make of it, about; `cost` is the most it can be."""
        if self.recipients is None or self.spread is None or not self.pages:
            return None
        return self.spread.page_sum(self.recipients) * (self.cost_each // self.pages)

    @property
    def by_pages(self) -> list[tuple[int, int]]:
        """(pages, recipients), about, where texts of several lengths go out."""
        return self.spread.of(self.recipients) if self.spread is not None and self.recipients is not None and self.spread.is_mixed else []

    @property
    def over(self) -> int:
        """Units to take away for one page less."""
        single, several = (160, 153) if self.is_latin else (70, 67)
        return self.units - (single if self.pages == 2 else several * (self.pages - 1))

    @property
    def is_full(self) -> bool:
        return not self.problem and self.left <= WARN_LEFT


def measure(
    template: str,
    unit: UnitNode,
    survey_id: int | None,
    line: str,
    recipients: int | None = None,
    *,
    kind: CampaignKind = CampaignKind.SURVEY,
    audience: AudienceFilter | None = None,
) -> Measured:
    """Never refuses: what is wrong with the text stands in `problem`."""
    settings: Settings = current_app.extensions["engage_settings"]
    template = template.replace("\r\n", "\n").strip()
    has_link = traits_of(kind).has_link
    link = f"{settings.base_url}/{texts.SAMPLE_TOKEN}" if has_link else ""
    sample_link = sample_link_of(settings) if has_link else ""
    facts = None if survey_id is None else get_survey_facts(survey_id)
    deadline = deadline_text(facts.closes_at) if facts is not None and facts.closes_at is not None else ""
    begin = begin_line(survey_id) if kind == CampaignKind.CONVERSATION else ""
    problem = ""
    names: frozenset[str] = frozenset()
    spread = None
    shared = {"unit": unit.sms_name, "deadline": deadline, "begin": begin}
    try:
        texts.check_template(template, has_link=has_link, own_address=settings.base_url)
        names = texts.placeholders_of(template)
        longest = texts.largest(template, settings.base_url, unit.sms_name, deadline, has_link=has_link)
        sample = texts.render(
            template,
            {**shared, "first_name": SAMPLE_NAME, "neighbourhood": SAMPLE_NEIGHBOURHOOD},
            sample_link,
        )
        if audience is not None:
            spread = spread_of(template, shared, sample_link, audience)
    except Refused as refused:
        problem = explain(refused)
        longest = sample = f"{template}\n{link}{OPT_OUT_LINE}" if has_link else f"{template}{OPT_OUT_LINE}"
    found = texts.measure(longest)
    each = estimate_text(longest, prices_of(line))
    return Measured(
        problem,
        found.units,
        found.pages,
        found.units + found.left,
        found.left,
        found.script == Script.LATIN,
        (1 + len(link) if has_link else 0) + len(OPT_OUT_LINE),
        sample_link,
        sample.split("\n"),
        each,
        recipients,
        bool(names & {"first_name", "neighbourhood"}),
        spread,
    )


@dataclass(frozen=True)
class ShownReminder:
    """One reminder as the pages before sending show it."""

    after: int
    """Seconds since sending began"""
    own: Measured | None
    """None: the first text is sent again"""
    stop_above: int | None


def shown_reminders(campaign: CampaignView, unit: UnitNode) -> list[ShownReminder]:
    return [
        ShownReminder(
            each["after"],
            measure(each["text"], unit, campaign.survey_id, campaign.line, kind=campaign.kind) if each["text"] else None,
            each["stop_above"],
        )
        for each in campaign.reminders
    ]


def sample_link_of(settings: Settings) -> str:
    """A link of the right length that leads nowhere."""
    return f"{settings.base_url}/7Kp3XmQ9vTc"


def suggested_text(title: str) -> str:
    """A first text for a survey of this title: within one page where the title allows, never one that would be refused."""
    text = f"{{واحد}}: {title.strip()}"
    try:
        texts.check_template(text)
    except Refused:
        return "{واحد}: نظر شما چیست؟"
    return text


def placeholder_chips(has_deadline: bool = True) -> list[tuple[Any, str]]:
    """(words, what they put into the text)"""
    chips = [
        (_("First name of the citizen"), "{نام}"),
        (_("Neighbourhood"), "{محله}"),
        (_("Last day to answer"), "{مهلت}"),
        (_("Unit"), "{واحد}"),
    ]
    return [each for each in chips if has_deadline or each[1] != "{مهلت}"]
