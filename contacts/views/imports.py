"""Lists on their way in: the wizard, the progress, the summary."""

from __future__ import annotations

from typing import Any

from flask import abort, make_response, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands, home, queries
from contacts.forms import BasisForm, UploadForm
from contacts.importing import files
from contacts.looks import IMPORT_LOOKS, ROW_LOOKS
from contacts.rules.columns import CUSTOM, Field, header_key
from contacts.rules.consent import Basis
from contacts.rules.states import ImportState
from contacts.views import blueprint
from contacts.words import BASES, FAILURES, FIELDS, field_words, problem_words
from engage import persian
from engage.identity.guard import authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.charts import Part, strip
from engage.web.flashes import flash_done
from engage.web.refusals import explain

ROWS_SHOWN = 20
_FILTERS = ("", "rejected", "warned", "duplicates", "created", "updated", "unchanged", "suppressed")


@blueprint.get("/imports/")
@guarded(Permission.CONTACTS_IMPORT)
def imports() -> str:
    records = queries.list_imports(visible_unit_ids(Permission.CONTACTS_IMPORT))
    names = user_names(record.user_id for record in records if record.user_id)
    return render_template("contacts/imports.html", records=records, names=names, looks=IMPORT_LOOKS)


@blueprint.route("/imports/new", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def new_import() -> Any:
    form = UploadForm()
    if form.validate_on_submit():
        upload = form.file.data
        try:
            slug = commands.upload_list(current_unit().id, upload.filename or "", upload.stream)
        except Refused as refused:
            form.file.errors = [*form.file.errors, explain(refused)]
        else:
            return redirect(url_for(".columns", slug=slug), code=303)
    status = 422 if form.is_submitted() else 200
    return render_template("contacts/import_new.html", form=form, unit=current_unit()), status


@blueprint.get("/imports/<slug>")
@guarded(Permission.CONTACTS_IMPORT)
def show_import(slug: str) -> Any:
    record = _authorized(slug)
    step = {ImportState.UPLOADED: ".columns", ImportState.CHECKED: ".preview"}.get(record.state)
    if step:
        return redirect(url_for(step, slug=slug), code=303)
    if record.state is ImportState.DISCARDED:
        abort(404)
    return render_template(
        "contacts/import.html",
        record=record,
        work=home.work_item(record) if record.is_waiting else None,
        failure=_failure(record),
        looks=IMPORT_LOOKS,
        bases=BASES,
        purposes=queries.list_purposes(),
        **_summary(record),
    )


@blueprint.get("/imports/<slug>/progress")
@guarded(Permission.CONTACTS_IMPORT)
def import_progress(slug: str) -> Any:
    record = _authorized(slug)
    if record.is_waiting:
        return render_template("contacts/_progress.html", work=home.work_item(record))
    response = make_response("")
    # The summary is another page than the progress: the browser goes there by itself.
    response.headers["HX-Redirect"] = url_for(".show_import", slug=slug)
    return response


@blueprint.route("/imports/<slug>/columns", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def columns(slug: str) -> Any:
    record = _authorized(slug)
    if record.state not in (ImportState.UPLOADED, ImportState.CHECKED, ImportState.CHECKING):
        return redirect(url_for(".show_import", slug=slug), code=303)
    problem, chosen = "", record.mapping
    if request.method == "POST":
        chosen = _chosen(record)
        try:
            commands.map_columns(slug, chosen)
            return redirect(url_for(".show_import", slug=slug), code=303)
        except Refused as refused:
            if "field" in refused.params:
                refused = Refused(refused.code, field=str(field_words(refused.params["field"])))
            problem = explain(refused)
    page = render_template("contacts/import_columns.html", record=record, chosen=chosen, problem=problem, fields=FIELDS, custom=CUSTOM)
    return page, 422 if problem else 200


def _chosen(record: queries.ImportRecord) -> dict[int, str]:
    chosen: dict[int, str] = {}
    for position, column in enumerate(record.columns):
        field = request.form.get(f"column-{position}", "")
        if field == CUSTOM:
            field = CUSTOM + _custom_key(column["header"], position)
        if field and (field in set(Field) or field.startswith(CUSTOM)):
            chosen[position] = field
    return chosen


def _custom_key(header: str, position: int) -> str:
    key = header_key(header)[:40].strip()
    return key if key and not key[0].isdigit() else f"x{position + 1}"


@blueprint.get("/imports/<slug>/preview")
@guarded(Permission.CONTACTS_IMPORT)
def preview(slug: str) -> Any:
    record = _authorized(slug)
    if record.state is not ImportState.CHECKED:
        return redirect(url_for(".show_import", slug=slug), code=303)
    show = request.args.get("show", "")
    show = show if show in _FILTERS else ""
    counts = files.count_preview(record.stored_name)
    total = counts.get(show, 0)
    page = min(_page_number(), max(1, -(-total // ROWS_SHOWN)))
    rows = files.read_preview(record.stored_name, show=show, skip=(page - 1) * ROWS_SHOWN, limit=ROWS_SHOWN)
    return render_template(
        "contacts/import_preview.html",
        record=record,
        rows=rows,
        counts=counts,
        show=show,
        filters=[name for name in _FILTERS if not name or name in ("rejected", "warned", "duplicates") or counts.get(name)],
        page=page,
        first=(page - 1) * ROWS_SHOWN + 1,
        last=(page - 1) * ROWS_SHOWN + len(rows),
        total=total,
        looks=ROW_LOOKS,
        shown_keys={"first_name", "last_name", *_shown_fields(record)},
        shown_fields=[(name, field_words(name)) for name in _shown_fields(record)],
        problem_words=problem_words,
        **_summary(record),
    )


def _shown_fields(record: queries.ImportRecord) -> list[str]:
    # As many as fit beside the reasons; a problem in another cell stands under the row's result.
    order = [Field.PHONE, Field.NEIGHBOURHOOD, Field.BIRTH_YEAR]
    mapped = set(record.mapping.values())
    return [str(field) for field in order if field in mapped]


@blueprint.route("/imports/<slug>/basis", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def basis(slug: str) -> Any:
    record = _authorized(slug)
    if record.state is not ImportState.CHECKED:
        return redirect(url_for(".show_import", slug=slug), code=303)
    form = BasisForm()
    form.purpose.choices = list(queries.list_purposes().items())
    if form.validate_on_submit():
        commands.start_import(slug, purpose=form.purpose.data, basis=Basis(form.basis.data), evidence=form.evidence.data)
        return redirect(url_for(".show_import", slug=slug), code=303)
    return render_template("contacts/import_basis.html", record=record, form=form), 422 if form.is_submitted() else 200


@blueprint.get("/imports/<slug>/rejected")
@guarded(Permission.CONTACTS_IMPORT)
def rejected(slug: str) -> Any:
    record = _authorized(slug)
    path = files.rejected_path(record.stored_name) if record.has_files else None
    if path is None or not path.exists():
        abort(404)
    name = _("rejected rows of %(file)s", file=record.file_name.rpartition(".")[0] or record.file_name)
    return send_file(path, as_attachment=True, download_name=f"{name}{path.suffix}", max_age=0)


@blueprint.post("/imports/<slug>/discard")
@guarded(Permission.CONTACTS_IMPORT)
def discard(slug: str) -> Response:
    _authorized(slug)
    commands.discard_import(slug)
    flash_done(_("The list was given up and its file deleted. Nothing of it was saved."))
    return redirect(url_for(".imports"), code=303)


def _authorized(slug: str) -> queries.ImportRecord:
    record = queries.get_import(slug)
    authorize(Permission.CONTACTS_IMPORT, record.unit_id if record else None)
    assert record is not None
    return record


def _summary(record: queries.ImportRecord) -> dict[str, Any]:
    counts = record.counts
    if not counts:
        return {"bar": "", "reasons": [], "warnings": []}
    parts = [
        Part(ROW_LOOKS[name].label, counts[name], fill)
        for name, fill in (
            ("created", "ok"), ("updated", "accent"), ("unchanged", "off"), ("duplicates", "off"), ("suppressed", "wait"), ("rejected", "bad"),
        )
        if counts[name]
    ]  # fmt: skip
    return {
        "bar": strip(parts) if parts else "",
        "reasons": [(problem_words(code), count) for code, count in record.reasons.items()],
        "warnings": [(problem_words(code), count) for code, count in record.warnings.items()],
    }


def _failure(record: queries.ImportRecord) -> str:
    if record.failure is None:
        return ""
    return str(FAILURES[record.failure]) if record.failure in FAILURES else explain(Refused(record.failure))


def _page_number() -> int:
    typed = persian.to_latin_digits(request.args.get("page", "1"))
    return max(1, int(typed)) if typed.isdecimal() and len(typed) < 7 else 1
