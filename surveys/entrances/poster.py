"""The sheets of an open link: an A4 poster and eight small cards. Both lead by QR code and by printed letters to the same address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _

from engage.persian import format_jalali, format_number, to_persian_digits
from engage.web.sheets import draw_sheet, qr_code
from surveys.definitions import estimated_minutes
from surveys.entrances.queries import FoundEntrance
from surveys.queries import definition_of

POSTER = Path(__file__).with_name("poster.typ")
CARDS = Path(__file__).with_name("cards.typ")


def draw_poster(entrance: FoundEntrance, base_url: str, *, format: str = "pdf", ppi: float | None = None) -> bytes:
    return _draw(POSTER, entrance, base_url, format, ppi)


def draw_cards(entrance: FoundEntrance, base_url: str, *, format: str = "pdf", ppi: float | None = None) -> bytes:
    return _draw(CARDS, entrance, base_url, format, ppi)


def _draw(sheet: Path, entrance: FoundEntrance, base_url: str, format: str, ppi: float | None) -> bytes:
    inputs = {"data": json.dumps(_words(entrance, base_url), ensure_ascii=False), "qr": qr_code(base_url + entrance.address)}
    return draw_sheet(sheet, inputs, format=format, ppi=ppi)


def _words(entrance: FoundEntrance, base_url: str) -> dict[str, Any]:
    assert entrance.version_id is not None
    definition = definition_of(entrance.version_id)
    minutes = estimated_minutes(definition)
    steps = [_("Scan the code or type the address.")]
    if entrance.asks_phone:
        steps.append(_("Confirm your phone by a code; the number isn't kept."))
    steps.append(
        _("Answer; it takes less than a minute.")
        if minutes == 1
        else _("Answer; it takes less than %(minutes)s minutes.", minutes=format_number(minutes))
    )
    if entrance.results_on is not None:
        steps.append(_("See the result by %(day)s at the same address.", day=format_jalali(entrance.results_on, with_year=False)))
    privacy = _("Answers are anonymous.") if definition.is_anonymous else _("Answers are never published with a name or number.")
    until = _("Until %(day)s", day=format_jalali(entrance.closes_at, with_weekday=True, with_year=False)) if entrance.closes_at else ""
    return {
        "office": entrance.office_name,
        "title": definition.title,
        "lead": _("%(office)s asks you. What you say goes into the decision.", office=entrance.office_name),
        "scan": _("Scan with your phone's camera"),
        "steps_title": until or _("This is how it works:"),
        "steps": [[format_number(number), to_persian_digits(step)] for number, step in enumerate(steps, 1)],
        "by_hand": _("Or type this address:"),
        "address": f"{urlsplit(base_url).netloc}{entrance.address}",
        "short": " ".join(filter(None, (f"{until}." if until else "", _("No money, no password, no app.")))),
        "promises": [
            [_("Open to everyone"), _("No account and no app are needed.")],
            [_("No password asked"), _("We never ask for passwords, bank cards or an app.")],
            [_("Your privacy"), privacy],
        ],
        "foot": to_persian_digits(_("Public relations, %(office)s · telephone %(line)s", office=entrance.office_name, line="137")),
    }
