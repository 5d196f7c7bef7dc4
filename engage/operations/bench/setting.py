"""What a benchmark stands on: own servers in a temporary folder, tables, one unit, one published survey, many citizens."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

import surveys.commands as surveys
from contacts.commands import ensure_purposes
from engage.app import create_app
from engage.clock import now
from engage.config import Settings
from engage.db import copy_into, transaction
from engage.embedded import Servers
from engage.identity.commands import create_unit
from engage.identity.models import UnitKind
from engage.operations import migrate
from engage.operations.demo import people
from engage.operations.rehearse.stage import WEBHOOK_TOKEN
from engage.operations.workday import working_day_at_ten
from engage.vault import Vault, vault

PURPOSE = "survey_invitation"


@dataclass
class Setting:
    app: Flask
    environ: dict[str, str]
    folder: Path
    unit_id: int
    survey_id: int


def ten_questions() -> dict[str, Any]:
    """A survey of ordinary size: choices, scales, a number, a text."""
    options = [{"id": f"o{n}", "label": f"گزینهٔ شمارهٔ {n} دربارهٔ محلهٔ شما"} for n in range(1, 6)]
    questions: list[dict[str, Any]] = []
    for number in range(1, 11):
        question: dict[str, Any] = {
            "id": f"q{number}",
            "label": f"پرسش {number}: دربارهٔ خیابان و کوچهٔ خود چه می‌گویید؟",
            "required": number <= 3,
        }
        match number % 5:
            case 0:
                question |= {"type": "short_text"}
            case 1 | 2:
                question |= {"type": "single", "options": options}
            case 3:
                question |= {"type": "multiple", "options": options}
            case _:
                question |= {"type": "rating", "scale": 5}
        questions.append(question)
    return {"format": 1, "title": "نظرسنجی ده‌پرسشی", "intro": "", "questions": questions}


def open_survey(unit_id: int) -> int:
    """One more survey of ten questions, open for a month."""
    survey_id = surveys.create_survey(unit_id, "نظرسنجی ده‌پرسشی", ten_questions(), actor_id=None)
    surveys.publish_survey(survey_id, closes_at=now() + timedelta(days=30), results_on=None, actor_id=None)
    return survey_id


@contextmanager
def build_setting(gateway_url: str = "http://127.0.0.1:9", **settings: str) -> Iterator[Setting]:
    """Servers with full durability, the tables, a unit and the survey of ten questions. Gone after the block."""
    moment = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="engage-bench-") as name, Servers(name) as servers:
        folder = Path(name)
        environ = dict(os.environ) | {
            "DATABASE_URL": str(servers.database_url),
            "REDIS_URL": str(servers.redis_url),
            "ENGAGE_DATA": name,
            "ENGAGE_KEYS": str(folder / "keys" / "keys.json"),
            "ENGAGE_ENV": "rehearsal",
            "ENGAGE_BASE_URL": "https://m12.example.ir",
            "ENGAGE_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
            "ENGAGE_CLOCK_OFFSET": str((working_day_at_ten(moment) - moment).total_seconds()),
            "ENGAGE_LOG_LEVEL": "WARNING",
            "KAVENEGAR_BASE_URL": gateway_url,
            **settings,
        }
        migrate.upgrade(str(servers.database_url))
        keys = Vault.load_or_create(Path(environ["ENGAGE_KEYS"]))
        app = create_app(Settings.from_env(environ), vault=keys, pool_size=20)
        with app.app_context():
            ensure_purposes()
            unit_id = create_unit(
                parent_id=None, kind=UnitKind.MUNICIPALITY, name="شهرداری سنجش", sms_name="منطقه ۱۲", slug="bench", actor_id=None
            )
            survey_id = open_survey(unit_id)
        try:
            yield Setting(app, environ, folder, unit_id, survey_id)
        finally:
            with app.app_context():
                app.extensions["sqlalchemy"].engine.dispose()


def add_citizens(setting: Setting, count: int, *, first_id: int = 1) -> None:
    """`count` consented contacts with made-up numbers, written straight into the tables: the import has a benchmark of its own."""
    at = now()
    numbers = people.made_up_numbers(count + first_id - 1, seed=1)[first_id - 1 :]
    ids = range(first_id, first_id + count)
    with transaction() as session:
        copy_into(
            session,
            "phone_identity",
            ("id", "blind_index", "phone_cipher", "created_at"),
            (
                (id, vault().blind_index(e164), vault().encrypt(e164, f"phone_identity:{id}"), at)
                for id, e164 in zip(ids, numbers, strict=True)
            ),
        )
        copy_into(
            session,
            "contact",
            ("id", "unit_id", "identity_id", "pseudonym", "first_name", "created_at", "updated_at"),
            ((id, setting.unit_id, id, secrets.token_bytes(16), "زهرا", at, at) for id in ids),
        )
        copy_into(
            session,
            "contact_consent",
            ("contact_id", "purpose", "given", "basis", "since"),
            ((id, PURPOSE, True, "consent", at) for id in ids),
        )
