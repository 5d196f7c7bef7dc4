"""`engage surveys`: definitions in and out as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from engage.identity.queries import find_unit, units_tree
from engage.refusal import Refused
from surveys import commands, queries
from surveys.definitions import dump_text

MAX_FILE = 2 * 1024 * 1024


@click.group("surveys")
def group() -> None:
    """Surveys: definitions in and out."""


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unit", "unit_slug", help="Public id of the unit (default: the topmost one).")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def import_command(stage: Any, file: Path, unit_slug: str | None, as_json: bool) -> None:
    """Make a draft from a definition (JSON)."""
    if file.suffix.lower() != ".json":
        raise Refused("survey_file_kind_unknown", suffix=file.suffix or file.name)
    try:
        if file.stat().st_size > MAX_FILE:
            raise Refused("survey_file_too_large", limit=MAX_FILE // (1024 * 1024))
        content = file.read_bytes()
    except OSError as error:
        raise Refused("survey_file_unreadable", detail=error.strerror or "") from None
    with stage.app().app_context():
        unit_id = _unit_id(unit_slug)
        survey_id = commands.import_definition(unit_id, content, actor_id=None)
        survey = queries.get_survey(survey_id)
        assert survey is not None
        result: dict[str, Any] = {"survey": survey.slug, "questions": len(survey.draft.questions), "skipped": [], "warnings": []}
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo(f"{survey.title}: {result['questions']} questions, draft {survey.slug}")


@group.command("export")
@click.argument("survey")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def export_command(stage: Any, survey: str, target: Path, as_json: bool) -> None:
    """Write a survey's newest published version, or its draft, as JSON."""
    if target.suffix.lower() != ".json":
        raise Refused("survey_file_kind_unknown", suffix=target.suffix or target.name)
    with stage.app().app_context():
        found = queries.find_survey(survey)
        if found is None and survey.isascii() and survey.isdigit():
            found = queries.get_survey(int(survey))
        if found is None:
            raise Refused("survey_not_found")
        definition = queries.definition_of(found.published_version_id) if found.published_version_id is not None else found.draft
    try:
        target.write_text(dump_text(definition), encoding="utf-8")
    except OSError as error:
        raise Refused("survey_file_unwritable", detail=error.strerror or "") from None
    if as_json:
        click.echo(json.dumps({"survey": found.slug, "questions": len(definition.questions), "file": str(target)}, ensure_ascii=False))
    else:
        click.echo(f"{found.title}: {len(definition.questions)} questions → {target}")


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
