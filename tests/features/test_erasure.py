"""Erasing somebody after a whole life here: nothing anywhere leads to them any more, and what has to stay stays."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import LargeBinary, text

import campaigns.commands as campaigns
import contacts.commands as contacts
from campaigns import sweeps
from campaigns.commands.erasing import tidy_erased_messages
from campaigns.commands.inbound import receive_inbound
from contacts import queries
from contacts.commands.erasing import delete_orphaned_files, erase_number, erase_person, finish_erasures
from contacts.commands.notes import add_note
from contacts.importing import files
from contacts.index_keys import hold_index_key
from contacts.queries.identities import find_identity
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.clock import now
from engage.config import Settings
from engage.db import db, transaction
from engage.jobs import redis_connection
from engage.persian import to_persian_digits
from engage.refusal import Refused
from engage.vault import encrypted_columns, vault
from tests import make
from tests.people import make_person, sign_in, without_csrf

NUMBER = "+989121110457"
NAMES = ("فرخ‌لقا", "فرخلقا", "ایل‌بیگی", "ایل بیگی", "شاهدخت")
NOTE = "یادداشتِ ویژهٔ همین شهروند"
WRITTEN = "چراغ کوچهٔ ما شکسته است"
REPLY = "سلام، پیامکِ شما رسید؛ ممنون از پیگیری"
WORK = "قالی‌باف"

SURVEY = {
    "format": 1,
    "title": "کار بعدی محلهٔ شما چه باشد؟",
    "intro": "",
    "questions": [
        {"id": "q1", "type": "single", "label": "کدام؟", "required": True,
         "options": [{"id": "light", "label": "روشنایی"}, {"id": "park", "label": "فضای سبز"}]},
        {"id": "q2", "type": "short_text", "label": "چه می‌خواهید بگویید؟"},
    ],
}  # fmt: skip


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


class Life:
    """One person's, and a second person's beside it, who stays."""

    def __init__(self, app: Flask, client: FlaskClient, drain: Callable[[], int]) -> None:
        self.app, self.client, self.drain = app, client, drain
        self.settings: Settings = app.extensions["engage_settings"]
        self.unit_id = make.make_unit()
        self._import()
        self.identity_id = find_identity(NUMBER)
        assert self.identity_id is not None
        self.contact_id: int = db.session.scalar(text("SELECT id FROM contact WHERE identity_id = :i"), {"i": self.identity_id})
        add_note(self.contact_id, NOTE, actor_id=None)
        contacts.update_contact(self.contact_id, Person(first_name=NAMES[0], last_name=NAMES[2], neighbourhood="هرندی"), actor_id=None)
        with transaction() as session:
            session.execute(text("UPDATE contact SET custom = jsonb_build_object('work', cast(:work AS text)) WHERE id = :id"), {"work": WORK, "id": self.contact_id})
        self._campaign()
        receive_inbound(9001, "3000", "09121110457", REPLY)
        self.drain()

    def _import(self) -> None:
        rows = f"نام,نام خانوادگی,تلفن همراه,محله\n{NAMES[4]},{NAMES[2]},0912 111 0457,هرندی\nرضا,صادقی,09351230001,ارگ\nبد,شماره,0912111045,ارگ\n"
        slug = contacts.upload_list(self.unit_id, "فهرست.csv", io.BytesIO(rows.encode()), actor_id=None)
        contacts.map_columns(slug, {0: "first_name", 1: "last_name", 2: "phone", 3: "neighbourhood"})
        self.drain()
        contacts.start_import(slug, purpose="survey_invitation", basis=Basis.CONSENT, evidence="برگه‌های خانهٔ فرهنگ", actor_id=None)
        self.drain()
        db.session.remove()

    def _campaign(self) -> None:
        self.survey_id = make.make_survey(self.unit_id, SURVEY)
        self.campaign_id = make.make_campaign(self.unit_id, self.survey_id, text="{نام} عزیز: کار بعدی محله چه باشد؟")
        make.launch(self.campaign_id)
        for _ in range(3):
            campaigns.advance_campaign(self.campaign_id, self.settings)
            self.drain()

    def token(self, ledger: list[dict[str, object]]) -> str:
        mine = next(line for line in ledger if str(line["receptor"]).endswith("9121110457"))
        return str(mine["message"]).split("m12.example.ir/")[1].split("\n")[0]


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


# -- looking everywhere ----------------------------------------------------------------------------------------------------


def traces(token: str = "") -> dict[str, str]:
    """What must be nowhere: as text, bytes as hex."""
    local = "9" + NUMBER[4:]
    found = {f"number {each}": each for each in (local, to_persian_digits(local), "912 111 0457", "912***0457", "***0457", "۱۱۱۰۴۵۷", "1110457")}
    found |= {f"name {name}": name for name in NAMES}
    found |= {"note": NOTE, "answer": WRITTEN, "reply": REPLY, "field": WORK}
    found |= {f"blind index {n}": blind.hex() for n, blind in enumerate(vault().blind_indexes(NUMBER))}
    if token:
        found |= {"token": token, **{f"token digest {n}": digest.hex() for n, digest in enumerate(vault().token_digests(token))}}
    return found


def everywhere(data_dir: Path, said: list[str]) -> Iterator[tuple[str, str]]:
    """(place, text) of every column of every table, of whatever opens with our keys, of files, of Valkey and of logs."""
    for table in db.metadata.sorted_tables:
        binary = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
        for row in db.session.execute(text(f'SELECT to_jsonb(t)::text AS whole, t.* FROM "{table.name}" t')).mappings():
            yield table.name, row["whole"]
            for column in binary:
                for plain in opened(row[column], dict(row)):
                    yield f"{table.name}.{column} (opened)", plain
    db.session.remove()
    for folder, names, stored in os.walk(data_dir):
        # The servers' own files and the gateway's phones are not the product's; keys hold no data.
        names[:] = [name for name in names if Path(folder) != data_dir or name not in ("postgres", "valkey", "simulator", "keys")]
        for name in stored:
            path = Path(folder) / name
            yield str(path), name + path.read_bytes().decode("utf-8", "replace")
    connection = redis_connection()
    for key in connection.scan_iter():
        yield "valkey", key.decode("utf-8", "replace")
        kind = connection.type(key)
        values: list[bytes] = {
            b"string": lambda k: [connection.get(k)],
            b"list": lambda k: connection.lrange(k, 0, -1),
            b"set": lambda k: list(connection.smembers(k)),
            b"zset": lambda k: connection.zrange(k, 0, -1),
            b"hash": lambda k: [*connection.hkeys(k), *connection.hvals(k)],
        }.get(kind, lambda k: [])(key)
        for value in values:
            yield f"valkey {key!r}", value.decode("utf-8", "replace")
            with contextlib.suppress(zlib.error):
                yield f"valkey {key!r}", zlib.decompress(value).decode("utf-8", "replace")
    for line in said:
        yield "log", line


def opened(value: bytes | None, row: dict[str, object]) -> Iterator[str]:
    """Whatever any of our keys opens in this value, in any of the contexts the product knows, of this very row."""
    if not value or len(value) < 29:
        return
    for column in encrypted_columns():
        for name in {row.get(column.name), row.get("id"), row.get("gateway_id"), row.get("identity_id")} - {None}:
            with contextlib.suppress(Refused, UnicodeDecodeError):
                yield vault().decrypt(bytes(value), column.context_of(name))


def found_of(looked_for: dict[str, str], data_dir: Path, said: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for place, words in everywhere(data_dir, said):
        for name, trace in looked_for.items():
            if trace in words:
                found.setdefault(name, set()).add(place)
    return found


# -- the tests -------------------------------------------------------------------------------------------------------------


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
    assert db.session.scalar(text("SELECT count(*) FROM message WHERE gateway_id IS NULL AND text_sha256 IS NULL AND state = 'delivered'")) == 1


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
