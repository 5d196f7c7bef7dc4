"""What officers, lists and bulk changes did to a contact, as a part of its past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from contacts.models import BulkAction, BulkChange, ContactImport, ImportChange
from contacts.queries.fields import field_titles, fields_of
from contacts.queries.people import contact_unit
from contacts.queries.timeline import TimelineItem
from contacts.rules.bulk import BulkKind
from contacts.rules.columns import CUSTOM
from contacts.words import field_words
from engage.db import db
from engage.identity.audit_labels import sentence
from engage.identity.models import AuditEntry
from engage.identity.queries import user_names

_ICONS = {
    "contact_added": "user-plus",
    "consent_disputed": "dispute",
    "contact_tagged": "tag",
    "contact_untagged": "tag",
    "note_added": "message",
    "note_deleted": "trash",
    "number_checked": "phone",
}
_TOLD_BY_THE_LEDGER = ("consent_given", "consent_withdrawn", "consents_withdrawn", "number_suppressed")
_UNSAID = ("search_key", "sort_key", "is_shared", "updated_at")
SHOWN = 100


def change_timeline(contact_id: int, identity_id: int) -> list[TimelineItem]:
    """Decisions about this contact, from the audit log and from what lists and bulk changes kept."""
    entries = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.object_type == "contact", AuditEntry.object_id == str(contact_id), AuditEntry.action.not_in(_TOLD_BY_THE_LEDGER))
        .order_by(AuditEntry.id.desc())
        .limit(SHOWN)
    ).all()
    bulk = db.session.execute(
        select(BulkAction.kind, BulkAction.parameters, BulkAction.created_at, BulkAction.user_id)
        .join(BulkChange, BulkChange.action_id == BulkAction.id)
        .where(BulkChange.contact_id == contact_id, BulkAction.undone_at.is_(None), BulkAction.kind != BulkKind.WITHDRAW)
        .order_by(BulkAction.id.desc())
        .limit(SHOWN)
    ).all()
    lists = db.session.execute(
        select(ContactImport.file_name, ContactImport.finished_at, ContactImport.created_at, ContactImport.user_id, ImportChange.before)
        .join(ImportChange, ImportChange.import_id == ContactImport.id)
        .where(ImportChange.contact_id == contact_id, ContactImport.undone_at.is_(None))
        .order_by(ContactImport.id.desc())
        .limit(SHOWN)
    ).all()
    names = user_names(
        user_id for user_id in (*(e.actor_id for e in entries), *(b.user_id for b in bulk), *(each.user_id for each in lists)) if user_id
    )
    unit_id = contact_unit(contact_id)
    titles = field_titles(fields_of(unit_id, archived=True)) if unit_id is not None else {}
    items = [
        TimelineItem(
            at=entry.at,
            kind="change",
            icon=_ICONS.get(entry.action, "pencil"),
            title=sentence(entry.action, entry.detail),
            meta=_joined(_fields(entry.detail.get("fields") or (), titles), _by(names, entry.actor_id)),
        )
        for entry in entries
    ]
    items += [
        TimelineItem(
            at=each.created_at, kind="change", icon="stack", title=bulk_title(each.kind, each.parameters), meta=_by(names, each.user_id)
        )
        for each in bulk
    ]
    items += [
        TimelineItem(
            at=each.finished_at or each.created_at,
            kind="change",
            icon="spreadsheet",
            title=_("The list “%(file)s” changed the contact", file=each.file_name),
            meta=_joined(_fields(each.before, titles), _by(names, each.user_id)),
        )
        for each in lists
    ]
    return items


def bulk_title(kind: str, parameters: dict[str, Any]) -> str:
    """What a bulk change did, in one sentence."""
    words = parameters.get("words") or "—"
    return {
        BulkKind.ADD_TAG: _("Tag “%(name)s” for many contacts", name=words),
        BulkKind.REMOVE_TAG: _("Tag “%(name)s” taken from many contacts", name=words),
        BulkKind.NEIGHBOURHOOD: _("Neighbourhood of many contacts set to “%(name)s”", name=words),
        BulkKind.FIELD: _("Field “%(name)s” of many contacts set", name=words),
        BulkKind.LANGUAGE: _("Language of many contacts set"),
        BulkKind.WITHDRAW: _("Consent for “%(name)s” of many contacts withdrawn", name=words),
        BulkKind.MOVE: _("Many contacts moved to “%(name)s”", name=words),
    }[BulkKind(kind)]


def _fields(names: Iterable[str], titles: Mapping[str, str]) -> str:
    told = [name for name in names if name not in _UNSAID and not name.startswith("_")]
    return "، ".join(_field(name, titles) for name in told)


def _field(name: str, titles: Mapping[str, str]) -> str:
    if name.startswith(CUSTOM) and (title := titles.get(name.removeprefix(CUSTOM))):
        return title
    return {"custom": str(_("Own fields")), "tag_ids": str(field_words("tags"))}.get(name) or str(field_words(name))


def _by(names: dict[int, str], user_id: int | None) -> str:
    return _("by %(name)s", name=names[user_id]) if user_id in names else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
