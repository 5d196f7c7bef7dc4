"""Purposes and their words, version by version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from contacts.models import ConsentText, ContactConsent, Purpose
from contacts.rules.consent import Basis
from contacts.rules.purposes import PURPOSES, changed_words
from engage.db import db


@dataclass(frozen=True)
class Wording:
    """One version of the words for one basis."""

    basis: Basis
    version: int
    text: str
    sha256: bytes
    created_at: datetime
    changes: tuple[tuple[str, str], ...] = ()
    """What became of the version before, word by word: ("same" | "gone" | "new", words); () for the first"""


@dataclass(frozen=True)
class PurposeRecord:
    """A purpose with every version of its words, newest first within a basis."""

    key: str
    title: str
    is_active: bool
    wordings: tuple[Wording, ...]

    def current(self, basis: Basis) -> Wording | None:
        """The words that count for this basis now."""
        return next((each for each in self.wordings if each.basis is basis), None)

    def earlier(self, basis: Basis) -> tuple[Wording, ...]:
        """All versions for this basis, newest first."""
        return tuple(each for each in self.wordings if each.basis is basis)


def offered_purposes() -> dict[str, str]:
    """Key → title of what citizens and officers may choose now, in its order."""
    rows = db.session.execute(select(Purpose.key, Purpose.title).where(Purpose.is_active).order_by(Purpose.position, Purpose.key))
    return {row.key: row.title for row in rows} or dict(PURPOSES)


def purposes() -> list[PurposeRecord]:
    """All purposes in their order, with all their words."""
    rows = db.session.scalars(select(Purpose).order_by(Purpose.position, Purpose.key).execution_options(populate_existing=True)).all()
    words = _wordings()
    return [PurposeRecord(row.key, row.title, row.is_active, tuple(words[row.key])) for row in rows]


def find_purpose(key: str) -> PurposeRecord | None:
    """One purpose with all its words."""
    row = db.session.get(Purpose, key, populate_existing=True)
    return None if row is None else PurposeRecord(row.key, row.title, row.is_active, tuple(_wordings(key)[key]))


def consent_words(purpose: str, basis: Basis = Basis.CONSENT) -> Wording | None:
    """The words a citizen agrees to now; None when there is no such purpose."""
    found = find_purpose(purpose)
    return None if found is None else found.current(basis)


def standing_counts() -> dict[str, int]:
    """Purpose → how many consents for it stand in the whole installation."""
    rows = db.session.execute(select(ContactConsent.purpose, func.count()).where(ContactConsent.given).group_by(ContactConsent.purpose))
    return {row[0]: row[1] for row in rows}


def _wordings(purpose: str | None = None) -> dict[str, list[Wording]]:
    statement = select(ConsentText).order_by(ConsentText.purpose, ConsentText.basis, ConsentText.version)
    if purpose is not None:
        statement = statement.where(ConsentText.purpose == purpose)
    found: dict[str, list[Wording]] = defaultdict(list)
    before: dict[tuple[str, str], str] = {}
    for row in db.session.scalars(statement):
        place = (row.purpose, row.basis)
        changes = tuple(changed_words(before[place], row.text)) if place in before else ()
        before[place] = row.text
        found[row.purpose].insert(0, Wording(Basis(row.basis), row.version, row.text, row.sha256, row.created_at, changes))
    return found


def without_document(contact_ids: Collection[int], purpose: str) -> set[int]:
    """Those of these contacts who stand for a purpose on an undocumented prior relation."""
    return set(
        db.session.scalars(
            select(ContactConsent.contact_id).where(
                ContactConsent.contact_id.in_(contact_ids),
                ContactConsent.purpose == purpose,
                ContactConsent.given,
                ContactConsent.basis == Basis.PRIOR_RELATION,
            )
        )
    )
