"""Who may do what: roles, permissions, units, passwords and codes, the delay after wrong ones, and when telephones may ring. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from engage.persian import to_latin_digits
from engage.refusal import Refused


class Role(StrEnum):
    ADMIN = "admin"
    OFFICER = "officer"
    MANAGER = "manager"


class Permission(StrEnum):
    """One thing a page can do. Held through a role in a unit, for that unit's whole subtree."""

    HOME = "home"
    CONTACTS_VIEW = "contacts.view"
    CONTACTS_EDIT = "contacts.edit"
    CONTACTS_IMPORT = "contacts.import"
    CONTACTS_RELEASE = "contacts.release"
    """Letting an officer's list in, or a held one go on."""
    CONTACTS_MANAGE = "contacts.manage"
    """Purposes, fields, retention, sign-up pages and the policy of the contact base."""
    CONTACTS_EXPORT = "contacts.export"
    SURVEYS_VIEW = "surveys.view"
    SURVEYS_EDIT = "surveys.edit"
    SURVEYS_COLLECT = "surveys.collect"
    """Entering answers for citizens, and starting a kiosk."""
    RESPONSES_READ = "responses.read"
    """Single responses, and leaving them out of the results."""
    CAMPAIGNS_VIEW = "campaigns.view"
    CAMPAIGNS_EDIT = "campaigns.edit"
    CAMPAIGNS_APPROVE = "campaigns.approve"
    CAMPAIGNS_CONTROL = "campaigns.control"
    REPORTS_VIEW = "reports.view"
    REPORTS_EXPORT = "reports.export"
    REPORTS_DECIDE = "reports.decide"
    """Decisions after a report, and the day on which citizens were promised its results."""
    SETTINGS_VIEW = "settings.view"
    UNITS_MANAGE = "units.manage"
    USERS_MANAGE = "users.manage"
    AUDIT_VIEW = "audit.view"


_VIEWING = {
    Permission.HOME,
    Permission.SURVEYS_VIEW,
    Permission.CAMPAIGNS_VIEW,
    Permission.REPORTS_VIEW,
    Permission.REPORTS_EXPORT,
    Permission.SETTINGS_VIEW,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission) - {Permission.CAMPAIGNS_APPROVE},
    Role.OFFICER: frozenset(
        _VIEWING
        | {
            Permission.CONTACTS_VIEW,
            Permission.CONTACTS_EDIT,
            Permission.CONTACTS_IMPORT,
            Permission.CONTACTS_EXPORT,
            Permission.SURVEYS_EDIT,
            Permission.SURVEYS_COLLECT,
            Permission.RESPONSES_READ,
            Permission.CAMPAIGNS_EDIT,
            Permission.CAMPAIGNS_CONTROL,
        }
    ),
    Role.MANAGER: frozenset(_VIEWING | {Permission.CAMPAIGNS_APPROVE, Permission.CAMPAIGNS_CONTROL, Permission.REPORTS_DECIDE}),
}
"""Approving is the manager's alone: whoever writes a campaign, an admin included, needs a second person above the unit's limits."""

SECOND_FACTOR_ROLES = frozenset({Role.ADMIN, Role.MANAGER})
"""Roles that must use TOTP outside the demo."""


def may(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether any of these roles includes the permission."""
    return any(permission in PERMISSIONS[role] for role in roles)


def sign_in_delay(failed_count: int) -> timedelta:
    """How long an account waits after its n-th wrong password in a row: nothing for three slips, then 2 s doubling to 15 minutes.

    A delay, not a lock: nobody can shut a colleague out for good by guessing.
    """
    if failed_count < 4:
        return timedelta(0)
    return timedelta(seconds=min(2 ** (failed_count - 3), 900))


FORGET_FAILURES_AFTER = timedelta(hours=24)
"""A day without a wrong password begins the count anew."""

IDLE_LIMIT = timedelta(hours=1)
SESSION_LIMIT = timedelta(hours=12)
PENDING_LIMIT = timedelta(minutes=5)
"""Between the password and the code."""


def is_session_alive(started_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """A session ends after an hour without a click, and after a working day in any case."""
    return now - seen_at < IDLE_LIMIT and now - started_at < SESSION_LIMIT


def needs_second_factor(roles: Iterable[Role], *, is_demo_account: bool) -> bool:
    """Whether this person has to use an authenticator app. Demo accounts exist only on one machine and are not asked."""
    return not is_demo_account and not SECOND_FACTOR_ROLES.isdisjoint(roles)


CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=5)
CODE_ATTEMPTS = 5
CODE_LIMITS: tuple[tuple[int, timedelta], ...] = ((3, timedelta(minutes=10)), (10, timedelta(days=1)))
"""At most so many codes by SMS to one person, and to one number, in so much time."""
CODE_KEPT = max(span for _, span in CODE_LIMITS)

_IGNORED_IN_CODES = str.maketrans("", "", " \t\r\n-–—.\u200c\u200e\u200f\u202a\u202c\u2066\u2067\u2068\u2069\xa0")


def draw_code(below: Callable[[int], int]) -> str:
    """Six Latin digits; `below(n)` draws one of 0 … n−1, evenly and secretly."""
    return f"{below(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def read_code(typed: str) -> str | None:
    """The six Latin digits somebody typed in any script, with or without spaces and dashes; None when they are no code."""
    code = to_latin_digits(typed[:64]).translate(_IGNORED_IN_CODES)
    return code if len(code) == CODE_DIGITS and code.isascii() and code.isdigit() else None


def wait_for_code(earlier: Iterable[datetime], at: datetime) -> timedelta | None:
    """How long it takes until another code may be sent after those sent at `earlier`; None when it may be now."""
    times = sorted(earlier, reverse=True)
    waits = [times[limit - 1] + span - at for limit, span in CODE_LIMITS if len(times) >= limit]
    longest = max(waits, default=timedelta(0))
    return longest if longest > timedelta(0) else None


class CodeVerdict(StrEnum):
    """What became of a typed code."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"
    """Nothing that is typed opens it any more: used, too old, too many tries, or never sent."""


def judge_code(kept: bytes | None, expires_at: datetime, attempt_count: int, typed: bytes | None, at: datetime) -> CodeVerdict:
    """Whether what was typed (None: no code at all) is the code kept as this digest. The comparison takes as long for every digit."""
    if kept is None or at >= expires_at or attempt_count >= CODE_ATTEMPTS:
        return CodeVerdict.SPENT
    return CodeVerdict.RIGHT if typed is not None and hmac.compare_digest(kept, typed) else CodeVerdict.WRONG


class NoticeGroup(StrEnum):
    """What notices are about; by these a person says what should come by SMS, too."""

    APPROVALS = "approvals"
    SENDING = "sending"
    INBOX = "inbox"
    OTHER = "other"


NOTICES_KEPT = timedelta(days=90)
NOTICE_TEXT_HOLDS = timedelta(hours=12)
TEXTS_BEGIN, TEXTS_END = time(8), time(21)
"""Between these a colleague's telephone may ring for what isn't urgent."""


def text_moment(at: datetime, zone: ZoneInfo, *, is_urgent: bool) -> datetime:
    """When a text about a notice of this moment goes out: now, or the next morning at eight."""
    local = at.astimezone(zone)
    if is_urgent or TEXTS_BEGIN <= local.time() < TEXTS_END:
        return at
    day = local.date() if local.time() < TEXTS_BEGIN else local.date() + timedelta(days=1)
    return datetime.combine(day, TEXTS_BEGIN, zone)


PASSWORD_MINIMUM = 10
PASSWORD_MAXIMUM = 256


def check_password(password: str, *, email: str, name: str) -> None:
    """The password is fit for use. Refused: "password_short", "password_long", "password_simple", "password_is_name"."""
    if len(password) < PASSWORD_MINIMUM:
        raise Refused("password_short", minimum=PASSWORD_MINIMUM)
    if len(password) > PASSWORD_MAXIMUM:
        raise Refused("password_long", maximum=PASSWORD_MAXIMUM)
    plain = password.casefold().strip()
    if len(set(plain)) < 4 or plain in _SIMPLE or _is_run(plain):
        raise Refused("password_simple")
    address, _, host = email.casefold().partition("@")
    known = {email.casefold(), address, host, "".join(name.casefold().split())}
    if plain in known or any(len(part) > 3 and not re.sub(r"[\d\W_]", "", plain.replace(part, "")) for part in known):
        raise Refused("password_is_name")


_SIMPLE = frozenset({"1234567890", "0123456789", "qwertyuiop", "password12", "password123", "1q2w3e4r5t", "asdfghjkl;", "passw0rd12"})


def _is_run(text: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in zip(text, text[1:], strict=False)}
    return len(steps) == 1 and abs(steps.pop()) <= 1


def normalise_email(email: str) -> str:
    """The one spelling an address is stored and compared in."""
    return email.strip().casefold()


KINDS_BELOW: dict[str | None, tuple[str, ...]] = {
    None: ("municipality",),
    "municipality": ("district", "organisation"),
    "district": ("subdistrict", "neighbourhood", "organisation"),
    "subdistrict": ("neighbourhood",),
    "neighbourhood": (),
    "organisation": ("organisation",),
}
"""Which kinds of unit stand directly below which; None is the top."""

SMS_NAME_MAXIMUM = 24
"""A third of a 70-character text."""

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def check_unit(kind: str, parent_kind: str | None, *, slug: str, name: str, sms_name: str, recipients: int, cost: int) -> None:
    """A unit of this kind and these values may stand below a parent of that kind.

    Refused: "unit_kind_misplaced", "unit_slug_invalid", "unit_name_missing", "sms_name_long", "approval_limit_invalid".
    """
    if kind not in KINDS_BELOW[parent_kind]:
        raise Refused("unit_kind_misplaced")
    check_unit_texts(name=name, sms_name=sms_name, recipients=recipients, cost=cost)
    if not SLUG.fullmatch(slug):
        raise Refused("unit_slug_invalid")


def check_unit_texts(*, name: str, sms_name: str, recipients: int, cost: int) -> None:
    if not name or not sms_name:
        raise Refused("unit_name_missing")
    if len(sms_name) > SMS_NAME_MAXIMUM:
        raise Refused("sms_name_long", maximum=SMS_NAME_MAXIMUM)
    if not 0 <= recipients <= 10_000_000 or not 0 <= cost <= 10**12:
        raise Refused("approval_limit_invalid")


def is_below(path: str, ancestor: str) -> bool:
    """Whether the unit at `path` is that at `ancestor` or stands somewhere below it."""
    return path.startswith(ancestor)
