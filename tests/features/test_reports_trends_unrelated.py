"""A survey that happens to number its questions alike is no round of another."""

from __future__ import annotations

from flask import Flask

from engage.reports import commands as reports
from engage.reports.trends.queries import elsewhere, rounds_of
from surveys.definitions import Definition
from surveys.types import Option, Single
from tests.features.test_reports_live import Asked

OTHER = Definition(
    title="پارک تازه",
    questions=[Single(id="q1", label="پارک کجا باشد؟", options=[Option(id="a1", label="شمال"), Option(id="a2", label="جنوب")])],
)


def test_the_same_ids_alone_make_no_round(app: Flask) -> None:
    first = Asked()
    there = Asked(unit_id=first.units[2])
    for asked in (first, there):
        asked.answer({"q1": "a1"}, 12)
        reports.refresh_report(asked.id, force=True)
    for unit_id in (first.unit_id, there.unit_id):
        newer = Asked(OTHER, unit_id=unit_id)
        newer.answer({"q1": "a1"}, 12)
        reports.refresh_report(newer.id, force=True)
    found = rounds_of(first.report())
    assert [slug for slug, _name in found.sides] == [first.slug] and found.questions == []
    beside = elsewhere(first.report(), {first.unit_id, there.unit_id}, {})
    assert [slug for slug, _name in beside.sides] == [first.slug, there.slug]
    assert beside.questions[0].reworded == []
