"""Words that are acted upon by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select

from campaigns.conversation.commands import require_askable
from campaigns.inbox.rules import check_reply, check_word
from campaigns.models import InboundKeyword, SmsLine
from engage.clock import now
from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.queries import may_user, require_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from surveys.queries import get_survey_facts

MAX_LABEL = 60


@dataclass(frozen=True)
class KeywordDraft:
    """See `campaigns.models.InboundKeyword`."""

    label: str
    action: str
    line: str = ""
    survey_id: int | None = None
    text: str = ""
    to_unit_id: int | None = None
    to_user_id: int | None = None
    is_active: bool = True


def save_keyword(unit_id: int, draft: KeywordDraft, *, keyword_id: int | None = None, actor_id: int | None) -> int:
    """The word does what is said from the next text on. Returns its id.

    Refused: "keyword_invalid", "keyword_reserved" (stop words, 12, 1 and yes), "keyword_taken" (by any unit, on that line or on all),
    "keyword_action_unknown", "line_unknown", "survey_missing", what `require_askable` refuses, "reply_empty", "reply_long", "unit_missing", "assignee_unfit",
    "keyword_missing".
    """
    word = check_word(draft.label)
    text = check_reply(draft.text) if draft.text.strip() or draft.action == "reply" else ""
    if draft.action not in ("survey", "conversation", "reply", "route"):
        raise Refused("keyword_action_unknown")
    with transaction() as session:
        require_unit(unit_id)
        if draft.line and session.get(SmsLine, draft.line) is None:
            raise Refused("line_unknown", line=draft.line)
        if draft.action in ("survey", "conversation") and (draft.survey_id is None or get_survey_facts(draft.survey_id) is None):
            raise Refused("survey_missing")
        if draft.action == "conversation":
            require_askable(draft.survey_id or 0)
        if draft.action == "route":
            require_unit(draft.to_unit_id or 0)
            if draft.to_user_id is not None and not may_user(draft.to_user_id, Permission.CAMPAIGNS_EDIT, draft.to_unit_id or 0):
                raise Refused("assignee_unfit")
        # Two people at once must not give one word two meanings.
        session.connection().exec_driver_sql("LOCK TABLE inbound_keyword IN SHARE ROW EXCLUSIVE MODE")
        lines = [] if not draft.line else [or_(InboundKeyword.line == draft.line, InboundKeyword.line == "")]
        others = select(InboundKeyword.id).where(InboundKeyword.word == word, InboundKeyword.id != (keyword_id or 0), *lines)
        if session.scalar(others.limit(1)) is not None:
            raise Refused("keyword_taken", word=draft.label.strip())
        keyword = InboundKeyword(created_at=now()) if keyword_id is None else session.get(InboundKeyword, keyword_id, with_for_update=True)
        if keyword is None:
            raise Refused("keyword_missing")
        keyword.unit_id, keyword.line, keyword.word, keyword.label = unit_id, draft.line, word, draft.label.strip()[:MAX_LABEL]
        keyword.action, keyword.text, keyword.is_active = draft.action, text, draft.is_active
        keyword.survey_id = draft.survey_id if draft.action in ("survey", "conversation") else None
        keyword.to_unit_id = draft.to_unit_id if draft.action == "route" else None
        keyword.to_user_id = draft.to_user_id if draft.action == "route" else None
        session.add(keyword)
        session.flush()
        _record("inbox.keyword_saved", keyword, actor_id)
        return keyword.id


def delete_keyword(keyword_id: int, *, actor_id: int | None) -> None:
    """The word means nothing any more. Refused("keyword_missing")."""
    with transaction() as session:
        keyword = session.get(InboundKeyword, keyword_id, with_for_update=True)
        if keyword is None:
            raise Refused("keyword_missing")
        _record("inbox.keyword_deleted", keyword, actor_id)
        session.delete(keyword)


def _record(action: str, keyword: InboundKeyword, actor_id: int | None) -> None:
    record_audit(
        action,
        unit_id=keyword.unit_id,
        object_type="inbound_keyword",
        object_id=keyword.id,
        actor_id=actor_id,
        detail={"word": keyword.label},
    )
