"""Entering answers for citizens: an ambassador who asks, or a colleague who types in paper forms.

The pages are the citizen's own; only the start page with its big button is staff's. Each interview lies at an address of its own that is
sealed for the one who began it, so that it can't be sent by a form of another site, and ends in one response. Nobody sees what others
entered, nor, once it is sent, what was answered; on paper the own last entry can be corrected for ten minutes.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.clock import now
from engage.identity.guard import acting, authorize, guarded, visible_unit_ids
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.csrf import csrf_exempt
from engage.web.tickets import seal, unseal
from surveys.entrances import answering, queries
from surveys.entrances.answering import Earlier, Holder
from surveys.entrances.commands.places import Turn, device_key, turn_digest
from surveys.entrances.queries import FoundEntrance, LastEntry
from surveys.entrances.responding import keep
from surveys.entrances.rules import STAFFED, EntranceState, Kind, may_correct
from surveys.entrances.words import KINDS, STATES

blueprint = Blueprint("survey_collecting", __name__, url_prefix="/console/collect")

INTERVIEW_LASTS = timedelta(hours=12)
DEVICE = "engage_d"
DEVICE_REMEMBERED = timedelta(days=400)


@blueprint.get("")
@guarded(Permission.SURVEYS_COLLECT)
def list_page() -> ResponseReturnValue:
    found = queries.entrances_to_collect(visible_unit_ids(Permission.SURVEYS_COLLECT))
    return render_template(
        "surveys/entrances/collect_list.html",
        entrances=found,
        own={each.id: queries.own_count(each.id, acting().id) for each in found},
        kinds=KINDS,
        states=STATES,
    )


@blueprint.get("/<slug>")
@guarded(Permission.SURVEYS_COLLECT)
def start_page(slug: str) -> ResponseReturnValue:
    entrance = _entrance_or_404(slug)
    last = _correctable(entrance)
    return render_template(
        "surveys/entrances/collect.html",
        entrance=entrance,
        own=queries.own_count(entrance.id, acting().id),
        last=last,
        is_open=entrance.state is EntranceState.OPEN,
        is_paper=entrance.kind is Kind.PAPER,
        look=KINDS[entrance.kind],
        states=STATES,
    )


@blueprint.post("/<slug>/next")
@guarded(Permission.SURVEYS_COLLECT)
def begin(slug: str) -> ResponseReturnValue:
    entrance = _entrance_or_404(slug)
    return _interview(entrance)


@blueprint.post("/<slug>/correct")
@guarded(Permission.SURVEYS_COLLECT)
def correct(slug: str) -> ResponseReturnValue:
    """The own last entry again, with what was typed; sending it puts it in the place of the first."""
    entrance = _entrance_or_404(slug)
    last = _correctable(entrance)
    if last is None:
        raise Refused("entry_not_correctable")
    return _interview(entrance, corrects=last.response_id)


def _interview(entrance: FoundEntrance, **values: Any) -> ResponseReturnValue:
    if entrance.state is not EntranceState.OPEN and "corrects" not in values:
        raise Refused("entrance_closed")
    ticket = seal("interview", INTERVIEW_LASTS, entrance=entrance.id, by=acting().id, letters=secrets.token_urlsafe(16), **values)
    response = make_response(redirect(url_for(".show", slug=entrance.slug, interview=ticket), code=303))
    return keep(response, DEVICE, _device() or secrets.token_urlsafe(16), path="/console/collect", lasts=DEVICE_REMEMBERED)


@blueprint.get("/<slug>/<interview>")
@guarded(Permission.SURVEYS_COLLECT)
def show(slug: str, interview: str) -> Response:
    return answering.show(_holder_or_404(slug, interview))


@blueprint.post("/<slug>/<interview>")
@csrf_exempt
@guarded(Permission.SURVEYS_COLLECT)
def send(slug: str, interview: str) -> Response:
    return answering.send(_holder_or_404(slug, interview))


def _entrance_or_404(slug: str) -> FoundEntrance:
    entrance = queries.find_entrance(slug)
    if entrance is None or entrance.kind not in STAFFED:
        abort(404)
    authorize(Permission.SURVEYS_COLLECT, entrance.unit_id)
    return entrance


def _holder_or_404(slug: str, interview: str) -> Holder:
    entrance = _entrance_or_404(slug)
    held = unseal("interview", interview)
    if held is None or held.get("entrance") != entrance.id or held.get("by") != acting().id:
        abort(404)
    letters = str(held["letters"])
    device = _device()
    is_paper = entrance.kind is Kind.PAPER
    turn = Turn(
        entrance,
        turn_digest(entrance.id, letters),
        device=device_key(entrance.id, device) if device and not is_paper else "",
        collector_id=acting().id,
        corrects=held.get("corrects"),
    )
    return Holder(
        turn,
        token=f"c:{entrance.slug}:{letters}",
        start=url_for(".start_page", slug=slug),
        next_words=_("The next form") if is_paper else _("The next person"),
        earlier=_earlier(turn),
    )


def _earlier(turn: Turn) -> Earlier | None:
    """What the entry that is put right says, for whoever entered it."""
    if turn.corrects is None or turn.collector_id is None:
        return None
    last = queries.last_entry(turn.entrance.id, turn.collector_id)
    return Earlier(last.version_id, last.answers) if last is not None and last.response_id == turn.corrects else None


def _correctable(entrance: FoundEntrance) -> LastEntry | None:
    """The own last entry of a batch of paper forms, while it may still be put right."""
    if entrance.kind is not Kind.PAPER or entrance.is_anonymous or entrance.state in (EntranceState.SURVEY_CLOSED, EntranceState.CLOSED):
        return None
    last = queries.last_entry(entrance.id, acting().id)
    return last if last is not None and may_correct(last.submitted_at, now()) else None


def _device() -> str:
    device = request.cookies.get(DEVICE, "")
    return device if 16 <= len(device) <= 64 and device.isascii() else ""
