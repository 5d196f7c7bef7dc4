"""The words of entrances for staff: kinds, states, refusals and audit sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from engage.web.states import StateLook
from surveys.entrances.rules import EntranceState, Kind


@dataclass(frozen=True)
class KindLook:
    """How a kind is named and explained."""

    name: Any
    icon: str
    about: Any
    label_hint: Any


KINDS = {
    Kind.OPEN: KindLook(
        _l("Open link and poster"),
        "qrcode",
        _l("Whoever has the address or scans the poster answers. Who it was isn't known, so results show it apart."),
        _l("Where it hangs or is passed on, for example: City Park, notice board"),
    ),
    Kind.KIOSK: KindLook(
        _l("Kiosk"),
        "device",
        _l("A tablet of the office stands in a hall and shows nothing but this survey, one person after another."),
        _l("Where it stands, for example: neighbourhood house, entrance hall"),
    ),
    Kind.COLLECTOR: KindLook(
        _l("Ambassadors"),
        "users-group",
        _l("Colleagues who signed in ask people in the street and enter their answers. Every response says who entered it."),
        _l("The round, for example: Saturday bazaar"),
    ),
    Kind.PAPER: KindLook(
        _l("Paper forms"),
        "file",
        _l("A batch of filled-in sheets is typed in, one after another, with a running number to write on each sheet."),
        _l("The batch, for example: box of the health house, 1 Azar"),
    ),
}

STATES = {
    EntranceState.OPEN: StateLook("run", "play", _l("Takes answers")),
    EntranceState.FULL: StateLook("wait", "check", _l("Full")),
    EntranceState.CLOSED: StateLook("grey", "lock", _l("closed")),
    EntranceState.SURVEY_CLOSED: StateLook("grey", "lock", _l("The survey is closed")),
    EntranceState.NOT_FOUND: StateLook("grey", "lock", _l("Not published")),
}

REFUSALS: dict[str, Any] = {
    "entrance_label_missing": _l("Say where this way in is, so that results can name it."),
    "entrance_label_long": _l("The name may have at most %(limit)s plain characters."),
    "entrance_limit_out_of_range": _l("A ceiling must lie between 1 and %(limit)s."),
    "entrance_survey_draft": _l("Publish the survey first: nobody can answer a draft."),
    "entrance_survey_closed": _l("The survey is closed, so nothing about its ways in can change. Open it again first."),
    "entrance_closed": _l("This way in is closed or full, so it takes no answers."),
    "entrance_gone": _l("There is no such way in."),
    "entry_not_correctable": _l("The last form can be corrected for ten minutes by whoever entered it, and only while the survey is open."),
    "too_many_entrances": _l("A survey has at most %(limit)s ways in."),
    "codes_unavailable": _l("No code can be sent just now."),
}

AUDIT: dict[str, Any] = {
    "entrance_made": _l("Made the way in “%(entrance)s” of “%(title)s”"),
    "entrance_changed": _l("Changed the way in “%(entrance)s” of “%(title)s”"),
    "entrance_closed": _l("Closed the way in “%(entrance)s” of “%(title)s”"),
    "entrance_reopened": _l("Opened the way in “%(entrance)s” of “%(title)s” again"),
    "kiosk_armed": _l("Started the kiosk “%(entrance)s” of “%(title)s”"),
    "entry_corrected": _l("Corrected entry %(number)s of “%(entrance)s” in “%(title)s”"),
}
