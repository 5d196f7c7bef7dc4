"""The consent ledger under its seals: one changed, removed or appended byte anywhere is found and named."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from contacts import commands, queries
from contacts.commands import sealing
from contacts.queries.seals import LAST_XID, heads_path
from contacts.rules.consent import Basis
from engage.clock import FrozenClock
from engage.db import db, transaction
from tests.people import make_units

HEADER = "نام,نام خانوادگی,تلفن همراه,محله,تاریخ رضایت\n"
ROWS = "زهرا,کاظمی,09121234567,هرندی,1401/12/28\nعلی,رضایی,09121234568,,\nمینا,کریمی,09121234569,,\n"
SEALED_TABLES = ("consent_entry", "consent_evidence", "consent_text", "contact_consent", "ledger_checkpoint")


@pytest.fixture(autouse=True)
def no_heads(app) -> Iterator[None]:
    heads_path().unlink(missing_ok=True)
    yield
    heads_path().unlink(missing_ok=True)


@pytest.fixture
def ledger(tmp_path: Path, app, clock: FrozenClock) -> int:
    """Three people of a list; one gave a second consent at the counter, one took hers back, one stopped everything. Two seals.
    Returns the unit."""
    unit = make_units()[1]
    load(tmp_path, unit)
    people = contact_ids()
    assert commands.seal_ledger() == 1
    clock.advance(timedelta(minutes=5))
    commands.give_consent(people[0], "weather_safety", Basis.CONSENT, evidence="فرم ۳۱۸")
    commands.withdraw_consent(people[1], "survey_invitation", evidence="تلفنی گفت")
    commands.suppress_number("+989121234569", "sms")
    assert commands.seal_ledger() == 1
    db.session.commit()
    return unit


def load(folder: Path, unit: int, rows: str = ROWS) -> None:
    path = folder / "list.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    commands.import_file(path, unit, basis=Basis.CONSENT, evidence="فرم‌های کاغذی")


def contact_ids() -> list[int]:
    return list(db.session.scalars(text("SELECT id FROM contact ORDER BY id")))


def tampered(statement: str, **values: object) -> queries.LedgerProof:
    """The proof after somebody with all rights on the database did this; undone again."""
    db.session.rollback()
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    changed = db.session.execute(text(statement), values).rowcount  # type: ignore[attr-defined]
    assert changed, statement
    db.session.flush()
    try:
        return queries.verify_ledger()
    finally:
        db.session.rollback()


def test_an_untouched_ledger_holds_and_counts_what_is_sealed(ledger):
    proof = queries.verify_ledger()
    assert proof.holds and not proof.findings, proof.findings
    assert (proof.people, proof.lines, proof.sealed, proof.unsealed, proof.checkpoints) == (3, 6, 6, 0, 2)
    assert stat.S_IMODE(heads_path().stat().st_mode) == 0o600
    assert [json.loads(line)["lines"] for line in heads_path().read_text().splitlines()] == [3, 3]


def test_nothing_new_makes_no_seal_and_new_words_make_one(ledger):
    assert commands.seal_ledger() == 0
    draft = {basis: f"متن {basis} برای بازار" for basis in Basis}
    commands.add_purpose("fairs", commands.PurposeDraft("نمایشگاه", draft), actor_id=None)
    assert commands.seal_ledger() == 1
    assert queries.verify_ledger().holds


def columns() -> list[tuple[str, str]]:
    from contacts import models  # noqa: F401  registers the tables

    return [(table, column.name) for table in SEALED_TABLES for column in db.metadata.tables[table].columns]


FOUND_AS = {
    "consent_entry": {"chain", "checkpoint", "standing", "evidence", "words"},
    "consent_evidence": {"evidence", "standing"},
    "consent_text": {"words"},
    "contact_consent": {"standing"},
    "ledger_checkpoint": {"checkpoint", "heads", "words"},
}


@pytest.mark.parametrize("which", ["first", "last"])
def test_one_changed_value_in_any_column_is_found(ledger, which):
    """Every column of every table in turn, each changed as little as its type allows."""
    order = "ASC" if which == "first" else "DESC"
    missed = []
    for table, column in columns():
        kind = db.session.scalar(
            text("SELECT data_type FROM information_schema.columns WHERE table_name = :t AND column_name = :c"), {"t": table, "c": column}
        )
        least = {
            "bytea": f"CASE WHEN {column} = '' THEN '\\x00'::bytea ELSE set_byte({column}, 0, get_byte({column}, 0) # 1) END",
            "text": f"{column} || 'x'",
            "boolean": f"NOT {column}",
            "timestamp with time zone": f"{column} + interval '1 microsecond'",
        }.get(str(kind), f"COALESCE({column}, 0) + 1000")
        place = f"(SELECT ctid FROM {table} ORDER BY {_key(table)} {order} LIMIT 1)"
        proof = tampered(f"UPDATE {table} SET {column} = {least} WHERE ctid = {place}")
        kinds = {each.kind for each in proof.findings}
        if proof.holds or not kinds & FOUND_AS[table]:
            missed.append((table, column, kinds))
    assert not missed


def _key(table: str) -> str:
    return {
        "consent_entry": "id", "consent_evidence": "entry_id", "consent_text": "created_at, sha256",
        "contact_consent": "contact_id, purpose", "ledger_checkpoint": "id",
    }[table]  # fmt: skip


def test_a_removed_row_is_found_wherever_it_was(ledger):
    for table in ("consent_entry", "consent_text", "contact_consent", "ledger_checkpoint"):
        count = db.session.scalar(text(f"SELECT count(*) FROM {table}"))
        for number in range(count or 0):
            place = f"(SELECT ctid FROM {table} ORDER BY {_key(table)} OFFSET {number} LIMIT 1)"
            proof = tampered(f"DELETE FROM {table} WHERE ctid = {place}")
            assert not proof.holds, (table, number)


def test_whole_chains_and_last_lines_can_not_vanish(ledger):
    """Together with everything that would tell of them but the seals."""
    one = "(SELECT pseudonym FROM contact ORDER BY id LIMIT 1)"
    proof = tampered(
        f"WITH a AS (DELETE FROM consent_entry WHERE pseudonym = {one} RETURNING id), "
        "b AS (DELETE FROM consent_evidence WHERE entry_id IN (SELECT id FROM a)), "
        "c AS (DELETE FROM contact_consent WHERE contact_id = (SELECT min(id) FROM contact)) "
        "DELETE FROM contact WHERE id = (SELECT min(id) FROM contact)"
    )
    places = [each.place for each in proof.findings if each.kind == "checkpoint"]
    assert any("checkpoint 1 covers 3 lines, 2 are there" in place for place in places), places
    last = "(SELECT id FROM consent_entry ORDER BY id DESC LIMIT 1)"
    proof = tampered(
        f"WITH b AS (DELETE FROM consent_evidence WHERE entry_id = {last}), "
        "c AS (UPDATE contact_consent SET given = true, since = first.at FROM consent_entry first WHERE contact_id = "
        "(SELECT max(id) FROM contact) AND first.pseudonym = (SELECT pseudonym FROM contact ORDER BY id DESC LIMIT 1) AND first.sequence = 1) "
        f"DELETE FROM consent_entry WHERE id = {last}"
    )
    assert any("checkpoint 2 covers 3 lines, 2 are there" in each.place for each in proof.findings)


def test_an_appended_row_is_found(ledger):
    names = ", ".join(c.name for c in db.metadata.tables["consent_entry"].columns if c.name not in ("id", "sequence"))
    for sequence in ("sequence + 2", "sequence + 7"):
        proof = tampered(
            f"INSERT INTO consent_entry (id, sequence, {names}) SELECT id + 1000, {sequence}, {names} FROM consent_entry ORDER BY id LIMIT 1"
        )
        assert {"chain", "checkpoint"} <= {each.kind for each in proof.findings}
    proof = tampered(
        "INSERT INTO contact_consent (contact_id, purpose, given, basis, since) "
        "SELECT min(contact_id), 'service_notice', true, 'consent', now() FROM contact_consent"
    )
    assert [each.kind for each in proof.findings] == ["standing"] and "service_notice" in proof.findings[0].place
    names = ", ".join(c.name for c in db.metadata.tables["ledger_checkpoint"].columns if c.name != "id")
    proof = tampered(f"INSERT INTO ledger_checkpoint (id, {names}) SELECT 3, {names} FROM ledger_checkpoint WHERE id = 2")
    assert {"checkpoint", "heads"} <= {each.kind for each in proof.findings}


def test_a_line_moved_between_seals_or_out_of_all_of_them_is_found(ledger):
    for target in (
        "(SELECT max(written_in) FROM consent_entry)",
        "0",
        "-5",
        "(SELECT max(to_xid) FROM ledger_checkpoint)",
        str(LAST_XID - 1),
    ):
        proof = tampered(f"UPDATE consent_entry SET written_in = {target} WHERE id = (SELECT min(id) FROM consent_entry)")
        assert not proof.holds, target


def test_every_byte_of_the_heads_counts(ledger):
    whole = heads_path().read_bytes()
    for at in range(0, len(whole), 7):
        heads_path().write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        assert not queries.verify_ledger().holds, at
    first_line = whole[: whole.index(b"\n") + 1]
    for content in (b"", whole[:-1], first_line, whole + first_line, whole + b"x", whole[len(first_line) :]):
        heads_path().write_bytes(content)
        proof = queries.verify_ledger()
        assert {each.kind for each in proof.findings} == {"heads"}, content
    heads_path().unlink()
    assert not queries.verify_ledger().holds
    # The sealer puts back what the database still has.
    commands.seal_ledger()
    assert heads_path().read_bytes() == whole and queries.verify_ledger().holds


def test_a_head_torn_by_a_crash_is_completed_and_a_foreign_one_is_left_to_be_found(ledger):
    whole = heads_path().read_bytes()
    heads_path().write_bytes(whole[:-30])
    commands.seal_ledger()
    assert heads_path().read_bytes() == whole
    foreign = whole.replace(b'"lines":3', b'"lines":4')
    heads_path().write_bytes(foreign)
    commands.seal_ledger()
    assert heads_path().read_bytes() == foreign and not queries.verify_ledger().holds


def test_a_checkpoint_removed_with_its_lines_is_missed_by_its_head(ledger):
    proof = tampered(
        "WITH a AS (DELETE FROM consent_entry WHERE sequence = 2 OR purpose = 'weather_safety' RETURNING id), "
        "b AS (DELETE FROM consent_evidence WHERE entry_id IN (SELECT id FROM a)), "
        "c AS (DELETE FROM contact_consent WHERE NOT given OR purpose = 'weather_safety') "
        "DELETE FROM ledger_checkpoint WHERE id = 2"
    )
    assert "head 2 has no checkpoint in the database" in [each.place for each in proof.findings]


def test_erased_evidence_is_no_alarm(ledger):
    assert tampered("DELETE FROM consent_evidence").holds
    person = "(SELECT min(id) FROM contact)"
    erased = tampered(
        f"WITH a AS (DELETE FROM consent_evidence WHERE contact_id = {person}), b AS (DELETE FROM contact_consent WHERE contact_id = {person}) "
        f"DELETE FROM contact WHERE id = {person}"
    )
    assert erased.holds, erased.findings


def test_lines_of_a_transaction_that_still_runs_wait_for_a_later_seal(ledger, tmp_path):
    """A seal made meanwhile leaves out whatever came after the oldest open transaction; nothing is ever added to a sealed range."""
    person = contact_ids()[0]
    with db.engine.connect() as other:
        other.execute(text("SELECT pg_current_xact_id()"))
        commands.give_consent(person, "service_notice", Basis.CONSENT, evidence="فرم")
        assert commands.seal_ledger() == 0
        proof = queries.verify_ledger()
        assert proof.holds and proof.unsealed == 1
        db.session.rollback()
        other.rollback()
    assert commands.seal_ledger() == 1
    assert queries.verify_ledger().unsealed == 0


def test_a_database_restored_where_transaction_numbers_start_lower_begins_a_new_epoch(tmp_path, app, monkeypatch):
    unit = make_units()[1]
    load(tmp_path, unit)
    higher = 3_000_000_000
    own = sealing._server
    # The server before: its transactions were far ahead of this one's.
    _shift_lines(higher)
    monkeypatch.setattr(sealing, "_server", lambda session: ("before", own(session)[1] + higher, own(session)[2] + higher))
    monkeypatch.setattr(sealing, "_last_restored", lambda *_: None)
    assert commands.seal_ledger() == 1
    load(tmp_path, unit, "حسن,امیری,09121234570,,\n")
    _shift_lines(higher)
    monkeypatch.undo()
    # Restored here, with one line that was not sealed yet, and two more written before the sealer came by.
    commands.give_consent(contact_ids()[0], "weather_safety", Basis.CONSENT, evidence="فرم")
    commands.give_consent(contact_ids()[3], "weather_safety", Basis.CONSENT, evidence="فرم")
    assert commands.seal_ledger() == 2
    proof = queries.verify_ledger()
    assert proof.holds, proof.findings
    assert (proof.sealed, proof.unsealed, proof.checkpoints) == (6, 0, 3)
    assert list(db.session.execute(text("SELECT epoch, line_count FROM ledger_checkpoint ORDER BY id")).tuples()) == [
        (1, 3),
        (1, 1),
        (2, 2),
    ]
    commands.give_consent(contact_ids()[1], "weather_safety", Basis.CONSENT, evidence="فرم")
    assert commands.seal_ledger() == 1 and queries.verify_ledger().holds
    assert not tampered("DELETE FROM consent_entry WHERE id = (SELECT min(id) FROM consent_entry)").holds
    assert not tampered("UPDATE consent_entry SET written_in = 5 WHERE id = (SELECT min(id) FROM consent_entry)").holds


def _shift_lines(by: int) -> None:
    """Lines that this server wrote look as if restored from one whose transactions were `by` ahead."""
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE consent_entry SET written_in = written_in + :by WHERE written_in < :by"), {"by": by})


def test_an_older_backup_is_found_until_the_operator_accepts_it(ledger):
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM consent_entry WHERE sequence = 2 OR purpose = 'weather_safety'"))
        session.execute(text("DELETE FROM contact_consent WHERE NOT given OR purpose = 'weather_safety'"))
        session.execute(text("INSERT INTO contact_consent SELECT DISTINCT ON (e.pseudonym) p.id, e.purpose, true, e.basis, e.at, p.import_id "
                             "FROM consent_entry e JOIN contact p USING (pseudonym) ORDER BY e.pseudonym ON CONFLICT DO NOTHING"))  # fmt: skip
        session.execute(text("DELETE FROM consent_evidence v WHERE NOT EXISTS (SELECT 1 FROM consent_entry e WHERE e.id = v.entry_id)"))
        session.execute(text("DELETE FROM ledger_checkpoint WHERE id = 2"))
    proof = queries.verify_ledger()
    assert [each.place for each in proof.findings] == ["head 2 has no checkpoint in the database"]
    assert commands.accept_restored_ledger() == 1
    assert queries.verify_ledger().holds
    commands.give_consent(contact_ids()[0], "service_notice", Basis.CONSENT, evidence="فرم")
    assert commands.seal_ledger() == 1 and queries.verify_ledger().holds
    accepted = heads_path().read_bytes()
    assert accepted.count(b"restored") == 1
    heads_path().write_bytes(accepted.replace(b'{"restored":1', b'{"restored":0'))
    assert not queries.verify_ledger().holds


def test_several_sealers_at_once_make_one_seal_each_line_once(ledger, whole_app):
    for person in contact_ids()[:2]:
        commands.give_consent(person, "service_notice", Basis.CONSENT, evidence="فرم")
    db.session.rollback()
    made: list[int] = []

    def work() -> None:
        with whole_app.app_context():
            made.append(commands.seal_ledger())
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1
    proof = queries.verify_ledger()
    assert proof.holds and proof.sealed == proof.lines == 8
