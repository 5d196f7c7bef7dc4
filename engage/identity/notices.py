"""Notices: what colleagues are told in the console and, if they want, by SMS. Once per person and cause, with the caller's transaction.

A room above registers each code with its sentence at install, and calls `notify` where the thing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from engage.clock import TEHRAN, now
from engage.config import Settings
from engage.db import db, in_transaction, transaction
from engage.identity import rules
from engage.identity.delegations import today
from engage.identity.models import Delegation, Notice, RoleGrant, Unit, User
from engage.identity.rules import NOTICE_TEXT_HOLDS, NOTICES_KEPT, NoticeGroup, Permission, Role, text_moment
from engage.identity.texting import NOTICE_KIND, is_texting, send_text
from engage.sms.port import MAX_CHARACTERS
from engage.vault import vault

log = structlog.get_logger(__name__)

Words = Callable[[Mapping[str, Any]], str]

notice_words: dict[str, Words] = {}
"""The sentence of each code, from the notice's `params`, in the reader's language."""
notice_groups: dict[str, NoticeGroup] = {}
urgent_notices: set[str] = set()
"""Codes whose texts wait for no morning."""

PAGE_SIZE = 50
_BATCH = 200


def register_notice(code: str, words: Words, *, group: NoticeGroup = NoticeGroup.OTHER, is_urgent: bool = False) -> None:
    """Give the sentence of a code, what it is about, and whether its text may come at night."""
    notice_words[code] = words
    notice_groups[code] = group
    (urgent_notices.add if is_urgent else urgent_notices.discard)(code)


def notify(
    code: str,
    *,
    unit_id: int,
    permission: Permission,
    cause: str,
    params: Mapping[str, str | int],
    path: str,
    text: bool = False,
    besides: Collection[int] = (),
) -> int:
    """Every active user who holds `permission` for the unit is told once, if the caller's transaction commits. Returns how many were.

    Who approves as somebody's delegate today is told of approvals, too. `besides` are users who are left out, and in whose name nobody
    is told: a campaign's author. `cause` names the occasion: the same cause tells nobody twice, in parallel transactions either.
    `params` go into the sentence and hold no personal data; `path` is the console's page it leads to. With `text`, those with a
    confirmed phone who want this group by SMS get one; what isn't urgent waits for 8 in the morning, and isn't sent when it was read
    or done by then. RuntimeError outside of transaction(), ValueError for an unknown code or a path outside the console.
    """
    people = holders_of(permission, unit_id, besides=besides)
    return _tell(people, code, unit_id=unit_id, cause=cause, params=params, path=path, text=text)


def notify_user(
    user_id: int, code: str, *, cause: str, params: Mapping[str, str | int], path: str, text: bool = False, unit_id: int | None = None
) -> int:
    """As `notify`, for one person, if their account is open. Returns 1, or 0 when they were told before."""
    people = list(db.session.scalars(select(User.id).where(User.id == user_id, User.active)))
    return _tell(people, code, unit_id=unit_id, cause=cause, params=params, path=path, text=text)


def close_notices(cause: str) -> int:
    """What these notices waited for has happened: nobody is reminded of it any more. Part of the caller's transaction."""
    done = db.session.execute(update(Notice).where(Notice.cause == cause, Notice.done_at.is_(None)).values(done_at=now(), text_due_at=None))
    return int(done.rowcount)  # type: ignore[attr-defined]


def open_causes(prefix: str) -> frozenset[str]:
    """Causes that begin so and that somebody was told of, as long as they aren't done."""
    return frozenset(db.session.scalars(select(Notice.cause).distinct().where(Notice.done_at.is_(None), Notice.cause.startswith(prefix, autoescape=True))))


def confirmed_phone(user_id: int) -> str | None:
    """The user's own number in E.164, if they have confirmed one and their account is open."""
    sealed = db.session.scalar(select(User.phone_cipher).where(User.id == user_id, User.active, User.phone_confirmed_at.isnot(None)))
    return None if sealed is None else vault().decrypt(sealed, phone_context(user_id))


def phone_context(user_id: int) -> str:
    return f"app_user.phone:{user_id}"


def holders_of(permission: Permission, unit_id: int, *, besides: Collection[int] = ()) -> list[int]:
    """Active users who hold the permission in the unit or from above; of approvals, also those who approve in their name today."""
    path = db.session.scalar(select(Unit.path).where(Unit.id == unit_id))
    if path is None:
        return []
    above = [int(part) for part in path.strip("/").split("/")]
    roles = [role for role in Role if rules.may([role], permission)]
    found = set(
        db.session.scalars(
            select(User.id).distinct().join(RoleGrant).where(User.active, RoleGrant.unit_id.in_(above), RoleGrant.role.in_(roles))
        )
    ) - set(besides)
    if permission is Permission.CAMPAIGNS_APPROVE and found:
        found |= set(_delegates_of(found, above))
    return sorted(found - set(besides))


def _delegates_of(managers: Collection[int], unit_ids: Collection[int]) -> Iterable[int]:
    delegate = aliased(User)
    return db.session.scalars(
        select(Delegation.delegate_id)
        .join(delegate, delegate.id == Delegation.delegate_id)
        .where(
            Delegation.user_id.in_(managers),
            Delegation.unit_id.in_(unit_ids),
            delegate.active,
            Delegation.revoked_at.is_(None),
            Delegation.first_day <= today(),
            Delegation.last_day >= today(),
        )
    )


def _tell(
    user_ids: list[int], code: str, *, unit_id: int | None, cause: str, params: Mapping[str, str | int], path: str, text: bool
) -> int:
    if not in_transaction():
        raise RuntimeError(f"the notice {code} outside transaction()")
    if code not in notice_words:
        raise ValueError(f"the notice {code} has no words")
    if not path.startswith("/console"):
        raise ValueError(f"a notice leads to a page of the console, not to {path}")
    if not user_ids:
        return 0
    at = now()
    written = {"unit_id": unit_id, "code": code, "cause": cause, "params": dict(params), "path": path, "created_at": at}
    told = db.session.execute(
        insert(Notice)
        # In one order, so that two tellers of one cause wait for each other instead of holding each other up.
        .values([{"user_id": each, **written} for each in sorted(user_ids)])
        .on_conflict_do_nothing(index_elements=["user_id", "cause"])
        .returning(Notice.id, Notice.user_id)
    ).all()
    if text and told and is_texting():
        due = text_moment(at, TEHRAN, is_urgent=code in urgent_notices)
        if due > at:
            db.session.execute(update(Notice).where(Notice.id.in_([row.id for row in told])).values(text_due_at=due))
        else:
            _send([row.user_id for row in told], code, params, path, unit_id)
    return len(told)


def _send(user_ids: Collection[int], code: str, params: Mapping[str, Any], path: str, unit_id: int | None) -> int:
    """A text to each of these who is there, has confirmed a number and wants this group. Returns how many."""
    group = notice_groups.get(code, NoticeGroup.OTHER)
    people = db.session.execute(
        select(User.id, User.phone_cipher)
        .where(User.id.in_(user_ids), User.active, User.phone_cipher.isnot(None), User.phone_confirmed_at.isnot(None))
        .where(~User.texts_off.contains([str(group)]))
        .order_by(User.id)
    ).all()
    settings: Settings = current_app.extensions["engage_settings"]
    link = settings.base_url + path
    sentence = spoken(code, params)[: MAX_CHARACTERS - len(link) - 1]
    for row in people:
        e164 = vault().decrypt(row.phone_cipher, phone_context(row.id))
        send_text(NOTICE_KIND, unit_id=unit_id, e164=e164, body=f"{sentence}\n{link}", expires_in=NOTICE_TEXT_HOLDS)
    return len(people)


def spoken(code: str, params: Mapping[str, Any]) -> str:
    """The notice as a person reads it; a code of a release that is gone says so much."""
    words = notice_words.get(code)
    return str(_("Something here concerns you.")) if words is None else str(words(params))


# -- the person's own ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NoticeView:
    """One notice as its reader sees it."""

    id: int
    code: str
    words: str
    path: str
    group: NoticeGroup
    created_at: datetime
    is_new: bool
    """Nobody had opened the page since it came."""
    is_done: bool


def read_notices(user_id: int, *, before_id: int | None = None) -> tuple[list[NoticeView], int | None]:
    """The person's newest notices (those before that id), which count as read from now on, and the id further ones begin before."""
    with transaction() as session:
        wanted = select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc()).limit(PAGE_SIZE + 1)
        if before_id is not None:
            wanted = wanted.where(Notice.id < before_id)
        rows = list(session.scalars(wanted))
        shown = rows[:PAGE_SIZE]
        views = [
            NoticeView(
                row.id,
                row.code,
                spoken(row.code, row.params),
                row.path,
                notice_groups.get(row.code, NoticeGroup.OTHER),
                row.created_at,
                row.read_at is None and row.done_at is None,
                row.done_at is not None,
            )
            for row in shown
        ]
        unread = [row.id for row in shown if row.read_at is None]
        if unread:
            session.execute(update(Notice).where(Notice.id.in_(unread)).values(read_at=now(), text_due_at=None))
    return views, shown[-1].id if len(rows) > PAGE_SIZE else None


def choose_texts(user_id: int, groups: Collection[NoticeGroup]) -> None:
    """Of notices of these groups the person also gets a text, of others none."""
    off = [str(group) for group in NoticeGroup if group not in groups]
    with transaction() as session:
        session.execute(update(User).where(User.id == user_id).values(texts_off=off))


# -- sweeps ----------------------------------------------------------------------------------------------------------------


def send_due_texts() -> int:
    """Texts that waited for the morning go out, to those whom the notice still concerns. Returns how many."""
    at, sent = now(), 0
    with transaction() as session:
        rows = session.scalars(
            select(Notice)
            .where(Notice.text_due_at <= at)
            .order_by(Notice.text_due_at)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).all()
        for row in rows:
            assert row.text_due_at is not None
            later = text_moment(at, TEHRAN, is_urgent=row.code in urgent_notices)
            is_stale = at - row.text_due_at > NOTICE_TEXT_HOLDS  # nobody was there to send it all day
            row.text_due_at = later if later > at and not is_stale else None
            if row.text_due_at is None and not is_stale and row.read_at is None and row.done_at is None:
                sent += _send([row.user_id], row.code, row.params, row.path, row.unit_id)
    return sent


def forget_old_notices() -> int:
    """Notices of more than 90 days ago are gone. Returns how many."""
    with transaction() as session:
        done = session.execute(delete(Notice).where(Notice.created_at < now() - NOTICES_KEPT))
        return int(done.rowcount)  # type: ignore[attr-defined]


def unread_count() -> Any:
    """A scalar to be selected beside `User`: how many notices wait to be seen."""
    return (
        select(func.count())
        .select_from(Notice)
        .where(Notice.user_id == User.id, Notice.read_at.is_(None), Notice.done_at.is_(None))
        .correlate(User)
        .scalar_subquery()
    )
