"""`engage campaigns …`: the same commands, permissions and approvals as the pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import click
from flask import Flask

from campaigns import commands
from campaigns.commands import draft_of
from campaigns.queries import CampaignView, get_campaign, get_campaign_by_slug
from engage.clock import TEHRAN, now
from engage.identity.queries import find_user_id, may_user, permitted_unit_ids
from engage.identity.rules import Permission
from engage.persian import parse_jalali, to_latin_digits
from engage.refusal import Refused


class _Backstage(Protocol):
    def app(self) -> Flask: ...


@click.group("campaigns")
def group() -> None:
    """Campaigns: estimate, launch, pause, resume, cancel."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
    command = click.option("--as", "email", required=True, metavar="USER", help="Email of the person who does this.")(command)
    command = click.argument("campaign_id", metavar="ID")(command)
    return click.pass_obj(command)


@group.command("estimate")
@_options
def estimate(backstage: _Backstage, campaign_id: str, email: str, as_json: bool) -> None:
    """Say who would get the texts now, how long they are and what they cost."""
    with backstage.app().app_context():
        campaign, _user = _permitted(campaign_id, email, Permission.CAMPAIGNS_VIEW)
        found = commands.estimate_campaign(campaign.unit_id, draft_of(campaign))
        answer = {
            "campaign": campaign.slug,
            "state": str(campaign.state),
            "matching": found.audience.total,
            "suppressed": found.audience.suppressed,
            "no_consent": found.audience.no_consent,
            "reassigned": found.audience.reassigned,
            "recipients": found.recipients,
            "units": found.longest.units,
            "pages": found.longest.pages,
            "cost_each": found.cost_each,
            "cost": found.cost,
        }
    _tell(
        answer,
        as_json,
        f"{answer['recipients']} recipients of {answer['matching']}, {answer['pages']} page(s) each, at most {answer['cost']} rials",
    )


@group.command("launch")
@_options
@click.option(
    "--at", metavar="TIME", help="Jalali day and Tehran's hour, such as “1405/09/02 10:00” (default: the planned time, else now)."
)
def launch(backstage: _Backstage, campaign_id: str, email: str, as_json: bool, at: str | None) -> None:
    """Start sending an approved campaign."""
    with backstage.app().app_context():
        campaign, user_id = _permitted(campaign_id, email, Permission.CAMPAIGNS_CONTROL)
        planned = campaign.planned_at if campaign.planned_at is not None and campaign.planned_at > now() else None
        moment = _moment(at) if at else planned
        commands.launch_campaign(campaign.id, actor_id=user_id, at=moment)
        _tell_state(campaign.id, as_json)


@group.command("pause")
@_options
def pause(backstage: _Backstage, campaign_id: str, email: str, as_json: bool) -> None:
    """Stop sending until somebody resumes it."""
    _control(backstage, campaign_id, email, as_json, commands.pause_campaign)


@group.command("resume")
@_options
def resume(backstage: _Backstage, campaign_id: str, email: str, as_json: bool) -> None:
    """Go on with a paused campaign."""
    _control(backstage, campaign_id, email, as_json, commands.resume_campaign)


@group.command("cancel")
@_options
def cancel(backstage: _Backstage, campaign_id: str, email: str, as_json: bool) -> None:
    """End a campaign: what waits never goes out."""
    _control(backstage, campaign_id, email, as_json, commands.cancel_campaign)


def _control(backstage: _Backstage, campaign_id: str, email: str, as_json: bool, command: Callable[..., None]) -> None:
    with backstage.app().app_context():
        campaign, user_id = _permitted(campaign_id, email, Permission.CAMPAIGNS_CONTROL)
        command(campaign.id, actor_id=user_id)
        _tell_state(campaign.id, as_json)


def _permitted(campaign_id: str, email: str, permission: Permission) -> tuple[CampaignView, int]:
    """The campaign and the person's id. Refused: "actor_unknown", "campaign_unknown" (also for units they don't see), "actor_not_permitted"."""
    user_id = find_user_id(email)
    if user_id is None:
        raise Refused("actor_unknown", email=email)
    plain = to_latin_digits(campaign_id)
    campaign = get_campaign_by_slug(campaign_id)
    if campaign is None and plain.isascii() and plain.isdigit() and len(plain) < 19:
        campaign = get_campaign(int(plain))
    if campaign is None or campaign.unit_id not in permitted_unit_ids(user_id, Permission.CAMPAIGNS_VIEW):
        raise Refused("campaign_unknown")
    if not may_user(user_id, permission, campaign.unit_id):
        raise Refused("actor_not_permitted", email=email)
    return campaign, user_id


def _moment(typed: str) -> datetime:
    day_text, _space, time_text = to_latin_digits(typed).strip().rpartition(" ")
    day = parse_jalali(day_text)
    hour, _colon, minute = time_text.partition(":")
    if day is None or not (hour.isdigit() and (minute or "0").isdigit()) or int(hour) > 23 or int(minute or 0) > 59:
        raise Refused("time_unreadable")
    return datetime(day.year, day.month, day.day, int(hour), int(minute or 0), tzinfo=TEHRAN).astimezone(UTC)


def _tell_state(campaign_id: int, as_json: bool) -> None:
    campaign = get_campaign(campaign_id)
    assert campaign is not None
    answer = {
        "campaign": campaign.slug,
        "state": str(campaign.state),
        "scheduled_at": campaign.scheduled_at.isoformat() if campaign.scheduled_at else None,
    }
    _tell(answer, as_json, f"{campaign.slug}: {campaign.state}")


def _tell(answer: dict[str, Any], as_json: bool, sentence: str) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else sentence)
