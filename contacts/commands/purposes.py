"""Purposes an office may write for, and the exact words behind each: new words are a new version, nothing is ever overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contacts.commands.texts import put_words, words_moment
from contacts.models import ConsentText, Purpose
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.purposes import MAX_WORDS, is_purpose_key
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.identity.queries import units_tree
from engage.refusal import Refused
from engage.vault import sha256


@dataclass(frozen=True)
class PurposeDraft:
    """What an admin decides about a purpose: its title, the words for every basis, whether it is offered."""

    title: str
    words: Mapping[Basis, str]
    is_active: bool = True


def add_purpose(key: str, draft: PurposeDraft, *, actor_id: Actor = CURRENT) -> None:
    """A new purpose with version 1 of its words. Refused: purpose_key_invalid, purpose_exists, title_missing, words_missing,
    words_too_long, words_taken."""
    if not is_purpose_key(key):
        raise Refused("purpose_key_invalid")
    words = _checked(draft)
    with transaction() as session:
        at = words_moment(session)
        if session.get(Purpose, key, populate_existing=True) is not None:
            raise Refused("purpose_exists", purpose=key)
        position = (session.scalar(select(func.max(Purpose.position))) or 0) + 1
        session.add(Purpose(key=key, title=draft.title.strip(), position=position, is_active=draft.is_active))
        session.flush()
        _refuse_taken(session, words.values())
        put_words(session, ((key, basis, 1, each) for basis, each in words.items()), at)
        _audit("purpose_added", key, {"title": draft.title.strip()}, actor_id)


def change_purpose(key: str, draft: PurposeDraft, *, actor_id: Actor = CURRENT) -> tuple[Basis, ...]:
    """The purpose as given; for every basis whose words differ, a new version that counts from now on. Consents given earlier keep the
    words they were given by. Returns the bases with new words.

    Refused: purpose_unknown, purpose_needed, title_missing, words_missing, words_too_long, words_taken.
    """
    words = _checked(draft)
    if key == DEFAULT_PURPOSE and not draft.is_active:
        raise Refused("purpose_needed")
    with transaction() as session:
        at = words_moment(session)
        purpose = session.get(Purpose, key, with_for_update=True, populate_existing=True)
        if purpose is None:
            raise Refused("purpose_unknown", purpose=key)
        newest = {
            row.basis: row
            for row in session.execute(
                select(ConsentText.basis, ConsentText.version, ConsentText.text)
                .where(ConsentText.purpose == key)
                .order_by(ConsentText.version)
            )
        }
        changed = {basis: each for basis, each in words.items() if basis not in newest or newest[basis].text != each}
        _refuse_taken(session, changed.values())
        put_words(session, ((key, basis, newest[basis].version + 1 if basis in newest else 1, each) for basis, each in changed.items()), at)
        title = draft.title.strip()
        if purpose.title != title or purpose.is_active != draft.is_active:
            _audit("purpose_changed" if draft.is_active else "purpose_closed", key, {"title": title, "before": purpose.title}, actor_id)
            purpose.title, purpose.is_active = title, draft.is_active
        if changed:
            _audit("purpose_reworded", key, {"title": title, "count": len(changed)}, actor_id)
        return tuple(changed)


def _checked(draft: PurposeDraft) -> dict[Basis, str]:
    if not draft.title.strip():
        raise Refused("title_missing")
    words = {basis: " ".join(draft.words.get(basis, "").split()) for basis in Basis}
    if not all(words.values()):
        raise Refused("words_missing")
    if any(len(each) > MAX_WORDS for each in words.values()):
        raise Refused("words_too_long", limit=MAX_WORDS)
    if len(set(words.values())) < len(words):
        raise Refused("words_taken")
    return words


def _refuse_taken(session: Session, words: Iterable[str]) -> None:
    """One wording stands for one purpose, basis and version: a ledger line names it by its hash alone."""
    hashes = [sha256(each) for each in words]
    if session.scalar(select(ConsentText.sha256).where(ConsentText.sha256.in_(hashes)).limit(1)) is not None:
        raise Refused("words_taken")


def _audit(action: str, key: str, detail: dict[str, object], actor_id: Actor) -> None:
    top = next(iter(units_tree()), None)
    record_audit(action, unit_id=top.id if top else None, object_type="purpose", object_id=key, detail=detail, actor_id=actor_id)
