"""What the audit log says: every action is one sentence, registered by the room that records it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from engage import persian
from engage.identity.viewer import ROLE_LABELS

_VALUES: dict[str, dict[str, Any]] = {
    "role": {role.value: words for role, words in ROLE_LABELS.items()},
    "how": {"password": _l("by password"), "code": _l("by password and code"), "recovery": _l("by password and a recovery code")},
    "why": {
        "password": _l("wrong address or password"),
        "code": _l("wrong code"),
        "closed": _l("closed account"),
        "demo": _l("demo account from another machine"),
        "rights": _l("no rights in any unit"),
    },
}
"""Values of `detail` that are names of ours and need words."""

OWN_LABELS: dict[str, Any] = {
    "signed_in": _l("%(name)s signed in %(how)s"),
    "sign_in_refused": _l("A sign-in of %(name)s was refused: %(why)s"),
    "unit_created": _l("Unit “%(name)s” was made"),
    "unit_changed": _l("Unit “%(name)s” was changed"),
    "user_created": _l("User “%(name)s” was made as %(role)s"),
    "user_renamed": _l("User “%(before)s” was renamed to “%(name)s”"),
    "role_granted": _l("“%(name)s” became %(role)s of %(unit)s"),
    "role_revoked": _l("“%(name)s” is no longer %(role)s of %(unit)s"),
    "password_set": _l("A new password was set for “%(name)s”"),
    "password_changed": _l("%(name)s changed their password"),
    "second_factor_set": _l("%(name)s set up the authenticator app"),
    "second_factor_removed": _l("%(name)s removed the authenticator app"),
    "second_factor_reset": _l("The second sign-in step of “%(name)s” was reset"),
    "phone_confirmed": _l("%(name)s confirmed a mobile number of their own"),
    "phone_removed": _l("%(name)s removed their mobile number"),
    "recovery_codes_renewed": _l("%(name)s made new recovery codes"),
    "database_restored": _l("The database was restored from the backup of %(taken_at)s"),
    "delegate_named": _l("%(name)s named %(delegate)s as delegate, from %(first_day)s to %(last_day)s"),
    "delegation_revoked": _l("The delegation of %(name)s to %(delegate)s was taken back"),
    "user_deactivated": _l("The account of “%(name)s” was closed"),
    "user_reactivated": _l("The account of “%(name)s” was opened again"),
}


OWN_NAMES: dict[str, Any] = {
    "signed_in": _l("Sign-ins"),
    "sign_in_refused": _l("Refused sign-ins"),
    "user_created": _l("Users made"),
    "role_granted": _l("Rights given"),
    "role_revoked": _l("Rights taken back"),
    "password_set": _l("Passwords set by an administrator"),
    "password_changed": _l("Passwords changed"),
    "second_factor_reset": _l("Second steps reset"),
    "user_deactivated": _l("Accounts closed"),
    "unit_created": _l("Units made"),
    "unit_changed": _l("Units changed"),
}


class _Spoken(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def register_audit_labels(app: Flask, labels: Mapping[str, Any], names: Mapping[str, Any] | None = None) -> None:
    """Give the sentence of each action: a lazy text with named placeholders for values of its `detail`. ValueError: told twice.

    `names` are short words for the actions the log can be filtered by.
    """
    known: dict[str, Any] = app.extensions["engage_audit_labels"]
    for action, told in labels.items():
        if action in known:
            raise ValueError(f"the audit action {action!r} has two sentences")
        known[action] = told
    app.extensions["engage_audit_names"].update(names or {})


def sentence(action: str, detail: Mapping[str, Any]) -> str:
    """One entry as a person reads it; numbers in Persian digits, «—» for what is missing."""
    labels: dict[str, Any] = current_app.extensions["engage_audit_labels"]
    if action not in labels:
        return str(_("Action “%(action)s”", action=action))
    return str(labels[action]) % _Spoken({key: _spoken(key, value) for key, value in detail.items()})


def _spoken(key: str, value: Any) -> str:
    if key in _VALUES and str(value) in _VALUES[key]:
        return str(_VALUES[key][str(value)])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return persian.format_number(value)
    return str(value) if value not in (None, "") else "—"


def action_names() -> list[tuple[str, str]]:
    """The actions one can filter by, as (action, words)."""
    return [(action, str(words)) for action, words in current_app.extensions["engage_audit_names"].items()]


def install(app: Flask) -> None:
    app.extensions["engage_audit_labels"] = {}
    app.extensions["engage_audit_names"] = {}
    register_audit_labels(app, OWN_LABELS, OWN_NAMES)
