"""Charts without script or style attributes: SVG drawn in percent across and pixels down, bars growing from the right.

A chart is a table: label, bar, share, count. Values stand at the bar; where a drawing can't be read out, a table lies behind it.
Colours are CSS classes: `f-accent` for one series, `f-1` … `f-6` (Okabe–Ito) for several, state colours only for states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup

from engage.web.filters import number, percent

FILLS = frozenset({"accent", "soft", "ok", "bad", "wait", "off", "track", "1", "2", "3", "4", "5", "6", "7", "dk"})
MAX_SERIES = 6
SCALE = ("1", "5", "dk", "7", "6")
"""Five-point scales from best to worst: blue, sky, grey, light and full vermillion."""

NARROW = 0.1
"""Below this share a piece of a strip is too narrow at 360 px for the number written on it."""


@dataclass(frozen=True)
class Bar:
    """One row: its words, how many, and where known the interval of its share (ratios between 0 and 1).

    `share` is count/total unless given (weighted shares). `verdict` is "less", "more", "same" or "" for a compared group;
    a `hidden` row shows its `note` (the reason) instead of figures.
    """

    label: Any
    count: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    fill: str = ""
    verdict: str = ""
    note: Any = ""
    hidden: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Part:
    """One piece of a whole."""

    label: Any
    count: int
    fill: str = "accent"


@dataclass(frozen=True)
class Column:
    """One column: what was, and what is planned on top of it."""

    label: str
    value: int
    planned: int = 0


@dataclass(frozen=True)
class Step:
    """One step of a funnel."""

    label: Any
    count: int


def _checked(fill: str) -> str:
    if fill not in FILLS:
        raise ValueError(f"no chart colour {fill!r}")
    return fill


def _join(pieces: Iterable[Markup]) -> Markup:
    return Markup("").join(pieces)


def _ratio(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0) if whole else 0.0


def _rect(fill: str, start: float, width: float) -> Markup:
    """A piece of a horizontal bar: `start` and `width` are ratios counted from the right."""
    return Markup('<rect class="f-%s" x="%s%%" width="%s%%" height="100%%"/>') % (
        fill,
        f"{(1 - start - width) * 100:.2f}",
        f"{width * 100:.2f}",
    )


def _bar(ratio: float, fill: str, low: float | None, high: float | None) -> Markup:
    pieces = [Markup('<rect class="f-track" width="100%" height="100%"/>'), _rect(fill, 0, ratio)]
    if low is not None and high is not None:
        edges = {"a": f"{(1 - high) * 100:.2f}", "b": f"{(1 - low) * 100:.2f}"}
        for css in ("halo", "whisker"):
            pieces.append(
                Markup(
                    '<g class="%(css)s"><line x1="%(a)s%%" x2="%(b)s%%" y1="12" y2="12"/>'
                    '<line x1="%(a)s%%" x2="%(a)s%%" y1="7" y2="17"/><line x1="%(b)s%%" x2="%(b)s%%" y1="7" y2="17"/></g>'
                )
                % {"css": css, **edges}
            )
    return Markup('<svg class="bar-cell" aria-hidden="true">%s</svg>') % _join(pieces)


def _verdict(verdict: str) -> Markup:
    words = {"less": ("▼", _("less")), "more": ("▲", _("more")), "same": ("=", _("no difference"))}
    if verdict not in words:
        return Markup("")
    mark, word = words[verdict]
    return Markup('<span class="verdict verdict-%s"><span aria-hidden="true">%s</span> %s</span>') % (verdict, mark, word)


def bar_table(
    bars: Sequence[Bar],
    *,
    caption: Any,
    label_head: Any = None,
    total: int | None = None,
    stacked: bool = False,
    fill: str = "accent",
    decimals: int = 0,
) -> Markup:
    """The chart that is a table: label, bar, share, count (and a verdict where groups are compared).

    `total` is what shares are of (the sum of counts unless given: people may choose several options); `stacked` puts the bar under
    its label at every width, for side columns. Whiskers are drawn where a bar has `low` and `high`.
    """
    whole = sum(bar.count for bar in bars) if total is None else total
    compared = any(bar.verdict for bar in bars)
    rows = []
    for bar in bars:
        ratio = bar.share if bar.share is not None else _ratio(bar.count, whole)
        css = "bars-strong" if bar.strong else ""
        if bar.hidden:
            figures = Markup('<td role="cell" class="bars-why" colspan="%s">%s</td>') % (4 if compared else 3, bar.note)
        else:
            drawn = _checked("dk" if bar.verdict == "same" else "6" if bar.verdict == "less" else bar.fill or fill)
            figures = Markup(
                '<td role="cell" class="bars-bar">%s</td><td role="cell" class="bars-share">%s</td>'
                '<td role="cell" class="bars-count">%s</td>'
            ) % (
                _bar(ratio, drawn, bar.low, bar.high),
                percent(ratio if whole or bar.share is not None else None, decimals),
                number(bar.count),
            )
            if compared:
                figures += Markup('<td role="cell" class="bars-verdict">%s</td>') % _verdict(bar.verdict)
        note = Markup('<span class="meta bars-note">%s</span>') % bar.note if bar.note and not bar.hidden else Markup("")
        rows.append(
            Markup('<tr role="row" class="%s"><th role="rowheader" scope="row" class="bars-label">%s%s</th>%s</tr>')
            % (css, bar.label, note, figures)
        )
    heads = [label_head or _("Option"), Markup('<span class="visually-hidden">%s</span>') % _("Bar"), _("Share"), _("Count")]
    if compared:
        heads.append(_("Difference"))
    head = _join(Markup('<th role="columnheader" scope="col">%s</th>') % words for words in heads)
    return Markup(
        '<table class="bars%s" role="table"><caption>%s</caption><thead role="rowgroup"><tr role="row">%s</tr></thead>'
        '<tbody role="rowgroup">%s</tbody></table>'
    ) % (" bars-stacked" if stacked else "", caption, head, _join(rows))


def strip(parts: Sequence[Part], *, label: Any = None) -> Markup:
    """One stacked bar from the right, with hairlines between; read out as the shares in words."""
    whole = sum(part.count for part in parts)
    pieces, gaps, start, spoken = [], [], 0.0, []
    for part in parts:
        width = _ratio(part.count, whole)
        spoken.append(str(_("%(label)s %(share)s", label=part.label, share=percent(width if whole else None))))
        if not part.count:
            continue
        if start:
            gaps.append(Markup('<rect class="f-gap" x="%s%%" width="2" height="100%%"/>') % f"{(1 - start) * 100:.2f}")
        pieces.append(_rect(_checked(part.fill), start, width))
        start += width
    if not whole:
        pieces = [_rect("track", 0, 1)]
    return Markup('<svg class="sbar" role="img" aria-label="%s">%s%s</svg>') % (label or "، ".join(spoken), _join(pieces), _join(gaps))


def breakdown(parts: Sequence[Part], *, total_label: Any = None, label: Any = None, with_share: bool = False) -> Markup:
    """A stacked bar and under it the ledger that is its legend: colour, words, number, and the sum under a rule."""
    whole = sum(part.count for part in parts)
    rows = []
    for part in parts:
        portion = Markup('<td class="meta num">%s</td>') % percent(part.count / whole if whole else None) if with_share else Markup("")
        rows.append(
            Markup('<tr><th scope="row"><span class="key key-%s"></span>%s</th><td class="num">%s</td>%s</tr>')
            % (_checked(part.fill), part.label, number(part.count), portion)
        )
    if total_label is not None:
        rest = Markup("<td></td>") if with_share else Markup("")
        rows.append(Markup('<tr class="sum"><th scope="row">%s</th><td class="num">%s</td>%s</tr>') % (total_label, number(whole), rest))
    return Markup('<div class="stack-s">%s<table class="ledger">%s</table></div>') % (strip(parts, label=label), _join(rows))


def scale_strip(labels: Sequence[Any], counts: Sequence[int], *, caption: Any) -> Markup:
    """Answers on an ordered scale, best first, as one strip with its percentages written on it, and the table behind.

    Three, four or five points. A piece too narrow for its number leaves it to the legend.
    """
    fills = {5: SCALE, 4: ("1", "5", "7", "6"), 3: ("1", "dk", "6"), 2: ("1", "6")}[len(counts)]
    whole, start, pieces = sum(counts), 0.0, []
    for fill, count in zip(fills, counts, strict=True):
        width = _ratio(count, whole)
        pieces.append(_rect(fill, start, width))
        if width >= NARROW:
            middle = f"{(1 - start - width / 2) * 100:.2f}"
            css = "on-dark" if fill == "1" else "on-light"
            pieces.append(Markup('<text class="%s" x="%s%%" y="31">%s</text>') % (css, middle, percent(width)))
        start += width
    parts = [Part(label, count, fill) for label, count, fill in zip(labels, counts, fills, strict=True)]
    legend = []
    for part in parts:
        ratio = _ratio(part.count, whole)
        told = percent(ratio) if whole and ratio < NARROW else ""
        legend.append(Markup('<li><span class="key key-%s"></span>%s %s</li>') % (part.fill, part.label, told))
    spoken = "، ".join(f"{part.label} {percent(_ratio(part.count, whole))}" for part in parts)
    return Markup('<svg class="scale" role="img" aria-label="%s: %s">%s</svg><ul class="keys">%s</ul>%s') % (
        caption,
        spoken,
        _join(pieces),
        _join(legend),
        table_behind([_("Option"), _("Count"), _("Share")], [(p.label, number(p.count), percent(_ratio(p.count, whole))) for p in parts]),
    )


def funnel(steps: Sequence[Step], *, of: int | None = None, stacked: bool = False) -> Markup:
    """A participation funnel: each step's bar, number and share of the first (or of `of`); `stacked` for side columns."""
    whole = of if of is not None else (steps[0].count if steps else 0)
    rows = [
        Markup('<li><span>%s</span><svg class="hbar" aria-hidden="true"><rect class="f-track" width="100%%" height="100%%"/>%s</svg>')
        % (step.label, _rect("accent", 0, _ratio(step.count, whole)))
        + Markup('<span class="num strong">%s</span><span class="meta num">%s</span></li>')
        % (number(step.count), percent(step.count / whole if whole else None))
        for step in steps
    ]
    return Markup('<ol class="funnel%s">%s</ol>') % (" funnel-stacked" if stacked else "", _join(rows))


HEIGHT, TOP, BASE = 208, 28, 178
FEWEST_PLACES = 5


def columns(
    series: Sequence[Column],
    *,
    label: Any,
    last_tick: str = "",
    heads: tuple[Any, Any, Any] | None = None,
    with_table: bool = True,
) -> Markup:
    """Columns in time order from the right: by the hour (ticks stand on the hours, `last_tick` closes the last) or by the day.

    Without `last_tick` each tick stands under its column. `heads` are the table's heads: time, value, plan. More than 16 columns
    leave out values and most ticks (the table has them all), so that nothing overlaps at 360 px.
    """
    count = max(len(series), 1)
    most = max((each.value + each.planned for each in series), default=0) or 1
    # A first hour alone is a column at the right, not a block over the whole width.
    step, span = 100 / max(count, FEWEST_PLACES), BASE - TOP
    dense = count > 16
    every = -(-count // 8)
    pieces = [
        Markup('<line class="rule" x1="0" x2="100%%" y1="%s" y2="%s"/>') % (y, y) for y in (f"{BASE - span / 2:.1f}", f"{BASE - span:.1f}")
    ]
    for index, each in enumerate(series):
        pieces.append(_column(each, 100 - step * (index + 1), step, span / most, dense))
        if index % every == 0:
            at = 100 - step * index if last_tick else 100 - step * (index + 0.5)
            pieces.append(Markup('<text class="tick" x="%s%%" y="200">%s</text>') % (f"{at:.2f}", each.label))
    if last_tick:
        pieces.append(Markup('<text class="tick" x="%s%%" y="200">%s</text>') % (f"{100 - step * count:.2f}", last_tick))
    pieces.append(Markup('<line class="base" x1="0" x2="100%%" y1="%s" y2="%s"/>') % (BASE, BASE))
    drawing = Markup('<svg class="plot" height="%s" role="img" aria-label="%s">%s</svg>') % (HEIGHT, label, _join(pieces))
    if not with_table:
        return drawing
    planned = any(each.planned for each in series)
    names = heads or (_("Time"), _("Count"), _("Planned"))
    rows = [(each.label, number(each.value), number(each.planned)) if planned else (each.label, number(each.value)) for each in series]
    return drawing + table_behind(names if planned else names[:2], rows)


def _column(each: Column, edge: float, step: float, unit: float, dense: bool) -> Markup:
    width, pieces = step * 0.68, []
    left, middle = f"{edge + step * 0.16:.2f}", f"{edge + step / 2:.2f}"
    done, plan = each.value * unit, each.planned * unit
    for css, height, floor in (("plan", plan, BASE - done), ("f-accent", done, float(BASE))):
        if height:
            pieces.append(
                Markup('<rect class="%s" x="%s%%" width="%s%%" y="%s" height="%s" rx="3"/>')
                % (css, left, f"{width:.2f}", f"{floor - height:.1f}", f"{height:.1f}")
            )
    if dense:
        return _join(pieces)
    if each.value and each.planned and done >= 26:
        pieces.append(Markup('<text class="on-fill" x="%s%%" y="%s">%s</text>') % (middle, f"{BASE - done + 18:.1f}", number(each.value)))
        pieces.append(
            Markup('<text class="soft" x="%s%%" y="%s">%s</text>') % (middle, f"{BASE - done - plan - 7:.1f}", number(each.planned))
        )
    elif each.value or each.planned:
        words = f"{number(each.value)} + {number(each.planned)}" if each.value and each.planned else number(each.value or each.planned)
        css = "" if each.value else "soft"
        pieces.append(Markup('<text class="%s" x="%s%%" y="%s">%s</text>') % (css, middle, f"{BASE - done - plan - 7:.1f}", words))
    return _join(pieces)


def keys(entries: Sequence[tuple[str, Any]]) -> Markup:
    """A legend: (colour name, or "plan" for what is planned; words)."""
    rows = [
        Markup('<li><span class="key key-%s"></span>%s</li>') % (fill if fill == "plan" else _checked(fill), words)
        for fill, words in entries
    ]
    return Markup('<ul class="keys">%s</ul>') % _join(rows)


def table_behind(heads: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Markup:
    """The same figures as a table that opens under the drawing."""
    head = _join(Markup('<th scope="col">%s</th>') % words for words in heads)
    body = _join(
        Markup('<tr><th scope="row">%s</th>%s</tr>') % (row[0], _join(Markup('<td class="num">%s</td>') % cell for cell in row[1:]))
        for row in rows
    )
    return Markup(
        '<details class="more"><summary>%s</summary><div class="table-wrap"><table class="ledger">'
        "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div></details>"
    ) % (_("The same chart as a table"), head, body)


def install(app: Flask) -> None:
    """Templates may draw what their view hands over."""
    app.jinja_env.globals["charts"] = {
        "bar_table": bar_table,
        "strip": strip,
        "breakdown": breakdown,
        "scale_strip": scale_strip,
        "funnel": funnel,
        "columns": columns,
        "keys": keys,
        "table_behind": table_behind,
    }
