"""The footer's pages: not for me, no more texts, is this really you. A GET only asks; a POST acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from markupsafe import Markup

from engage.persian import format_jalali, to_persian_digits
from surveys.asked import LiveSurvey, Office
from surveys.citizen.layout import CITY_LINE, Page, city_line, document, in_same_language, sheet
from surveys.citizen.states import TICK, mark


def not_me_page(office: Office, prefix: str) -> Page:
    title = _("This text isn't for me")
    said = _(
        "Perhaps this number belonged to someone else before. With this, the link stops working at once and we no longer take this number for that person's."
    )
    return _ask(office, title, said, _("This number is mine, the text isn't"), f"{prefix}/not-me", prefix)


def not_here_page(office: Office, prefix: str) -> Page:
    title = _("This isn't my neighbourhood")
    said = _(
        "Perhaps you have moved, or your number is noted in the wrong place. We tell the office; nothing of your answers goes with it, and you can still answer the survey."
    )
    return _ask(office, title, said, _("I don't live in this neighbourhood"), f"{prefix}/not-here", prefix)


def stop_page(office: Office, prefix: str) -> Page:
    title = _("Don't text me any more")
    said = _("No office of the municipality will text this number from any line or about anything. It takes effect within a minute.")
    return _ask(office, title, said, _("Stop all texts"), f"{prefix}/stop", prefix, _("Replying 11 to the text does the same. You can join again whenever you like."))


def _ask(office: Office, title: str, said: str, button: str, action: str, prefix: str, more: str = "") -> Page:
    main = Markup(
        '<form class="s" method="post" action="%s">\n<h1>%s</h1>\n<p>%s</p>\n<p class="sp"><button class="btn bd" type="submit">%s</button></p>\n%s'
        '<p class="sp"><a href="%s">%s</a></p>\n</form>'
    ) % (
        in_same_language(action),
        title,
        said,
        button,
        Markup('<p class="m">%s</p>\n') % more if more else "",
        in_same_language(prefix),
        _("No, back to the survey"),
    )
    return document(title=title, office=office, main=main, parts=("thanks",), pack=False)


def disowned_page(office: Office) -> Page:
    title = _("Thank you for telling us")
    said = _("This link doesn't work any more. We send this number nothing more that was meant for the other person.")
    return _told(office, title, said)


def disputed_page(office: Office, prefix: str) -> Page:
    title = _("The office will put it right")
    said = _("We have noted that your number belongs to another neighbourhood.")
    back = Markup('<p class="sp"><a class="btn" href="%s">%s</a></p>') % (in_same_language(prefix), _("On to the survey"))
    main = sheet(mark(TICK, good=True) + Markup("<h1>%s</h1>\n<p>%s</p>\n%s") % (title, said, back))
    return document(title=title, office=office, main=main, parts=("thanks",), pack=False)


def stopped_page(office: Office) -> Page:
    title = _("Texts are stopped")
    said = _("Within a minute this number is on the list of those who get no texts. What you have answered stays counted.")
    return _told(office, title, said)


def _told(office: Office, title: str, said: str) -> Page:
    main = sheet(mark(TICK, good=True) + Markup("<h1>%s</h1>\n<p>%s</p>") % (title, said))
    return document(title=title, office=office, main=main, parts=("thanks",), pack=False)


def verify_page(office: Office, surveys: Sequence[LiveSurvey], line: str, base_url: str, today: datetime, back: str = "") -> Page:
    """«این پیامک از شهرداری است؟»: the signs of a genuine text, what is never asked, and what is being asked these days."""
    title = _("Is this text from the municipality?")
    latin = Markup('<bdi dir="ltr" class="no">%s</bdi>')
    signs = []
    if line:
        signs.append(Markup(_("It was sent from the line %(line)s.")) % {"line": latin % line})
    signs.append(Markup(_("Its link begins with %(address)s.")) % {"address": latin % f"{base_url}/"})
    signs.append(Markup("%s") % _("Its survey is in the list below."))
    rows = Markup("").join(Markup("<li>%s</li>") % each for each in signs)
    listed = Markup("\n").join(
        Markup('<article class="sms">\n<h3>%s</h3>\n<p class="m">%s%s</p>\n</article>')
        % (
            each.title,
            each.office,
            Markup(" · %s") % _("until %(day)s", day=format_jalali(each.closes_at, with_weekday=True)) if each.closes_at else "",
        )
        for each in surveys
    )
    if not surveys:
        listed = Markup("<p>%s</p>") % _("No survey is open today.")
    main = Markup("\n").join(
        (
            sheet(Markup('<h1>%s</h1>\n<p>%s</p>\n<ol class="ol">%s</ol>') % (title, _("It is ours if it has every one of these signs."), rows)),
            sheet(
                Markup('<div class="n w">\n<h2>%s</h2>\n<p>%s</p>\n</div>')
                % (
                    _("What we never ask for"),
                    _("Money, card numbers, one-time passwords, bank codes, or installing an app. A text that asks for these isn't ours; don't open its link."),
                )
            ),
            sheet(
                Markup('<h2>%s</h2>\n<p class="m">%s</p>\n%s')
                % (_("What we are asking these days"), _("Today, %(day)s", day=format_jalali(today, with_weekday=True)), listed)
            ),
            sheet(
                Markup('<h2>%s</h2>\n<p>%s</p>\n<p class="sp"><a class="btn b2" href="tel:137">%s</a></p>%s')
                % (
                    _("Is your text not in the list?"),
                    Markup(_("Don't open its link, and tell %(line)s.")) % {"line": city_line()},
                    Markup(_("Ring %(line)s")) % {"line": city_line()},
                    Markup('\n<p class="sp"><a href="%s">%s</a></p>') % (in_same_language(back), _("Back to the survey")) if back else "",
                )
            ),
        )
    )
    return document(title=title, office=office, main=main, parts=("thanks", "errors"), pack=False)


def live_sheet_page(office: Office, surveys: Sequence[LiveSurvey], line: str, base_url: str, today: datetime) -> Page:
    """The same for whoever answers the telephone: one printed sheet, what is being asked, by whom, from which line, until when."""
    title = _("Texts of the municipality these days")
    latin = Markup('<bdi dir="ltr" class="no">%s</bdi>')
    rows = Markup("\n").join(
        Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>")
        % (each.title, each.office, format_jalali(each.closes_at, with_weekday=True) if each.closes_at else _("without a deadline"))
        for each in surveys
    )
    heads = Markup("<tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr>") % (
        _("What is asked"),
        _("Which office asks"),
        _("Until when"),
    )
    listed = Markup('<table class="lt">\n<thead>%s</thead>\n<tbody>\n%s\n</tbody>\n</table>') % (heads, rows)
    signs = [Markup(_("Its link begins with %(address)s.")) % {"address": latin % f"{base_url}/"}]
    if line:
        signs.insert(0, Markup(_("It was sent from the line %(line)s.")) % {"line": latin % line})
    main = sheet(
        Markup('<h1>%s</h1>\n<p class="m">%s</p>\n<ul class="ul">%s</ul>\n%s\n<h2 class="sp">%s</h2>\n<p>%s</p>')
        % (
            title,
            _("For the operators of %(line)s. As of %(day)s", line=to_persian_digits(CITY_LINE), day=format_jalali(today, with_weekday=True)),
            Markup("").join(Markup("<li>%s</li>") % each for each in signs),
            listed if surveys else Markup("<p>%s</p>") % _("No survey is open today."),
            _("What we never ask for"),
            _("Money, card numbers, one-time passwords, bank codes, or installing an app. A text that asks for these isn't ours; don't open its link."),
        )
    )
    return document(title=title, office=office, main=main, parts=("thanks", "sheet"), pack=False)
