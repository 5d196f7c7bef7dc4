"""Languages as the columns of an XLSForm name them: `label::English (en)`. Pure."""

from __future__ import annotations

import re

PERSIAN = "fa"
CODED = re.compile(r"\(([A-Za-z]{2,3})(?:-[A-Za-z0-9]+)*\)\s*$")

NAMES = {
    "fa": "فارسی", "en": "English", "ar": "العربية", "az": "Azərbaycan", "ku": "Kurdî", "tr": "Türkçe", "ps": "پښتو", "hy": "Հայերեն",
    "ur": "اردو", "ru": "Русский", "fr": "Français", "de": "Deutsch", "es": "Español", "zh": "中文", "tk": "Türkmen", "uz": "Oʻzbek",
}  # fmt: skip
_SPOKEN = {
    "persian": "fa", "farsi": "fa", "فارسی": "fa", "dari": "fa", "english": "en", "انگلیسی": "en", "arabic": "ar", "عربی": "ar", "العربية": "ar",
    "azeri": "az", "azerbaijani": "az", "ترکی آذربایجانی": "az", "kurdish": "ku", "کردی": "ku", "turkish": "tr", "ترکی": "tr", "pashto": "ps",
    "پشتو": "ps", "armenian": "hy", "ارمنی": "hy", "urdu": "ur", "اردو": "ur", "russian": "ru", "french": "fr", "francais": "fr", "français": "fr",
    "german": "de", "deutsch": "de", "spanish": "es", "espanol": "es", "español": "es", "chinese": "zh", "turkmen": "tk", "uzbek": "uz",
    "portuguese": "pt", "italian": "it", "hindi": "hi", "nepali": "ne", "swahili": "sw", "amharic": "am",
}  # fmt: skip


def code_of(language: str) -> str:
    """ISO 639-1 code of a language as a form names it, "" where it can't be told."""
    found = CODED.search(language)
    if found:
        return found[1].lower() if len(found[1]) == 2 else ""
    plain = language.strip().lower()
    if plain in _SPOKEN:
        return _SPOKEN[plain]
    return plain if len(plain) == 2 and plain.isascii() and plain.isalpha() else ""


def name_of(code: str) -> str:
    """How a form's column names a language."""
    return f"{NAMES.get(code, code)} ({code})"
