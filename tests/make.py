"""Factories: the smallest real thing of each kind, made by the rooms' own commands."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import campaigns.commands as campaigns
import surveys.commands as surveys
from campaigns.queries import get_campaign
from campaigns.states import CampaignState
from contacts.queries import AudienceFilter
from engage.clock import now
from engage.db import copy_into, transaction
from engage.identity.commands import create_unit, create_user
from engage.identity.models import UnitKind
from engage.identity.rules import Role
from engage.vault import vault

_numbers = itertools.count(1)
PASSWORD = "correct-horse-battery"


def make_unit(name: str = "شهرداری منطقهٔ ۱۲", *, parent_id: int | None = None, kind: UnitKind = UnitKind.DISTRICT, slug: str | None = None) -> int:
    """A unit; without a parent it hangs below a municipality made for it."""
    if parent_id is None and kind != UnitKind.MUNICIPALITY:
        parent_id = make_unit("شهرداری تهران", kind=UnitKind.MUNICIPALITY)
    return create_unit(name=name, sms_name="منطقه ۱۲", kind=kind, slug=slug or f"unit-{next(_numbers)}", parent_id=parent_id, actor_id=None)


def make_user(role: Role | str, unit_id: int, *, email: str | None = None, is_demo: bool = False) -> int:
    return create_user(
        email=email or f"{role}{next(_numbers)}@example.ir",
        name="نرگس احمدی",
        password=PASSWORD,
        role=Role(role),
        unit_id=unit_id,
        is_demo=is_demo,
        actor_id=None,
    )


def make_number() -> str:
    return f"+98912{next(_numbers) % 10_000_000:07d}"


def make_contacts(unit_id: int, numbers: Sequence[str] | int, *, consent: bool = True, **fields: Any) -> list[int]:
    """Contacts with consent to survey invitations, straight into the tables. Returns identity ids, in order."""
    if isinstance(numbers, int):
        numbers = [make_number() for _ in range(numbers)]
    at = now()
    with transaction() as session:
        connection = session.connection()
        ids = list(connection.exec_driver_sql("SELECT nextval('phone_identity_id_seq') FROM generate_series(1, %s)", (len(numbers),)).scalars())
        contact_ids = list(connection.exec_driver_sql("SELECT nextval('contact_id_seq') FROM generate_series(1, %s)", (len(numbers),)).scalars())
        copy_into(
            session,
            "phone_identity",
            ("id", "blind_index", "phone_cipher", "created_at"),
            ((id, vault().blind_index(e164), vault().encrypt(e164, f"phone_identity:{id}"), at) for id, e164 in zip(ids, numbers, strict=True)),
        )
        extra = tuple(fields)
        copy_into(
            session,
            "contact",
            ("id", "unit_id", "identity_id", "pseudonym", "created_at", "updated_at", *extra),
            ((c, unit_id, i, secrets.token_bytes(16), at, at, *fields.values()) for c, i in zip(contact_ids, ids, strict=True)),
        )
        if consent:
            copy_into(
                session,
                "contact_consent",
                ("contact_id", "purpose", "given", "basis", "since"),
                ((c, "survey_invitation", True, "consent", at) for c in contact_ids),
            )
    return ids


SMALL_SURVEY: dict[str, Any] = {
    "format": 1,
    "title": "کار بعدی محلهٔ شما چه باشد؟",
    "intro": "",
    "questions": [
        {
            "id": "q1",
            "type": "single",
            "label": "کدام کار واجب‌تر است؟",
            "required": True,
            "options": [{"id": "light", "label": "روشنایی کوچه‌ها"}, {"id": "park", "label": "فضای سبز"}],
        }
    ],
}


def make_survey(unit_id: int, definition: dict[str, Any] | None = None, *, closes_at: datetime | None = None, publish: bool = True) -> int:
    definition = definition or SMALL_SURVEY
    survey_id = surveys.create_survey(unit_id, definition["title"], definition, actor_id=None)
    if publish:
        surveys.publish_survey(survey_id, closes_at=closes_at or now() + timedelta(days=20), results_on=None, actor_id=None)
    return survey_id


def make_campaign(unit_id: int, survey_id: int, **changes: Any) -> int:
    values: dict[str, Any] = {
        "survey_id": survey_id,
        "title": "من شهردارم",
        "text": "منطقه ۱۲: کار بعدی محله چه باشد؟",
        "audience": AudienceFilter(unit_id=unit_id),
    }
    actor_id = changes.pop("actor_id", None)
    return campaigns.create_campaign(unit_id, campaigns.Draft(**(values | changes)), actor_id=actor_id)


def launch(campaign_id: int, *, at: datetime | None = None) -> None:
    """Through review to scheduled, whatever the unit's limits say."""
    state = campaigns.submit_campaign(campaign_id, actor_id=None)
    if state == CampaignState.IN_REVIEW:
        view = get_campaign(campaign_id)
        assert view is not None
        campaigns.approve_campaign(campaign_id, actor_id=make_user(Role.MANAGER, view.unit_id))
    campaigns.launch_campaign(campaign_id, actor_id=None, at=at)
