"""`engage rehearse`: the whole main job, headless and for real, in a folder of its own.

Import → consent → survey → campaign → worker → gateway → phones → answers → receipts → one reminder → report files. It never
touches a real service: addresses in the environment are ignored.
"""

from __future__ import annotations

import secrets
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text

import campaigns.commands as campaigns
import surveys.commands as surveys
from campaigns.queries import progress_of
from campaigns.rules import Reminder
from campaigns.states import CampaignState, MessageState
from contacts.commands import import_file
from contacts.queries import AudienceFilter, phones_of
from contacts.rules.consent import Basis
from engage.clock import TEHRAN, now, today_in_tehran
from engage.db import db
from engage.identity.commands import create_unit, create_user
from engage.identity.models import UnitKind
from engage.identity.rules import Role
from engage.operations.rehearse.citizens import End, Visit, send_citizens
from engage.operations.rehearse.expecting import disagreements, expected_counts, quota_faults
from engage.operations.rehearse.judge import judge
from engage.operations.rehearse.plan import Plan, make_plan
from engage.operations.rehearse.sheets import Sheet
from engage.operations.rehearse.stage import Stage, build_stage, wait_for
from engage.refusal import Refused
from engage.reports.cli import build_report
from engage.reports.commands import refresh_report
from engage.reports.exporting.queries import kinds_for
from engage.reports.queries import compute_content
from surveys.definitions import Definition
from surveys.queries import invitation_funnel
from surveys.sealing import is_sealed, is_under_seal

CITIZENS_AT_ONCE = 6
FIRST_SHARE = 0.7
"""So many of those who answer do so before the reminder."""
LIMIT_SECONDS = 1800.0
KEPT_AFTER = frozenset({"parts_did_not_start", "rehearsal_stuck"})
"""Refusals whose reason stands in the logs that were written"""


def rehearse(
    out: Path,
    *,
    contacts: Path | None = None,
    survey: Path | None = None,
    ballots: Path | None = None,
    answers: int | None = None,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, Any]:
    """The figures of README, "Rehearsal"; Refused for a folder that isn't empty and for input that can't be read or played: nothing is
    left in the folder then."""
    started = time.monotonic()
    with _empty_folder(out) as folder:
        plan = make_plan(folder, contacts=contacts, survey=survey, ballots=ballots, answers=answers, say=say)
        say("Starting servers, gateway, web and workers …")
        with build_stage(folder / "data") as stage:
            result = _play(stage, plan, folder, say)
    result["seconds"] = round(time.monotonic() - started, 1)
    return result


def _play(stage: Stage, plan: Plan, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    app = stage.app
    with app.app_context():
        unit_id, officer, manager = _people()
        say("Importing contacts …")
        summary, _ = import_file(
            plan.contacts, unit_id=unit_id, purpose="survey_invitation", basis=Basis.CONSENT, evidence="rehearsal", actor_id=officer
        )
        say(f"  {summary.created} contacts")
        survey_id = _publish(unit_id, plan.definition, officer)
        campaign_id = _launch(unit_id, survey_id, officer, manager)
    say("Sending invitations …")
    invited = _until_sent(stage, campaign_id, wave=1)
    visits = _visits(stage, plan, survey_id)
    first = round(len(visits) * FIRST_SHARE)
    say(f"  {invited} invited; {first} citizens answer …")
    ended = _answer(stage, visits[:first], say)
    say("Reminding the others …")
    with app.app_context():
        campaigns.remind_now(campaign_id, actor_id=officer)
    _until_sent(stage, campaign_id, wave=2)
    ended += _answer(stage, visits[first:], say)
    say("Waiting for the last receipts …")
    wait_for(lambda: _state(app, campaign_id) == CampaignState.FINISHED, stage.supervisor, seconds=LIMIT_SECONDS)
    if plan.definition.is_anonymous:
        say("Closing the survey, so that its seal is opened …")
        _close(stage, survey_id, officer)
    result = _result(stage, campaign_id, survey_id, folder, summary)
    with app.app_context():
        _compare(result, plan.definition, survey_id, [sheet for _, sheet in visits], ended)
    return result


def _answer(stage: Stage, visits: Sequence[tuple[str, Sheet]], say: Callable[[str], None]) -> list[Visit]:
    return send_citizens(stage.settings.gateway_url, visits, threads=CITIZENS_AT_ONCE, progress=lambda n: say(f"  {n} answered"))


def _result(stage: Stage, campaign_id: int, survey_id: int, folder: Path, summary: Any) -> dict[str, Any]:
    with stage.app.app_context():
        refresh_report(survey_id)
        verdict = judge(stage.ledger, campaign_id)
        funnel = invitation_funnel(survey_id)
        files = []
        for kind in kinds_for(survey_id):
            target = folder / f"report.{kind}"
            build_report(survey_id, target)
            files.append(str(target))
        return {
            "contacts": summary.created,
            "invited": verdict.invited,
            "accepted": verdict.accepted,
            "delivered": verdict.delivered,
            "opened": funnel.opened,
            "answered": funnel.answered,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "unsettled": verdict.unsettled,
            "counts": {},
            "files": files,
        }


def _compare(result: dict[str, Any], definition: Definition, survey_id: int, sheets: Sequence[Sheet], ended: Sequence[Visit]) -> None:
    """Fills in `counts`; `screened` where quotas turned citizens away, and `problems` where something isn't as it was planned."""
    ends = Counter(visit.end for visit in ended)
    documents, screened = (
        [sheet.document for sheet, visit in zip(sheets, ended, strict=True) if visit.end == end] for end in (End.ANSWERED, End.SCREENED)
    )
    problems = sorted({visit.problem for visit in ended if visit.problem})
    if result["answered"] != ends[End.ANSWERED]:
        problems.append(f"{ends[End.ANSWERED]} citizens were thanked, {result['answered']} links have answered")
    problems += quota_faults(definition, documents, screened, today_in_tehran().date())
    questions = compute_content(survey_id).questions
    # What stays sealed is counted nowhere.
    expected = expected_counts(definition, [] if is_sealed(survey_id) else documents)
    problems += disagreements(expected, questions)
    result["counts"] = {each.key: {option.id: option.count for option in each.options} for each in questions if each.options is not None}
    if screened:
        result["screened"] = len(screened)
    if problems:
        result["problems"] = problems[:10]


@contextmanager
def _empty_folder(out: Path) -> Iterator[Path]:
    """A folder for the block's work; a refusal leaves it as it was found."""
    folder = out.resolve()
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Refused("folder_not_empty", path=str(folder))
    except OSError as error:
        raise Refused("folder_not_writable", path=str(folder), detail=error.strerror or "") from None
    try:
        yield folder
    except Refused as refused:
        if refused.code not in KEPT_AFTER:
            for each in folder.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            if is_new:
                folder.rmdir()
        raise


def _people() -> tuple[int, int, int]:
    city = create_unit(
        parent_id=None, kind=UnitKind.MUNICIPALITY, name="شهرداری تهران", sms_name="شهرداری تهران", slug="tehran", actor_id=None
    )
    unit_id = create_unit(
        parent_id=city, kind=UnitKind.DISTRICT, name="شهرداری منطقهٔ ۱۲", sms_name="منطقه ۱۲", slug="district-12", actor_id=None
    )
    officer, manager = (
        create_user(
            email=f"{role}@rehearsal.example",
            name=name,
            password=secrets.token_urlsafe(24),
            role=role,
            unit_id=unit_id,
            actor_id=None,
        )
        for role, name in ((Role.OFFICER, "کارشناس تمرین"), (Role.MANAGER, "مدیر تمرین"))
    )
    return unit_id, officer, manager


def _publish(unit_id: int, definition: Definition, officer: int) -> int:
    survey_id = surveys.create_survey(unit_id, definition.title, definition, actor_id=officer)
    closes_at = now() + timedelta(days=20)
    results_on = (closes_at + timedelta(days=10)).astimezone(TEHRAN).date()
    surveys.publish_survey(survey_id, closes_at=closes_at, results_on=results_on, actor_id=officer)
    return survey_id


def _launch(unit_id: int, survey_id: int, officer: int, manager: int) -> int:
    draft = campaigns.Draft(
        survey_id=survey_id,
        title="من شهردارم",
        text="{واحد}: کار بعدی محله چه باشد؟",
        audience=AudienceFilter(unit_id=unit_id),
        reminders=(Reminder(timedelta(days=3), "{واحد}: هنوز پاسخ شما نرسیده است"),),
    )
    campaign_id = campaigns.create_campaign(unit_id, draft, actor_id=officer)
    if campaigns.submit_campaign(campaign_id, actor_id=officer) == CampaignState.IN_REVIEW:
        campaigns.approve_campaign(campaign_id, actor_id=manager)
    campaigns.launch_campaign(campaign_id, actor_id=officer)
    return campaign_id


def _until_sent(stage: Stage, campaign_id: int, *, wave: int) -> int:
    """Waits until every message of the wave has left our hands. Returns how many the wave has."""

    def sent() -> int:
        with stage.app.app_context():
            done = db.session.execute(
                text("SELECT materialised_at IS NOT NULL FROM wave WHERE campaign_id = :c AND number = :n"), {"c": campaign_id, "n": wave}
            ).scalar()
            progress = progress_of(campaign_id, wave=wave)
            open_count = progress.waiting + progress.count(MessageState.UNKNOWN)
            return progress.total if done and not open_count else 0

    return int(wait_for(sent, stage.supervisor, seconds=LIMIT_SECONDS, every=0.25))


def _visits(stage: Stage, plan: Plan, survey_id: int) -> list[tuple[str, Sheet]]:
    """Who answers, in which order, and what: all of it decided before the first link is tapped."""
    with stage.app.app_context():
        identities = db.session.execute(
            text("SELECT identity_id FROM invitation WHERE survey_id = :s ORDER BY id"), {"s": survey_id}
        ).scalars()
        numbers = list(phones_of(list(identities)).values())
        return plan.visits(numbers, today_in_tehran().date())


def _close(stage: Stage, survey_id: int, officer: int) -> None:
    """The anonymous survey is closed and its answers opened, or sealed for good."""
    with stage.app.app_context():
        surveys.close_survey(survey_id, actor_id=officer)

    def is_decided() -> bool:
        with stage.app.app_context():
            return not is_under_seal(survey_id)

    wait_for(is_decided, stage.supervisor, seconds=LIMIT_SECONDS)


def _state(app: Flask, campaign_id: int) -> str:
    with app.app_context():
        return str(db.session.execute(text("SELECT state FROM campaign WHERE id = :c"), {"c": campaign_id}).scalar())
