"""kill -9 at every phase of every key's rotation, while a campaign is sent, a list is imported and citizens join and opt out.

By default the index and one purpose drawn at random are killed in one of their phases; `ENGAGE_FAULT_SEEDS` (make faults) kills all of
them at all phases.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

import campaigns.commands as campaigns
from contacts.commands import add_contact, suppress_number
from contacts.index_keys import hold_index_key
from contacts.queries import find_identity, phone_of
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.db import db, transaction
from engage.embedded.processes import spawn
from engage.identity.fingerprints import check_fingerprints
from engage.identity.models import UnitKind
from engage.operations.up import engage_command
from engage.vault import ROTATABLE, Vault, encrypted_columns, vault
from surveys.queries.links import find_link
from tests import make
from tests.faults.harness import ROOT, Ground, Platform, Run, patiently, prepare_run, verdict_of
from tests.faults.judge import read_ledger

PHASES = {
    "encryption": ("key", "writing", "working", "retiring"),
    "index": ("key", "working", "switching", "clearing", "retiring"),
    "suppression": ("key", "working", "switching", "clearing"),
    "links": ("key", "writing"),
}
WHOLE = bool(os.environ.get("ENGAGE_FAULT_SEEDS"))
PURPOSES = ROTATABLE if WHOLE else ("index", random.choice([each for each in ROTATABLE if each != "index"]))
LIST = 3_000 if WHOLE else 1_000
LIMIT = 150.0


@pytest.fixture(scope="module")
def platform(ground: Ground) -> Iterator[Platform]:
    with Platform(ground) as running:
        running.wait_ready()
        yield running


class Traffic:
    """Citizens who join and opt out without a pause, in this process, whose application takes the key file like any other."""

    def __init__(self, ground: Ground, unit_id: int) -> None:
        self._ground, self._unit_id = ground, unit_id
        self._over = threading.Event()
        self.numbers: set[str] = set()
        self.stopped: set[str] = set()
        self.failed: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    def _run(self) -> None:
        count = 0
        while not self._over.wait(0.02):
            count += 1
            number = make.make_number()
            try:
                self._ground.do(lambda n=number: add_contact(  # type: ignore[misc]
                    self._unit_id, n, Person(), purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه", actor_id=None
                ))  # fmt: skip
                self.numbers.add(number)
                if count % 3 == 0:
                    stopped = number if count % 2 else make.make_number()
                    self._ground.do(lambda n=stopped: suppress_number(n, "sms", actor_id=None))  # type: ignore[misc]
                    self.stopped.add(stopped)
            except Exception as error:  # whatever it is, a citizen met it
                self.failed.append(repr(error))


def rotate(ground: Ground, purpose: str) -> subprocess.Popen[bytes]:
    log = ground.settings.data_dir / "logs" / f"rotate-{purpose}.log"
    return spawn(engage_command("rotate-keys", purpose, "--json"), log=log, environment=ground.environ, folder=ROOT)


def phase_of(ground: Ground, purpose: str, after: int) -> tuple[int, str]:
    rows = ground.ask("SELECT to_version, phase FROM key_rotation WHERE purpose = %s ORDER BY id DESC LIMIT 1", purpose)
    return rows[0] if rows and rows[0][0] > after else (0, "")


def kill_at(ground: Ground, purpose: str, phase: str, after: int, draw: random.Random) -> str:
    """Run the command until it has come to `phase`, or to a later one when that was over before we looked, and kill it there; the phase
    in which it died, "" when all of it was over.

    The last phase of the index takes milliseconds: it is held at its first step until we have looked, and at its end until we have killed.
    """
    is_brief = (purpose, phase) == ("index", "retiring")
    url = str(ground.servers.database_url).replace("postgresql+psycopg://", "postgresql://")
    reached = PHASES[purpose][PHASES[purpose].index(phase) :]
    deadline = time.monotonic() + LIMIT
    with psycopg.connect(url) as beginning, psycopg.connect(url) as end:
        if is_brief:
            beginning.execute("SELECT FROM key_fingerprint WHERE name = %s FOR UPDATE", (f"{purpose}/{after}",))
        process = rotate(ground, purpose)
        while (found := phase_of(ground, purpose, after)[1]) not in reached:
            if process.poll() is not None or found == "finished":
                process.wait(30)
                return ""
            assert time.monotonic() < deadline, f"never came to {phase}"
            time.sleep(0.01)
        if is_brief:
            end.execute("SELECT FROM key_rotation WHERE purpose = %s AND finished_at IS NULL FOR UPDATE", (purpose,))
            beginning.rollback()
        time.sleep(draw.random() * 0.3)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        end.rollback()
    found = phase_of(ground, purpose, after)[1]
    return "" if found == "finished" else found


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_rotation_killed_anywhere_goes_on_and_nothing_is_lost(
    platform: Platform, ground: Ground, purpose: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = random.randrange(1_000_000)
    draw = random.Random(seed)
    phases = PHASES[purpose] if WHOLE else (draw.choice(PHASES[purpose]),)
    before = Vault.load(ground.settings.keys_path).writing(purpose)
    run: Run = prepare_run(ground, seed, 200, span=1.0)
    unit_id = ground.do(lambda: make.make_unit(f"ورود {seed}", parent_id=ground.district_id, kind=UnitKind.SUBDISTRICT))
    path = tmp_path / "list.csv"
    listed = [make.make_number() for _ in range(LIST)]
    path.write_text("نام,تلفن همراه\n" + "".join(f"زهرا,{number}\n" for number in listed), encoding="utf-8")
    slug = ground.ask("SELECT slug FROM unit WHERE id = %s", unit_id)[0][0]
    ground.do(lambda: campaigns.launch_campaign(run.campaign_id, actor_id=None))
    importing = spawn(
        engage_command("contacts", "import", str(path), "--unit", slug, "--basis", "consent", "--evidence", "برگه", "--json"),
        log=tmp_path / "import.log", environment=ground.environ, folder=ROOT,
    )  # fmt: skip
    killed = []
    with Traffic(ground, unit_id) as traffic:
        for phase in phases:
            if died_in := kill_at(ground, purpose, phase, before, draw):
                killed.append(died_in)
        assert killed, "it was never killed"
        process = rotate(ground, purpose) if phase_of(ground, purpose, before)[1] != "finished" else None
        deadline = time.monotonic() + LIMIT
        while process is not None and process.poll() is None:
            assert time.monotonic() < deadline, "the rotation never ended"
            platform.tend()
            time.sleep(0.1)
        assert process is None or process.returncode == 0, (ground.settings.data_dir / "logs" / f"rotate-{purpose}.log").read_text()
        assert importing.wait(LIMIT) == 0, (tmp_path / "import.log").read_text()
    assert traffic.failed == []
    with capfd.disabled():
        print(f"\n{purpose} seed {seed}: killed at {', '.join(killed)}; {len(traffic.numbers)} joined, {len(traffic.stopped)} opted out", end="")
    if process is not None:
        said = (ground.settings.data_dir / "logs" / f"rotate-{purpose}.log").read_text()
        assert json.loads(said.splitlines()[-1])["to_version"] == before + 1
    # Not by its messages alone: before they are materialised there are none that could wait.
    _wait_for(lambda: bool(ground.ask("SELECT 1 FROM campaign WHERE id = %s AND state IN ('settling', 'finished')", run.campaign_id)), platform)
    assert verdict_of(ground, run).is_clean
    patiently(lambda: ground.do(lambda: _check(ground, purpose, before, traffic, listed)))
    _check_links(ground, run)


def _check(ground: Ground, purpose: str, before: int, traffic: Traffic, listed: list[str]) -> None:
    check_fingerprints()
    assert vault(fresh=True).writing(purpose) == before + 1
    assert (before in vault().versions(purpose)) == (purpose in ("suppression", "links"))
    for number in [*traffic.numbers, *listed[::50]]:
        identity_id = find_identity(number)
        assert identity_id is not None and phone_of(identity_id) == number
    with transaction() as session:
        keys = hold_index_key(session)
        hashes = {bytes(value) for value in session.scalars(text("SELECT number_hash FROM suppression"))}
        assert all(keys.suppression_hash(number) in hashes for number in traffic.stopped)
        assert session.scalar(text("SELECT count(*) FROM suppression WHERE is_wrapped")) == 0
        rows = session.execute(text("SELECT id, blind_index, blind_index_next, phone_cipher FROM phone_identity")).all()
        for row in rows:
            number = keys.decrypt(bytes(row.phone_cipher), f"phone_identity:{row.id}")
            assert bytes(row.blind_index) == keys.blind_index(number)
            assert row.blind_index_next is None
        for column in encrypted_columns():
            for name, value in session.execute(
                text(f"SELECT {column.name}, {column.column} FROM {column.table} WHERE length({column.column}) > 28")
            ).all():
                keys.decrypt(bytes(value), column.context_of(name))
        assert len(rows) >= len(traffic.numbers) + len(listed)
    db.session.remove()


def _check_links(ground: Ground, run: Run) -> None:
    """Every link that reached a phone of this campaign still leads to its number."""
    mine = {to_number: identity_id for identity_id, to_number in run.numbers.items()}
    texts = [json.loads(line) for line in ground.simulator.ledger_path.read_text().splitlines()]
    found = [(mine[each["receptor"]], each["message"].split("m12.example.ir/")[1][:11]) for each in texts if each["receptor"] in mine]
    assert len(found) == len(mine) == len({line.receptor for line in read_ledger(ground.simulator.ledger_path) if line.receptor in mine})

    def follow() -> None:
        for identity_id, letters in found:
            link = find_link(letters)
            assert link is not None and link.identity_id == identity_id

    ground.do(follow)


def _wait_for(done: Callable[[], bool], platform: Platform) -> None:
    deadline = time.monotonic() + LIMIT
    while not done():
        assert time.monotonic() < deadline, "the campaign never settled"
        platform.tend()
        time.sleep(0.2)


def test_a_second_rotation_at_once_is_refused(ground: Ground, tmp_path: Path) -> None:
    first = rotate(ground, "links")
    deadline = time.monotonic() + 90
    while not ground.ask("SELECT 1 FROM key_rotation WHERE finished_at IS NULL"):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGSTOP)  # in the middle of its work, for as long as the second one needs
    try:
        second = subprocess.run(
            engage_command("rotate-keys", "index", "--json"), env=ground.environ, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False
        )
    finally:
        first.send_signal(signal.SIGCONT)
    assert second.returncode == 2, second.stdout
    assert json.loads(second.stdout)["error"]["code"] == "rotation_running"
    assert first.wait(90) == 0
