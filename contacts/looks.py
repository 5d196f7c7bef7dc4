"""States as icon and word."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from contacts.rules.bulk import BulkState
from contacts.rules.custom_values import CustomKind
from contacts.rules.states import ImportState
from contacts.words import STATE_WORDS
from engage.web.states import StateLook

STANDING_LOOKS: dict[str, StateLook] = {
    "given": StateLook("ok", "ok", _l("has agreed")),
    "withdrawn": StateLook("bad", "bad", _l("withdrawn")),
    "none": StateLook("grey", "none", _l("not asked")),
    "suppressed": StateLook("bad", "blocked", _l("no texts")),
    "reassigned": StateLook("wait", "user-off", _l("number changed hands")),
}

REACH_LOOKS: dict[str, StateLook] = {
    "": StateLook("ok", "ok", _l("texts arrive")),
    "suspect": StateLook("wait", "warning", _l("suspect")),
    "unreachable": StateLook("bad", "user-off", _l("unreachable")),
}

BULK_LOOKS: dict[BulkState, StateLook] = {
    BulkState.QUEUED: StateLook("grey", "hourglass", _l("queued")),
    BulkState.RUNNING: StateLook("run", "play", _l("running")),
    BulkState.DONE: StateLook("ok", "ok", _l("done")),
    BulkState.UNDOING: StateLook("run", "undo", _l("being taken back")),
    BulkState.UNDONE: StateLook("grey", "undo", _l("taken back")),
}

LANGUAGES: dict[str, Any] = {
    "fa": _l("Persian"),
    "az": _l("Azerbaijani"),
    "ku": _l("Kurdish"),
    "ar": _l("Arabic"),
    "en": _l("English"),
}

KINDS: dict[CustomKind, Any] = {
    CustomKind.TEXT: _l("Text"),
    CustomKind.NUMBER: _l("Number"),
    CustomKind.DATE: _l("Date"),
    CustomKind.CHOICE: _l("One of several options"),
    CustomKind.YES_NO: _l("Yes or no"),
}

TIMELINE_KINDS: dict[str, Any] = {
    "consent": _l("Consent"),
    "message": _l("Texts"),
    "opening": _l("Openings"),
    "answer": _l("Answers"),
    "change": _l("Changes"),
}

ROW_LOOKS: dict[str, StateLook] = {
    "created": StateLook("ok", "ok", _l("new")),
    "updated": StateLook("run", "refresh", _l("changed")),
    "unchanged": StateLook("plain", "equal", _l("unchanged")),
    "duplicates": StateLook("plain", "copy", _l("duplicate")),
    "rejected": StateLook("bad", "bad", _l("rejected")),
    "suppressed": StateLook("bad", "blocked", _l("no texts")),
    "warned": StateLook("wait", "warning", _l("with a warning")),
}

IMPORT_LOOKS: dict[ImportState, StateLook] = {
    ImportState.UPLOADED: StateLook("wait", "pencil", STATE_WORDS[ImportState.UPLOADED]),
    ImportState.CHECKING: StateLook("run", "play", STATE_WORDS[ImportState.CHECKING]),
    ImportState.MAPPED: StateLook("wait", "list-check", STATE_WORDS[ImportState.MAPPED]),
    ImportState.CHECKED: StateLook("wait", "clock", STATE_WORDS[ImportState.CHECKED]),
    ImportState.QUARANTINED: StateLook("wait", "shield-lock", STATE_WORDS[ImportState.QUARANTINED]),
    ImportState.QUEUED: StateLook("grey", "hourglass", STATE_WORDS[ImportState.QUEUED]),
    ImportState.RUNNING: StateLook("run", "play", STATE_WORDS[ImportState.RUNNING]),
    ImportState.FINISHED: StateLook("ok", "ok", STATE_WORDS[ImportState.FINISHED]),
    ImportState.UNDOING: StateLook("run", "undo", STATE_WORDS[ImportState.UNDOING]),
    ImportState.UNDONE: StateLook("grey", "undo", STATE_WORDS[ImportState.UNDONE]),
    ImportState.FAILED: StateLook("bad", "bad", STATE_WORDS[ImportState.FAILED]),
    ImportState.DISCARDED: StateLook("grey", "trash", STATE_WORDS[ImportState.DISCARDED]),
}
