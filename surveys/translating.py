"""A survey in other languages: which texts there are, where they lie, and the definition with another language's in their place. Pure.

A place is "title", "intro", "data_use", "q1.label", "q1.options.a1", "q5.rows.r1". What isn't translated yet stays Persian.
"""

from __future__ import annotations

import msgspec

from surveys.definitions import Definition

LANGUAGE_NAMES = {
    "fa": "فارسی",
    "ar": "العربية",
    "az": "آذربایجانجا",
    "ckb": "کوردیی ناوەندی",
    "en": "English",
    "hy": "Հայերեն",
    "ku": "کوردی",
    "ps": "پښتو",
    "tk": "Türkmen",
    "tr": "Türkçe",
    "ur": "اردو",
}
"""Each language in its own words, for the citizen's choice."""

RIGHT_TO_LEFT = frozenset({"ar", "az", "ckb", "fa", "he", "ku", "ps", "sd", "ug", "ur"})
"""Azerbaijani and Kurdish as they are written in Iran."""

_OWN_TEXTS = ("title", "intro", "data_use")


def direction_of(language: str) -> str:
    """"rtl" or "ltr"."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def places_of(definition: Definition) -> dict[str, str]:
    """Every text a citizen reads, by its place, in the order of the page; empty ones are left out."""
    found = {name: getattr(definition, name) for name in _OWN_TEXTS if getattr(definition, name)}
    for question in definition.questions:
        found |= {f"{question.id}.{place}": text for place, text in question.texts().items()}
    return found


def translate(definition: Definition, language: str) -> Definition:
    """The definition in a language; Persian itself, and where the language isn't offered, unchanged."""
    texts = {place: text for place, text in definition.translations.get(language, {}).items() if text.strip()}
    if not texts:
        return definition
    by_question: dict[str, dict[str, str]] = {}
    for name, text in texts.items():
        question_id, dot, place = name.partition(".")
        if dot:
            by_question.setdefault(question_id, {})[place] = text
    return msgspec.structs.replace(
        definition,
        **{name: texts[name] for name in _OWN_TEXTS if name in texts and getattr(definition, name)},
        questions=[question.with_texts(by_question[question.id]) if question.id in by_question else question for question in definition.questions],
    )


def untranslated(definition: Definition, language: str) -> list[str]:
    """Places that have a text in Persian and none in this language, in the order of the page."""
    there = definition.translations.get(language, {})
    return [place for place in places_of(definition) if not there.get(place, "").strip()]
