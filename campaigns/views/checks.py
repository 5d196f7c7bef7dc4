"""What is looked at before a campaign is sent for approval, as the last step lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from campaigns import credit, rules
from campaigns.commands import Estimate
from campaigns.content import filtered_in
from campaigns.kinds import traits_of
from campaigns.queries import CampaignView
from campaigns.queries.content import filtered_words
from campaigns.queries.lines import get_line
from campaigns.texts import names_address
from engage.clock import now
from engage.identity.queries import UnitNode, managers_of
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.filters import jalali, rial
from engage.web.refusals import explain
from surveys.queries import get_survey_facts


@dataclass(frozen=True)
class Check:
    """One line: passed or not, in words; `is_needed` ones stop the approval."""

    is_passed: bool
    words: Any
    is_needed: bool = True


def checks_of(campaign: CampaignView, unit: UnitNode, estimate: Estimate | None, refusal: str) -> list[Check]:
    checks = []
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    if estimate is None:
        return [Check(False, refusal)]
    if facts is not None and facts.closes_at is not None:
        checks.append(Check(True, _("The survey is open and takes answers until %(day)s.", day=jalali(facts.closes_at))))
    checks.append(
        Check(True, _("Somebody is left to write to."))
        if estimate.recipients
        else Check(False, _("Nobody is left under these conditions. Take one of them away."))
    )
    checks += _content_checks(campaign)
    planned = campaign.planned_at
    if planned is not None:
        if planned < now():
            checks.append(Check(False, _("The time chosen for sending has passed. Choose a later one.")))
        elif facts is not None and facts.closes_at is not None and planned >= facts.closes_at:
            checks.append(Check(False, _("The survey closes before the time chosen for sending.")))
        elif not rules.is_within_window(planned, campaign.window_start, campaign.window_end):
            checks.append(Check(False, _("The time chosen for sending lies outside the sending hours.")))
        else:
            checks.append(Check(True, _("The time chosen for sending lies within the sending hours.")))
    known = credit.known_credit()
    if known is not None:
        if known.free >= estimate.cost:
            checks.append(Check(True, _("The gateway's credit is enough.")))
        else:
            missing = rial(estimate.cost - known.free)
            checks.append(
                Check(False, _("The gateway's free credit is %(missing)s short. Charge it before sending.", missing=missing), False)
            )
    if rules.needs_second_person(
        estimate.recipients, estimate.cost, limit_recipients=unit.approval_recipients, limit_cost=unit.approval_cost
    ):
        others = [each for each in managers_of(unit.id, Permission.CAMPAIGNS_APPROVE) if each.id != campaign.author_id]
        if others:
            names = [each.name for each in others[:3]]
            if len(names) == 1:
                checks.append(Check(True, _("%(name)s can approve it.", name=names[0])))
            else:
                listed = _("%(names)s and %(last)s", names="، ".join(names[:-1]), last=names[-1])
                checks.append(Check(True, _("%(names)s can approve it.", names=listed)))
        else:
            checks.append(
                Check(False, _("The unit has no manager besides you who could approve it. Ask the administrator for one."), False)
            )
    return checks


def _content_checks(campaign: CampaignView) -> list[Check]:
    """What the text holds: its link, the line it goes out on, words that operators hold back."""
    written = [campaign.text, *(each["text"] for each in campaign.reminders if each["text"])]
    has_link = traits_of(campaign.kind).has_link
    leads = has_link or any(names_address(each) for each in written)
    line = get_line(campaign.line)
    checks = []
    if leads and line is not None and not line.allows_links:
        checks.append(Check(False, explain(Refused("line_without_links", line=campaign.line))))
    elif leads:
        checks.append(Check(True, _("One link, of the office's own domain, and the last line for opting out.")))
    else:
        checks.append(Check(True, _("No link, and the last line for opting out.")))
    filtered = filtered_in("\n".join(written), filtered_words())
    if filtered:
        checks.append(Check(False, explain(Refused("text_filtered", words="، ".join(filtered)))))
    return checks
