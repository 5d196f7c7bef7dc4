"""`engage reports …`."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import click
from flask import Flask

from engage.db import transaction
from engage.refusal import Refused
from engage.reports import commands, queries
from engage.reports.content import Report
from engage.reports.render import FORMATS
from surveys.queries import find_survey, get_survey_facts


class _Backstage(Protocol):
    def app(self) -> Flask: ...


@click.group("reports")
def group() -> None:
    """Feedback reports."""


@group.command("build")
@click.argument("survey")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write; its suffix says which kind: .html, .pdf, .xlsx, .sav, .csv, .codes.csv, .codebook.csv, .figures.csv, .json, …",
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def build(backstage: _Backstage, survey: str, target: Path, as_json: bool) -> None:
    """Compute a survey's report now and write it as a file."""
    kind_of(target)
    with backstage.app().app_context():
        report = build_report(_survey_id(survey), target)
    if as_json:
        click.echo(json.dumps({"survey": report.slug, "answers": report.answers, "file": str(target)}, ensure_ascii=False))
    else:
        click.echo(f"{report.title}: {report.answers} → {target}")


def kind_of(target: Path) -> str:
    """The format a file's name asks for; Refused("report_suffix_unknown")."""
    name = target.name.lower()
    kind = max((each for each in FORMATS if name.endswith(f".{each}")), key=len, default="")
    if not kind:
        raise Refused("report_suffix_unknown", suffix=target.suffix or target.name, known="، ".join(f".{each}" for each in FORMATS))
    return kind


def build_report(survey_id: int, target: Path) -> Report:
    """The report as of now stands whole in `target`, or nothing changed there. Needs the application's context.

    Refused: "report_suffix_unknown", "survey_not_found", "report_file_unwritable" (detail), and what the format itself refuses:
    "report_rows_anonymous", "report_rows_too_many".
    """
    kind = kind_of(target)
    commands.refresh_report(survey_id, force=True)
    half = None
    try:
        with transaction():
            report = queries.report_of(survey_id)
            handle, half = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
            wanted = FORMATS[kind]
            with os.fdopen(handle, "wb") as file:
                # Whoever has the command line has the answers.
                (wanted.write_whole or wanted.write)(report, cast(BinaryIO, file))
            commands.record_export(report, kind)
        os.chmod(half, 0o644)
        os.replace(half, target)
        half = None
    except OSError as error:
        raise Refused("report_file_unwritable", detail=error.strerror or "") from None
    finally:
        if half is not None:
            Path(half).unlink(missing_ok=True)
    return report


def _survey_id(named: str) -> int:
    """By its public id, or its number."""
    found = find_survey(named)
    if found is not None:
        return found.id
    if named.isascii() and named.isdigit() and len(named) < 19 and get_survey_facts(int(named)) is not None:
        return int(named)
    raise Refused("survey_not_found")
