"""Reads of the inbox: cases of the units one may see, one thread, keywords."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from campaigns.inbox.commands.writing import reply_context
from campaigns.inbox.rules import CaseState
from campaigns.models import Campaign, CaseReply, InboundCase, InboundKeyword, InboundMessage, Message, Wave
from campaigns.states import MessageState
from contacts.queries import contact_names, phones_of
from contacts.queries.identities import contacts_by_unit
from engage.clock import now
from engage.db import db
from engage.identity.queries import user_names
from engage.vault import vault

MOST_ITEMS = 300
"""Of each kind in a thread, the newest"""
EXCERPT = 90


@dataclass(frozen=True)
class CaseRow:
    """`name` and `contact_id` are those of the case's own unit; `excerpt` begins the citizen's last text."""

    id: int
    unit_id: int
    state: CaseState
    topic: str
    assigned_to: int | None
    assignee: str
    due_at: datetime | None
    last_at: datetime
    closed_at: datetime | None
    identity_id: int
    contact_id: int | None
    name: str
    phone: str | None
    excerpt: str

    @property
    def is_overdue(self) -> bool:
        return self.state == CaseState.OPEN and self.due_at is not None and self.due_at < now()


@dataclass(frozen=True)
class ThreadItem:
    """kind: in (the citizen wrote), campaign (a text of ours, told by its title), or that of a reply; `about` is the kind of an
    inbound text, the state of a campaign's."""

    at: datetime
    kind: str
    text: str
    author: str
    about: str


@dataclass(frozen=True)
class KeywordView:
    id: int
    unit_id: int
    line: str
    label: str
    action: str
    survey_id: int | None
    text: str
    to_unit_id: int | None
    to_user_id: int | None
    is_active: bool


_COLUMNS = (
    InboundCase.id,
    InboundCase.unit_id,
    InboundCase.state,
    InboundCase.topic,
    InboundCase.assigned_to,
    InboundCase.due_at,
    InboundCase.last_at,
    InboundCase.closed_at,
    InboundCase.identity_id,
)


def list_cases(
    unit_ids: Collection[int], *, show: str = "open", user_id: int | None = None, page: int = 1, size: int = 25
) -> tuple[list[CaseRow], int]:
    """A page of the cases to `show` (open, mine, overdue, waiting, closed, all) and how many there are: what is due first comes first,
    what is over by its last text."""
    conditions = _shown(unit_ids, show, user_id)
    order = (
        (InboundCase.due_at.asc().nulls_last(), InboundCase.last_at.desc())
        if show in ("open", "mine", "overdue")
        else (InboundCase.last_at.desc(),)
    )
    total = db.session.scalar(select(func.count()).select_from(InboundCase).where(*conditions)) or 0
    rows = db.session.execute(
        select(*_COLUMNS).where(*conditions).order_by(*order, InboundCase.id.desc()).limit(size).offset((page - 1) * size)
    ).all()
    return _dressed(rows), total


def count_cases(unit_ids: Collection[int], user_id: int) -> dict[str, int]:
    """How many cases each way of showing them holds, in one statement."""
    at = now()
    is_open = InboundCase.state == CaseState.OPEN
    ways = {
        "open": is_open,
        "mine": is_open & (InboundCase.assigned_to == user_id),
        "overdue": is_open & (InboundCase.due_at < at),
        "waiting": InboundCase.state == CaseState.WAITING,
        "closed": InboundCase.state == CaseState.CLOSED,
    }
    row = db.session.execute(select(*[func.count().filter(each) for each in ways.values()]).where(InboundCase.unit_id.in_(unit_ids))).one()
    return dict(zip(ways, row, strict=True))


def count_open(unit_ids: Collection[int]) -> int:
    """How many cases wait for an answer."""
    return (
        db.session.scalar(
            select(func.count()).select_from(InboundCase).where(InboundCase.unit_id.in_(unit_ids), InboundCase.state == CaseState.OPEN)
        )
        or 0
    )


def get_case(case_id: int) -> CaseRow | None:
    rows = db.session.execute(select(*_COLUMNS).where(InboundCase.id == case_id)).all()
    return _dressed(rows)[0] if rows else None


def case_unit(case_id: int) -> int | None:
    """The unit a case belongs to: what rights are checked against before anything else is read."""
    return db.session.scalar(select(InboundCase.unit_id).where(InboundCase.id == case_id))


def thread_of(case: CaseRow) -> list[ThreadItem]:
    """What the citizen wrote in this case, what they were answered, and the texts this unit's campaigns sent them; oldest first."""
    keys = vault()
    items = [
        ThreadItem(row.received_at, "in", keys.decrypt(row.text_cipher, f"inbound_message:{row.gateway_id}"), "", row.kind or "")
        for row in db.session.execute(
            select(InboundMessage.gateway_id, InboundMessage.text_cipher, InboundMessage.kind, InboundMessage.received_at)
            .where(InboundMessage.case_id == case.id)
            .order_by(InboundMessage.id.desc())
            .limit(MOST_ITEMS)
        )
    ]
    replies = db.session.execute(
        select(CaseReply.id, CaseReply.kind, CaseReply.text_cipher, CaseReply.author_id, CaseReply.created_at)
        .where(CaseReply.case_id == case.id)
        .order_by(CaseReply.id.desc())
        .limit(MOST_ITEMS)
    ).all()
    names = user_names({row.author_id for row in replies if row.author_id is not None})
    items += [
        ThreadItem(
            row.created_at,
            row.kind,
            keys.decrypt(row.text_cipher, reply_context(row.id)),
            names.get(row.author_id, "") if row.author_id else "",
            "",
        )
        for row in replies
    ]
    sent = db.session.execute(
        select(Campaign.title, Wave.kind, Message.state, func.coalesce(Message.accepted_at, Message.claimed_at).label("at"))
        .join(Campaign, Campaign.id == Message.campaign_id)
        .join(Wave, Wave.id == Message.wave_id)
        .where(Message.identity_id == case.identity_id, Campaign.unit_id == case.unit_id, Message.claimed_at.is_not(None))
        .order_by(Message.claimed_at.desc())
        .limit(MOST_ITEMS)
    )
    items += [ThreadItem(row.at, "campaign", row.title, "", MessageState(row.state)) for row in sent]
    # Each kind was read newest first. Of one moment: our campaign's text, what the citizen wrote, and then what was answered.
    items.reverse()
    return sorted(items, key=lambda each: (each.at, each.kind != "campaign", each.kind != "in"))


def reply_count(case_id: int) -> int:
    return db.session.scalar(select(func.count()).where(CaseReply.case_id == case_id)) or 0


def list_keywords(unit_ids: Collection[int]) -> list[KeywordView]:
    rows = db.session.scalars(
        select(InboundKeyword).where(InboundKeyword.unit_id.in_(unit_ids)).order_by(InboundKeyword.word, InboundKeyword.line)
    )
    return [_keyword(row) for row in rows]


def get_keyword(keyword_id: int) -> KeywordView | None:
    row = db.session.get(InboundKeyword, keyword_id)
    return None if row is None else _keyword(row)


def _keyword(row: InboundKeyword) -> KeywordView:
    return KeywordView(**{name: getattr(row, name) for name in KeywordView.__dataclass_fields__})


def _shown(unit_ids: Collection[int], show: str, user_id: int | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [InboundCase.unit_id.in_(unit_ids)]
    if show in ("open", "mine", "overdue"):
        conditions.append(InboundCase.state == CaseState.OPEN)
    if show == "mine":
        conditions.append(InboundCase.assigned_to == user_id)
    if show == "overdue":
        conditions.append(InboundCase.due_at < now())
    if show in ("waiting", "closed"):
        conditions.append(InboundCase.state == show)
    return conditions


def _dressed(rows: Collection[object]) -> list[CaseRow]:
    found: list[object] = list(rows)
    contacts = contacts_by_unit({row.unit_id for row in found}, {row.identity_id for row in found})  # type: ignore[attr-defined]
    names = contact_names(contacts.values())
    phones = phones_of({row.identity_id for row in found})  # type: ignore[attr-defined]
    people = user_names({row.assigned_to for row in found if row.assigned_to is not None})  # type: ignore[attr-defined]
    words = _excerpts([row.id for row in found])  # type: ignore[attr-defined]
    dressed = []
    for row in found:
        values = dict(row._mapping)  # type: ignore[attr-defined]
        contact_id = contacts.get((values["unit_id"], values["identity_id"]))
        person = names.get(contact_id) if contact_id is not None else None
        dressed.append(
            CaseRow(
                **{**values, "state": CaseState(values["state"])},
                assignee=people.get(values["assigned_to"], ""),
                contact_id=contact_id,
                name=person.name if person else "",
                phone=phones.get(values["identity_id"]),
                excerpt=words.get(values["id"], ""),
            )
        )
    return dressed


def _excerpts(case_ids: Collection[int]) -> dict[int, str]:
    rows = db.session.execute(
        select(InboundMessage.case_id, InboundMessage.gateway_id, InboundMessage.text_cipher)
        .distinct(InboundMessage.case_id)
        .where(InboundMessage.case_id.in_(case_ids))
        .order_by(InboundMessage.case_id, InboundMessage.id.desc())
    )
    found = {}
    for case_id, gateway_id, cipher in rows:
        words = " ".join(vault().decrypt(cipher, f"inbound_message:{gateway_id}").split())
        found[case_id] = words if len(words) <= EXCERPT else f"{words[:EXCERPT].rstrip()}…"
    return found
