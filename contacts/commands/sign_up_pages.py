"""Pages on which citizens join: an officer makes them, changes their words, closes and opens them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import select

from contacts.models import Purpose, SignUpPage
from engage.clock import now
from engage.db import transaction
from engage.identity.commands.audit import CURRENT, Actor, record_audit
from engage.persian import normalise
from engage.refusal import Refused

SLUG_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""No 0, 1, i, l, o: the address is read from a poster and typed by hand."""
SLUG_LENGTH = 5
TITLE_LENGTH = 80


def make_sign_up_page(unit_id: int, title: str, purposes: Sequence[str], *, actor_id: Actor = CURRENT) -> str:
    """An open page of the unit for these purposes; returns its slug. Refused: title_missing, purposes_missing, purpose_unknown."""
    with transaction() as session:
        title, chosen = _checked(title, purposes)
        page = SignUpPage(slug=_free_slug(), unit_id=unit_id, title=title, purposes=chosen, created_at=now())
        session.add(page)
        session.flush()
        record_audit(
            "sign_up_page_made",
            unit_id=unit_id,
            object_type="sign_up_page",
            object_id=page.slug,
            detail={"title": title},
            actor_id=actor_id,
        )
        return page.slug


def change_sign_up_page(slug: str, title: str, purposes: Sequence[str], *, actor_id: Actor = CURRENT) -> bool:
    """The page has this title and these purposes; False when it had. Refused as above, or sign_up_page_missing."""
    with transaction() as session:
        page = _locked(slug)
        title, chosen = _checked(title, purposes)
        if (page.title, page.purposes) == (title, chosen):
            return False
        page.title, page.purposes = title, chosen
        session.flush()
        record_audit(
            "sign_up_page_changed",
            unit_id=page.unit_id,
            object_type="sign_up_page",
            object_id=slug,
            detail={"title": title},
            actor_id=actor_id,
        )
        return True


def open_sign_up_page(slug: str, is_open: bool, *, actor_id: Actor = CURRENT) -> bool:
    """Citizens can join on the page, or can't; False when it was so already. Refused("sign_up_page_missing")."""
    with transaction() as session:
        page = _locked(slug)
        if page.is_open == is_open:
            return False
        page.is_open = is_open
        session.flush()
        record_audit(
            "sign_up_page_opened" if is_open else "sign_up_page_closed",
            unit_id=page.unit_id,
            object_type="sign_up_page",
            object_id=slug,
            detail={"title": page.title},
            actor_id=actor_id,
        )
        return True


def _locked(slug: str) -> SignUpPage:
    with transaction() as session:
        page = session.scalar(select(SignUpPage).where(SignUpPage.slug == slug).with_for_update().execution_options(populate_existing=True))
        if page is None:
            raise Refused("sign_up_page_missing")
        return page


def _checked(title: str, purposes: Sequence[str]) -> tuple[str, list[str]]:
    """The title as it is stored and the purposes in the order they are offered."""
    title = normalise(title)[:TITLE_LENGTH].strip()
    if not title:
        raise Refused("title_missing")
    wanted = set(purposes)
    if not wanted:
        raise Refused("purposes_missing")
    with transaction() as session:
        offered = session.scalars(select(Purpose.key).where(Purpose.is_active).order_by(Purpose.position, Purpose.key)).all()
    for key in sorted(wanted - set(offered)):
        raise Refused("purpose_unknown", purpose=key)
    return title, [key for key in offered if key in wanted]


def _free_slug() -> str:
    with transaction() as session:
        while True:
            slug = "".join(secrets.choice(SLUG_LETTERS) for _ in range(SLUG_LENGTH))
            if session.scalar(select(SignUpPage.id).where(SignUpPage.slug == slug)) is None:
                return slug
