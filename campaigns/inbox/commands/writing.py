"""What all commands of the inbox write alike: a case under lock, and a text that goes out in it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.models import CaseReply, InboundCase
from campaigns.queries.lines import line_in_use
from contacts.commands.single_texts import queue_text
from engage.clock import now
from engage.db import driver_connection
from engage.refusal import Refused
from engage.sms.segments import compose_text
from engage.vault import vault

EXPIRES = {"reply": timedelta(hours=24), "closing": timedelta(hours=24), "keyword": timedelta(hours=2), "off_hours": timedelta(hours=2)}
"""After this long a text would only confuse."""


def reply_context(reply_id: int) -> str:
    return f"case_reply:{reply_id}"


def locked_case(session: Session, case_id: int) -> InboundCase:
    """The case, held until the transaction ends; Refused("case_missing") when it is gone."""
    case = session.scalar(select(InboundCase).where(InboundCase.id == case_id).with_for_update().execution_options(populate_existing=True))
    if case is None:
        raise Refused("case_missing")
    return case


def send_in_case(session: Session, case: InboundCase, e164: str, kind: str, words: str, *, author_id: int | None) -> int:
    """The text, with the opt-out line, stands in the case and goes out on the line the citizen wrote to, if and only if the transaction commits. Returns its id there.

    A number that is stopped by the time of sending is never texted (`contacts.rules.single_texts.OBEYS_SUPPRESSION`).
    """
    body = compose_text(words)
    line = line_in_use(case.line)
    text_id = queue_text(kind, unit_id=case.unit_id, e164=e164, body=body, expires_in=EXPIRES[kind], line=line)
    cursor = driver_connection(session).execute("SELECT nextval(pg_get_serial_sequence('case_reply', 'id'))")
    reply_id = int(cursor.fetchone()[0])  # type: ignore[index]
    session.add(
        CaseReply(
            id=reply_id,
            case_id=case.id,
            kind=kind,
            text_cipher=vault().encrypt(body, reply_context(reply_id)),
            author_id=author_id,
            text_id=text_id,
            created_at=now(),
        )
    )
    session.flush()
    return reply_id
