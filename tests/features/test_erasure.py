"""Erasing somebody after a whole life here: nothing anywhere leads to them any more, and what has to stay stays."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

import contacts.commands as contacts
from campaigns import sweeps
from campaigns.commands.erasing import tidy_erased_messages
from campaigns.commands.inbound import receive_inbound
from contacts import queries
from contacts.commands.erasing import delete_orphaned_files, erase_number, erase_person
from contacts.importing import files
from contacts.index_keys import hold_index_key
from contacts.queries.identities import find_identity
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.clock import now
from engage.db import db, transaction
from engage.refusal import Refused
from tests import make
from tests.people import make_person, sign_in, without_csrf
from tests.traces import NAMES, NUMBER, WRITTEN, Life, found_of, traces


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every log line of the product, however small its level, as it is written."""
    lines: list[str] = []

    def keep(_logger: object, method: str, event: dict[str, object]) -> str:
        lines.append(f"{method} {event!r}")
        raise structlog.DropEvent

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("engage", "contacts", "surveys", "campaigns") and hasattr(module, "log"):
            monkeypatch.setattr(module, "log", structlog.wrap_logger(None, processors=[keep], wrapper_class=structlog.stdlib.BoundLogger), raising=False)
    return lines


@pytest.fixture
def life(app: Flask, client: FlaskClient, drain: Callable[[], int], gateway_simulator, said) -> Life:  # type: ignore[no-untyped-def]
    """Imported, noted, invited, opened, answered, delivered and replied."""
    lived = Life(app, client, drain)
    token = lived.token(gateway_simulator.ledger())
    assert client.get(f"/{token}").status_code == 200
    answer = client.post(f"/{token}", data={"q1": "light", "q2": WRITTEN})
    assert answer.status_code in (200, 303), answer.status_code
    for line in gateway_simulator.ledger():
        client.post("/hooks/sms/test-webhook-token-0123456789/delivery", data={"messageid": line["messageid"], "status": 10})
    lived.drain()
    sweeps.ring_for_campaigns()
    lived.drain()
    assert db.session.scalar(text("SELECT count(*) FROM response WHERE answers ->> 'q2' = :words"), {"words": WRITTEN}) == 1
    assert db.session.scalar(text("SELECT count(*) FROM message WHERE state = 'delivered'")) == 2
    db.session.remove()
    return lived


def test_nothing_leads_to_an_erased_person_any_more(app, life, data_dir, said, gateway_simulator, drain, clock) -> None:  # type: ignore[no-untyped-def]
    token = life.token(gateway_simulator.ledger())
    looked_for = traces(token)
    pseudonym = db.session.scalar(text("SELECT pseudonym FROM contact WHERE id = :id"), {"id": life.contact_id})
    mine = text("SELECT text_sha256 FROM message WHERE contact_id = :id AND text_sha256 IS NOT NULL")
    looked_for["hash of the text"] = db.session.scalar(mine, {"id": life.contact_id}).hex()
    # The search sees what is there, or finding nothing later would prove nothing.
    before = found_of(looked_for, data_dir, said)
    must_be_seen = {"number " + "9" + NUMBER[4:], "name " + NAMES[2], "note", "answer", "reply", "field", "token digest 0", "blind index 0", "hash of the text"}
    assert must_be_seen <= set(before), must_be_seen - set(before)
    assert "phone_identity.phone_cipher (opened)" in before["number 9" + NUMBER[4:]]
    assert any("uploads" in place for place in before["number 912 111 0457"])
    assert said
    lines = db.session.scalar(text("SELECT count(*) FROM consent_entry WHERE pseudonym = :p"), {"p": pseudonym})
    sent = db.session.execute(text("SELECT state, count(*) FROM message GROUP BY 1")).all()
    db.session.remove()

    erase_person(life.contact_id, "officer", actor_id=None)
    assert found_of(looked_for, data_dir, said) == {}
    drain()
    clock.advance(timedelta(days=3))
    tidy_erased_messages()
    drain()
    assert found_of(looked_for, data_dir, said) == {}

    # What has to stay: the ledger under its pseudonym with one line more, that it happened, and everything that only counts.
    session = db.session
    assert session.scalar(text("SELECT count(*) FROM consent_entry WHERE pseudonym = :p"), {"p": pseudonym}) == lines + 1
    last = session.execute(text("SELECT given, channel FROM consent_entry WHERE pseudonym = :p ORDER BY sequence DESC LIMIT 1"), {"p": pseudonym}).one()
    assert tuple(last) == (False, "officer")
    assert queries.verify_ledger().holds
    assert session.execute(text("SELECT unit_id, origin FROM erasure")).all() == [(life.unit_id, "officer")]
    assert session.execute(text("SELECT state, count(*) FROM message GROUP BY 1")).all() == sent
    assert session.execute(text("SELECT answers, invitation_id, receipt_code FROM response")).all() == [({"q1": "light"}, None, "")]
    assert session.scalar(text("SELECT count(*) FROM message WHERE identity_id IS NULL AND gateway_id IS NOT NULL")) == 0
    assert session.scalar(text("SELECT count(*) FROM contact")) == 1
    assert life.client.get(f"/{token}").status_code == 404


def test_an_opt_out_outlives_its_number(app, life) -> None:  # type: ignore[no-untyped-def]
    contacts.suppress_number(NUMBER, "sms", actor_id=None)
    erase_number(life.identity_id, "citizen", actor_id=None)
    assert find_identity(NUMBER) is None
    with pytest.raises(Refused, match="number_suppressed"):
        contacts.add_contact(life.unit_id, NUMBER, Person(), purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه", actor_id=None)


def test_an_opt_out_nobody_has_read_yet_is_obeyed_before_the_number_is_forgotten(app, life) -> None:  # type: ignore[no-untyped-def]
    receive_inbound(9002, "3000", "09121110457", "لغو")
    erase_number(life.identity_id, "citizen", actor_id=None)
    with transaction() as session:
        stopped = session.scalar(text("SELECT source FROM suppression WHERE number_hash = :h"), {"h": hold_index_key(session).suppression_hash(NUMBER)})
    assert stopped == "sms"


def test_one_unit_erases_its_own_and_the_other_keeps_its_own(app, life, data_dir, said) -> None:  # type: ignore[no-untyped-def]
    other = make.make_unit("شهرداری منطقهٔ ۶")
    kept = contacts.add_contact(other, NUMBER, Person(first_name="همان"), purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه", actor_id=None)
    erase_person(life.contact_id, "officer", actor_id=None)
    found = found_of({name: trace for name, trace in traces().items() if not name.startswith(("number", "blind", "reply"))}, data_dir, said)
    assert found == {}
    assert find_identity(NUMBER) == life.identity_id
    assert queries.get_contact(kept).name == "همان"  # type: ignore[union-attr]
    # The number keeps its one right to answer, its cap and its one text a campaign; the person's words and link are gone.
    assert db.session.execute(text("SELECT answers FROM response")).scalar_one() == {"q1": "light"}
    row = db.session.execute(text("SELECT contact_id, params FROM message WHERE identity_id = :i"), {"i": life.identity_id}).one()
    assert tuple(row) == (None, {})


def test_a_citizens_erasure_reaches_every_unit(app, life, data_dir, said) -> None:  # type: ignore[no-untyped-def]
    other = make.make_unit("شهرداری منطقهٔ ۶")
    contacts.add_contact(other, NUMBER, Person(first_name=NAMES[0]), purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه", actor_id=None)
    erase_number(life.identity_id, "citizen", actor_id=None)
    assert found_of(traces(), data_dir, said) == {}
    assert db.session.execute(text("SELECT count(*) FROM erasure WHERE origin = 'citizen'")).scalar_one() == 2
    erase_number(life.identity_id, "citizen", actor_id=None)  # gone already: no error


def test_files_a_dead_process_left_behind_go_later(app, life) -> None:  # type: ignore[no-untyped-def]
    left = files.uploads_folder() / "0123456789abcdef.csv"
    left.write_text("x")
    assert delete_orphaned_files() == 0
    os.utime(left, (time.time(), now().timestamp() - 2 * 24 * 3600))
    owned = list(files.uploads_folder().glob("*.csv"))
    assert delete_orphaned_files() == 1
    assert not left.exists() and len(list(files.uploads_folder().glob("*.csv"))) == len(owned) - 1


def test_the_page_asks_before_and_stays_within_the_subtree(app, life, client: FlaskClient) -> None:  # type: ignore[no-untyped-def]
    stranger = app.test_client()
    sign_in(stranger, make_person(make.make_unit("دیگر")))
    sign_in(client, make_person(life.unit_id))
    address = f"/console/contacts/{life.contact_id}/erase"
    with without_csrf(app):
        assert (stranger.get(address).status_code, stranger.post(address).status_code) == (404, 404)
        page = client.get(address)
        assert page.status_code == 200 and "بازگشت ندارد" in page.text
        assert client.post(address).status_code == 303
        assert client.post(address).status_code == 404
    assert "contact_erased" in db.session.scalars(text("SELECT action FROM audit_entry")).all()


def test_a_closed_person_is_erased_without_touching_the_numbers_new_holder(app, life, data_dir, said) -> None:  # type: ignore[no-untyped-def]
    contacts.end_consent_of_reassigned(life.identity_id)
    fresh = contacts.add_contact(
        life.unit_id, NUMBER, Person(first_name="تازه"), purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه", actor_id=None
    )
    erase_person(life.contact_id, "officer", actor_id=None)
    of_person = {name: trace for name, trace in traces().items() if name.startswith(("name", "note", "answer", "field"))}
    assert found_of(of_person, data_dir, said) == {}
    assert queries.get_contact(fresh).name == "تازه"  # type: ignore[union-attr]
    assert find_identity(NUMBER) == life.identity_id
