"""Texts of a survey by their place, and the same survey in another language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.definitions import Definition, DefinitionProblem, check, dump, load
from surveys.translating import LANGUAGE_NAMES, direction_of, places_of, translate, untranslated
from surveys.types import QUESTION_TYPES, Matrix, Number, Option, Rating, Single
from surveys.types.matrix import Row

patient = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TOWN = Definition(
    title="نظافت محله",
    intro="سلام",
    questions=[
        Single(id="q1", label="کدام؟", hint="یکی", options=[Option(id="a1", label="پارک"), Option(id="a2", label="خیابان")]),
        Number(id="q2", label="چند؟", unit="متر", valid_if="q2 > 1", valid_message="بیشتر"),
        Matrix(id="q3", label="هر یک؟", rows=[Row(id="r1", label="یک")], options=[Option(id="c1", label="خوب")]),
        Rating(id="q4", label="چقدر؟", low_label="کم", high_label="زیاد"),
    ],
    languages=["en", "ar"],
    translations={"en": {"title": "Cleanliness", "q1.label": "Which?", "q1.options.a1": "Park", "q3.rows.r1": "One", "q2.unit": "  ", "gone.label": "x"}},
)


def test_every_text_has_its_place() -> None:
    assert places_of(TOWN) == {
        "title": "نظافت محله",
        "intro": "سلام",
        "q1.label": "کدام؟",
        "q1.hint": "یکی",
        "q1.options.a1": "پارک",
        "q1.options.a2": "خیابان",
        "q2.label": "چند؟",
        "q2.valid_message": "بیشتر",
        "q2.unit": "متر",
        "q3.label": "هر یک؟",
        "q3.options.c1": "خوب",
        "q3.rows.r1": "یک",
        "q4.label": "چقدر؟",
        "q4.low_label": "کم",
        "q4.high_label": "زیاد",
    }


def test_what_isnt_translated_stays_persian() -> None:
    english = translate(TOWN, "en")
    assert (english.title, english.intro) == ("Cleanliness", "سلام")
    assert [option.label for option in english.questions[0].options] == ["Park", "خیابان"]  # type: ignore[union-attr]
    assert english.questions[1].unit == "متر"  # type: ignore[union-attr]
    assert english.questions[2].rows == [Row(id="r1", label="One")]  # type: ignore[union-attr]
    assert english.questions[3] is TOWN.questions[3]
    assert translate(TOWN, "ar") is TOWN and translate(TOWN, "fa") is TOWN


def test_what_isnt_translated_is_listed() -> None:
    assert untranslated(TOWN, "en") == [place for place in places_of(TOWN) if place not in ("title", "q1.label", "q1.options.a1", "q3.rows.r1")]
    assert untranslated(TOWN, "ar") == list(places_of(TOWN))


@patient
@given(st.data())
def test_a_survey_translated_in_full_says_nothing_else(data: Any) -> None:
    places = places_of(TOWN)
    said = {place: data.draw(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=9).filter(str.strip)) for place in places}
    definition = Definition(title=TOWN.title, intro=TOWN.intro, questions=TOWN.questions, languages=["en"], translations={"en": said})
    check(definition)
    assert load(dump(definition)) == definition
    assert untranslated(definition, "en") == []
    translated = translate(definition, "en")
    assert places_of(translated) == said
    assert [question.id for question in translated.questions] == [question.id for question in definition.questions]
    check(translated)


@pytest.mark.parametrize("kind", list(QUESTION_TYPES))
def test_texts_of_every_type_can_be_said_otherwise(kind: str) -> None:
    question: Any = QUESTION_TYPES[kind](id="q", label="متن")
    texts = question.texts()
    assert texts["label"] == "متن"
    other = question.with_texts({place: f"{text}!" for place, text in texts.items()})
    assert other.texts() == {place: f"{text}!" for place, text in texts.items()}
    assert type(other) is type(question) and other.id == "q"
    assert question.with_texts({"gone": "x", "options.z": "y", "id": "other", "label": " "}) == question


def test_directions() -> None:
    assert {language: direction_of(language) for language in LANGUAGE_NAMES if direction_of(language) == "ltr"}.keys() == {"en", "hy", "tk", "tr"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"languages": ["fa"]}, "translation_language_unknown"),
        ({"languages": ["EN"]}, "translation_language_unknown"),
        ({"languages": ["en", "en"]}, "language_repeated"),
        ({"languages": [f"a{letter}" for letter in "abcdefghijklm"]}, "too_many_languages"),
        ({"translations": {"../x": {}}}, "translation_language_unknown"),
        ({"translations": {"en": {"title": "x" * 2001}}}, "definition_text_too_long"),
        ({"translations": {"en": {"x" * 161: "x"}}}, "definition_text_too_long"),
        ({"translations": {"en": {"title": "a\x00"}}}, "definition_text_unreadable"),
        ({"quotas": [{"id": "q q", "label": "", "when": "true", "limit": 1}]}, "quota_id_malformed"),
        ({"quotas": [{"id": "q", "label": "", "when": "true", "limit": 0}]}, "quota_limit_out_of_range"),
        ({"quotas": [{"id": "q", "label": "", "when": "true", "limit": 1}] * 2}, "quota_id_repeated"),
        ({"quotas": [{"id": f"q{n}", "label": "", "when": "true", "limit": 1} for n in range(101)]}, "too_many_quotas"),
        ({"quotas": [{"id": "q", "label": "", "when": "x" * 1001, "limit": 1}]}, "definition_text_too_long"),
        ({"questions": [{"type": "single", "id": "q", "label": "", "show_if": "(" * 1001}]}, "definition_text_too_long"),
        ({"questions": [{"type": "single", "id": "q", "label": "", "skips": [{"when": "true"}] * 21}]}, "too_many_skips"),
    ],
)
def test_what_no_survey_can_hold_is_refused_by_name(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(DefinitionProblem) as refused:
        load({"format": 1, "title": "t", **fields})
    assert refused.value.code == code
