"""How long citizens waited: from the first text nobody had answered to a person's first answer."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from campaigns.models.inbound import CaseReply, InboundCase, InboundMessage
from campaigns.queries.periods import replies_by_unit
from engage.clock import now
from engage.db import transaction
from engage.identity.rules import Role
from tests.features.test_reports_live import Asked
from tests.people import make_person


def test_chasing_makes_no_wait_shorter_and_a_second_answer_counts_once(app: Flask) -> None:
    asked = Asked()
    author, (identity,), start = make_person(asked.unit_id, Role.OFFICER), asked.invite(1), now() - timedelta(hours=30)
    with transaction() as session:
        case = InboundCase(unit_id=asked.unit_id, identity_id=identity, opened_at=start, last_at=start)
        session.add(case)
        session.flush()
        for number, hours in enumerate((0, 5, 20), 1):
            at = start + timedelta(hours=hours)
            session.add(
                InboundMessage(
                    gateway_id=number,
                    line="3000",
                    identity_id=identity,
                    case_id=case.id,
                    sender_cipher=b"x",
                    text_cipher=b"x",
                    received_at=at,
                )
            )
        # A machine at once, a person after six hours and again after seven, and two hours after the third text.
        for place, (hours, who) in enumerate(((0.1, None), (6, author), (7, author), (22, author)), 1):
            at = start + timedelta(hours=hours)
            session.add(
                CaseReply(
                    case_id=case.id, kind="reply" if who else "keyword", text_cipher=b"x", author_id=who, text_id=place, created_at=at
                )
            )
    found = replies_by_unit([asked.unit_id], start, now())
    assert found[asked.unit_id] == found[None]
    assert (found[None].count, found[None].median_wait) == (2, timedelta(hours=4))
    assert replies_by_unit([asked.unit_id], start + timedelta(hours=6.5), start + timedelta(hours=8)) == {}
    assert replies_by_unit([asked.units[2]], start, now()) == {}
