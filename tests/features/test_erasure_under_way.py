"""Erasure beside what is under way: texts not sent, being sent, maybe sent, running imports and writers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

import campaigns.commands as campaigns
from campaigns import sweeps
from campaigns.commands.erasing import tidy_erased_messages
from contacts.commands.erasing import erase_number, erase_person, finish_erasures
from contacts.index_keys import hold_index_key
from engage.db import db, transaction
from engage.jobs import redis_connection
from engage.refusal import Refused
from tests import make
from tests.traces import WRITTEN, Life, found_of, traces


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every log line of the product, however small its level, as it is written."""
    lines: list[str] = []

    def keep(_logger: object, method: str, event: dict[str, object]) -> str:
        lines.append(f"{method} {event!r}")
        raise structlog.DropEvent

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("engage", "contacts", "surveys", "campaigns") and hasattr(module, "log"):
            monkeypatch.setattr(
                module, "log", structlog.wrap_logger(None, processors=[keep], wrapper_class=structlog.stdlib.BoundLogger), raising=False
            )
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


@pytest.fixture
def under_way(app: Flask, drain: Callable[[], int]) -> tuple[int, list[int]]:
    """A campaign of three in sending, nothing claimed yet."""
    unit_id = make.make_unit()
    identities = make.make_contacts(unit_id, 3, first_name="شاهدخت")
    campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id), text="{نام} عزیز")
    make.launch(campaign_id)
    settings = app.extensions["engage_settings"]
    campaigns.advance_campaign(campaign_id, settings)
    wave_id = db.session.scalar(text("SELECT id FROM wave"))
    db.session.remove()
    campaigns.materialise_wave(wave_id)
    campaigns.advance_campaign(campaign_id, settings)
    redis_connection().flushdb()
    return campaign_id, identities


def messages() -> dict[str, tuple[int | None, dict[str, object], str | None]]:
    rows = db.session.execute(text("SELECT id, state, identity_id, params, reason FROM message ORDER BY id")).all()
    db.session.remove()
    return {f"{number} {row.state}": (row.identity_id, row.params, row.reason) for number, row in enumerate(rows)}


def test_what_was_not_sent_yet_is_never_sent(app, under_way, gateway_simulator, drain) -> None:  # type: ignore[no-untyped-def]
    campaign_id, identities = under_way
    erase_number(identities[0], "citizen", actor_id=None)
    assert messages()["0 suppressed"] == (None, {}, "erased")
    sweeps.ring_for_campaigns()
    drain()
    assert len(gateway_simulator.ledger()) == 2
    assert [each.partition(" ")[2] for each in messages()] == ["suppressed", "accepted", "accepted"]


def test_what_is_being_sent_is_finished_and_then_cleared(app, under_way, gateway_simulator, drain, clock) -> None:  # type: ignore[no-untyped-def]
    """Between the claim and its settling the person is erased: the text that is leaving leaves, and its row ends like any other."""
    from campaigns.commands.claim import claim_batch
    from campaigns.commands.settle import settle_batch
    from campaigns.sending import render_batch

    campaign_id, identities = under_way
    settings = app.extensions["engage_settings"]
    claim = claim_batch(settings)
    assert claim is not None and len(claim.messages) == 3
    outgoing, made = render_batch(claim)
    db.session.remove()
    erase_number(identities[0], "citizen", actor_id=None)
    assert messages()["0 sending"] == (None, {}, None)
    outcomes = app.extensions["engage_gateway"].send(claim.line, outgoing)
    assert settle_batch(settings, claim, outcomes, made)
    assert messages()["0 accepted"][0] is None
    for line in gateway_simulator.ledger():
        life_client = app.test_client()
        life_client.post("/hooks/sms/test-webhook-token-0123456789/delivery", data={"messageid": line["messageid"], "status": 10})
    sweeps.ring_for_receipts()
    drain()
    assert [each.partition(" ")[2] for each in messages()] == ["delivered"] * 3
    assert tidy_erased_messages() == 0  # a later receipt may still come
    clock.advance(timedelta(days=3))
    assert tidy_erased_messages() == 1
    assert (
        db.session.scalar(text("SELECT count(*) FROM message WHERE gateway_id IS NULL AND text_sha256 IS NULL AND state = 'delivered'"))
        == 1
    )


def test_what_may_have_been_sent_is_looked_up_and_never_sent_again(app, under_way, gateway_simulator, drain, clock) -> None:  # type: ignore[no-untyped-def]
    """The worker died before its call: both look-ups find nothing, the text is due again, and finds nobody to go to."""
    from campaigns.commands.claim import claim_batch

    campaign_id, identities = under_way
    settings = app.extensions["engage_settings"]
    assert claim_batch(settings) is not None
    erase_number(identities[0], "citizen", actor_id=None)
    clock.advance(timedelta(seconds=settings.timings.lease + 1))
    sweeps.expire_leases()
    assert "0 unknown" in messages()
    for _ in range(4):
        clock.advance(timedelta(seconds=settings.timings.unknown_grace + settings.timings.lookup_interval + 1))
        sweeps.ring_for_unknown()
        sweeps.ring_for_campaigns()
        drain()
    ended = messages()
    assert [each.partition(" ")[2] for each in ended] == ["suppressed", "accepted", "accepted"]
    assert len(gateway_simulator.ledger()) == 2


def test_a_running_import_keeps_the_bare_number_until_it_is_done(app, life, data_dir, said) -> None:  # type: ignore[no-untyped-def]
    """Whoever writes numbers may be about to use this one: its row goes as soon as nobody is, everything else at once."""
    started, may_end = threading.Event(), threading.Event()

    def write_numbers() -> None:
        with app.app_context(), transaction() as session:
            hold_index_key(session)
            started.set()
            may_end.wait(20)

    writer = threading.Thread(target=write_numbers)
    writer.start()
    assert started.wait(10)
    erase_person(life.contact_id, "officer", actor_id=None)
    places = {place for each in found_of(traces(), data_dir, said).values() for place in each}
    assert places <= {"phone_identity", "phone_identity.phone_cipher (opened)"}
    assert finish_erasures() == 0
    may_end.set()
    writer.join()
    assert finish_erasures() == 1
    assert found_of(traces(), data_dir, said) == {}


def test_whoever_is_being_written_right_now_is_left_alone(app, life, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("contacts.commands.erasing.PATIENCE", 1)
    locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), transaction() as session:
            session.execute(text("SELECT 1 FROM contact WHERE id = :id FOR UPDATE"), {"id": life.contact_id})
            locked.set()
            may_end.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(10)
    with pytest.raises(Refused, match="person_busy"):
        erase_person(life.contact_id, "officer", actor_id=None)
    may_end.set()
    holder.join()
    erase_person(life.contact_id, "officer", actor_id=None)


def test_nobody_is_erased_between_being_read_and_being_written_down(app, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Messages and invitations have no foreign keys: what keeps them from naming nobody is the lock held while they are written."""
    from campaigns.commands import materialise

    unit_id = make.make_unit()
    identities = make.make_contacts(unit_id, 3)
    campaign_id = make.make_campaign(unit_id, make.make_survey(unit_id))
    make.launch(campaign_id)
    campaigns.advance_campaign(campaign_id, app.extensions["engage_settings"])
    wave_id = db.session.scalar(text("SELECT id FROM wave"))
    contact_id = db.session.scalar(text("SELECT id FROM contact WHERE identity_id = :id"), {"id": identities[0]})
    db.session.remove()
    read, may_write = threading.Event(), threading.Event()
    write = materialise._write_new

    def write_later(*given):  # type: ignore[no-untyped-def]
        read.set()
        assert may_write.wait(20)
        return write(*given)

    monkeypatch.setattr(materialise, "_write_new", write_later)

    def materialise_it() -> None:
        with app.app_context():
            campaigns.materialise_wave(wave_id)

    writer = threading.Thread(target=materialise_it)
    writer.start()
    assert read.wait(20)
    erase_person(contact_id, "officer", actor_id=None)
    assert finish_erasures() == 0, "the number's row waits for whoever may be writing its id"
    may_write.set()
    writer.join()
    db.session.remove()
    assert finish_erasures() == 1
    assert db.session.scalar(text("SELECT count(*) FROM phone_identity WHERE id = :id"), {"id": identities[0]}) == 0
    for table in ("message", "invitation"):
        dangling = f"SELECT count(*) FROM {table} t WHERE identity_id IS NOT NULL AND NOT EXISTS (SELECT FROM phone_identity p WHERE p.id = t.identity_id)"
        assert db.session.scalar(text(dangling)) == 0
    assert db.session.scalar(text("SELECT count(*) FROM message WHERE identity_id IS NULL")) == 1
