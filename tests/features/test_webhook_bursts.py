"""Delivery calls in bursts: all stored before they are answered, all settled, and what is forged, foreign or replayed changes nothing."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import campaigns.commands as commands
from campaigns.commands import storing
from campaigns.sending import send_due_batches
from engage.clock import now
from engage.db import db
from tests import make

URL = "/hooks/sms/test-webhook-token-0123456789/delivery"


@pytest.fixture
def accepted(app, drain):
    """A campaign of 60 accepted messages; their gateway ids."""
    unit = make.make_unit()
    make.make_contacts(unit, 60)
    make.launch(make.make_campaign(unit, make.make_survey(unit)))
    drain()
    send_due_batches()
    found = list(db.session.scalars(text("SELECT gateway_id FROM message ORDER BY id")))
    db.session.rollback()
    assert len(found) == 60 and all(found)
    return found


def states():
    db.session.rollback()
    return dict(db.session.execute(text("SELECT state, count(*) FROM message GROUP BY state")).tuples().all())


def stored():
    db.session.rollback()
    return db.session.scalar(text("SELECT count(*) FROM receipt"))


def test_calls_that_come_together_all_settle_whatever_their_order(app, accepted, drain):
    calls = [(gateway_id, status) for gateway_id in accepted for status in (1, 5, 10, 4)] * 2
    random.Random(7).shuffle(calls)

    def call(pair):
        return app.test_client().post(URL, data={"messageid": pair[0], "status": pair[1]}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(call, calls)) == {200}
    assert stored() == len(calls)
    drain()
    assert states() == {"delivered": 60} and stored() == 0


def test_a_final_state_never_goes_back(client, accepted, drain):
    for status in (10, 11, 5, 6, 100, 999):
        for gateway_id in accepted:
            assert client.get(URL, query_string={"messageid": gateway_id, "status": status}).status_code == 200
        drain()
        assert states() == {"delivered": 60}


def test_foreign_ids_are_kept_two_days_and_dropped(app, client, accepted, drain, clock):
    for n in range(20):
        assert client.post(URL, json={"messageid": 10**15 + n, "status": 10}).status_code == 200
    drain()
    assert stored() == 20 and states() == {"accepted": 60}
    settings = app.extensions["engage_settings"]
    clock.advance(timedelta(hours=47))
    commands.drop_old_receipts(settings)
    assert stored() == 20
    clock.advance(timedelta(hours=2))
    commands.drop_old_receipts(settings)
    assert stored() == 0


def test_a_forged_word_in_the_path_stores_nothing(client, accepted):
    for path in ("/hooks/sms/wrong/delivery", "/hooks/sms/test-webhook-token-012345678/delivery"):
        assert client.post(path, data={"messageid": accepted[0], "status": 10}).status_code == 404
    for bad in (
        {},
        {"messageid": "x", "status": 10},
        {"messageid": -1, "status": 10},
        {"messageid": 2**63, "status": 1},
        {"messageid": 1, "status": 1001},
    ):
        assert client.post(URL, data=bad).status_code == 400
    assert stored() == 0


def test_what_cannot_be_stored_is_asked_for_again(app, client, accepted, monkeypatch):
    full = storing.ReceiptBuffer()
    for place in ("webhooks", "webhook_door"):
        monkeypatch.setattr(f"campaigns.{place}.BUFFER", full)
    monkeypatch.setattr(storing, "MOST_WAITING", 0)
    assert client.post(URL, data={"messageid": accepted[0], "status": 10}).status_code == 503
    monkeypatch.setattr(storing, "MOST_WAITING", 10)

    def broken(*_):
        raise OperationalError("the database is gone", None, Exception())

    with monkeypatch.context() as away:
        away.setattr(storing, "_insert", broken)
        assert full.store(accepted[0], 10, now()) == (False, True)
    assert stored() == 0
    assert client.post(URL, data={"messageid": accepted[0], "status": 10}).status_code == 200 and stored() == 1
