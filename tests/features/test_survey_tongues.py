"""Whoever answers in English or Arabic reads buttons, mistakes, promises, days and digits in it; other languages stand on a Persian page."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engage.persian import format_jalali, format_number, speaking, to_persian_digits
from engage.web.i18n import page_in
from surveys.definitions import Definition
from surveys.types import Date, LongText, Option, Single
from tests.entrances import open_way
from tests.features.test_survey_pages import fields
from tests.features.test_surveys_links import Asked, ask, html

PERSIAN = re.compile("[\u0600-\u06ff]")
LABELS = {"en": ("Your street", "What is most urgent?", "Light", "Park", "Why?", "Since when?"), "ar": ("شارعك", "ما الأهم؟", "الإنارة", "الحديقة", "لماذا؟", "منذ متى؟")}
TEXTS = {
    language: dict(zip(("title", "q1.label", "q1.options.a", "q1.options.b", "q2.label", "q3.label"), labels, strict=True))
    for language, labels in {**LABELS, "az": ("کوچه‌نیز", "هانسی؟", "ایشیق", "پارک", "نییه؟", "نه واخت؟")}.items()
}
SURVEY = Definition(
    title="کوچهٔ شما",
    languages=["en", "ar", "az"],
    translations=TEXTS,
    questions=[
        Single(id="q1", label="کدام واجب‌تر است؟", required=True, options=[Option(id="a", label="روشنایی"), Option(id="b", label="بوستان")]),
        LongText(id="q2", label="چرا؟", max_length=300),
        Date(id="q3", label="از کی؟"),
    ],
)


@pytest.fixture
def asked(app: Flask) -> Asked:
    return ask(SURVEY, people=3)


def words_of(page: str) -> str:
    """What is read, without the office's name, the other languages' names, and the script."""
    text = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.S)
    text = re.sub(r'<p class="lg">.*?</p>|<header>.*?</header>|<title>.*?</title>', "", text, flags=re.S)
    return re.sub(r"<[^>]+>", " ", text).replace("شهرداری منطقهٔ ۱۲", "")


def test_an_english_page_is_english_from_top_to_bottom(client: FlaskClient, asked: Asked) -> None:
    page = html(client.get(f"{asked.path}?lang=en"))
    assert page.startswith('<!doctype html>\n<html lang="en" dir="ltr">')
    assert not PERSIAN.search(words_of(page)), PERSIAN.findall(words_of(page))
    for said in ("Question 1 of 3", "Send the answers", "less than", "We ask for no money", "until Thursday 10 December", 'href="?not-me&amp;lang=en"'):
        assert said in page, said
    wrong = client.post(asked.path, data=fields(client.get(f"{asked.path}?lang=en")) | {"q3": "yesterday"})
    shown = html(wrong)
    assert wrong.status_code == 422 and "<title>Error: Look at 2 questions again" in shown and "Please choose one of the options." in shown
    assert 'lang="en" dir="ltr"' in shown and not PERSIAN.search(words_of(shown).replace("۱۴۰۵/۹/۲", ""))
    done = client.post(asked.path, data=fields(wrong) | {"q1": "a", "q3": "1404/1/1"})
    thanks = html(done)
    assert done.status_code == 200 and "Thank you. Your answer is recorded." in thanks and "Sunday 22 November 2026" in thanks
    assert 'lang="en"' in thanks and not PERSIAN.search(words_of(thanks))
    # Sent again, and by whoever comes after the deadline.
    assert "Thank you" in html(client.post(asked.path, data={"q1": "b", "_lang": "en"}))


def test_an_arabic_page_writes_arabic_digits_and_months(client: FlaskClient, asked: Asked) -> None:
    page = html(client.get(f"{asked.path}?lang=ar"))
    read = words_of(page)
    assert '<html lang="ar" dir="rtl">' in page and "السؤال ١ من ٣" in page and "أرسل الإجابات" in page and "ديسمبر" in page
    assert not re.search("[پچژگ۰-۹]", read), re.findall("[پچژگ۰-۹]", read)
    wrong = html(client.post(asked.path, data=fields(client.get(f"{asked.path}?lang=ar"))))
    assert "اختر واحداً من الخيارات من فضلك." in wrong and "خطأ:" in wrong


def test_a_language_without_a_whole_page_stands_on_a_persian_one(client: FlaskClient, asked: Asked) -> None:
    page = html(client.get(f"{asked.path}?lang=az"))
    assert '<html lang="fa" dir="rtl">' in page and '<div lang="az" dir="rtl">' in page and "هانسی؟" in page and "ثبت پاسخ‌ها" in page


def test_persian_stays_persian_between_others(client: FlaskClient, asked: Asked) -> None:
    first = html(client.get(asked.path))
    client.get(f"{asked.path}?lang=en")
    assert html(client.get(asked.path)) == first and '<html lang="fa" dir="rtl">' in first and "پرسش ۱ از ۳" in first
    assert html(client.get(f"{asked.path}?lang=tr")) == first, "not offered"


def test_the_ways_out_are_in_the_same_language(client: FlaskClient, asked: Asked) -> None:
    for name in ("not-me", "not-here", "stop", "verify"):
        page = html(client.get(f"{asked.path}?{name}&lang=en"))
        assert '<html lang="en" dir="ltr">' in page and "?lang=en" in page, name
        assert '<html lang="fa" dir="rtl">' in html(client.get(f"{asked.path}?{name}"))
    assert "Texts are stopped" in html(client.post(f"{asked.path}/stop?lang=en"))


def test_an_open_link_too(client: FlaskClient, asked: Asked) -> None:
    entrance = open_way(asked.survey_id)
    page = client.get(f"{entrance.address}?lang=en")
    assert "Send the answers" in html(page) and "Is this survey from the municipality?" in html(page)
    assert "Thank you. Your answer is recorded." in html(client.post(entrance.address, data=fields(page) | {"q1": "a"}))


def test_numbers_and_days_follow_the_page_and_nothing_else(app: Flask) -> None:
    day = date(2026, 11, 22)
    with speaking("en"):
        assert (format_number(12345.5), format_number(-3), to_persian_digits("۱۲")) == ("12,345.5", "\u200e\u22123", "12")
        assert format_jalali(day, with_weekday=True) == "Sunday 22 November 2026"
    with page_in("ar"):
        assert (format_number(12345), format_jalali(day, with_year=False)) == ("١٢٬٣٤٥", "٢٢ نوفمبر")
    with page_in("az"):
        assert format_number(12) == "۱۲"
    assert format_number(12345.5) == "۱۲٬۳۴۵٫۵" and format_jalali(day) == "۱ آذر ۱۴۰۵"
