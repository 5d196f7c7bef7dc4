"""Sentences of refusals and audit entries about consent."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "evidence_missing": _l("State what proves the basis."),
    "purpose_unknown": _l("There is no purpose “%(purpose)s”."),
    "number_suppressed": _l("The holder of this number asked for no more texts. Only they can renew that."),
    "reason_missing": _l("State the reason."),
    "list_not_held": _l("This list isn't held any more. Reload the page."),
    "heads_damaged": _l("The file with the ledger's heads isn't the one of this installation."),
    "purpose_key_invalid": _l("The key has 2 to 40 small Latin letters, digits and underscores, and begins with a letter."),
    "purpose_exists": _l("There is a purpose “%(purpose)s” already."),
    "purpose_needed": _l("Invitations to surveys are what campaigns send; this purpose stays open."),
    "title_missing": _l("Give the purpose a title."),
    "words_missing": _l("Write the words for every basis."),
    "words_too_long": _l("The words have more than %(limit)s characters. Shorten them."),
    "words_taken": _l("These very words stand already for a purpose, a basis or an earlier version. Write them differently."),
}

AUDIT_LABELS: dict[str, Any] = {
    "consent_given": _l("A consent was entered"),
    "consent_withdrawn": _l("A consent was withdrawn"),
    "number_suppressed": _l("A number was stopped for all texts"),
    "consents_withdrawn": _l("%(count)s consents of one person were withdrawn"),
    "number_renewed": _l("The holder of a number asked for texts again"),
    "consent_disputed": _l("Somebody objected to a consent; texts to their number were stopped"),
    "list_held": _l("The list “%(file)s” was held after %(count)s objections"),
    "hold_lifted": _l("The held list “%(file)s” may be used again"),
    "disputed_list_ended": _l("Every consent of the held list “%(file)s” was ended"),
    "purpose_added": _l("The purpose “%(title)s” was added"),
    "purpose_changed": _l("The purpose “%(title)s” was changed"),
    "purpose_closed": _l("The purpose “%(title)s” is no longer offered"),
    "purpose_reworded": _l("The purpose “%(title)s” got new words for %(count)s bases"),
}
