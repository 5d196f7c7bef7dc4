"""A survey answered by replying: a citizen's phone, as far as the platform sees it."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import text

import surveys.commands as surveys
from campaigns.kinds import CampaignKind
from contacts.queries import phone_of
from engage.db import db
from surveys.queries.links import link_by_id
from tests import make
from tests.sending import begin

HOOK = "/hooks/sms/test-webhook-token-0123456789/inbound"
ids = count(8_000_000)

ASKED: dict[str, Any] = {
    "format": 1,
    "title": "محلهٔ شما",
    "questions": [
        {"id": "q1", "type": "single", "label": "کدام کار واجب‌تر است؟", "required": True, "options": [{"id": "light", "label": "روشنایی"}, {"id": "park", "label": "فضای سبز"}]},
        {"id": "q2", "type": "yes_no", "label": "شب‌ها کوچه امن است؟", "required": True},
        {"id": "q3", "type": "short_text", "label": "چه چیزی کم است؟", "show_if": "not q2"},
        {"id": "q4", "type": "number", "label": "چند نفرید؟", "min": 1, "max": 20},
    ],
}  # fmt: skip


class Phone:
    """One citizen: what they write comes in by the webhook, what they get stands in the gateway's ledger."""

    def __init__(self, app, simulator, drain, e164: str) -> None:
        self.app, self.simulator, self.drain, self.e164 = app, simulator, drain, e164
        self.line = app.extensions["engage_settings"].gateway_line

    def sends(self, *texts: str, gateway_id: int | None = None) -> None:
        """Each text, and whatever it sets going."""
        for words in texts:
            self.post(words, gateway_id)
            self.drain()

    def post(self, words: str, gateway_id: int | None = None) -> int:
        gateway_id = gateway_id or next(ids)
        answer = self.app.test_client().post(HOOK, data={"messageid": gateway_id, "from": self.e164, "to": self.line, "message": words})
        assert answer.status_code == 200
        return gateway_id

    @property
    def texts(self) -> list[str]:
        return [each["message"] for each in self.simulator.ledger() if each["receptor"] == f"0{self.e164[3:]}"]

    @property
    def last(self) -> str:
        return self.texts[-1]


def invited(app, simulator, drain, clock, definition: dict[str, Any] = ASKED, **changes: Any) -> tuple[Phone, int, int]:
    """A phone that has just got the first text of a conversation, the survey, and the campaign."""
    unit_id = make.make_unit()
    survey_id = make.make_survey(unit_id, definition)
    (identity,) = make.make_contacts(unit_id, 1)
    e164 = phone_of(identity)
    db.session.rollback()
    campaign_id = begin(app, make.make_campaign(unit_id, survey_id, kind=CampaignKind.CONVERSATION, text="{واحد}: محلهٔ شما", **changes))
    drain()
    minute(clock)
    return Phone(app, simulator, drain, e164), survey_id, campaign_id


def minute(clock, count: float = 1) -> None:
    clock.advance(timedelta(minutes=count))


def rows(statement: str, **values: Any) -> list[Any]:
    found = db.session.execute(text(statement), values).all()
    db.session.rollback()
    return [tuple(row) for row in found]


def responses() -> list[Any]:
    return rows("SELECT channel, answers, invitation_id IS NOT NULL FROM response ORDER BY id")


def states() -> list[str]:
    return [row[0] for row in rows("SELECT state FROM conversation ORDER BY id")]


def link_of_invitation() -> Any:
    found = link_by_id(rows("SELECT id FROM invitation")[0][0])
    db.session.rollback()
    return found


def answer_on_the_web(answers: dict[str, Any]) -> Any:
    link = link_of_invitation()
    done = surveys.submit_response(link, link.version_id, answers)
    db.session.rollback()
    return done
