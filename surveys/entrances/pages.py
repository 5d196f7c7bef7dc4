"""What citizens see at an entrance besides the form itself: the proof of a phone, states, the kiosk's first page and its way out.

Finished documents of the same make as the form's.
"""

from __future__ import annotations

from flask_babel import gettext as _
from markupsafe import Markup

from engage.persian import format_jalali, mask_phone, to_persian_digits
from surveys.asked import Office
from surveys.citizen.layout import NOTHING, Page, document, sheet
from surveys.citizen.opening import CALENDAR, CLOCK, LOCK, NEVER
from surveys.citizen.states import HOURGLASS, TICK, mark
from surveys.entrances.commands.submitting import Entered
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import Kind
from surveys.submission import Outcome

PHONE = Markup('<rect x="7" y="2.5" width="10" height="19" rx="2"/><path d="M11 18h2"/>')
STOP = Markup('<circle cx="12" cy="12" r="9"/><path d="M8 12h8"/>')


def verify_nav() -> Markup:
    """The footer: who answers here was sent no text."""
    return Markup('<nav aria-label="%s">\n<a href="/verify">%s</a>\n</nav>\n') % (
        _("About this survey"),
        _("Is this survey from the municipality?"),
    )


def _page(
    entrance: FoundEntrance, title: str, main: Markup, *, held: bool = False, errors: bool = False, nav: bool = True, is_done: bool = False
) -> Page:
    """`is_done`: the server has the answers, and the form's script forgets what was typed."""
    parts = ["thanks"] + (["held"] if held else []) + (["errors"] if errors else [])
    return document(
        title=title,
        office=Office(entrance.office_name),
        main=main,
        nav=verify_nav() if nav else NOTHING,
        parts=parts,
        pack=False,
        script="done" if is_done else "",
    )


def _told(
    entrance: FoundEntrance,
    title: str,
    *lines: str | Markup,
    sign: Markup = STOP,
    good: bool = False,
    more: Markup = NOTHING,
    nav: bool = True,
) -> Page:
    words = Markup("\n").join(Markup("<p>%s</p>") % line for line in lines)
    return _page(
        entrance,
        title,
        sheet(mark(sign, good=good) + Markup('<p class="eb">%s</p>\n<h1>%s</h1>\n%s%s') % (entrance.title, title, words, more)),
        nav=nav,
        is_done=good,
    )


def _button(address: str, words: str, *, second: bool = False) -> Markup:
    return Markup('\n<p class="sp"><a class="btn%s" href="%s">%s</a></p>') % (Markup(" b2") if second else "", address, words)


def _result(entrance: FoundEntrance, results_url: str | None) -> tuple[list[str], Markup]:
    if results_url:
        return [], _button(results_url, _("See the result"))
    if entrance.results_on is not None:
        return [
            _("The result is published by %(day)s, at this same address.", day=format_jalali(entrance.results_on, with_weekday=True))
        ], NOTHING
    return [], NOTHING


# -- states --------------------------------------------------------------------------------------------------------------------------


def over_page(entrance: FoundEntrance, results_url: str | None, *, answered_count: int | None = None) -> Page:
    """The survey itself is closed."""
    closed = entrance.survey_closed_at or entrance.closes_at
    day = format_jalali(closed, with_weekday=True) if closed is not None else None
    said = _("This survey was closed on %(day)s.", day=day) if day else _("This survey is closed.")
    if answered_count:
        said += " " + _("%(count)s people answered.", count=to_persian_digits(str(answered_count)))
    lines, more = _result(entrance, results_url)
    return _told(entrance, _("The time to answer is over"), said, *lines, sign=CALENDAR, more=more)


def shut_page(entrance: FoundEntrance, results_url: str | None) -> Page:
    """This way in takes no more, while the survey may go on elsewhere."""
    lines, more = _result(entrance, results_url)
    return _told(
        entrance,
        _("No more answers are taken here"),
        _("So many answers as were planned have come in this way, or the office has closed it. Thank you for your interest."),
        _("Whoever got a personal link by text can still answer with that link."),
        *lines,
        sign=CALENDAR,
        more=more,
    )


def device_spent_page(entrance: FoundEntrance, results_url: str | None) -> Page:
    lines, more = _result(entrance, results_url)
    return _told(
        entrance,
        _("This device has answered already"),
        _("So many answers as are taken from one device have come from this one, and they are counted. There is nothing more to do."),
        *lines,
        sign=TICK,
        good=True,
        more=more,
    )


def answered_page(entrance: FoundEntrance, results_url: str | None, *, may_go_on: bool) -> Page:
    """This browser's turn is over. Another person may begin a new one if the ceiling leaves room."""
    lines, more = _result(entrance, results_url)
    if may_go_on:
        more += Markup(
            '\n<form method="post" action="%s/next"><p class="sp"><button class="btn b2" type="submit">%s</button></p></form>'
        ) % (
            entrance.address,
            _("Somebody else answers on this device"),
        )
    return _told(
        entrance,
        _("Your answer was recorded before"),
        _("It is counted and there is nothing more to do."),
        _("To protect your privacy, answers are not shown again."),
        *lines,
        sign=TICK,
        good=True,
        more=more,
    )


def phone_spent_page(entrance: FoundEntrance, results_url: str | None) -> Page:
    lines, more = _result(entrance, results_url)
    return _told(
        entrance,
        _("This phone has answered already"),
        _("One answer is accepted from each phone. The first one is counted and there is nothing more to do."),
        *lines,
        sign=TICK,
        good=True,
        more=more,
    )


def quota_full_page(entrance: FoundEntrance, results_url: str | None) -> Page:
    lines, more = _result(entrance, results_url)
    return _told(
        entrance,
        _("There is no more room for answers of this group"),
        _("As many people of your group have answered as were to be asked. Nothing of what you wrote was recorded."),
        *lines,
        sign=HOURGLASS,
        more=more,
    )


def collector_spent_page(entrance: FoundEntrance, results_url: str | None) -> Page:
    return _told(
        entrance,
        _("You have entered as many as you may"),
        _("This answer wasn't recorded. The ceiling for one colleague is reached; whoever edits the survey can raise it."),
        sign=HOURGLASS,
        nav=False,
    )


def not_correctable_page(entrance: FoundEntrance, results_url: str | None) -> Page:
    return _told(
        entrance,
        _("This form can't be corrected any more"),
        _("Nothing was changed: ten minutes have passed, or it was corrected already. The first entry counts."),
        sign=HOURGLASS,
        nav=False,
    )


def thanks_page(entrance: FoundEntrance, entered: Entered, *, start: str = "", next_words: str = "") -> Page:
    """It is recorded: the receipt, the running number where staff need one, and the way to the next person."""
    is_repeated = entered.submission.outcome is Outcome.REPEATED
    title = _("Thank you. Your answer is recorded.")
    again = Markup('<p class="n w">%s</p>\n') % _("It had been sent before. The first one counts.") if is_repeated else NOTHING
    number = NOTHING
    if entered.number is not None and entrance.kind is Kind.PAPER:
        number = Markup('<div class="n code sp">\n<p>%s</p>\n<p><bdi dir="ltr">%s</bdi></p>\n</div>\n') % (
            _("Running number, to write on the sheet"),
            entered.number,
        )
    receipt = NOTHING
    if entrance.kind is not Kind.PAPER:
        receipt = Markup('<div class="n code sp">\n<p>%s</p>\n<p><bdi dir="ltr">%s</bdi></p>\n</div>\n<p class="m">%s</p>') % (
            _("Receipt code"),
            entered.submission.receipt_code,
            _("This code shows that your answer was counted, not what you answered. Take a picture of it if you like."),
        )
    onward = Markup('\n<p class="sp"><a class="btn" href="%s" autofocus>%s</a></p>') % (start, next_words) if start else NOTHING
    result = NOTHING
    if entrance.results_on is not None and not start:
        day = format_jalali(entrance.results_on, with_weekday=True)
        result = Markup("\n<p>%s</p>") % _("The result is published by %(day)s, at this same address.", day=day)
    main = sheet(mark(TICK, good=True) + Markup("<h1>%s</h1>\n%s%s%s%s%s") % (title, again, number, receipt, result, onward))
    return _page(entrance, title, main, nav=not start, is_done=True)


def no_cookie_page(entrance: FoundEntrance, address: str) -> Page:
    return _told(
        entrance,
        _("Your browser kept nothing"),
        _(
            "Nothing was recorded. So that one person answers once, this page needs a cookie, and the browser refuses it or has forgotten it."
        ),
        _("Go back: what you typed is still there. Allow cookies for this site and send it again, or begin anew."),
        sign=HOURGLASS,
        more=_button(address, _("Begin anew"), second=True),
    )


def too_many_page(entrance: FoundEntrance) -> Page:
    return _told(
        entrance,
        _("Too many requests"),
        _("Many requests came from this device or internet connection lately. Nothing is lost: go back and try again in ten minutes."),
        sign=HOURGLASS,
    )


# -- the proof of a phone --------------------------------------------------------------------------------------------------------------


def phone_page(entrance: FoundEntrance, intro: str, *, is_anonymous: bool, typed: str = "", problem: str = "") -> Page:
    """What is asked and by whom, and why a number is needed; then the number."""
    title = entrance.title
    promises = [
        (PHONE, _("One answer from each phone: a code by text confirms yours.")),
        (
            LOCK,
            _("Your number isn't kept and no text but the code is sent to it.")
            if not is_anonymous
            else _("Your number isn't kept, and nobody can tell which answer came from it."),
        ),
        (NEVER, _("We ask for no money, no password and no app.")),
    ]
    if entrance.closes_at is not None:
        promises.append((CLOCK, _("Until %(day)s", day=format_jalali(entrance.closes_at, with_weekday=True, with_year=False))))
    rows = Markup("\n").join(
        Markup('<li><svg viewBox="0 0 24 24" aria-hidden="true">%s</svg><span>%s</span></li>') % each for each in promises
    )
    words = Markup("\n").join(Markup("<p>%s</p>") % line for line in intro.splitlines() if line.strip())
    top = sheet(Markup('<h1>%s</h1>\n%s\n<ul class="f">\n%s\n</ul>') % (title, words, rows))
    form = Markup(
        '<form class="s%s" method="post" action="%s/phone" novalidate>\n<label class="q" for="phone">%s</label>\n%s'
        '<input class="t te" id="phone" name="phone" type="tel" inputmode="tel" autocomplete="tel-national" maxlength="40" required value="%s"%s>\n'
        '<p class="sp"><button class="btn" type="submit">%s</button></p>\n</form>'
    ) % (
        Markup(" bad") if problem else "",
        entrance.address,
        _("Mobile number"),
        _error("phone-e", problem),
        typed,
        Markup(' aria-invalid="true" aria-describedby="phone-e" autofocus') if problem else "",
        _("Send me the code"),
    )
    return _page(
        entrance, _("Error: %(heading)s", heading=title) if problem else title, top + Markup("\n") + form, held=True, errors=bool(problem)
    )


def code_page(entrance: FoundEntrance, e164: str, *, problem: str = "", is_again: bool = False) -> Page:
    """The same for every number: known, unknown, or answered already."""
    title = _("Type the code")
    number = Markup('<bdi dir="ltr">%s</bdi>') % to_persian_digits(mask_phone(e164))
    again = Markup('<p class="n">%s</p>\n') % _(
        "If the number had not been sent too many codes, another one is on its way. Only the newest holds."
    )
    main = Markup(
        '<form class="s%s" method="post" action="%s/code" novalidate>\n<h1>%s</h1>\n<p>%s</p>\n%s<div class="fl"><label class="q" for="code">%s</label>\n%s'
        '<input class="t ci" id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required%s></div>\n'
        '<p class="sp"><button class="btn" type="submit">%s</button></p>\n<p class="m">%s</p>\n</form>\n'
        '<div class="s">\n<h2>%s</h2>\n<form method="post" action="%s/again"><p class="sp"><button class="btn b2" type="submit">%s</button></p></form>\n'
        '<p class="m">%s</p>\n<p><a class="bk" href="%s">%s</a></p>\n</div>'
    ) % (
        Markup(" bad") if problem else "",
        entrance.address,
        title,
        Markup(_("If texts can reach %(number)s, a code arrives there within a minute. It holds for ten minutes.")) % {"number": number},
        again if is_again else "",
        _("The six digits of the text"),
        _error("code-e", problem),
        Markup(' aria-invalid="true" aria-describedby="code-e" autofocus') if problem else "",
        _("Go to the questions"),
        _("Give this code to nobody. Nobody from the municipality rings and asks for it."),
        _("No code arrived?"),
        entrance.address,
        _("Send another code"),
        _("A minute must lie between two codes, and at most five a day go to one number."),
        f"{entrance.address}?number",
        _("Correct the number"),
    )
    return _page(entrance, _("Error: %(heading)s", heading=title) if problem else title, main, held=True, errors=bool(problem))


def _error(id: str, words: str) -> Markup:
    return Markup('<p class="er" id="%s"><span>%s</span></p>\n') % (id, _("Error: %(heading)s", heading=words)) if words else NOTHING


# -- kiosk ---------------------------------------------------------------------------------------------------------------------------


def kiosk_start_page(entrance: FoundEntrance, intro: str, address: str) -> Page:
    """What everybody finds on the tablet: the question of the day and one button."""
    words = Markup("\n").join(Markup("<p>%s</p>") % line for line in intro.splitlines() if line.strip())
    main = sheet(
        Markup('<h1>%s</h1>\n%s\n<p class="sp"><a class="btn" href="%s?go">%s</a></p>') % (entrance.title, words, address, _("Begin"))
    )
    out = Markup('<nav aria-label="%s">\n<a href="%s/exit">%s</a>\n</nav>\n') % (_("For the office"), address, _("Leave the kiosk"))
    # What the one before had typed and never sent is forgotten here.
    return document(
        title=entrance.title,
        office=Office(entrance.office_name),
        main=main,
        nav=out,
        parts=("thanks",),
        pack=False,
        script="done",
    )


def kiosk_shut_page(entrance: FoundEntrance, address: str) -> Page:
    return _told(
        entrance,
        _("No more answers are taken here"),
        _("Please turn to the office's staff."),
        sign=CALENDAR,
        more=_button(f"{address}/exit", _("Leave the kiosk"), second=True),
        nav=False,
    )


def kiosk_exit_page(entrance: FoundEntrance, address: str, *, problem: str = "") -> Page:
    title = _("Leave the kiosk")
    main = Markup(
        '<form class="s%s" method="post" action="%s/exit" novalidate>\n<h1>%s</h1>\n<div class="fl"><label class="q" for="pin">%s</label>\n%s'
        '<input class="t ci" id="pin" name="pin" type="password" inputmode="numeric" autocomplete="off" maxlength="20" required%s></div>\n'
        '<p class="sp"><button class="btn" type="submit">%s</button></p>\n<p><a class="bk" href="%s">%s</a></p>\n</form>'
    ) % (
        Markup(" bad") if problem else "",
        address,
        title,
        _("PIN of the kiosk"),
        _error("pin-e", problem),
        Markup(' aria-invalid="true" aria-describedby="pin-e" autofocus') if problem else "",
        _("Leave the kiosk"),
        address,
        _("Back to the survey"),
    )
    return _page(entrance, _("Error: %(heading)s", heading=title) if problem else title, main, held=True, errors=bool(problem), nav=False)
