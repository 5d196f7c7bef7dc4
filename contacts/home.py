"""This room's part of the first page and of a person's past."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _

from contacts import queries
from contacts.looks import IMPORT_LOOKS
from contacts.queries import disputes
from contacts.queries.timeline import TimelineItem
from contacts.rules.states import EDITABLE, ImportState
from contacts.words import BASES, CHANNELS
from engage.identity.guard import acting
from engage.identity.home import CardBlock, FirstStep, TaskItem, WorkItem
from engage.identity.queries import UnitNode, user_names
from engage.identity.rules import Permission
from engage.identity.viewer import Viewer
from engage.web.filters import digits, number


def _units(unit: UnitNode) -> frozenset[int]:
    return acting().unit_ids(Permission.CONTACTS_IMPORT, below=unit)


def running_imports(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    """Imports a worker is at."""
    units = _units(unit)
    if not units:
        return []
    return [work_item(record) for record in queries.waiting_imports(units)]


def work_item(record: queries.ImportRecord) -> WorkItem:
    look = IMPORT_LOOKS[record.state]
    return WorkItem(
        title=_("Import of “%(file)s”", file=record.file_name),
        url=url_for("contacts.show_import", slug=record.slug),
        about=_("import of a list"),
        kind=look.kind,
        icon=look.icon,
        state_label=look.label,
        done=record.done_count,
        total=record.row_count,
        line=_("%(done)s of %(total)s rows", done=number(record.done_count), total=number(record.row_count)),
        refresh=url_for("contacts.import_progress", slug=record.slug),
    )


def checked_imports(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    """Lists that wait for the officer's decision."""
    units = _units(unit)
    if not units:
        return []
    return [
        TaskItem(
            icon="spreadsheet",
            tone="wait",
            title=_("The list “%(file)s” waits for your decision", file=record.file_name),
            meta=_("%(count)s rows, nothing saved yet", count=number(record.row_count)),
            action_label=_("Continue"),
            url=url_for("contacts.show_import", slug=record.slug),
        )
        for record in queries.list_imports(units, limit=20)
        if record.state in EDITABLE
    ]


def quarantined_imports(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    """Lists that wait to be let in, for whoever decides that."""
    deciding = acting().unit_ids(Permission.CONTACTS_RELEASE, below=unit)
    if not deciding:
        return []
    records = queries.imports_in(ImportState.QUARANTINED, deciding)
    names = user_names(record.user_id for record in records if record.user_id)
    return [
        TaskItem(
            icon="shield-lock",
            tone="wait",
            title=_("The list “%(file)s” waits to be let in", file=record.file_name),
            meta=_(
                "%(count)s rows from %(name)s · basis: %(basis)s",
                count=number(record.row_count),
                name=names.get(record.user_id or 0, "—"),
                basis=BASES.get(record.basis or "", "—"),
            ),
            action_label=_("Look and decide"),
            url=url_for("contacts.show_import", slug=record.slug),
        )
        for record in records
    ]


def held_lists(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    """Lists held after objections: whoever may release lists decides."""
    units = acting().unit_ids(Permission.CONTACTS_RELEASE, below=unit)
    if not units:
        return []
    return [
        TaskItem(
            icon="dispute",
            tone="bad",
            title=_("The list “%(file)s” is held: %(count)s people object to its consent", file=each.file_name, count=number(each.dispute_count)),
            meta=_("Nobody is texted on the ground of this list until you decide."),
            action_label=_("Decide"),
            url=url_for("contacts.objections"),
        )
        for each in disputes.held_lists(units)
    ]


def first_list(viewer: Viewer, unit: UnitNode) -> FirstStep | None:
    """A unit without contacts begins by importing a list."""
    units = _units(unit)
    if not units or queries.count_contacts(units):
        return None
    return FirstStep(
        title=_("You have no contacts yet"),
        text=_("To begin, import the list of contacts."),
        action_label=_("Import a list"),
        url=url_for("contacts.new_import"),
    )


def consent_timeline(contact_id: int, identity_id: int) -> list[TimelineItem]:
    """The person's ledger as their past."""
    record = queries.get_contact(contact_id)
    if record is None:
        return []
    names = user_names(line.actor_id for line in record.lines if line.actor_id)
    items = []
    for line in record.lines:
        title = _("Consent for “%(title)s” was recorded", title=line.title) if line.given else _("Consent for “%(title)s” ended", title=line.title)
        parts = []
        if line.file_name:
            parts.append(_("list “%(file)s”, row %(row)s", file=line.file_name, row=digits(line.row)))
        else:
            parts.append(str(CHANNELS.get(line.channel, line.channel)))
        if line.given:
            parts.append(str(BASES.get(line.basis, line.basis)))
        if line.evidence and not line.evidence.startswith(("suppressed:", "not_mine", "disputed_list:", "inbound:", "response:")):
            parts.append(_("proof: %(evidence)s", evidence=line.evidence))
        if line.actor_id in names:
            parts.append(_("entered by %(name)s", name=names[line.actor_id]))
        items.append(
            TimelineItem(
                at=line.at,
                kind="consent",
                icon="ok" if line.given else "bad",
                title=title,
                meta=" · ".join(parts),
                quote=line.text or "",
                tone="ok" if line.given else "bad",
            )
        )
    return items
