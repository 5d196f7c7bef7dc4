"""Which themes a text carries: beginnings of words, blind to spelling, half-spaces and plurals. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engage.persian import normalise, search_key
from engage.refusal import Refused
from engage.reports.masking import mask_numbers
from engage.reports.suppression import MINIMUM_BASE, SMALL, is_small
from engage.reports.themes.stop_words import STOP_WORDS

MOST_WORDS = 40
LONGEST_WORD = 60
LONGEST_LABEL = 80
MOST_THEMES = 60
MOST_SUGGESTED = 8
_PLURALS = frozenset({"ها", "های", "هایی"})
_PLURAL_END = re.compile(r"(?<=\w{3})(?:هایی|های|ها)$")
_WORD = re.compile(r"[^\W\d_]+")
_STOPS = frozenset(search_key(each) for each in STOP_WORDS)
_MOST_HELD = 200_000


@dataclass(frozen=True)
class Lexeme:
    """One theme as the office wrote it."""

    id: int
    label: str
    words: tuple[str, ...]


def read_theme(label: str, words: str) -> tuple[str, list[str]]:
    """What was typed, fit to be kept: the label on one line, words by comma or line, each once, as typed.

    Refused: "theme_no_label"; "theme_label_long" (most); "theme_no_words"; "theme_words_many" (most); "theme_word_bad" (word) for one of
    fewer than two letters or more than `LONGEST_WORD`.
    """
    label = normalise(label)
    if not label:
        raise Refused("theme_no_label")
    if len(label) > LONGEST_LABEL:
        raise Refused("theme_label_long", most=LONGEST_LABEL)
    kept: dict[str, str] = {}
    for typed in re.split(r"[،,;؛\n]", words):
        word = normalise(typed)
        if not word:
            continue
        stem = _stem_of(word)
        if len(stem.replace(" ", "")) < 2 or len(word) > LONGEST_WORD:
            raise Refused("theme_word_bad", word=word[:LONGEST_WORD])
        kept.setdefault(stem, word)
    if not kept:
        raise Refused("theme_no_words")
    if len(kept) > MOST_WORDS:
        raise Refused("theme_words_many", most=MOST_WORDS)
    return label, list(kept.values())


def _stem_of(word: str) -> str:
    """The word as it is looked for: its key, without «ها، های» at its end."""
    tokens = re.findall(r"\w+", search_key(word))
    while len(tokens) > 1 and tokens[-1] in _PLURALS:
        tokens.pop()
    if tokens:
        tokens[-1] = _PLURAL_END.sub("", tokens[-1])
    return " ".join(tokens)


def pattern_of(words: Sequence[str]) -> re.Pattern[str]:
    """Finds in a `search_key` any word that begins as one of these; a half-space or space inside a word may be there or not."""
    stems = sorted({stem for word in words if (stem := _stem_of(word))}, key=len, reverse=True)
    if not stems:
        return re.compile(r"(?!)")
    return re.compile(r"(?<!\w)(?:" + "|".join(" ?".join(map(re.escape, stem.split())) for stem in stems) + ")")


class Counter:
    """Counts themes over a stream of texts. Memory doesn't grow with their number: of rare words, those seen once are forgotten first."""

    def __init__(self, lexicon: Sequence[Lexeme]) -> None:
        self._patterns = {each.id: pattern_of(each.words) for each in lexicon}
        self.read = 0
        self.untouched = 0
        self.counts = {each.id: 0 for each in lexicon}
        self._phrases: dict[str, int] = {}

    def take(self, text: str) -> None:
        key = search_key(text)
        self.read += 1
        is_touched = False
        for theme, pattern in self._patterns.items():
            if pattern.search(key):
                self.counts[theme] += 1
                is_touched = True
        if is_touched:
            return
        self.untouched += 1
        # A name that many complain of is no theme.
        for phrase in phrases_of(search_key(mask_numbers(text))):
            self._phrases[phrase] = self._phrases.get(phrase, 0) + 1
        while len(self._phrases) > _MOST_HELD:
            least = min(self._phrases.values())
            self._phrases = {phrase: count for phrase, count in self._phrases.items() if count > least}

    def suggestions(self) -> list[tuple[str, int]]:
        return suggest(self._phrases)


def phrases_of(key: str) -> set[str]:
    """Words and pairs of neighbours of a text's `search_key` that might name a theme; each once."""
    found: set[str] = set()
    for sentence in re.split(r"[^\w\s]+", key):
        words = ["" if not _WORD.fullmatch(word) or len(word) < 3 else _PLURAL_END.sub("", word) for word in sentence.split()]
        words = ["" if word in _STOPS else word for word in words]
        found.update(word for word in words if word)
        found.update(f"{first} {second}" for first, second in pairwise(words) if first and second)
    return found


def suggest(phrases: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent (phrase, texts that contain it), at least `MINIMUM_BASE` of them; a pair takes the place of a word that
    mostly stands in it."""
    frequent = sorted(((phrase, n) for phrase, n in phrases.items() if n >= MINIMUM_BASE), key=lambda each: (-each[1], each[0]))
    pairs = [(phrase, n) for phrase, n in frequent if " " in phrase]
    kept: list[tuple[str, int]] = []
    for phrase, n in frequent:
        if " " not in phrase and any(phrase in pair.split() and inside * 5 >= n * 3 for pair, inside in pairs):
            continue
        if " " in phrase and any(set(phrase.split()) & set(other.split()) for other, _n in kept):
            continue
        kept.append((phrase, n))
    return kept[:MOST_SUGGESTED]


@dataclass(frozen=True)
class Shown:
    """Counts that may be published; None for what is hidden."""

    counts: dict[int, int | None]
    untouched: int | None


def protect_counts(read: int, counts: Mapping[int, int], untouched: int) -> Shown:
    """Small counts hidden, and what would give them away.

    Themes overlap, so all a reader can do is bound: texts without a theme are at least `read` less all shown counts and at most `read`
    less the largest. While `untouched` is small, themes are hidden until those bounds say no more than 1 to 4. Where a theme is hidden,
    `untouched` is, too: with it the hidden count would have a lower bound.
    """
    if read < MINIMUM_BASE:
        return Shown(dict.fromkeys(counts), None)
    shown: dict[int, int | None] = {theme: None if is_small(n) else n for theme, n in counts.items()}
    if not is_small(untouched):
        return Shown(shown, None if None in shown.values() else untouched)
    while open_ones := {theme: n for theme, n in shown.items() if n}:
        largest = max(open_ones, key=lambda theme: (open_ones[theme], theme))
        # A hidden theme may hold any number of texts, so the lower bound exists only where all are shown.
        is_narrow_below = None not in shown.values() and read - sum(open_ones.values()) > 1
        if read - open_ones[largest] >= SMALL and not is_narrow_below:
            break
        shown[largest] = None
    return Shown(shown, None)


def mark(text: str, pattern: re.Pattern[str]) -> list[tuple[str, bool]]:
    """The text in one spelling, in parts: (words, whether they are what the pattern found), nothing lost between them."""
    plain = normalise(text)
    key: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(plain):
        for each in search_key(letter) or (" " if letter.isspace() or letter == "\u200c" else ""):
            key.append(each)
            places.append(place)
    parts: list[tuple[str, bool]] = []
    done = 0
    for hit in pattern.finditer("".join(key)):
        start, end = places[hit.start()], places[hit.end() - 1] + 1
        if start > done:
            parts.append((plain[done:start], False))
        parts.append((plain[start:end], True))
        done = end
    if done < len(plain):
        parts.append((plain[done:], False))
    return parts


def digest_of(question_key: str, text: str) -> bytes:
    """Equal for the same text to the same question: it is kept in place of the text."""
    return hashlib.sha256(f"{question_key}\0{text}".encode()).digest()
