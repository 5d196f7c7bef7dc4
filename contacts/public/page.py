"""How a citizen page of this room leaves the house: one document, one policy that allows its own style and nothing else."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any

from flask import Response, current_app, request
from flask_babel import gettext as _
from markupsafe import Markup

from engage.config import Settings
from engage.identity.queries import units_tree
from engage.persian import mask_phone, to_persian_digits
from engage.web.citizen.style import style_for

CITY_LINE = "137"
"""The municipalities' telephone line, where every request is registered."""

_BASE_PARTS = ("thanks",)


def show(template: str, *, office: str, status: int = 200, parts: Iterable[str] = (), **values: Any) -> Response:
    """`contacts/public/<template>` as an answer. `parts` are those of the citizen stylesheet beside the core.

    Rendered without the console's context, so that nothing asks who is signed in and no cookie is set.
    """
    style = style_for({*_BASE_PARTS, *parts})
    found = current_app.jinja_env.get_template(f"contacts/public/{template}")
    body = found.render(
        office=office,
        style_tag=Markup("<style>%s</style>") % Markup(style.css),
        city_line=Markup('<bdi dir="ltr">%s</bdi>') % to_persian_digits(CITY_LINE),
        marks=MARKS,
        **values,
    ).encode()
    response = Response(body, status, content_type="text/html; charset=utf-8")
    if request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(body, 5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return guard(
        response,
        f"default-src 'none'; style-src {style.source}; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )


def guard(response: Response, policy: str = "default-src 'none'; frame-ancestors 'none'") -> Response:
    """What every answer to a citizen says to the browser: keep nothing, tell nobody where you came from, index nothing."""
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    return response


def leads(address: str) -> Response:
    """On to another page of ours, by GET."""
    return guard(Response("", 303, {"Location": address}))


def told(title: str, *lines: str, office: str = "", mark: str = "tick", status: int = 200, **values: Any) -> Response:
    """A page that only says something."""
    return show("told.html", office=office or top_office()[0], status=status, title=title, lines=lines, mark=mark, **values)


def not_found() -> Response:
    """The one page for every address that leads nowhere: nothing in it depends on the address."""
    return show("not_found.html", office=top_office()[0], status=404)


def too_many() -> Response:
    response = told(
        _("Too many requests"),
        _("Many requests came from your internet connection lately. Please try again in ten minutes."),
        mark="hourglass",
        status=429,
    )
    response.headers["Retry-After"] = "600"
    return response


def typed_in(name: str, length: int) -> str:
    """What somebody typed in a field of the form, cut to `length` and without what no table takes."""
    return request.form.get(name, "").replace("\0", "").strip()[:length]


def masked(e164: str) -> Markup:
    """A number its holder recognises, for the middle of a sentence."""
    return Markup('<bdi dir="ltr">%s</bdi>') % to_persian_digits(mask_phone(e164))


def top_office() -> tuple[str, str]:
    """Name and short name of the topmost unit: who speaks where no unit is meant."""
    top = next(iter(units_tree()), None)
    return (top.name, top.sms_name) if top is not None else ("", "")


def settings() -> Settings:
    found: Settings = current_app.extensions["engage_settings"]
    return found


MARKS = {
    "tick": Markup('<circle cx="12" cy="12" r="9"/><path d="m8 12 3 3 5-6"/>'),
    "lens": Markup('<circle cx="11" cy="11" r="7"/><path d="m16.5 16.5 4.5 4.5"/>'),
    "hourglass": Markup('<path d="M7 3h10M7 21h10M8 3c0 6 8 6 8 9s-8 3-8 9M16 3c0 6-8 6-8 9s8 3 8 9"/>'),
    "calendar": Markup('<rect x="4" y="5" width="16" height="15" rx="2"/><path d="M4 10h16M8 3v4M16 3v4"/>'),
    "lock": Markup('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>'),
    "phone": Markup('<rect x="7" y="2.5" width="10" height="19" rx="2"/><path d="M11 18h2"/>'),
    "never": Markup('<circle cx="12" cy="12" r="9"/><path d="m6 6 12 12"/>'),
    "stop": Markup('<circle cx="12" cy="12" r="9"/><path d="M8 12h8"/>'),
}
"""Drawn with the same pen as the marks of survey pages."""
