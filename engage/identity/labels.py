"""Words for this room's states and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from engage.identity.models import UnitKind
from engage.identity.queries import user_name
from engage.identity.rules import NoticeGroup

KIND_LABELS: dict[str, Any] = {
    UnitKind.MUNICIPALITY: _l("Municipality"),
    UnitKind.DISTRICT: _l("District"),
    UnitKind.SUBDISTRICT: _l("Sub-district"),
    UnitKind.NEIGHBOURHOOD: _l("Neighbourhood"),
    UnitKind.ORGANISATION: _l("Organisation"),
}

NOTICE_GROUP_LABELS: dict[str, Any] = {
    NoticeGroup.APPROVALS: _l("What waits for my approval, and what became of mine"),
    NoticeGroup.SENDING: _l("Sending that stopped or needs a decision"),
    NoticeGroup.INBOX: _l("Citizens' messages that wait for an answer"),
    NoticeGroup.OTHER: _l("Everything else"),
}
NOTICE_GROUP_ICONS: dict[str, str] = {
    NoticeGroup.APPROVALS: "shield-check",
    NoticeGroup.SENDING: "send",
    NoticeGroup.INBOX: "inbox",
    NoticeGroup.OTHER: "bell",
}


def delegate_named_words(params: Mapping[str, Any]) -> str:
    """Who named the reader is looked up when it is read: a notice holds nobody's name."""
    return str(
        _(
            "%(name)s named you their delegate for approvals of %(unit)s, from %(first)s to %(last)s.",
            name=user_name(params["manager"]) or "—",
            unit=params["unit"],
            first=params["first_day"],
            last=params["last_day"],
        )
    )


REFUSALS: dict[str, Any] = {
    "sign_in_failed": _l("The email or the password is wrong."),
    "sign_in_wait": _l("After several wrong tries, please wait %(seconds)s seconds and try again."),
    "demo_only_here": _l("Demo accounts work only on the machine the demo runs on."),
    "no_rights": _l("This account has no role in any unit. Please ask the administrator of your unit."),
    "code_wrong": _l("The code is wrong or has been used. Wait for the next one and enter it."),
    "enrolment_missing": _l("The authenticator app isn't set up yet."),
    "second_factor_required": _l("Your role can't go without the authenticator app."),
    "phone_missing": _l("No mobile number of yours is confirmed. Enter one under “My account”."),
    "text_code_wrong": _l("The code is wrong. Look at the newest text message."),
    "text_code_spent": _l("This code doesn't count any more. Have a new one sent."),
    "text_code_limit": _l("Several codes were sent a short while ago. Please wait %(minutes)s minutes."),
    "texts_unavailable": _l("Text messages can't be sent from here."),
    "password_wrong": _l("The current password is wrong."),
    "password_same": _l("The new password is the old one. Choose another."),
    "password_short": _l("The password must have at least %(minimum)s characters."),
    "password_long": _l("The password may have at most %(maximum)s characters."),
    "password_simple": _l("This password is too easy to guess."),
    "password_is_name": _l("The password must not be made of your email or name."),
    "not_in_your_units": _l("This lies outside of your units."),
    "own_account": _l("Change your own account under “My account”."),
    "own_rights": _l("Nobody changes their own rights. Ask another administrator."),
    "user_missing": _l("There is no such user."),
    "unit_missing": _l("There is no such unit."),
    "role_unknown": _l("There is no role %(role)s."),
    "email_invalid": _l("This isn't a valid email address."),
    "email_taken": _l("There is an account with this email already."),
    "user_name_missing": _l("Please enter the name."),
    "unit_kind_misplaced": _l("A unit of this kind can't stand there."),
    "unit_slug_invalid": _l("The public id may hold small Latin letters, digits and hyphens only, at most 40."),
    "unit_slug_taken": _l("Another unit has this public id."),
    "unit_name_missing": _l("Please enter both names of the unit."),
    "sms_name_long": _l("The name in text messages may have at most %(maximum)s characters."),
    "delegation_not_yours": _l("A delegate is named by the manager of the unit alone, and taken back by them or an administrator."),
    "delegate_unfit": _l("Choose a colleague of this unit or of one below it."),
    "delegation_days_invalid": _l("The days must lie ahead, in order, and be %(most)s at most."),
    "approval_limit_invalid": _l("A limit is out of range."),
    "keys_foreign": _l("The key file belongs to another installation. Bring back the one this database was written with; nothing was changed."),
    "keys_mixed": _l(
        "The key file mixes keys of two installations (other than this database's: %(names)s). Bring back the right file; nothing was changed."
    ),
    "keys_old": _l(
        "The key file is too old: it lacks keys this database was written with (%(names)s). Bring back its newest copy; nothing was changed."
    ),
    "keys_newer": _l(
        "The key file is newer than this database, which doesn't know %(names)s. Bring back the key file that was saved with the database; nothing was changed."
    ),
}
