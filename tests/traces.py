"""A citizen who left traces everywhere, and a look for them in every row, file, log and queue."""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import LargeBinary, text

import campaigns.commands as campaigns
import contacts.commands as contacts
from campaigns.commands.inbound import receive_inbound
from contacts.commands.notes import add_note
from contacts.queries.identities import find_identity
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from engage.config import Settings
from engage.db import db, transaction
from engage.jobs import redis_connection
from engage.persian import to_persian_digits
from engage.refusal import Refused
from engage.vault import encrypted_columns, vault
from tests import make

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
