"""What a link shows when there is nothing to fill in: thanks, already answered, closed, not found, too many tries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from flask_babel import gettext as _
from markupsafe import Markup

from engage.clock import TEHRAN
from engage.persian import format_jalali, format_number, to_persian_digits
from surveys.asked import Office
from surveys.citizen.layout import Page, city_line, document, footer_links, sheet
from surveys.citizen.opening import CALENDAR
from surveys.results import PromiseStory

TICK = Markup('<circle cx="12" cy="12" r="9"/><path d="m8 12 3 3 5-6"/>')
LENS = Markup('<circle cx="11" cy="11" r="7"/><path d="m16.5 16.5 4.5 4.5"/>')
HOURGLASS = Markup('<path d="M7 3h10M7 21h10M8 3c0 6 8 6 8 9s-8 3-8 9M16 3c0 6-8 6-8 9s8 3 8 9"/>')


def mark(path: Markup, *, good: bool = False) -> Markup:
    return Markup('<div class="tick%s"><svg viewBox="0 0 24 24" aria-hidden="true">%s</svg></div>\n') % (" y" if good else "", path)


def _written(text: str, **values: object) -> Markup:
    """A translated sentence whose values are markup or plain text; the sentence itself is ours."""
    return Markup(text) % values


def thanks_page(
    office: Office,
    receipt_code: str,
    submitted_at: datetime | None,
    closes_at: datetime | None,
    results_on: date | None,
    *,
    is_repeated: bool,
    prefix: str,
) -> Page:
    """After the answers are in: when, the receipt code, and what happens next. `is_repeated` when the link had answered before.

    `submitted_at` is None for an anonymous answer: nobody knows it any more.
    """
    title = _("Your answer is recorded")
    again = Markup('<p class="n w">%s</p>\n') % _("One answer is accepted from each link. The first one counts.") if is_repeated else ""
    first = sheet(
        mark(TICK, good=True)
        + Markup(
            '<h1>%s</h1>\n%s%s<div class="n code sp">\n<p>%s</p>\n<p><bdi dir="ltr">%s</bdi></p>\n</div>\n<p class="m">%s</p>'
        )
        % (
            _("Thank you. Your answer is recorded."),
            _moment(submitted_at) if submitted_at is not None else "",
            again,
            _("Receipt code"),
            receipt_code,
            _("This code shows that your answer was counted, not what you answered. Take a picture of it if you like."),
        )
    )
    steps: list[tuple[date, str]] = []
    if submitted_at is not None:
        steps.append((submitted_at.astimezone(TEHRAN).date(), _("Your answer arrived.")))
    if closes_at is not None:
        steps.append((closes_at.astimezone(TEHRAN).date(), _("The time to answer ends.")))
    if results_on is not None:
        steps.append((results_on, _("The result is published at this same address.")))
    return document(
        title=title,
        office=office,
        main=first + (_timeline(steps, is_first_done=submitted_at is not None) if len(steps) > 1 else Markup("")),
        nav=footer_links(prefix),
        parts=("thanks",),
        pack=False,
        script="done",
    )


def _moment(submitted_at: datetime) -> Markup:
    at = submitted_at.astimezone(TEHRAN)
    time = Markup('<bdi dir="ltr">%s</bdi>') % to_persian_digits(f"{at:%H:%M}")
    return Markup("<p>%s</p>\n") % _written(_("%(day)s, at %(time)s"), day=format_jalali(at, with_weekday=True), time=time)


def _timeline(steps: Sequence[tuple[date, str]], *, is_first_done: bool) -> Markup:
    rows = Markup("\n").join(
        Markup("<li%s><b>%s</b><span>%s</span></li>") % (Markup(' class="on"') if is_first_done and not index else "", format_jalali(day, with_year=False), words)
        for index, (day, words) in enumerate(steps)
    )
    return Markup("\n") + sheet(Markup('<h2>%s</h2>\n<ol class="tl">\n%s\n</ol>') % (_("What happens next?"), rows))


def answered_page(office: Office, results_on: date | None, story: PromiseStory = PromiseStory()) -> Page:  # noqa: B008 - frozen
    title = _("Your answer was recorded before")
    main = sheet(
        mark(TICK, good=True)
        + Markup('<h1>%s</h1>\n<p>%s</p>\n<p class="m">%s</p>')
        % (
            title,
            _("One answer is accepted from each link. Yours is counted and there is nothing more to do."),
            _("To protect your privacy, answers are not shown again."),
        )
    )
    said = []
    if results_on is not None:
        day = format_jalali(results_on, with_weekday=True)
        late = story.is_late
        said.append(_("The result was promised for %(day)s and is late.", day=day) if late else _("By %(day)s, at this same address.", day=day))
    said += _told_moves(story)
    if said:
        rows = Markup("\n").join(Markup("<p>%s</p>") % words for words in said)
        main += Markup("\n") + sheet(Markup("<h2>%s</h2>\n%s") % (_("When is the result published?"), rows))
    return document(
        title=title, office=office, main=main, nav=footer_links(), parts=("thanks",), script="done"
    )


def full_page(office: Office, back: str) -> Page:
    """As many answers of this kind as were wanted have come: nothing was recorded."""
    title = _("There is no more room for answers of this group")
    main = sheet(
        mark(HOURGLASS)
        + Markup('<h1>%s</h1>\n<p>%s</p>\n<p class="m">%s</p>')
        % (
            title,
            _("As many people of your group have answered as were to be asked. Nothing of what you wrote was recorded."),
            _("Your link still works, should there be room again. Thank you for your time."),
        )
    )
    return document(title=title, office=office, main=main, nav=footer_links(back), parts=("thanks",), pack=False)


def closed_page(
    office: Office,
    *,
    title: str,
    closed_at: datetime | None,
    answered_count: int | None,
    results_on: date | None,
    results_url: str | None,
    story: PromiseStory = PromiseStory(),  # noqa: B008 - frozen
) -> Page:
    """The time is over: which survey, since when, how many answered, where the result is or will be, and every move of its day."""
    heading = _("The time to answer is over")
    day = format_jalali(closed_at, with_weekday=True) if closed_at is not None else None
    lines = [Markup('<p class="eb">%s</p>\n<h1>%s</h1>') % (title, heading)]
    said = _("This survey was closed on %(day)s.", day=day) if day else _("This survey is closed.")
    if answered_count:
        said += " " + _("%(count)s people answered.", count=format_number(answered_count))
    lines.append(Markup("<p>%s</p>") % said)
    if results_url:
        lines.append(Markup('<p class="sp"><a class="btn" href="%s">%s</a></p>') % (results_url, _("See the result")))
    elif results_on is not None and story.is_late:
        lines.append(Markup("<p>%s</p>") % _("The result was promised for %(day)s and is late.", day=format_jalali(results_on, with_weekday=True)))
    elif results_on is not None:
        lines.append(
            Markup("<p>%s</p>") % _("The result is published by %(day)s, at this same address.", day=format_jalali(results_on, with_weekday=True))
        )
    lines += [Markup('<p class="m">%s</p>') % words for words in _told_moves(story)]
    more = Markup("<h2>%s</h2>\n<p>%s</p>") % (
        _("Is there something left to say?"),
        _written(_("Tell us by telephone %(line)s or at your neighbourhood house; it is registered and followed up there."), line=city_line()),
    )
    main = sheet(mark(CALENDAR) + Markup("\n").join(lines)) + Markup("\n") + sheet(more)
    return document(title=heading, office=office, main=main, nav=footer_links(), parts=("thanks",))


def _told_moves(story: PromiseStory) -> list[str]:
    """Each move of the promised day and its reason, as the office wrote it."""
    found = []
    for move in story.moves:
        if move.now_on == move.was_on:
            found.append(_("Reason of the delay: %(reason)s", reason=move.reason))
            continue
        if move.now_on is None:
            words = _("The promise for %(was)s was taken back.", was=format_jalali(move.was_on))
        else:
            words = _("The day was moved from %(was)s to %(day)s.", was=format_jalali(move.was_on), day=format_jalali(move.now_on))
        why = _("The reason: %(reason)s", reason=move.reason) if move.reason else _("No reason was given yet.")
        found.append(f"{words} {why}")
    return found


def not_found_page(office: Office) -> Page:
    """The one page for every address that leads nowhere."""
    title = _("This address wasn't found")
    hints = Markup("<li>%s</li><li>%s</li><li>%s</li>") % (
        _("Tap the link in the text itself, or type it to its last letter."),
        _("Capital and small letters of the link differ."),
        _written(_("If that doesn't help, ring %(line)s."), line=city_line()),
    )
    main = (
        sheet(mark(LENS) + Markup("<h1>%s</h1>\n<p>%s</p>") % (title, _("Perhaps it was typed incompletely, or its time has passed.")))
        + Markup("\n")
        + sheet(
            Markup('<h2>%s</h2>\n<ul class="ul">%s</ul>\n<p class="sp"><a class="btn b2" href="/verify">%s</a></p>')
            % (_("What can you do?"), hints, _("Is this text from the municipality?"))
        )
    )
    return document(title=title, office=office, main=main, parts=("thanks",))


def too_many_page(office: Office) -> Page:
    """Too many wrong addresses from one place."""
    title = _("Too many wrong addresses")
    main = sheet(
        mark(HOURGLASS)
        + Markup("<h1>%s</h1>\n<p>%s</p>") % (title, _("Please wait a minute, then tap the link in the text itself. Right links always open."))
    )
    return document(title=title, office=office, main=main, parts=("thanks",))


def busy_page(office: Office) -> Page:
    """So many come at once that this one is asked to come again."""
    title = _("Very many people are answering at this moment")
    main = sheet(
        mark(HOURGLASS)
        + Markup("<h1>%s</h1>\n<p>%s</p>\n<p>%s</p>")
        % (
            title,
            _("Please wait half a minute, then load this page again."),
            _("If you were sending your answers: go back and send them again. However often you send them, they count once."),
        )
    )
    return document(title=title, office=office, main=main, parts=("thanks",))


def too_large_page(office: Office) -> Page:
    title = _("This was too much text")
    main = sheet(
        mark(HOURGLASS)
        + Markup("<h1>%s</h1>\n<p>%s</p>") % (title, _("Nothing was recorded. Go back: what you typed is still there. Shorten it and send it again."))
    )
    return document(title=title, office=office, main=main, parts=("thanks",))


def files_full_page(office: Office) -> Page:
    """So many files lie unsent that no more are taken now: nothing of this request was read."""
    title = _("No more files can be taken just now")
    main = sheet(
        mark(HOURGLASS)
        + Markup("<h1>%s</h1>\n<p>%s</p>") % (title, _("Nothing was recorded. Go back: what you typed is still there. Send it without the file, or try again in an hour."))
    )
    return document(title=title, office=office, main=main, parts=("thanks",))
