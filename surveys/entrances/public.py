"""The open link: whoever has its letters may answer, one turn after another, as far as its ceilings go.

The browser's cookie stands where a personal link has its letters. A form on another site comes without it (SameSite), so there is no
CSRF token; a POST without the cookie is told so and records nothing. A GET never answers.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge

from engage.identity.guard import public
from engage.persian import parse_phone
from engage.web.csrf import csrf_exempt
from engage.web.tickets import seal, unseal
from surveys import queries as surveys
from surveys.asked import Office
from surveys.citizen import states
from surveys.citizen.layout import Page
from surveys.entrances import answering, limits, pages, queries
from surveys.entrances.answering import Holder
from surveys.entrances.commands import phones
from surveys.entrances.commands.places import Turn, device_key, turn_digest
from surveys.entrances.limits import VISITOR, read_visitor
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.responding import answered, drop, keep, leads, nowhere
from surveys.entrances.rules import EntranceState, Kind, Verdict
from surveys.results import results_address

blueprint = Blueprint("survey_open_links", __name__, url_prefix="/o")

REMEMBERED = timedelta(days=400)
TYPING_LASTS = timedelta(hours=1)
TICKET_LASTS = timedelta(days=60)
NUMBER, TICKET = "engage_n", "engage_t"
"""Cookies of a number on its way to be confirmed (sealed), and of one that was."""


@blueprint.get("/<slug>")
@public
def show(slug: str) -> Response:
    entrance = _entrance(slug)
    if entrance is None:
        return nowhere()
    if entrance.slug != slug:
        return leads(entrance.address)
    visitor = read_visitor() or (secrets.token_urlsafe(16), 0)
    return _remember(entrance, visitor, _page_for(entrance, visitor))


def _page_for(entrance: FoundEntrance, visitor: tuple[str, int]) -> Response:
    closed = _closed(entrance, visitor)
    if closed is not None:
        return answered(closed)
    ticket = None
    if entrance.asks_phone:
        ticket = phones.find_ticket(entrance, request.cookies.get(TICKET, ""))
        if ticket is None:
            if request.args.get("number") is None and _pending(entrance):
                return leads(f"{entrance.address}/code")
            return answered(_phone_page(entrance))
    return answering.show(_holder(entrance, visitor, ticket))


@blueprint.post("/<slug>")
@csrf_exempt
@public
@limits.by_address
@limits.by_browser
def send(slug: str) -> Response:
    entrance = _entrance(slug)
    if entrance is None:
        return nowhere()
    visitor = read_visitor()
    if visitor is None:
        return answered(pages.no_cookie_page(entrance, entrance.address), 403)
    ticket = None
    if entrance.asks_phone:
        ticket = phones.find_ticket(entrance, request.cookies.get(TICKET, ""))
        if ticket is None:
            return answered(pages.no_cookie_page(entrance, entrance.address), 403)
    return _remember(entrance, visitor, answering.send(_holder(entrance, visitor, ticket)))


@blueprint.post("/<slug>/next")
@csrf_exempt
@public
@limits.by_browser
def next_turn(slug: str) -> Response:
    """Somebody else sits before the same browser: a new turn, if the one before is over."""
    entrance = _entrance(slug)
    if entrance is None:
        return nowhere()
    visitor = read_visitor()
    response = leads(entrance.address)
    if visitor is None:
        return response
    browser, turn = visitor
    used = queries.count_under(entrance.id, device_key(entrance.id, browser))
    if used > turn:
        drop(response, TICKET, path=entrance.address)
        return _remember(entrance, (browser, used), response)
    return response


# -- the proof of a phone --------------------------------------------------------------------------------------------------------------


@blueprint.post("/<slug>/phone")
@csrf_exempt
@public
@limits.asking
@limits.by_browser
def ask_code(slug: str) -> Response:
    entrance = _asking_entrance(slug)
    if entrance is None:
        return nowhere()
    visitor = read_visitor()
    if visitor is None:
        return answered(pages.no_cookie_page(entrance, entrance.address), 403)
    closed = _closed(entrance, visitor)
    if closed is not None:
        return answered(closed, 410)
    typed = request.form.get("phone", "").replace("\0", "").strip()[:40]
    e164 = parse_phone(typed)
    if e164 is None:
        problem = _("Type the mobile number in full, for example %(example)s.", example="۰۹۱۲۳۴۵۶۷۸۹")
        return answered(_phone_page(entrance, typed, problem), 422)
    _text(entrance, e164)
    response = leads(f"{entrance.address}/code")
    drop(response, TICKET, path=entrance.address)
    sealed = seal("entrance number", TYPING_LASTS, number=e164, entrance=entrance.id)
    return keep(response, NUMBER, sealed, path=entrance.address, lasts=TYPING_LASTS)


@blueprint.get("/<slug>/code")
@public
def code_page(slug: str) -> Response:
    entrance = _asking_entrance(slug)
    if entrance is None:
        return nowhere()
    e164 = _pending(entrance)
    if e164 is None:
        return leads(entrance.address)
    return answered(pages.code_page(entrance, e164, is_again="again" in request.args))


@blueprint.post("/<slug>/again")
@csrf_exempt
@public
@limits.asking
@limits.by_browser
def send_again(slug: str) -> Response:
    entrance = _asking_entrance(slug)
    if entrance is None:
        return nowhere()
    e164 = _pending(entrance)
    if e164 is None or entrance.state is not EntranceState.OPEN:
        return leads(entrance.address)
    _text(entrance, e164)
    return leads(f"{entrance.address}/code?again")


@blueprint.post("/<slug>/code")
@csrf_exempt
@public
@limits.typing
@limits.by_browser
def check_code(slug: str) -> Response:
    entrance = _asking_entrance(slug)
    if entrance is None:
        return nowhere()
    e164 = _pending(entrance)
    if e164 is None:
        return leads(entrance.address)
    proof = phones.confirm_phone(entrance, e164, request.form.get("code", ""))
    if proof.verdict is Verdict.RIGHT:
        response = answered(pages.phone_spent_page(entrance, _results(entrance))) if proof.has_answered else leads(entrance.address)
        drop(response, NUMBER, path=entrance.address)
        if not proof.has_answered:
            keep(response, TICKET, proof.ticket, path=entrance.address, lasts=TICKET_LASTS)
        return response
    if proof.verdict is Verdict.WRONG:
        problem = _("This code isn't right. Type the six digits of the newest text.")
    else:
        problem = _("This code doesn't hold any more. Have a new one sent.")
    return answered(pages.code_page(entrance, e164, problem=problem), 422)


# -- parts -----------------------------------------------------------------------------------------------------------------------------


def _entrance(slug: str) -> FoundEntrance | None:
    """The open link of these letters, whatever its state; None for anything the public doesn't know of."""
    entrance = queries.find_entrance(slug)
    if entrance is None or entrance.kind is not Kind.OPEN or entrance.state is EntranceState.NOT_FOUND:
        return None
    return entrance


def _asking_entrance(slug: str) -> FoundEntrance | None:
    entrance = _entrance(slug)
    return entrance if entrance is not None and entrance.asks_phone else None


def _closed(entrance: FoundEntrance, visitor: tuple[str, int]) -> Page | None:
    """What stands instead of the form, if anything does."""
    address = _results(entrance)
    if entrance.state is EntranceState.SURVEY_CLOSED:
        return pages.over_page(entrance, address)
    browser, turn = visitor
    used = queries.count_under(entrance.id, device_key(entrance.id, browser))
    has_room = entrance.device_limit is None or used < entrance.device_limit
    if used > turn:
        return pages.answered_page(entrance, address, may_go_on=has_room and entrance.state is EntranceState.OPEN)
    if entrance.state is not EntranceState.OPEN:
        return pages.shut_page(entrance, address)
    return None if has_room else pages.device_spent_page(entrance, address)


def _holder(entrance: FoundEntrance, visitor: tuple[str, int], ticket: bytes | None) -> Holder:
    browser, number = visitor
    held = f"{browser}.{number}" if ticket is None else f"phone:{ticket.hex()}"
    turn = Turn(entrance, turn_digest(entrance.id, held), device=device_key(entrance.id, browser), ticket_digest=ticket)
    return Holder(turn, token=f"o:{entrance.slug}:{held}")


def _pending(entrance: FoundEntrance) -> str | None:
    """The number that waits for its code in this browser."""
    held = unseal("entrance number", request.cookies.get(NUMBER, ""))
    return str(held["number"]) if held and held.get("entrance") == entrance.id else None


def _text(entrance: FoundEntrance, e164: str) -> None:
    if limits.may_text(e164):
        phones.send_phone_code(entrance, e164)


def _phone_page(entrance: FoundEntrance, typed: str = "", problem: str = "") -> Page:
    assert entrance.version_id is not None
    definition = surveys.definition_of(entrance.version_id)
    return pages.phone_page(entrance, definition.intro, is_anonymous=entrance.is_anonymous, typed=typed, problem=problem)


def _results(entrance: FoundEntrance) -> str | None:
    return results_address(entrance.survey_id, entrance.survey_slug)


def _remember(entrance: FoundEntrance, visitor: tuple[str, int], response: Response) -> Response:
    return keep(response, VISITOR, f"{visitor[0]}.{visitor[1]}", path=entrance.address, lasts=REMEMBERED)


@blueprint.errorhandler(429)
def _limited(error: Exception) -> Response:
    entrance = _entrance(str((request.view_args or {}).get("slug", "")))
    office = Office(surveys.top_office_name())
    response = answered(pages.too_many_page(entrance) if entrance is not None else states.too_many_page(office), 429)
    response.headers["Retry-After"] = "600"
    return response


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(error: RequestEntityTooLarge) -> Response:
    return answered(states.too_large_page(Office(surveys.top_office_name())), 413)
