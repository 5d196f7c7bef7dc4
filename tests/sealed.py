"""Anonymous surveys for tests: who may answer, what they answered, and what of it stands where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from engage.db import db
from engage.vault import encrypted_columns, vault
from surveys import commands
from surveys.queries import find_link
from surveys.sealing import seal_response
from surveys.submission import Submission
from tests import make

ANONYMOUS: dict[str, Any] = make.SMALL_SURVEY | {
    "is_anonymous": True,
    "questions": [*make.SMALL_SURVEY["questions"], {"id": "q2", "type": "long_text", "label": "چرا؟"}],
}


@dataclass
class Asked:
    """An anonymous survey and the links of those who may answer it."""

    survey_id: int
    version_id: int
    identities: list[int]
    invitations: list[int]
    tokens: list[str]

    def answer(self, place: int) -> Submission:
        link = find_link(self.tokens[place])
        assert link is not None
        document = {"q1": "light" if place % 3 else "park", "q2": f"پاسخ-{place}-"}
        return seal_response(link, self.tokens[place], self.version_id, document)

    @property
    def public(self) -> bytes:
        return bytes(rows("SELECT public_key FROM survey_seal WHERE survey_id = :id", id=self.survey_id)[0][0])


def ask(people: int, definition: dict[str, Any] = ANONYMOUS) -> Asked:
    unit_id = make.make_unit()
    survey_id = make.make_survey(unit_id, definition)
    identities = make.make_contacts(unit_id, people)
    made = commands.invite_identities(survey_id, unit_id, identities, make.now() + timedelta(days=30))
    pairs = [made[identity] for identity in identities]
    version_id = rows("SELECT published_version_id FROM survey WHERE id = :id", id=survey_id)[0][0]
    return Asked(survey_id, version_id, identities, [pair[0] for pair in pairs], [vault().link_token(*pair) for pair in pairs])


def rows(statement: str, **params: Any) -> list[Any]:
    with db.engine.connect() as connection:
        return list(connection.execute(text(statement), params))


def close(asked: Asked) -> None:
    commands.close_survey(asked.survey_id, actor_id=None)


def stored(asked: Asked) -> list[int]:
    """Whose answers are responses, in the order of their rows."""
    found = rows("SELECT answers->>'q2' FROM response WHERE survey_id = :id ORDER BY ctid", id=asked.survey_id)
    return [int(row[0].split("-")[1]) for row in found]


def buffered(asked: Asked) -> int:
    return int(rows("SELECT count(*) FROM survey_sealed_answer WHERE survey_id = :id", id=asked.survey_id)[0][0])


def everything() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, and every encrypted value in plain."""
    for table in db.metadata.sorted_tables:
        for row in rows(f'SELECT t::text FROM "{table.name}" t'):
            yield table.name, row[0]
    keys = vault()
    for column in encrypted_columns():
        for name, blob in rows(f"SELECT {column.name}, {column.column} FROM {column.table} WHERE {column.column} IS NOT NULL"):
            yield column.table, keys.decrypt(bytes(blob), column.context_of(name))
