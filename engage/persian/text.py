"""One spelling for text that people, keyboards and old programs write in many."""

import re
import unicodedata

from engage.persian.digits import to_latin_digits

ZWNJ = "\u200c"
_EZAFE = "\u0654"

# Letters of a Persian word as this module sees them, the hamza of «محلهٔ» included.
_LETTER = r"[\u0621-\u063a\u0641-\u064a\u0654\u066e-\u06d3\u06d5\u06fa-\u06fc]"
_PREFIX = re.compile(rf"(?<!{_LETTER})(ن?می) (?={_LETTER})")
_SUFFIX = re.compile(rf"(?<={_LETTER}) (?=(?:هایی|های|ها|ترین|تر)(?!{_LETTER}))")
# A non-joiner only means something between two letters, and once.
_ZWNJ_RUN = re.compile(f"{ZWNJ}{{2,}}")
_IDLE_ZWNJ = re.compile(rf"(?<!{_LETTER}){ZWNJ}|{ZWNJ}(?!{_LETTER})")


def _folding_table() -> dict[int, str | None]:
    table: dict[int, str | None] = {
        ord("ي"): "ی",
        ord("ى"): "ی",
        ord("ك"): "ک",
        ord("ڪ"): "ک",
        ord("ة"): "ه",
        ord("أ"): "ا",
        ord("إ"): "ا",
        ord("ٱ"): "ا",
        # One code point or two, «هٔ» is the same letter.
        0x06C0: "ه" + _EZAFE,
    }
    # Letters that old programs saved in the shape they had on paper.
    for code in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEFD)):
        plain = unicodedata.normalize("NFKC", chr(code))
        if plain != chr(code) and " " not in plain:
            table[code] = plain.translate(table)
    removed = [
        0x0640,  # tatweel
        *range(0x064B, 0x0653),  # harakat
        0x0670,  # superscript alef
        *range(0x06D6, 0x06DD),  # Quranic marks
        0x061C,
        *range(0x200D, 0x2010),  # joiner and direction marks
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),
        0x00AD,
        0x200B,
        0xFEFF,
        # Control characters that are not white space: PostgreSQL refuses some, no reader sees any.
        *(c for c in (*range(0x20), *range(0x7F, 0xA0)) if not chr(c).isspace()),
    ]
    table.update(dict.fromkeys(removed))
    return table


_FOLDING = _folding_table()


def _normalise_once(s: str) -> str:
    s = unicodedata.normalize("NFC", s.translate(_FOLDING)).translate(_FOLDING)
    s = " ".join(s.split())
    if ZWNJ in s:
        s = _IDLE_ZWNJ.sub("", _ZWNJ_RUN.sub(ZWNJ, s))
    if " " in s:
        s = _PREFIX.sub(rf"\1{ZWNJ}", s)
        s = _SUFFIX.sub(ZWNJ, s)
    return s


def normalise(s: str) -> str:
    """The one spelling of a text; applying it twice changes nothing.

    NFC; ی ک ه ا for their Arabic variants; no tatweel, harakat, direction marks or control characters; «می» and
    «ها، های، تر، ترین» tied to their word with a ZWNJ; white space single. For comparing: store what was typed.
    """
    while True:
        # Taking a mark away can bring two parts of one letter together, so the rules run until they rest.
        once = _normalise_once(s)
        if once == s:
            return once
        s = once


def search_key(s: str) -> str:
    """Equal for texts a searcher takes for the same: normalised, ZWNJ a space, Latin digits, no case, no ezafe «ٔ»."""
    key = to_latin_digits(normalise(s)).casefold().replace(ZWNJ, " ").replace(_EZAFE, "")
    return " ".join(unicodedata.normalize("NFC", key).split())


_ALPHABET = "ءآابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
_SORTED_AS = {
    "ؤ": "و",
    "ۆ": "و",
    "ئ": "ی",
    "ێ": "ی",
    "ے": "ی",
    "ڕ": "ر",
    "ڵ": "ل",
    "ڤ": "ف",
    "ە": "ه",
    "ھ": "ه",
    "ہ": "ه",
}
_FIRST_LETTER = 0x0621
_RANKS = {ord(letter): chr(_FIRST_LETTER + rank) for rank, letter in enumerate(_ALPHABET)}
_RANKS |= {ord(variant): _RANKS[ord(letter)] for variant, letter in _SORTED_AS.items()}
# Latin names follow the Persian ones: the same letters in a block above every Arabic one.
_RANKS |= {code: chr(0xFF41 + code - ord("a")) for code in range(ord("a"), ord("z") + 1)}
_NUMBER = re.compile(r"[0-9]+")
_NUMBER_WIDTH = 12


def sort_key(s: str) -> str:
    """A string whose code points, and so its UTF-8 bytes (collation "C"), order texts by the Persian alphabet.

    Space, then numbers by value («محلهٔ ۲» before «محلهٔ ۱۰»), then ء آ ا ب پ … ی, then Latin. ؤ and ئ sort as و and ی.
    Not for reading: the letters of the key stand for ranks.
    """
    return _NUMBER.sub(lambda run: run[0].lstrip("0").rjust(_NUMBER_WIDTH, "0"), search_key(s)).translate(_RANKS)


_STOP_WORDS = frozenset({"11", "لغو", "لغو11", "11لغو", "انصراف", "توقف", "off", "stop", "cancel"})
_REJOIN_WORDS = frozenset({"12"})
_YES_WORDS = frozenset({"1", "بله", "بلی", "آری", "yes"})


def sms_word(text: str | None) -> str:
    """The one spelling of a word sent by SMS: digits, letters, spaces, case and the signs around it make no difference."""
    word = search_key(text or "").replace(" ", "")
    start, end = 0, len(word)
    while start < end and not word[start].isalnum():
        start += 1
    while end > start and not word[end - 1].isalnum():
        end -= 1
    return word[start:end]


def is_stop_word(text: str | None) -> bool:
    """True when an incoming SMS says nothing but «send me no more» (11, لغو, لغو۱۱, انصراف, توقف, off, stop, cancel).

    Digits of any script, ي and ك, ZWNJ, spaces, case and punctuation around the word make no difference.
    """
    return sms_word(text) in _STOP_WORDS


def is_rejoin_word(text: str | None) -> bool:
    """True when an incoming SMS is 12, the request to be asked again. It renews no consent by itself."""
    return sms_word(text) in _REJOIN_WORDS


_YES_KEYS = frozenset(sms_word(word) for word in _YES_WORDS)


def is_yes_word(text: str | None) -> bool:
    """True when an incoming SMS says nothing but «yes» (1, بله, بلی, آری), the answer to a question we sent."""
    return sms_word(text) in _YES_KEYS
