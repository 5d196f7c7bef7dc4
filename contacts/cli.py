"""`engage contacts …`."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any, Protocol

import click
from flask import Flask

from contacts import commands, queries
from contacts.queries.exporting import EXPORT_COLUMNS, export_rows
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.rows import COUNTS
from engage.identity.queries import find_unit, subtree_unit_ids, units_tree
from engage.refusal import Refused


class _Backstage(Protocol):
    def app(self) -> Flask: ...


@click.group("contacts")
def group() -> None:
    """The contact base."""


def _unit_id(slug: str | None) -> int:
    """The unit named, or the one at the top of the tree. Refused("unit_missing")."""
    unit = find_unit(slug) if slug else next(iter(units_tree()), None)
    if unit is None:
        raise Refused("unit_missing")
    return unit.id


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unit", "unit_slug", help="Public id of the unit (default: the one at the top).")
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="Correct the guess for a column; may be repeated.")
@click.option("--purpose", default=DEFAULT_PURPOSE, show_default=True)
@click.option("--basis", type=click.Choice([basis.value for basis in Basis]), help="Required unless --dry-run.")
@click.option("--evidence", default="", help="What proves the basis, in words.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def import_(
    backstage: _Backstage,
    file: Path,
    unit_slug: str | None,
    pairs: tuple[str, ...],
    purpose: str,
    basis: str | None,
    evidence: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a CSV or XLSX list of people."""
    overrides = []
    for pair in pairs:
        column, mark, field = pair.rpartition("=")
        if not mark:
            raise click.BadParameter(f"{pair!r} is not COLUMN=FIELD", param_hint="--map")
        overrides.append((column, field))
    if basis is None and not dry_run:
        raise Refused("basis_missing")
    with backstage.app().app_context():
        # A dry run may come before the first unit was made.
        unit_id = 0 if dry_run and not unit_slug and not units_tree() else _unit_id(unit_slug)
        result, report = commands.import_file(
            file,
            unit_id,
            overrides=overrides,
            purpose=purpose,
            basis=Basis(basis) if basis else None,
            evidence=evidence,
            dry_run=dry_run,
        )
    told: dict[str, Any] = {"rows": result.rows, **result.six(), "warnings": report.warnings, "errors": report.errors}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{file.name}: {result.rows} rows" + (" (dry run, nothing was written)" if dry_run else ""))
    for name in COUNTS:
        click.echo(f"  {name:<11}{told[name]:>9}")
    for code, count in {**result.reasons, **result.warnings}.items():
        click.echo(f"    {code:<22}{count:>7}")


@group.command("export")
@click.option("--unit", "unit_slug", help="Public id of the unit (default: the one at the top); its subtree is exported.")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="Default: standard output.")
@click.pass_obj
def export(backstage: _Backstage, unit_slug: str | None, target: Path | None) -> None:
    """Write the unit's contacts as CSV, numbers included."""
    with backstage.app().app_context():
        rows = export_rows(subtree_unit_ids(_unit_id(unit_slug)))
        # The mark makes Excel read UTF-8.
        stream = target.open("w", encoding="utf-8-sig", newline="") if target else sys.stdout
        try:
            writer = csv.writer(stream)
            writer.writerow(EXPORT_COLUMNS)
            count = 0
            for row in rows:
                writer.writerow(row)
                count += 1
        finally:
            if target:
                stream.close()
    if target:
        click.echo(f"{count} contacts → {target}")


@group.command("verify-ledger")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def verify_ledger(backstage: _Backstage, as_json: bool) -> None:
    """Recompute every person's consent chain. Exit 1 when something was changed."""
    with backstage.app().app_context():
        proof = queries.verify_ledger()
    told = {
        "holds": proof.holds,
        "people": proof.people,
        "lines": proof.lines,
        "broken": [{"person": person, "line": line} for person, line in proof.broken],
        "unbacked": proof.unbacked,
        "changed_evidence": proof.changed_evidence,
    }
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"{proof.lines} lines of {proof.people} people: " + ("unbroken" if proof.holds else "NOT AS WRITTEN"))
        for person, line in proof.broken:
            click.echo(f"  person {person}: line {line} does not fit")
        if proof.unbacked:
            click.echo(f"  {proof.unbacked} standings that the ledger does not say")
        if proof.changed_evidence:
            click.echo(f"  {proof.changed_evidence} pieces of evidence changed")
    if not proof.holds:
        raise click.exceptions.Exit(1)
