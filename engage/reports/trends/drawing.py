"""Priorities beside satisfaction as a drawing: a point a topic, its number beside it; the words stand in the table."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from markupsafe import Markup

from engage.reports.trends.priorities import Quadrant, Topic
from engage.web.filters import number

WIDTH, HEIGHT, EDGE = 320, 240, 14


def scatter_of(topics: Sequence[Topic]) -> Markup:
    """Satisfaction grows to the left, as people read; importance upwards. The line between is that of the quadrants."""
    shares = [each.importance for each in topics]
    top, bottom = max(shares), min(shares)
    span = (top - bottom) or 1.0
    upper = sorted(shares)
    middle = (upper[(len(upper) - 1) // 2] + upper[len(upper) // 2]) / 2

    def across(content: float) -> float:
        return WIDTH - EDGE - content * (WIDTH - 2 * EDGE)

    def down(share: float) -> float:
        return HEIGHT - EDGE - (share - bottom) / span * (HEIGHT - 2 * EDGE)

    points = Markup("").join(
        Markup('<circle class="{css}" cx="{x}" cy="{y}" r="9"/><text x="{x}" y="{below}" text-anchor="middle">{place}</text>').format(
            css="pq-first" if each.quadrant == Quadrant.FIRST else "pq-point",
            x=f"{across(each.satisfaction):.1f}",
            y=f"{down(each.importance):.1f}",
            below=f"{down(each.importance) + 4:.1f}",
            place=number(at),
        )
        for at, each in enumerate(topics, 1)
    )
    return Markup(
        '<svg class="pq" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        '<path class="pq-line" d="M{x} 0V{height}M0 {y}H{width}"/>{points}</svg>'
    ).format(
        width=WIDTH,
        height=HEIGHT,
        label=_("Importance upwards, satisfaction to the left"),
        x=f"{across(0.5):.1f}",
        y=f"{down(middle):.1f}",
        points=points,
    )
