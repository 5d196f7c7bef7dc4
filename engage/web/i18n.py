"""Words: every room keeps its own catalogue beside its code; at start they are compiled where stale and merged into one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, force_locale

import engage
from engage.persian import speaking, spoken_language

DEFAULT_LOCALE = "fa"
CHROME = frozenset({"fa", "ar", "en"})
"""Languages in which a citizen's whole page is there, buttons, promises and mistakes included. English is what the sources are written in,
Arabic has a catalogue; in every other language a survey's own texts stand on a Persian page."""
PACKAGE = Path(engage.__file__).resolve().parent


def room_directories() -> list[Path]:
    """Folders of every room's code, lowest room first where it matters: `engage` and the features that stand beside it."""
    beside = sorted(found.parent for found in PACKAGE.parent.glob("*/feature.py") if found.parent != PACKAGE)
    return [PACKAGE, *beside]


def catalogue_directories() -> list[Path]:
    """Every `translations` folder of the product; the shell's first, so that a room never changes the shell's words."""
    found = [path for room in room_directories() for path in sorted(room.rglob("translations")) if path.is_dir()]
    shell = PACKAGE / "web" / "translations"
    return [shell, *(path for path in found if path != shell)]


def compile_catalogues(directories: Iterable[Path] | None = None) -> list[Path]:
    """Every messages.po has a messages.mo at least as new; returns those written.

    Safe in any number of processes at once: each writes a file of its own and renames it into place.
    """
    written = []
    for directory in catalogue_directories() if directories is None else directories:
        for source in sorted(directory.glob("*/LC_MESSAGES/messages.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            with source.open("rb") as text:
                catalogue = read_po(text, locale=source.parts[-3])
            handle, half = tempfile.mkstemp(dir=source.parent, prefix=".messages-", suffix=".mo")
            with os.fdopen(handle, "wb") as binary:
                write_mo(binary, catalogue)
            os.chmod(half, 0o644)
            Path(half).replace(target)
            written.append(target)
    return written


def chrome_of(language: str) -> str:
    """The language of the page around texts of this language."""
    return language if language in CHROME else DEFAULT_LOCALE


@contextmanager
def page_in(language: str) -> Iterator[None]:
    """Within the block words, digits and days are those of the page around texts of this language. Costs nothing for Persian."""
    chrome = chrome_of(language)
    if chrome == spoken_language():
        yield
        return
    with force_locale(chrome), speaking(chrome):
        yield


def install(app: Flask) -> None:
    directories = catalogue_directories()
    compile_catalogues(directories)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(map(str, directories))
    # Only words come from Babel: its Persian dates are Gregorian and its digits Latin (`engage.web.filters` does those).
    Babel(app, default_locale=DEFAULT_LOCALE, default_timezone="Asia/Tehran", locale_selector=lambda: DEFAULT_LOCALE)
