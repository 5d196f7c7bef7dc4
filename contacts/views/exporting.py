"""Contacts as a file for whoever may take them out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import abort, render_template, request, send_file
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts.commands.exporting import note_export
from contacts.queries.exporting import export_rows, plan_export
from contacts.views import blueprint
from contacts.views.bulk import Selection
from contacts.writing import XLSX_AT_MOST, csv_pieces, told_codes, told_columns, write_xlsx
from engage import persian
from engage.clock import now
from engage.identity.guard import current_unit, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused

_TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@blueprint.get("/export")
@guarded(Permission.CONTACTS_EXPORT)
def export_page() -> str:
    selection = Selection(request.args, visible_unit_ids(Permission.CONTACTS_EXPORT))
    return render_template("contacts/export.html", selection=selection, count=selection.count(), limit=XLSX_AT_MOST, unit=current_unit())


@blueprint.post("/export")
@guarded(Permission.CONTACTS_EXPORT)
def export_file() -> Any:
    form = request.form.get("format", "")
    if form not in _TYPES:
        abort(400)
    selection = Selection(request.form, visible_unit_ids(Permission.CONTACTS_EXPORT))
    unit = current_unit()
    plan = plan_export(selection.units, selection.wanted.filter, contact_ids=selection.ids)
    if not plan.count:
        raise Refused("export_empty")
    if form == "xlsx" and plan.count > XLSX_AT_MOST:
        raise Refused("export_too_long", limit=XLSX_AT_MOST)
    note_export(unit.id, plan, form)
    header, rows = told_columns(plan), export_rows(plan, told_codes())
    name = f"contacts-{unit.slug}-{'-'.join(map(str, persian.to_jalali(now())))}.{form}"
    if form == "csv":
        response = Response(csv_pieces(header, rows), content_type=_TYPES["csv"])
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    else:
        # The name is gone at once; the file lives as long as it is being sent.
        with tempfile.TemporaryDirectory(prefix="engage-export-") as folder:
            path = Path(folder) / "contacts.xlsx"
            write_xlsx(path, header, rows, sheet=_("Contacts"))
            response = send_file(path.open("rb"), mimetype=_TYPES["xlsx"], as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response
