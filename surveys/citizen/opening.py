"""The top of the first page: what is asked and why, how long it takes, what is never asked for, and what becomes of the answers."""

from __future__ import annotations

from flask_babel import gettext as _
from markupsafe import Markup

from engage.persian import format_jalali, format_number, spoken_language
from surveys.asked import Asked
from surveys.citizen.layout import NOTHING, sheet
from surveys.definitions import Definition, estimated_minutes
from surveys.translating import LANGUAGE_NAMES, direction_of

CLOCK = Markup('<circle cx="12" cy="12" r="9"/><path d="M12 7v5l-3 2"/>')
LOCK = Markup('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>')
NEVER = Markup('<circle cx="12" cy="12" r="9"/><path d="m6 6 12 12"/>')
CALENDAR = Markup('<rect x="4" y="5" width="16" height="15" rx="2"/><path d="M4 10h16M8 3v4M16 3v4"/>')
SHEETS = Markup('<rect x="5" y="4" width="14" height="16" rx="2"/><path d="M9 9h6M9 13h6M9 17h3"/>')


def opening(asked: Asked, *, language: str = "fa", notice: str = "") -> Markup:
    """`language` is that of the definition's texts; `notice` stands above everything else."""
    definition = asked.definition
    promises = [
        (CLOCK, _effort(asked)),
        (LOCK, _promise(definition)),
        (SHEETS, definition.data_use.strip() or _("The answers are counted together and used for decisions on this subject alone.")),
        (NEVER, _("We ask for no money, no password and no app.")),
    ]
    if asked.results_on is not None:
        day = format_jalali(asked.results_on, with_weekday=True, with_year=False)
        promises.append((CALENDAR, _("The result by %(day)s, at this same address", day=day)))
    rows = Markup("\n").join(
        Markup('<li><svg viewBox="0 0 24 24" aria-hidden="true">%s</svg><span>%s</span></li>') % each for each in promises
    )
    intro = Markup("\n").join(Markup("<p>%s</p>") % line for line in definition.intro.splitlines() if line.strip())
    # What a text got wrong is put right in words, not by a colour alone.
    mended = Markup("<strong>%s</strong> %s") % (_("Correction:"), asked.notice) if asked.notice else ""
    told = Markup("").join(Markup('<div class="n w" role="status"><p>%s</p></div>\n') % each for each in (mended, notice) if each)
    said = spoken_in(language, Markup("<h1>%s</h1>\n%s") % (definition.title, intro))
    return sheet(Markup('%s%s%s\n<ul class="f">\n%s\n</ul>') % (told, _languages(definition, language), said, rows))


def spoken_in(language: str, content: Markup) -> Markup:
    """The content as text of its language, where that isn't the page's own."""
    if language == spoken_language():
        return content
    return Markup('<div lang="%s" dir="%s">\n%s\n</div>') % (language, direction_of(language), content)


def _effort(asked: Asked) -> str:
    definition = asked.definition
    count, minutes = sum(each.asks for each in definition.questions), estimated_minutes(definition)
    effort = (
        _("%(count)s questions, less than a minute", count=format_number(count))
        if minutes == 1
        else _("%(count)s questions, less than %(minutes)s minutes", count=format_number(count), minutes=format_number(minutes))
    )
    if asked.closes_at is not None:
        return _("%(effort)s; until %(day)s", effort=effort, day=format_jalali(asked.closes_at, with_weekday=True, with_year=False))
    return effort


def _promise(definition: Definition) -> str:
    """What holds and what doesn't: the same sentences for every survey, whoever writes it."""
    if not definition.is_anonymous:
        return _("Confidential: your answer stays with the office, together with your link, and is never published with a name or number.")
    return _(
        "Anonymous: your answer is sealed, and nobody can tell from the database whose it is. With fewer than 20 answers in all, none is ever"
        " opened. It doesn't hold against somebody who has both the platform's keys and the database's history, nor where you write your name."
    )


def _languages(definition: Definition, language: str) -> Markup:
    if not definition.languages:
        return NOTHING
    links = Markup(" ").join(
        Markup('<b lang="%s">%s</b>') % (each, LANGUAGE_NAMES.get(each, each))
        if each == language
        else Markup('<a class="bk" href="?lang=%s" lang="%s" dir="%s">%s</a>')
        % (each, each, direction_of(each), LANGUAGE_NAMES.get(each, each))
        for each in ("fa", *definition.languages)
    )
    return Markup('<p class="lg">%s</p>\n') % links
