"""The kiosk: a tablet of the office that shows one survey, one person after another.

Whoever arms it is signed out on it at once: no session is left that a visitor could find. What the browser holds instead is a sealed
ticket for this one entrance; the PIN inside ends it. Every visit to the first page begins a new turn, so nobody finds what the one before
had typed.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _

from engage.db import transaction
from engage.identity.commands import record_audit
from engage.identity.guard import public
from engage.identity.sessions import end_session
from engage.web.csrf import csrf_exempt
from engage.web.tickets import seal, unseal
from surveys import queries as surveys
from surveys.asked import Office
from surveys.citizen import states
from surveys.entrances import answering, limits, pages, queries
from surveys.entrances.answering import Holder
from surveys.entrances.commands.places import Turn, device_key, turn_digest
from surveys.entrances.idling import TURN_FIELD, turn_mark
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.responding import answered, drop, keep, leads, nowhere
from surveys.entrances.rules import KIOSK_IDLE_SECONDS, KIOSK_LASTS, KIOSK_THANKS_SECONDS, EntranceState, Kind, read_pin

blueprint = Blueprint("survey_kiosk", __name__, url_prefix="/k")

TICKET, TURN = "engage_k", "engage_kt"


def arm(entrance: FoundEntrance, pin: str, *, actor_id: int) -> Response:
    """This browser is the kiosk of `entrance` from now on, and nobody is signed in on it any more."""
    with transaction():
        record_audit(
            "kiosk_armed",
            unit_id=entrance.unit_id,
            object_type="survey",
            object_id=entrance.survey_id,
            detail={"title": entrance.title, "entrance": entrance.label},
            actor_id=actor_id,
        )
    end_session()
    response = leads(f"/k/{entrance.slug}")
    ticket = seal("kiosk", KIOSK_LASTS, entrance=entrance.id, pin=pin, device=secrets.token_urlsafe(16))
    return keep(response, TICKET, ticket, path=f"/k/{entrance.slug}", lasts=KIOSK_LASTS, strict=True)


@blueprint.get("/<slug>")
@public
def show(slug: str) -> Response:
    """The first page, or with `?go` the form of the turn it began. Both lie at one address, so that what the form's script keeps of what
    was typed is forgotten by the first page."""
    entrance, held = _armed(slug)
    if entrance is None:
        return nowhere()
    if entrance.state is not EntranceState.OPEN:
        return answered(pages.kiosk_shut_page(entrance, _address(entrance)))
    holder = _holder(entrance, held)
    if holder is not None and ("go" in request.args or "lang" in request.args):
        return answering.show(holder)
    assert entrance.version_id is not None
    page = pages.kiosk_start_page(entrance, surveys.definition_of(entrance.version_id).intro, _address(entrance))
    return keep(answered(page), TURN, secrets.token_urlsafe(16), path=_address(entrance), lasts=KIOSK_LASTS, strict=True)


@blueprint.post("/<slug>")
@csrf_exempt
@public
def send(slug: str) -> Response:
    entrance, held = _armed(slug)
    if entrance is None:
        return nowhere()
    holder = _holder(entrance, held)
    # A form of an earlier turn, sent again by the browser's back button: nobody is shown what stood in it.
    if holder is None or request.form.get(TURN_FIELD) not in (None, turn_mark(holder.turn)):
        return leads(_address(entrance))
    return answering.send(holder)


@blueprint.get("/<slug>/exit")
@public
def exit_page(slug: str) -> Response:
    entrance, _held = _armed(slug)
    if entrance is None:
        return nowhere()
    response = answered(pages.kiosk_exit_page(entrance, _address(entrance)))
    response.headers["Refresh"] = f"{KIOSK_IDLE_SECONDS};url={_address(entrance)}"
    return response


@blueprint.post("/<slug>/exit")
@csrf_exempt
@public
@limits.pins
def leave(slug: str) -> Response:
    entrance, held = _armed(slug)
    if entrance is None:
        return nowhere()
    typed = read_pin(request.form.get("pin", ""))
    if typed is None or not hmac.compare_digest(typed, str(held.get("pin", ""))):
        return answered(pages.kiosk_exit_page(entrance, _address(entrance), problem=_("This isn't the PIN of this kiosk.")), 422)
    response = redirect(url_for("identity.sign_in"), code=303)
    assert isinstance(response, Response)
    drop(response, TURN, path=_address(entrance))
    return drop(response, TICKET, path=_address(entrance))


def _armed(slug: str) -> tuple[FoundEntrance | None, dict[str, Any]]:
    """The kiosk this browser is, whatever its state; None for a browser that nobody armed for it."""
    held = unseal("kiosk", request.cookies.get(TICKET, ""))
    entrance = queries.find_entrance(slug) if held is not None else None
    if held is None or entrance is None or entrance.kind is not Kind.KIOSK or held.get("entrance") != entrance.id:
        return None, {}
    return entrance, held


def _holder(entrance: FoundEntrance, held: dict[str, Any]) -> Holder | None:
    letters = request.cookies.get(TURN, "")
    if not 16 <= len(letters) <= 64 or not letters.isascii():
        return None
    turn = Turn(entrance, turn_digest(entrance.id, letters), device=device_key(entrance.id, str(held["device"])))
    return Holder(
        turn,
        token=f"k:{entrance.slug}:{letters}",
        start=_address(entrance),
        next_words=_("The next person"),
        idle_seconds=KIOSK_IDLE_SECONDS,
        thanks_seconds=KIOSK_THANKS_SECONDS,
    )


def _address(entrance: FoundEntrance) -> str:
    return f"/k/{entrance.slug}"


@blueprint.errorhandler(429)
def _limited(error: Exception) -> Response:
    entrance, _held = _armed(str((request.view_args or {}).get("slug", "")))
    office = Office(surveys.top_office_name())
    response = answered(pages.too_many_page(entrance) if entrance is not None else states.too_many_page(office), 429)
    response.headers["Retry-After"] = "600"
    return response
