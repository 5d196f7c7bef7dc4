"""An anonymous answer is nobody's: not by transaction numbers, places, ids, days, dumps, logs or queues."""

from __future__ import annotations

import base64
import os
import random
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from engage.clock import FrozenClock
from engage.config import Settings
from engage.db import db
from engage.jobs import redis_connection
from surveys import commands
from surveys.queries import find_link
from surveys.sealing import (
    break_seal,
    move_sealed_answers,
    seal_state,
)
from surveys.sealing.answers import once_digest
from surveys.sealing.keys import key_path, keys_folder
from surveys.submission import Outcome
from tests import make
from tests.sealed import Asked, ask, buffered, close, everything, rows, stored

ROOT = Path(__file__).resolve().parents[2]


def rho(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; ranks are taken in the order given, so without ties."""
    ranks = [{place: rank for rank, place in enumerate(sorted(range(len(each)), key=each.__getitem__))} for each in (first, second)]
    n = len(first)
    return 1 - 6 * sum((ranks[0][i] - ranks[1][i]) ** 2 for i in range(n)) / (n * (n * n - 1))


def persons_of_tables(asked: Asked) -> dict[str, list[tuple[int, int, tuple[int, int]]]]:
    """table → (person, xmin, ctid) of every row that names a person of the survey, whatever table it is in."""
    by_invitation = {id_: place for place, id_ in enumerate(asked.invitations)}
    by_identity = {id_: place for place, id_ in enumerate(asked.identities)}
    found = {}
    for table in db.metadata.sorted_tables:
        names = set(table.columns.keys())
        if table.name == "invitation":
            column, people = "id", by_invitation
        elif "invitation_id" in names:
            column, people = "invitation_id", by_invitation
        elif table.name == "phone_identity":
            column, people = "id", by_identity
        elif "identity_id" in names:
            column, people = "identity_id", by_identity
        else:
            continue
        lines = rows(f'SELECT "{column}", xmin::text, ctid::text FROM "{table.name}" WHERE "{column}" IS NOT NULL')
        persons = [(people[row[0]], int(row[1]), place_of(row[2])) for row in lines if row[0] in people]
        if persons:
            found[table.name] = persons
    digests = {once_digest(asked.survey_id, asked.tokens[place]): place for place in range(len(asked.tokens))}
    once = rows("SELECT digest, xmin::text, ctid::text FROM survey_sealed_once")
    if once:
        found["survey_sealed_once"] = [(digests[bytes(digest)], int(xmin), place_of(ctid)) for digest, xmin, ctid in once]
    return found


def place_of(ctid: str) -> tuple[int, int]:
    block, line = ctid.strip("()").split(",")
    return int(block), int(line)


def responses_of(asked: Asked) -> list[tuple[int, int, int, tuple[int, int]]]:
    """(person, id, xmin, ctid) of every response."""
    found = rows("SELECT answers->>'q2', id, xmin::text, ctid::text FROM response WHERE survey_id = :id", id=asked.survey_id)
    return [(int(row[0].split("-")[1]), row[1], int(row[2]), place_of(row[3])) for row in found]


def check_joins(asked: Asked, arrival: dict[int, int]) -> None:
    """Nothing that names a person stands at the number or the place of that person's response, more often than by chance."""
    responses = responses_of(asked)
    at_place = {each[3]: each[0] for each in responses}
    numbers = {each[2] for each in responses}
    tables = persons_of_tables(asked)
    assert {"invitation", "phone_identity", "contact"} <= set(tables) and "response" not in tables
    for name, persons in tables.items():
        assert not {xmin for _, xmin, _ in persons} & numbers, name
        hits = sum(at_place.get(ctid) == person for person, _, ctid in persons)
        assert hits <= 8, (name, hits)
    check_numbers(asked)
    orders: dict[str, dict[int, Any]] = {"arrival": arrival}
    for name, persons in tables.items():
        if len(persons) >= len(responses):
            orders[f"{name}.xmin"] = {person: (xmin, ctid) for person, xmin, ctid in persons}
            orders[f"{name}.ctid"] = {person: ctid for person, _, ctid in persons}
    assert "invitation.xmin" in orders
    for name, order in orders.items():
        assert abs(rho([order[each[0]] for each in responses], [each[1] for each in responses])) < 0.13, f"{name} and response.id"
    in_batches(responses, orders)


def check_numbers(asked: Asked) -> None:
    """Which tables share a transaction: a burnt link none with anything, answers only with what says nothing of a person."""
    written: dict[str, set[str]] = {}
    for table in db.metadata.sorted_tables:
        for (xmin,) in rows(f'SELECT DISTINCT xmin::text FROM "{table.name}"'):
            written.setdefault(xmin, set()).add(table.name)
    burnt = {row[0] for row in rows("SELECT xmin::text FROM invitation WHERE answered")}
    assert len(burnt) == len(asked.tokens)
    assert {name for xmin in burnt for name in written[xmin]} == {"invitation"}
    beside = {name for row in rows("SELECT DISTINCT xmin::text FROM response") for name in written[row[0]]}
    assert beside <= {"response", "survey_sealed_answer", "survey_seal", "outbox", "outbox_delivery"}
    beside = {name for row in rows("SELECT DISTINCT xmin::text FROM survey_sealed_once") for name in written[row[0]]}
    assert beside <= {"survey_sealed_once", "survey_sealed_answer"}


def in_batches(responses: list[tuple[int, int, int, tuple[int, int]]], orders: dict[str, dict[int, Any]]) -> None:
    """Answers that moved together are a crowd, in which places say nothing of any other order."""
    batches: dict[int, list[tuple[int, int, int, tuple[int, int]]]] = {}
    for each in responses:
        batches.setdefault(each[2], []).append(each)
    assert min(map(len, batches.values())) >= 20
    for name, order in orders.items():
        found = [rho([order[each[0]] for each in batch], [each[3] for each in batch]) for batch in batches.values()]  # type: ignore[misc]
        assert abs(sum(found) / len(found)) < 0.13, f"{name} and places within a batch"


def test_no_join_tells_whose_an_answer_is(app: Flask, clock: FrozenClock) -> None:
    count = 1000
    draw = random.Random(20261123)
    asked = ask(count)
    order = list(range(count))
    draw.shuffle(order)
    arrival = {person: place for place, person in enumerate(order)}
    for number, person in enumerate(order):
        link = find_link(asked.tokens[person])
        assert link is not None
        commands.note_opened(link.invitation_id, clock.now().date())
        assert asked.answer(person).outcome is Outcome.RECORDED
        if draw.random() < 0.07:
            move_sealed_answers(asked.survey_id, draw)
        if number % 125 == 124:
            clock.advance(timedelta(days=1))
    waiting = buffered(asked)
    assert waiting < 200 and len(stored(asked)) == count - waiting
    check_joins(asked, arrival)
    # Sealed answers that stayed behind a move were sealed anew: one number for all of them, in places of their own.
    close(asked)
    assert break_seal(asked.survey_id, draw)
    responses = responses_of(asked)
    assert sorted(each[0] for each in responses) == list(range(count))
    assert len({each[2] for each in responses}) == 1
    assert [each[1] for each in sorted(responses, key=lambda each: each[3])] == sorted(each[1] for each in responses)
    assert abs(rho([arrival[each[0]] for each in responses], [each[3] for each in responses])) < 0.13  # type: ignore[misc]
    check_joins(asked, arrival)
    assert rows("SELECT 1 FROM survey_sealed_once") == [] and rows("SELECT 1 FROM survey_sealed_answer") == []


def test_those_who_stay_behind_are_sealed_anew(app: Flask) -> None:
    asked = ask(41)
    for place in range(41):
        asked.answer(place)
    before = rows("SELECT id, sealed, xmin::text FROM survey_sealed_answer")
    assert len({row[2] for row in before}) == 41
    assert move_sealed_answers(asked.survey_id) == 20
    assert 2 < sum(place < 20 for place in stored(asked)) < 18, "neither the first nor the last"
    after = rows("SELECT id, sealed, xmin::text FROM survey_sealed_answer ORDER BY ctid")
    assert len(after) == 21 and len({row[2] for row in after}) == 1
    assert not {row[0] for row in before} & {row[0] for row in after} and not {row[1] for row in before} & {row[1] for row in after}
    assert [row[0] for row in after] == sorted(row[0] for row in after)
    assert move_sealed_answers(asked.survey_id) == 0
    close(asked)
    assert break_seal(asked.survey_id)
    assert sorted(stored(asked)) == list(range(41))


def test_a_response_keeps_nothing_that_leads_back(app: Flask, clock: FrozenClock) -> None:
    asked = ask(40)
    for place in range(40):
        asked.answer(place)
        clock.advance(timedelta(minutes=7))
    assert move_sealed_answers(asked.survey_id) == 20
    for row in rows("SELECT * FROM response"):
        kept = row._mapping
        assert kept["id"] >= 1 << 61 and kept["survey_id"] == asked.survey_id and kept["version_id"] == asked.version_id
        assert kept["channel"] == "link" and kept["language"] == "fa" and kept["receipt_code"] == "" and kept["order_seed"] == 0
        assert all(kept[name] is None for name in ("invitation_id", "entrance_id", "collector_id", "seconds"))
        assert kept["submitted_at"] == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)  # noon in Tehran
    assert rows("SELECT DISTINCT answered, started_at FROM invitation") == [(True, None)]


def test_no_day_is_told_that_fewer_than_twenty_share(app: Flask, clock: FrozenClock) -> None:
    asked = ask(60)
    for place in range(60):
        asked.answer(place)
        if place >= 25:
            clock.advance(timedelta(days=1) / 2)
    move_sealed_answers(asked.survey_id)
    close(asked)
    assert break_seal(asked.survey_id)
    days = Counter(row[0] for row in rows("SELECT submitted_at FROM response"))
    assert sum(days.values()) == 60 and min(days.values()) >= 20


def test_a_link_notes_no_start(app: Flask) -> None:
    asked = ask(1)
    commands.note_started(asked.invitations[0])
    assert rows("SELECT started_at FROM invitation") == [(None,)]


def test_the_private_key_lies_in_a_file_of_its_own_alone(app: Flask) -> None:
    asked = ask(1)
    path = key_path(asked.public)
    content = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(keys_folder().stat().st_mode) == 0o700
    secret = base64.b64decode(content.partition('"key": "')[2].partition('"')[0])
    assert len(secret) == 32
    assert not any(secret.hex() in line or base64.b64encode(secret).decode() in line for _, line in everything())


def test_sealed_answers_are_in_no_dump_and_tokens_in_none_at_all(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(45)
    for place in range(39):
        asked.answer(place)
    assert not any("پاسخ-" in line or "\\\\u067e" in line for _, line in everything())
    for place in range(39, 45):
        asked.answer(place)
    assert_no_tokens(asked, (line for _, line in everything()))
    assert_no_tokens(asked, queued())
    assert drain() > 0
    assert len(stored(asked)) == 20
    close(asked)
    drain()
    assert seal_state(asked.survey_id) == "opened" and len(stored(asked)) == 45
    assert_no_tokens(asked, (line for _, line in everything()))
    assert_no_tokens(asked, queued())


def assert_no_tokens(asked: Asked, lines: Iterable[str]) -> None:
    tokens = set(asked.tokens) | {token.encode().hex() for token in asked.tokens}
    seen = 0
    for line in lines:
        seen += 1
        assert not any(token in line for token in tokens)
    assert seen


def queued() -> list[str]:
    """Everything Valkey holds."""
    valkey = redis_connection()
    found = ["keys:"]
    for key in valkey.scan_iter():
        found.append(repr(key))
        kind = valkey.type(key)
        if kind == b"hash":
            found.append(repr(valkey.hgetall(key)))
        elif kind == b"list":
            found.append(repr(valkey.lrange(key, 0, -1)))
        elif kind == b"string":
            found.append(repr(valkey.get(key)))
        elif kind == b"zset":
            found.append(repr(valkey.zrange(key, 0, -1)))
        elif kind == b"set":
            found.append(repr(valkey.smembers(key)))
    return found


TALKATIVE = """
import os, sys
from engage.app import create_app
from engage.config import Settings
from engage.vault import Vault
settings = Settings.from_env(os.environ)
app = create_app(settings, vault=Vault.load(settings.keys_path))
from surveys import commands
from surveys.queries import find_link
from surveys.sealing import break_seal, carry, move_sealed_answers, read_carried, seal_response
survey_id, version_id, *tokens = sys.stdin.read().split()
with app.app_context():
    client = app.test_client()
    for token in tokens:
        client.get("/" + token)
        client.post("/" + token, data={"version": version_id})
        carried = carry(token, {"q1": "light"})
        read_carried(token, carried), read_carried(token, carried[:-4])
        link = find_link(token)
        for _ in range(2):
            seal_response(link, token, int(version_id), {"q1": "light", "q2": "a written answer"})
    assert move_sealed_answers(int(survey_id)) == 20
    commands.close_survey(int(survey_id), actor_id=None)
    assert break_seal(int(survey_id))
"""


def test_no_log_holds_a_token_or_an_answer(app: Flask, settings: Settings) -> None:
    asked = ask(42)
    environ = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "ENGAGE_DATA": str(settings.data_dir),
        "ENGAGE_KEYS": str(settings.keys_path),
        "ENGAGE_ENV": "test",
        "ENGAGE_LOG_LEVEL": "DEBUG",
        "ENGAGE_CLOCK_OFFSET": str((make.now() - datetime.now(UTC)).total_seconds()),
    }
    given = " ".join([str(asked.survey_id), str(asked.version_id), *asked.tokens])
    done = subprocess.run(
        [sys.executable, "-c", TALKATIVE], input=given, capture_output=True, text=True, cwd=ROOT, env=environ, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout + done.stderr
    assert "sealed_answers_moved" in said and "survey_unsealed" in said
    assert not any(token in said for token in asked.tokens)
    assert "a written answer" not in said and "light" not in said
    assert not any(f'"{name}"' in said for name in ("invitation", "invitation_id"))
