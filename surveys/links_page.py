"""From a link's letters to the page that lies ready for it; shared by the routes and the front door."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

from engage.clock import now, today_in_tehran
from engage.persian import spoken_language
from engage.web.i18n import chrome_of
from engage.web.i18n import page_in as spoken
from surveys import commands, queries
from surveys.asked import Asked, Office
from surveys.citizen import states
from surveys.citizen.layout import Page
from surveys.citizen.session import Carried, Session, shuffles
from surveys.citizen.shelf import page_of
from surveys.queries import FoundLink
from surveys.results import promise_story, results_address
from surveys.rules import Link, LinkState, link_state
from surveys.sealing import seal_state

SEEDS = 16
KEPT = "engage_kept"
"""The cookie of a browser that has answered earlier pages of this link. It is sent for this link alone; scripts don't see it."""


def ready_page(token: str) -> Page | None:
    """The page of a link that leads somewhere, its first opening noted; None for any other."""
    link = queries.find_link(token)
    state = state_of(link)
    if link is None or state is LinkState.NOT_FOUND:
        return None
    note_opened(link)
    return page_in(link, state, token)


def note_opened(link: FoundLink) -> None:
    if link.opened_on is None:
        commands.note_opened(link.invitation_id, today_in_tehran().date())


def state_of(link: FoundLink | None) -> LinkState:
    if link is None:
        return LinkState.NOT_FOUND
    facts = Link(link.survey_state, link.version_id is not None, link.closes_at, link.expires_at, link.is_answered, link.is_revoked)
    return link_state(facts, now())


def page_in(link: FoundLink, state: LinkState, token: str, language: str = "fa") -> Page:
    """What lies behind the link; forms in this language, all other pages in that of a form in it."""
    office = Office(link.office_name)
    if state in (LinkState.ANSWERED, LinkState.CLOSED):
        with spoken(language):
            if state is LinkState.CLOSED:
                return _closed_page(link, office)
            story = promise_story(link.survey_id)
            key: Hashable = ("answered", link.office_name, link.results_on, chrome_of(language), story)
            return page_of(key, lambda: states.answered_page(office, link.results_on, story))
    asked = newest(link)
    seed = seed_of(token) if shuffles(asked.definition) else 0
    key = ("form", link.version_id, link.office_name, link.closes_at, link.results_on, link.notice, seed, language)
    return page_of(key, lambda: Session(asked, today_in_tehran().date(), Carried(token), seed, language).first_page())


def seed_of(token: str) -> int:
    """What the options of whoever holds this link are shuffled by: one of sixteen orders, always the same for the same link."""
    return hashlib.sha256(token.encode()).digest()[0] % SEEDS


def _closed_page(link: FoundLink, office: Office) -> Page:
    closed_at = link.closed_at or (link.closes_at if link.closes_at is not None and link.closes_at <= now() else None)
    address = results_address(link.survey_id, link.survey_slug)
    # Until its seal is broken an anonymous survey tells no number, and one that stays sealed never does.
    seal = seal_state(link.survey_id) if link.is_anonymous else None
    story = promise_story(link.survey_id)
    key = ("closed", spoken_language(), link.survey_id, link.title, link.office_name, closed_at, link.results_on, address, seal, story)
    return page_of(
        key,
        lambda: states.closed_page(
            office,
            title=link.title,
            closed_at=closed_at,
            answered_count=queries.response_count(link.survey_id) if closed_at is not None and seal in (None, "opened") else None,
            results_on=link.results_on,
            results_url=address,
            story=story,
        ),
    )


def newest(link: FoundLink) -> Asked:
    asked = queries.survey_for_page(link)
    assert asked is not None, "an open survey has a version"
    return asked
