"""Error pages: what happened, what was kept, what to do. JSON and htmx get the same words in their own form."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, current_app, jsonify, make_response, render_template
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from engage.web.refusals import notice_fragment, wants_fragment, wants_json

log = structlog.get_logger(__name__)

_PAGES: dict[int, tuple[Any, Any]] = {
    400: (_l("The request wasn't understood"), _l("Nothing was saved. Go back, check what you entered and send it again.")),
    401: (_l("Please sign in"), _l("This page opens after you sign in.")),
    403: (
        _l("You don't have access to this"),
        _l("Your role in this unit doesn't include it. If your work needs it, ask the administrator of your unit."),
    ),
    404: (_l("There is no such page"), _l("The address is incomplete or what it showed has been moved or removed.")),
    405: (_l("This address can't be used that way"), _l("Nothing was changed. Go back and use the button on the page.")),
    413: (_l("The file is too large"), _l("Nothing of it was saved. Split it or remove what isn't needed, and send it again.")),
    429: (_l("Too many requests"), _l("Please wait a few minutes and try again.")),
    500: (
        _l("Something went wrong on our side"),
        _l("What was saved before is safe. Try again; if it stays, tell support the code below."),
    ),
    503: (_l("The system isn't ready right now"), _l("What was saved before is safe. Please try again in a few minutes.")),
}
_EXPIRED = (_l("This form has expired"), _l("Nothing was saved. Go back, reload the page and send it again."))


def _words(error: HTTPException) -> tuple[str, str]:
    if isinstance(error, CSRFError):
        return str(_EXPIRED[0]), str(_EXPIRED[1])
    status = error.code or 500
    title, message = _PAGES.get(status) or _PAGES[400 if status < 500 else 500]
    return str(title), str(message)


def _page(status: int, title: str, message: str) -> str:
    if status >= 500:
        # Whatever failed may fail again while the shell asks who is looking: this page asks nobody.
        return current_app.jinja_env.get_template("web/error_bare.html").render(status=status, title=title, message=message)
    try:
        return render_template("web/error.html", status=status, title=title, message=message, code="")
    except Exception:
        log.exception("error_page_failed", status=status)
        return _page(500, title, message)


def answer_error(error: HTTPException) -> Response:
    """The error in the form the client reads, with the status and headers (Retry-After, Allow) the error carries."""
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    title, message = _words(error)
    if wants_json():
        response = jsonify(error={"code": f"http_{status}", "message": f"{title}. {message}"})
        response.status_code = status
    elif wants_fragment():
        response = notice_fragment(f"{title}. {message}", status)
    else:
        response = make_response(_page(status, title, message), status)
    for name, value in error.get_headers():
        if name.lower() in ("retry-after", "allow"):
            response.headers[name] = value
    return response


def _answer_crash(error: InternalServerError) -> Response:
    original = error.original_exception
    log.error("crashed", error=type(original or error).__name__)
    return answer_error(error)


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, answer_error)
    app.register_error_handler(500, _answer_crash)
