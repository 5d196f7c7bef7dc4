"""The poster of a sign-up page: one A4 sheet as PDF, set by typst with our own font."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _

from contacts.queries.sign_up_pages import PageSummary
from engage.persian import to_persian_digits
from engage.web.sheets import draw_sheet, qr_code

SHEET = Path(__file__).with_name("poster.typ")
MOST_TOPICS = 6


def draw_poster(page: PageSummary, base_url: str, *, format: str = "pdf", ppi: float | None = None) -> bytes:
    """The sheet for this page; its QR code and its printed address lead to the same place. `format` "png" is for looking at it."""
    inputs = {"data": json.dumps(_words(page, base_url), ensure_ascii=False), "qr": qr_code(f"{base_url}/join/{page.slug}")}
    return draw_sheet(SHEET, inputs, format=format, ppi=ppi)


def _words(page: PageSummary, base_url: str) -> dict[str, Any]:
    shown, more = page.purposes[:MOST_TOPICS], len(page.purposes) - MOST_TOPICS
    topics = [*shown[:-1], _("… and more, on the page")] if more > 0 else list(shown)
    return {
        "office": page.unit_name,
        "title": page.title,
        "lead": _("We text you only about the topics you choose yourself, and only after you agreed."),
        "scan": _("Scan with your phone's camera"),
        "topics_title": _("Choose among:"),
        "topics": topics,
        "by_hand": _("Or type this address:"),
        "address": f"{urlsplit(base_url).netloc}/join/{page.slug}",
        "promises": [
            [_("Free of charge"), _("Joining and receiving cost nothing.")],
            [_("No password asked"), _("We never ask for passwords, bank cards or an app.")],
            [_("Ends when you like"), to_persian_digits(_("Answer any text with 11, and no more will come."))],
        ],
        "foot": to_persian_digits(
            _("Your number is confirmed by a code and used for these texts alone. %(office)s, telephone 137", office=page.unit_name)
        ),
    }
