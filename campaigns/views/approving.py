"""What an approver decides by, what is looked at before the start, and the bill of a month."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from rq import Worker
from rq.serializers import JSONSerializer
from wtforms import HiddenField, PasswordField
from wtforms.validators import InputRequired

from campaigns import credit, rules
from campaigns.commands import check_gateway, draft_of, require_line
from campaigns.commands.approving import standing_of
from campaigns.commands.draft import Draft
from campaigns.inbox.hours import inbox_rules
from campaigns.kinds import traits_of
from campaigns.queries import CampaignView, get_campaign_by_slug
from campaigns.queries.health import links_refused_at
from campaigns.queries.lines import hours_of
from campaigns.queries.money import bill_of, conversation_bill_of, trial_bill_of
from campaigns.states import CampaignState
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from contacts.queries import AudienceCount
from engage import persian
from engage.clock import TEHRAN, now
from engage.db import release_session
from engage.identity.commands import prove_by_code, prove_person
from engage.identity.delegations import delegators_of
from engage.identity.guard import acting, authorize, forget_actor, guarded, visible_unit_ids
from engage.identity.notices import confirmed_phone
from engage.identity.queries import get_unit, user_name
from engage.identity.rules import Permission
from engage.identity.views.door import authenticator
from engage.jobs import queue_named
from engage.refusal import Refused
from engage.web.filters import ago, jalali_datetime, rial
from engage.web.forms import BaseForm, CodeField
from engage.web.refusals import explain
from surveys.queries import get_survey_facts

DECIDED = frozenset({CampaignState.IN_REVIEW, CampaignState.APPROVED})

_needed: Any = InputRequired(_l("Please fill this in."))
_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "10"}


class CodeProof(BaseForm):
    proof = CodeField(_l("Code of your authenticator app"), [_needed], render_kw=_CODE)


class PasswordProof(BaseForm):
    proof = PasswordField(_l("Your password"), [_needed], render_kw={"autocomplete": "current-password"})


class TextedProof(BaseForm):
    proof = CodeField(_l("Six-digit code from the text message"), [_needed], render_kw=_CODE)
    by = HiddenField(default="text")


def proof_form(**given: Any) -> CodeProof | PasswordProof | TextedProof:
    """What this person confirms a decision with: the code of their app, or the password where they have none; or (`by=text`) a code that
    was texted to their own number."""
    if request.values.get("by") == "text" and acting().user.phone_confirmed_at is not None:
        return TextedProof(**given)
    return PasswordProof(**given) if acting().user.totp_secret is None else CodeProof(**given)


def approval_action(campaign: CampaignView) -> str:
    """What a texted code opens: the approval of exactly what was sent for it, not of what is sent another time."""
    return f"approve_campaign:{campaign.id}:{campaign.submitted_at and int(campaign.submitted_at.timestamp() * 1000)}"


def prove_decider(campaign: CampaignView, form: CodeProof | PasswordProof | TextedProof) -> None:
    """The person at the desk is who is signed in. Refused as `prove_person` or `prove_by_code`."""
    if isinstance(form, TextedProof):
        prove_by_code(acting().id, form.proof.data or "", approval_action(campaign))
    else:
        prove_person(acting().id, form.proof.data or "", authenticator())


def campaign_to_decide(slug: str) -> CampaignView:
    """The campaign as the unit's people see it, and, while it waits, as a delegate of a manager of the unit does. Else 404."""
    campaign = get_campaign_by_slug(slug)
    if campaign is None:
        abort(404)
    if campaign.state not in DECIDED or not delegators_of(acting().id, campaign.unit_id):
        authorize(Permission.CAMPAIGNS_VIEW, campaign.unit_id)
    return campaign


def decision_facts(campaign: CampaignView) -> dict[str, Any]:
    """Everything the approval page shows about who decides, whom it leaves out and what is left of the credit."""
    standing = standing_of(acting().id, campaign)
    counts = None
    if campaign.exclusions:
        counts = AudienceCount(**campaign.exclusions)
        counts = counts if acting().is_central else counts.hiding_other_units()
    known = credit.known_credit()
    cost = campaign.cost_estimate or 0
    free = None if known is None else credit.free_for(campaign.kind, known, besides=campaign.id)
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    return {
        "standing": standing,
        "own_phone": confirmed_phone(acting().id) if standing.may_approve else None,
        "in_name_of": user_name(standing.in_name_of),
        "approved_for": user_name(campaign.approved_for),
        "counts": counts,
        "credit": known,
        "free_credit": free,
        "credit_after": None if free is None else free - cost,
        "finance_words": finance_words(campaign.unit_id) if free is not None and free < cost else "",
        "closes_at": facts.closes_at if facts is not None and traits_of(campaign.kind).invites else None,
        "valid_until": None
        if campaign.approved_at is None
        else campaign.approved_at + timedelta(hours=current_app.extensions["engage_settings"].approval_hours),
    }


def finance_words(unit_id: int) -> str:
    """Whether somebody can charge the account now, by the unit's office hours and the days of rest."""
    at = now()
    hours = inbox_rules(unit_id, at).hours
    if hours.is_open(at):
        return str(_("The office is open now: ask finance to charge the gateway's account."))
    day = at.astimezone(TEHRAN).replace(hour=0, minute=0, second=0, microsecond=0)
    for ahead in range(60):
        opens = day + timedelta(days=ahead, minutes=hours.opens)
        if opens > at and hours.is_working(opens.date()):
            return str(_("The office is closed now; finance is there again on %(time)s.", time=jalali_datetime(opens)))
    return str(_("The office is closed now."))


@dataclass(frozen=True)
class Finding:
    """One line of the look before the start: passed, or what to do; a needed one refuses the start."""

    is_passed: bool
    words: Any
    advice: Any = ""
    is_needed: bool = True


@blueprint.get("/<slug>/preflight")
@guarded(Permission.CAMPAIGNS_CONTROL)
def preflight(slug: str) -> ResponseReturnValue:
    """Asks the gateway and the workers whether the approved campaign could start now. Changes nothing."""
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_CONTROL)
    if campaign.state != CampaignState.APPROVED:
        return redirect(url_for("campaigns.campaign_page", slug=slug), code=303)
    findings = [_line(campaign), _hours(campaign), *_workers(), _reserve(campaign)]
    release_session()
    findings.insert(0, _gateway(campaign))
    # The call to the gateway gave the session away, and with it the person the page's frame shows.
    forget_actor()
    return render_template("campaigns/approval_preflight.html", campaign=campaign, findings=findings, at=now())


def _gateway(campaign: CampaignView) -> Finding:
    try:
        left = check_gateway(campaign.cost_estimate or 0)
    except Refused as refused:
        return Finding(False, explain(refused), finance_words(campaign.unit_id) if refused.code.startswith("credit") else "")
    return Finding(True, _("The gateway answers, isn't in trial mode, and has a credit of %(credit)s.", credit=rial(left)))


def _line(campaign: CampaignView) -> Finding:
    draft: Draft = draft_of(campaign)
    try:
        require_line(campaign.line, campaign.unit_id, needs_links=traits_of(draft.kind).has_link, kind=campaign.kind)
    except Refused as refused:
        return Finding(False, explain(refused))
    refused_at = links_refused_at(campaign.line) if traits_of(draft.kind).has_link else None
    if refused_at is not None:
        advice = _("Have links for your domain allowed by the gateway's support before you start.")
        return Finding(False, _("The gateway refused links on this line %(time)s.", time=ago(refused_at)), advice, is_needed=False)
    return Finding(True, _("The line is in use, and the text may go out on it."))


def _hours(campaign: CampaignView) -> Finding:
    at = now()
    found = hours_of(
        campaign.kind,
        (campaign.window_start, campaign.window_end),
        campaign.line,
        at,
        sends_on_holidays=campaign.sends_on_holidays,
        sends_on_fridays=campaign.sends_on_fridays,
        until=campaign.not_after,
    )
    opens = None if found is None else rules.next_opening(at, found)
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    closes_at = facts.closes_at if facts is not None and traits_of(campaign.kind).invites else None
    if opens is None or (closes_at is not None and opens >= closes_at):
        advice = _("Make it a draft again and choose other hours or a later last day.")
        return Finding(False, _("No sending hours are left before its last moment or the survey's end."), advice)
    if opens > at:
        advice = _("Schedule it for that time or later.")
        return Finding(False, _("Texts of this campaign may go out from %(time)s on.", time=jalali_datetime(opens)), advice)
    return Finding(True, _("The sending hours are open."))


def _workers() -> list[Finding]:
    found = []
    for name, words in (("send", _("Sending")), ("bulk", _("Making the list of recipients")), ("default", _("Receipts and next steps"))):
        beats = [each.last_heartbeat for each in Worker.all(queue=queue_named(name), serializer=JSONSerializer)]
        moments = [each if each.tzinfo else each.replace(tzinfo=UTC) for each in beats if each is not None]
        alive = any((datetime.now(UTC) - each).total_seconds() < 600 for each in moments)
        if alive:
            found.append(Finding(True, _("%(work)s: its worker is alive.", work=words), is_needed=False))
        else:
            advice = _("Nothing is lost: it begins when the worker does. Tell whoever runs the server: engage work %(name)s", name=name)
            found.append(Finding(False, _("%(work)s: no worker is there.", work=words), advice, is_needed=False))
    return found


def _reserve(campaign: CampaignView) -> Finding:
    kept = credit.protected_from(campaign.kind)
    if kept:
        return Finding(True, _("%(kept)s stay untouched for safety alerts.", kept=rial(kept)), is_needed=False)
    return Finding(True, _("No reserve is kept from this campaign."), is_needed=False)


@blueprint.get("/bill.csv")
@guarded(Permission.REPORTS_EXPORT)
def bill() -> ResponseReturnValue:
    """The texts of a Jalali month (`month=1405-09`; this one unless said) and what they cost, of the chosen unit and those below it."""
    try:
        year, month = _month(request.args.get("month", ""))
    except ValueError:
        abort(404)
    first = _month_begins(year, month)
    last = _month_begins(year + month // 12, month % 12 + 1)
    text = io.StringIO()
    writer = csv.writer(text)
    heads = (_("Unit"), _("Campaign"), _("Line"), _("Texts"), _("Pages"), _("Charged (rials)"), _("Refunded (rials)"), _("To pay (rials)"))
    writer.writerow([str(each) for each in heads])
    total = [0, 0, 0, 0]
    units = visible_unit_ids(Permission.REPORTS_EXPORT)
    trials = [replace(each, title=str(_("Trials to officers' own phones"))) for each in trial_bill_of(units, first, last)]
    for row in (*bill_of(units, first, last), *conversation_bill_of(units, first, last), *trials):
        unit = get_unit(row.unit_id)
        figures = (row.texts, row.pages, row.accepted, row.refunded)
        total = [before + figure for before, figure in zip(total, figures, strict=True)]
        writer.writerow([harmless(unit.name if unit else ""), harmless(row.title), row.line, *figures, row.accepted - row.refunded])
    writer.writerow([str(_("Sum")), "", "", *total, total[2] - total[3]])
    return Response(
        "\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="sms-bill-{year}-{month:02}.csv"', "Cache-Control": "no-store"},
    )


def harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    begins = cell.lstrip()[:1]
    return f"'{cell}" if begins in ("=", "+", "-", "@", "＝", "＋", "－", "＠") or cell[:1] in ("\t", "\r", "\n") else cell


def _month(typed: str) -> tuple[int, int]:
    """ValueError for what is no month."""
    today = persian.format_jalali_short(now().astimezone(TEHRAN).date())
    year, month = persian.to_latin_digits(typed or today).replace("/", "-").split("-")[:2]
    found = int(year), int(month)
    if not (1300 <= found[0] <= 1600 and 1 <= found[1] <= 12):
        raise ValueError(typed)
    return found


def _month_begins(year: int, month: int) -> datetime:
    day = persian.parse_jalali(f"{year}/{month:02}/01")
    assert day is not None
    return datetime(day.year, day.month, day.day, tzinfo=TEHRAN)
