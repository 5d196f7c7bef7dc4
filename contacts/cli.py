"""`engage contacts …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import click
from flask import Flask

from contacts import commands, queries
from contacts.commands.exporting import note_export
from contacts.queries.exporting import export_rows, plan_export
from contacts.queries.finding import SearchFilter
from contacts.rules.consent import DEFAULT_PURPOSE, Basis
from contacts.rules.rows import COUNTS
from contacts.segments_cli import segments
from contacts.writing import XLSX_AT_MOST, csv_pieces, write_xlsx
from engage.identity.queries import find_unit, subtree_unit_ids, units_tree
from engage.refusal import Refused


class _Backstage(Protocol):
    def app(self) -> Flask: ...


@click.group("contacts")
def group() -> None:
    """The contact base."""


group.add_command(segments)


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
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="CSV, or XLSX by its suffix; default: CSV on standard output.")
@click.option("--query", default="", help="Only whoever has this name or whole number.")
@click.pass_obj
def export(backstage: _Backstage, unit_slug: str | None, target: Path | None, query: str) -> None:
    """Write the unit's contacts, numbers included. The audit log says so."""
    is_xlsx = target is not None and target.suffix.lower() == ".xlsx"
    with backstage.app().app_context():
        unit_id = _unit_id(unit_slug)
        plan = plan_export(subtree_unit_ids(unit_id), SearchFilter(words=query))
        if is_xlsx and plan.count > XLSX_AT_MOST:
            raise Refused("export_too_long", limit=XLSX_AT_MOST)
        note_export(unit_id, plan, "xlsx" if is_xlsx else "csv", actor_id=None)
        rows = export_rows(plan)
        if target is not None and is_xlsx:
            write_xlsx(target, plan.columns, rows, sheet=unit_slug or "contacts")
        else:
            stream: BinaryIO = target.open("wb") if target else sys.stdout.buffer
            try:
                for piece in csv_pieces(plan.columns, rows):
                    stream.write(piece)
                stream.flush()
            finally:
                if target:
                    stream.close()
    if target:
        click.echo(f"{plan.count} contacts → {target}")


@group.command("verify-ledger")
@click.option("--accept-restored", is_flag=True, help="This database was restored from an older backup on purpose: expect no later seals.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def verify_ledger(backstage: _Backstage, accept_restored: bool, as_json: bool) -> None:
    """Recompute every person's consent chain, every seal and their heads. Exit 1 when something was changed."""
    with backstage.app().app_context():
        if accept_restored:
            commands.accept_restored_ledger()
        proof = queries.verify_ledger()
    told = {
        "holds": proof.holds,
        "people": proof.people,
        "lines": proof.lines,
        "broken": [{"person": person, "line": line} for person, line in proof.broken],
        "unbacked": proof.unbacked,
        "changed_evidence": proof.changed_evidence,
        "checkpoints": proof.checkpoints,
        "sealed": proof.sealed,
        "unsealed": proof.unsealed,
        "finding_count": proof.finding_count,
        "findings": [{"kind": each.kind, "place": each.place} for each in proof.findings],
    }
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"{proof.lines} lines of {proof.people} people: " + ("unbroken" if proof.holds else "NOT AS WRITTEN"))
        click.echo(f"{proof.sealed} lines under {proof.checkpoints} seals, {proof.unsealed} not sealed yet")
        for each in proof.findings:
            click.echo(f"  {each.kind}: {each.place}")
        if proof.finding_count > len(proof.findings):
            click.echo(f"  … and {proof.finding_count - len(proof.findings)} more")
    if not proof.holds:
        raise click.exceptions.Exit(1)
