"""An anonymous answer is nobody's: not by transaction numbers, places, ids, days, dumps, logs or queues; and none is lost or doubled."""

from __future__ import annotations

import base64
import os
import random
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import FrozenClock
from engage.config import Settings
from engage.db import db, transaction
from engage.jobs import redis_connection
from engage.refusal import Refused
from engage.vault import encrypted_columns, vault
from surveys import commands
from surveys.models import Channel
from surveys.queries import find_link, response_count
from surveys.sealing import (
    break_seal,
    carry,
    is_sealed,
    is_turn_sealed,
    move_sealed_answers,
    read_carried,
    receipt_of,
    ring_for_seals,
    seal_entrance_response,
    seal_response,
    seal_state,
    sealed_count_words,
    seals_without_key,
)
from surveys.sealing.answers import earlier_sealed_submission, once_digest, seal_secret
from surveys.sealing.boxes import shut
from surveys.sealing.keys import key_path, keys_folder
from surveys.submission import Outcome, Submission
from tests import make

ROOT = Path(__file__).resolve().parents[2]
SUBMITS = 1000 if os.environ.get("ENGAGE_FAULT_SEEDS") else 300
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


def rho(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; ranks are taken in the order given, so without ties."""
    ranks = [{place: rank for rank, place in enumerate(sorted(range(len(each)), key=each.__getitem__))} for each in (first, second)]
    n = len(first)
    return 1 - 6 * sum((ranks[0][i] - ranks[1][i]) ** 2 for i in range(n)) / (n * (n * n - 1))


# -- joins ---------------------------------------------------------------------------------------------------------------------------


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


# -- what is stored ------------------------------------------------------------------------------------------------------------------


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


# -- exactly once --------------------------------------------------------------------------------------------------------------------


def in_threads(app: Flask, works: Sequence[Callable[[], Any]], count: int = 8) -> list[Any]:
    """What these came to, `count` of them at once."""
    results: list[Any] = []
    left = list(works)
    start = threading.Barrier(count)

    def run() -> None:
        with app.app_context():
            start.wait()
            while True:
                try:
                    work = left.pop()
                except IndexError:
                    break
                try:
                    results.append(work())
                except Exception as error:
                    results.append(error)
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    return results


def test_many_parallel_submits_of_one_link_are_one_answer(app: Flask) -> None:
    asked = ask(1)
    results = in_threads(app, [lambda: asked.answer(0)] * SUBMITS)
    assert len(results) == SUBMITS
    assert Counter(each.outcome for each in results) == {Outcome.RECORDED: 1, Outcome.REPEATED: SUBMITS - 1}
    receipts = {each.receipt_code for each in results}
    assert len(receipts) == 1 and len(receipts.pop()) == 5 and {each.submitted_at for each in results} == {None}
    assert buffered(asked) == 1 and rows("SELECT answered, started_at FROM invitation") == [(True, None)]


def test_a_link_answers_once_also_after_its_answer_moved_on(app: Flask) -> None:
    asked = ask(40)
    first = [asked.answer(place) for place in range(40)]
    assert len({each.receipt_code for each in first}) > 35
    move_sealed_answers(asked.survey_id)
    # As if every process had died before it burnt its link.
    with transaction() as session:
        session.execute(text("UPDATE invitation SET answered = false"))
    again = [asked.answer(place) for place in range(40)]
    assert {each.outcome for each in again} == {Outcome.REPEATED}
    assert [each.receipt_code for each in again] == [each.receipt_code for each in first]
    assert len(stored(asked)) + buffered(asked) == 40
    assert rows("SELECT count(*) FROM invitation WHERE answered") == [(40,)]
    link = find_link(asked.tokens[3])
    assert link is not None and earlier_sealed_submission(link, asked.tokens[3]).receipt_code == first[3].receipt_code


def test_answers_that_arrive_while_the_seal_is_broken_are_kept_or_told_that_they_are_late(app: Flask) -> None:
    asked = ask(160)
    for place in range(30):
        asked.answer(place)
    works: list[Callable[[], Any]] = [lambda place=place: (place, asked.answer(place)) for place in range(30, 160)]  # type: ignore[misc]
    works.insert(75, lambda: (close(asked), break_seal(asked.survey_id)))
    results = in_threads(app, works)
    broken = [each for each in results if each == (None, True)]
    assert len(broken) == 1
    told = {place: each.outcome for place, each in (each for each in results if each not in broken)}
    kept = {place for place, outcome in told.items() if outcome is Outcome.RECORDED} | set(range(30))
    assert set(told.values()) == {Outcome.RECORDED, Outcome.TOO_LATE}
    assert sorted(stored(asked)) == sorted(kept) and buffered(asked) == 0


def test_movers_in_many_copies_lose_and_double_nothing(app: Flask) -> None:
    asked = ask(120)
    for place in range(120):
        asked.answer(place)
    moved = in_threads(app, [lambda: move_sealed_answers(asked.survey_id)] * 12, count=4)
    assert sum(moved) == 100 and len(set(stored(asked))) == 100 and buffered(asked) == 20
    close(asked)
    done = in_threads(app, [lambda: break_seal(asked.survey_id)] * 6, count=3)
    assert set(done) <= {True, False} and True in done
    assert sorted(stored(asked)) == list(range(120))


def test_who_comes_too_late_leaves_nothing(app: Flask, clock: FrozenClock) -> None:
    asked = ask(3)
    commands.revoke_invitations_of(asked.identities[0])
    late = find_link(asked.tokens[1])
    revoked = find_link(asked.tokens[0])
    assert late is not None and revoked is not None
    assert seal_response(revoked, asked.tokens[0], asked.version_id, {"q1": "park"}) == Submission(Outcome.TOO_LATE)
    clock.advance(timedelta(days=21))
    assert asked.answer(1) == Submission(Outcome.TOO_LATE)
    assert earlier_sealed_submission(late, asked.tokens[1]).outcome is Outcome.TOO_LATE
    assert buffered(asked) == 0 and rows("SELECT 1 FROM survey_sealed_once") == []


def test_no_more_answers_than_were_wanted(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(40)
    commands.publish_survey(asked.survey_id, closes_at=make.now() + timedelta(days=20), results_on=None, actor_id=None, response_limit=25)
    results = in_threads(app, [lambda place=place: asked.answer(place) for place in range(40)])  # type: ignore[misc]
    assert Counter(each.outcome for each in results) == {Outcome.RECORDED: 25, Outcome.FULL: 15}
    assert rows("SELECT count(*) FROM invitation WHERE answered") == [(25,)] and buffered(asked) == 25
    redis_connection().flushdb()  # the bell is lost
    assert ring_for_seals() == 1
    drain()
    assert rows("SELECT state FROM survey") == [("closed",)] and seal_state(asked.survey_id) == "opened"
    assert len(set(stored(asked))) == 25 and ring_for_seals() == 0


def test_an_answer_inside_another_transaction_is_refused(app: Flask) -> None:
    asked = ask(1)
    with pytest.raises(RuntimeError), transaction():
        asked.answer(0)
    assert buffered(asked) == 0


def test_a_turn_at_an_entrance_is_sealed_the_same_way(app: Flask) -> None:
    asked = ask(0)
    for turn in range(20):
        given = (asked.survey_id, f"turn-{turn:032}", asked.version_id, {"q1": "park"})
        first = seal_entrance_response(*given, channel=Channel.KIOSK)
        again = seal_entrance_response(*given, channel=Channel.KIOSK)
        assert (first.outcome, again.outcome) == (Outcome.RECORDED, Outcome.REPEATED) and first.receipt_code == again.receipt_code
        assert is_turn_sealed(asked.survey_id, given[1]) and not is_turn_sealed(asked.survey_id, given[1] + "x")
    close(asked)
    assert break_seal(asked.survey_id)
    assert rows("SELECT channel, count(*) FROM response GROUP BY 1") == [("kiosk", 20)]


def test_the_page_of_a_link_gives_the_same_receipt_for_ever_and_no_time(client: FlaskClient, app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(22)
    path = f"/{asked.tokens[0]}"
    given = {"version": str(asked.version_id), "q1": "park", "q2": "پاسخ-0-"}
    assert client.get(path).status_code == 200
    pages = [client.post(path, data=given) for _ in range(3)]
    receipts = {receipt_of(asked.survey_id, asked.tokens[0])}
    assert [page.status_code for page in pages] == [200] * 3
    assert all(receipt in page.get_data(as_text=True) for page in pages for receipt in receipts)
    assert all("پاسخ-0-" not in page.get_data(as_text=True) for page in pages)
    assert buffered(asked) == 1 and rows("SELECT 1 FROM response") == [] and rows("SELECT 1 FROM response_draft") == []
    assert rows("SELECT answered, started_at FROM invitation WHERE answered") == [(True, None)]
    for place in range(1, 21):
        asked.answer(place)
    close(asked)
    before = client.get(f"/{asked.tokens[21]}").get_data(as_text=True)
    drain()
    after = client.get(f"/{asked.tokens[21]}").get_data(as_text=True)
    assert "۲۱ نفر پاسخ دادند" in after and "نفر پاسخ دادند" not in before


# -- the end -------------------------------------------------------------------------------------------------------------------------


def test_fewer_than_twenty_answers_never_leave_the_seal(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(20)
    for place in range(19):
        asked.answer(place)
    path = key_path(asked.public)
    assert path.stat().st_size > 0
    assert move_sealed_answers(asked.survey_id) == 0 and not break_seal(asked.survey_id)
    assert buffered(asked) == 19
    close(asked)
    drain()
    assert is_sealed(asked.survey_id) and seal_state(asked.survey_id) == "sealed"
    assert response_count(asked.survey_id) == 0 and buffered(asked) == 0 and not path.exists()
    assert rows("SELECT destroyed_at IS NOT NULL FROM survey_seal") == [(True,)]
    assert not any("پاسخ-" in line for _, line in everything())
    with app.test_request_context():
        assert sealed_count_words() == "کمتر از ۲۰ پاسخ"
    assert asked.answer(19).outcome is Outcome.TOO_LATE
    assert ring_for_seals() == 0 and break_seal(asked.survey_id) is False


def test_twenty_answers_are_opened_and_the_key_is_gone(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(20)
    for place in range(20):
        asked.answer(place)
    path = key_path(asked.public)
    close(asked)
    drain()
    assert seal_state(asked.survey_id) == "opened" and not is_sealed(asked.survey_id)
    assert sorted(stored(asked)) == list(range(20)) and not path.exists()
    with pytest.raises(Refused, match="anonymous_closed_for_good"):
        commands.publish_survey(asked.survey_id, closes_at=make.now() + timedelta(days=9), results_on=None, actor_id=None)


def test_the_sweeper_rings_for_full_buffers_and_for_closed_surveys(app: Flask, drain: Callable[[], int]) -> None:
    asked = ask(45)
    for place in range(45):
        asked.answer(place)
    redis_connection().flushdb()  # every bell is lost
    assert ring_for_seals() == 1
    drain()
    assert len(stored(asked)) == 20 and ring_for_seals() == 0
    close(asked)
    redis_connection().flushdb()
    assert ring_for_seals() == 1
    drain()
    assert seal_state(asked.survey_id) == "opened" and len(stored(asked)) == 45 and ring_for_seals() == 0


def test_breaking_one_seal_leaves_other_responses_where_they_are(app: Flask) -> None:
    asked = ask(25)
    other = ask(5, make.SMALL_SURVEY)
    for place, token in enumerate(other.tokens):
        link = find_link(token)
        assert link is not None
        commands.submit_response(link, other.version_id, {"q1": "park" if place % 2 else "light"})
    where = "SELECT ctid::text, xmin::text, r::text FROM response r WHERE survey_id = :id ORDER BY id"
    before = rows(where, id=other.survey_id)
    for place in range(25):
        asked.answer(place)
    close(asked)
    assert break_seal(asked.survey_id)
    assert rows(where, id=other.survey_id) == before and len(before) == 5
    assert seal_state(other.survey_id) is None and not is_sealed(other.survey_id)


def test_a_machine_without_the_key_leaves_all_as_it_is(app: Flask) -> None:
    asked = ask(45)
    for place in range(45):
        asked.answer(place)
    path = key_path(asked.public)
    away = path.with_suffix(".away")
    path.rename(away)
    assert seals_without_key() == [asked.survey_id]
    assert move_sealed_answers(asked.survey_id) == 0
    close(asked)
    assert not break_seal(asked.survey_id)
    assert buffered(asked) == 45 and seal_state(asked.survey_id) == "open"
    away.rename(path)
    assert seals_without_key() == []
    assert break_seal(asked.survey_id)
    assert sorted(stored(asked)) == list(range(45))


def test_a_key_others_may_read_is_not_used(app: Flask) -> None:
    asked = ask(40)
    for place in range(40):
        asked.answer(place)
    key_path(asked.public).chmod(0o644)
    with pytest.raises(Refused, match="survey_key_exposed"):
        move_sealed_answers(asked.survey_id)
    key_path(asked.public).chmod(0o600)
    assert move_sealed_answers(asked.survey_id) == 20


def test_whoever_owns_the_database_cannot_crowd_one_citizen_out(app: Flask) -> None:
    asked = ask(1)
    asked.answer(0)
    (box,) = rows("SELECT sealed FROM survey_sealed_answer")[0]
    mine = b'{"version_id":%d,"day":"2026-11-22","document":{"q1":"park"},"channel":"link"}' % asked.version_id
    with transaction() as session:
        for forged in [shut(asked.public, b"guessed", asked.survey_id, mine) for _ in range(30)] + [bytes(box)] * 30:
            session.execute(
                text("INSERT INTO survey_sealed_answer VALUES (gen_random_uuid(), :survey, :box)"),
                {"survey": asked.survey_id, "box": forged},
            )
    assert move_sealed_answers(asked.survey_id) == 0
    close(asked)
    assert break_seal(asked.survey_id)
    assert is_sealed(asked.survey_id) and response_count(asked.survey_id) == 0
    assert seal_secret() != b"guessed"


def test_erasing_a_person_finds_no_answer(app: Flask) -> None:
    asked = ask(40)
    for place in range(40):
        asked.answer(place)
    move_sealed_answers(asked.survey_id)
    assert commands.erase_invitations(asked.invitations, forget_number=True) == 0
    assert len(stored(asked)) == 20 and buffered(asked) == 20


# -- promises ------------------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_anonymous_is_not_published_as_such(app: Flask) -> None:
    quota = {"id": "half", "label": "نیمی", "when": 'q1 = "light"', "limit": 5}
    survey_id = make.make_survey(make.make_unit(), ANONYMOUS | {"quotas": [quota]}, publish=False)
    with pytest.raises(Refused, match="anonymous_with_quota"):
        commands.publish_survey(survey_id, closes_at=make.now() + timedelta(days=9), results_on=None, actor_id=None)
    assert seal_state(survey_id) is None


# -- earlier pages -------------------------------------------------------------------------------------------------------------------


def test_carried_pages_are_read_by_their_own_link_alone(app: Flask) -> None:
    document = {"q1": "light", "q2": "سطر اول\nسطر دوم " * 400, "q3": ["a", "b"], "q4": 4, "q5": 12.5, "q6.r1": "c2"}
    carried = carry("Aa3456789bB", document)
    assert read_carried("Aa3456789bB", carried) == document
    assert carried.isascii() and carried.replace("-", "").replace("_", "").isalnum()
    assert read_carried("Aa3456789bC", carried) is None
    assert carry("Aa3456789bB", document) != carried
    assert len(carry("Aa3456789bB", {"q1": "a"})) == len(carry("Aa3456789bB", {"q1": "a" * 90}))


@pytest.mark.parametrize(
    "text", ["", "x", "AQ", "AQ==", "متن", "A" * 64, "é" * 40, "\x00", "AQ" * 4000, "../../etc", "A" * 3 + "\n" + "A" * 80]
)
def test_what_nobody_carried_is_not_read(app: Flask, text: str) -> None:
    assert read_carried("Aa3456789bB", text) is None


def test_a_changed_carried_text_is_not_read(app: Flask) -> None:
    carried = carry("Aa3456789bB", {"q1": "light"})
    draw = random.Random(7)
    for _ in range(60):
        place = draw.randrange(len(carried) - 1)
        letter = draw.choice([each for each in "ABCxyz019-_" if each != carried[place]])
        assert read_carried("Aa3456789bB", carried[:place] + letter + carried[place + 1 :]) is None
    assert read_carried("Aa3456789bB", carried[:-8]) is None and read_carried("Aa3456789bB", carried + "AAAA") is None
