"""Every word of the interface is there in Persian, once, in one spelling, with the same placeholders."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engage.web.i18n import PACKAGE, catalogue_directories, compile_catalogues, room_directories

KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.xml", "jinja2")]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
ARABIC = re.compile("[يكىة]")


def messages_in_code() -> dict[str, list[str]]:
    """msgid → where it is used, from all rooms' Python and Jinja."""
    found: dict[str, list[str]] = defaultdict(list)
    for room in room_directories():
        for name, line, message, _comments, _context in extract_from_dir(room, method_map=METHODS, keywords=KEYWORDS):
            for each in message if isinstance(message, tuple) else (message,):
                found[each].append(f"{room.name}/{name}:{line}")
    return found


def catalogues() -> dict[Path, Catalog]:
    read = {}
    for directory in catalogue_directories():
        source = directory / "fa" / "LC_MESSAGES" / "messages.po"
        if source.exists():
            with source.open("rb") as text:
                read[source.relative_to(PACKAGE.parent)] = read_po(text, locale="fa")
    return read


def translations() -> dict[str, dict[str, list[str]]]:
    """msgid → its Persian → the catalogues that say so; obsolete and fuzzy ones don't count."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, catalogue in catalogues().items():
        for message in catalogue:
            if not message.id or "fuzzy" in message.flags:
                continue
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            for each in ids:
                if texts and texts[0]:
                    found[each][texts[0]].append(str(path))
    return found


def test_every_message_has_a_persian_translation() -> None:
    translated = translations()
    missing = {msgid: places[0] for msgid, places in messages_in_code().items() if msgid not in translated}
    assert missing == {}


def test_placeholders_are_the_same() -> None:
    unequal = [
        (msgid, text, where)
        for msgid, texts in translations().items()
        for text, where in texts.items()
        if set(PLACEHOLDER.findall(msgid)) != set(PLACEHOLDER.findall(text))
    ]
    assert unequal == []


def test_no_arabic_letters_in_persian() -> None:
    assert [text for texts in translations().values() for text in texts if ARABIC.search(text)] == []


def test_one_message_is_told_in_one_way() -> None:
    assert {msgid: dict(texts) for msgid, texts in translations().items() if len(texts) > 1} == {}


def test_english_sources_are_english() -> None:
    persian = {msgid: places[0] for msgid, places in messages_in_code().items() if re.search("[\u0600-\u06ff]", msgid)}
    assert persian == {}


def test_catalogues_compile_once_and_only_when_stale(tmp_path: Path) -> None:
    folder = tmp_path / "fa" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Next"\nmsgstr "بعدی"\n', "utf-8"
    )
    assert compile_catalogues([tmp_path]) == [folder / "messages.mo"]
    assert compile_catalogues([tmp_path]) == []
    assert sorted(path.name for path in folder.iterdir()) == ["messages.mo", "messages.po"]
