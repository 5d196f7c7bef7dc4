"""States as icon and word."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

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
    ImportState.CHECKED: StateLook("wait", "clock", STATE_WORDS[ImportState.CHECKED]),
    ImportState.QUEUED: StateLook("grey", "hourglass", STATE_WORDS[ImportState.QUEUED]),
    ImportState.RUNNING: StateLook("run", "play", STATE_WORDS[ImportState.RUNNING]),
    ImportState.FINISHED: StateLook("ok", "ok", STATE_WORDS[ImportState.FINISHED]),
    ImportState.FAILED: StateLook("bad", "bad", STATE_WORDS[ImportState.FAILED]),
    ImportState.DISCARDED: StateLook("grey", "trash", STATE_WORDS[ImportState.DISCARDED]),
}
