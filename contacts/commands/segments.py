"""Save, change, duplicate and archive segments."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from contacts.models import Segment
from contacts.rules.segments import Group, to_json
from contacts.segments.compile import read_rule
from contacts.segments.criteria import scope_of
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit, who
from engage.refusal import Refused

MAX_TITLE = 120


def create_segment(unit_id: int, title: str, rule: Group, *, is_shared: bool = True, actor_id: Actor = CURRENT) -> str:
    """A new segment; its public id. Refused: "segment_title_missing", and what `read_rule` refuses."""
    with transaction() as session:
        segment = Segment(
            slug="g" + secrets.token_hex(4),
            unit_id=unit_id,
            title=_title(title),
            rule=_checked(unit_id, rule),
            is_shared=is_shared,
            author_id=who(actor_id),
            created_at=now(),
            updated_at=now(),
        )
        session.add(segment)
        session.flush()
        _audit("segment_created", segment, actor_id)
        return segment.slug


def update_segment(slug: str, title: str, rule: Group, *, is_shared: bool, actor_id: Actor = CURRENT) -> None:
    """The segment as given; campaigns that were frozen from it stay as they are. Somebody else's segment never becomes private.

    Refused: "segment_missing", "segment_title_missing", and what `read_rule` refuses.
    """
    with transaction():
        segment = _locked(slug)
        segment.title = _title(title)
        segment.rule = _checked(segment.unit_id, rule)
        if is_shared or segment.author_id == who(actor_id):
            segment.is_shared = is_shared
        segment.updated_at = now()
        _audit("segment_changed", segment, actor_id)


def duplicate_segment(slug: str, title: str, *, actor_id: Actor = CURRENT) -> str:
    """A private copy of the segment under another title; its public id."""
    with transaction() as session:
        original = _locked(slug)
        copy = Segment(
            slug="g" + secrets.token_hex(4),
            unit_id=original.unit_id,
            title=_title(title),
            rule=original.rule,
            is_shared=False,
            author_id=who(actor_id),
            created_at=now(),
            updated_at=now(),
        )
        session.add(copy)
        session.flush()
        _audit("segment_created", copy, actor_id)
        return copy.slug


def archive_segment(slug: str, *, actor_id: Actor = CURRENT) -> None:
    """It is no longer offered. Campaigns made from it keep the rule they had."""
    with transaction():
        segment = _locked(slug)
        if segment.archived_at is None:
            segment.archived_at = now()
            _audit("segment_archived", segment, actor_id)


def restore_segment(slug: str, *, actor_id: Actor = CURRENT) -> None:
    """It is offered again."""
    with transaction():
        segment = _locked(slug)
        if segment.archived_at is not None:
            segment.archived_at = None
            _audit("segment_restored", segment, actor_id)


def _title(title: str) -> str:
    if not title.strip():
        raise Refused("segment_title_missing")
    return title.strip()[:MAX_TITLE]


def _checked(unit_id: int, rule: Group) -> dict[str, object]:
    return to_json(read_rule(to_json(rule), scope_of(unit_id)))


def _locked(slug: str) -> Segment:
    with transaction() as session:
        found = session.execute(
            select(Segment).where(Segment.slug == slug).with_for_update().execution_options(populate_existing=True)
        ).scalar_one_or_none()
    if found is None:
        raise Refused("segment_missing")
    return found


def _audit(action: str, segment: Segment, actor_id: Actor) -> None:
    record_audit(
        action,
        unit_id=segment.unit_id,
        object_type="segment",
        object_id=segment.slug,
        detail={"title": segment.title},
        actor_id=actor_id,
    )
