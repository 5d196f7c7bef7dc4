"""`engage surveys`: definitions in and out as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from engage.identity.queries import find_unit, units_tree
from engage.refusal import Refused
from surveys import commands, queries
from surveys.definitions import Definition, dump_text
from surveys.interchange.findings import Skipped
from surveys.interchange.from_xlsform import import_form
from surveys.interchange.schema import definition_schema
from surveys.interchange.to_xlsform import export_form
from surveys.interchange.words import explain_in_terminal

MAX_FILE = 2 * 1024 * 1024
FORMS = (".xlsx", ".xls", ".csv")


@click.group("surveys")
def group() -> None:
    """Surveys: definitions in and out."""


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unit", "unit_slug", help="Public id of the unit (default: the topmost one).")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def import_command(stage: Any, file: Path, unit_slug: str | None, as_json: bool) -> None:
    """Make a draft from a definition (JSON) or an XLSForm (xlsx, xls, csv)."""
    suffix = file.suffix.lower()
    if suffix != ".json" and suffix not in FORMS:
        raise Refused("survey_file_kind_unknown", suffix=file.suffix or file.name, kinds=", ".join((".json", *FORMS)))
    skipped: list[Skipped] = []
    warnings: list[Skipped] = []
    content: bytes | Definition
    if suffix == ".json":
        content = _content_of(file)
    else:
        # Read before anything is started: a file that is refused costs nothing.
        imported = import_form(file)
        content, skipped, warnings = imported.definition, imported.skipped, imported.warnings
    with stage.app().app_context():
        unit_id = _unit_id(unit_slug)
        if isinstance(content, Definition):
            survey_id = commands.create_survey(unit_id, content.title, content, actor_id=None)
        else:
            survey_id = commands.import_definition(unit_id, content, actor_id=None)
        survey = queries.get_survey(survey_id)
        assert survey is not None
        result: dict[str, Any] = {
            "survey": survey.slug,
            "questions": len(survey.draft.questions),
            "skipped": [each.as_json(explain_in_terminal(each)) for each in skipped],
            "warnings": [each.as_json(explain_in_terminal(each)) for each in warnings],
        }
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    click.echo(f"{survey.title}: {result['questions']} questions, draft {survey.slug}")
    _list("not carried over", skipped)
    _list("carried over otherwise", warnings)


@group.command("export")
@click.argument("survey")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def export_command(stage: Any, survey: str, target: Path, as_json: bool) -> None:
    """Write a survey's newest published version, or its draft, as JSON or as an XLSForm (xlsx), by suffix."""
    suffix = target.suffix.lower()
    if suffix not in (".json", ".xlsx"):
        raise Refused("survey_file_kind_unknown", suffix=target.suffix or target.name, kinds=".json, .xlsx")
    with stage.app().app_context():
        found = queries.find_survey(survey)
        if found is None and survey.isascii() and survey.isdigit():
            found = queries.get_survey(int(survey))
        if found is None:
            raise Refused("survey_not_found")
        definition = queries.definition_of(found.published_version_id) if found.published_version_id is not None else found.draft
    skipped: list[Skipped] = []
    if suffix == ".json":
        content = dump_text(definition).encode()
    else:
        exported = export_form(definition)
        content, skipped = exported.content, exported.skipped
    _write(target, content)
    if as_json:
        told = {
            "survey": found.slug,
            "questions": len(definition.questions),
            "file": str(target),
            "skipped": [each.as_json(explain_in_terminal(each)) for each in skipped],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{found.title}: {len(definition.questions)} questions → {target}")
    _list("not carried over", skipped)


@group.command("schema")
@click.option("--to", "target", type=click.Path(path_type=Path), help="A file instead of standard output.")
def schema_command(target: Path | None) -> None:
    """Write the JSON Schema of a survey's definition."""
    text = json.dumps(definition_schema(), ensure_ascii=False, indent=2) + "\n"
    if target is None:
        click.echo(text, nl=False)
    else:
        _write(target, text.encode())


def _content_of(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_FILE:
            raise Refused("survey_file_too_large", limit=MAX_FILE // (1024 * 1024))
        return file.read_bytes()
    except OSError as error:
        raise Refused("survey_file_unreadable", detail=error.strerror or "") from None


def _write(target: Path, content: bytes) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        raise Refused("survey_file_unwritable", detail=error.strerror or "") from None


def _list(heading: str, found: list[Skipped]) -> None:
    if not found:
        return
    click.echo(f"{heading}:")
    for each in found:
        place = f"{each.sheet}, row {each.row}" if each.row else each.sheet
        click.echo(f"  {place}{f', {each.column}' if each.column else ''}: {each.what}: {explain_in_terminal(each)}")


def _unit_id(slug: str | None) -> int:
    if slug is None:
        tree = units_tree()
        if not tree:
            raise Refused("unit_missing")
        return tree[0].id
    unit = find_unit(slug)
    if unit is None:
        raise Refused("unit_missing")
    return unit.id
