"""JSON: the figures of a report for other programs; nothing about single people."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import msgspec

from engage.clock import TEHRAN
from engage.reports.content import Report
from engage.reports.render.figures import option_label
from engage.reports.tally import MINIMUM, QuestionTally
from surveys.types import Tally

FORMAT = 1


def write(report: Report, target: BinaryIO) -> None:
    target.write(json.dumps(document(report), ensure_ascii=False, indent=2).encode() + b"\n")


def document(report: Report) -> dict[str, Any]:
    """Builtin values; shares are ratios, null while fewer than ten were asked."""
    return {
        "format": FORMAT,
        "survey": {"id": report.slug, "title": report.title, "state": report.state},
        "computed_at": report.computed_at.astimezone(TEHRAN).isoformat(timespec="seconds"),
        "answers": None if report.is_sealed else report.answers,
        "partial": report.content.partial,
        "excluded": report.content.excluded,
        "form_versions": report.content.version_count,
        "funnel": msgspec.to_builtins(report.funnel)
        | ({"started": None, "answered": None} if report.is_sealed else {})
        | {"response_rate": report.funnel.response_rate if report.is_shown_in_percent else None},
        "days": [{"day": each.day.isoformat(), "answers": each.count} for each in report.content.days],
        "questions": [_question(each) for each in report.content.questions],
        "definitions": {
            "person": "a distinct mobile number",
            "opened": "first opening of the link, robots included",
            "response_rate": "answered / delivered",
            "share": "count / asked",
            "sample": "self-selected; no margin of error applies",
        },
    }


def _question(question: QuestionTally) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": question.key,
        "type": question.type,
        "counted": str(question.tally),
        "label": question.label,
        "asked": question.asked,
        "answered": question.answered,
        "withdrawn": question.withdrawn,
    }
    if question.options is not None:
        found["options"] = [
            {
                "id": option.id,
                "label": option_label(question, option.id, option.label),
                "count": option.count,
                "share": question.share(option.count),
                "withdrawn": option.withdrawn,
            }
            for option in question.options
        ]
    if question.is_conditional:
        found["asked_of_some"] = True
    if question.places is not None:
        found["places"] = [
            {
                "id": place.id,
                "counts": place.counts,
                "mean": place.mean if question.is_shown_in_percent else None,
                "borda": place.borda,
            }
            for place in question.places
        ]
    if question.scale is not None:
        found |= {"scale": question.scale, "mean": question.mean if question.is_shown_in_percent else None}
    if question.tally == Tally.NUMBERS:
        is_shown = question.figures is not None and question.answered >= MINIMUM
        found |= {"unit": question.unit, "figures": msgspec.to_builtins(question.figures) if is_shown else None}
    return found
