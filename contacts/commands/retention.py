"""Time limits: set, removed, and applied by a worker once a day, in chunks that hurt nobody."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from contacts.commands.appending import Statement, append_line, text_behind
from contacts.commands.erasing import erase_person
from contacts.events import ConsentEnded
from contacts.labels.keeping import limit_words
from contacts.models import Contact, ContactConsent, RetentionRule
from contacts.queries.retention import custom_keys, limits, purpose_titles, unit_paths, who_is_due
from contacts.rules.consent import Basis, Channel
from contacts.rules.retention import CUSTOM, Limit, Subject, check_limit, cutoff, limits_in_force
from contacts.rules.rows import person_keys
from engage.clock import now
from engage.db import db, transaction
from engage.events import publish
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.refusal import Refused

log = structlog.get_logger(__name__)

CHUNK = 500
RUN_EVERY = timedelta(days=1)


def set_limit(unit_id: int, subject: str, key: str, months: int, *, actor_id: Actor = CURRENT) -> int:
    """The unit keeps this so many months, in its whole subtree where no nearer unit decided otherwise; returns the limit's id.

    Refused: retention_subject_unknown, retention_months_invalid.
    """
    with transaction() as session:
        checked, key = check_limit(subject, key, months, purposes=purpose_titles(), custom_keys=custom_keys(unit_id))
        found: int = session.execute(
            insert(RetentionRule)
            .values(unit_id=unit_id, subject=str(checked), key=key, months=months, created_at=now())
            .on_conflict_do_update(index_elements=["unit_id", "subject", "key"], set_={"months": months})
            .returning(RetentionRule.id)
        ).scalar_one()
        detail = {"rule": _name(unit_id, checked, key), "months": months}
        record_audit("retention_set", unit_id=unit_id, object_type="retention_rule", object_id=found, detail=detail, actor_id=actor_id)
        return found


def remove_limit(limit_id: int, *, actor_id: Actor = CURRENT) -> bool:
    """The unit sets no limit here any more; what one above it sets holds again. False when it was gone already."""
    with transaction() as session:
        row = session.execute(
            delete(RetentionRule).where(RetentionRule.id == limit_id).returning(RetentionRule.unit_id, RetentionRule.subject, RetentionRule.key)
        ).first()
        if row is None:
            return False
        detail = {"rule": _name(row.unit_id, Subject(row.subject), row.key)}
        record_audit("retention_removed", unit_id=row.unit_id, object_type="retention_rule", object_id=limit_id, detail=detail, actor_id=actor_id)
        return True


def limit_unit(limit_id: int) -> int | None:
    """The unit that set a limit."""
    return db.session.scalar(select(RetentionRule.unit_id).where(RetentionRule.id == limit_id))


def apply_limits() -> dict[str, int]:
    """Whatever has come to its end is gone: values cleared, consents ended (a line in the ledger each), people erased.

    Killed anywhere it begins again and finds what is left. Returns how many of `fields`, `consents` and `people`; the audit log has
    one entry for each limit that touched anybody.
    """
    at = now()
    with transaction():
        held = limits_in_force((limit for _, limit in limits()), unit_paths())
    total: Counter[str] = Counter()
    # Consents first: whoever loses the last one begins to wait for erasure today.
    for limit, units in sorted(held.items(), key=lambda each: (list(Subject).index(each[0].subject) != 1, each[0].about, each[0].unit_id)):
        done = _apply(limit, units, at)
        if done:
            kind = {Subject.FIELD: "fields", Subject.PURPOSE: "consents", Subject.PERSON: "people"}[limit.subject]
            total[kind] += done
            with transaction():
                record_audit(
                    "retention_applied",
                    unit_id=limit.unit_id,
                    object_type="unit",
                    object_id=limit.unit_id,
                    detail={"rule": _name(limit.unit_id, limit.subject, limit.key), "fields": 0, "consents": 0, "people": 0, kind: done},
                    actor_id=None,
                )
    return dict(total)


def _apply(limit: Limit, units: tuple[int, ...], at: datetime) -> int:
    condition, values = who_is_due(limit)
    # Somebody who is being written right now is met by the next run.
    statement = text(
        f"SELECT person.id FROM contact person WHERE person.unit_id = ANY(:units) AND person.id > :after AND {condition}"
        " ORDER BY person.id LIMIT :limit FOR UPDATE OF person SKIP LOCKED"
    )
    values = {**values, "units": list(units), "cutoff": cutoff(at, limit.months), "limit": CHUNK, "after": 0}
    done = 0
    while True:
        with transaction() as session:
            ids = list(session.scalars(statement, values))
            if limit.subject is Subject.PURPOSE:
                for contact_id in ids:
                    done += _end_consent(session, contact_id, limit.key)
            elif limit.subject is Subject.FIELD and ids:
                done += _clear(session, ids, limit.key, values["cutoff"])
        if not ids:
            return done
        values["after"] = ids[-1]
        if limit.subject is Subject.PERSON:
            done += sum(_erase(contact_id) for contact_id in ids)


def _erase(contact_id: int) -> bool:
    try:
        erase_person(contact_id, "retention", actor_id=None)
    except Refused as refused:  # gone or busy: tomorrow
        log.info("retention_passed_over", code=refused.code)
        return False
    return True


def _end_consent(session: Session, contact_id: int, purpose: str) -> bool:
    contact = session.get_one(Contact, contact_id, populate_existing=True)
    standing = session.get(ContactConsent, (contact_id, purpose), populate_existing=True)
    if standing is None or not standing.given:
        return False
    words = text_behind(session, contact, purpose)
    append_line(session, contact, Statement(purpose, False, Basis(standing.basis), Channel.EXPIRY, "retention", None, words))
    publish(ConsentEnded(contact.identity_id, contact_id, purpose))
    return True


_CLEAR = {
    "neighbourhood": "neighbourhood = ''",
    "gender": "gender = ''",
    "birth_year": "birth_year = NULL",
    "language": "language = ''",
}


def _clear(session: Session, ids: list[int], key: str, before: datetime) -> int:
    """The field is blank. The person counts as unchanged, or clearing one field would give the others more time."""
    if key == "notes":
        result: Any = session.execute(text("DELETE FROM contact_note WHERE contact_id = ANY(:ids) AND at <= :before"), {"ids": ids, "before": before})
        return len(ids) if result.rowcount else 0
    # What lists and bulk actions replaced is as old: it would only serve to bring the value back.
    session.execute(text("DELETE FROM import_before WHERE contact_id = ANY(:ids)"), {"ids": ids})
    session.execute(text("DELETE FROM bulk_change WHERE contact_id = ANY(:ids)"), {"ids": ids})
    if key in ("first_name", "last_name"):
        _clear_name(session, ids, key)
    elif key.startswith(CUSTOM):
        session.execute(text("UPDATE contact SET custom = custom - :key WHERE id = ANY(:ids)"), {"ids": ids, "key": key.removeprefix(CUSTOM)})
    else:
        session.execute(text(f"UPDATE contact SET {_CLEAR[key]} WHERE id = ANY(:ids)"), {"ids": ids})
    return len(ids)


def _clear_name(session: Session, ids: list[int], key: str) -> None:
    session.execute(text("DELETE FROM contact_alias WHERE contact_id = ANY(:ids)"), {"ids": ids})
    for contact in session.scalars(select(Contact).where(Contact.id.in_(ids)).execution_options(populate_existing=True)):
        setattr(contact, key, "")
        contact.search_key, contact.sort_key = person_keys(contact.first_name, contact.last_name)
        contact.is_shared = False
    session.flush()


def _name(unit_id: int, subject: Subject, key: str) -> str:
    return limit_words(subject, key, purpose_titles(), custom_keys(unit_id))
