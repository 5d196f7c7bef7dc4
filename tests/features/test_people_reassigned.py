"""«این پیامک برای من نیست»: the person before is hidden everywhere, and the number may join afresh as somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.queries.exporting import export_rows, plan_export
from contacts.queries.finding import SearchFilter
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.db import db, transaction
from engage.events import publish
from engage.refusal import Refused
from surveys.events import NumberDisowned
from tests.features.test_people_pages import BASE, add, names, page
from tests.people import make_person, make_units, sign_in, without_csrf

NUMBER = "+989121234567"
HEADER = "نام,نام خانوادگی,تلفن همراه,محله,تاریخ رضایت\n"


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(client: FlaskClient, units) -> FlaskClient:
    return sign_in(client, make_person(units[1]))


def closed(unit_id: int, *more: int) -> int:
    """A contact with fields, a tag and a note, whose number has changed hands."""
    contact_id = add(unit_id, phone=NUMBER, neighbourhood="سنگلج")
    commands.tag_contact(contact_id, commands.make_tag(unit_id, "داوطلب", actor_id=None), actor_id=None)
    commands.add_note(contact_id, "عصرها پاسخ می‌دهد", actor_id=None)
    identity_id = queries.find_identity(NUMBER)
    assert identity_id is not None and commands.end_consent_of_reassigned(identity_id)
    return contact_id


def load(tmp_path: Path, unit_id: int, rows: str, *, dry_run: bool = False):
    path = tmp_path / "list.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return commands.import_file(path, unit_id, basis=Basis.CONSENT, evidence="فرم", dry_run=dry_run)[0]


def pseudonyms() -> set[bytes]:
    return {bytes(each) for each in db.session.scalars(text("SELECT DISTINCT pseudonym FROM consent_entry"))}


def test_the_person_before_is_hidden_everywhere(officer: FlaskClient, units) -> None:
    contact_id = closed(units[1])
    d12 = [units[1]]
    shown = page(officer, f"/{contact_id}")
    assert "شماره" in shown and "دارندهٔ کنونی" in shown
    listed = page(officer, "/")
    for hidden in ("زهرا", "کاظمی", "سنگلج", "داوطلب", "عصرها", "فرم ۳۱۸", "۱۳۶۲"):
        assert hidden not in shown and hidden not in listed, hidden
    for words in ("زهرا", "کاظمی"):
        assert names(d12, words=words) == []
    assert queries.count_contacts(d12) == 0 and queries.neighbourhoods_of(d12) == []
    found = queries.search_contacts(d12, SearchFilter(words="09121234567")).items
    assert [(each.id, each.name, each.standing, each.tag_ids) for each in found] == [(contact_id, "", "reassigned", ())]
    assert [each.id for each in queries.search_contacts(d12, SearchFilter(standing="reassigned")).items] == [contact_id]
    assert list(export_rows(plan_export(d12))) == [] and list(export_rows(plan_export(d12, contact_ids=[contact_id]))) == []
    named = queries.contact_names([contact_id])[contact_id]
    assert (named.name, named.neighbourhood, named.phone) == ("", "", NUMBER)
    assert queries.count_audience(queries.AudienceFilter(units[1]), "survey_invitation").eligible == 0
    for path, method in (("edit", "get"), ("consent", "get"), ("stop", "get")):
        assert getattr(officer, method)(f"{BASE}/{contact_id}/{path}").status_code == 422
    for call in (
        lambda: commands.give_consent(contact_id, "survey_invitation", Basis.CONSENT, evidence="تلفنی", actor_id=None),
        lambda: commands.update_contact(contact_id, Person("رضا", "نوری"), actor_id=None),
        lambda: commands.add_note(contact_id, "x", actor_id=None),
        lambda: commands.trust_number(contact_id, actor_id=None),
    ):
        with pytest.raises(Refused, match="number_reassigned"):
            call()
    assert queries.verify_ledger().holds


def test_it_ends_for_every_unit_and_only_once(units) -> None:
    _, d12, d6, _ = units
    one, two = add(d12, phone=NUMBER), add(d6, phone=NUMBER)
    identity_id = queries.find_identity(NUMBER)
    assert commands.end_consent_of_reassigned(identity_id) and not commands.end_consent_of_reassigned(identity_id)
    assert queries.get_contact(one).identity_id is None and queries.get_contact(two).identity_id is None


def test_by_the_event_of_a_citizens_page(units, drain: Callable[[], int]) -> None:
    contact_id = add(units[1], phone=NUMBER)
    with transaction():
        publish(_disowned(queries.find_identity(NUMBER)))
    drain()
    assert queries.get_contact(contact_id).reassigned_at is not None


def _disowned(identity_id: int) -> NumberDisowned:
    return NumberDisowned(**{each.name: identity_id if each.name == "identity_id" else 1 for each in fields(NumberDisowned)})


def test_the_number_joins_afresh_by_hand_with_a_chain_of_its_own(officer: FlaskClient, units) -> None:
    old = closed(units[1])
    before = pseudonyms()
    fresh = add(units[1], "رضا", "نوری", NUMBER, gender="male")
    assert fresh != old and pseudonyms() > before
    record = queries.get_contact(fresh)
    assert record.name == "رضا نوری" and record.phone == NUMBER and record.consents[0].given and len(record.lines) == 1
    assert record.tag_ids == () and record.custom == {} and record.aliases == ()
    shown = page(officer, f"/{fresh}")
    for hidden in ("زهرا", "کاظمی", "عصرها", "داوطلب", "پایان یافت"):
        assert hidden not in shown.split("</option>")[-1], hidden
    assert queries.count_audience(queries.AudienceFilter(units[1]), "survey_invitation").eligible == 1
    assert queries.get_contact(old).name == "" and names([units[1]], words="کاظمی") == []
    # Another life later it changes hands again: both stay closed, each with its own chain.
    assert commands.end_consent_of_reassigned(record.identity_id)
    third = add(units[1], "مریم", "صادقی", NUMBER)
    assert queries.get_contact(third).name == "مریم صادقی" and len(pseudonyms()) == 3
    assert queries.verify_ledger().holds


@pytest.mark.parametrize(
    ("row", "created"),
    [
        ("زهرا,کاظمی,09121234567,,\n", 0),
        (",كاظمي,09121234567,,\n", 0),
        (",,09121234567,,\n", 0),
        ("زهرا,کاظمی,09121234567,,1405/08/01\n", 0),
        ("زهرا,کاظمی,09121234567,,1405/09/02\n", 1),
        ("رضا,نوری,09121234567,,\n", 1),
    ],
)
def test_a_list_brings_it_back_only_as_somebody_else(tmp_path: Path, units, clock, row: str, created: int) -> None:
    old = closed(units[1])
    clock.advance(timedelta(days=3))
    assert load(tmp_path, units[1], row, dry_run=True).created == created
    first = load(tmp_path, units[1], row)
    assert (first.created, first.unchanged) == (created, 1 - created)
    again = load(tmp_path, units[1], row)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    assert queries.count_contacts([units[1]]) == created and queries.get_contact(old).name == ""
    assert queries.count_audience(queries.AudienceFilter(units[1]), "survey_invitation").eligible == created
    assert queries.verify_ledger().holds


def test_a_further_name_of_the_old_list_does_not_bring_it_back_and_another_unit_is_free(tmp_path: Path, units) -> None:
    _, d12, d6, _ = units
    rows = "زهرا,کاظمی,09121234567,,\nمریم,صادقی,09121234567,,\n"
    load(tmp_path, d12, rows)
    assert commands.end_consent_of_reassigned(queries.find_identity(NUMBER))
    assert load(tmp_path, d12, "مریم,صادقی,09121234567,,\n").created == 0
    assert load(tmp_path, d12, rows).created == 0
    assert load(tmp_path, d6, rows).created == 1
