"""Ways into a survey for tests, made by the product's own command."""

from __future__ import annotations

import gzip
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from engage.db import db
from surveys.entrances import queries
from surveys.entrances.commands.managing import make_entrance
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import Kind, Plan
from surveys.models import EntranceCount, Response
from tests.make import SMALL_SURVEY

RIGHT = {"q1": "park"}
ANONYMOUS: dict[str, Any] = SMALL_SURVEY | {"is_anonymous": True}


def open_way(survey_id: int, kind: Kind = Kind.OPEN, label: str = "پارک شهر", **changes: Any) -> FoundEntrance:
    entrance = queries.get_entrance(make_entrance(survey_id, Plan(kind, label, **changes), actor_id=None))
    assert entrance is not None
    return entrance


def again(entrance: FoundEntrance) -> FoundEntrance:
    """The entrance as it stands now."""
    db.session.rollback()
    found = queries.get_entrance(entrance.id)
    assert found is not None
    return found


def html(response: TestResponse) -> str:
    body = response.data
    return (gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body).decode()


def responses() -> list[Response]:
    db.session.rollback()
    return list(db.session.scalars(select(Response).order_by(Response.id).execution_options(populate_existing=True)))


def counts(entrance: FoundEntrance) -> dict[str, int]:
    db.session.rollback()
    return {row.key: row.response_count for row in db.session.scalars(select(EntranceCount).where(EntranceCount.entrance_id == entrance.id))}
