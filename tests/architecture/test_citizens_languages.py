"""A citizen's page speaks one language: where a whole page is offered in another, none of its words is missing."""

from __future__ import annotations

import re

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

import surveys
from engage.web.i18n import CHROME, PACKAGE
from surveys.translating import LANGUAGE_NAMES

ROOT = PACKAGE.parent
FILES = sorted(
    [
        *(ROOT / "surveys" / "citizen").glob("*.py"),
        *(ROOT / "surveys" / "types").glob("*.py"),
        *(ROOT / "surveys" / "entrances" / name for name in ("pages.py", "answering.py", "idling.py", "public.py", "kiosk.py", "collecting.py")),
        ROOT / "surveys" / "public.py",
        ROOT / "surveys" / "front_door.py",
    ]
)
"""Everything that citizens' pages are made of"""
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{\}")


def said_to_citizens() -> dict[str, str]:
    """msgid → where it is said."""
    found: dict[str, str] = {}
    for path in FILES:
        for line, message, _comments, _context in extract_from_file("python", path, keywords={"_": None, "gettext": None}):
            found.setdefault(str(message), f"{path.relative_to(ROOT)}:{line}")
    return found


def test_what_is_looked_through_are_citizens_words() -> None:
    said = said_to_citizens()
    assert len(said) > 250 and "Send the answers" in said and "Please write your answer." in said and "I am still here" in said
    assert surveys.__file__.startswith(str(ROOT))


@pytest.mark.parametrize("language", sorted(CHROME - {"en", "fa"}))
def test_every_word_is_there(language: str) -> None:
    path = ROOT / "surveys" / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as text:
        catalogue = read_po(text, locale=language)
    words = {str(message.id): str(message.string) for message in catalogue if message.id and message.string and not message.fuzzy}
    said = said_to_citizens()
    assert {msgid: place for msgid, place in said.items() if msgid not in words} == {}
    assert set(words) - set(said) == set(), "said by nobody any more"
    assert [msgid for msgid, word in words.items() if sorted(PLACEHOLDER.findall(msgid)) != sorted(PLACEHOLDER.findall(word))] == []
    assert [word for word in words.values() if re.search("[پچژگیک]", word)] == [], "Persian letters"
    assert [msgid for msgid, word in words.items() if msgid == word and re.search("[A-Za-z]{4}", PLACEHOLDER.sub("", msgid))] == []


def test_whole_pages_are_offered_in_languages_a_survey_may_have() -> None:
    assert set(LANGUAGE_NAMES) >= CHROME
