"""Loads the demo once: units, people, surveys, answers and campaigns, each by the command an officer's click calls."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from campaigns.commands import Draft, approve_campaign, create_campaign, submit_campaign
from campaigns.rules import Reminder
from contacts.commands import import_file
from contacts.queries import AudienceFilter, audience_chunk
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.segments import narrowed
from engage.clock import TEHRAN, now, today_in_tehran
from engage.config import Settings
from engage.db import transaction
from engage.identity.commands import create_unit, create_user
from engage.identity.queries import find_unit, units_tree
from engage.identity.rules import Role
from engage.operations.demo import people, questions
from engage.refusal import Refused
from surveys.commands import create_survey, invite_identities, note_opened, publish_survey, submit_response
from surveys.definitions import read_answers
from surveys.queries import definition_of, find_link, link_of

SEED = 1405
CITIZENS = 10_000
NEIGHBOURS = 240
"""Citizens of district 7, whom nobody in district 12 can see."""
SAFETY, SAFETY_SHARE = "weather_safety", 0.6
"""Of district 12, so many have agreed to alerts, too."""
INVITED, OPENED, ANSWERED = 140, 83, 61
"""The small survey's first round, in one neighbourhood."""
FIRST_ROUND = "ایران"
SECOND_ROUND = ("ارگ پامنار", "بازار", "سنگلج", "فردوسی")
DEADLINE = timedelta(weeks=3)
MAYOR_TEXT = "{واحد}: اگر شهردار بودید؟"
REMINDER_TEXT = "{واحد}: منتظر نظر شما هستیم"
SECOND_ROUND_TEXT = "{واحد}: محلهٔ شما تمیز است؟"

PASSWORD = "man-shahrdaram"
ADMIN, OFFICER, MANAGER = "admin@demo", "officer@demo", "manager@demo"

_CITY, _DISTRICT_12, _DISTRICT_7 = "tehran", "district-12", "district-7"
_NEIGHBOURHOODS: Mapping[str, str] = {
    "آبشار": "abshar",
    "ارگ پامنار": "arg-pamenar",
    "امامزاده یحیی": "emamzadeh-yahya",
    "ایران": "iran",
    "بازار": "bazar",
    "بهارستان": "baharestan",
    "تختی": "takhti",
    "دروازه شمیران": "darvazeh-shemiran",
    "سنگلج": "sangelaj",
    "شهید هرندی": "shahid-harandi",
    "فردوسی": "ferdowsi",
    "قیام": "qiyam",
    "کوثر": "kowsar",
}
_EVIDENCE = "برگه‌های عضویت در سرای محله‌ها، ۱۴۰۲ تا ۱۴۰۴"


def load(app: Flask) -> list[str]:
    """The demo is there, and every later call leaves everything as it is. Returns the lines to show: one login per role.

    Needs an application context and database and Valkey behind it; no worker, and never the gateway. A database that holds an office's
    own units is left alone. Refused("demo_with_real_gateway"): the numbers are made up, but their owners are not.
    """
    settings: Settings = app.extensions["engage_settings"]
    if not _is_local(settings.gateway_url):
        raise Refused("demo_with_real_gateway")
    if find_unit(_DISTRICT_12) is None:
        if units_tree():
            return ["No demo data: this database holds the units of an office. Start with --no-demo, or choose an empty folder with --data."]
        # One transaction: an interrupted first start leaves nothing, and the next one begins anew.
        with transaction():
            offices = _found_offices()
            _import_citizens(offices.district, "شهروندان منطقه ۱۲.csv", CITIZENS, SEED, people.DISTRICT_12, offices.officer)
            _import_citizens(offices.other_district, "شهروندان منطقه ۷.csv", NEIGHBOURS, SEED + 7, people.DISTRICT_7, offices.admin)
            _import_citizens(
                offices.district, "هشدار هوا و ایمنی.csv", CITIZENS, SEED, people.DISTRICT_12, offices.officer, purpose=SAFETY, share=SAFETY_SHARE
            )
            cleanliness, mayor = (_publish(offices, each) for each in (questions.cleanliness_survey(), questions.mayor_survey()))
            _answer_first_round(offices, cleanliness)
            _ask_for_second_round(offices, cleanliness)
            _prepare_mayor_campaign(offices, mayor)
    return [
        f"Administrator  {ADMIN}    password: {PASSWORD}    مدیر سامانه، شهرداری تهران",
        f"Officer        {OFFICER}  password: {PASSWORD}    کارشناس روابط عمومی، منطقهٔ ۱۲",
        f"Manager        {MANAGER}  password: {PASSWORD}    مدیر، منطقهٔ ۱۲",
    ]


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class _Offices:
    """Ids of the demo's units and accounts."""

    district: int
    other_district: int
    admin: int
    officer: int
    manager: int


def _found_offices() -> _Offices:
    city = create_unit(parent_id=None, kind="municipality", name="شهرداری تهران", sms_name="شهرداری تهران", slug=_CITY, actor_id=None)
    admin = _create_account(ADMIN, "مینا صادقی", Role.ADMIN, city, None)
    district = create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۱۲", sms_name="منطقه ۱۲", slug=_DISTRICT_12, actor_id=admin)
    for name, slug in _NEIGHBOURHOODS.items():
        create_unit(parent_id=district, kind="neighbourhood", name=f"محلهٔ {name}", sms_name=f"محله {name}", slug=slug, actor_id=admin)
    other = create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۷", sms_name="منطقه ۷", slug=_DISTRICT_7, actor_id=admin)
    officer = _create_account(OFFICER, "نرگس احمدی", Role.OFFICER, district, admin)
    manager = _create_account(MANAGER, "رضا مرادی", Role.MANAGER, district, admin)
    return _Offices(district, other, admin, officer, manager)


def _create_account(email: str, name: str, role: Role, unit_id: int, actor_id: int | None) -> int:
    return create_user(email=email, name=name, password=PASSWORD, role=role, unit_id=unit_id, is_demo=True, actor_id=actor_id)


def _import_citizens(
    unit_id: int,
    file_name: str,
    count: int,
    seed: int,
    neighbourhoods: Mapping[str, int],
    actor_id: int,
    *,
    purpose: str = DEFAULT_PURPOSE,
    share: float = 1.0,
) -> None:
    with tempfile.TemporaryDirectory(prefix="engage-demo-") as folder:
        path = Path(folder) / file_name
        people.write_csv(path, count, seed, neighbourhoods=neighbourhoods, share=share)
        import_file(path, unit_id, purpose=purpose, basis=Basis.CONSENT, evidence=_EVIDENCE, actor_id=actor_id)


def _publish(offices: _Offices, definition: dict[str, Any]) -> int:
    survey_id = create_survey(offices.district, definition["title"], definition, actor_id=offices.officer)
    closes_at = _deadline()
    results_on = closes_at.astimezone(TEHRAN).date() + timedelta(days=1)
    publish_survey(survey_id, closes_at=closes_at, results_on=results_on, actor_id=offices.officer)
    return survey_id


def _deadline() -> datetime:
    """Nine in the evening in Tehran, three weeks ahead."""
    return datetime.combine((now().astimezone(TEHRAN) + DEADLINE).date(), time(21), TEHRAN)


def _answer_first_round(offices: _Offices, survey_id: int) -> None:
    """Citizens of one neighbourhood have personal links to the survey, and many opened theirs and answered."""
    audience = AudienceFilter(offices.district, narrowed(neighbourhoods=(FIRST_ROUND,)))
    identities = [each.identity_id for each in audience_chunk(audience, DEFAULT_PURPOSE, limit=INVITED)]
    invitations = invite_identities(survey_id, offices.district, identities, _deadline())
    chance = random.Random(f"answers {SEED}")
    today = today_in_tehran().date()
    for number, identity in enumerate(identities[:OPENED]):
        link = find_link(urlsplit(link_of(*invitations[identity])).path.removeprefix("/"))
        assert link is not None
        assert link.version_id is not None
        note_opened(link.invitation_id, today)
        if number < ANSWERED:
            reading = read_answers(definition_of(link.version_id), _small_answers(chance), today=today)
            submit_response(link, link.version_id, reading.answers)


def _small_answers(chance: random.Random) -> dict[str, list[str]]:
    """A form's values. Opinions lean: the displeased name a fault, the pleased often none."""
    satisfaction = chance.choices((1, 2, 3, 4, 5), (3, 5, 6, 7, 3))[0]
    faults = ("late", "bins", "ditches", "rubble", "fine")
    problem = chance.choices(faults, (5, 7, 6, 3, 1) if satisfaction < 4 else (2, 3, 2, 1, 7))[0]
    answers = {"satisfaction": [str(satisfaction)], "problem": [problem]}
    if chance.random() < 0.35:
        answers["words"] = [chance.choice(questions.CLEANLINESS_ANSWERS)]
    return answers


def _ask_for_second_round(offices: _Offices, survey_id: int) -> None:
    """A campaign waits for the manager."""
    draft = Draft(
        survey_id=survey_id,
        title="نظافت محله، دور دوم",
        text=SECOND_ROUND_TEXT,
        audience=AudienceFilter(offices.district, narrowed(neighbourhoods=SECOND_ROUND)),
    )
    submit_campaign(create_campaign(offices.district, draft, actor_id=offices.officer), actor_id=offices.officer)


def _prepare_mayor_campaign(offices: _Offices, survey_id: int) -> None:
    """«من شهردارم» is approved; the officer has nothing left to press but «آغاز ارسال»."""
    draft = Draft(
        survey_id=survey_id,
        title="من شهردارم",
        text=MAYOR_TEXT,
        audience=AudienceFilter(unit_id=offices.district),
        reminders=(Reminder(timedelta(days=3), REMINDER_TEXT),),
    )
    campaign_id = create_campaign(offices.district, draft, actor_id=offices.officer)
    submit_campaign(campaign_id, actor_id=offices.officer)
    approve_campaign(campaign_id, actor_id=offices.manager)
