"""Which questions can be asked in a text, and the text that asks them. Pure.

A text with a question holds its number, its words, what may be answered, each under a mark of one letter or number, and how:

    ۲ از ۵: کدام کار واجب‌تر است؟
    ۱) روشنایی کوچه‌ها
    ۲) فضای سبز
    یک شماره بفرستید.

What citizens read here is Persian and stands in this file, like every other text that goes out by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engage.persian import format_number, sms_word, to_persian_digits
from engage.sms.segments import OPT_OUT_LINE, pages
from surveys.definitions import Definition
from surveys.flow import is_drawn
from surveys.types import AnswerProblem, AnyQuestion, Consent, Information, Multiple, Option, Translate, YesNo, type_of
from surveys.types.choices import Choosing
from surveys.types.number import Number
from surveys.types.rating import Scale
from surveys.types.texts import Writing
from surveys.types.typed import Typed

MOST_QUESTIONS = 15
"""Beyond so many, few people reply to the end; and with the repeats they stay below what one number may write in an hour."""
MOST_OPTIONS = 10
"""11 asks for no more texts, whatever was asked; and longer lists fill a text nobody reads on a small phone."""
MOST_PAGES = 5
LONGEST_INFORMATION = 300
LETTERS = ["الف", "ب", "پ", "ت", "ث", "ج", "چ", "ح", "خ", "د"]
"""Marks of options that are numbers themselves: «۲» must not mean the second of them."""
ELEVEN = "یازده"

ASKABLE = frozenset(
    {"single", "multiple", "yes_no", "rating", "nps", "number", "short_text", "long_text", "date", "time", "neighbourhood", "consent"}
)
"""Types of question with an answer one types on any phone. No grids, orders, sums of money, files, and no identity numbers: texts lie readable
with operators."""


def plainly(text: str, **params: Any) -> str:
    """A translator that translates nothing."""
    return text % params if params else text


@dataclass(frozen=True)
class Unaskable:
    """Why a question, by its number and words, can't be asked by text; number 0: the survey as a whole."""

    code: str
    """anonymous, too_many_questions, no_question, type, too_many_options, too_long"""
    number: int = 0
    label: str = ""
    most: int = 0


def unaskable(definition: Definition) -> list[Unaskable]:
    """Everything that keeps this survey from being a conversation, in the order of the page; empty: it may be one."""
    found = []
    asked = [question for question in definition.questions if question.asks]
    if definition.is_anonymous:
        found.append(Unaskable("anonymous"))
    if not asked:
        found.append(Unaskable("no_question"))
    if len(asked) > MOST_QUESTIONS:
        found.append(Unaskable("too_many_questions", most=MOST_QUESTIONS))
    number = 0
    for question in definition.questions:
        number += question.asks
        code, most = _why_not(question, len(asked))
        if code:
            found.append(Unaskable(code, number if question.asks else 0, question.label, most))
    return found


def _why_not(question: AnyQuestion, total: int) -> tuple[str, int]:
    if not question.asks:
        words = information_words(question)
        return ("too_long", LONGEST_INFORMATION) if len(words) > LONGEST_INFORMATION else ("", 0)
    if type_of(question) not in ASKABLE:
        return "type", 0
    if isinstance(question, Choosing) and len(question.options) > MOST_OPTIONS:
        return "too_many_options", MOST_OPTIONS
    if pages(asked_text(question, total, total, translate=plainly) + OPT_OUT_LINE) > MOST_PAGES:
        return "too_long", MOST_PAGES
    return "", 0


def question_count(definition: Definition) -> int:
    """How many questions a citizen is asked at most."""
    return sum(question.asks for question in definition.questions)


def begin_words(definition: Definition) -> str:
    """The line a campaign's text ends with (its placeholder «آغاز»)."""
    count = to_persian_digits(str(question_count(definition)))
    branches = any(question.show_if or question.skips for question in definition.questions)
    return f"{'تا ' if branches else ''}{count} پرسش کوتاه. برای آغاز عدد ۱ را بفرستید."


# -- options -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offered:
    """One thing to answer: the mark it stands under, what is stored, and its words."""

    mark: str
    value: str
    label: str


def offered(question: AnyQuestion, seed: int = 0, translate: Translate = plainly) -> list[Offered]:
    """What may be chosen, in the order of the text; empty where the answer is typed. `seed` orders shuffled options as on the web."""
    options: Sequence[tuple[str, str]]
    if isinstance(question, Choosing):
        options = [(option.id, option.label) for option in question.ordered(seed)]
    elif isinstance(question, YesNo):
        options = list(question.labels.items())
    elif isinstance(question, Consent):
        options = [("yes", "می‌پذیرم")]
    elif isinstance(question, Scale):
        return [Offered(to_persian_digits(str(point)), str(point), question.words(point, translate)) for point in question.points]
    else:
        return []
    if any(sms_word(label).isdigit() for _, label in options):
        return [Offered(mark, value, label) for mark, (value, label) in zip(LETTERS, options, strict=False)]
    return [Offered(to_persian_digits(str(place)), value, label) for place, (value, label) in enumerate(options, 1)]


def other_of(question: AnyQuestion) -> Option | None:
    return question.other_option if isinstance(question, Choosing) else None


# -- texts -------------------------------------------------------------------------------------------------------------------------


def information_words(question: AnyQuestion) -> str:
    """What an information page says, in one paragraph; empty for anything else that asks nothing."""
    if not isinstance(question, Information) or not is_drawn(question):
        return ""
    return " ".join(" ".join((question.label, question.text)).split())


def asked_text(
    question: AnyQuestion,
    number: int,
    total: int | None,
    *,
    before: Sequence[str] = (),
    seed: int = 0,
    required: bool | None = None,
    translate: Translate = plainly,
) -> str:
    """The text that asks `question`, the `number`-th of `total` (None: nobody knows how many it will be), without the opt-out line.

    `before` are information pages on the way to it. Texts of options are written out; a scale is told by its ends.
    """
    place = f"{format_number(number)} از {format_number(total)}" if total else format_number(number)
    lines = [*before, f"{place}: {_one_line(question.label)}"]
    if isinstance(question, Consent) and question.statement.strip():
        lines.append(_one_line(question.statement))
    if question.hint.strip():
        lines.append(_one_line(question.hint))
    if not isinstance(question, Scale):
        lines += [f"{each.mark}) {_one_line(each.label)}" for each in offered(question, seed, translate)]
    lines.append(how_words(question, seed, translate))
    if not (question.required if required is None else required):
        lines.append("یا برای گذشتن: رد")
    return "\n".join(line for line in lines if line)


def how_words(question: AnyQuestion, seed: int = 0, translate: Translate = plainly) -> str:
    """How this question is answered, with the range that is allowed."""
    if isinstance(question, Scale):
        low, high = question.points[0], question.points[-1]
        ends = [
            format_number(point) + (f" ({_one_line(label)})" if label else "")
            for point, label in ((low, question.low_label), (high, question.high_label))
        ]
        return f"از {ends[0]} تا {ends[1]} یک عدد بفرستید."
    if isinstance(question, Number):
        told = _limits(question)
        unit = f" ({question.unit})" if question.unit else ""
        return f"{told}{unit}." + (f" برای ۱۱ بنویسید: {ELEVEN}" if accepts_number(question, 11) else "")
    if isinstance(question, Writing):
        return f"پاسخ را در یک پیامک بنویسید (تا {format_number(question.limit)} نویسه)."
    if isinstance(question, Typed):
        return question.instruction(translate)
    if isinstance(question, Consent):
        return "اگر می‌پذیرید ۱ یا «بله» بفرستید."
    marks = [each.mark for each in offered(question, seed, translate)]
    other = other_of(question)
    other_mark = next((each.mark for each in offered(question, seed, translate) if other is not None and each.value == other.id), "")
    told_other = f" برای {other_mark} متن را هم بنویسید: {other_mark} …" if other_mark else ""
    if isinstance(question, Multiple):
        return f"{_how_many(question)} را با فاصله بفرستید، مانند: {' '.join(marks[:2])}.{told_other}"
    return f"{'یک شماره' if marks[0] not in LETTERS else 'یک حرف'} بفرستید.{told_other}"


def again_words(question: AnyQuestion, problem: AnswerProblem, translate: Translate = plainly) -> str:
    """Why an answer wasn't taken, in one sentence; the question follows it."""
    if problem.code == "answer_missing":
        return "این پرسش پاسخ می‌خواهد."
    if problem.code in SAID_BY_TYPE and not isinstance(question, Scale):
        return question.explain(problem, translate)[1]
    if problem.code == "other_missing":
        return "برای این گزینه، متن را هم پس از شماره بنویسید."
    return "پاسخ شما در میان پاسخ‌های ممکن نیست."


SAID_BY_TYPE = frozenset(
    {
        "number_out_of_range", "too_many_decimals", "date_out_of_range", "time_out_of_range", "not_a_date", "not_a_time", "text_too_long",
        "condition_unmet", "exclusive_with_others", "other_too_long",
    }
)  # fmt: skip
"""Problems a question type explains so that it can be read without its form"""


def accepts_number(question: AnyQuestion, number: int) -> bool:
    try:
        return isinstance(question, Number) and bool(question.read({"": [str(number)]}))
    except AnswerProblem:
        return False


def _limits(question: Number) -> str:
    low, high = (
        "" if limit is None else format_number(int(limit) if float(limit).is_integer() else limit) for limit in (question.min, question.max)
    )
    if low and high:
        return f"عددی از {low} تا {high} بفرستید"
    if low:
        return f"عددی از {low} به بالا بفرستید"
    return f"عددی تا {high} بفرستید" if high else "یک عدد بفرستید"


def _how_many(question: Multiple) -> str:
    low, high = question.min_choices or 1, question.max_choices
    if high is not None and low == high:
        return f"{format_number(high)} گزینه"
    if high is not None:
        return f"{f'از {format_number(low)} ' if low > 1 else ''}تا {format_number(high)} گزینه"
    return f"دست‌کم {format_number(low)} گزینه" if low > 1 else "همهٔ گزینه‌های خود"


def _one_line(text: str) -> str:
    return " ".join(text.split())
