"""What the manager's first page says of promises: late results, and days moved without a word."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _

from engage.identity.guard import visible_unit_ids
from engage.identity.home import CardBlock, TaskItem, WorkItem
from engage.identity.queries import UnitNode
from engage.identity.rules import Permission
from engage.identity.viewer import Viewer
from engage.reports.sharing.queries import broken_promises
from engage.web.filters import jalali

MOST = 5


def late_results(viewer: Viewer, unit: UnitNode) -> list[TaskItem | WorkItem | CardBlock]:
    """For those who may decide; nothing for others."""
    units = visible_unit_ids(Permission.REPORTS_DECIDE)
    if not units:
        return []
    found: list[TaskItem | WorkItem | CardBlock] = []
    for slug, title, promise in broken_promises(units)[:MOST]:
        if promise.is_late:
            words = _("Promised to citizens for %(day)s; nothing is published and no reason is given.", day=jalali(promise.results_on))
        else:
            words = _("The day of the results was moved; citizens are owed the reason.")
        found.append(
            TaskItem(
                "calendar",
                "bad" if promise.is_late else "wait",
                _("The results of “%(title)s” are late", title=title)
                if promise.is_late
                else _("“%(title)s” has a new day for its results", title=title),
                words,
                _("Publish, or say why"),
                url_for("reports_sharing.index", slug=slug, _anchor="promise"),
            )
        )
    return found
