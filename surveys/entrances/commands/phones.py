"""One response per confirmed phone: a code by SMS, a ticket for the browser, and nothing kept but a digest made for one survey.

Nobody learns from these pages whether a number has answered: a code goes to every mobile number alike, and only whoever holds the
right one is told more.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, or_, select, text

from engage.clock import now
from engage.db import transaction
from engage.identity.queries import get_unit
from engage.vault import vault
from surveys import rules as survey_rules
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import CODE_LASTS, Asking, Verdict, draw_code, judge_code, next_asking, read_code
from surveys.entrances.texts import send_text
from surveys.models import EntrancePhone, Survey

CODE_TEXT = "{sms_name}: این کد را به هیچ‌کس ندهید.\nکد تأیید: {code}"
"""One page with any unit's short name; telephones offer the digits at its end for typing. Data in Persian: it is what is sent."""

KEPT = timedelta(days=30)
"""So long after a survey's end it is still known that a phone has answered it."""


@dataclass(frozen=True)
class Proof:
    """What a typed code came to. The ticket is for the browser alone; `has_answered` is told to whoever holds the phone."""

    verdict: Verdict
    ticket: str = ""
    has_answered: bool = False


def send_phone_code(entrance: FoundEntrance, e164: str) -> None:
    """A fresh code is on its way to this number, and no earlier one opens anything; or nothing changes, where it was sent enough of
    them lately. The caller can't tell, and its page says the same."""
    digest = _phone_digest(entrance.survey_id, e164)
    with transaction() as session:
        # Two requests at one moment would both find the limit unreached.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(digest[:8], "big", signed=True)})
        at = now()
        row = session.get(EntrancePhone, (entrance.survey_id, digest), populate_existing=True)
        asking = next_asking(Asking(row.asked_count, row.asked_since, row.asked_at) if row is not None else None, at)
        if asking is None:
            return
        if row is None:
            row = EntrancePhone(survey_id=entrance.survey_id, phone_digest=digest)
            session.add(row)
        code = draw_code(secrets.randbelow)
        row.asked_count, row.asked_since, row.asked_at = asking.count, asking.since, asking.last
        row.code_digest, row.code_expires_at, row.attempt_count = _code_digest(digest, code), at + CODE_LASTS, 0
        session.flush()
        unit = get_unit(entrance.unit_id)
        body = CODE_TEXT.format(sms_name=unit.sms_name if unit else entrance.office_name, code=code)
        send_text(unit_id=entrance.unit_id, e164=e164, body=body, expires_in=CODE_LASTS)


def confirm_phone(entrance: FoundEntrance, e164: str, typed: str) -> Proof:
    """Whether `typed` is the code this number holds. A right one is used up and opens the form for one browser, the newest; a wrong one
    costs a try."""
    digest = _phone_digest(entrance.survey_id, e164)
    code = read_code(typed)
    typed_digest = _code_digest(digest, code or "")  # also for no code: every try takes as long
    with transaction() as session:
        row = session.get(EntrancePhone, (entrance.survey_id, digest), with_for_update=True, populate_existing=True)
        if row is None:
            return Proof(judge_code(None, None, 0, typed_digest, now()))
        verdict = judge_code(row.code_digest, row.code_expires_at, row.attempt_count, typed_digest if code else None, now())
        if verdict is Verdict.WRONG and code:
            row.attempt_count += 1
        if verdict is not Verdict.RIGHT:
            return Proof(verdict)
        row.code_digest = row.code_expires_at = None
        ticket = secrets.token_urlsafe(24)
        if not row.answered:
            # Another browser's ticket opens nothing any more. Of a phone that has answered the old one is kept: it belongs to its turn.
            row.ticket_digest = ticket_digest(entrance.survey_id, ticket)
        return Proof(verdict, ticket, row.answered)


def find_ticket(entrance: FoundEntrance, ticket: str) -> bytes | None:
    """The digest of a ticket that holds, whether its phone has answered or not; None for anything else."""
    if not ticket or len(ticket) > 64 or not ticket.isascii():
        return None
    digest = ticket_digest(entrance.survey_id, ticket)
    with transaction() as session:
        known = session.scalar(
            select(EntrancePhone.survey_id).where(EntrancePhone.survey_id == entrance.survey_id, EntrancePhone.ticket_digest == digest)
        )
    return digest if known is not None else None


def forget_phones() -> int:
    """Digests nobody needs any more are gone: of surveys closed long ago, and of phones that never went on. Returns how many."""
    at = now()
    over = select(Survey.id).where(Survey.state == survey_rules.CLOSED, Survey.closed_at < at - KEPT)
    with transaction() as session:
        done = session.execute(
            delete(EntrancePhone).where(
                or_(
                    EntrancePhone.survey_id.in_(over),
                    EntrancePhone.ticket_digest.is_(None) & (EntrancePhone.asked_at < at - timedelta(days=1)),
                )
            )
        )
        return int(done.rowcount)  # type: ignore[attr-defined]


def ticket_digest(survey_id: int, ticket: str) -> bytes:
    return _keyed("entrance tickets", f"{survey_id}:{ticket}")


def _phone_digest(survey_id: int, e164: str) -> bytes:
    return _keyed("entrance phones", f"{survey_id}:{e164}")


def _code_digest(phone_digest: bytes, code: str) -> bytes:
    return _keyed("entrance codes", f"{phone_digest.hex()}:{code}")


def _keyed(secret: str, value: str) -> bytes:
    return hmac.digest(bytes.fromhex(vault().derive_secret(secret)), value.encode(), hashlib.sha256)
