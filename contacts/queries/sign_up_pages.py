"""Sign-up pages as citizens and as officers see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from contacts.models import ConsentText, PendingConsent, PendingCount, Purpose, SignUpPage
from contacts.rules.consent import Basis
from engage.clock import now
from engage.db import db
from engage.identity.queries import get_unit


@dataclass(frozen=True)
class OfferedPurpose:
    """One purpose with the words somebody agrees to."""

    key: str
    title: str
    words: str
    sha256: bytes

    @property
    def sha(self) -> str:
        return self.sha256.hex()


@dataclass(frozen=True)
class PublicPage:
    """What a citizen sees of a sign-up page."""

    id: int
    slug: str
    unit_id: int
    unit_name: str
    sms_name: str
    title: str
    is_open: bool
    purposes: tuple[OfferedPurpose, ...]


@dataclass(frozen=True)
class PageSummary:
    """A sign-up page in the officer's list, with what became of those who asked."""

    slug: str
    unit_id: int
    unit_name: str
    title: str
    is_open: bool
    purposes: tuple[str, ...]
    """Titles"""
    purpose_keys: tuple[str, ...]
    created_at: datetime
    asked_count: int
    confirmed_count: int
    expired_count: int
    waiting_count: int


@dataclass(frozen=True)
class EntryCounts:
    """What became of people an officer or a list asked to confirm by SMS."""

    asked_count: int
    confirmed_count: int
    expired_count: int
    waiting_count: int


def offered_purposes(keys: Iterable[str] | None = None) -> tuple[OfferedPurpose, ...]:
    """The purposes that are offered (of these keys, or all) with their newest words of consent, in their order. One statement."""
    newest = (
        select(ConsentText.purpose, ConsentText.sha256, ConsentText.text)
        .where(ConsentText.basis == str(Basis.CONSENT))
        .distinct(ConsentText.purpose)
        .order_by(ConsentText.purpose, ConsentText.version.desc())
        .subquery()
    )
    query = (
        select(Purpose.key, Purpose.title, newest.c.text, newest.c.sha256)
        .join(newest, newest.c.purpose == Purpose.key)
        .where(Purpose.is_active)
        .order_by(Purpose.position, Purpose.key)
    )
    if keys is not None:
        query = query.where(Purpose.key.in_(list(keys)))
    return tuple(OfferedPurpose(row.key, row.title, row.text, row.sha256) for row in db.session.execute(query))


def worded_purposes(keys: Sequence[str], sha256s: Sequence[bytes]) -> tuple[OfferedPurpose, ...]:
    """These purposes with exactly these words, newest or not, in this order; whatever isn't there any more is left out."""
    titles = {row.key: row.title for row in db.session.execute(select(Purpose.key, Purpose.title).where(Purpose.key.in_(list(keys))))}
    rows = db.session.execute(select(ConsentText.sha256, ConsentText.text).where(ConsentText.sha256.in_(list(sha256s))))
    words = {row.sha256: row.text for row in rows}
    return tuple(
        OfferedPurpose(key, titles[key], words[sha], sha) for key, sha in zip(keys, sha256s, strict=True) if key in titles and sha in words
    )


def find_sign_up_page(slug: str) -> PublicPage | None:
    """The page of this address, None where there is none."""
    if not _is_slug(slug):
        return None
    row = db.session.scalar(select(SignUpPage).where(SignUpPage.slug == slug).execution_options(populate_existing=True))
    unit = get_unit(row.unit_id) if row is not None else None
    if row is None or unit is None:
        return None
    purposes = offered_purposes(row.purposes)
    return PublicPage(row.id, row.slug, row.unit_id, unit.name, unit.sms_name, row.title, row.is_open and bool(purposes), purposes)


def list_sign_up_pages(unit_ids: Iterable[int]) -> list[PageSummary]:
    """Pages of these units, newest first, with their counts since they were made."""
    units = list(unit_ids)
    if not units:
        return []
    return [_summary(row) for row in db.session.scalars(_pages().where(SignUpPage.unit_id.in_(units)))]


def get_sign_up_page(slug: str) -> PageSummary | None:
    if not _is_slug(slug):
        return None
    row = db.session.scalar(_pages().where(SignUpPage.slug == slug))
    return _summary(row) if row is not None else None


def entry_counts(unit_ids: Iterable[int]) -> EntryCounts:
    """What became of everybody these units asked to confirm by SMS."""
    units = list(unit_ids)
    row = db.session.execute(
        select(func.sum(PendingCount.asked_count), func.sum(PendingCount.confirmed_count), func.sum(PendingCount.expired_count)).where(
            PendingCount.unit_id.in_(units), PendingCount.page_id == 0
        )
    ).one()
    waiting = db.session.scalar(
        select(func.count())
        .select_from(PendingConsent)
        .where(PendingConsent.unit_id.in_(units), PendingConsent.page_id.is_(None), PendingConsent.expires_at > now())
    )
    return EntryCounts(row[0] or 0, row[1] or 0, row[2] or 0, waiting or 0)


def _is_slug(slug: str) -> bool:
    return slug.isascii() and slug.isalnum() and len(slug) <= 20


def _pages() -> Select[tuple[SignUpPage]]:
    return select(SignUpPage).order_by(SignUpPage.created_at.desc(), SignUpPage.id.desc()).execution_options(populate_existing=True)


def _summary(page: SignUpPage) -> PageSummary:
    counts: Sequence[int | None] = db.session.execute(
        select(func.sum(PendingCount.asked_count), func.sum(PendingCount.confirmed_count), func.sum(PendingCount.expired_count)).where(
            PendingCount.unit_id == page.unit_id, PendingCount.page_id == page.id
        )
    ).one()
    waiting = db.session.scalar(
        select(func.count()).select_from(PendingConsent).where(PendingConsent.page_id == page.id, PendingConsent.expires_at > now())
    )
    unit = get_unit(page.unit_id)
    rows = db.session.execute(select(Purpose.key, Purpose.title).where(Purpose.key.in_(page.purposes)))
    titles = {row.key: row.title for row in rows}
    return PageSummary(
        slug=page.slug,
        unit_id=page.unit_id,
        unit_name=unit.name if unit else "",
        title=page.title,
        is_open=page.is_open,
        purposes=tuple(titles.get(key, key) for key in page.purposes),
        purpose_keys=tuple(page.purposes),
        created_at=page.created_at,
        asked_count=counts[0] or 0,
        confirmed_count=counts[1] or 0,
        expired_count=counts[2] or 0,
        waiting_count=waiting or 0,
    )
