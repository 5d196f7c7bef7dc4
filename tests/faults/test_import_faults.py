"""An import whose work-horse is killed in every stage: it starts over by itself, and in the end everybody is there once.

By default it is killed in four stages drawn at random; `ENGAGE_FAULT_SEEDS` (make faults) kills in all of them.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from contacts import commands, queries
from contacts.importing.files import upload_path
from contacts.models import ContactImport
from contacts.rules.consent import Basis
from contacts.rules.states import ImportState
from engage.clock import now
from engage.db import transaction
from engage.embedded.processes import is_alive, spawn
from engage.identity.models import UnitKind
from engage.operations.up import engage_command
from tests import make
from tests.faults.harness import ROOT, Ground, children_of

NEW, KNOWN, TWICE = 12_000, 2_000, 200
STAGES = (
    "COPY import_row%",
    "%CREATE TEMP TABLE import_number%",
    "COPY phone_identity%",
    "COPY contact (%",
    "COPY consent_entry%",
    "COPY consent_evidence%",
    "COPY contact_consent%",
    "COPY import_person%",
    "%import_meetings%",
    "COPY import_change%",
    "INSERT INTO import_before%",
    "UPDATE contact SET first_name%",
)
"""What the import's connection is doing, or did last, when its process dies; in the order in which it comes to it."""
WHOLE = bool(os.environ.get("ENGAGE_FAULT_SEEDS"))


def write_lists(folder: Path, prefix: int) -> tuple[Path, Path]:
    """(people the unit knows, the list that names them by more, new ones, and some of these twice)."""
    header = "نام,نام خانوادگی,تلفن همراه\n"
    known, full = folder / "known.csv", folder / "full.csv"
    known.write_text(header + "".join(f"نام{n % 9},,09{prefix}{n:07}\n" for n in range(KNOWN)), encoding="utf-8")
    rows = [f"نام{n % 9},شهرت{n % 7},09{prefix}{n:07}\n" for n in range(KNOWN + NEW)]
    full.write_text(header + "".join(rows + rows[-TWICE:]), encoding="utf-8")
    return known, full


def queue_import(unit_id: int, source: Path) -> int:
    name = f"{secrets.token_hex(16)}.csv"
    content = source.read_bytes()
    upload_path(name).write_bytes(content)
    with transaction() as session:
        row = ContactImport(
            slug=secrets.token_urlsafe(9),
            unit_id=unit_id,
            file_name="full.csv",
            file_sha256=hashlib.sha256(content).digest(),
            stored_name=name,
            state=ImportState.QUEUED,
            columns=[{"header": "", "samples": []}] * 3,
            mapping={"0": "first_name", "1": "last_name", "2": "phone"},
            purpose="survey_invitation",
            basis=str(Basis.CONSENT),
            evidence="فرم",
            row_count=content.count(b"\n") - 1,
            created_at=now(),
        )
        session.add(row)
        session.flush()
        return row.id


@contextmanager
def running(ground: Ground) -> Iterator[subprocess.Popen[bytes]]:
    """A worker for imports and a sweeper; yields the worker."""
    logs = ground.settings.data_dir / "logs"
    parts = [
        spawn(engage_command(*words), log=logs / f"import-{words[0]}.log", environment=ground.environ, folder=ROOT)
        for words in (("work", "bulk"), ("sweep",))
    ]
    try:
        yield parts[0]
    finally:
        for part in parts:
            part.terminate()
        for part in parts:
            part.wait(30)


def kill_in_stage(url: str, worker: int, stage: str, import_id: int) -> bool:
    """SIGKILL for the work-horse as soon as its connection is in that stage; False when the import ended before it was seen there."""
    seen = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state <> 'idle' AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 120
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            for _ in range(20):
                if connection.execute(seen, (stage,)).fetchone()[0]:  # type: ignore[index]
                    horses = children_of(worker)
                    for horse in horses:
                        os.kill(horse, signal.SIGKILL)
                    if horses:
                        return True
            row = connection.execute("SELECT state FROM contact_import WHERE id = %s", (import_id,)).fetchone()
            if row is not None and row[0] not in ("queued", "running"):
                return False
    raise AssertionError(f"the import never came to {stage}")


def wait_finished(ground: Ground, import_id: int) -> dict[str, int]:
    deadline = time.monotonic() + 180
    while True:
        state, counts = ground.ask("SELECT state, counts FROM contact_import WHERE id = %s", import_id)[0]
        if state not in ("queued", "running"):
            assert state == "finished", state
            return dict(counts)
        assert time.monotonic() < deadline, "the import did not come back"
        time.sleep(0.1)


def test_an_import_killed_in_every_stage_is_done_once(ground: Ground, tmp_path: Path) -> None:
    url = str(ground.servers.database_url).replace("postgresql+psycopg://", "postgresql://")
    # Other fault tests of this ground write people without a ledger: what counts is that nothing is added to what they left.
    before = ground.do(lambda: queries.verify_ledger())
    begun: list[tuple[int, int]] = []

    def begin() -> int:
        """A further import into a unit of its own, of numbers nobody knows."""
        known, full = write_lists(tmp_path, 10 + len(begun))

        def prepare() -> tuple[int, int]:
            unit_id = make.make_unit(f"ناحیهٔ ورود {len(begun) + 1}", parent_id=ground.district_id, kind=UnitKind.SUBDISTRICT)
            assert commands.import_file(known, unit_id, basis=Basis.PRIOR_RELATION)[0].created == KNOWN
            return unit_id, queue_import(unit_id, full)

        begun.append(ground.do(prepare))
        return begun[-1][1]

    stages = STAGES if WHOLE else sorted(random.sample(STAGES, 4), key=STAGES.index)
    killed = []
    import_id = begin()
    with running(ground) as worker:
        for stage in stages:
            if kill_in_stage(url, worker.pid, stage, import_id):
                killed.append(stage)
                print("killed in", stage, flush=True)
                assert is_alive(worker.pid)
            elif len(begun) < 10:
                import_id = begin()  # that stage was over before we looked, and the import with it
        found = [(unit_id, each, wait_finished(ground, each)) for unit_id, each in begun]
        # Killed after the end, it stays as it is.
        for horse in children_of(worker.pid):
            os.kill(horse, signal.SIGKILL)
        time.sleep(1.0)
    # A stage of a few milliseconds may be over before we look; most are not.
    assert len(killed) >= len(stages) // 2, (stages, killed)
    for unit_id, each, counts in found:
        check_done_once(ground, unit_id, each, counts)
    after = ground.do(lambda: queries.verify_ledger())
    assert (after.broken, after.unbacked, after.changed_evidence) == ((), before.unbacked, 0)
    assert after.finding_count == before.finding_count
    assert not parsers_of_nobody()


def check_done_once(ground: Ground, unit_id: int, import_id: int, counts: dict[str, int]) -> None:
    assert (counts["created"], counts["updated"], counts["duplicates"]) == (NEW, KNOWN, TWICE)
    people = "FROM contact person WHERE person.unit_id = %s"
    assert ground.ask(f"SELECT count(*), count(DISTINCT identity_id), count(DISTINCT pseudonym) {people}", unit_id) == [(NEW + KNOWN,) * 3]
    lines = f"SELECT count(*) FROM consent_entry line WHERE line.pseudonym IN (SELECT pseudonym {people})"
    assert ground.ask(lines, unit_id) == [(NEW + 2 * KNOWN,)]
    assert ground.ask(f"SELECT count(*) FROM import_before WHERE contact_id IN (SELECT id {people}) AND import_id = %s", unit_id, import_id) == [(KNOWN,)]
    assert ground.ask("SELECT count(*) FROM audit_entry WHERE action = 'list_imported' AND object_id = %s::text", str(import_id)) == [(1,)]


def parsers_of_nobody() -> list[int]:
    """Processes that still parse a list for an import that is dead: their parent is gone."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"contacts.reading.child" in (entry / "cmdline").read_bytes():
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    found += [int(entry.name)] if parent == 1 else []
            except OSError:
                continue
    return found
