"""The form of a survey, whole or a page at a time: the questions and one button. And the same with errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from markupsafe import Markup, escape

from engage.persian import format_number
from surveys.asked import Asked
from surveys.citizen.layout import NOTHING, Page, document, footer_links, sheet
from surveys.citizen.opening import opening, spoken_in
from surveys.definitions import numbers_of
from surveys.documents import split_by_question
from surveys.types import AnswerProblem, AnyQuestion, Drawn, Given

PAGE, LANGUAGE, CARRIED, BACK = "_page", "_lang", "_carried", "_back"
"""Fields of the form itself. No question's id begins with an underscore."""


@dataclass(frozen=True)
class Leaf:
    """One page of the form as one citizen is to see it."""

    questions: Sequence[AnyQuestion]
    """Those shown, with earlier answers in their texts"""
    number: int = 0
    """Among `surveys.flow.cut_pages`, from 1; one more is the end page, which has only the button. 0: the whole form at once"""
    place: int = 1
    count: int = 1
    """«صفحهٔ ۲ از ۵»: among the pages this citizen comes by"""
    is_last: bool = True
    """Its button sends the answers off"""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Question id → its number"""
    total: int | None = None
    """None where the number of questions depends on the answers"""
    seed: int = 0
    language: str = "fa"
    carried: str | None = None
    """Earlier answers, where the browser itself keeps them"""
    notice: str = ""
    nav: Markup | None = None
    """Another footer than that of personal links"""
    keeps_in_tab: bool = False
    """What was typed lasts no longer than the browser's window"""


def whole_leaf(asked: Asked, **changes: object) -> Leaf:
    """Every question at once."""
    numbers = numbers_of(asked.definition)
    values: dict[str, object] = {"keeps_in_tab": asked.definition.is_anonymous}
    return Leaf(asked.definition.questions, numbers=numbers, total=len(numbers), **(values | changes))  # type: ignore[arg-type]


def form_page(asked: Asked, leaf: Leaf | None = None, given: Mapping[str, Sequence[str]] | None = None) -> Page:
    """The page behind every unanswered link of this survey: the same bytes for every citizen, unless answers are `given`."""
    leaf = leaf or whole_leaf(asked)
    return _page(asked, leaf, _title(asked, leaf), _top(asked, leaf), given or {}, {}, pack=given is None)


def error_page(
    asked: Asked, given: Mapping[str, Sequence[str]], problems: Mapping[str, AnswerProblem], leaf: Leaf | None = None
) -> Page:
    """The form again with what was typed, a summary on top, and at each place what to do."""
    leaf = leaf or whole_leaf(asked)
    count = len(problems)
    heading = _("Look at one question again") if count == 1 else _("Look at %(count)s questions again", count=format_number(count))
    lines = []
    for question in leaf.questions:
        if question.id in problems:
            short = question.explain(problems[question.id], _)[0]
            words = _("Question %(number)s: %(problem)s", number=format_number(leaf.numbers.get(question.id, 0)), problem=short)
            lines.append(Markup('<a href="#%s">%s</a>') % (question.first_control, words))
    summary = Markup('<div class="sum" role="alert" tabindex="-1" autofocus id="errors">\n<h1>%s</h1>\n%s\n<p>%s</p>\n</div>') % (
        heading,
        Markup("\n").join(lines),
        _("Your other answers are kept."),
    )
    top = sheet(summary + (Markup('\n<p class="eb sp">%s</p>') % _progress(leaf) if leaf.count > 1 else NOTHING))
    return _page(asked, leaf, _("Error: %(heading)s", heading=heading), top, given, problems, pack=False)


def preview_page(asked: Asked, leaf: Leaf | None = None, given: Mapping[str, Sequence[str]] | None = None) -> Page:
    """The form as a citizen would see it, for an officer's frame: it can't be sent."""
    leaf = leaf or whole_leaf(asked)
    banner = Markup('<p class="pv">%s</p>\n') % _("Preview: nothing is recorded.")
    return _page(asked, leaf, _title(asked, leaf), _top(asked, leaf), given or {}, {}, pack=False, banner=banner)


def _title(asked: Asked, leaf: Leaf) -> str:
    title = asked.definition.title
    return title if leaf.place == 1 else _("%(place)s: %(title)s", place=_progress(leaf), title=title)


def _progress(leaf: Leaf) -> str:
    return _("Page %(number)s of %(count)s", number=format_number(leaf.place), count=format_number(leaf.count))


def _top(asked: Asked, leaf: Leaf) -> Markup:
    if leaf.place == 1:
        return opening(asked, language=leaf.language, notice=leaf.notice)
    title = spoken_in(leaf.language, Markup('<p class="eb">%s</p>') % asked.definition.title)
    end = NOTHING if leaf.questions else Markup("\n<p>%s</p>") % _("These were all the questions for you. Your answers aren't sent yet.")
    return sheet(
        Markup('%s\n<h1>%s</h1>\n<progress class="pg" max="%s" value="%s" aria-hidden="true"></progress>%s')
        % (title, _progress(leaf), leaf.count, leaf.place, end)
    )


def _page(
    asked: Asked,
    leaf: Leaf,
    title: str,
    top: Markup,
    given: Mapping[str, Sequence[str]],
    problems: Mapping[str, AnswerProblem],
    *,
    pack: bool,
    banner: Markup = NOTHING,
) -> Page:
    is_preview = bool(banner)
    fields = split_by_question(given)
    questions = Markup("\n").join(
        _question(question, leaf, fields.get(question.id, {}), problems.get(question.id)) for question in leaf.questions
    )
    parts = {part for question in leaf.questions for part in question.parts}
    if problems or leaf.notice or (asked.notice and leaf.place == 1):
        parts.add("errors")
    if leaf.place > 1 or asked.definition.languages:
        parts.add("pages")
    if is_preview:
        parts.add("preview")
    main = Markup("%s\n%s\n%s\n%s\n</form>") % (
        top,
        _form_opening(asked, leaf, is_bad=bool(problems), is_preview=is_preview),
        spoken_in(leaf.language, questions) if leaf.questions else NOTHING,
        sheet(_buttons(leaf, is_preview=is_preview)),
    )
    return document(
        title=title,
        office=asked.office,
        main=main,
        nav=Markup("") if is_preview else footer_links() if leaf.nav is None else leaf.nav,
        parts=parts,
        faces=any(getattr(question, "style", "") == "faces" for question in leaf.questions),
        banner=banner,
        framed=is_preview,
        sends=not is_preview,
        pack=pack,
        script="page",
        main_data="data-tab" if leaf.keeps_in_tab else "",
    )


def _form_opening(asked: Asked, leaf: Leaf, *, is_bad: bool, is_preview: bool) -> Markup:
    # The script keeps what was typed under the version and the page. A preview's is never kept.
    data = Markup(' data-page="%s.%s" data-letters="%s"%s') % (
        asked.version_id,
        leaf.number,
        _("{} letters left"),
        Markup(" data-bad") if is_bad or is_preview else NOTHING,
    )
    if is_preview:
        return Markup("<form novalidate%s>") % data
    files = Markup(' enctype="multipart/form-data"') if any(question.takes_files for question in leaf.questions) else NOTHING
    hidden: list[tuple[str, object]] = [("version", asked.version_id)]
    if leaf.number:
        hidden.append((PAGE, leaf.number))
    if leaf.language != "fa":
        hidden.append((LANGUAGE, leaf.language))
    if leaf.carried is not None:
        hidden.append((CARRIED, leaf.carried))
    return Markup('<form method="post" novalidate%s%s>\n%s') % (
        files,
        data,
        Markup("\n").join(Markup('<input type="hidden" name="%s" value="%s">') % each for each in hidden),
    )


def _buttons(leaf: Leaf, *, is_preview: bool) -> Markup:
    kind = "button" if is_preview else "submit"
    words = _("Send the answers") if leaf.is_last else _("Next page")
    rows = [Markup('<button class="btn" type="%s">%s</button>') % (kind, words)]
    if leaf.place > 1:
        # After the first button in the page's order: the key Enter presses that one.
        rows.append(
            Markup('<p class="sp"><button class="btn b2" type="%s" name="%s" value="1">%s</button></p>') % (kind, BACK, _("Back"))
        )
    if leaf.is_last:
        rows.append(Markup('<p class="m sp">%s</p>') % _("After sending you get a receipt code."))
    return Markup("\n").join(rows)


def _question(question: AnyQuestion, leaf: Leaf, given: Given, problem: AnswerProblem | None) -> Markup:
    drawn = Drawn(given, problem is not None, "", leaf.seed, _)
    if question.weight == 0:
        return question.draw(drawn)
    place = _place(question, leaf)
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
    controls = question.draw(Drawn(given, problem is not None, " ".join(described), leaf.seed, _))
    css = "s bad" if problem is not None else "s"
    if not question.asks:
        told = Markup('<p class="m">%s</p>\n') % hint if hint else Markup("")
        heading = Markup("<h2>%s</h2>\n") % question.label if question.label.strip() else Markup("")
        return Markup('<div class="%s">\n%s%s%s\n</div>') % (css, heading, told, controls)
    if question.is_group:
        told = Markup('<span class="m">%s</span>') % hint if hint else Markup("")
        return Markup('<div class="%s"><fieldset>\n<legend>%s<b>%s</b>%s</legend>\n%s%s\n</fieldset></div>') % (
            css,
            Markup('<span class="eb">%s</span>') % place,
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


def _place(question: AnyQuestion, leaf: Leaf) -> str:
    number = format_number(leaf.numbers.get(question.id, 0))
    if leaf.total is None:
        place = _("Question %(number)s", number=number)
    else:
        place = _("Question %(number)s of %(total)s", number=number, total=format_number(leaf.total))
    # Whether a condition asks for an answer may hang on this very page, so it isn't called optional.
    return place if question.required or question.required_if else _("%(place)s · optional", place=place)
