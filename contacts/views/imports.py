"""Imported lists: the upload, the progress, the summary, and what may be done with a list as a whole."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, make_response, redirect, render_template, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands, home, queries
from contacts.commands.lists import MAX_UPLOAD_BYTES
from contacts.commands.undoing import undo_import
from contacts.forms import UploadForm
from contacts.importing import files
from contacts.looks import IMPORT_LOOKS, ROW_LOOKS
from contacts.queries.disputes import dispute_counts
from contacts.queries.fields import field_titles, fields_of
from contacts.queries.import_users import undo_refusal
from contacts.queries.policy import policy_of
from contacts.rules.columns import CUSTOM
from contacts.rules.states import ImportState
from contacts.rules.values import about
from contacts.views import blueprint
from contacts.words import BASES, FAILURES, field_words, problem_words
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import user_name, user_names
from engage.identity.rules import Permission, may
from engage.refusal import Refused
from engage.web.charts import Part, strip
from engage.web.flashes import flash_done
from engage.web.refusals import explain


@blueprint.get("/imports/")
@guarded(Permission.CONTACTS_IMPORT)
def imports() -> str:
    records = queries.list_imports(visible_unit_ids(Permission.CONTACTS_IMPORT))
    names = user_names(record.user_id for record in records if record.user_id)
    return render_template(
        "contacts/imports.html",
        records=[(record, record.told(sees_everything=sees_everything())) for record in records],
        names=names,
        looks=IMPORT_LOOKS,
        disputes=dispute_counts([record.id for record in records]),
    )


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
            record = queries.get_import(slug)
            assert record is not None
            return redirect(url_for(".columns" if is_plain(record) else ".sheet", slug=slug), code=303)
    status = 422 if form.is_submitted() else 200
    unit = current_unit()
    page = render_template(
        "contacts/import_new.html", form=form, unit=unit, days=policy_of(unit.id).upload_days, megabytes=MAX_UPLOAD_BYTES // 1024 // 1024
    )
    return page, status


def is_plain(record: queries.ImportRecord) -> bool:
    """Whether there is nothing to choose: one sheet of people, its columns named in the first row."""
    return record.header_row == 1 and not any(column.get("several_sheets") for column in record.columns[:1])


@blueprint.get("/imports/<slug>")
@guarded(Permission.CONTACTS_IMPORT)
def show_import(slug: str) -> Any:
    record = authorized(slug)
    step = {ImportState.UPLOADED: ".columns", ImportState.MAPPED: ".list_values", ImportState.CHECKED: ".preview"}.get(record.state)
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
        author=user_name(record.user_id),
        releaser=user_name(record.released_by_id),
        may_release=acting().may(Permission.CONTACTS_RELEASE, record.unit_id),
        undo_refused=_undo_refused(record),
        disputes=dispute_counts([record.id]).get(record.id, 0),
        **summary(record),
    )


@blueprint.get("/imports/<slug>/progress")
@guarded(Permission.CONTACTS_IMPORT)
def import_progress(slug: str) -> Any:
    record = authorized(slug)
    if record.is_waiting:
        return render_template("contacts/_progress.html", work=home.work_item(record))
    response = make_response("")
    # The summary is another page than the progress: the browser goes there by itself.
    response.headers["HX-Redirect"] = url_for(".show_import", slug=slug)
    return response


@blueprint.get("/imports/<slug>/rejected")
@guarded(Permission.CONTACTS_IMPORT)
def rejected(slug: str) -> Any:
    record = authorized(slug)
    path = files.rejected_path(record.stored_name) if record.has_files else None
    if path is None or not path.exists():
        abort(404)
    name = _("rejected rows of %(file)s", file=record.file_name.rpartition(".")[0] or record.file_name)
    return send_file(path, as_attachment=True, download_name=f"{name}{path.suffix}", max_age=0)


@blueprint.post("/imports/<slug>/discard")
@guarded(Permission.CONTACTS_IMPORT)
def discard(slug: str) -> Response:
    record = authorized(slug)
    return _done(
        slug, lambda: commands.discard_import(record.slug), _("The list was given up and its file deleted. Nothing of it was saved."), ".imports"
    )


@blueprint.post("/imports/<slug>/release")
@guarded(Permission.CONTACTS_RELEASE)
def release(slug: str) -> Response:
    record = authorized(slug, Permission.CONTACTS_RELEASE)
    return _done(slug, lambda: commands.release_import(record.slug), _("The list was let in and is being imported."))


@blueprint.post("/imports/<slug>/undo")
@guarded(Permission.CONTACTS_IMPORT)
def undo_list(slug: str) -> Response:
    record = authorized(slug)
    return _done(slug, lambda: undo_import(record.id), _("The list is being taken back."))


def _done(slug: str, deed: Any, said: str, endpoint: str = ".show_import") -> Response:
    """The deed, and what is said of it on the next page; a refusal is said there, too."""
    try:
        deed()
    except Refused as refused:
        flash(explain(refused), "bad")
        return redirect(url_for(".show_import", slug=slug), code=303)
    flash_done(said)
    return redirect(url_for(endpoint) if endpoint == ".imports" else url_for(endpoint, slug=slug), code=303)


def authorized(slug: str, permission: Permission = Permission.CONTACTS_IMPORT) -> queries.ImportRecord:
    """The import, for somebody who may do this in its unit; 404 for everybody outside."""
    record = queries.get_import(slug)
    authorize(permission, record.unit_id if record else None)
    assert record is not None
    return record


def sees_everything() -> bool:
    """Whether this person answers for the contact base of the whole tree, so that no number in it is another unit's to them."""
    return any(node.parent_id is None and may(node.roles, Permission.CONTACTS_MANAGE) for node in acting().units)


def waits_for_release(unit_id: int) -> bool:
    """Whether a list of this viewer would wait in this unit until somebody else lets it in."""
    return policy_of(unit_id).imports_need_release and not acting().may(Permission.CONTACTS_RELEASE, unit_id)


def words_of(record: queries.ImportRecord, field: str) -> str:
    """What a field is called on a page."""
    titles = field_titles(fields_of(record.unit_id)) if field.startswith(CUSTOM) else {}
    return titles.get(field.removeprefix(CUSTOM)) or str(field_words(field))


def summary(record: queries.ImportRecord) -> dict[str, Any]:
    """The numbers of a list as this viewer may know them."""
    whole = sees_everything()
    counts = record.told(sees_everything=whole)
    if not counts:
        return {"counts": {}, "bar": "", "reasons": [], "warnings": [], "accepted": 0, "stopped_about": 0, "hidden_as_new": 0}
    parts = [
        Part(ROW_LOOKS[name].label, counts[name], fill)
        for name, fill in (
            ("created", "ok"), ("updated", "accent"), ("unchanged", "off"), ("duplicates", "off"), ("suppressed", "wait"), ("rejected", "bad"),
        )
        if counts[name]
    ]  # fmt: skip
    return {
        "counts": counts,
        "bar": strip(parts) if parts else "",
        "reasons": [(problem_words(code), count) for code, count in record.reasons.items()],
        "warnings": [(problem_words(code), count) for code, count in record.warnings.items()],
        "accepted": sum(counts[name] for name in ("created", "updated", "unchanged")),
        "stopped_about": 0 if whole else about(record.hidden),
        "hidden_as_new": 0 if whole else record.hidden,
    }


def _undo_refused(record: queries.ImportRecord) -> str | None:
    """Why a finished list can't be taken back; None when it can, "" where that isn't asked."""
    if record.state is not ImportState.FINISHED:
        return ""
    code = undo_refusal(record.id)
    return None if code is None else explain(Refused(code))


def _failure(record: queries.ImportRecord) -> str:
    if record.failure is None:
        return ""
    return str(FAILURES[record.failure]) if record.failure in FAILURES else explain(Refused(record.failure))

