"""How a conversation goes: what is asked next, when it is over, and when a text isn't for it. Pure.

What practitioners of SMS surveys do (GeoPoll, RapidPro's flows), and so do we: the first text asks for a yes before any question («برای آغاز
عدد ۱ را بفرستید»), says how many there are, and keeps the way out. A machine that answers texts by itself never says 1, so it never gets in;
somebody who doesn't want to take part costs one text; and whoever replies 1 has agreed to be asked, at that hour, too. Every later
text is the answer to one of theirs and may go out at once, whatever the hour: they hold the phone in their hand. Only what was read
late waits for the day.

A reply that can't be taken is followed by the reason and the question with its range, `MOST_REPEATS` times in a row; then the
conversation rests, the text lies with the office, and the citizen is told the two words that go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from campaigns.conversation.asking import ASKABLE, asked_text, information_words, plainly, question_count
from engage.persian import sms_word
from engage.sms.cost import PriceTable, estimate_text
from engage.sms.port import MAX_CHARACTERS
from engage.sms.segments import compose_text, pages
from surveys.definitions import Definition
from surveys.documents import split_by_question
from surveys.flow import Walk, complete_document, is_calculated, pipe_question
from surveys.types import AnyQuestion, Translate, type_of

MOST_REPEATS = 2
LISTENS_FOR = timedelta(hours=24)
"""After a longer silence whatever is written in own words is for the office; an option's number still is an answer."""
ANSWERED_WITHIN = timedelta(minutes=30)
"""What waited longer than this to be read is answered by day."""
LONGEST_MACHINE = 20
"""Letters from which on nobody types the same sentence twice running"""
START_SHARE = 0.2
"""Of those invited that begin, for the estimate of a cost alone: people who begin mostly reply to the end, and who stops early costs less."""
MOST_TEXTS = 80
"""Of one conversation; nobody needs half as many"""
OPT_OUT_ROOM = 20


class TalkState(StrEnum):
    ASKING = "asking"
    RESTING = "resting"
    """Too many replies couldn't be read; a number or «ادامه» takes it up again."""
    FINISHED = "finished"
    ENDED = "ended"
    """Answered on the web, too late, full, or stopped"""


TALK_STEPS: Mapping[TalkState, frozenset[TalkState]] = {
    TalkState.ASKING: frozenset({TalkState.RESTING, TalkState.FINISHED, TalkState.ENDED}),
    TalkState.RESTING: frozenset({TalkState.ASKING, TalkState.FINISHED, TalkState.ENDED}),
    TalkState.FINISHED: frozenset(),
    # A number that renewed what it had agreed to may begin anew.
    TalkState.ENDED: frozenset({TalkState.ASKING}),
}
GOING_ON = (TalkState.ASKING, TalkState.RESTING)


@dataclass(frozen=True)
class Progress:
    """The answers so far as one document, and the questions that were passed over."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"answers": dict(self.answers), "skipped": list(self.skipped)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Progress:
        return cls(dict(raw["answers"]), tuple(raw["skipped"]))

    def with_answer(self, question: AnyQuestion, entries: Mapping[str, Any]) -> Progress:
        kept = {name: value for name, value in self.answers.items() if name.partition(".")[0] != question.id}
        return Progress(kept | dict(entries), tuple(each for each in self.skipped if each != question.id))

    def without(self, question: AnyQuestion) -> Progress:
        return replace(self.with_answer(question, {}), skipped=(*self.skipped, question.id))


@dataclass(frozen=True)
class Asking:
    """The question whose turn it is."""

    question: AnyQuestion
    number: int
    total: int | None
    """None: what is answered decides how many there are"""
    is_required: bool
    before: tuple[str, ...]
    """Information between the last answer and this question"""


def next_question(definition: Definition, progress: Progress, today: date) -> Asking | None:
    """The first question on the way that has no answer yet, or none that holds any more; None when all is said."""
    given = split_by_question(progress.answers)
    walk, number, before = Walk(definition, today), 0, []
    branches = any(question.show_if or question.skips for question in definition.questions)
    for question in walk:
        if is_calculated(question):
            continue
        entries = given.get(question.id, {})
        if not question.asks:
            walk.add(question, entries)
            before += [words] if (words := information_words(question)) else []
            continue
        number += 1
        is_required = walk.is_required(question)
        is_answered = bool(entries) and question.accepts(entries)
        if is_answered:
            walk.add(question, entries)
            is_answered = walk.is_valid(question)
        if not is_answered and (is_required or question.id not in progress.skipped or entries):
            return Asking(question, number, None if branches else question_count(definition), is_required, tuple(before))
        before = []
    return None


def closing_information(definition: Definition, progress: Progress, today: date) -> list[str]:
    """Information pages after the last question, for the words of thanks."""
    found: list[str] = []
    walk = Walk(definition, today)
    given = split_by_question(progress.answers)
    for question in walk:
        if is_calculated(question):
            continue
        walk.add(question, given.get(question.id, {}))
        found = [] if question.asks else [*found, *filter(None, [information_words(question)])]
    return found


def whole_document(definition: Definition, progress: Progress, today: date) -> dict[str, Any]:
    """What a response stores: the answers on the way with everything calculated and hidden."""
    hidden = {name: value for question in definition.questions if type_of(question) == "hidden" for name, value in _fixed(question).items()}
    return complete_document(definition, {**hidden, **progress.answers}, today)


def _fixed(question: AnyQuestion) -> dict[str, Any]:
    entries = question.read({})
    return {question.id: entries[""]} if entries else {}


def question_text(
    definition: Definition, progress: Progress, asking: Asking, *, seed: int = 0, translate: Translate = plainly, first: str = ""
) -> str:
    """The text that asks, with earlier answers in its words, `first` above it, and the opt-out line; never longer than a text may be."""
    for question in (pipe_question(asking.question, definition, progress.answers, translate), asking.question):
        body = asked_text(
            question, asking.number, asking.total, before=asking.before, seed=seed, required=asking.is_required, translate=translate
        )
        for whole in (f"{first}\n{body}" if first else body, body):
            if len(whole) <= MAX_CHARACTERS - OPT_OUT_ROOM:
                return compose_text(whole)
    return compose_text(body[: MAX_CHARACTERS - OPT_OUT_ROOM])


def takes_own_words(question: AnyQuestion) -> bool:
    """Whether anything at all may be an answer to it."""
    return type_of(question) in ("short_text", "long_text")


def listens(state: TalkState | str, asked_at: datetime, at: datetime) -> bool:
    """Whether own words are meant for the question: it is being asked, and was not long ago."""
    return state == TalkState.ASKING and at - asked_at <= LISTENS_FOR


def is_from_a_machine(words: str, earlier: Sequence[str]) -> bool:
    """A sentence the number wrote before word for word, as machines that answer texts do; a short «ندارم» is nobody's machine."""
    key = sms_word(words)
    return len(key) >= LONGEST_MACHINE and key in {sms_word(each) for each in earlier}


def waits_for_day(received_at: datetime, at: datetime) -> bool:
    return at - received_at > ANSWERED_WITHIN


# -- what it costs -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PreviewText:
    """One text of a conversation as it goes out, its pages and its price."""

    question_id: str
    text: str
    page_count: int
    cost: int


@dataclass(frozen=True)
class TalkCost:
    """Rials of the texts that follow the first one, at most, for one citizen who answers everything; and what is expected of all."""

    each: int
    page_count: int
    expected: int
    share: float


def preview_texts(definition: Definition, prices: PriceTable, *, thanks: str, translate: Translate = plainly) -> list[PreviewText]:
    """Every question as a text, in the order of the page and as if all were asked, and the words of thanks."""
    found, before, number = [], [], 0
    total = question_count(definition)
    branches = any(question.show_if or question.skips for question in definition.questions)
    for question in definition.questions:
        if not question.asks:
            before += [words] if (words := information_words(question)) else []
            continue
        number += 1
        if type_of(question) in ASKABLE:
            body = compose_text(asked_text(question, number, None if branches else total, before=before, translate=translate))
            found.append(PreviewText(question.id, body, pages(body), estimate_text(body, prices)))
        before = []
    last = compose_text("\n".join((*before, thanks)))
    return [*found, PreviewText("", last, pages(last), estimate_text(last, prices))]


def talk_cost(texts: Sequence[PreviewText], recipients: int) -> TalkCost:
    """An estimate: recipients x `START_SHARE` x every text of the conversation."""
    each = sum(text.cost for text in texts)
    return TalkCost(each, sum(text.page_count for text in texts), round(recipients * START_SHARE * each), START_SHARE)
