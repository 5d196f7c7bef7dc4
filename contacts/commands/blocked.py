"""The operator's list of numbers that blocked our line: whoever answered لغو۱۱ to the operator gets no more texts from us either."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

import structlog
from sqlalchemy import func, select

from contacts.commands.suppression import suppress_number
from contacts.index_keys import hold_index_key
from contacts.models import ConsentEntry, Contact, PhoneIdentity, Suppression
from contacts.rules.consent import OWN_CHANNELS
from engage.db import release_session, transaction
from engage.sms.port import Blocked, Gateway

log = structlog.get_logger(__name__)

OPTED_OUT = 2
"""The gateway's reason: the citizen answered لغو۱۱ (GATEWAY.md, section 2). Other reasons say nothing about anybody's wish."""
CHUNK = 1_000


def sync_blocked_numbers(gateway: Gateway, line: str, since: datetime | None = None) -> int:
    """Every number on the operator's list of this line is stopped here, too, unless its holder agreed again after blocking it.

    Returns how many were new; of the list only what is on it since `since`. Raises GatewayUnavailable; what was stopped until then stays.
    """
    release_session()
    found = gateway.blocked(line, since)
    count = 0
    opted_out = iter(each for each in found if each.reason == OPTED_OUT)
    while chunk := list(islice(opted_out, CHUNK)):
        for number in _unknown(chunk):
            count += suppress_number(number, "operator", actor_id=None)
    if count:
        log.info("blocked_numbers_stopped", count=count, listed=len(found))
    return count


def _unknown(chunk: Sequence[Blocked]) -> Iterable[str]:
    """The numbers of this part of the list that are not stopped yet and didn't agree again later."""
    with transaction() as session:
        keys = hold_index_key(session)
        hashes = {found: each.number for each in chunk for found in keys.suppression_hashes(each.number)}
    blinds = {found: each.number for each in chunk for found in keys.blind_indexes(each.number)}
    with transaction() as session:
        stopped = {
            hashes[bytes(found)] for found in session.scalars(select(Suppression.number_hash).where(Suppression.number_hash.in_(hashes)))
        }
        rows = session.execute(
            select(PhoneIdentity.blind_index, func.max(ConsentEntry.at))
            .join(Contact, Contact.identity_id == PhoneIdentity.id)
            .join(ConsentEntry, ConsentEntry.pseudonym == Contact.pseudonym)
            .where(
                PhoneIdentity.blind_index.in_(blinds),
                ConsentEntry.given,
                ConsentEntry.channel.in_([str(channel) for channel in OWN_CHANNELS]),
            )
            .group_by(PhoneIdentity.blind_index)
        )
        agreed = {blinds[bytes(blind)]: at for blind, at in rows}
    return [each.number for each in chunk if each.number not in stopped and not (each.number in agreed and agreed[each.number] > each.at)]
