"""What a reply means: an answer in the form's own values, or one of the few words that lead through a conversation. Pure.

Nothing here decides what is valid. A reply becomes what the web form would have sent, and `surveys.definitions.read_answers` takes it or
doesn't, with the same limits, conditions and logic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from campaigns.conversation.asking import ELEVEN, LETTERS, Offered, offered, other_of, plainly
from engage.persian import ZWNJ, is_yes_word, sms_word, to_latin_digits
from surveys.definitions import Definition, read_answers
from surveys.documents import document_of
from surveys.types import AnswerProblem, AnyQuestion, Consent, Multiple, Translate, YesNo
from surveys.types.choices import OTHER, Choosing
from surveys.types.number import Number
from surveys.types.rating import Scale


class Lead(StrEnum):
    """A word that is no answer."""

    BEGIN = "begin"
    """Begin, or ask the present question again"""
    LINK = "link"
    SKIP = "skip"


_LEADS: Mapping[str, Lead] = {
    sms_word(word): lead
    for lead, words in {
        Lead.BEGIN: ("شروع", "آغاز", "ادامه", "start"),
        Lead.LINK: ("لینک", "پیوند", "link"),
        Lead.SKIP: ("رد", "رد کن", "بگذر", "skip"),
    }.items()
    for word in words
}
YES_WORDS = frozenset(map(sms_word, ("بله", "بلی", "آری", "آره", "yes")))
NO_WORDS = frozenset(map(sms_word, ("خیر", "نه", "نخیر", "no")))

_APART = re.compile(r"[\s,،;؛/+.)(&]+")
_NAMED = re.compile(rf"^(?:گزینهٔ?|گزینه|شماره|شمارهٔ|عدد|مورد|حرف)[\s:{ZWNJ}]*")
_AND = re.compile(r"\s+و\s+|(?<=[0-9])\s*و\s*(?=[0-9])")
_MARKED = re.compile(r"^([0-9]{1,2})(?![0-9])[\s).:،,\-_]*(.*)$", re.DOTALL)


def lead_in(words: str) -> Lead | None:
    return _LEADS.get(sms_word(words))


def begins(words: str) -> bool:
    """Whether this answers «برای آغاز عدد ۱ را بفرستید»."""
    return is_yes_word(words) or sms_word(words) in YES_WORDS or lead_in(words) is Lead.BEGIN


def typed_answer(question: AnyQuestion, words: str, *, seed: int = 0, translate: Translate = plainly) -> dict[str, list[str]]:
    """The form's values, by field name, that this reply stands for; AnswerProblem("option_unknown") where it names nothing on offer.

    Options are named by their mark in any script's digits, by their words in any spelling, or by both («۲ فضای سبز»); several by any
    separator. «Other» is its mark followed by what is meant.
    """
    if isinstance(question, Scale):
        return {question.id: [_point(question, words, translate)]}
    if isinstance(question, Number):
        return {question.id: [_number(question, words)]}
    offers = offered(question, seed, translate)
    if not offers:
        return {question.id: [words.strip()]}
    if isinstance(question, YesNo):
        return {question.id: [_said(question, words) or _one(offers, words)]}
    if isinstance(question, Consent):
        return {question.id: ["yes" if sms_word(words) in YES_WORDS else _one(offers, words)]}
    other = _other(question, offers, words)
    if other is not None:
        chosen, text = other
        return {question.id: chosen, f"{question.id}.{OTHER}": [text]}
    return {question.id: _several(offers, words) if isinstance(question, Multiple) else [_one(offers, words)]}


def read_reply(
    definition: Definition,
    document: Mapping[str, Any],
    question: AnyQuestion,
    words: str,
    *,
    today: date,
    seed: int = 0,
    translate: Translate = plainly,
) -> dict[str, Any]:
    """What this reply to `question` adds to the document of the answers before it; AnswerProblem where the web form would refuse it, too."""
    given = typed_answer(question, words, seed=seed, translate=translate)
    reading = read_answers(definition, given, today=today, earlier=document, questions=[question])
    problem = reading.problems.get(question.id)
    if problem is not None:
        raise problem
    entries = {name: value for name, value in reading.answers.items() if name.partition(".")[0] == question.id}
    if not entries:
        raise AnswerProblem("answer_missing")
    return entries


def mark_reply(question: AnyQuestion, entries: Mapping[str, Any], *, seed: int = 0) -> str:
    """A reply that `read_reply` turns into these entries (by part), as a citizen would write it."""
    value, offers = entries[""], offered(question, seed)
    if isinstance(question, Scale) or not offers:
        return str(question.typed(dict(entries))[""][0])
    chosen = [each for each in offers if each.value in (value if isinstance(value, list) else [value])]
    other = other_of(question)
    return " ".join(each.mark for each in sorted(chosen, key=lambda each: other is not None and each.value == other.id)) + (
        f" {entries[OTHER]}" if OTHER in entries else ""
    )


def _one(offers: list[Offered], words: str) -> str:
    found = _named(offers, words)
    if found is None:
        raise AnswerProblem("option_unknown")
    return found


def _named(offers: list[Offered], words: str) -> str | None:
    """The one option these words name: by mark, by label, or by both where they agree."""
    plain = _NAMED.sub("", to_latin_digits(words).strip())
    key = sms_word(plain)
    if not key:
        return None
    by_mark = {sms_word(each.mark): each for each in offers}
    if key in by_mark:
        return by_mark[key].value
    same = [each.value for each in offers if sms_word(each.label) == key]
    if len(same) == 1:
        return same[0]
    marked = _MARKED.match(plain)
    if marked and (option := by_mark.get(str(int(marked[1])))) is not None and sms_word(marked[2]) == sms_word(option.label):
        return option.value
    return None


def _several(offers: list[Offered], words: str) -> list[str]:
    whole = _named(offers, words)
    if whole is not None:
        return [whole]
    plain = _AND.sub("،", _NAMED.sub("", to_latin_digits(words).strip()))
    for pieces in (_APART.split(plain), re.split(r"[,،;؛\n]+", plain)):
        named = [_named(offers, piece) for piece in pieces if piece.strip()]
        if named and None not in named:
            return [each for each in named if each is not None]
    raise AnswerProblem("option_unknown")


def _other(question: AnyQuestion, offers: list[Offered], words: str) -> tuple[list[str], str] | None:
    """What was chosen and the text behind the mark of «other»; None where this isn't named with a text."""
    option = other_of(question)
    if option is None or not isinstance(question, Choosing):
        return None
    mark = sms_word(next(each.mark for each in offers if each.value == option.id))
    plain = _NAMED.sub("", to_latin_digits(words).strip())
    if mark in map(sms_word, LETTERS):
        before, text = "", plain.removeprefix(mark).strip(" ).:،,-_\n") if plain.startswith(f"{mark} ") else ""
    else:
        found = re.match(rf"^((?:[0-9]{{1,2}}[\s,،;؛و]+)*){mark}(?![0-9])[\s).:،,\-_]*(.*)$", plain, re.DOTALL)
        before, text = (found[1], found[2].strip()) if found else ("", "")
    if not text or not any(letter.isalpha() for letter in text):
        return None
    if sms_word(text) == sms_word(option.label):
        return None
    # What is meant is kept as it was written, its digits, too.
    written = words.strip()
    start = len(to_latin_digits(written)) - len(text)
    earlier = _several(offers, before) if before.strip() else []
    return [*earlier, option.id], written[start:] if to_latin_digits(written)[start:] == text else text


def _said(question: YesNo, words: str) -> str | None:
    key = sms_word(words)
    return "yes" if key in YES_WORDS else "no" if key in NO_WORDS else None


def _point(question: Scale, words: str, translate: Translate) -> str:
    plain = _NAMED.sub("", to_latin_digits(words).strip())
    key = sms_word(plain)
    same = [str(point) for point in question.points if key and sms_word(question.words(point, translate)) == key]
    return same[0] if len(same) == 1 else plain


def _number(question: Number, words: str) -> str:
    """The number without its unit; «یازده» is 11, which alone asks for no more texts."""
    plain = words.strip().rstrip(".")
    unit = " ".join(question.unit.split())
    if unit and plain.endswith(unit):
        plain = plain.removesuffix(unit).strip()
    return "11" if sms_word(plain) == ELEVEN else plain


def entries_of(question: AnyQuestion, document: Mapping[str, Any]) -> dict[str, Any]:
    """A question's entries in a document, by part."""
    return {name.partition(".")[2]: value for name, value in document.items() if name.partition(".")[0] == question.id}


def with_entries(question: AnyQuestion, entries: Mapping[str, Any]) -> dict[str, Any]:
    return document_of(question.id, entries)
