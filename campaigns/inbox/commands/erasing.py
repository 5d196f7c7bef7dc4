"""What the inbox knows of a person who is erased goes with them."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaigns.models import CaseReply, InboundCase, InboundMessage
from contacts.queries import contact_unit
from contacts.queries.references import Erasing


def forget_cases(session: Session, erasing: Erasing) -> None:
    """No thread, text or reply of this number is left; where a unit alone forgets the person, of its threads with them."""
    wanted = select(InboundCase.id).where(InboundCase.identity_id == erasing.identity_id)
    if not erasing.is_whole:
        units = {contact_unit(each) for each in erasing.contact_ids}
        wanted = wanted.where(InboundCase.unit_id.in_([each for each in units if each is not None]))
    ids = list(session.scalars(wanted.with_for_update()))
    if ids:
        for table in (InboundMessage, CaseReply):
            session.execute(delete(table).where(table.case_id.in_(ids)))
        session.execute(delete(InboundCase).where(InboundCase.id.in_(ids)))
