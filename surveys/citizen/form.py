"""The form of a survey: what is asked and why on top, four promises, the questions, one button. And the same with errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from markupsafe import Markup, escape

from engage.persian import format_jalali, format_number
from surveys.asked import Asked
from surveys.citizen.layout import NOTHING, Page, document, footer_links, sheet
from surveys.definitions import estimated_minutes, split_by_question
from surveys.types import AnswerProblem, AnyQuestion, Drawn, Given

CLOCK = Markup('<circle cx="12" cy="12" r="9"/><path d="M12 7v5l-3 2"/>')
LOCK = Markup('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>')
NEVER = Markup('<circle cx="12" cy="12" r="9"/><path d="m6 6 12 12"/>')
CALENDAR = Markup('<rect x="4" y="5" width="16" height="15" rx="2"/><path d="M4 10h16M8 3v4M16 3v4"/>')


def form_page(asked: Asked) -> Page:
    """The page behind every unanswered link of this survey: the same bytes for every citizen."""
    return _page(asked, asked.definition.title, _opening(asked), {}, {}, pack=True)


def error_page(asked: Asked, given: Mapping[str, Sequence[str]], problems: Mapping[str, AnswerProblem]) -> Page:
    """The form again with what was typed, a summary on top, and at each place what to do."""
    count = len(problems)
    heading = _("Look at one question again") if count == 1 else _("Look at %(count)s questions again", count=format_number(count))
    lines = []
    for number, question in enumerate(asked.definition.questions, 1):
        if question.id in problems:
            short = question.explain(problems[question.id], _)[0]
            words = _("Question %(number)s: %(problem)s", number=format_number(number), problem=short)
            lines.append(Markup('<a href="#%s">%s</a>') % (question.first_control, words))
    summary = Markup('<div class="sum" role="alert" tabindex="-1" autofocus id="errors">\n<h1>%s</h1>\n%s\n<p>%s</p>\n</div>') % (
        heading,
        Markup("\n").join(lines),
        _("Your other answers are kept."),
    )
    return _page(asked, _("Error: %(heading)s", heading=heading), sheet(summary), given, problems, pack=False)


def preview_page(asked: Asked) -> Page:
    """The form as a citizen would see it, for an officer's frame: it can't be sent."""
    banner = Markup('<p class="pv">%s</p>\n') % _("Preview: nothing is recorded.")
    return _page(asked, asked.definition.title, _opening(asked), {}, {}, pack=False, banner=banner)


def _page(
    asked: Asked,
    title: str,
    top: Markup,
    given: Mapping[str, Sequence[str]],
    problems: Mapping[str, AnswerProblem],
    *,
    pack: bool,
    banner: Markup = NOTHING,
) -> Page:
    is_preview = bool(banner)
    definition = asked.definition
    total = len(definition.questions)
    fields = split_by_question(given)
    questions = Markup("\n").join(
        _question(question, number, total, fields.get(question.id, {}), problems.get(question.id))
        for number, question in enumerate(definition.questions, 1)
    )
    parts = {part for question in definition.questions for part in question.parts}
    if problems:
        parts.add("errors")
    if is_preview:
        parts.add("preview")
        button = Markup('<button class="btn" type="button">%s</button>') % _("Send the answers")
        opening = Markup("<form novalidate>")
    else:
        button = Markup('<button class="btn" type="submit">%s</button>') % _("Send the answers")
        opening = Markup('<form method="post" novalidate>\n<input type="hidden" name="version" value="%s">') % asked.version_id
    main = Markup("%s\n%s\n%s\n%s\n</form>") % (
        top,
        opening,
        questions,
        sheet(button + Markup('\n<p class="m sp">%s</p>') % _("After sending you get a receipt code.")),
    )
    return document(
        title=title,
        office=asked.office,
        main=main,
        nav=Markup("") if is_preview else footer_links(),
        parts=parts,
        faces=any(getattr(question, "style", "") == "faces" for question in definition.questions),
        banner=banner,
        framed=is_preview,
        sends=not is_preview,
        pack=pack,
    )


def _opening(asked: Asked) -> Markup:
    definition = asked.definition
    count, minutes = len(definition.questions), estimated_minutes(definition)
    effort = (
        _("%(count)s questions, less than a minute", count=format_number(count))
        if minutes == 1
        else _("%(count)s questions, less than %(minutes)s minutes", count=format_number(count), minutes=format_number(minutes))
    )
    if asked.closes_at is not None:
        effort = _("%(effort)s; until %(day)s", effort=effort, day=format_jalali(asked.closes_at, with_weekday=True, with_year=False))
    promises = [
        (CLOCK, effort),
        (LOCK, _("Your name is kept safe; answers are never published with a name or number.")),
        (NEVER, _("We ask for no money, no password and no app.")),
    ]
    if asked.results_on is not None:
        day = format_jalali(asked.results_on, with_weekday=True, with_year=False)
        promises.append((CALENDAR, _("The result by %(day)s, at this same address", day=day)))
    rows = Markup("\n").join(
        Markup('<li><svg viewBox="0 0 24 24" aria-hidden="true">%s</svg><span>%s</span></li>') % each for each in promises
    )
    intro = Markup("\n").join(Markup("<p>%s</p>") % line for line in definition.intro.splitlines() if line.strip())
    return sheet(Markup('<h1>%s</h1>\n%s\n<ul class="f">\n%s\n</ul>') % (definition.title, intro, rows))


def _question(question: AnyQuestion, number: int, total: int, given: Given, problem: AnswerProblem | None) -> Markup:
    place = _("Question %(number)s of %(total)s", number=format_number(number), total=format_number(total))
    if not question.required:
        place = _("%(place)s · optional", place=place)
    hint = " ".join(filter(None, (question.hint.strip(), question.instruction(_))))
    error = Markup("")
    if problem is not None:
        error = Markup('<p class="er" id="%s:e"><span>%s</span></p>\n') % (
            question.id,
            _("Error: %(heading)s", heading=question.explain(problem, _)[1]),
        )
    described = [f"{question.id}:e"] if problem is not None else []
    if hint and not question.is_group:
        described.insert(0, f"{question.id}:h")
    controls = question.draw(Drawn(given, problem is not None, " ".join(described), _))
    css = "s bad" if problem is not None else "s"
    if question.is_group:
        told = Markup('<span class="m">%s</span>') % hint if hint else Markup("")
        return Markup('<div class="%s"><fieldset>\n<legend><span class="eb">%s</span><b>%s</b>%s</legend>\n%s%s\n</fieldset></div>') % (
            css,
            place,
            question.label,
            told,
            error,
            controls,
        )
    told = Markup('<p class="m" id="%s:h">%s</p>\n') % (question.id, hint) if hint else Markup("")
    return Markup('<div class="%s">\n<p class="eb">%s</p>\n<label class="q" for="%s">%s</label>\n%s%s%s\n</div>') % (
        css,
        place,
        question.id,
        escape(question.label),
        told,
        error,
        controls,
    )
