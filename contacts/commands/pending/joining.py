"""Joining on a page: the number is proved by a code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete

from contacts.commands.codes import check_code, send_code
from contacts.commands.pending.waiting import Joining, channel_of_answer, count, join, locked, number_of, write
from contacts.models import PendingConsent, SignUpPage
from contacts.queries.sign_up_pages import OfferedPurpose
from contacts.rules.codes import CodePurpose, Verdict
from contacts.rules.consent import Channel
from contacts.rules.people import Person
from engage.db import transaction
from engage.identity.queries import require_unit
from engage.refusal import Refused
from engage.vault import vault

TYPE_CODE_WITHIN = timedelta(days=1)
"""A number typed on a page and never confirmed is deleted after this."""


def begin_sign_up(page_id: int, e164: str, person: Person, purposes: Sequence[OfferedPurpose]) -> int:
    """The sign-up waits for the code that is on its way; returns its id. The same number asking again replaces what it said before.

    `purposes` carry the words that stood on the page. Refused: sign_up_page_missing, sign_up_page_closed, purposes_missing.
    """
    if not purposes:
        raise Refused("purposes_missing")
    with transaction() as session:
        page = session.get(SignUpPage, page_id, populate_existing=True)
        if page is None:
            raise Refused("sign_up_page_missing")
        if not page.is_open:
            raise Refused("sign_up_page_closed")
        unit = require_unit(page.unit_id)
        blinds = vault().blind_indexes(e164)
        earlier = session.scalars(
            delete(PendingConsent)
            .where(PendingConsent.page_id == page_id, PendingConsent.blind_index.in_(blinds))
            .returning(PendingConsent.id)
        ).all()
        pending = write(session, unit.id, e164, person, purposes, Channel.SIGN_UP, TYPE_CODE_WITHIN, page_id=page_id)
        if not earlier:
            count(session, unit.id, page_id, asked=1)
        send_code(CodePurpose.SIGN_UP, e164, unit_id=unit.id, sms_name=unit.sms_name)
        return pending.id


def send_sign_up_code_again(pending_id: int) -> None:
    """Another code, as far as the limits allow; the page says the same either way."""
    with transaction() as session:
        pending = session.get(PendingConsent, pending_id, populate_existing=True)
        if pending is None or pending.page_id is None:
            return
        unit = require_unit(pending.unit_id)
        send_code(CodePurpose.SIGN_UP, number_of(pending), unit_id=unit.id, sms_name=unit.sms_name)


def finish_sign_up(pending_id: int, typed: str) -> Joining:
    """The code is checked, and with the right one the person has joined: the consents are in the ledger.

    STOPPED: the code was right, but nothing is written before the holder renews (`join_after_renewal`).
    """
    with transaction() as session:
        pending = locked(session, pending_id)
        if pending is None or pending.page_id is None:
            return Joining.GONE
        verdict = check_code(CodePurpose.SIGN_UP, number_of(pending), typed)
        if verdict is not Verdict.RIGHT:
            return Joining.WRONG_CODE if verdict is Verdict.WRONG else Joining.SPENT_CODE
        return join(session, pending, Channel.SIGN_UP)


def join_after_renewal(pending_id: int) -> Joining:
    """For a holder who has proved the number and has just renewed it (`renew_number`): what they asked for is written."""
    with transaction() as session:
        pending = locked(session, pending_id)
        return Joining.GONE if pending is None else join(session, pending, channel_of_answer(pending))
