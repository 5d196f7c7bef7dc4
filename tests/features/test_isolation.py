"""No route, filter, id, count or export lets an officer of district 12 learn of anything of district 7.

The routes are those of the running application: one that is added tomorrow is walked through tomorrow. What it is walked with are the ids
of every table's rows that belong to district 7, by the name of the route's argument where a table answers to it, else all of them.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, text
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

import campaigns.commands
from contacts import commands, queries
from contacts.commands import pending
from contacts.models import (
    BulkAction,
    ConsentDispute,
    ContactImport,
    CustomField,
    RetentionRule,
    Segment,
    SignUpPage,
)
from contacts.rules.bulk import BulkState
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from contacts.segments.compile import criteria_of, fields_of
from contacts.segments.criteria import scope_of
from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import create_unit
from engage.identity.rules import Role
from engage.jobs import redis_connection
from engage.persian import mask_phone, to_persian_digits
from surveys.commands import invite_identities
from surveys.queries import link_of
from tests.make import SMALL_SURVEY, make_campaign, make_survey
from tests.people import make_person, make_units, sign_in, without_csrf

SEVEN = 700_000
"""Ids of district 7 begin here, far above those of district 12: an id can't name something of both."""

OWN, BOTH = "+989197654321", "+989121234567"
HIDDEN = ("گلاویژه", "ناپیداپور", "کوی‌ناپیدا", "برچسب‌ناپیدا", "فیلدناپیدا", "گزینه‌ناپیدا", "یادداشت‌ناپیدا", "ناپیدا.csv", "گروه‌ناپیدا",
          "پویش‌ناپیدا", "نظرسنجی‌ناپیدا", "صفحه‌ناپیدا", "سندناپیدا", "همکارناپیدا")  # fmt: skip
NUMBERS = ("7654321", "۷۶۵۴۳۲۱", "9197654321")


@dataclass
class World:
    """What belongs to district 7: ids by table, slugs, and what may never be seen."""

    unit: int
    contact: int
    shared: int
    ids: dict[str, set[int]] = field(default_factory=dict)
    slugs: set[str] = field(default_factory=set)
    tag: int = 0
    key: str = ""
    segment: str = ""

    def candidates(self, rule: Rule, name: str) -> list[Any]:
        """What to put into a route's argument."""
        converter = rule._converters[name]
        if isinstance(converter, AnyConverter):
            return sorted(converter.items)[:1]
        if not isinstance(converter, IntegerConverter):
            return sorted(self.slugs) if name in ("slug", "token") else [self.key, "officer"]
        tables = {"contact_id": "contact", "tag_id": "contact_tag", "note_id": "contact_note", "field_id": "custom_field",
                  "action_id": "bulk_action", "user_id": "app_user", "unit_id": "unit", "revision": "survey"}  # fmt: skip
        if name in tables:
            return sorted(self.ids[tables[name]])
        return sorted({each for found in self.ids.values() for each in found})


@pytest.fixture
def units(app: Flask) -> Iterator[tuple[int, int, int]]:
    city, d12, _, _ = make_units()
    d7 = create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۷", sms_name="منطقهٔ ۷", slug="d7")
    with without_csrf(app):
        yield city, d12, d7


@pytest.fixture
def officer(app: Flask, client: FlaskClient, units) -> FlaskClient:
    d12 = units[1]
    for phone, last in ((BOTH, "کاظمی"), ("+989351234567", "نوری")):
        add(d12, phone, Person("زهرا", last, "هرندی", "female", 1362))
    commands.make_tag(d12, "داوطلب", actor_id=None)
    make_campaign(d12, make_survey(d12))
    return sign_in(client, make_person(d12))


def add(unit_id: int, phone: str, person: Person, evidence: str = "فرم") -> int:
    return commands.add_contact(unit_id, phone, person, purpose="survey_invitation", basis=Basis.CONSENT, evidence=evidence, actor_id=None)


def build_seven(unit: int, tmp_path: Path) -> World:
    """District 7, with one of everything a page could show."""
    with db.engine.begin() as connection:
        for name in connection.execute(text("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace")).scalars():
            if "message" not in name and "single_text" not in name:
                connection.execute(text(f"ALTER SEQUENCE {name} RESTART WITH {SEVEN}"))
    person = Person("گلاویژه", "ناپیداپور", "کوی‌ناپیدا", "female", 1351)
    contact = add(unit, OWN, person, "سندناپیدا")
    shared = add(unit, BOTH, Person("ناپیداپور", "گلاویژه", "کوی‌ناپیدا", "male", 1352), "سندناپیدا")
    world = World(unit, contact, shared)
    world.tag = commands.make_tag(unit, "برچسب‌ناپیدا", actor_id=None)
    world.key = commands.add_field(unit, "فیلدناپیدا", "choice", options=["گزینه‌ناپیدا", "دیگر"], key="hidden_seven", actor_id=None)
    colleague = make_person(unit, Role.ADMIN, name="همکارناپیدا")
    for each in (contact, shared):
        commands.tag_contact(each, world.tag, actor_id=colleague)
        commands.add_note(each, "یادداشت‌ناپیدا", actor_id=colleague)
        commands.update_contact(each, person, custom={world.key: "گزینه‌ناپیدا"}, actor_id=colleague)
    path = tmp_path / "ناپیدا.csv"
    path.write_text("نام,نام خانوادگی,تلفن همراه\nگلاویژه,ناپیداپور,09197654321\n", encoding="utf-8")
    commands.import_file(path, unit, basis=Basis.CONSENT, evidence="سندناپیدا", actor_id=colleague)
    survey = make_survey(unit, SMALL_SURVEY | {"title": "نظرسنجی‌ناپیدا"})
    running = make_campaign(unit, survey, title="پویش‌ناپیدا")
    campaigns.commands.submit_campaign(running, actor_id=None)
    make_campaign(unit, survey, title="پویش‌ناپیدا ۲")
    at = now()
    with transaction() as session:
        imported = session.query(ContactImport).filter_by(unit_id=unit).one()
        session.add_all(
            [
                Segment(slug="hidden-segment", unit_id=unit, title="گروه‌ناپیدا", rule={"mode": "all", "parts": []}, author_id=colleague, created_at=at, updated_at=at),
                SignUpPage(slug="hpage", unit_id=unit, title="صفحه‌ناپیدا", purposes=["survey_invitation"], created_at=at),
                ConsentDispute(unit_id=unit, contact_id=contact, import_id=imported.id, channel="officer", note="یادداشت‌ناپیدا", at=at),
                RetentionRule(unit_id=unit, subject="field", key=f"custom:{world.key}", months=12, created_at=at),
                BulkAction(unit_id=unit, user_id=colleague, kind="neighbourhood", parameters={"value": "کوی‌ناپیدا", "words": "کوی‌ناپیدا", "units": [unit]},
                           state=BulkState.DONE, selected_count=2, changed_count=2, created_at=at),
            ]
        )  # fmt: skip
    collect(world)
    return world


def collect(world: World) -> None:
    """Ids and slugs of every row that belongs to the unit, in whatever table."""
    tables = inspect(db.engine).get_table_names()
    with db.engine.begin() as connection:
        for table in tables:
            columns = {column["name"] for column in inspect(db.engine).get_columns(table)}
            if "unit_id" in columns and "id" in columns:
                world.ids[table] = set(connection.execute(text(f"SELECT id FROM {table} WHERE unit_id = :unit"), {"unit": world.unit}).scalars())
            if "unit_id" in columns and "slug" in columns:
                world.slugs |= set(connection.execute(text(f"SELECT slug FROM {table} WHERE unit_id = :unit"), {"unit": world.unit}).scalars())
        world.ids["contact_note"] = set(connection.execute(text("SELECT id FROM contact_note WHERE id >= :seven"), {"seven": SEVEN}).scalars())
        world.ids["app_user"] = set(connection.execute(text("SELECT id FROM app_user WHERE id >= :seven"), {"seven": SEVEN}).scalars())
        world.ids["unit"] = {world.unit}


def fingerprint(unit: int) -> dict[str, str]:
    """Every row that belongs to the unit, or is of its ids, as one hash a table: nothing may change."""
    found = {}
    with db.engine.begin() as connection:
        for table in inspect(db.engine).get_table_names():
            columns = {column["name"] for column in inspect(db.engine).get_columns(table)}
            condition = "unit_id = :unit" if "unit_id" in columns else f"contact_id >= {SEVEN}" if "contact_id" in columns else None
            if condition and table not in ("outbox", "audit_entry"):
                query = text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE {condition}")
                found[table] = connection.execute(query, {"unit": unit} if ":unit" in condition else {}).scalar() or ""
    return found


def routes(app: Flask, method: str, *, with_arguments: bool) -> list[Rule]:
    """The console's routes of this method; those of one's own account and the door are nobody's data."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console")
        and method in (rule.methods or ())
        and bool(rule.arguments) == with_arguments
        and hasattr(app.view_functions[rule.endpoint], "permission")
        and not rule.rule.startswith("/console/account")
    ]


def seen(text_of_page: str, *, typed: tuple[str, ...] = ()) -> list[str]:
    """What of district 7 stands in a page; what the officer typed may come back as it was typed."""
    secrets = [each for each in (*HIDDEN, *NUMBERS, str(mask_phone(OWN)), to_persian_digits(str(mask_phone(OWN)))) if not any(each in word or word in each for word in typed)]
    return [each for each in secrets if each in text_of_page]


def body(answer: Any) -> str:
    return bytes(answer.data).decode("utf-8", "replace")


def test_the_world_is_seen_by_its_own_officer(app: Flask, units, tmp_path: Path) -> None:
    """Else everything below would pass on an empty district."""
    world = build_seven(units[2], tmp_path)
    own = sign_in(app.test_client(), make_person(units[2]))
    assert {"گلاویژه", "ناپیداپور", "کوی‌ناپیدا"} <= set(seen(own.get("/console/contacts/").text))
    for path, words in ((f"/console/contacts/{world.contact}", "یادداشت‌ناپیدا"), ("/console/contacts/tags", "برچسب‌ناپیدا"), ("/console/campaigns", "پویش‌ناپیدا")):
        assert words in seen(own.get(path).text), path
    for table in ("contact", "contact_tag", "contact_note", "custom_field", "bulk_action", "segment", "sign_up_page", "contact_import", "campaign", "survey",
                  "consent_dispute", "retention_rule"):  # fmt: skip
        assert world.ids[table] and min(world.ids[table]) >= SEVEN, table


def addresses(app: Flask, world: World, rule: Rule, own: dict[str, list[Any]]) -> Iterator[tuple[str, bool]]:
    """(address, whether every part of it is district 7's) of a route, also with a contact of one's own before something of district 7."""
    names = sorted(rule.arguments)
    adapter = app.url_map.bind("m12.example.ir")
    choices = [world.candidates(rule, name)[:12] for name in names]
    for values in itertools.product(*choices):
        yield adapter.build(rule.endpoint, dict(zip(names, values, strict=True)), method=next(iter(rule.methods & {"GET", "POST"}))), True
    if len(names) > 1:
        for position, name in enumerate(names):
            for values in itertools.product(*(own.get(n, c) if p == position else c for p, (n, c) in enumerate(zip(names, choices, strict=True)))):
                if name in own:
                    yield adapter.build(rule.endpoint, dict(zip(names, values, strict=True)), method=next(iter(rule.methods & {"GET", "POST"}))), False


@pytest.mark.parametrize("role", [Role.OFFICER, Role.ADMIN])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_id_of_the_other_district_leads_nowhere(app: Flask, officer: FlaskClient, units, tmp_path: Path, method: str, role: Role) -> None:
    world = build_seven(units[2], tmp_path)
    browser = sign_in(app.test_client(), make_person(units[1], role))
    own = {"contact_id": list(db.session.scalars(text("SELECT id FROM contact WHERE unit_id = :unit LIMIT 1"), {"unit": units[1]}))}
    before, wrong, walked = fingerprint(units[2]), [], 0
    everything = {"q": "گلاویژه", "purpose": "survey_invitation", "name": "ناشناس", "title": "ناشناس", "text": "ناشناس", "into": world.tag, "reason": "ناشناس",
                  "basis": "consent", "evidence": "ناشناس", "to": "up", "first_name": "ناشناس", "kind": "text", "options": "یک\nدو", "confirm": "1"}  # fmt: skip
    for rule in routes(app, method, with_arguments=True):
        for address, is_foreign in addresses(app, world, rule, own):
            answer = browser.open(address, method=method, data=everything if method == "POST" else None)
            walked += 1
            # 403 where the role may do such a thing nowhere, an id or not.
            if (is_foreign and answer.status_code not in (404, 403)) or answer.status_code >= 500 or seen(body(answer), typed=("گلاویژه",)):
                wrong.append((method, address, answer.status_code, seen(body(answer))))
    assert wrong == []
    assert walked > 40 and fingerprint(units[2]) == before


def test_no_filter_finds_anything_of_the_other_district(app: Flask, officer: FlaskClient, units, tmp_path: Path) -> None:
    world = build_seven(units[2], tmp_path)
    (slug,) = db.session.scalars(text("SELECT slug FROM contact_import"))
    values = ["گلاویژه", "09197654321", "کوی‌ناپیدا", world.tag, world.key, slug, "hidden-segment", world.contact, world.unit, "d7"]
    names = ("q", "neighbourhood", "tag", "field", "value", "import", "after", "before", "contact", "unit", "segment", "user", "show", "survey", "campaign", "n")
    wrong = []
    for value in values:
        asked = {name: str(value) for name in names} | {"scope": "checked"}
        for rule in routes(app, "GET", with_arguments=False):
            for arguments in (asked, {"q": str(value)}):
                answer = officer.get(rule.rule, query_string=arguments)
                if answer.status_code >= 500 or seen(body(answer), typed=(str(value), "گلاویژه")):
                    wrong.append((rule.rule, arguments, answer.status_code, seen(body(answer), typed=(str(value),))))
    assert wrong == []


def test_a_number_known_in_both_shows_only_the_own_record(officer: FlaskClient, units, tmp_path: Path) -> None:
    build_seven(units[2], tmp_path)
    listed = body(officer.get("/console/contacts/?q=09121234567"))
    assert listed.count('class="row-link"') == 1 and "زهرا کاظمی" in listed and seen(listed) == []
    (own,) = db.session.scalars(text("SELECT id FROM contact WHERE unit_id = :unit AND last_name = 'کاظمی'"), {"unit": units[1]})
    assert seen(body(officer.get(f"/console/contacts/{own}"))) == []
    assert queries.search_contacts([units[1]], queries.SearchFilter(words="09197654321")).count == 0


def test_nothing_of_it_leaves_in_a_file_or_a_change(officer: FlaskClient, units, tmp_path: Path) -> None:
    world = build_seven(units[2], tmp_path)
    before = fingerprint(units[2])
    base = "/console/contacts"
    for data in ({}, {"scope": "checked", "contact": [world.contact, world.shared]}, {"q": "09197654321"}, {"q": "گلاویژه"}, {"tag": world.tag}, {"field": world.key}):
        answer = officer.post(f"{base}/export", data={"format": "csv", **data})
        assert seen(body(answer)) == [] and "9197654321" not in body(answer)
        for kind, to in (("neighbourhood", "سنگلج"), ("withdraw", "survey_invitation"), ("add_tag", world.tag), ("field", "گزینه‌ناپیدا")):
            changed = officer.post(f"{base}/bulk", data={"kind": kind, "to": to, "own_field": world.key, **data, "scope": data.get("scope", "checked")})
            assert changed.status_code in (303, 404) and seen(body(changed)) == []
        assert officer.post(f"{base}/bulk", data={"kind": "move", "to": world.unit, **data}).status_code == 404
    assert fingerprint(units[2]) == before


def test_a_list_of_the_other_districts_numbers_looks_new(units, officer: FlaskClient, tmp_path: Path) -> None:
    build_seven(units[2], tmp_path)
    path = tmp_path / "mine.csv"
    path.write_text("نام,تلفن همراه\nرضا,09197654321\n", encoding="utf-8")
    result, report = commands.import_file(path, units[1], basis=None, dry_run=True)
    assert (result.created, result.unchanged, report.warnings) == (1, 0, [])


def test_a_segment_of_ones_own_finds_and_names_nothing_of_the_other_district(officer: FlaskClient, units, tmp_path: Path) -> None:
    """Every field of the builder, also those only district 7 has, asked with every value that means something there."""
    world = build_seven(units[2], tmp_path)
    (survey,) = world.ids["survey"]
    (imported,) = world.ids["contact_import"]
    values = ["گلاویژه", "کوی‌ناپیدا", "گزینه‌ناپیدا", str(world.tag), str(imported), str(survey), "1", "hidden-segment"]
    fields = fields_of(criteria_of(scope_of(units[2])))
    assert len(fields) > 15 and any(world.key in key for key in fields)
    wrong = []
    for key, known in fields.items():
        for given, deed in ((values, "?do=count"), (values[::-1], "?do=refresh"), (values[3:] + values[:3], "")):
            data = {"r:mode": "all", "r-0:field": key, "title": "گروه ما", "sharing": "private"} | {f"r-0:{each.name}": given for each in known.parameters}
            answer = officer.post(f"/console/contacts/segments/new{deed}", data=data)
            # Words that were typed come back; names behind the ids, and fields and lists of district 7, don't.
            if answer.status_code >= 500 or seen(body(answer), typed=tuple(values[:3])):
                wrong.append((key, given, deed, answer.status_code, seen(body(answer), typed=tuple(values[:3]))))
    assert wrong == []


def test_a_campaign_of_ones_own_reaches_nobody_by_the_other_districts_lists(officer: FlaskClient, units, tmp_path: Path) -> None:
    world = build_seven(units[2], tmp_path)
    (slug,) = db.session.scalars(text("SELECT slug FROM campaign WHERE unit_id = :unit"), {"unit": units[1]})
    (own,) = db.session.scalars(text("SELECT survey_id FROM campaign WHERE unit_id = :unit"), {"unit": units[1]})
    before = fingerprint(units[2])
    for asked in (
        {"who": "segment", "segment": "hidden-segment"},
        {"who": "simple", "import_id": min(world.ids["contact_import"])},
        {"who": "simple", "neighbourhoods": "کوی‌ناپیدا"},
        {"who": "simple", "survey_id": min(world.ids["survey"])},
    ):
        data = {"title": "پویش ما", "survey_id": own, "revision": "1", **asked}
        for address in ("new", f"{slug}/audience", f"{slug}/measure"):
            answer = officer.post(f"/console/campaigns/{address}", data=data, follow_redirects=True)
            assert answer.status_code < 500 and seen(body(answer), typed=("کوی‌ناپیدا",)) == [], (address, asked)
    audiences = db.session.scalars(text("SELECT audience::text FROM campaign WHERE unit_id = :unit"), {"unit": units[1]}).all()
    assert not [a for a in audiences for each in ("hidden-segment", "ناپیدا") if each in a]
    # Whole numbers of its ids; a seed may hold any digits.
    assert not [a for a in audiences for each in re.findall(r"\d+", re.sub(r'"seed": "?\d+"?', "", a)) if SEVEN <= int(each) < SEVEN + 1000]
    assert fingerprint(units[2]) == before


def citizens_addresses(app: Flask, method: str) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and getattr(app.view_functions[rule.endpoint], "is_public", False) and not rule.rule.startswith("/console")
    ]


def test_citizens_pages_tell_nothing_that_staff_keep(app: Flask, officer: FlaskClient, units, tmp_path: Path) -> None:
    """With true letters of district 7 they show what it made public; with an id, a slug or letters of anything else, nothing."""
    world = build_seven(units[2], tmp_path)
    person = db.session.scalar(text("SELECT identity_id FROM contact WHERE id = :id"), {"id": world.contact})
    with transaction():
        link = link_of(*invite_identities(min(world.ids["survey"]), world.unit, [person], now() + timedelta(days=5))[person]).rsplit("/", 1)[1]
    asked = pending.ask_to_confirm(
        world.unit, "+989197654320", Person("گلاویژه", "ناپیداپور", "کوی‌ناپیدا"), ["survey_invitation"], actor_id=None
    )
    true = {link, pending.confirm_token(asked), "hpage"}
    published = ("نظرسنجی‌ناپیدا", "صفحه‌ناپیدا")
    wrong, opened = [], set()
    for browser in (app.test_client(), officer):
        for method in ("GET", "POST"):
            before = fingerprint(world.unit)
            for rule in citizens_addresses(app, method):
                adapter = app.url_map.bind("m12.example.ir")
                letters = [*sorted(world.slugs), world.key, str(world.contact), *(sorted(true) if method == "GET" else ())]
                choices = [letters if not isinstance(rule._converters[name], AnyConverter) else world.candidates(rule, name) for name in sorted(rule.arguments)]
                for values in itertools.product(*choices):
                    given = dict(zip(sorted(rule.arguments), values, strict=True))
                    if method == "POST" and true & set(values):
                        continue
                    redis_connection().flushdb()  # what counts misses
                    answer = browser.open(adapter.build(rule.endpoint, given, method=method), method=method, data={"answer": "yes"} if method == "POST" else None)
                    opened |= {letter for letter in true & set(values) if answer.status_code == 200}
                    may_see = published if true & set(values) or not values else ()
                    if answer.status_code >= 500 or seen(body(answer), typed=may_see):
                        wrong.append((method, rule.rule, given, answer.status_code, seen(body(answer))))
                    if rule.arguments and not true & set(values) and answer.status_code not in (303, 403, 404):
                        wrong.append((method, rule.rule, given, answer.status_code, "opens"))
            assert method == "GET" or fingerprint(world.unit) == before
    assert wrong == [], wrong
    assert opened == true


_VARYING = re.compile(r'nonce="[^"]*"|nonce-[A-Za-z0-9_-]+|name="csrf_token"[^>]*>|<bdi[^>]*>[0-9a-f-]{8,}</bdi>|value="Ij[^"]*"|<input[^>]*seed[^>]*>|<input[^>]*name="key"[^>]*>')
"""Nonces, tokens, tracking ids, the seed that is proposed for a random sample, and the key that knows a second click: new at every visit."""


def test_every_page_and_count_is_the_same_before_and_after_the_other_district_grew(app: Flask, officer: FlaskClient, units, clock, tmp_path: Path) -> None:
    def pages() -> dict[str, str]:
        return {rule.rule: _VARYING.sub("", body(officer.get(rule.rule))) for rule in routes(app, "GET", with_arguments=False)}

    pages()  # what the first visit says once is said
    before = pages()
    build_seven(units[2], tmp_path)
    for number in range(30):
        add(units[2], f"+9891900000{number:02d}", Person("گلاویژه", "ناپیداپور", "هرندی", "female", 1362))
    after = pages()
    assert len(before) > 20
    changed = {rule: list(difflib.unified_diff(before[rule].split(), after[rule].split(), n=0, lineterm="")) for rule in before if before[rule] != after[rule]}
    assert changed == {}
    assert db.session.query(CustomField).count() == 1
