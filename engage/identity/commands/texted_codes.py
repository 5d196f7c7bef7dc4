"""Codes by SMS to a colleague's own number: a second proof before a decision, and the way a number is confirmed.

The code is nowhere but in the text; the row keeps a keyed digest of it. A wrong try counts although it is refused, so nothing here is
called inside another transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets

from sqlalchemy import delete, or_, select, text, update

from engage.clock import now
from engage.db import in_transaction, transaction
from engage.identity.commands.audit import record_audit
from engage.identity.commands.rights import home_unit_id, locked_user
from engage.identity.commands.signing_in import charge_try, forgive_tries
from engage.identity.models import User, UserCode
from engage.identity.notices import confirmed_phone, phone_context
from engage.identity.queries import get_unit
from engage.identity.rules import CODE_KEPT, CODE_LASTS, CodeVerdict, draw_code, judge_code, read_code, wait_for_code
from engage.identity.texting import CODE_KIND, NOTICE_KIND, send_text
from engage.refusal import Refused
from engage.vault import vault

OWN_PHONE = "own_phone"

CODE_TEXT = "{sms_name}: این کد را به هیچ‌کس ندهید.\nکد {what}: {code}"
"""One page with any unit's short name; telephones offer the digits at its end for typing. Data in Persian: it is what is sent."""
CONFIRMING, DECIDING = "تأیید", "تصمیم"
CHANGED_TEXT = (
    "{sms_name}: شمارهٔ تلفن همراه حساب شما در این سامانه عوض یا حذف شد. اگر کار شما نبوده است، همین حالا به مدیر سامانه خبر دهید."
)


def request_code(user_id: int, action: str) -> None:
    """A code for this action, and for nothing else, is on its way to the user's confirmed number; an earlier one opens nothing any more.

    Refused: "phone_missing" (none is confirmed, or the account is closed), "text_code_limit" (minutes), "texts_unavailable".
    """
    e164 = confirmed_phone(user_id)
    if e164 is None:
        raise Refused("phone_missing")
    _send_code(user_id, action, e164, DECIDING)


def prove_by_code(user_id: int, typed: str, action: str) -> str:
    """How they proved it, "text": what was typed is the code that was texted to them for this action. It is used up.

    Guessing waits as long as at the door. Refused: "sign_in_wait", "text_code_wrong", "text_code_spent", "phone_missing", "user_missing".
    """
    if confirmed_phone(user_id) is None:
        raise Refused("phone_missing")
    _judge(user_id, typed, action)
    return "text"


def ask_to_confirm_phone(user_id: int, e164: str) -> None:
    """A code is on its way to this number, which becomes the user's own by it. The number they had stays theirs until then.

    The caller has made sure that it is they (`prove_person`). Refused: "text_code_limit" (minutes), "texts_unavailable", "user_missing".
    """
    _send_code(user_id, OWN_PHONE, e164, CONFIRMING, keeps_number=True)


def confirm_phone(user_id: int, typed: str) -> None:
    """The number the code went to is the user's own; the number they had before is told so.

    Refused: "sign_in_wait", "text_code_wrong", "text_code_spent", "user_missing".
    """
    row_id = _judge(user_id, typed, OWN_PHONE)
    with transaction() as session:
        user = locked_user(user_id)
        row = session.get_one(UserCode, row_id, with_for_update=True, populate_existing=True)
        if row.phone_cipher is None or not user.active:
            raise Refused("text_code_spent")
        e164 = vault().decrypt(row.phone_cipher, _pending_context(row.id))
        row.phone_cipher = None
        before = None if user.phone_cipher is None else vault().decrypt(user.phone_cipher, phone_context(user_id))
        user.phone_cipher, user.phone_confirmed_at = vault().encrypt(e164, phone_context(user_id)), now()
        session.flush()
        if before is not None and before != e164:
            _tell_number_before(user, before)
        _record("phone_confirmed", user, user_id)


def remove_phone(user_id: int) -> None:
    """The user has no number here: no code and no notice reaches them by SMS. The number is told so once. None to remove changes nothing.

    The caller has made sure that it is they. Refused("user_missing").
    """
    with transaction():
        user = locked_user(user_id)
        if user.phone_cipher is None:
            return
        before = vault().decrypt(user.phone_cipher, phone_context(user_id))
        forget_phone(user)
        _tell_number_before(user, before)
        _record("phone_removed", user, user_id)


def forget_phone(user: User) -> None:
    """Part of a transaction that holds the user's row: the number is gone, and no code that was texted opens anything."""
    with transaction() as session:
        user.phone_cipher = user.phone_confirmed_at = None
        session.flush()
        session.execute(update(UserCode).where(UserCode.user_id == user.id).values(code_digest=None, phone_cipher=None))


def pending_phone(user_id: int) -> str | None:
    """The number in E.164 that a code was texted to and that waits for it; None when no code is awaited."""
    with transaction() as session:
        row = session.execute(
            select(UserCode.id, UserCode.phone_cipher)
            .where(UserCode.user_id == user_id, UserCode.action == OWN_PHONE, UserCode.phone_cipher.isnot(None))
            .where(UserCode.code_digest.isnot(None), UserCode.expires_at > now())
            .order_by(UserCode.id.desc())
            .limit(1)
        ).first()
        return None if row is None or row.phone_cipher is None else vault().decrypt(row.phone_cipher, _pending_context(row.id))


def forget_old_codes() -> None:
    """Numbers that nobody confirmed in time are gone at once, and a day later the rest of what is kept of a code. A sweep."""
    at = now()
    with transaction() as session:
        over = or_(UserCode.code_digest.isnot(None), UserCode.phone_cipher.isnot(None))
        session.execute(update(UserCode).where(UserCode.expires_at <= at, over).values(code_digest=None, phone_cipher=None))
        session.execute(delete(UserCode).where(UserCode.created_at < at - CODE_KEPT))


def _send_code(user_id: int, action: str, e164: str, what: str, *, keeps_number: bool = False) -> None:
    number = _keyed("officer phones", e164)
    with transaction() as session:
        user = locked_user(user_id)
        if not user.active:
            raise Refused("user_missing")
        # Two people who ask for one number at one moment would both find its limit unreached.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(number[:8], "big", signed=True)})
        at = now()
        recent = session.execute(
            select(UserCode.user_id, UserCode.number_digest, UserCode.created_at)
            .where(or_(UserCode.user_id == user_id, UserCode.number_digest == number))
            .where(UserCode.created_at > at - CODE_KEPT)
        ).all()
        waits = [
            wait_for_code([row.created_at for row in recent if row.user_id == user_id], at),
            wait_for_code([row.created_at for row in recent if row.number_digest == number], at),
        ]
        longest = max((each for each in waits if each is not None), default=None)
        if longest is not None:
            raise Refused("text_code_limit", minutes=math.ceil(longest.total_seconds() / 60))
        session.execute(
            update(UserCode).where(UserCode.user_id == user_id, UserCode.action == action).values(code_digest=None, phone_cipher=None)
        )
        row = UserCode(user_id=user_id, action=action, number_digest=number, attempt_count=0, created_at=at, expires_at=at + CODE_LASTS)
        session.add(row)
        session.flush()
        code = draw_code(secrets.randbelow)
        row.code_digest = _code_digest(row.id, code)
        if keeps_number:
            row.phone_cipher = vault().encrypt(e164, _pending_context(row.id))
        session.flush()
        unit_id, sms_name = _sender_of(user_id)
        body = CODE_TEXT.format(sms_name=sms_name, what=what, code=code)
        send_text(CODE_KIND, unit_id=unit_id, e164=e164, body=body, expires_in=CODE_LASTS)


def _judge(user_id: int, typed: str, action: str) -> int:
    """The id of the row whose code this is; its code is used up. Refused otherwise, and the try stays counted."""
    if in_transaction():
        raise RuntimeError("a wrong code must count even though it is refused")
    with transaction() as session:
        email = session.scalar(select(User.email).where(User.id == user_id, User.active))
    if email is None:
        raise Refused("user_missing")
    charge_try(email)
    code = read_code(typed)
    with transaction() as session:
        row = session.scalar(
            select(UserCode)
            .where(UserCode.user_id == user_id, UserCode.action == action)
            .order_by(UserCode.id.desc())
            .limit(1)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row is None:
            verdict = CodeVerdict.SPENT
        else:
            row_id, digest = row.id, _code_digest(row.id, code or "")  # also for no code: every try takes as long
            verdict = judge_code(row.code_digest, row.expires_at, row.attempt_count, digest if code else None, now())
            if verdict is CodeVerdict.WRONG:
                row.attempt_count += 1
            if verdict is CodeVerdict.RIGHT:
                row.code_digest = None
                session.flush()
                forgive_tries(email)
                return row_id
    raise Refused("text_code_spent" if verdict is CodeVerdict.SPENT else "text_code_wrong")


def _tell_number_before(user: User, e164: str) -> None:
    unit_id, sms_name = _sender_of(user.id)
    send_text(NOTICE_KIND, unit_id=unit_id, e164=e164, body=CHANGED_TEXT.format(sms_name=sms_name), expires_in=CODE_KEPT)


def _sender_of(user_id: int) -> tuple[int | None, str]:
    unit_id = home_unit_id(user_id)
    unit = None if unit_id is None else get_unit(unit_id)
    return unit_id, unit.sms_name if unit else "Engage"


def _code_digest(row_id: int, code: str) -> bytes:
    return _keyed("officer codes", f"{row_id}:{code}")


def _pending_context(row_id: int) -> str:
    return f"user_code.phone:{row_id}"


def _keyed(secret: str, value: str) -> bytes:
    return hmac.digest(bytes.fromhex(vault().derive_secret(secret)), value.encode(), hashlib.sha256)


def _record(action: str, user: User, actor_id: int | None) -> None:
    record_audit(
        action, unit_id=home_unit_id(user.id), object_type="user", object_id=user.id, detail={"name": user.name}, actor_id=actor_id
    )
