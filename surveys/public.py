"""Citizens' pages: the personal link at the root of the site, and its three ways out.

The letters of the link are all the authority there is: 64 bits nobody can guess, no session, no cookie. A form on another site could
only be sent by someone who knows the link already, so there is no CSRF token, and every citizen's page can be the same bytes.
A GET never answers, confirms or withdraws; an address that leads nowhere always gets the same page.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, current_app, request
from redis.exceptions import RedisError
from werkzeug.exceptions import RequestEntityTooLarge

from engage.clock import now
from engage.config import Settings
from engage.identity.guard import public
from engage.jobs import redis_connection
from engage.web.csrf import csrf_exempt
from surveys import commands, queries
from surveys.asked import Asked, Office
from surveys.citizen import form, states, ways_out
from surveys.citizen.layout import Page
from surveys.citizen.shelf import page_of
from surveys.commands import Outcome
from surveys.definitions import read_answers
from surveys.links_page import newest, note_opened, page_in, state_of
from surveys.queries import FoundLink
from surveys.rules import LinkState

log = structlog.get_logger(__name__)

blueprint = Blueprint("survey_links", __name__)

MISSES_A_MINUTE = 60
WAYS_OUT = ("not-me", "stop", "verify")
PREFERENCES = "preferences"
"""The contact base's page for whoever holds this link."""


@blueprint.get("/verify")
@public
def verify() -> Response:
    return _answer(_verify_page(_anyone(), ""))


@blueprint.get("/<token>")
@public
def show_link(token: str) -> Response:
    link = queries.find_link(token)
    state = state_of(link)
    if link is None or state is LinkState.NOT_FOUND:
        return _miss()
    if request.method != "HEAD":
        note_opened(link)
    way_out = request.query_string.decode("ascii", "replace").rstrip("=")
    if way_out in WAYS_OUT:
        return _answer(_way_out(link, token, way_out))
    if way_out == PREFERENCES:
        return Response("", 303, {"Location": f"/{token}/{PREFERENCES}", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    return _answer(page_in(link, state))


@blueprint.post("/<token>")
@csrf_exempt
@public
def send_answers(token: str) -> Response:
    link = queries.find_link(token)
    state = state_of(link)
    if link is None or state is LinkState.NOT_FOUND:
        return _miss()
    office = Office(link.office_name)
    if state is LinkState.ANSWERED:
        return _thanks(link, office, token, commands.earlier_submission(link))
    if state is LinkState.CLOSED:
        return _answer(page_in(link, state), 410)
    given = request.form.to_dict(flat=False)
    asked = _asked_version(link, given)
    reading = read_answers(asked.definition, given)
    if reading.problems:
        commands.note_started(link.invitation_id)
        return _answer(form.error_page(asked, given, reading.problems), 422)
    submission = commands.submit_response(link, asked.version_id, reading.answers)
    if submission.outcome is Outcome.TOO_LATE:
        return _answer(page_in(link, LinkState.CLOSED), 410)
    return _thanks(link, office, token, submission)


@blueprint.get("/<token>/<any('not-me', 'stop', 'verify'):way_out>")
@public
def ask_way_out(token: str, way_out: str) -> Response:
    link = queries.find_link(token)
    if link is None or link.is_revoked:
        return _miss()
    return _answer(_way_out(link, token, way_out))


@blueprint.post("/<token>/not-me")
@csrf_exempt
@public
def disown_number(token: str) -> Response:
    link = queries.find_link(token)
    if link is None:
        return _miss()
    commands.disown_number(link)
    return _answer(ways_out.disowned_page(Office(link.office_name)))


@blueprint.post("/<token>/stop")
@csrf_exempt
@public
def stop_texts(token: str) -> Response:
    link = queries.find_link(token)
    if link is None or link.is_revoked:
        return _miss()
    commands.request_opt_out(link)
    return _answer(ways_out.stopped_page(Office(link.office_name)))


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(error: RequestEntityTooLarge) -> Response:
    return _answer(page_of("too_large", lambda: states.too_large_page(_anyone())), 413)


# -- parts ---------------------------------------------------------------------------------------------------------------------------


def _asked_version(link: FoundLink, given: dict[str, list[str]]) -> Asked:
    """The version the form was made from: a page left open while a new version came out is still read by its own questions."""
    named = given.get("version", [""])[0]
    if named.isascii() and named.isdigit() and len(named) < 19:
        asked = queries.survey_for_page(link, int(named))
        if asked is not None:
            return asked
    return newest(link)


def _thanks(link: FoundLink, office: Office, token: str, submission: commands.Submission) -> Response:
    if submission.submitted_at is None:
        return _answer(page_in(link, LinkState.ANSWERED))
    at, is_repeated = submission.submitted_at.replace(second=0, microsecond=0), submission.outcome is Outcome.REPEATED
    # The same page for everybody of one minute, but for two words: drawn once, filled in for each.
    page = page_of(
        ("thanks", office.name, at, link.closes_at, link.results_on, is_repeated),
        lambda: states.thanks_page(office, _CODE, at, link.closes_at, link.results_on, is_repeated=is_repeated, prefix=f"/{_TOKEN}"),
    )
    return _answer(page.filled({_CODE: submission.receipt_code, _TOKEN: token}))


_CODE, _TOKEN = "\ue000code\ue000", "\ue000token\ue000"
"""Where a kept page is filled in: private-use characters, which no text of an office holds."""


def _way_out(link: FoundLink, token: str, name: str) -> Page:
    office, prefix = Office(link.office_name), f"/{token}"
    if name == "not-me":
        return ways_out.not_me_page(office, prefix)
    if name == "stop":
        return ways_out.stop_page(office, prefix)
    return _verify_page(office, prefix)


def _verify_page(office: Office, back: str) -> Page:
    settings = _settings()
    return ways_out.verify_page(office, queries.live_surveys(), settings.gateway_line, settings.base_url, now(), back)


def _anyone() -> Office:
    """Where no survey says which office asks: the topmost unit."""
    return Office(queries.top_office_name())


def _miss() -> Response:
    """The same page for every address that leads nowhere, and a limit on how many of them one client may try."""
    if _misses_of_client() > MISSES_A_MINUTE:
        response = _answer(page_of("too_many", lambda: states.too_many_page(_anyone())), 429)
        response.headers["Retry-After"] = "60"
        return response
    return _answer(page_of("not_found", lambda: states.not_found_page(_anyone())), 404)


def _misses_of_client() -> int:
    key = f"engage:misses:{request.remote_addr}:{int(now().timestamp() // 60)}"
    try:
        pipe = redis_connection().pipeline(transaction=False)
        pipe.incr(key)
        pipe.expire(key, 120)
        count = pipe.execute()[0]
    except RedisError as error:
        # Guessing 64 bits stays hopeless without the limit; citizens must not pay for a doorbell that is away.
        log.warning("misses_uncounted", error=type(error).__name__)
        return 0
    return int(count)


def _answer(page: Page, status: int = 200) -> Response:
    headers: dict[str, Any] = {
        "Content-Security-Policy": page.policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Vary": "Accept-Encoding",
    }
    if _takes_gzip():
        headers["Content-Encoding"] = "gzip"
        return Response(page.packed, status, headers, content_type="text/html; charset=utf-8")
    return Response(page.body, status, headers, content_type="text/html; charset=utf-8")


def _takes_gzip() -> bool:
    accepted = request.environ.get("HTTP_ACCEPT_ENCODING", "")
    if "gzip" not in accepted:
        return False
    return ";" not in accepted or request.accept_encodings["gzip"] > 0


def _settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found
