"""Refusals become sentences here, once: a message above the form, a fragment for htmx, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, flash, jsonify, make_response, redirect, render_template, request
from flask_babel import gettext as _

from engage.refusal import Refused
from engage.web.filters import number

log = structlog.get_logger(__name__)

_SENTENCES: dict[str, Any] = {}


def register_refusals(sentences: Mapping[str, Any]) -> None:
    """Say how refusals of these codes are told: lazy texts with named placeholders (`%(limit)s`) for the refusal's params.

    A literal percent sign is written `%%`. ValueError when another room tells the same code differently.
    """
    for code, sentence in sentences.items():
        known = _SENTENCES.setdefault(code, sentence)
        if str(known) != str(sentence):
            raise ValueError(f"refusal {code!r} is told in two ways")


class _Spoken(dict[str, Any]):
    """Params as people read them; one that is missing shows as a dash rather than breaking the page that explains a refusal."""

    def __missing__(self, key: str) -> str:
        return "—"


def explain(refused: Refused) -> str:
    """The sentence a person reads for this refusal, numbers in Persian digits."""
    sentence = _SENTENCES.get(refused.code)
    if sentence is None:
        return str(_("This can't be done now. Code: %(code)s", code=refused.code))
    spoken = {
        name: number(value) if isinstance(value, int) and not isinstance(value, bool) else value for name, value in refused.params.items()
    }
    return str(sentence) % _Spoken(spoken)


def explain_in_terminal(refused: Refused) -> str:
    """The same sentence for the command line: in English with Latin digits, since few terminals shape Persian."""
    sentence = _SENTENCES.get(refused.code)
    if sentence is None:
        return f"Refused: {refused}"
    source = getattr(sentence, "_args", None)
    text = str(source[0]) if source else str(sentence)
    return text % _Spoken(refused.params)


def wants_json() -> bool:
    """Whether the client asked for JSON rather than a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json" or (request.is_json and best != "text/html")


def wants_fragment() -> bool:
    """Whether htmx asked, to put the answer into a part of the page."""
    return request.headers.get("HX-Request") == "true"


def came_from(default: str = "/") -> str:
    """The page of ours that the request came from (path and query), or `default`: never an address elsewhere."""
    origin = urlsplit(request.referrer or "")
    if not origin.path.startswith("/") or origin.netloc != request.host or origin.path.startswith("//"):
        return default
    return f"{origin.path}?{origin.query}" if origin.query else origin.path


def answer_refusal(refused: Refused) -> Response:
    """422 with the sentence for htmx and JSON; for a plain form the page it came from with the sentence on top."""
    message = explain(refused)
    log.info("refused", code=refused.code)
    if wants_json():
        response = jsonify(error={"code": refused.code, "message": message})
        response.status_code = 422
        return response
    if wants_fragment():
        return notice_fragment(message, 422)
    if request.method in ("GET", "HEAD"):
        return make_response(
            render_template("web/error.html", status=422, title=_("This can't be shown"), message=message, code=refused.code), 422
        )
    flash(message, "bad")
    return make_response(redirect(came_from(), code=303))


def notice_fragment(message: str, status: int) -> Response:
    """A message for the strip above the page's content, whatever part of the page had asked."""
    response = make_response(render_template("web/_notice.html", message=message), status)
    response.headers["HX-Retarget"] = "#notices"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def install(app: Flask) -> None:
    app.register_error_handler(Refused, answer_refusal)
