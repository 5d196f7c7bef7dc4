"""Taking an imported list back: what was before is there again, nothing that anybody said since is lost, and the ledger holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contacts import commands, queries
from contacts.importing import undoing
from contacts.rules.consent import Basis
from engage.db import db, transaction
from engage.refusal import Refused
from tests.make import launch, make_campaign, make_survey
from tests.people import make_units

HEADER = "نام,نام خانوادگی,تلفن همراه,محله,جنسیت,سال تولد,تاریخ رضایت\n"
NUMBER = "+989121234567"


@pytest.fixture
def unit(app) -> int:
    return make_units()[1]


def load(folder: Path, unit: int, rows: str, **more) -> int:
    path = folder / "list.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    more.setdefault("basis", Basis.CONSENT)
    commands.import_file(path, unit, **more)
    return int(db.session.scalar(text("SELECT max(id) FROM contact_import")))


def undo(import_id: int, drain) -> None:
    commands.undo_import(import_id, actor_id=None)
    drain()
    db.session.expire_all()
    assert state_of(import_id) == "undone"


def state_of(import_id: int) -> str:
    return str(db.session.scalar(text("SELECT state FROM contact_import WHERE id = :id"), {"id": import_id}))


CONTACTS = """
    SELECT person.id, first_name, last_name, neighbourhood, gender, birth_year, language, tag_ids, custom, search_key, sort_key, is_shared,
           reassigned_at, person.import_id, identity_id
    FROM contact person ORDER BY person.id
"""
ALIASES = "SELECT contact_id, first_name, last_name, name_key, import_id FROM contact_alias ORDER BY contact_id, name_key"
STANDINGS = "SELECT contact_id, purpose, given, basis, since, import_id FROM contact_consent ORDER BY contact_id, purpose"
NUMBERS = "SELECT id, blind_index FROM phone_identity ORDER BY id"


def everything() -> list[list[tuple]]:
    return [[tuple(map(repr, row)) for row in db.session.execute(text(query))] for query in (CONTACTS, ALIASES, STANDINGS, NUMBERS)]


def count(table: str) -> int:
    return int(db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_what_a_list_created_is_gone_and_only_the_ledger_remembers(tmp_path, unit, drain):
    import_id = load(tmp_path, unit, "زهرا,کاظمی,09121234567,هرندی,زن,1360,1401/12/28\nرضا,,09351234567,,,,\n")
    assert (count("contact"), count("phone_identity"), count("consent_entry")) == (2, 2, 2)
    undo(import_id, drain)
    assert (count("contact"), count("phone_identity"), count("contact_consent"), count("consent_evidence")) == (0, 0, 0, 0)
    lines = db.session.execute(text("SELECT given, channel FROM consent_entry ORDER BY pseudonym, sequence")).all()
    assert lines == [(True, "import"), (False, "undo")] * 2
    assert queries.verify_ledger().holds
    record = db.session.execute(text("SELECT action, detail FROM audit_entry WHERE action = 'import_undone'")).one()
    assert (record.detail["deleted"], record.detail["kept"]) == (2, 0)


def test_contacts_known_before_are_as_they_were(tmp_path, unit, drain):
    load(tmp_path, unit, "زهرا,,09121234567,هرندی,,,\n", basis=Basis.PRIOR_RELATION)
    before = everything()
    import_id = load(tmp_path, unit, "زهرا,کاظمی,09121234567,سنگلج,زن,1360,1401/12/28\nکبری,نادری,09121234567,,,,\nرضا,,09351234567,,,,\n")
    assert everything() != before
    undo(import_id, drain)
    assert everything() == before
    assert queries.verify_ledger().holds
    chain = db.session.execute(text("SELECT given, basis, channel FROM consent_entry ORDER BY id")).all()[:1]
    assert chain == [(True, "prior_relation", "import")]


def test_a_list_that_was_taken_back_may_come_again(tmp_path, unit, drain):
    rows = "زهرا,کاظمی,09121234567,هرندی,,,\n"
    undo(load(tmp_path, unit, rows), drain)
    load(tmp_path, unit, rows)
    assert count("contact") == 1
    assert db.session.scalar(text("SELECT given FROM contact_consent")) is True
    assert queries.verify_ledger().holds


def test_a_known_person_whose_consent_was_taken_back_may_consent_again(tmp_path, unit, drain):
    load(tmp_path, unit, "زهرا,,09121234567,,,,\n", purpose="service_notice")
    before = everything()
    for _ in range(2):
        undo(load(tmp_path, unit, "زهرا,,09121234567,,,,\n"), drain)
        assert everything() == before
    load(tmp_path, unit, "زهرا,,09121234567,,,,\n")
    assert count("contact_consent") == 2
    assert queries.verify_ledger().holds


def test_whoever_said_or_wrote_something_since_is_kept(tmp_path, unit, drain, clock):
    import_id = load(tmp_path, unit, "الف,,09121234561,,,,\nب,,09121234562,,,,\nپ,,09121234563,,,,\nت,,09121234564,,,,\n")
    ids = list(db.session.scalars(text("SELECT id FROM contact ORDER BY id")))
    clock.set(clock.now() + timedelta(hours=1))
    commands.withdraw_consent(ids[0], "survey_invitation", actor_id=None)
    commands.give_consent(ids[1], "service_notice", Basis.CONSENT, evidence="تلفنی", actor_id=None)
    commands.suppress_number("+989121234563", "sms")
    undo(import_id, drain)
    kept = list(db.session.scalars(text("SELECT id FROM contact ORDER BY id")))
    assert kept == ids[:3]
    assert db.session.execute(text("SELECT contact_id, purpose, given FROM contact_consent ORDER BY 1, 2")).all() == [
        (ids[0], "survey_invitation", False),
        (ids[1], "service_notice", True),
        (ids[2], "survey_invitation", False),
    ]
    assert queries.verify_ledger().holds
    # No list lifts what they said.
    load(tmp_path, unit, "الف,,09121234561,,,,\nپ,,09121234563,,,,\n")
    assert db.session.scalar(text("SELECT count(*) FROM contact_consent WHERE given AND purpose = 'survey_invitation'")) == 0


def test_values_somebody_changed_since_stay(tmp_path, unit, drain, clock):
    load(tmp_path, unit, "زهرا,کاظمی,09121234567,هرندی,,,\n")
    import_id = load(tmp_path, unit, "زهرا,کاظمی,09121234567,سنگلج,زن,,\n")
    clock.set(clock.now() + timedelta(hours=1))
    db.session.execute(text("UPDATE contact SET neighbourhood = 'بازار', updated_at = :now"), {"now": clock.now()})
    db.session.commit()
    undo(import_id, drain)
    assert db.session.execute(text("SELECT neighbourhood, gender FROM contact")).one() == ("بازار", "female")


def test_a_number_another_unit_knows_stays(tmp_path, unit, drain):
    other = make_other_unit(unit)
    load(tmp_path, other, "زهرا,کاظمی,09121234567,,,,\n")
    before = everything()
    undo(load(tmp_path, unit, "زهرا,کاظمی,09121234567,,,,\n"), drain)
    assert everything() == before


def make_other_unit(unit: int) -> int:
    return int(db.session.scalar(text("SELECT id FROM unit WHERE id <> :unit ORDER BY id DESC LIMIT 1"), {"unit": unit}))


def test_a_list_that_a_campaign_texted_cannot_be_taken_back(tmp_path, unit, drain):
    import_id = load(tmp_path, unit, "زهرا,کاظمی,09121234567,,,,\nرضا,,09351234567,,,,\n")
    assert queries.undo_refusal(import_id) is None
    launch(make_campaign(unit, make_survey(unit)))
    drain()
    assert count("message") == 2
    assert queries.undo_refusal(import_id) == "import_used"
    with pytest.raises(Refused, match="import_used"):
        commands.undo_import(import_id, actor_id=None)
    assert (state_of(import_id), count("contact")) == ("finished", 2)


def test_asking_twice_and_asking_too_late_change_nothing(tmp_path, unit, drain):
    import_id = load(tmp_path, unit, "زهرا,کاظمی,09121234567,,,,\n")
    commands.undo_import(import_id, actor_id=None)
    commands.undo_import(import_id, actor_id=None)
    drain()
    lines = count("consent_entry")
    commands.undo_import(import_id, actor_id=None)
    drain()
    assert commands.run_undo(import_id) is False
    assert count("consent_entry") == lines == 2
    with pytest.raises(Refused, match="import_missing"):
        commands.undo_import(10**9, actor_id=None)


class Killed(Exception):
    pass


@pytest.mark.parametrize("step", ["reverse_consents", "restore_contacts", "drop_aliases", "delete_created"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_killed_run_goes_on_where_it_was(tmp_path, unit, drain, monkeypatch, step, after):
    monkeypatch.setattr(undoing, "CHUNK", 2)
    monkeypatch.setattr(undoing, "REMOVED_AT_ONCE", 2)
    known = "".join(f"ک{n},,0912000000{n},هرندی,,,\n" for n in range(3))
    load(tmp_path, unit, known, basis=Basis.PRIOR_RELATION)
    before = everything()
    import_id = load(tmp_path, unit, known.replace("هرندی", "سنگلج") + "".join(f"ن{n},,0912000001{n},,,,\n" for n in range(5)) + "ل,,09120000000,,,,\n")
    original, calls = getattr(undoing, step), []

    def killed(*arguments):
        calls.append(1)
        found = original(*arguments)
        if len(calls) > after:
            raise Killed
        return found

    commands.undo_import(import_id, actor_id=None)
    with monkeypatch.context() as patch:
        patch.setattr(undoing, step, killed)
        if step == "drop_aliases" and after:
            commands.run_undo(import_id)
        else:
            with pytest.raises(Killed):
                commands.run_undo(import_id)
    db.session.rollback()
    db.session.remove()
    commands.run_undo(import_id)
    assert state_of(import_id) == "undone"
    assert everything() == before
    assert queries.verify_ledger().holds
    assert count("consent_entry") == 3 + 8 + 8


def test_it_waits_for_whoever_is_writing_numbers(tmp_path, unit, app):
    from sqlalchemy import create_engine

    from contacts.index_keys import LOCK

    import_id = load(tmp_path, unit, "زهرا,کاظمی,09121234567,,,,\n")
    commands.undo_import(import_id, actor_id=None)
    other = create_engine(db.engine.url)
    with other.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": LOCK})
        assert commands.run_undo(import_id) is False
        assert (state_of(import_id), count("contact")) == ("undoing", 1)
    other.dispose()
    assert commands.run_undo(import_id) is True
    assert (state_of(import_id), count("contact")) == ("undone", 0)


PEOPLE = st.tuples(
    st.sampled_from(["", "زهرا", "رضا", "كبري"]),
    st.sampled_from(["", "کاظمی", "نادری"]),
    st.integers(0, 5).map(lambda n: f"0912000000{n}"),
    st.sampled_from(["", "هرندی", "سنگلج", "سنگلج "]),
    st.sampled_from(["", "زن", "مرد"]),
    st.sampled_from(["", "1360", "1375"]),
    st.sampled_from(["", "1401/12/28"]),
).map(lambda cells: ",".join(cells) + "\n")
LISTS = st.lists(PEOPLE, min_size=1, max_size=8).map("".join)
BASES = st.sampled_from([Basis.CONSENT, Basis.PRIOR_RELATION, Basis.CONTRACT])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(LISTS, BASES), max_size=2), LISTS, BASES, st.sampled_from(["survey_invitation", "service_notice"]))
def test_import_then_undo_is_what_was_before(tmp_path, app, drain, known, rows, basis, purpose):
    from tests.conftest import empty_tables

    db.session.remove()
    empty_tables()
    commands.ensure_purposes()
    unit = make_units()[1]
    for earlier, on in known:
        load(tmp_path, unit, earlier, basis=on)
    before = everything()
    import_id = load(tmp_path, unit, rows, basis=basis, purpose=purpose)
    undo(import_id, drain)
    assert everything() == before
    with transaction():
        assert queries.verify_ledger().holds
