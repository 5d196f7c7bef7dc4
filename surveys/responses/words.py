"""The words of the responses' pages: ways, states, signs, refusals and audit sentences."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from engage.web.states import StateLook
from surveys.models import Channel
from surveys.quality import Flag

CHANNELS: dict[str, Any] = {
    Channel.LINK: _l("Personal link"),
    Channel.OPEN: _l("Open link and poster"),
    Channel.KIOSK: _l("Kiosk"),
    Channel.COLLECTOR: _l("Ambassadors"),
    Channel.PAPER: _l("Paper forms"),
    Channel.SMS: _l("Replies by SMS"),
}

STATES: dict[str, StateLook] = {
    "counted": StateLook("ok", "check", _l("Counts")),
    "partial": StateLook("wait", "hourglass", _l("Half-finished")),
    "excluded": StateLook("grey", "lock", _l("Left out")),
}

FLAGS: dict[str, Any] = {
    Flag.SPEEDING: _l("Very fast"),
    Flag.STRAIGHT_LINING: _l("The same all the way down"),
    Flag.DUPLICATE: _l("Repeats an earlier one"),
}

FLAGS_IN_FULL: dict[str, Any] = {
    Flag.SPEEDING: _l("Given in less than a third of the time most people needed."),
    Flag.STRAIGHT_LINING: _l("Every row, or every rating, has the same answer."),
    Flag.DUPLICATE: _l("Word for word what came in before, the same way and on the same day, own words included."),
}

REFUSALS: dict[str, Any] = {
    "exclusion_reason_missing": _l("Say in a few words why (3 to 300 letters): colleagues and auditors will read it."),
    "responses_changed": _l("Meanwhile these are other responses than you saw. Nothing was changed; look at the number again."),
    "response_gone": _l("This response can't be taken in: it counts already, or a correction stands in its place."),
}

AUDIT: dict[str, Any] = {
    "responses_excluded": _l("Left out %(count)s responses of “%(title)s”: %(reason)s"),
    "responses_included": _l("Took in %(count)s responses of “%(title)s” again"),
}
