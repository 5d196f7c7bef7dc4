"""The steps of an import between the file and the decision: sheet and header, columns, values, preview, basis."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from flask import redirect, render_template, request, url_for

from contacts import commands, queries
from contacts.commands.checking import known_places
from contacts.commands.mapping import BLANK, NEW
from contacts.forms import BasisForm
from contacts.importing import files
from contacts.looks import LANGUAGES, ROW_LOOKS
from contacts.queries.fields import fields_of
from contacts.queries.purposes import offered_purposes
from contacts.reading import list_sheets
from contacts.reading.child import TableApart, open_apart
from contacts.rules.columns import CUSTOM, Field
from contacts.rules.consent import Basis
from contacts.rules.custom_values import CustomKind, show_value
from contacts.rules.rows import text_of
from contacts.rules.showing import mask_digits
from contacts.rules.states import ImportState
from contacts.views import blueprint
from contacts.views.imports import authorized, is_plain, summary, waits_for_release, words_of
from contacts.words import CUSTOM_KINDS, FIELDS, GENDERS, problem_words
from engage import persian
from engage.identity.guard import guarded
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.refusals import explain

ROWS_SHOWN = 20
GRID_ROWS, GRID_COLUMNS = 15, 12
_FILTERS = ("", "rejected", "warned", "duplicates", "created", "updated", "unchanged", "suppressed")
_NEW_FIELD, _SAME, _OTHER = "new:", "=", "other"
_DECIDING = (ImportState.UPLOADED, ImportState.MAPPED, ImportState.CHECKED)


# -- sheet and header --------------------------------------------------------------------------------------------------------------------


@blueprint.route("/imports/<slug>/sheet", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def sheet(slug: str) -> Any:
    record = authorized(slug)
    if record.state not in _DECIDING or not record.has_files:
        return redirect(url_for(".show_import", slug=slug), code=303)
    name, header, problem = record.sheet, record.header_row, ""
    if request.method == "POST":
        name, header = request.form.get("sheet", ""), _row_number(request.form.get("header", ""))
        try:
            if (name, header) != (record.sheet, record.header_row):
                commands.choose_sheet(slug, sheet=name, header_row=header)
            return redirect(url_for(".columns", slug=slug), code=303)
        except Refused as refused:
            problem = explain(refused)
    else:
        asked = request.args.get("sheet")
        name, header = (asked, None) if asked is not None and asked != record.sheet else (name, header)
    path = files.upload_path(record.stored_name)
    sheets = list_sheets(path)
    if sheets and name not in {each.name for each in sheets}:
        name, header = record.sheet, record.header_row
    grid: list[tuple[int, list[str]]] = []
    try:
        with open_apart(path, sheet=name) as table:
            header = table.header_row if header is None else header
        with open_apart(path, sheet=name, header_row=0) as table:
            grid = _grid(table)
    except Refused as refused:
        problem = problem or explain(refused)
    page = render_template(
        "contacts/import_sheet.html",
        record=record,
        sheets=sheets,
        sheet=name,
        header=header,
        grid=grid,
        problem=problem,
    )
    return page, 422 if problem and request.method == "POST" else 200


def _grid(table: TableApart) -> list[tuple[int, list[str]]]:
    shown = [(number, [mask_digits(text_of(cell))[:40] for cell in cells[:GRID_COLUMNS]]) for number, cells in islice(table.rows(), GRID_ROWS)]
    width = max((position + 1 for _, cells in shown for position, text in enumerate(cells) if text), default=0)
    return [(number, (cells + [""] * width)[:width]) for number, cells in shown]


def _row_number(typed: str) -> int | None:
    latin = persian.to_latin_digits(typed)
    return int(latin) if latin.isdecimal() and len(latin) < 7 else None


# -- columns -----------------------------------------------------------------------------------------------------------------------------


@blueprint.route("/imports/<slug>/columns", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def columns(slug: str) -> Any:
    record = authorized(slug)
    if record.state not in (*_DECIDING, ImportState.CHECKING):
        return redirect(url_for(".show_import", slug=slug), code=303)
    own = {CUSTOM + each.key: each.title for each in fields_of(record.unit_id)}
    problem, chosen, titles = "", dict(record.mapping), {}
    if request.method == "POST":
        chosen = {position: request.form.get(f"column-{position}", "") for position in range(len(record.columns))}
        titles = {position: request.form.get(f"title-{position}", "").strip() for position in chosen}
        known = {position: field for position, field in chosen.items() if field in set(Field) or field in own}
        try:
            commands.map_columns(slug, known, _new_fields(record, chosen, titles))
            return redirect(url_for(".show_import", slug=slug), code=303)
        except Refused as refused:
            if "field" in refused.params:
                refused = Refused(refused.code, field=words_of(record, refused.params["field"]))
            problem = explain(refused)
    page = render_template(
        "contacts/import_columns.html",
        record=record,
        chosen=chosen,
        titles=titles,
        problem=problem,
        fields=FIELDS,
        own=own,
        kinds=CUSTOM_KINDS,
        is_plain=is_plain(record),
    )
    return page, 422 if problem else 200


def _new_fields(record: queries.ImportRecord, chosen: dict[int, str], titles: dict[int, str]) -> dict[int, commands.NewField]:
    kinds = {str(kind) for kind in CustomKind}
    return {
        position: commands.NewField(titles[position] or record.columns[position]["header"], CustomKind(choice.removeprefix(_NEW_FIELD)))
        for position, choice in chosen.items()
        if choice.startswith(_NEW_FIELD) and choice.removeprefix(_NEW_FIELD) in kinds
    }


# -- values ------------------------------------------------------------------------------------------------------------------------------


@blueprint.route("/imports/<slug>/values", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def list_values(slug: str) -> Any:
    record = authorized(slug)
    if record.state not in (ImportState.MAPPED, ImportState.CHECKED) or not record.asked:
        return redirect(url_for(".show_import", slug=slug), code=303)
    problem = ""
    if request.method == "POST":
        try:
            commands.decide_values(slug, _decisions(record))
            return redirect(url_for(".show_import", slug=slug), code=303)
        except Refused as refused:
            problem = explain(refused)
    options = {CUSTOM + each.key: each for each in fields_of(record.unit_id)}
    blocks = []
    for asked in record.asked:
        custom = options.get(asked.field)
        blocks.append(
            {
                "asked": asked,
                "title": words_of(record, asked.field),
                "is_gender": asked.field == Field.GENDER,
                "options": custom.options if custom else (),
                "may_add": custom is None or custom.unit_id == record.unit_id,
                "known": known_places(record.unit_id) if asked.field == Field.NEIGHBOURHOOD else (),
                "now": [_decided(record, asked, number) for number in range(len(asked.unknown))],
            }
        )
    page = render_template("contacts/import_values.html", record=record, blocks=blocks, genders=GENDERS, problem=problem)
    return page, 422 if problem else 200


def _decided(record: queries.ImportRecord, asked: queries.AskedValues, number: int) -> tuple[str, str]:
    """(choice, other name) that the page shows for a value: what was typed, what was decided before, else what is suggested."""
    name = f"value-{asked.position}-{number}"
    if name in request.form:
        return request.form[name], request.form.get(f"other-{asked.position}-{number}", "")
    value = asked.unknown[number]
    stored = record.values.get(asked.field, {}).get(value.key)
    if stored is None:
        return (_SAME + value.suggestion if value.suggestion else BLANK if asked.field == Field.GENDER else NEW), ""
    if not stored:
        return BLANK, ""
    if persian.search_key(stored) == value.key:
        return NEW, ""
    if asked.field != Field.NEIGHBOURHOOD or stored == value.suggestion:
        return _SAME + stored, ""
    return _OTHER, stored


def _decisions(record: queries.ImportRecord) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for asked in record.asked:
        for number, value in enumerate(asked.unknown):
            choice = request.form.get(f"value-{asked.position}-{number}", "")
            other = request.form.get(f"other-{asked.position}-{number}", "").strip()
            if choice == _OTHER:
                choice = _SAME + other if other else NEW
            if choice in (BLANK, NEW):
                found.setdefault(asked.field, {})[value.key] = choice
            elif choice.startswith(_SAME):
                found.setdefault(asked.field, {})[value.key] = choice.removeprefix(_SAME)
    return found


# -- preview -----------------------------------------------------------------------------------------------------------------------------


@blueprint.get("/imports/<slug>/preview")
@guarded(Permission.CONTACTS_IMPORT)
def preview(slug: str) -> Any:
    record = authorized(slug)
    if record.state not in (ImportState.CHECKED, ImportState.QUARANTINED):
        return redirect(url_for(".show_import", slug=slug), code=303)
    show = request.args.get("show", "")
    show = show if show in _FILTERS else ""
    shown_counts = files.count_preview(record.stored_name)
    total = shown_counts.get(show, 0)
    page = min(max(1, _row_number(request.args.get("page", "1")) or 1), max(1, -(-total // ROWS_SHOWN)))
    rows = files.read_preview(record.stored_name, show=show, skip=(page - 1) * ROWS_SHOWN, limit=ROWS_SHOWN)
    fields = _shown_fields(record)
    return render_template(
        "contacts/import_preview.html",
        record=record,
        rows=rows,
        shown_counts=shown_counts,
        show=show,
        filters=[name for name in _FILTERS if not name or name in ("rejected", "warned", "duplicates") or shown_counts.get(name)],
        page=page,
        first=(page - 1) * ROWS_SHOWN + 1,
        last=(page - 1) * ROWS_SHOWN + len(rows),
        total=total,
        looks=ROW_LOOKS,
        shown_keys={"first_name", "last_name", *fields},
        shown_fields=[(name, words_of(record, name)) for name in fields],
        further=_further(record, fields),
        say=_speaker(record),
        problem_words=problem_words,
        waits=waits_for_release(record.unit_id),
        **summary(record),
    )


def _shown_fields(record: queries.ImportRecord) -> list[str]:
    # As many as fit beside the reasons; the others, and a problem in one of them, stand under the row.
    order = [Field.PHONE, Field.NEIGHBOURHOOD, Field.BIRTH_YEAR]
    mapped = set(record.mapping.values())
    return [str(field) for field in order if field in mapped]


def _further(record: queries.ImportRecord, fields: list[str]) -> dict[str, str]:
    shown = {"first_name", "last_name", *fields}
    return {name: words_of(record, name) for name in record.mapping.values() if name not in shown}


def _speaker(record: queries.ImportRecord) -> Callable[[str, str], str]:
    """(field, value as it will be stored) → the value as a person reads it."""
    kinds = {CUSTOM + each.key: each.kind for each in fields_of(record.unit_id)}
    words: dict[str, Any] = {str(Field.GENDER): GENDERS, str(Field.LANGUAGE): LANGUAGES}

    def say(field: str, value: str) -> str:
        if field in words:
            return str(words[field].get(value, value))
        if field == Field.CONSENTED_ON or kinds.get(field) is CustomKind.DATE:
            return show_value(CustomKind.DATE, value)
        return value

    return say


# -- basis -------------------------------------------------------------------------------------------------------------------------------


@blueprint.route("/imports/<slug>/basis", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_IMPORT)
def basis(slug: str) -> Any:
    record = authorized(slug)
    if record.state is not ImportState.CHECKED:
        return redirect(url_for(".show_import", slug=slug), code=303)
    form = BasisForm()
    form.purpose.choices = list(offered_purposes().items())
    problem = ""
    if form.validate_on_submit():
        try:
            commands.start_import(slug, purpose=form.purpose.data, basis=Basis(form.basis.data), evidence=form.evidence.data)
            return redirect(url_for(".show_import", slug=slug), code=303)
        except Refused as refused:
            problem = explain(refused)
    page = render_template(
        "contacts/import_basis.html",
        record=record,
        form=form,
        problem=problem,
        waits=waits_for_release(record.unit_id),
        accepted=summary(record)["accepted"],
    )
    return page, 422 if form.is_submitted() else 200
