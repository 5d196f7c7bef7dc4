"""Citizens' pages: the personal link at the root of the site, and its three ways out.

The letters of the link are all the authority there is: 64 bits nobody can guess, no session, no cookie. A form on another site could
only be sent by someone who knows the link already, so there is no CSRF token, and every citizen's page can be the same bytes.
A GET never answers, confirms or withdraws; an address that leads nowhere always gets the same page.
"""

from __future__ import annotations

from typing import IO, Any

import structlog
from flask import Blueprint, Response, current_app, request
from flask_babel import gettext as _
from redis.exceptions import RedisError
from werkzeug.exceptions import RequestEntityTooLarge

from engage.clock import now, today_in_tehran
from engage.config import Settings
from engage.identity.guard import public
from engage.jobs import redis_connection
from engage.persian import spoken_language
from engage.web.csrf import csrf_exempt
from engage.web.i18n import page_in as spoken
from surveys import commands, queries
from surveys.asked import Asked, Office
from surveys.citizen import states, ways_out
from surveys.citizen.layout import Page
from surveys.citizen.session import LANGUAGE, Carried, Memory, Session, Step, carried_text, language_in, shuffles
from surveys.citizen.shelf import page_of
from surveys.commands import Outcome
from surveys.keeping import Kept
from surveys.links_page import KEPT, newest, note_opened, page_in, seed_of, state_of
from surveys.queries import FoundLink
from surveys.rules import LinkState
from surveys.sealing import earlier_sealed_submission, seal_response
from surveys.types import Hidden
from surveys.uploads import UploadShelf
from surveys.uploads.holding import LITTLE, is_beyond_reading

log = structlog.get_logger(__name__)

blueprint = Blueprint("survey_links", __name__)

MISSES_A_MINUTE = 60
WAYS_OUT = ("not-me", "not-here", "stop", "verify")
KEPT_LASTS = 60 * 60 * 24 * 60
LANGUAGE_ARGUMENT = "lang"
PREFERENCES = "preferences"
"""The contact base's page for whoever holds this link."""


@blueprint.get("/verify")
@public
def verify() -> Response:
    return _answer(_verify_page(_anyone(), ""))


@blueprint.get("/verify/sheet")
@public
def verify_sheet() -> Response:
    settings = _settings()
    return _answer(ways_out.live_sheet_page(_anyone(), queries.live_surveys(), settings.gateway_line, settings.base_url, now()))


@blueprint.get("/<token>")
@public
def show_link(token: str) -> Response:
    link = queries.find_link(token)
    state = state_of(link)
    if link is None or state is LinkState.NOT_FOUND:
        return _miss()
    if request.method != "HEAD":
        note_opened(link)
    way_out = request.query_string.decode("ascii", "replace").partition("&")[0].rstrip("=")
    if way_out in WAYS_OUT:
        with spoken(request.args.get(LANGUAGE_ARGUMENT, "")):
            return _answer(_way_out(link, token, way_out))
    if way_out == PREFERENCES:
        return Response("", 303, {"Location": f"/{token}/{PREFERENCES}", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    if state is LinkState.FORM:
        return _answer(_form(link, token))
    return _answer(page_in(link, state, token, request.args.get(LANGUAGE_ARGUMENT, "")))


@blueprint.post("/<token>")
@csrf_exempt
@public
def send_answers(token: str) -> Response:
    link = queries.find_link(token)
    state = state_of(link)
    if link is None or state is LinkState.NOT_FOUND:
        return _miss()
    if state is LinkState.ANSWERED:
        with spoken(_named_language()):
            return _thanks(link, token, _earlier(link, token))
    if state is LinkState.CLOSED:
        return _answer(page_in(link, state, token, _named_language()), 410)
    if is_beyond_reading(request, link.unit_id):
        response = _answer(states.files_full_page(Office(link.office_name)), 503)
        response.headers.update({"Retry-After": "3600", "Connection": "close"})
        return response
    given = request.form.to_dict(flat=False)
    asked = _asked_version(link, next(iter(given.get("version", ())), ""))
    language = language_in(asked.definition, next(iter(given.get(LANGUAGE, ())), ""))
    memory = _memory(link, token, asked.version_id, language, carried_text(given))
    session = _session(link, asked, token, memory, language)
    step = session.send(given, _files())
    if step.document is not None:
        with spoken(language):
            return _submit(link, token, session, step)
    if step.go_to is not None:
        return _lead(token, step.go_to, language, memory)
    if not isinstance(memory, Kept) or not memory.is_kept:
        commands.note_started(link.invitation_id)
    assert step.page is not None
    return _hand_out(_answer(step.page, step.status), token, memory)


def _form(link: FoundLink, token: str) -> Page:
    """The page of the form this browser asks for: nearly always the first one, as it lies ready."""
    letters = request.cookies.get(KEPT, "")
    named = request.args.get("page", "")
    number = int(named) if named.isascii() and named.isdigit() and len(named) < 5 else 1
    if not letters and number == 1:
        asked = newest(link)
        language = language_in(asked.definition, request.args.get(LANGUAGE_ARGUMENT, ""))
        if any(isinstance(question, Hidden) and question.parameter in request.args for question in asked.definition.questions):
            session = _session(link, asked, token, Carried(token), language)
            return session.first_page(request.args.to_dict(flat=False))
        return page_in(link, LinkState.FORM, token, language)
    kept = Kept(link, letters, link.version_id or 0, "fa") if letters and not link.is_anonymous else None
    found = kept.found if kept is not None else None
    asked = _asked_version(link, str(found.version_id) if found is not None else "")
    language = language_in(asked.definition, request.args.get(LANGUAGE_ARGUMENT) or (found.language if found is not None else ""))
    if kept is None or found is None:
        if number == 1 or link.is_anonymous or letters:
            # Another browser, or one whose answers are gone: it begins anew.
            return page_in(link, LinkState.FORM, token, language)
        # It was led here and holds no cookie: from now on its form carries the answers.
        session = _session(link, asked, token, Carried(token), language)
        with spoken(language):
            return session.show(1, notice=_("Your browser kept nothing of the page before. Please answer it once more; it works without that now."))
    return _session(link, asked, token, kept, language).show(number)


def _submit(link: FoundLink, token: str, session: Session, step: Step) -> Response:
    asked, document = session.asked, step.document
    assert document is not None
    if link.is_anonymous:
        submission = seal_response(link, token, asked.version_id, document, language=session.language)
    else:
        memory = session.memory
        started = memory.found.started_at if isinstance(memory, Kept) and memory.found is not None else None
        whole = commands.Whole(
            definition=asked.definition,
            language=session.language,
            seconds=int((now() - started).total_seconds()) if started is not None else None,
            order_seed=session.seed,
            had_pages=session.has_pages,
        )
        submission = commands.submit_response(link, asked.version_id, document, whole)
    if submission.outcome is Outcome.FILES_GONE:
        told = session.ask_files_again(step)
        assert told.page is not None
        return _hand_out(_answer(told.page, told.status), token, session.memory)
    if submission.outcome is Outcome.TOO_LATE:
        return _answer(page_in(link, LinkState.CLOSED, token, session.language), 410)
    if submission.outcome is Outcome.FULL:
        return _answer(states.full_page(Office(link.office_name), f"/{token}"), 409)
    response = _thanks(link, token, submission)
    if KEPT in request.cookies:
        response.delete_cookie(KEPT, path=f"/{token}", secure=_is_secure(), httponly=True, samesite="Lax")
    return response


def _earlier(link: FoundLink, token: str) -> commands.Submission:
    return earlier_sealed_submission(link, token) if link.is_anonymous else commands.earlier_submission(link)


@blueprint.get("/<token>/<any('not-me', 'not-here', 'stop', 'verify'):way_out>")
@public
def ask_way_out(token: str, way_out: str) -> Response:
    link = queries.find_link(token)
    if link is None or link.is_revoked:
        return _miss()
    with spoken(request.args.get(LANGUAGE_ARGUMENT, "")):
        return _answer(_way_out(link, token, way_out))


@blueprint.post("/<token>/not-me")
@csrf_exempt
@public
def disown_number(token: str) -> Response:
    link = queries.find_link(token)
    if link is None:
        return _miss()
    commands.disown_number(link)
    with spoken(request.args.get(LANGUAGE_ARGUMENT, "")):
        return _answer(ways_out.disowned_page(Office(link.office_name)))


@blueprint.post("/<token>/not-here")
@csrf_exempt
@public
def dispute_neighbourhood(token: str) -> Response:
    link = queries.find_link(token)
    if link is None or link.is_revoked:
        return _miss()
    commands.dispute_neighbourhood(link)
    with spoken(request.args.get(LANGUAGE_ARGUMENT, "")):
        return _answer(ways_out.disputed_page(Office(link.office_name), f"/{token}"))


@blueprint.post("/<token>/stop")
@csrf_exempt
@public
def stop_texts(token: str) -> Response:
    link = queries.find_link(token)
    if link is None or link.is_revoked:
        return _miss()
    commands.request_opt_out(link)
    with spoken(request.args.get(LANGUAGE_ARGUMENT, "")):
        return _answer(ways_out.stopped_page(Office(link.office_name)))


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(error: RequestEntityTooLarge) -> Response:
    return _answer(page_of("too_large", lambda: states.too_large_page(_anyone())), 413)


# -- parts ---------------------------------------------------------------------------------------------------------------------------


def _memory(link: FoundLink, token: str, version_id: int, language: str, carried: str | None) -> Kept | Carried:
    """Where this form's earlier pages are. An anonymous survey's are never written down."""
    if link.is_anonymous or carried is not None:
        return Carried(token, carried or "")
    return Kept(link, request.cookies.get(KEPT, ""), version_id, language)


def _session(link: FoundLink, asked: Asked, token: str, memory: Kept | Carried, language: str) -> Session:
    seed = seed_of(token) if shuffles(asked.definition) else 0
    return Session(asked, today_in_tehran().date(), memory, seed, language, shelf=UploadShelf(link.survey_id, f"link {link.invitation_id}"))


def _named_language() -> str:
    """That of the form that was sent, where nothing else of it is read; a large one with files isn't."""
    return request.form.get(LANGUAGE, "") if (request.content_length or LITTLE) < LITTLE else ""


def _files() -> dict[str, IO[bytes]]:
    """Files that came; a field left empty sends one without a name."""
    return {name: file.stream for name, file in request.files.items() if file.filename}


def _lead(token: str, number: int, language: str, memory: Kept | Carried) -> Response:
    """On to a page at an address of its own: reloading it sends nothing again."""
    arguments = [f"page={number}"] if number > 1 else []
    arguments += [f"{LANGUAGE_ARGUMENT}={language}"] if language != "fa" else []
    address = f"/{token}" + ("?" + "&".join(arguments) if arguments else "")
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    return _hand_out(Response("", 303, headers), token, memory)


def _hand_out(response: Response, token: str, memory: Memory) -> Response:
    if isinstance(memory, Kept) and memory.is_kept and memory.letters != request.cookies.get(KEPT):
        response.set_cookie(
            KEPT, memory.letters, max_age=KEPT_LASTS, path=f"/{token}", secure=_is_secure(), httponly=True, samesite="Lax"
        )
    return response


def _is_secure() -> bool:
    return _settings().base_url.startswith("https://")


def _asked_version(link: FoundLink, named: str) -> Asked:
    """The version the form was made from: a page left open while a new version came out is still read by its own questions."""
    if named.isascii() and named.isdigit() and len(named) < 19:
        asked = queries.survey_for_page(link, int(named))
        if asked is not None:
            return asked
    return newest(link)


def _thanks(link: FoundLink, token: str, submission: commands.Submission) -> Response:
    if not submission.receipt_code:
        return _answer(page_in(link, LinkState.ANSWERED, token, spoken_language()))
    office = Office(link.office_name)
    at, is_repeated = submission.submitted_at, submission.outcome is Outcome.REPEATED
    at = at.replace(second=0, microsecond=0) if at is not None else None
    # The same page for everybody of one minute, but for two words: drawn once, filled in for each.
    page = page_of(
        ("thanks", spoken_language(), office.name, at, link.closes_at, link.results_on, is_repeated),
        lambda: states.thanks_page(office, _CODE, at, link.closes_at, link.results_on, is_repeated=is_repeated, prefix=f"/{_TOKEN}"),
    )
    return _answer(page.filled({_CODE: submission.receipt_code, _TOKEN: token}))


_CODE, _TOKEN = "\ue000code\ue000", "\ue000token\ue000"
"""Where a kept page is filled in: private-use characters, which no text of an office holds."""


def _way_out(link: FoundLink, token: str, name: str) -> Page:
    office, prefix = Office(link.office_name), f"/{token}"
    if name == "not-me":
        return ways_out.not_me_page(office, prefix)
    if name == "not-here":
        return ways_out.not_here_page(office, prefix)
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
