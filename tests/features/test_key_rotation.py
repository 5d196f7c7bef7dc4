"""Keys are rotated beside everything else: whatever was written under any of them is found, opened, held and followed afterwards."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, text

from campaigns.commands.inbound import receive_inbound
from contacts.commands import add_contact, suppress_number
from contacts.commands import rotating as steps
from contacts.index_keys import hold_index_key, seize_index_key
from contacts.queries import find_identity, phone_of
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.identity.fingerprints import check_fingerprints
from engage.operations import rotating
from engage.operations.rotating import retire_link_keys, rotate_keys
from engage.refusal import Refused
from engage.vault import ROTATABLE, Vault, encrypted_columns, vault
from surveys.commands import invite_identities
from surveys.queries.links import find_link, link_of
from tests import make


@pytest.fixture
def keys_path(app: Flask) -> Iterator[Path]:
    """The key file; what a test made of it is undone, so that the next one finds versions it knows."""
    path: Path = app.extensions["engage_settings"].keys_path
    kept, held = path.read_bytes(), vault(fresh=True)
    check_fingerprints()
    yield path
    db.session.remove()
    path.write_bytes(kept)
    path.chmod(0o600)
    app.extensions["engage_vault"] = held
    app.extensions["engage_key_file"]._seen = app.extensions["engage_key_file"]._stat()


def rotate(app: Flask, purpose: str) -> rotating.Rotated:
    db.session.remove()
    return rotate_keys(app, purpose, pause=0.0, patience=20)


class World:
    """What was written so far, as plain as nobody stores it."""

    def __init__(self, unit_id: int, survey_id: int) -> None:
        self.unit_id = unit_id
        self.survey_id = survey_id
        self.numbers: dict[str, int] = {}
        self.stopped: set[str] = set()
        self.links: dict[int, tuple[int, int]] = {}
        self.letters: dict[int, str] = {}
        self.inbound: dict[int, str] = {}

    def add(self, draw: random.Random) -> None:
        number = make.make_number()
        add_contact(self.unit_id, number, Person(first_name="زهرا"), purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه", actor_id=None)
        found = find_identity(number)
        assert found is not None
        self.numbers[number] = found

    def stop(self, draw: random.Random) -> None:
        # Numbers nobody knows may be stopped, too; their hash is all there ever is of them.
        number = draw.choice([*self.numbers, make.make_number()])
        suppress_number(number, "sms", actor_id=None)
        self.stopped.add(number)

    def invite(self, draw: random.Random) -> None:
        if self.numbers:
            identity_id = draw.choice(list(self.numbers.values()))
            found = invite_identities(self.survey_id, self.unit_id, [identity_id], now() + timedelta(days=20))[identity_id]
            self.links[identity_id] = found
            self.letters.setdefault(identity_id, link_of(*found).rpartition("/")[2])

    def write_in(self, draw: random.Random) -> None:
        gateway_id = len(self.inbound) + 1
        receive_inbound(gateway_id, "3000", "09120000000", f"سلام {gateway_id}")
        self.inbound[gateway_id] = f"سلام {gateway_id}"

    def check(self) -> None:
        db.session.remove()
        for number, identity_id in self.numbers.items():
            assert find_identity(number) == identity_id
            assert phone_of(identity_id) == number
        with transaction() as session:
            keys = hold_index_key(session)
            hashes = {bytes(value) for value in session.scalars(text("SELECT number_hash FROM suppression"))}
            assert len(hashes) == len(self.stopped)
            assert all(keys.suppression_hash(number) in hashes for number in self.stopped)
            blinds = {bytes(value) for value in session.scalars(text("SELECT blind_index FROM phone_identity"))}
            assert {keys.blind_index(number) for number in self.numbers} == blinds
            for gateway_id, cipher in session.execute(text("SELECT gateway_id, text_cipher FROM inbound_message")).all():
                assert vault().decrypt(bytes(cipher), f"inbound_message:{gateway_id}") == self.inbound[gateway_id]
        for identity_id, letters in self.letters.items():
            link = find_link(letters)
            assert link is not None and link.identity_id == identity_id
            # A reminder renders the same letters again.
            assert link_of(*self.links[identity_id]).endswith(letters)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_rotations_everything_is_found_opened_held_and_followed(app: Flask, keys_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    unit_id = make.make_unit()
    world = World(unit_id, make.make_survey(unit_id))
    deeds = [world.add, world.add, world.stop, world.invite, world.write_in]
    for _ in range(10):
        for _ in range(draw.randrange(1, 7)):
            draw.choice(deeds)(draw)
        purpose = draw.choice(ROTATABLE)
        done = rotate(app, purpose)
        assert (done.from_version, done.to_version) == (done.to_version - 1, vault().writing(purpose))
        world.check()
    check_fingerprints()
    assert keys_path.stat().st_mode & 0o777 == 0o600


def test_old_keys_of_encryption_and_index_go_and_those_of_opt_outs_stay(app: Flask, keys_path: Path) -> None:
    unit_id = make.make_unit()
    World(unit_id, 0).add(random.Random(1))
    before = {purpose: set(vault().versions(purpose)) for purpose in ROTATABLE}
    for purpose in ROTATABLE:
        rotate(app, purpose)
    stored = Vault.load(keys_path)
    for purpose in ("encryption", "index"):
        assert stored.versions(purpose) == (max(before[purpose]) + 1,)
    assert set(stored.versions("suppression")) == before["suppression"] | {max(before["suppression"]) + 1}
    assert set(stored.versions("links")) == before["links"] | {max(before["links"]) + 1}
    # The old file no longer opens anything, and is told so.
    with pytest.raises(Refused, match="keys_old"):
        _start_with(app, keys_path, {purpose: {1: bytes(32)} for purpose in json.loads(keys_path.read_text())["keys"]}, keep=("ledger", "session", "links"))


def _start_with(app: Flask, path: Path, keys: dict[str, dict[int, bytes]], keep: tuple[str, ...]) -> None:
    held = vault()
    wanted = {purpose: {v: held._keys[purpose][v] for v in held.versions(purpose)} if purpose in keep else {99: bytes([1]) * 32} for purpose in keys}
    app.extensions["engage_vault"] = Vault(wanted)
    app.extensions["engage_key_file"]._seen = app.extensions["engage_key_file"]._stat()
    try:
        check_fingerprints()
    finally:
        app.extensions["engage_vault"] = held


def test_a_link_key_goes_once_no_link_needs_it(app: Flask, keys_path: Path, clock: FrozenClock) -> None:
    unit_id = make.make_unit()
    world = World(unit_id, make.make_survey(unit_id))
    world.add(random.Random(1))
    world.invite(random.Random(1))
    old = vault().writing("links")
    rotate(app, "links")
    world.check()
    clock.advance(timedelta(days=2))
    db.session.remove()
    assert retire_link_keys(app) == []
    world.check()
    clock.advance(timedelta(days=30))  # the link has expired
    db.session.remove()
    assert old in retire_link_keys(app)
    assert old not in vault().versions("links")
    check_fingerprints()


def test_every_encrypted_column_is_registered(app: Flask) -> None:
    registered = {(column.table, column.column) for column in encrypted_columns()}
    found = {
        (table.name, column.name)
        for table in db.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and (column.name.endswith("_cipher") or column.name in ("totp_secret", "totp_pending_secret"))
    }
    assert found == registered


def test_two_rotations_at_once_are_one(app: Flask, keys_path: Path) -> None:
    db.session.remove()
    with rotating._only_one(), pytest.raises(Refused, match="rotation_running"):
        rotate(app, "index")
    assert rotate(app, "index").to_version == vault().writing("index")


def test_an_interrupted_rotation_is_finished_before_another_begins(app: Flask, keys_path: Path) -> None:
    begun = steps.begin_rotation("index")
    with pytest.raises(Refused, match="rotation_unfinished"):
        rotate(app, "encryption")
    check_fingerprints()  # announced, and nobody has it yet: no reason to refuse
    assert rotate(app, "index").to_version == begun.to_version


def test_the_switch_waits_for_whoever_writes_numbers(app: Flask, keys_path: Path) -> None:
    """A list that began under the old key is written whole under it; the switch takes its numbers along."""
    unit_id = make.make_unit()
    world = World(unit_id, 0)
    world.add(random.Random(1))
    number = make.make_number()
    may_end, holds = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with app.app_context(), transaction() as session:
            keys = hold_index_key(session)
            assert seize_index_key(session) is not None  # nobody else yet
            holds.set()
            may_end.wait(10)
            session.execute(
                text("INSERT INTO phone_identity (blind_index, phone_cipher, created_at) VALUES (:blind, '', now())"), {"blind": keys.blind_index(number)}
            )
            found = session.scalar(text("SELECT max(id) FROM phone_identity"))
            session.execute(text("UPDATE phone_identity SET phone_cipher = :c WHERE id = :i"), {"c": keys.encrypt(number, f"phone_identity:{found}"), "i": found})
            world.numbers[number] = int(found)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert holds.wait(10)
    threading.Timer(1.5, may_end.set).start()
    rotate(app, "index")
    writer.join()
    world.check()


def test_a_running_process_takes_the_new_file_and_no_foreign_one(app: Flask, keys_path: Path) -> None:
    held = vault(fresh=True)
    held.with_new_key("links", 77).store(keys_path)
    assert 77 in vault(fresh=True).versions("links")
    taken = vault()
    Vault.create(keys_path.with_name("other.json"))
    keys_path.write_bytes(keys_path.with_name("other.json").read_bytes())
    assert vault(fresh=True) is taken
    keys_path.with_name("other.json").unlink()


def test_threads_that_look_at_once_all_take_the_new_file(app: Flask, keys_path: Path) -> None:
    start, behind = threading.Barrier(4), []

    def look(version: int) -> None:
        with app.app_context():
            start.wait()
            if version not in vault(fresh=True).versions("links"):
                behind.append(version)

    for version in range(50, 90):
        Vault.load(keys_path).with_new_key("links", version).store(keys_path)
        threads = [threading.Thread(target=look, args=(version,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert behind == []


def test_who_starts_while_a_key_is_made_is_let_in(app: Flask, keys_path: Path) -> None:
    """The key file was read before the key was there, the database is asked when it knows it."""
    begun, told = steps.begin_rotation("index"), []

    def start() -> None:
        with app.app_context():
            try:
                check_fingerprints()
                told.append("in")
            except Refused as refused:
                told.append(refused.code)

    starter = threading.Thread(target=start)
    with db.engine.connect() as ours, db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching:
        ours.execute(text("LOCK TABLE key_fingerprint IN ACCESS EXCLUSIVE MODE"))
        starter.start()
        deadline = time.monotonic() + 10
        while not watching.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        made = Vault.load(keys_path).with_new_key("index", begun.to_version)
        made.store(keys_path)
        name = f"index/{begun.to_version}"
        ours.execute(text("UPDATE key_fingerprint SET fingerprint = :mark WHERE name = :name"), {"mark": made.fingerprints()[name], "name": name})
        ours.commit()
    starter.join(10)
    assert told == ["in"]
    assert rotate(app, "index").to_version == begun.to_version


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda held: {name: mark[::-1] for name, mark in held.items()}, "keys_foreign"),
        (lambda held: held | {"index/1": "0" * 16}, "keys_mixed"),
        (lambda held: held | {"index/2": "0" * 16}, "keys_newer"),
        (lambda held: {name: mark for name, mark in held.items() if name != "index/1"}, "keys_old"),
    ],
)
def test_each_wrong_key_file_is_told_apart(change, code) -> None:  # type: ignore[no-untyped-def]
    from engage.identity.fingerprints import complain

    known = {"encryption/1": "0123456789abcdef", "index/1": "123456789abcdef0", "index/3": ""}
    held = {name: mark for name, mark in known.items() if mark}
    complain(held, known)
    complain({**held, "index/3": "3" * 16}, known)
    complain({"encryption/1": held["encryption/1"]}, known, retired=["index/1"])
    with pytest.raises(Refused, match=code):
        complain(change(held), known)
