"""Time limits on the real tables: what has come to its end goes, once, and nothing else does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

import contacts.commands as contacts
from contacts import queries
from contacts.commands.notes import add_note
from contacts.commands.retention import apply_limits, remove_limit, set_limit
from contacts.queries.identities import find_identity
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from tests import make
from tests.people import make_person, make_units, sign_in, without_csrf

YEAR = timedelta(days=366)


@pytest.fixture
def units(app: Flask) -> tuple[int, int, int, int]:
    return make_units()


def add(unit_id: int, *, purpose: str = "survey_invitation", **fields: object) -> int:
    person = Person(first_name="زهرا", last_name="کاظمی", neighbourhood="هرندی", birth_year=1362, **fields)  # type: ignore[arg-type]
    return contacts.add_contact(unit_id, make.make_number(), person, purpose=purpose, basis=Basis.CONSENT, evidence="برگه", actor_id=None)


def row(contact_id: int) -> dict[str, object]:
    found = db.session.execute(text("SELECT * FROM contact WHERE id = :id"), {"id": contact_id}).mappings().one()
    db.session.remove()
    return dict(found)


def standing(contact_id: int, purpose: str = "survey_invitation") -> bool | None:
    found = db.session.scalar(text("SELECT given FROM contact_consent WHERE contact_id = :id AND purpose = :p"), {"id": contact_id, "p": purpose})
    db.session.remove()
    return found


def test_a_field_is_cleared_when_the_person_was_silent_so_long(units, clock: FrozenClock) -> None:
    _, d12, _, _ = units
    silent, changed = add(d12), add(d12)
    set_limit(d12, "field", "birth_year", 12, actor_id=None)
    set_limit(d12, "field", "last_name", 12, actor_id=None)
    assert apply_limits() == {}
    clock.advance(timedelta(days=300))
    contacts.update_contact(changed, Person(first_name="مریم", last_name="کاظمی", birth_year=1362), actor_id=None)
    clock.advance(timedelta(days=70))
    before = row(silent)["updated_at"]
    assert apply_limits() == {"fields": 2}
    after = row(silent)
    assert (after["birth_year"], after["last_name"], after["first_name"], after["neighbourhood"]) == (None, "", "زهرا", "هرندی")
    assert "کاظمی" not in str(after["search_key"]) and after["updated_at"] == before
    assert row(changed)["birth_year"] == 1362
    assert apply_limits() == {}
    assert queries.verify_ledger().holds


def test_what_a_list_had_replaced_is_as_old_and_goes_too(units, clock: FrozenClock) -> None:
    _, d12, _, _ = units
    contact_id = add(d12)
    with transaction() as session:
        session.execute(text("INSERT INTO contact_alias (contact_id, first_name, last_name, name_key, created_at) VALUES (:id, 'الف', 'ب', 'k', now())"), {"id": contact_id})
    set_limit(d12, "field", "first_name", 6, actor_id=None)
    clock.advance(YEAR)
    apply_limits()
    assert db.session.scalar(text("SELECT count(*) FROM contact_alias")) == 0


def test_notes_and_own_fields_have_limits_of_their_own(units, clock: FrozenClock) -> None:
    _, d12, _, _ = units
    contact_id = add(d12)
    with transaction() as session:
        session.execute(text("INSERT INTO custom_field (unit_id, key, title, kind, created_at) VALUES (:u, 'work', 'شغل', 'text', now())"), {"u": d12})
        session.execute(text("""UPDATE contact SET custom = '{"work": "نجار", "other": "x"}'"""))
    add_note(contact_id, "کهنه", actor_id=None)
    set_limit(d12, "field", "custom:work", 12, actor_id=None)
    set_limit(d12, "field", "notes", 12, actor_id=None)
    clock.advance(timedelta(days=300))
    add_note(contact_id, "تازه", actor_id=None)
    clock.advance(timedelta(days=70))
    apply_limits()
    assert db.session.scalars(text("SELECT text FROM contact_note")).all() == ["تازه"]
    assert row(contact_id)["custom"] == {"other": "x"}


def test_a_consent_ends_with_a_line_in_the_ledger(units, clock: FrozenClock) -> None:
    _, d12, _, _ = units
    old, renewed = add(d12), add(d12)
    set_limit(d12, "purpose", "survey_invitation", 24, actor_id=None)
    clock.advance(YEAR)
    contacts.withdraw_consent(renewed, "survey_invitation", actor_id=None)
    contacts.give_consent(renewed, "survey_invitation", Basis.CONSENT, evidence="دوباره", actor_id=None)
    clock.advance(YEAR)
    assert apply_limits() == {"consents": 1}
    assert (standing(old), standing(renewed)) == (False, True)
    last = db.session.execute(text("SELECT given, channel FROM consent_entry ORDER BY id DESC LIMIT 1")).one()
    assert tuple(last) == (False, "expiry")
    assert queries.verify_ledger().holds
    assert apply_limits() == {}


def test_whoever_agrees_to_nothing_any_more_is_erased_after_a_while(units, clock: FrozenClock) -> None:
    _, d12, _, _ = units
    gone, stays = add(d12), add(d12)
    identity_id = row(gone)["identity_id"]
    contacts.withdraw_consent(gone, "survey_invitation", actor_id=None)
    set_limit(d12, "person", "", 6, actor_id=None)
    clock.advance(timedelta(days=180))
    assert apply_limits() == {}
    clock.advance(timedelta(days=10))
    assert apply_limits() == {"people": 1}
    assert db.session.scalars(text("SELECT id FROM contact")).all() == [stays]
    assert db.session.scalar(text("SELECT count(*) FROM phone_identity WHERE id = :i"), {"i": identity_id}) == 0
    assert db.session.execute(text("SELECT origin FROM erasure")).scalar_one() == "retention"
    audit = db.session.execute(text("SELECT detail FROM audit_entry WHERE action = 'retention_applied'")).scalar_one()
    assert audit["people"] == 1


def test_the_nearest_unit_decides(units, clock: FrozenClock) -> None:
    city, d12, d6, herandi = units
    in_d6, in_herandi = add(d6), add(herandi)
    set_limit(city, "field", "birth_year", 12, actor_id=None)
    kept = set_limit(d12, "field", "birth_year", 120, actor_id=None)
    clock.advance(YEAR + timedelta(days=5))
    assert apply_limits() == {"fields": 1}
    assert (row(in_d6)["birth_year"], row(in_herandi)["birth_year"]) == (None, 1362)
    assert remove_limit(kept, actor_id=None) and not remove_limit(kept, actor_id=None)
    assert apply_limits() == {"fields": 1}
    assert row(in_herandi)["birth_year"] is None


def test_more_than_a_chunk_and_a_second_run(units, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contacts.commands.retention.CHUNK", 7)
    _, d12, _, _ = units
    make.make_contacts(d12, 30, birth_year=1350)
    set_limit(d12, "field", "birth_year", 1, actor_id=None)
    clock.advance(timedelta(days=40))
    assert apply_limits() == {"fields": 30}
    assert apply_limits() == {}


def test_nobody_limits_what_is_not_there(units) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused, match="retention_subject_unknown"):
        set_limit(units[1], "purpose", "nothing", 12, actor_id=None)


def test_the_page_previews_sets_and_removes(app: Flask, client: FlaskClient, units, clock: FrozenClock) -> None:
    city, d12, d6, _ = units
    for _ in range(3):
        add(d12)
    add(d6)
    sign_in(client, make_person(d12, Role.ADMIN))
    clock.advance(timedelta(days=354))
    with without_csrf(app):
        sign_in(client, make_person(d12, Role.ADMIN))
        empty = client.get("/console/contacts/retention")
        assert empty.status_code == 200 and "اینجا مهلتی تعیین نشده است" in empty.text
        shown = client.post("/console/contacts/retention", data={"about": "field/birth_year", "months": "۱۱", "preview": "1"})
        assert shown.status_code == 200 and "چیزی ذخیره نشد" in shown.text
        assert "<dd>۳</dd>" in shown.text.replace(" ", "").replace("\n", "")
        assert db.session.scalar(text("SELECT count(*) FROM retention_rule")) == 0
        assert client.post("/console/contacts/retention", data={"about": "field/birth_year", "months": "0"}).status_code == 422
        assert client.post("/console/contacts/retention", data={"about": "field/phone", "months": "5"}).status_code == 422
        assert client.post("/console/contacts/retention", data={"about": "field/birth_year", "months": "11"}).status_code == 303
        limit_id = db.session.scalar(text("SELECT id FROM retention_rule"))
        # The city sets one, too: the district's own goes before it, and the city's is named below.
        set_limit(city, "person", "", 60, actor_id=None)
        listed = client.get("/console/contacts/retention").text
        assert "سال تولد" in listed and "کسانی که هیچ رضایتی ندارند" in listed
        of_city = db.session.scalar(text("SELECT id FROM retention_rule WHERE unit_id = :u"), {"u": city})
        assert client.post(f"/console/contacts/retention/{of_city}/remove").status_code == 404
        assert client.post(f"/console/contacts/retention/{limit_id}/remove").status_code == 303
    assert db.session.scalars(text("SELECT unit_id FROM retention_rule")).all() == [city]


def test_what_the_preview_counts_is_what_the_run_touches(units, clock: FrozenClock) -> None:
    from contacts.queries.retention import preview_limit
    from contacts.rules.retention import Limit, Subject

    _, d12, _, herandi = units
    add(d12)
    clock.advance(timedelta(days=20))
    add(herandi)
    set_limit(herandi, "purpose", "survey_invitation", 100, actor_id=None)
    limit = Limit(d12, Subject.PURPOSE, "survey_invitation", 1)
    seen = []
    for _ in range(40):
        seen.append(preview_limit(limit, now(), now() + timedelta(days=1)))
        clock.advance(timedelta(days=1))
    # Tomorrow's count is tomorrow's.
    assert [each.next_run for each in seen[:-1]] == [each.now for each in seen[1:]]
    assert (seen[0].now, seen[-1].now) == (0, 1)
    set_limit(d12, "purpose", "survey_invitation", 1, actor_id=None)
    assert apply_limits() == {"consents": 1}
    assert find_identity("+989120000000") is None
