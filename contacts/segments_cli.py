"""`engage contacts segments …`."""

from __future__ import annotations

import json
from typing import Any, Protocol

import click
from flask import Flask

from contacts import queries
from contacts.queries import AudienceFilter
from contacts.rules.consent import DEFAULT_PURPOSE
from contacts.rules.sampling import Sample
from contacts.rules.segments import to_json
from engage.identity.queries import find_unit, subtree_unit_ids, units_tree
from engage.refusal import Refused


class _Backstage(Protocol):
    def app(self) -> Flask: ...


@click.group("segments")
def segments() -> None:
    """Saved segments: which there are, and how many people they find."""


@segments.command("list")
@click.option("--unit", "unit_slug", help="Public id of the unit (default: the one at the top); its subtree is listed.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(backstage: _Backstage, unit_slug: str | None, as_json: bool) -> None:
    """List the segments that are shared in a unit's subtree."""
    with backstage.app().app_context():
        unit = find_unit(unit_slug) if unit_slug else next(iter(units_tree()), None)
        if unit is None:
            raise Refused("unit_missing")
        names = {node.id: node.slug for node in units_tree()}
        told = [
            {"segment": each.slug, "unit": names[each.unit_id], "title": each.title, "rule": to_json(each.rule)}
            for each in queries.list_segments(subtree_unit_ids(unit.id), None)
        ]
    if as_json:
        click.echo(json.dumps({"segments": told}, ensure_ascii=False))
        return
    for row in told:
        click.echo(f"{row['segment']}  {row['unit']}  {row['title']}")


@segments.command("count")
@click.argument("segment", metavar="SEGMENT")
@click.option("--purpose", default=DEFAULT_PURPOSE, show_default=True)
@click.option("--sample", "size", type=click.IntRange(1), help="Draw so many of them.")
@click.option("--by-neighbourhood", is_flag=True, help="Draw in proportion to the neighbourhoods, at least one of each.")
@click.option("--seed", type=click.IntRange(0, 10**9), default=1, show_default=True, help="The same seed draws the same people.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def count(backstage: _Backstage, segment: str, purpose: str, size: int | None, by_neighbourhood: bool, seed: int, as_json: bool) -> None:
    """Say how many people a segment finds now, and why some of them may not be written to."""
    with backstage.app().app_context():
        found = queries.get_segment(segment, None)
        if found is None:
            raise Refused("segment_missing")
        sample = Sample(size, seed, by_neighbourhood, by_neighbourhood) if size else None
        counts = queries.count_audience(AudienceFilter(found.unit_id, found.rule, sample), purpose)
        told: dict[str, Any] = {
            "segment": found.slug,
            "matching": counts.total,
            "suppressed": counts.suppressed,
            "no_consent": counts.no_consent,
            "reassigned": counts.reassigned,
            "list_held": counts.held,
            "prior_relation": counts.prior_relation,
            "unreachable": counts.unreachable,
            "frequency_cap": counts.frequency_cap,
            "eligible": counts.eligible,
            "recipients": counts.recipients,
        }
        if sample is not None:
            told["seed"] = seed
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        click.echo(f"  {name:<15}{value:>9}")
