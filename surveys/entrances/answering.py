"""A whole answering at an entrance: the citizen's own pages, for a turn instead of a link.

Earlier pages travel encrypted through the browser, of whatever survey: nothing unfinished is written down for somebody nobody invited,
and the next person on the same device finds nothing.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request

from engage.clock import today_in_tehran
from engage.web.i18n import page_in as spoken
from surveys import queries as surveys
from surveys.asked import Asked, Office
from surveys.citizen.form import LANGUAGE
from surveys.citizen.layout import Page
from surveys.citizen.session import Carried, Session, Step, carried_text, language_in, shuffles
from surveys.citizen.shelf import page_of
from surveys.citizen.states import files_full_page
from surveys.definitions import estimated_minutes
from surveys.entrances import pages
from surveys.entrances.commands import submitting
from surveys.entrances.commands.places import Turn
from surveys.entrances.commands.submitting import Answers, Entered
from surveys.entrances.idling import idling, turn_mark
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.responding import answered
from surveys.entrances.rules import EntranceState
from surveys.results import results_address
from surveys.submission import Outcome
from surveys.uploads import UploadShelf
from surveys.uploads.holding import is_beyond_reading

SEEDS = 16
"""So many orders of shuffled options are kept ready"""


@dataclass(frozen=True)
class Earlier:
    """An entry that is being put right: the form begins with what it says."""

    version_id: int
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Holder:
    """Whoever answers at an entrance, for as long as their turn lasts."""

    turn: Turn
    token: str
    """Unguessable letters of this turn: what was answered on earlier pages is bound to them"""
    start: str = ""
    """Where the next turn begins, if this page may lead there"""
    next_words: str = ""
    idle_seconds: int | None = None
    """So long nobody may touch the page beyond the time its questions take before it begins anew"""
    thanks_seconds: int | None = None
    earlier: Earlier | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the device passes from one person to the next."""
        return bool(self.start)


def show(holder: Holder) -> Response:
    """The first page of the form, or what came of the turn if it is over already."""
    entrance = holder.turn.entrance
    ended = _ended(holder)
    if ended is not None:
        return ended
    asked = _asked(entrance, str(holder.earlier.version_id) if holder.earlier else "")
    language = language_in(asked.definition, request.args.get("lang", ""))
    session = _session(holder, asked, Carried(holder.token), language)
    if holder.earlier is not None:
        session.memory.keep(holder.earlier.document)
        page = session.show(1)
    elif any(getattr(question, "parameter", None) in request.args for question in asked.definition.questions):
        page = session.first_page(request.args.to_dict(flat=False))
    else:
        key = ("entrance form", asked.version_id, asked.office.name, asked.closes_at, asked.results_on, asked.notice, session.seed, language)
        page = page_of(key, session.first_page)
    return _formed(holder, page, asked)


def send(holder: Holder) -> Response:
    """One page was sent: it is answered by the next one, by that of the mistakes, or by thanks."""
    entrance = holder.turn.entrance
    ended = _ended(holder)
    if ended is not None:
        return ended
    if is_beyond_reading(request, entrance.unit_id):
        response = answered(files_full_page(Office(entrance.office_name)), 503)
        response.headers.update({"Retry-After": "3600", "Connection": "close"})
        return _soon_over(holder, response)
    given = request.form.to_dict(flat=False)
    asked = _asked(entrance, next(iter(given.get("version", ())), ""))
    language = language_in(asked.definition, next(iter(given.get(LANGUAGE, ())), ""))
    session = _session(holder, asked, Carried(holder.token, carried_text(given) or ""), language)
    step = session.send(given, {name: file.stream for name, file in request.files.items() if file.filename})
    if step.document is not None:
        with spoken(language):
            return _submit(holder, session, step, asked)
    return _shown(holder, step, asked)


def _ended(holder: Holder) -> Response | None:
    """What stands instead of the form: the thanks of a turn that is over, or why nothing can be taken."""
    entrance = holder.turn.entrance
    earlier = submitting.earlier_entry(holder.turn, holder.token)
    if earlier is not None:
        return _thanks(holder, earlier)
    may_enter = entrance.state is EntranceState.OPEN or (entrance.state is EntranceState.FULL and holder.turn.corrects is not None)
    return None if may_enter else _stopped(holder, "entrance_full")


def _submit(holder: Holder, session: Session, step: Step, asked: Asked) -> Response:
    assert step.document is not None
    answers = Answers(session.asked.version_id, step.document, session.asked.definition, session.language, session.seed)
    entered = submitting.submit_turn(holder.turn, holder.token, answers)
    if entered.submission.outcome is Outcome.FILES_GONE:
        return _shown(holder, session.ask_files_again(step), asked)
    if entered.submission.outcome in (Outcome.TOO_LATE, Outcome.FULL):
        return _stopped(holder, entered.problem)
    return _thanks(holder, entered)


def _asked(entrance: FoundEntrance, named: str) -> Asked:
    """The version the form was made from, else the newest."""
    asked = surveys.survey_for_page(entrance, int(named)) if named.isascii() and named.isdigit() and len(named) < 19 else None
    asked = asked or surveys.survey_for_page(entrance)
    assert asked is not None, "an open survey has a version"
    return asked


def _session(holder: Holder, asked: Asked, memory: Carried, language: str) -> Session:
    seed = holder.turn.digest[0] % SEEDS if shuffles(asked.definition) else 0
    with spoken(language):
        nav = pages.verify_nav()
    return Session(asked, today_in_tehran().date(), memory, seed, language, nav=nav, shelf=UploadShelf(holder.turn.entrance.survey_id, holder.token))


def _shown(holder: Holder, step: Step, asked: Asked) -> Response:
    assert step.page is not None, "pages that travel along lie at one address"
    return _formed(holder, step.page, asked, step.status)


def _formed(holder: Holder, page: Page, asked: Asked, status: int = 200) -> Response:
    if holder.is_shared:
        page = _forgetful(page)
    if holder.idle_seconds is not None:
        # Without scripts a browser can't tell idling from reading, so the time its questions take comes on top.
        blind = holder.idle_seconds + 60 * estimated_minutes(asked.definition)
        page = idling(page, turn=turn_mark(holder.turn), start=holder.start, seconds=holder.idle_seconds, blind_seconds=blind)
    return answered(page, status)


def _forgetful(page: Page) -> Page:
    """On a device that passes from hand to hand the form's script keeps what was typed no longer than its window is open."""
    body = page.body.replace(b'<main id="main">', b'<main id="main" data-tab>', 1)
    return replace(page, body=body, packed=gzip.compress(body, 1, mtime=0))


def _thanks(holder: Holder, entered: Entered) -> Response:
    return _soon_over(holder, answered(pages.thanks_page(holder.turn.entrance, entered, start=holder.start, next_words=holder.next_words)))


def _stopped(holder: Holder, problem: str) -> Response:
    """Nothing was stored, and this is why."""
    entrance = holder.turn.entrance
    address = results_address(entrance.survey_id, entrance.survey_slug)
    if not problem or entrance.state is EntranceState.SURVEY_CLOSED:
        page = pages.over_page(entrance, address)
    else:
        page = {
            "device_spent": pages.device_spent_page,
            "phone_spent": pages.phone_spent_page,
            "collector_spent": pages.collector_spent_page,
            "not_correctable": pages.not_correctable_page,
            "quota_full": pages.quota_full_page,
        }.get(problem, pages.shut_page)(entrance, address)
    return _soon_over(holder, answered(page, 409 if problem == "quota_full" else 410))


def _soon_over(holder: Holder, response: Response) -> Response:
    """Nothing is to be typed here: on a shared device it gives way to the next person by itself."""
    if holder.thanks_seconds is not None:
        response.headers["Refresh"] = f"{holder.thanks_seconds};url={holder.start}"
    return response
