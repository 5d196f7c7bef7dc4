"""What every citizen page has: the office's name first, the sheets, the footer, and the headers that let nothing out."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from engage.persian import spoken_language, to_persian_digits
from engage.web.citizen.style import style_for
from surveys.asked import Office
from surveys.citizen.script import script_named
from surveys.translating import direction_of

CITY_LINE = "137"
"""The municipalities' telephone line, where every request is registered."""

NOTHING = Markup("")

FACE = Markup(
    '<svg class="v" aria-hidden="true"><symbol id="f" viewBox="0 0 40 40"><circle cx="20" cy="20" r="17"/><path d="M14 15v2M26 15v2"/></symbol></svg>'
)


@dataclass(frozen=True)
class Page:
    """A finished document in both encodings, with its own content security policy."""

    body: bytes
    packed: bytes
    policy: str

    def filled(self, words: Mapping[str, str]) -> Page:
        """The page with these marks replaced; the words must be plain letters and digits."""
        body = self.body
        for mark, word in words.items():
            body = body.replace(mark.encode(), word.encode())
        return Page(body, gzip.compress(body, 1, mtime=0), self.policy)


def policy(style_source: str, script_source: str = "", *, framed: bool = False, sends: bool = True) -> str:
    script = f"script-src {script_source}; " if script_source else ""
    ancestors = "'self'" if framed else "'none'"
    form = "'self'" if sends else "'none'"
    return (
        f"default-src 'none'; style-src {style_source}; {script}img-src data:; form-action {form}; base-uri 'none'; frame-ancestors {ancestors}"
    )


def city_line() -> Markup:
    return Markup('<bdi dir="ltr">%s</bdi>') % to_persian_digits(CITY_LINE)


def sheet(content: Markup) -> Markup:
    return Markup('<div class="s">\n%s\n</div>') % content


def in_same_language(address: str) -> str:
    """One of the link's other pages, in the language of this one."""
    language = spoken_language()
    return address if language == "fa" else f"{address}{'&' if '?' in address else '?'}lang={language}"


def footer_links(prefix: str = "") -> Markup:
    """The ways out. Without `prefix` they are written relative to the page itself, so that every citizen's page is the same bytes."""
    links = (
        ("not-me", _("This text isn't for me")),
        ("not-here", _("This isn't my neighbourhood")),
        ("stop", _("Don't text me any more")),
        ("preferences", _("Set what I receive")),
        ("verify", _("Is this text from the municipality?")),
    )
    address = (lambda name: in_same_language(f"{prefix}/{name}")) if prefix else (lambda name: in_same_language(f"?{name}"))
    rows = Markup("\n").join(Markup('<a href="%s">%s</a>') % (address(name), words) for name, words in links)
    return Markup('<nav aria-label="%s">\n%s\n</nav>\n') % (_("About this text"), rows)


def document(
    *,
    title: str,
    office: Office,
    main: Markup,
    nav: Markup = NOTHING,
    parts: Iterable[str] = (),
    faces: bool = False,
    banner: Markup = NOTHING,
    framed: bool = False,
    sends: bool = True,
    pack: bool = True,
    script: str = "",
    main_data: str = "",
) -> Page:
    """A whole page. `title` and everything in `main` must be escaped or plain text.

    `script` names one of `surveys.citizen.script`, `main_data` is what it is told.
    """
    language = spoken_language()
    style = style_for(parts)
    added = script_named(script) if script else None
    text = Markup(
        '<!doctype html>\n<html lang="%s" dir="%s">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n<meta name="robots" content="noindex">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="format-detection" content="telephone=no">\n'
        '<title>%s - %s</title>\n<link rel="icon" href="data:,">\n<style>%s</style>\n</head>\n<body>\n'
        "%s<header><p%s><i></i>%s</p></header>\n<main id=\"main\"%s>\n%s%s\n</main>\n"
        "<footer>\n%s<p>%s</p>\n</footer>\n%s</body>\n</html>\n"
    ) % (
        language,
        direction_of(language),
        title,
        office.name,
        Markup(style.css),
        banner,
        Markup("") if language == "fa" else Markup(' lang="fa"'),
        office.name,
        Markup(" " + main_data) if main_data else "",
        FACE + "\n" if faces else "",
        main,
        nav,
        Markup(_("Public relations, %(office)s · telephone %(line)s")) % {"office": office.name, "line": city_line()},
        Markup(f"<script>{added.text}</script>\n") if added else "",
    )
    body = str(text).encode()
    return Page(body, gzip.compress(body, 9 if pack else 5, mtime=0), policy(style.source, added.source if added else "", framed=framed, sends=sends))
