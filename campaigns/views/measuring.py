"""What a text would be as an SMS, for the composer: measured as the worst that placeholders can make of it, and shown as a citizen sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from campaigns import rules, texts
from campaigns.commands.draft import deadline_text
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

    @property
    def cost(self) -> int | None:
        return None if self.recipients is None else self.recipients * self.cost_each

    @property
    def over(self) -> int:
        """Units to take away for one page less."""
        single, several = (160, 153) if self.is_latin else (70, 67)
        return self.units - (single if self.pages == 2 else several * (self.pages - 1))

    @property
    def is_full(self) -> bool:
        return not self.problem and self.left <= WARN_LEFT


def measure(template: str, unit: UnitNode, survey_id: int, line: str, recipients: int | None = None) -> Measured:
    """Never refuses: what is wrong with the text stands in `problem`."""
    settings: Settings = current_app.extensions["engage_settings"]
    template = template.replace("\r\n", "\n").strip()
    link = f"{settings.base_url}/{texts.SAMPLE_TOKEN}"
    facts = get_survey_facts(survey_id)
    deadline = deadline_text(facts.closes_at) if facts is not None and facts.closes_at is not None else ""
    problem = ""
    names: frozenset[str] = frozenset()
    try:
        texts.check_template(template)
        names = texts.placeholders_of(template)
        longest = texts.largest(template, settings.base_url, unit.sms_name, deadline)
        sample = texts.render(
            template,
            {"first_name": SAMPLE_NAME, "neighbourhood": SAMPLE_NEIGHBOURHOOD, "unit": unit.sms_name, "deadline": deadline},
            _sample_link(settings),
        )
    except Refused as refused:
        problem = explain(refused)
        longest = sample = f"{template}\n{link}{OPT_OUT_LINE}"
    found = texts.measure(longest)
    each = estimate_text(longest, rules.PRICES, line)
    return Measured(
        problem,
        found.units,
        found.pages,
        found.units + found.left,
        found.left,
        found.script == Script.LATIN,
        1 + len(link) + len(OPT_OUT_LINE),
        _sample_link(settings),
        sample.split("\n"),
        each,
        recipients,
        bool(names & {"first_name", "neighbourhood"}),
    )


def _sample_link(settings: Settings) -> str:
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


def placeholder_chips() -> list[tuple[Any, str]]:
    """(words, what they put into the text)"""
    return [
        (_("First name of the citizen"), "{نام}"),
        (_("Neighbourhood"), "{محله}"),
        (_("Last day to answer"), "{مهلت}"),
        (_("Unit"), "{واحد}"),
    ]
