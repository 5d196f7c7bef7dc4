"""Text as it may be set in a table or on paper: it can't break a line's direction, run off the sheet or fill a book. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST_RUN = 28
"""Letters without a space that are certainly no word: a line may break after them"""
MOST = 700
MOST_LABEL = 160
"""Letters of an option, a group or a heading"""
CUT = "…"
_BREAK = "\u200b"

# Embeddings, overrides and isolates reach past the text they stand in; the marks (U+200E, U+200F) and ZWNJ stay.
_UNSET = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]")
_SPACES = re.compile(r"[\s\u2028\u2029]+")
_RUNS = re.compile(rf"[^\s\u200b]{{{LONGEST_RUN}}}(?=[^\s\u200b])")


def printable(text: object, most: int = MOST) -> str:
    """One line of text, at most `most` characters, the cut shown by «…»; whatever typst would read as markup is left as it is.

    Characters that no font has (emoji) stay, and are printed as an empty box.
    """
    # A text of megabytes isn't worth going through: what is beyond was never to be seen.
    plain = _SPACES.sub(" ", _UNSET.sub("", str(text)[: most * 8].replace("\t", " ").replace("\n", " ").replace("\r", " "))).strip()
    if len(plain) > most:
        plain = _whole_letters(plain[: most - 1]).rstrip() + CUT
    return _RUNS.sub(lambda found: found[0] + _BREAK, plain)


def _whole_letters(text: str) -> str:
    """Without a last letter whose marks, or whose joined half, was cut off."""
    while text and (unicodedata.combining(text[-1]) or text[-1] == "\u200d"):
        text = text[:-1]
    return text
