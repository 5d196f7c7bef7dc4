"""Who is inside: the visit that a code opened.

A visit lasts a quarter of an hour. Its cookie is sealed, is sent to /my alone and never from another site, and every form repeats a
mark made from it. It holds only as long as the server says so, too: who leaves has left, whatever a browser kept.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from contacts.commands import codes
from contacts.public.page import leads, settings, told, too_many
from engage.refusal import Refused
from engage.vault import vault
from engage.web.refusals import explain
from engage.web.tickets import seal, unseal

blueprint = Blueprint("citizen_self_service", __name__, url_prefix="/my")

COOKIE = "engage_my"
LASTS = timedelta(minutes=15)


def number() -> str | None:
    """The number this browser proved, if its visit isn't over."""
    held = _held()
    return held["number"] if held else None


def proof() -> str:
    """The mark every form of this visit repeats."""
    key = bytes.fromhex(vault().derive_secret("self-service forms"))
    return hmac.digest(key, request.cookies.get(COOKIE, "").encode(), hashlib.sha256).hex()[:32]


def proved(view: Callable[..., Response]) -> Callable[..., Response]:
    """The view gets the number that was proved; without one it leads to the door. A POST must carry the visit's own mark."""

    @wraps(view)
    def watched(**values: Any) -> Response:
        e164 = number()
        if e164 is None:
            return leads("/my/in")
        if request.method == "POST" and not hmac.compare_digest(request.form.get("proof", ""), proof()):
            return leads("/my/")
        return view(e164, **values)

    return watched


def entered(response: Response, visit_id: int, e164: str) -> Response:
    """This answer gives the browser its cookie."""
    response.set_cookie(
        COOKIE,
        seal("my", LASTS, number=e164, visit=visit_id),
        max_age=int(LASTS.total_seconds()),
        path="/my",
        secure=_is_secure(),
        httponly=True,
        samesite="Strict",
    )
    return response


def left(response: Response) -> Response:
    """The visit is over, here and in the browser."""
    held = _held()
    if held:
        codes.end_visit(held["visit"])
    response.delete_cookie(COOKIE, path="/my", secure=_is_secure(), httponly=True, samesite="Strict")
    return response


def refused(why: Refused) -> Response:
    return told(_("This wasn't possible"), explain(why), mark="stop", status=409, link=("/my/", _("My texts")))


@blueprint.errorhandler(429)
def _limited(error: Exception) -> Response:
    return too_many()


def _held() -> dict[str, Any] | None:
    held = unseal("my", request.cookies.get(COOKIE, ""))
    return held if held and codes.is_visit_open(held["visit"]) else None


def _is_secure() -> bool:
    return settings().base_url.startswith("https://")
