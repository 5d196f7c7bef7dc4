"""A form on a device that stands in public: when nobody touches it, it asks, and begins anew for the next person.

Where scripts run, only idling counts; without them the page is reloaded after the time its questions take. Either way nothing of whoever
stood there before comes back, not by the browser's back button either: what is sent says whose turn it was.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import replace

from flask_babel import gettext as _
from markupsafe import Markup

from surveys.citizen.layout import Page
from surveys.citizen.script import script_named
from surveys.entrances.commands.places import Turn
from surveys.entrances.rules import KIOSK_WARN_SECONDS

TURN_FIELD = "_turn"
_SCRIPTS = re.compile(r"script-src ([^;]+);")


def turn_mark(turn: Turn) -> str:
    """What a form says of its turn: enough to tell it from the next, too little to be it."""
    return turn.digest.hex()[:16]


def idling(page: Page, *, turn: str, start: str, seconds: int, blind_seconds: int) -> Page:
    """The form's page for such a device; `start` is where the next turn begins."""
    script = script_named("kiosk")
    asked = Markup(
        '<div id="idle" class="s" role="alertdialog" aria-labelledby="idle-t" hidden data-idle="%s" data-warn="%s" data-start="%s">\n'
        '<div class="n w"><p id="idle-t">%s</p><p data-say="%s"></p></div>\n<p class="sp"><button class="btn" type="button">%s</button></p>\n</div>\n'
    ) % (
        seconds,
        KIOSK_WARN_SECONDS,
        start,
        _("Are you still here?"),
        _("In {} seconds this form begins anew and what you have typed is erased."),
        _("I am still here"),
    )
    blind = Markup('<noscript><meta http-equiv="refresh" content="%s;url=%s"></noscript>\n') % (blind_seconds, start)
    whose = Markup('<input type="hidden" name="%s" value="%s">\n') % (TURN_FIELD, turn)
    body = page.body.decode()
    body = body.replace("</head>", f"{blind}</head>", 1)
    body = re.sub(r'(<main id="main"[^>]*>\n)', lambda found: f"{found[1]}{asked}", body, count=1)
    body = re.sub(r'(<form method="post"[^>]*>\n)', lambda found: f"{found[1]}{whose}", body, count=1)
    body = body.replace("</body>", f"<script>{script.text}</script>\n</body>", 1)
    packed = body.encode()
    policy = _SCRIPTS.sub(lambda found: f"script-src {found[1]} {script.source};", page.policy)
    return replace(page, body=packed, packed=gzip.compress(packed, 1, mtime=0), policy=policy)
