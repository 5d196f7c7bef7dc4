"""Codes by SMS: asking for one and typing it in.

Nothing here tells a caller whether the installation knows the number: a code is made and sent for every mobile number alike, and a
code that was never sent is refused like a wrong one.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from contacts.commands.single_texts import queue_text
from contacts.models import PhoneCode
from contacts.rules.codes import (
    LIFETIME,
    REMEMBERED,
    CodePurpose,
    KeptCode,
    Verdict,
    draw_code,
    judge_code,
    mac_of,
    may_ask,
    read_code,
)
from engage.clock import now
from engage.db import transaction
from engage.vault import sha256, vault

CODE_TEXT = "{sms_name}: این کد را به هیچ‌کس ندهید.\nکد تأیید: {code}"
"""One page with any unit's short name; telephones offer the digits at its end for typing. Data in Persian: it is what is sent."""


def send_code(purpose: CodePurpose, e164: str, *, unit_id: int | None, sms_name: str) -> bool:
    """A fresh code is on its way to this number, and no earlier one of this purpose opens anything any more.

    False when the number was sent enough of them lately: then nothing changes, and the page must say the same as ever.
    """
    blind, blinds = vault().blind_index(e164), vault().blind_indexes(e164)
    with transaction() as session:
        at = now()
        # Two requests at one moment would both find the limit unreached.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(sha256(e164)[:8], "big", signed=True)})
        earlier = session.scalars(
            select(PhoneCode.created_at).where(PhoneCode.blind_index.in_(blinds), PhoneCode.created_at > at - REMEMBERED)
        ).all()
        if not may_ask(earlier, at):
            return False
        for old in session.scalars(
            select(PhoneCode).where(PhoneCode.blind_index.in_(blinds), PhoneCode.purpose == purpose, PhoneCode.used_at.is_(None))
        ):
            old.used_at = at
            old.code_mac = b""
        code = draw_code(secrets.randbelow)
        session.add(
            PhoneCode(
                purpose=purpose,
                blind_index=blind,
                code_mac=mac_of(_secret(), purpose, blind, code),
                created_at=at,
                expires_at=at + LIFETIME,
            )
        )
        session.flush()
        queue_text("code", unit_id=unit_id, e164=e164, body=CODE_TEXT.format(sms_name=sms_name, code=code), expires_in=LIFETIME)
        return True


def check_code(purpose: CodePurpose, e164: str, typed: str) -> Verdict:
    """Whether `typed` is the code this number holds. A right one is used up by this, a wrong one costs a try, both for good."""
    with transaction() as session:
        return _judge(session, purpose, e164, typed)[0]


def open_visit(purpose: CodePurpose, e164: str, typed: str, lasts: timedelta) -> tuple[Verdict, int | None]:
    """Like `check_code`; the right code opens a visit of `lasts`, and its id comes along. It ends earlier by `end_visit`, and when
    the codes of the number are forgotten."""
    with transaction() as session:
        verdict, row = _judge(session, purpose, e164, typed)
        if verdict is not Verdict.RIGHT or row is None:
            return verdict, None
        row.session_until = now() + lasts
        return verdict, row.id


def is_visit_open(visit_id: int) -> bool:
    with transaction() as session:
        return session.scalar(select(PhoneCode.id).where(PhoneCode.id == visit_id, PhoneCode.session_until > now())) is not None


def end_visit(visit_id: int) -> None:
    """Nobody enters with this visit any more, whatever a browser kept."""
    with transaction() as session:
        session.execute(update(PhoneCode).where(PhoneCode.id == visit_id).values(session_until=None))


def _judge(session: Session, purpose: CodePurpose, e164: str, typed: str) -> tuple[Verdict, PhoneCode | None]:
    blinds = vault().blind_indexes(e164)
    at = now()
    row = session.scalar(
        select(PhoneCode)
        .where(PhoneCode.blind_index.in_(blinds), PhoneCode.purpose == purpose)
        .order_by(PhoneCode.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    code = read_code(typed)
    # Also without a row: an unknown number takes as long as a known one.
    typed_mac = mac_of(_secret(), purpose, row.blind_index if row is not None else blinds[0], code or "")
    kept = KeptCode(row.code_mac, row.attempt_count, row.expires_at, row.used_at) if row is not None else None
    verdict = judge_code(kept, typed_mac if code else None, at)
    if row is not None:
        if verdict is Verdict.RIGHT:
            row.used_at = at
            row.code_mac = b""
        elif verdict is Verdict.WRONG and code:
            row.attempt_count += 1
    return verdict, row


def delete_old_codes() -> int:
    """Codes nobody needs for any limit are gone. Returns how many."""
    with transaction() as session:
        return int(session.execute(delete(PhoneCode).where(PhoneCode.created_at <= now() - REMEMBERED)).rowcount)  # type: ignore[attr-defined]


def forget_codes_of(e164: str) -> int:
    """No code of this number is kept; part of an erasure."""
    with transaction() as session:
        done = session.execute(delete(PhoneCode).where(PhoneCode.blind_index.in_(vault().blind_indexes(e164))))
        return int(done.rowcount)  # type: ignore[attr-defined]


def _secret() -> bytes:
    return bytes.fromhex(vault().derive_secret("phone codes"))
