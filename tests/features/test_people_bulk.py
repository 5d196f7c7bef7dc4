"""One change to many contacts: done in pieces, killed and resumed, taken back, and told in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from contacts import commands, queries
from contacts.commands import bulk
from contacts.queries.bulk import get_bulk
from contacts.queries.finding import SearchFilter
from contacts.rules.bulk import AT_ONCE, BulkState
from contacts.rules.custom_values import CustomKind
from contacts.rules.people import Person
from engage.db import db
from engage.identity.rules import Role
from engage.refusal import Refused
from tests.features.test_people_pages import BASE, add, page
from tests.make import make_contacts, make_number
from tests.people import make_person, make_units, sign_in, without_csrf


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(client: FlaskClient, units) -> FlaskClient:
    return sign_in(client, make_person(units[1]))


def begin(unit_id: int, units: list[int], kind: str, parameters: dict, ids: list[int] | None = None, **wanted) -> int:
    return commands.begin_bulk(unit_id, units, kind, parameters, wanted=SearchFilter(**wanted), contact_ids=ids, actor_id=None)


def fields(*ids: int, of: str) -> list:
    found = dict(db.session.execute(text(f"SELECT id, {of} FROM contact WHERE id = ANY(:ids)"), {"ids": list(ids)}).all())
    return [found[each] for each in ids]


def audits(action: str) -> list[tuple[int, dict]]:
    rows = db.session.execute(text("SELECT unit_id, detail FROM audit_entry WHERE action = :action ORDER BY id"), {"action": action})
    return [(row.unit_id, row.detail) for row in rows]


@pytest.mark.parametrize(
    ("kind", "column", "before", "after"),
    [
        ("add_tag", "tag_ids", [], "TAG"),
        ("neighbourhood", "neighbourhood", "هرندی", "سنگلج"),
        ("language", "language", "", "ku"),
        ("field", "custom", {}, {"field_1": "کسبه"}),
    ],
)
def test_each_change_is_made_counted_and_taken_back_where_nothing_came_after(units, kind, column, before, after) -> None:
    d12 = units[1]
    tag = commands.make_tag(d12, "داوطلب", actor_id=None)
    commands.add_field(d12, "شغل", CustomKind.CHOICE, options=["کسبه", "کارمند"], actor_id=None)
    parameters = {
        "add_tag": {"tag_id": tag},
        "neighbourhood": {"value": "سنگلج"},
        "language": {"value": "ku"},
        "field": {"field": "field_1", "value": "كسبه"},
    }[kind]
    after = [tag] if after == "TAG" else after
    one, two, other = add(d12), add(d12, "رضا", "نوری"), add(d12, "سارا", "یزدی")
    action = begin(d12, [d12], kind, parameters, ids=[one, two])
    record = get_bulk(action)
    assert (record.state, record.selected_count, record.changed_count) == (BulkState.DONE, 2, 2)
    assert fields(one, two, other, of=column) == [after, after, before]
    assert get_bulk(begin(d12, [d12], kind, parameters, ids=[one, two])).changed_count == 0
    # One of the two is changed by hand meanwhile: taking back must leave that alone.
    meanwhile = {"tag_ids": "'{}'", "neighbourhood": "'پامنار'", "language": "'en'", "custom": "'{\"field_1\": \"کارمند\"}'"}[column]
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE contact SET {column} = {meanwhile.replace(':', chr(92) + ':')} WHERE id = {two}"))
    kept = fields(two, of=column)
    commands.undo_bulk(action, actor_id=None)
    record = get_bulk(action)
    assert record.state == BulkState.UNDONE and record.undone_count == 1
    assert fields(one, other, of=column) == [before, before] and fields(two, of=column) == kept
    with pytest.raises(Refused, match="bulk_not_undoable"):
        commands.undo_bulk(action, actor_id=None)
    assert [detail["count"] for _, detail in audits("bulk_done")] == [2, 0] and audits("bulk_undone")[0][1]["count"] == 1


def test_a_field_that_had_a_value_gets_it_back_and_a_tag_taken_away_too(units) -> None:
    d12 = units[1]
    key = commands.add_field(d12, "شغل", CustomKind.CHOICE, options=["کسبه", "کارمند"], actor_id=None)
    tag, other = (commands.make_tag(d12, name, actor_id=None) for name in ("داوطلب", "سفیر"))
    one = add(d12)
    commands.update_contact(one, Person("زهرا", "کاظمی"), custom={key: "کارمند"}, actor_id=None)
    for each in (tag, other):
        commands.tag_contact(one, each, actor_id=None)
    changed = begin(d12, [d12], "field", {"field": key, "value": "کسبه"})
    taken = begin(d12, [d12], "remove_tag", {"tag_id": tag})
    assert fields(one, of="custom") == [{key: "کسبه"}] and fields(one, of="tag_ids") == [[other]]
    commands.undo_bulk(changed, actor_id=None)
    commands.undo_bulk(taken, actor_id=None)
    assert fields(one, of="custom") == [{key: "کارمند"}] and fields(one, of="tag_ids") == [sorted([tag, other])]


def test_a_large_change_runs_in_a_job_survives_a_kill_and_is_taken_back(units, drain: Callable[[], int], monkeypatch) -> None:
    d12 = units[1]
    make_contacts(d12, AT_ONCE + 60, neighbourhood="هرندی")
    monkeypatch.setattr(bulk, "CHUNK", 100)
    action = begin(d12, [d12], "neighbourhood", {"value": "سنگلج"}, neighbourhood="هرندی")
    assert get_bulk(action).state == BulkState.QUEUED and get_bulk(action).selected_count == AT_ONCE + 60
    for _ in range(2):
        assert bulk._step(action)
    assert get_bulk(action).changed_count == 200

    def killed(*_args) -> None:
        raise RuntimeError("killed")

    real = bulk._change
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_change", lambda *given: real(*given) and killed())
        with pytest.raises(RuntimeError, match="killed"):
            bulk._step(action)
    assert get_bulk(action).changed_count == 200  # the piece that was killed left nothing
    late = add(d12, "دیر", "آمده")
    assert drain() >= 1
    record = get_bulk(action)
    assert (record.state, record.changed_count) == (BulkState.DONE, AT_ONCE + 60)
    assert fields(late, of="neighbourhood") == ["هرندی"]  # whoever came later wasn't selected
    assert db.session.scalar(text("SELECT count(*) FROM bulk_change")) == AT_ONCE + 60
    commands.undo_bulk(action, actor_id=None)
    assert get_bulk(action).is_waiting
    bulk._step(action)
    commands.ring_waiting_bulk()
    drain()
    assert get_bulk(action).undone_count == AT_ONCE + 60
    assert set(db.session.scalars(text("SELECT DISTINCT neighbourhood FROM contact"))) == {"هرندی"}


def test_withdrawing_goes_through_the_ledger_and_is_not_taken_back(units) -> None:
    d12 = units[1]
    one, two = add(d12), add(d12, "رضا", "نوری")
    commands.withdraw_consent(two, "survey_invitation", actor_id=None)
    action = begin(d12, [d12], "withdraw", {"purpose": "survey_invitation"})
    record = get_bulk(action)
    assert record.changed_count == 1 and record.selected_count == 2 and not record.may_undo
    assert [each.given for each in queries.get_contact(one).consents if each.purpose == "survey_invitation"] == [False]
    with pytest.raises(Refused, match="bulk_not_undoable"):
        commands.undo_bulk(action, actor_id=None)
    assert queries.verify_ledger().holds


def test_moving_goes_both_ways_is_audited_in_both_units_and_merges_nobody(units) -> None:
    city, d12, d6, herandi = units
    number = make_number()
    own, above = commands.make_tag(d12, "منطقه", actor_id=None), commands.make_tag(city, "شهر", actor_id=None)
    free, doubled, there = add(d12), add(d12, "رضا", "نوری", number), add(d6, "غریبه", "دیگر", number)
    for tag in (own, above):
        commands.tag_contact(free, tag, actor_id=None)
    action = begin(city, [city, d12, d6, herandi], "move", {"target_id": d6}, ids=[free, doubled, there])
    record = get_bulk(action)
    assert record.changed_count == 1 and record.failed_counts == {"contact_exists": 1}
    assert fields(free, doubled, there, of="unit_id") == [d6, d12, d6] and fields(free, of="tag_ids") == [[above]]
    assert queries.get_contact(free).consents[0].given and queries.get_contact(there).name == "غریبه دیگر"
    assert [unit for unit, _ in audits("contacts_moved_out")] == [d12] and [unit for unit, _ in audits("contacts_moved_in")] == [d6]
    assert audits("contacts_moved_in")[0][1]["count"] == 1
    commands.undo_bulk(action, actor_id=None)
    assert fields(free, of="unit_id") == [d12] and fields(free, of="tag_ids") == [sorted([own, above])]
    assert [unit for unit, _ in audits("contacts_moved_in")] == [d6, d12]


def test_two_contacts_with_one_number_never_move_into_one_unit_together(units) -> None:
    city, d12, d6, herandi = units
    number = make_number()
    one, two = add(d12, phone=number), add(herandi, "رضا", "نوری", number)
    record = get_bulk(begin(city, [city, d12, d6, herandi], "move", {"target_id": d6}, ids=[one, two]))
    assert record.changed_count == 1 and record.failed_counts == {"contact_exists": 1}
    assert sorted(fields(one, two, of="unit_id")) == sorted([d6, herandi])


def test_the_pages_from_selection_to_undo(officer: FlaskClient, units) -> None:
    _, d12, d6, herandi = units
    one, two, strange = add(d12), add(herandi, "رضا", "نوری"), add(d6, "غریبه", "دیگر")
    listed = page(officer, "/")
    assert f'value="{one}"' in listed and "تغییر همهٔ ۲" in listed
    chosen = page(officer, f"/bulk/new?scope=checked&contact={one}&contact={strange}")
    assert "۱ مخاطب انتخاب شده‌اند" in chosen and f'value="{strange}"' in chosen
    answer = officer.post(f"{BASE}/bulk", data={"kind": "neighbourhood", "to": "سنگلج", "scope": "checked", "contact": [one, strange]})
    assert answer.status_code == 303
    done = officer.get(answer.location)
    assert "سنگلج" in done.text and "/undo" in done.text
    assert fields(one, two, strange, of="neighbourhood") == ["سنگلج", "هرندی", "هرندی"]
    assert officer.post(answer.location + "/undo").status_code == 303
    assert fields(one, of="neighbourhood") == ["هرندی"]
    officer.post(f"{BASE}/bulk", data={"kind": "add_tag", "new_tag": "همه", "scope": "all", "q": "نوری"})
    assert [len(tags) for tags in fields(one, two, strange, of="tag_ids")] == [0, 1, 0]
    assert "همه" in page(officer, "/bulk") and "همه" in page(officer, f"/{two}?show=change")
    assert officer.post(f"{BASE}/bulk", data={"kind": "move", "to": d6, "scope": "all"}).status_code == 404
    assert officer.post(f"{BASE}/bulk", data={"kind": "nonsense", "scope": "all"}).status_code == 400
    assert officer.post(f"{BASE}/bulk", data={"kind": "language", "to": "xx", "scope": "all"}).status_code == 303
    assert officer.post(f"{BASE}/bulk", data={"kind": "language", "to": "ku", "scope": "checked"}).status_code == 303
    assert fields(one, two, of="language") == ["", ""]
    assert "کسی انتخاب نشده" in page(officer, "/bulk/new?scope=checked")
    assert officer.get(f"{BASE}/bulk/1/progress").headers["HX-Redirect"]


def test_a_change_of_another_district_can_be_neither_seen_nor_undone(app, officer: FlaskClient, units) -> None:
    d6 = units[2]
    action = begin(d6, [d6], "neighbourhood", {"value": "سنگلج"}, ids=[add(d6)])
    for path, method in ((f"/bulk/{action}", "get"), (f"/bulk/{action}/progress", "get"), (f"/bulk/{action}/undo", "post")):
        assert getattr(officer, method)(BASE + path).status_code == 404
    manager = sign_in(app.test_client(), make_person(d6, Role.MANAGER))
    assert manager.post(f"{BASE}/bulk/{action}/undo").status_code == 403
    assert get_bulk(action).state == BulkState.DONE
