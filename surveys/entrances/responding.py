"""How a citizen's page of an entrance leaves the house, and what it leaves in the browser."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, current_app, request

from engage.config import Settings
from surveys.asked import Office
from surveys.citizen import states
from surveys.citizen.layout import Page
from surveys.entrances.limits import is_guessing
from surveys.queries import top_office_name


def answered(page: Page, status: int = 200) -> Response:
    """The page as an answer that nobody keeps."""
    headers = {
        "Content-Security-Policy": page.policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Vary": "Accept-Encoding, Cookie",
    }
    body = page.body
    if request.accept_encodings["gzip"] > 0:
        headers["Content-Encoding"] = "gzip"
        body = page.packed
    return Response(body, status, headers, content_type="text/html; charset=utf-8")


def nowhere() -> Response:
    """The same page for every address that leads nowhere, and a limit on how many of them one client may try."""
    office = Office(top_office_name())
    if is_guessing():
        response = answered(states.too_many_page(office), 429)
        response.headers["Retry-After"] = "60"
        return response
    return answered(states.not_found_page(office), 404)


def leads(address: str) -> Response:
    """On to another page of ours, by GET."""
    return Response(
        "", 303, {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    )


def keep(response: Response, name: str, value: str, *, path: str, lasts: timedelta, strict: bool = False) -> Response:
    """The browser holds `value` for this path alone, unseen by scripts; another site's form never brings it along."""
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path=path,
        secure=is_secure(),
        httponly=True,
        samesite="Strict" if strict else "Lax",
    )
    return response


def drop(response: Response, name: str, *, path: str) -> Response:
    response.delete_cookie(name, path=path, secure=is_secure(), httponly=True, samesite="Lax")
    return response


def is_secure() -> bool:
    settings: Settings = current_app.extensions["engage_settings"]
    return settings.base_url.startswith("https://")
