"""A conversation begins: by a yes to a campaign's text, or by a keyword."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from flask import current_app
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns.conversation import words
from campaigns.conversation.asking import unaskable
from campaigns.conversation.commands.talking import go_on, keep_progress, locked_talk, move, progress_of, say_link, send, state_of
from campaigns.conversation.rules import GOING_ON, Progress, TalkState
from campaigns.models import Conversation, InboundMessage
from contacts.queries.identities import contacts_by_unit
from contacts.queries.sendable import NOT_SENDABLE, SENDABLE_JOIN
from contacts.queries.sign_up_pages import list_sign_up_pages
from engage.clock import now
from engage.db import driver_connection
from engage.identity.queries import require_unit
from surveys.commands import invite_identities, note_started
from surveys.queries import definition_of, get_survey_facts
from surveys.queries.links import FoundLink, link_by_id
from surveys.rules import LinkState, is_open

PURPOSE = "survey_invitation"
LASTS = timedelta(days=30)
"""Of a survey that has no last day"""

_MAY_RECEIVE = f"""
    SELECT {NOT_SENDABLE} FROM (SELECT %(identity)s::bigint AS identity_id, %(contact)s::bigint AS contact_id) m {SENDABLE_JOIN}
"""


class Start(StrEnum):
    BEGUN = "begun"
    NOT_MEMBER = "not_member"
    IMPOSSIBLE = "impossible"
    """The survey is over, or can't be asked by text any more: a person looks at it."""


def begin(session: Session, link: FoundLink, row: InboundMessage, e164: str, *, campaign_id: int | None, first: str = "") -> bool:
    """The first question of the invitation's survey is asked, or the present one again where they are in the midst of it. False where there
    is nothing to begin any more: the number is somebody else's now.

    Who answered already, or comes too late, is told so. What can't be asked by text any more is answered with the link.
    """
    state = state_of(link)
    if state is LinkState.NOT_FOUND:
        return False
    if state is not LinkState.FORM:
        send(link.unit_id, e164, words.ALREADY if state is LinkState.ANSWERED else words.CLOSED, row, campaign_id=campaign_id)
        return True
    assert link.version_id is not None
    at = now()
    session.execute(
        insert(Conversation)
        .values(
            invitation_id=link.invitation_id,
            identity_id=link.identity_id,
            unit_id=link.unit_id,
            survey_id=link.survey_id,
            version_id=link.version_id,
            campaign_id=campaign_id,
            line=row.line,
            state=str(TalkState.ENDED),
            started_at=at,
            asked_at=at,
            expires_at=link.expires_at,
            finished_at=at,
        )
        .on_conflict_do_nothing(index_elements=["invitation_id"])
    )
    talk = locked_talk(session, link.invitation_id)
    assert talk is not None
    if talk.state in GOING_ON and row.received_at < talk.asked_at:
        return True  # the same yes twice: it was written before our question went out
    if talk.state == TalkState.FINISHED:
        send(link.unit_id, e164, words.ALREADY, row, campaign_id=campaign_id)
        return True
    if talk.state == TalkState.ENDED:
        if unaskable(definition_of(link.version_id)):
            session.delete(talk)
            say_link(link, e164, row, campaign_id=campaign_id)
            return True
        talk.version_id, talk.started_at, talk.text_count = link.version_id, at, 0
        move(talk, TalkState.ASKING)
        keep_progress(talk, Progress())
        note_started(link.invitation_id)
    talk.line, talk.expires_at, talk.repeat_count = row.line, link.expires_at, 0
    go_on(talk, link, progress_of(talk), e164, row, first=first)
    session.flush()
    return True


def start_by_keyword(session: Session, survey_id: int, unit_id: int, first: str, row: InboundMessage, identity_id: int, e164: str) -> Start:
    """Somebody of the unit's contact base who agreed to surveys is asked at once: the keyword was their yes. Nobody else is; for them there
    is `join_words`."""
    facts, at = get_survey_facts(survey_id), now()
    if facts is None or facts.published_version_id is None or not is_open(facts.state, facts.closes_at, at):
        return Start.IMPOSSIBLE
    if unaskable(definition_of(facts.published_version_id)):
        return Start.IMPOSSIBLE
    if not _may_receive(session, unit_id, identity_id):
        return Start.NOT_MEMBER
    expires_at = facts.closes_at or at + LASTS
    invitation_id, _version = invite_identities(survey_id, unit_id, [identity_id], expires_at)[identity_id]
    link = link_by_id(invitation_id)
    return Start.BEGUN if link is not None and begin(session, link, row, e164, campaign_id=None, first=first) else Start.IMPOSSIBLE


def join_words(unit_id: int) -> str:
    """How to become somebody the unit may ask."""
    unit = require_unit(unit_id)
    page = next((each for each in list_sign_up_pages([unit_id]) if each.is_open), None)
    if page is None:
        return words.JOIN.format(unit=unit.sms_name)
    return words.JOIN_AT.format(unit=unit.sms_name, address=f"{current_app.extensions['engage_settings'].base_url}/join/{page.slug}")


def _may_receive(session: Session, unit_id: int, identity_id: int) -> bool:
    """What a campaign's claim asks before every text, asked for this one."""
    contact_id = contacts_by_unit([unit_id], [identity_id]).get((unit_id, identity_id))
    if contact_id is None:
        return False
    values = {"identity": identity_id, "contact": contact_id, "purpose": PURPOSE, "asks_permission": False, "with_legal_basis": False}
    with driver_connection(session).cursor() as cursor:
        found = cursor.execute(_MAY_RECEIVE, values).fetchone()
    return found is not None and found[0] is None
