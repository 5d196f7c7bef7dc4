"""Tabler's outline icons the pages use, inline (icons.json; MIT, tabler.io): they inherit colour and need no request."""

from __future__ import annotations

import json
from pathlib import Path

from markupsafe import Markup, escape

_ICONS: dict[str, dict[str, str | bool]] = json.loads(Path(__file__).with_name("icons.json").read_text("utf-8"))

NAMES = frozenset(_ICONS)


def icon(name: str, label: str = "") -> Markup:
    """A 20 px inline icon. It is hidden from screen readers unless `label` names it: the word beside it says the same.

    Icons that point along the line (send, speakerphone, undo …) turn with the direction of writing. KeyError: no such icon.
    """
    drawing = _ICONS[name]
    css = "icon icon-flip" if drawing["flip"] else "icon"
    told = Markup('role="img" aria-label="%s"') % escape(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="%s" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round" %s>%s</svg>'
    ) % (css, told, Markup(drawing["svg"]))
