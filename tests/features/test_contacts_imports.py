"""The import engine against real tables: what is counted, what is kept, what a killed or doubled run leaves behind."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contacts import commands, queries
from contacts.importing import engine, files
from contacts.models import ContactImport
from contacts.rules.consent import Basis
from contacts.rules.rows import COUNTS
from contacts.rules.segments import narrowed
from contacts.rules.states import ImportState
from engage.db import db, transaction
from engage.jobs import queue_named, redis_connection
from engage.refusal import Refused
from tests.people import make_units

HEADER = "نام,نام خانوادگی,تلفن همراه,محله,تاریخ رضایت\n"
NUMBER = "+989121234567"


@pytest.fixture
def unit(app) -> int:
    return make_units()[1]


def write(folder: Path, rows: str) -> Path:
    path = folder / "list.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def load(path: Path, unit: int, **more):
    more.setdefault("basis", Basis.CONSENT)
    result, report = commands.import_file(path, unit, **more)
    return result, report


def one() -> queries.ContactRecord:
    record = queries.get_contact(db.session.scalar(text("SELECT min(id) FROM contact")))
    assert record is not None
    return record


def test_what_is_stored_is_what_was_typed_sealed_and_chained(tmp_path, unit):
    result, _ = load(write(tmp_path, "زهرا,كاظمي,۰۹۱۲ ۱۲۳ ۴۵۶۷,هرندی,1401/12/28\n"), unit, evidence="فرم")
    assert result.six() == dict(zip(COUNTS, (1, 0, 0, 0, 0, 0), strict=True))
    record = one()
    assert (record.name, record.phone, record.neighbourhood) == ("زهرا كاظمي", NUMBER, "هرندی")
    line = record.lines[0]
    assert (line.row, line.file_name, line.consented_on, line.evidence) == (2, "list.csv", "2023-03-19", "فرم")
    assert line.text and line.text.startswith("می‌پذیرم") and record.broken_at is None
    assert record.consents[0].since and record.consents[0].since.isoformat() == "2023-03-18T20:30:00+00:00"
    assert db.session.scalar(text("SELECT count(*) FROM phone_identity WHERE encode(phone_cipher, 'escape') LIKE '%9121234567%'")) == 0


def test_a_dry_run_needs_no_basis_and_writes_nothing(tmp_path, unit):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\n")
    result, _ = load(path, unit, basis=None, dry_run=True)
    assert result.created == 1
    for table in ("contact", "phone_identity", "consent_entry", "contact_import"):
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    with pytest.raises(Refused, match="basis_missing"):
        load(path, unit, basis=None)


def test_a_value_is_never_blanked_and_new_ones_are_taken(tmp_path, unit):
    load(write(tmp_path, "زهرا,,09121234567,هرندی,\n"), unit)
    result, _ = load(write(tmp_path, ",کاظمی,09121234567,,\n"), unit)
    assert (result.updated, one().name, one().neighbourhood) == (1, "زهرا کاظمی", "هرندی")
    result, _ = load(write(tmp_path, "زهرا,کاظمی,09121234567,سنگلج,\n"), unit)
    assert (result.updated, one().neighbourhood) == (1, "سنگلج")
    result, _ = load(write(tmp_path, "زهرا,کاظمي,09121234567,سنگلج,\n"), unit)
    assert (result.updated, result.unchanged) == (0, 1)


def test_another_name_on_the_same_number_is_kept_beside_it(tmp_path, unit):
    rows = "زهرا,کاظمی,09121234567,هرندی,\nمریم,صادقی,09121234567,سنگلج,\n"
    result, report = load(write(tmp_path, rows), unit)
    assert (result.created, result.duplicates) == (1, 1)
    assert [(w["row"], w["code"]) for w in report.warnings] == [(3, "shared_number")]
    assert one().aliases == ("مریم صادقی",) and one().neighbourhood == "هرندی"
    result, _ = load(write(tmp_path, rows), unit)
    assert (result.unchanged, result.updated) == (1, 0)
    result, _ = load(write(tmp_path, "رضا,نوری,09121234567,ارگ,\n"), unit)
    assert result.updated == 1 and one().aliases == ("مریم صادقی", "رضا نوری") and one().neighbourhood == "هرندی"
    found = queries.search_contacts([unit], words="نوری")
    assert [item.name for item in found.items] == ["زهرا کاظمی"]


def test_an_opt_out_is_never_lifted(tmp_path, unit):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\nرضا,نوری,09351234567,,\n")
    assert commands.suppress_number("+989351234567", "sms")
    result, _ = load(path, unit)
    assert (result.created, result.suppressed) == (1, 1)
    assert commands.suppress_number(NUMBER, "sms") and not commands.suppress_number(NUMBER, "sms")
    result, _ = load(path, unit)
    assert (result.created, result.suppressed) == (0, 2)
    assert queries.count_audience(queries.AudienceFilter(unit), "survey_invitation").eligible == 0
    assert queries.verify_ledger().holds


def test_a_withdrawal_stands_against_a_list_and_a_prior_relation_is_strengthened(tmp_path, unit):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\n")
    load(path, unit, basis=Basis.PRIOR_RELATION)
    result, _ = load(path, unit)
    assert result.consents == 1 and one().consents[0].basis == "consent"
    assert commands.withdraw_consent(one().id, "survey_invitation", actor_id=None)
    result, _ = load(path, unit)
    assert result.consents == 0 and one().consents[0].given is False
    assert load(path, unit)[0].unchanged == 1
    assert [line.given for line in one().lines] == [False, True, True] and queries.verify_ledger().holds


def test_a_reassigned_number_is_not_revived_by_an_old_list(tmp_path, unit):
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\n")
    load(path, unit)
    assert commands.end_consent_of_reassigned(one().identity_id) and not commands.end_consent_of_reassigned(one().identity_id)
    result, _ = load(path, unit)
    assert (result.unchanged, result.consents) == (1, 0)
    count = queries.count_audience(queries.AudienceFilter(unit), "survey_invitation")
    assert (count.total, count.eligible) == (0, 0)


def test_one_number_in_two_units_is_one_identity_and_one_recipient(tmp_path, app):
    city, d12, d6, _ = make_units()
    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\n")
    load(path, d12)
    load(path, d6)
    assert db.session.scalar(text("SELECT count(*) FROM phone_identity")) == 1
    everyone = queries.AudienceFilter(city)
    assert queries.count_audience(everyone, "survey_invitation").eligible == 1
    assert len(queries.audience_chunk(everyone, "survey_invitation", 0, 10)) == 1
    assert queries.AudienceFilter.from_json(json.loads(json.dumps(everyone.to_json()))) == everyone


def test_the_audience_is_narrowed_by_every_field(tmp_path, unit):
    load(write(tmp_path, "زهرا,کاظمی,09121234567,هرندی,\nرضا,نوری,09351234567,سنگلج,\n"), unit)
    narrow = queries.AudienceFilter(unit, narrowed(neighbourhoods=("سنگلج",)))
    assert [r.first_name for r in queries.audience_chunk(narrow, "survey_invitation")] == ["رضا"]
    assert queries.count_audience(narrow, "service_notice").no_consent == 1
    assert queries.count_audience(queries.AudienceFilter(unit, narrowed(birth_year_from=1300)), "survey_invitation").total == 0
    assert [(n.name, n.count) for n in queries.neighbourhoods_of([unit])] == [("سنگلج", 1), ("هرندی", 1)]


phones = st.sampled_from(["09121234567", "0912 123 4568", "9121234569", "021445566", "", "9.1E+09", "09121234567/09351234567"])
names = st.sampled_from(["", "زهرا", "رضا", "=1+1", "مریم"])


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(names, phones), min_size=1, max_size=12))
def test_rows_are_always_the_sum_of_the_six_and_the_second_time_nothing_changes(tmp_path, unit, rows):
    path = write(tmp_path, "".join(f"{name},x,{phone},,\n" for name, phone in rows))
    first, _ = load(path, unit)
    again, _ = load(path, unit)
    for result in (first, again):
        assert result.rows == len(rows) == sum(result.six().values())
    assert (again.created, again.updated) == (0, 0)
    assert queries.verify_ledger().holds


def queued(unit: int, rows: str) -> int:
    slug = commands.upload_list(unit, "list.csv", __import__("io").BytesIO((HEADER + rows).encode()), actor_id=None)
    commands.map_columns(slug, {0: "first_name", 1: "last_name", 2: "phone"})
    commands.start_import(slug, purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم", actor_id=None)
    record = queries.get_import(slug)
    assert record is not None
    return record.id


def state_of(import_id: int) -> str:
    db.session.remove()
    return db.session.get_one(ContactImport, import_id).state


def test_a_run_that_dies_leaves_nothing_and_runs_again(unit, monkeypatch):
    import_id = queued(unit, "زهرا,کاظمی,09121234567,,\n")

    def die(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(engine.consents, "give_known", die)
        with pytest.raises(KeyboardInterrupt):
            commands.run_import(import_id)
    assert state_of(import_id) == ImportState.RUNNING
    assert db.session.scalar(text("SELECT count(*) FROM contact")) == 0
    db.session.remove()
    redis_connection().flushdb()  # the job and its bell are lost
    commands.ring_waiting_imports()
    assert queue_named("bulk").count == 1
    commands.run_import(import_id)
    commands.run_import(import_id)
    assert state_of(import_id) == ImportState.FINISHED
    assert db.session.scalar(text("SELECT count(*) FROM consent_entry")) == 1


def test_two_imports_of_one_list_at_once_give_one_result(app, unit):
    rows = "".join(f"شهروند,{n},0912{n:07},,\n" for n in range(3000))
    ids = [queued(unit, rows), queued(unit, rows)]

    def run(import_id: int) -> None:
        with app.app_context():
            for _ in range(200):
                commands.run_import(import_id)
                if state_of(import_id) == ImportState.FINISHED:
                    return
                threading.Event().wait(0.05)

    threads = [threading.Thread(target=run, args=(import_id,)) for import_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = sorted(db.session.get_one(ContactImport, import_id, populate_existing=True).counts["created"] for import_id in ids)
    assert counts == [0, 3000]
    assert db.session.scalar(text("SELECT count(*) FROM consent_entry")) == 3000


def test_an_opt_out_during_an_import_is_not_lost(app, unit, monkeypatch):
    import_id = queued(unit, "زهرا,کاظمی,09121234567,,\n")
    real = engine.NewPeople.__enter__

    def opt_out_first(people):
        def stop() -> None:
            with app.app_context():
                commands.suppress_number(NUMBER, "sms")

        thread = threading.Thread(target=stop)
        thread.start()
        thread.join()
        return real(people)

    monkeypatch.setattr(engine.NewPeople, "__enter__", opt_out_first)
    commands.run_import(import_id)
    assert state_of(import_id) == ImportState.FINISHED
    assert db.session.scalar(text("SELECT count(*) FROM phone_identity WHERE suppressed_at IS NULL")) == 0
    assert queries.count_audience(queries.AudienceFilter(unit), "survey_invitation").eligible == 0


def test_uploads_are_deleted_after_thirty_days(unit, clock):
    import_id = queued(unit, "زهرا,کاظمی,09121234567,,\n")
    commands.run_import(import_id)
    name = db.session.get_one(ContactImport, import_id, populate_existing=True).stored_name
    assert commands.delete_old_files() == 0 and files.upload_path(name).exists()
    clock.advance(timedelta(days=31))
    assert commands.delete_old_files() == 1
    assert not files.upload_path(name).exists() and not files.preview_path(name).exists() and not files.rejected_path(name).exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent_entry SET basis = 'contract'",
        "DELETE FROM consent_evidence; DELETE FROM consent_entry",
        "UPDATE consent_evidence SET evidence = evidence || ' '",
        "UPDATE contact_consent SET given = false",
    ],
)
def test_the_proof_finds_what_was_changed_behind_the_products_back(tmp_path, unit, change):
    load(write(tmp_path, "زهرا,کاظمی,09121234567,,\n"), unit)
    assert queries.verify_ledger().holds
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in change.split(";"):
            session.execute(text(statement))
    assert not queries.verify_ledger().holds


def test_the_command_line_speaks_its_contract(app, unit, tmp_path, capsys):
    import contacts.cli

    class Backstage:
        def app(self):
            return app

    path = write(tmp_path, "زهرا,کاظمی,09121234567,,\nعلی,نوری,02133445566,,\n")
    contacts.cli.group.main(["import", str(path), "--unit", "d12", "--dry-run", "--json"], standalone_mode=False, obj=Backstage())
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "rows": 2, "created": 1, "updated": 0, "unchanged": 0, "duplicates": 0, "rejected": 1, "suppressed": 0, "warnings": [],
        "errors": [{"row": 3, "column": "تلفن همراه", "code": "landline", "value": "02133445566"}],
    }  # fmt: skip
    contacts.cli.group.main(["import", str(path), "--unit", "d12", "--basis", "consent", "--map", "محله=custom:محله"], standalone_mode=False, obj=Backstage())
    contacts.cli.group.main(["export", "--unit", "d12"], standalone_mode=False, obj=Backstage())
    assert "09121234567,زهرا,کاظمی" in capsys.readouterr().out
    contacts.cli.group.main(["verify-ledger"], standalone_mode=False, obj=Backstage())
    assert "unbroken" in capsys.readouterr().out
    with pytest.raises(Refused, match="unit_missing"):
        contacts.cli.group.main(["import", str(path), "--unit", "nowhere", "--dry-run"], standalone_mode=False, obj=Backstage())
