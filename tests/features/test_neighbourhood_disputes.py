"""«محلهٔ من این نیست»: from the citizen's page to a tag officers can find."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands as contacts
from contacts.commands.doubting import DOUBTED, doubt_neighbourhood
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.db import db, transaction
from engage.identity.commands import create_unit
from tests.features.test_surveys_links import ask


def add(unit_id: int, person: Person, phone: str = "+989121234567") -> int:
    return contacts.add_contact(unit_id, phone, person, purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم", actor_id=None)


def tagged() -> list[int]:
    db.session.rollback()
    return list(
        db.session.scalars(text("SELECT c.id FROM contact c JOIN contact_tag t ON t.id = ANY(c.tag_ids) WHERE t.name = :name ORDER BY 1"), {"name": DOUBTED})
    )


def test_the_citizens_word_tags_the_contact_once_and_changes_no_place(app: Flask, client: FlaskClient, drain: Callable[[], int]) -> None:
    asked = ask()
    contact = add(asked.unit_id, Person("زهرا", "کاظمی", "هرندی"))
    with transaction() as session:
        session.execute(text("UPDATE invitation SET identity_id = (SELECT identity_id FROM contact WHERE id = :id)"), {"id": contact})
    for _ in range(2):
        assert client.post(f"{asked.path}/not-here").status_code == 200
        drain()
    assert tagged() == [contact]
    assert db.session.scalar(text("SELECT neighbourhood FROM contact WHERE id = :id"), {"id": contact}) == "هرندی"
    assert db.session.scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'contact_tagged'")) == 1


def test_only_the_asking_units_own_record_is_doubted(app: Flask) -> None:
    city = create_unit(parent_id=None, kind="municipality", name="شهرداری", sms_name="شهرداری", slug="city")
    own, other = (create_unit(parent_id=city, kind="district", name=f"منطقهٔ {n}", sms_name=f"منطقهٔ {n}", slug=f"d{n}") for n in (12, 7))
    mine, theirs = add(own, Person("زهرا", "کاظمی", "هرندی")), add(other, Person("زهرا", "کاظمی", "کوی دیگر"))
    nameless = add(own, Person("علی", "نوری"), "+989351234567")
    identity = db.session.scalar(text("SELECT identity_id FROM contact WHERE id = :id"), {"id": mine})
    assert doubt_neighbourhood(identity, own) == 1 and doubt_neighbourhood(identity, own) == 0
    assert doubt_neighbourhood(db.session.scalar(text("SELECT identity_id FROM contact WHERE id = :id"), {"id": nameless}), own) == 0
    assert tagged() == [mine] and theirs not in tagged()
