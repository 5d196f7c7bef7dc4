"""Published figures to take away and count with: CSV and JSON, the same as on the page."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import msgspec

from engage.reports.render.csv_file import safe
from engage.reports.results.queries import Publication

LICENCE = "CC BY 4.0"
DEFINITIONS = {
    "share": "count / asked",
    "hidden": "null: one to four people, or a figure that would tell them",
    "person": "a distinct mobile number; a range where ways of answering can't be matched",
    "response_rate": "answered / delivered",
}


def as_csv(publication: Publication, office: str) -> bytes:
    """A line an option, with a byte order mark for spreadsheets; an empty figure is hidden."""
    figures = publication.figures
    assert figures is not None
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "label", "row", "option", "count", "share", "asked", "answered", "mean", "median", "unit"])
    for question in figures.questions:
        about = [question.key, safe(question.label), safe(question.row)]
        base: list[Any] = [question.asked, question.answered] if question.is_told else ["", ""]
        if not question.options:
            writer.writerow([*about, "", "", "", *base, _short(question.mean), _short(question.median), safe(question.unit)])
        for option in question.options:
            count = "" if option.count is None else option.count
            writer.writerow([*about, safe(option.label), count, _short(option.share), *base, _short(question.mean), "", ""])
    writer.writerow([])
    writer.writerow(["#", safe(figures.title), safe(office), LICENCE])
    return ("\ufeff" + text.getvalue()).encode()


def as_json(publication: Publication, office: str) -> bytes:
    figures = publication.figures
    assert figures is not None
    found = msgspec.to_builtins(figures) | {
        "headline": publication.headline,
        "office": office,
        "published_at": publication.published_at.isoformat() if publication.published_at else None,
        "licence": LICENCE,
        "definitions": DEFINITIONS,
    }
    return json.dumps(found, ensure_ascii=False, indent=1).encode()


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
