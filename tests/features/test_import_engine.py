"""The import engine: what it keeps of contacts it changes, typed fields, tags, races, and the process that parses."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from datetime import date
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from contacts import commands, queries
from contacts.commands.placing import identity_of
from contacts.importing import ImportOrder, Watcher, engine, import_table
from contacts.importing.writing import NewPeople
from contacts.models import ContactTag, CustomField
from contacts.reading import open_table
from contacts.reading.child import Cleaning, cleaned_of, open_apart, phones_of
from contacts.rules.columns import check_mapping, guess_fields
from contacts.rules.consent import Basis
from engage.clock import now, today_in_tehran
from engage.db import db, transaction
from engage.embedded.processes import is_alive
from engage.refusal import Refused
from tests.people import make_units

HEADER = "نام,نام خانوادگی,تلفن همراه,محله,تاریخ رضایت\n"
NUMBER = "+989121234567"


@pytest.fixture
def unit(app) -> int:
    return make_units()[1]


def write(folder: Path, rows: str, header: str = HEADER) -> Path:
    path = folder / "list.csv"
    path.write_text(header + rows, encoding="utf-8")
    return path


def load(path: Path, unit: int, **more):
    more.setdefault("basis", Basis.CONSENT)
    return commands.import_file(path, unit, **more)[0]


def rows_of(query: str, **values):
    db.session.rollback()
    return [tuple(row) for row in db.session.execute(text(query), values)]


# -- what is kept for undoing --------------------------------------------------------------------------------------------


def test_only_what_a_list_changed_is_remembered_and_the_same_list_again_remembers_nothing(tmp_path, unit):
    load(write(tmp_path, "زهرا,,09121234567,هرندی,\nرضا,نوری,09351234567,,\n"), unit)
    assert rows_of("SELECT * FROM import_before") == []
    second = write(tmp_path, ",کاظمی,09121234567,سنگلج,\nرضا,نوری,09351234567,,\n")
    assert load(second, unit).updated == 1
    assert load(second, unit).six() | {"unchanged": 2} == load(second, unit).six()
    found = rows_of("SELECT b.before, i.id FROM import_before b JOIN contact_import i ON i.id = b.import_id")
    assert len(found) == 1
    before = dict(found[0][0])
    assert before.pop("updated_at") and before == {"last_name": "", "neighbourhood": "هرندی"}


def test_a_standing_names_the_list_that_brought_it(tmp_path, unit):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\n")
    load(path, unit, basis=Basis.PRIOR_RELATION)
    assert load(path, unit).consents == 1
    first, second = (row[0] for row in rows_of("SELECT id FROM contact_import ORDER BY id"))
    assert rows_of("SELECT import_id, basis FROM contact_consent") == [(second, "consent")]
    assert rows_of("SELECT import_id FROM contact") == [(first,)]
    assert queries.verify_ledger().holds


# -- typed fields, values, language, tags --------------------------------------------------------------------------------


def make_field(unit: int, key: str, kind: str, options: list[str] | None = None) -> None:
    with transaction() as session:
        session.add(CustomField(unit_id=unit, key=key, title=key, kind=kind, options=options or [], position=0, created_at=now()))


def test_typed_fields_are_stored_as_their_type_and_a_wrong_value_is_told_not_stored(tmp_path, unit):
    make_field(unit, "children", "number")
    make_field(unit, "married", "yes_no")
    path = write(tmp_path, "زهرا,09121234567,۳,بله,x\nرضا,09351234567,سه,شاید,\n", "نام,تلفن همراه,فرزند,متاهل,دیگر\n")
    overrides = [("فرزند", "custom:children"), ("متاهل", "custom:married"), ("دیگر", "custom:free")]
    result, report = commands.import_file(path, unit, basis=Basis.CONSENT, overrides=overrides)
    assert result.created == 2
    stored = dict(rows_of("SELECT first_name, custom FROM contact"))
    assert stored == {"زهرا": {"children": 3, "married": True, "free": "x"}, "رضا": {}}
    assert sorted(w["code"] for w in report.warnings) == ["custom_number_invalid", "custom_yes_no_unknown"]
    again, _ = commands.import_file(path, unit, basis=Basis.CONSENT, overrides=overrides)
    assert (again.created, again.updated) == (0, 0)


def test_decided_values_replace_what_stands_in_the_file(tmp_path, unit):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,محله سنگلج,\n")
    with open_apart(path) as table:
        mapping = check_mapping(guess_fields(table.headers, table.samples), table.width)
        values = {"neighbourhood": {"محله سنگلج": "سنگلج"}}
        cleaning = Cleaning(mapping, today_in_tehran().date(), {}, values)
        assert [row.neighbourhood for batch in table.cleaned(cleaning) for row in batch] == ["سنگلج"]


def test_tags_are_made_once_and_only_added(tmp_path, unit):
    header = "نام,تلفن همراه,برچسب\n"
    load(write(tmp_path, "زهرا,09121234567,شورا؛ معتمد\nرضا,09351234567,شورا\n", header), unit)
    tags = dict(rows_of("SELECT name, id FROM contact_tag"))
    assert set(tags) == {"شورا", "معتمد"}
    assert dict(rows_of("SELECT first_name, tag_ids FROM contact")) == {"زهرا": sorted(tags.values()), "رضا": [tags["شورا"]]}
    path = write(tmp_path, "زهرا,09121234567,\nرضا,09351234567,معتمد\n", header)
    dry, _ = commands.import_file(path, unit, basis=None, dry_run=True)
    assert (dry.updated, dry.unchanged) == (1, 1) and load(path, unit).updated == 1
    assert dict(rows_of("SELECT first_name, tag_ids FROM contact")) == dict.fromkeys(("زهرا", "رضا"), sorted(tags.values()))
    assert load(path, unit).updated == 0 and db.session.query(ContactTag).count() == 2


def test_a_column_that_would_make_hundreds_of_tags_is_refused_and_nothing_is_written(tmp_path, unit):
    rows = "".join(f"شهروند,0912{n:07},برچسب {n}\n" for n in range(300))
    with pytest.raises(Refused, match="tags_too_many"):
        load(write(tmp_path, rows, "نام,تلفن همراه,برچسب\n"), unit)
    assert rows_of("SELECT count(*) FROM contact") == rows_of("SELECT count(*) FROM contact_tag") == [(0,)]


def test_a_language_is_read_by_its_name_or_code(tmp_path, unit):
    load(write(tmp_path, "زهرا,09121234567,آذری\nرضا,09351234567,FA\nعلی,09361234567,مریخی\n", "نام,تلفن همراه,زبان\n"), unit)
    assert dict(rows_of("SELECT first_name, language FROM contact")) == {"زهرا": "az", "رضا": "fa", "علی": ""}


# -- many rows -----------------------------------------------------------------------------------------------------------


def test_batches_meet_without_a_seam(tmp_path, unit):
    """More rows than one batch of any stage, with copies far apart, and every reference in its place."""
    count = 23_000
    rows = [f"نام{n % 50},شهرت{n % 70},0912{n:07},هرندی,1402/01/{1 + n % 28:02d}\n" for n in range(count)]
    rows += [f",,0912{n:07},سنگلج,\n" for n in range(0, count, 1_000)]
    path = write(tmp_path, "".join(rows))
    result = load(path, unit)
    assert (result.created, result.duplicates) == (count, 23) and result.rows == count + 23
    assert queries.verify_ledger().holds
    # The checks of references were spared: here they are made.
    for child, column, parent in (
        ("contact", "identity_id", "phone_identity"),
        ("contact", "import_id", "contact_import"),
        ("consent_evidence", "contact_id", "contact"),
        ("consent_evidence", "entry_id", "consent_entry"),
        ("contact_consent", "contact_id", "contact"),
    ):
        orphans = f"SELECT count(*) FROM {child} c LEFT JOIN {parent} p ON p.id = c.{column} WHERE p.id IS NULL"
        assert rows_of(orphans) == [(0,)], orphans
    assert rows_of("SELECT count(*) FROM contact c WHERE NOT EXISTS (SELECT FROM consent_entry e WHERE e.pseudonym = c.pseudonym)") == [(0,)]
    record = queries.get_contact(rows_of("SELECT id FROM contact WHERE search_key LIKE '%نام49%' ORDER BY id DESC LIMIT 1")[0][0])
    assert record is not None and record.phone == f"+98912{count - 1:07}"
    again = load(path, unit)
    assert (again.created, again.updated, again.consents) == (0, 0, 0)


def test_a_second_unit_shares_the_identities_of_the_first(tmp_path, app):
    _, d12, d6, _ = make_units()
    path = write(tmp_path, "".join(f"نام{n},x,0912{n:07},,\n" for n in range(300)))
    load(path, d12)
    assert load(path, d6).created == 300
    assert rows_of("SELECT count(*), count(DISTINCT identity_id) FROM contact") == [(600, 300)]
    assert rows_of("SELECT count(*) FROM phone_identity") == [(300,)]


# -- races ---------------------------------------------------------------------------------------------------------------


def test_a_number_added_by_hand_during_an_import_is_met_in_a_second_attempt(app, tmp_path, unit, monkeypatch):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,هرندی,\nرضا,نوری,09351234567,,\n")
    real, calls = NewPeople.__enter__, []

    def add_first(self):
        calls.append(1)
        if len(calls) == 1:

            def add() -> None:
                with app.app_context(), transaction() as session:
                    identity_of(session, NUMBER)

            thread = threading.Thread(target=add)
            thread.start()
            thread.join()
        return real(self)

    monkeypatch.setattr(NewPeople, "__enter__", add_first)
    result = load(path, unit)
    assert len(calls) == 2 and result.created == 2
    assert rows_of("SELECT count(*) FROM phone_identity") == [(2,)] and queries.verify_ledger().holds


def test_a_withdrawal_that_an_import_waited_for_is_not_lifted(app, tmp_path, unit):
    """The withdrawal holds the person while the import wants to strengthen the consent: the import has to see it afterwards."""
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\n")
    load(path, unit, basis=Basis.PRIOR_RELATION)
    contact_id = rows_of("SELECT id FROM contact")[0][0]
    db.session.remove()
    results: list[int] = []

    def strengthen() -> None:
        with app.app_context():
            results.append(load(path, unit).consents)

    thread = threading.Thread(target=strengthen)
    with transaction():
        commands.withdraw_consent(contact_id, "survey_invitation", actor_id=None)
        thread.start()
        deadline = time.monotonic() + 30
        url = app.extensions["engage_settings"].database_url.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as other:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%FOR NO KEY UPDATE%%'"
            while not other.execute(waiting).fetchone()[0]:
                assert time.monotonic() < deadline, "the import did not come to the person"
                time.sleep(0.05)
    thread.join()
    assert results == [0]
    assert rows_of("SELECT given FROM contact_consent") == [(False,)] and queries.verify_ledger().holds


def test_without_the_privilege_references_are_checked_and_the_result_is_the_same(tmp_path, unit, monkeypatch):
    monkeypatch.setattr(engine, "_MAY_SPARE", "SELECT false")
    assert load(write(tmp_path, "زهرا,کاظمی,09121234567,,\nزهرا,صادقی,09121234567,,\n"), unit).six()["created"] == 1
    assert queries.verify_ledger().holds


# -- the process that parses ---------------------------------------------------------------------------------------------


def test_a_table_apart_reads_as_one_in_this_process(tmp_path):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,هرندی,1402/01/02\n,,021445566,,,بیش\n\n\"a\nb\",x,0912 123 45 68,,\n")
    here = open_table(path)
    with open_apart(path) as apart:
        mapping = check_mapping(guess_fields(apart.headers, apart.samples), apart.width)
        cleaning = Cleaning(mapping, date(2026, 11, 22), {}, {})
        for name in ("kind", "sheet", "headers", "header_row", "samples", "width", "encoding", "separator", "repeated_headers"):
            assert getattr(apart, name) == getattr(here, name), name
        assert apart.count() == here.count() == 3
        assert [(n, list(c)) for n, c in apart.rows()] == [(n, list(c)) for n, c in here.rows()]
        assert list(apart.phones(mapping.phone)) == list(phones_of(here, mapping.phone))
        assert list(apart.cleaned(cleaning)) == list(cleaned_of(here, cleaning))


def test_a_reading_given_up_half_way_ends_the_process(tmp_path):
    path = write(tmp_path, "".join(f"نام,x,0912{n:07},,\n" for n in range(20_000)))
    with open_apart(path) as table:
        rows = table.rows()
        next(rows)
        with pytest.raises(RuntimeError, match="being read"):
            table.count()
        rows.close()
        assert not is_alive(table.pid)


def test_a_dead_parser_is_a_refusal_and_nothing_is_written(tmp_path, unit):
    path = write(tmp_path, "".join(f"نام,x,0912{n:07},,\n" for n in range(60_000)))
    with open_apart(path) as table:
        mapping = check_mapping(guess_fields(table.headers, table.samples), table.width)
        order = ImportOrder(unit_id=unit, mapping=mapping, now=now(), today=today_in_tehran().date())

        class Killing(Watcher):
            def progress(self, done: int, total: int) -> None:
                os.kill(table.pid, signal.SIGKILL)

        with pytest.raises(Refused, match="file_unreadable"), transaction() as session:
            import_table(session, table, order, Killing(), total=60_000)


def test_the_limits_of_the_parser_are_refusals(tmp_path):
    path = write(tmp_path, "".join(f"نام,x,0912{n:07},,\n" for n in range(200_000)))
    with open_apart(path, cpu_seconds=1) as table, pytest.raises(Refused, match="file_bomb"):
        sum(table.count() for _ in range(100))
    path = write(tmp_path, "".join(f"{'x' * 20_000},x,0912{n:07},,\n" for n in range(1_500)))
    with pytest.raises(Refused, match="file_bomb"), open_apart(path, memory=40 << 20) as table:
        sum(1 for _ in table.rows())
    for code, made in (("file_missing", tmp_path / "none.csv"), ("file_empty", tmp_path / "empty.csv")):
        (tmp_path / "empty.csv").touch()
        with pytest.raises(Refused, match=code):
            open_apart(made)


def test_the_parser_holds_no_keys_and_can_write_nothing(tmp_path, app):
    with open_apart(write(tmp_path, "زهرا,کاظمی,09121234567,,\n")) as table:
        environ = Path(f"/proc/{table.pid}/environ").read_bytes()
        assert not any(word in environ for word in (b"DATABASE_URL", b"ENGAGE_KEYS", b"REDIS_URL"))
        limits = Path(f"/proc/{table.pid}/limits").read_text()
        assert [line.split()[3:5] for line in limits.splitlines() if line.startswith("Max file size")] == [["0", "0"]]
        modules = Path(f"/proc/{table.pid}/maps").read_text()
        assert "psycopg" not in modules and "_rust.abi3" not in modules


def test_counts_are_json(tmp_path, unit):
    result = load(write(tmp_path, "زهرا,کاظمی,09121234567,,\nx,y,123,,\n"), unit)
    assert json.loads(json.dumps(result.reasons)) == {"too_short": 1}
