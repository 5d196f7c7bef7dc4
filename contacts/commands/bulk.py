"""One change to many contacts: begun, carried out piece by piece, and taken back.

A piece is one transaction: it changes contacts, keeps what they were before and moves the cursor. A killed run goes on behind the last
piece that was written, and nothing is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from contacts.commands.consent import withdraw_consent
from contacts.commands.moving import move_into
from contacts.models import BulkAction, Contact
from contacts.queries.fields import find_field
from contacts.queries.finding import SearchFilter, count_matching, matching_ids
from contacts.queries.people import list_purposes, open_ids
from contacts.queries.tags import get_tag
from contacts.rules.bulk import AT_ONCE, CHUNK, WAITING, BulkKind, BulkState, advance, may_undo
from contacts.rules.custom_values import CustomKind, reader_for
from contacts.rules.fields import LANGUAGES
from engage import persian
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.identity.queries import require_unit
from engage.jobs import enqueue_after_commit, ring
from engage.refusal import Refused

JOB = "contacts.jobs.run_bulk"
_WITHDRAWN_AT_ONCE = 200

# What each kind sets, as SQL over `contact`: its new columns, whether it would change anything, what it was before, and whether it is
# still what the action made of it. Named values come from the action's parameters.
_SETS: dict[BulkKind, tuple[str, str, str, str, str]] = {
    BulkKind.ADD_TAG: (
        "tag_ids = ARRAY(SELECT DISTINCT each FROM unnest(contact.tag_ids || CAST(:tag AS integer)) each ORDER BY each)",
        "NOT contact.tag_ids @> ARRAY[CAST(:tag AS integer)]",
        "'{}'::jsonb",
        "contact.tag_ids @> ARRAY[CAST(:tag AS integer)]",
        "tag_ids = array_remove(contact.tag_ids, CAST(:tag AS integer))",
    ),
    BulkKind.REMOVE_TAG: (
        "tag_ids = array_remove(contact.tag_ids, CAST(:tag AS integer))",
        "contact.tag_ids @> ARRAY[CAST(:tag AS integer)]",
        "'{}'::jsonb",
        "NOT contact.tag_ids @> ARRAY[CAST(:tag AS integer)] AND EXISTS (SELECT 1 FROM contact_tag WHERE id = CAST(:tag AS integer))",
        "tag_ids = ARRAY(SELECT DISTINCT each FROM unnest(contact.tag_ids || CAST(:tag AS integer)) each ORDER BY each)",
    ),
    BulkKind.NEIGHBOURHOOD: (
        "neighbourhood = CAST(:value AS text)",
        "contact.neighbourhood <> CAST(:value AS text)",
        "jsonb_build_object('value', contact.neighbourhood)",
        "contact.neighbourhood = CAST(:value AS text)",
        "neighbourhood = change.before ->> 'value'",
    ),
    BulkKind.LANGUAGE: (
        "language = CAST(:value AS text)",
        "contact.language <> CAST(:value AS text)",
        "jsonb_build_object('value', contact.language)",
        "contact.language = CAST(:value AS text)",
        "language = change.before ->> 'value'",
    ),
    BulkKind.FIELD: (
        "custom = contact.custom || jsonb_build_object(CAST(:field AS text), CAST(:json AS jsonb))",
        "contact.custom -> CAST(:field AS text) IS DISTINCT FROM CAST(:json AS jsonb)",
        "CASE WHEN contact.custom ? CAST(:field AS text) THEN jsonb_build_object('value', contact.custom -> CAST(:field AS text)) ELSE '{}' END",
        "contact.custom -> CAST(:field AS text) = CAST(:json AS jsonb)",
        "custom = CASE WHEN change.before ? 'value' THEN contact.custom || jsonb_build_object(CAST(:field AS text), change.before -> 'value')"
        " ELSE contact.custom - CAST(:field AS text) END",
    ),
}


def begin_bulk(
    unit_id: int,
    unit_ids: Collection[int],
    kind: BulkKind | str,
    parameters: dict[str, Any],
    *,
    wanted: SearchFilter | None = None,
    contact_ids: Collection[int] | None = None,
    actor_id: Actor = CURRENT,
) -> int:
    """The change is queued for everybody in `unit_ids` who fits `wanted`, or for the checked contacts alone; a small one is done when
    this returns. Returns the action's id.

    `unit_ids` are the units where the person may edit. `parameters`: tag_id | value | field and value (as typed) | purpose | target_id.
    Refused: bulk_empty, tag_missing, field_missing, value_wrong, purpose_unknown, language_unknown, unit_missing.
    """
    kind = BulkKind(kind)
    units = sorted(unit_ids)
    with transaction() as session:
        stored = _checked(kind, parameters, unit_id)
        chosen = wanted or SearchFilter()
        if contact_ids is not None:
            ids = open_ids(units, contact_ids)
            count, stored["contact_ids"] = len(ids), ids
        else:
            count, stored["filter"] = count_matching(units, chosen), chosen.to_json()
            stored["up_to"] = session.scalar(select(func.max(Contact.id)).where(Contact.unit_id.in_(units))) or 0
        if not count:
            raise Refused("bulk_empty")
        stored["units"] = units
        row = BulkAction(
            unit_id=unit_id,
            user_id=who(actor_id),
            kind=str(kind),
            parameters=stored,
            state=BulkState.QUEUED,
            selected_count=count,
            created_at=now(),
        )
        session.add(row)
        session.flush()
        action_id = row.id
        if count > AT_ONCE:
            enqueue_after_commit("bulk", JOB, action_id)
    if count <= AT_ONCE:
        run_bulk(action_id)
    return action_id


def undo_bulk(action_id: int, *, actor_id: Actor = CURRENT) -> None:
    """The change is being taken back, for everybody who is still as it left them; a small one is taken back when this returns.

    Refused: bulk_missing, bulk_not_undoable (a withdrawal, nothing changed, or not finished).
    """
    with transaction() as session:
        row = _locked(session, action_id)
        if row is None:
            raise Refused("bulk_missing")
        if not may_undo(BulkKind(row.kind), BulkState(row.state)):
            raise Refused("bulk_not_undoable")
        row.state, row.cursor, row.undone_count = advance(BulkState(row.state), BulkState.UNDOING), 0, 0
        row.parameters = {**row.parameters, "undone_by": who(actor_id)}
        is_small = row.changed_count <= AT_ONCE
        if not is_small:
            enqueue_after_commit("bulk", JOB, action_id)
    if is_small:
        run_bulk(action_id)


def run_bulk(action_id: int) -> None:
    """The action is done or undone to its end, from wherever it stands; whoever else runs it waits for a piece and then does the next."""
    while _step(action_id):
        pass


def ring_waiting_bulk() -> None:
    """The sweeper's round: an action that a worker owes a result gets its doorbell rung again."""
    with transaction() as session:
        waiting = session.scalars(select(BulkAction.id).where(BulkAction.state.in_(WAITING)).order_by(BulkAction.id).limit(20)).all()
    for action_id in waiting:
        ring("bulk", JOB, action_id)


def _step(action_id: int) -> bool:
    with transaction() as session:
        row = _locked(session, action_id)
        if row is None or row.state not in WAITING:
            return False
        if row.state == BulkState.UNDOING:
            return _undo_piece(session, row)
        if row.state == BulkState.QUEUED:
            row.state = advance(BulkState.QUEUED, BulkState.RUNNING)
        kind = BulkKind(row.kind)
        ids = _next_ids(row, _WITHDRAWN_AT_ONCE if kind is BulkKind.WITHDRAW else CHUNK)
        if not ids:
            _finish(row)
            return False
        changed, failed = _change(session, row, kind, ids)
        row.cursor = ids[-1]
        row.changed_count += changed
        counts = dict(row.failed_counts)
        for code, count in failed.items():
            counts[code] = counts.get(code, 0) + count
        row.failed_counts = {code: count for code, count in counts.items() if count}
    return True


def _next_ids(row: BulkAction, limit: int) -> list[int]:
    if "contact_ids" in row.parameters:
        return [each for each in row.parameters["contact_ids"] if each > row.cursor][:limit]
    wanted = SearchFilter.from_json(row.parameters["filter"])
    return matching_ids(row.parameters["units"], wanted, after_id=row.cursor, up_to_id=row.parameters["up_to"], limit=limit)


def _change(session: Session, row: BulkAction, kind: BulkKind, ids: Sequence[int]) -> tuple[int, dict[str, int]]:
    if kind is BulkKind.WITHDRAW:
        return _withdraw(session, row, ids), {}
    if kind is BulkKind.MOVE:
        return _move(session, row, ids)
    sets, needs, before, _same, _back = _SETS[kind]
    statement = f"""
        WITH chosen AS (
            SELECT contact.id, {before} AS before FROM contact
            WHERE contact.id = ANY(:ids) AND contact.unit_id = ANY(:units) AND contact.identity_id IS NOT NULL AND {needs}
            ORDER BY contact.id FOR UPDATE
        ), changed AS (
            UPDATE contact SET {sets}, updated_at = :at FROM chosen WHERE contact.id = chosen.id RETURNING contact.id
        )
        INSERT INTO bulk_change (action_id, contact_id, before) SELECT :action, id, before FROM chosen
    """
    values = {**_named(row), "ids": list(ids), "units": row.parameters["units"], "at": now(), "action": row.id}
    return session.execute(text(statement), values).rowcount, {}  # type: ignore[attr-defined]


def _withdraw(session: Session, row: BulkAction, ids: Sequence[int]) -> int:
    changed = []
    own = open_ids(row.parameters["units"], ids)
    for contact_id in own:
        if withdraw_consent(contact_id, row.parameters["purpose"], evidence=f"bulk:{row.id}", actor_id=row.user_id):
            changed.append(contact_id)
    _remember(session, row.id, [(contact_id, {}) for contact_id in changed])
    return len(changed)


def _move(session: Session, row: BulkAction, ids: Sequence[int]) -> tuple[int, dict[str, int]]:
    moved = move_into(session, open_ids(row.parameters["units"], ids), row.parameters["target_id"])
    _remember(session, row.id, [(contact_id, {"unit": unit_id, "tags": tags}) for contact_id, unit_id, tags in moved.before])
    _audit_move(row, moved.by_unit, row.parameters["target_id"])
    return len(moved.before), {"contact_exists": moved.refused}


def _audit_move(row: BulkAction, by_unit: dict[int, int], target_id: int) -> None:
    target = require_unit(target_id)
    for unit_id, count in sorted(by_unit.items()):
        source = require_unit(unit_id)
        detail = {"count": count, "from": source.name, "to": target.name}
        for place, action in ((unit_id, "contacts_moved_out"), (target_id, "contacts_moved_in")):
            record_audit(action, unit_id=place, object_type="bulk_action", object_id=row.id, detail=detail, actor_id=row.user_id)


def _undo_piece(session: Session, row: BulkAction) -> bool:
    kind = BulkKind(row.kind)
    changes = session.execute(
        text("SELECT contact_id, before FROM bulk_change WHERE action_id = :action AND contact_id > :cursor ORDER BY contact_id LIMIT :limit"),
        {"action": row.id, "cursor": row.cursor, "limit": CHUNK},
    ).all()
    if not changes:
        row.state, row.undone_at = advance(BulkState(row.state), BulkState.UNDONE), now()
        record_audit(
            "bulk_undone",
            unit_id=row.unit_id,
            object_type="bulk_action",
            object_id=row.id,
            detail={"count": row.undone_count, "bulk": row.kind},
            actor_id=row.parameters.get("undone_by"),
        )
        return False
    row.undone_count += _move_back(session, row, changes) if kind is BulkKind.MOVE else _set_back(session, row, kind, changes)
    row.cursor = changes[-1].contact_id
    return True


def _set_back(session: Session, row: BulkAction, kind: BulkKind, changes: Sequence[Any]) -> int:
    _sets, _needs, _before, same, back = _SETS[kind]
    statement = f"""
        UPDATE contact SET {back}, updated_at = :at FROM bulk_change change
        WHERE change.action_id = :action AND change.contact_id = ANY(:ids) AND contact.id = change.contact_id
          AND contact.identity_id IS NOT NULL AND contact.unit_id = ANY(:units) AND {same}
    """
    values = {**_named(row), "ids": [change.contact_id for change in changes], "units": row.parameters["units"], "at": now(), "action": row.id}
    return int(session.execute(text(statement), values).rowcount)  # type: ignore[attr-defined]


def _move_back(session: Session, row: BulkAction, changes: Sequence[Any]) -> int:
    target_id, count = row.parameters["target_id"], 0
    there = set(session.scalars(select(Contact.id).where(Contact.id.in_([c.contact_id for c in changes]), Contact.unit_id == target_id)))
    by_unit: dict[int, list[int]] = {}
    for change in changes:
        if change.contact_id in there:
            by_unit.setdefault(change.before["unit"], []).append(change.contact_id)
    tags = {change.contact_id: change.before["tags"] for change in changes}
    for unit_id, ids in sorted(by_unit.items()):
        moved = move_into(session, ids, unit_id)
        back = [contact_id for contact_id, _unit, _tags in moved.before]
        for contact_id in back:
            # Tags that stayed behind at the move are there again, beside any that were given since.
            if tags[contact_id]:
                session.execute(
                    text(
                        "UPDATE contact SET tag_ids = ARRAY(SELECT DISTINCT tag.id FROM contact_tag tag"
                        " WHERE tag.id = ANY(contact.tag_ids || CAST(:tags AS integer[])) ORDER BY tag.id) WHERE id = :id"
                    ),
                    {"tags": tags[contact_id], "id": contact_id},
                )
        count += len(back)
        if back:
            _audit_move(row, {target_id: len(back)}, unit_id)
    return count


def _finish(row: BulkAction) -> None:
    row.state, row.done_at, row.cursor = advance(BulkState(row.state), BulkState.DONE), now(), 0
    record_audit(
        "bulk_done",
        unit_id=row.unit_id,
        object_type="bulk_action",
        object_id=row.id,
        detail={"count": row.changed_count, "selected": row.selected_count, "bulk": row.kind},
        actor_id=row.user_id,
    )


def _checked(kind: BulkKind, parameters: dict[str, Any], unit_id: int) -> dict[str, Any]:
    """The parameters as they are stored, with the words a page will show them by."""
    if kind in (BulkKind.ADD_TAG, BulkKind.REMOVE_TAG):
        tag = get_tag(int(parameters["tag_id"]))
        if tag is None:
            raise Refused("tag_missing")
        return {"tag": tag.id, "words": tag.name}
    if kind is BulkKind.NEIGHBOURHOOD:
        value = persian.normalise(str(parameters.get("value") or ""))[:200]
        return {"value": value, "words": value}
    if kind is BulkKind.LANGUAGE:
        value = str(parameters.get("value") or "")
        if value and value not in LANGUAGES:
            raise Refused("language_unknown")
        return {"value": value, "words": value}
    if kind is BulkKind.WITHDRAW:
        titles = list_purposes()
        if parameters.get("purpose") not in titles:
            raise Refused("purpose_unknown", purpose=parameters.get("purpose"))
        return {"purpose": parameters["purpose"], "words": titles[parameters["purpose"]]}
    if kind is BulkKind.MOVE:
        target = require_unit(int(parameters["target_id"]))
        return {"target_id": target.id, "words": target.name}
    field = find_field(unit_id, str(parameters.get("field") or ""))
    if field is None or field.kind not in (CustomKind.CHOICE, CustomKind.YES_NO):
        raise Refused("field_missing")
    read, _problem = reader_for(field.kind, field.options)(str(parameters.get("value") or ""))
    if read is None:
        raise Refused("value_wrong", field=field.title)
    return {"field": field.key, "value": read, "words": field.title}


def _named(row: BulkAction) -> dict[str, Any]:
    named: dict[str, Any] = {name: row.parameters[name] for name in ("tag", "value", "field") if name in row.parameters}
    if "field" in named:
        named["json"] = json.dumps(named.pop("value"))
    return named


def _remember(session: Session, action_id: int, befores: Sequence[tuple[int, dict[str, Any]]]) -> None:
    if befores:
        session.execute(
            text("INSERT INTO bulk_change (action_id, contact_id, before) VALUES (:action, :contact, CAST(:before AS jsonb))"),
            [{"action": action_id, "contact": contact_id, "before": json.dumps(before)} for contact_id, before in befores],
        )


def _locked(session: Session, action_id: int) -> BulkAction | None:
    return session.get(BulkAction, action_id, with_for_update=True, populate_existing=True)
