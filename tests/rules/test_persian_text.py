"""One spelling for comparing, one order for lists, and the words that stop messages."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.persian import ZWNJ, is_rejoin_word, is_stop_word, normalise, search_key, sort_key

persianish = st.text(
    st.one_of(st.sampled_from("ابپتمینرهاکیيىكةأإآۀؤئ ـًٌَُّْٕٓٔ\u200c\u200e\u200f\u00a0می هایترین۱٢3aZ\n"), st.characters())
)
ALPHABET = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("علي", "علی"),
        ("كاوه", "کاوه"),
        ("موسى", "موسی"),
        ("فاطمة", "فاطمه"),
        ("أحمد", "احمد"),
        ("إيران", "ایران"),
        ("آذر", "آذر"),
        ("ا\u0653ذر", "آذر"),
        ("ا\u0654حمد", "احمد"),
        ("مســــجد", "مسجد"),
        ("مُحَمَّد", "محمد"),
        ("ﻋﻠﻲ", "علی"),
        ("\u200eسارا\u200f", "سارا"),
        ("\u202bسارا\u202c", "سارا"),
        ("سا\u00adرا\x00", "سارا"),
        ("مسئول", "مسئول"),
        ("  گل   محمدی \n", "گل محمدی"),
        ("گل\u00a0محمدی", "گل محمدی"),
        ("گل‌‌محمدی‌", "گل‌محمدی"),
        ("گل ‌محمدی", "گل محمدی"),
        ("می روم", "می‌روم"),
        ("نمی خواهم", "نمی‌خواهم"),
        ("قدیمی بود", "قدیمی بود"),
        ("مي روم", "می‌روم"),
        ("خیابان ها", "خیابان‌ها"),
        ("کوچه های تنگ", "کوچه‌های تنگ"),
        ("بزرگ تر", "بزرگ‌تر"),
        ("تمیز ترین محله", "تمیز‌ترین محله"),
        ("خانه هادی", "خانه هادی"),
        ("پارک ترکمن", "پارک ترکمن"),
        ("ها", "ها"),
        ("محله\u0654 ما", "محلهٔ ما"),
        ("محلۀ ما", "محلهٔ ما"),
    ],
)
def test_normalise_gives_the_one_spelling(typed, normal):
    assert normalise(typed) == normal


@given(persianish)
def test_normalising_again_changes_nothing(s):
    once = normalise(s)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set(once) & set("يىكةأإـ\u200e\u200f\u202b\x00")


@given(persianish)
def test_a_search_key_is_its_own_key_and_the_key_of_the_normal_spelling(s):
    key = search_key(s)
    assert search_key(normalise(s)) == key
    assert ZWNJ not in key
    assert "  " not in key


@pytest.mark.parametrize("typed", ["گل‌محمدی ۱۲", "گل محمدی 12", "گل‌محمدي ١٢", " گل  محمدی\u200f ۱۲", "گــل محمّدى 12"])
def test_search_finds_every_spelling(typed):
    assert search_key(typed) == "گل محمدی 12"


def test_search_knows_no_case_and_no_ezafe():
    assert search_key("Café STOP") == "café stop"
    assert search_key("محلهٔ هرندی") == search_key("محلۀ هرندي") == search_key("محله هرندی")


def by_bytes(s: str) -> bytes:
    return sort_key(s).encode()


def test_letters_sort_by_the_persian_alphabet_in_byte_order():
    letters = list(ALPHABET)
    random.Random(1405).shuffle(letters)
    assert "".join(sorted(letters, key=by_bytes)) == ALPHABET
    assert "".join(sorted(ALPHABET)) != ALPHABET


def test_names_sort_as_in_a_directory():
    names = [
        "محلهٔ ۲",
        "محلهٔ ۱۰",
        "آرش",
        "احمد",
        "بابک",
        "پریسا",
        "تینا",
        "چنار",
        "ژاله",
        "ژیان",
        "سارا",
        "علی اکبر",
        "علی‌رضا",
        "علیا",
        "کاوه",
        "گلنار",
        "لاله",
        "محمد",
        "نرگس",
        "وحید",
        "هستی",
        "یلدا",
        "Ali",
        "Zahra",
    ]
    expected = names[2:17] + ["محلهٔ ۲", "محلهٔ ۱۰"] + names[17:]
    shuffled = names[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=by_bytes) == expected


@given(st.text(ALPHABET + " ", max_size=8), st.text(ALPHABET + " ", max_size=8))
def test_the_order_of_keys_is_the_order_of_letters(a, b):
    def ranks(s: str) -> list[int]:
        return [(" " + ALPHABET).index(c) for c in search_key(s)]

    assert (by_bytes(a) < by_bytes(b)) == (ranks(a) < ranks(b))


@given(persianish)
def test_spellings_that_search_alike_sort_alike(s):
    assert sort_key(normalise(s)) == sort_key(s)


@pytest.mark.parametrize(
    "text",
    [
        "11",
        "۱۱",
        "١١",
        " 11 ",
        "11.",
        "«۱۱»",
        "لغو",
        "لغو۱۱",
        "لغو11",
        "لغو 11",
        "لغو\u200c۱۱",
        "«لغو 11»",
        "لـغـو ١١",
        "\u200fلغو۱۱\n",
        "انصراف",
        "توقف",
        "OFF",
        "off",
        "Stop",
        "stop!",
        "CANCEL",
        "لغو!",
    ],
)
def test_a_stop_word_stops_in_every_writing(text):
    assert is_stop_word(text)
    assert not is_rejoin_word(text)


@pytest.mark.parametrize("text", [None, "", "1", "12", "111", "لغو نکنید", "من 11 نفر", "offer", "stop it", "1.1"])
def test_other_words_stop_nothing(text):
    assert not is_stop_word(text)


@pytest.mark.parametrize(
    ("text", "rejoins"),
    [("12", True), ("۱۲", True), (" ١٢ ", True), ("12.", True), ("1", False), ("112", False), (None, False)],
)
def test_only_12_asks_to_rejoin(text, rejoins):
    assert is_rejoin_word(text) is rejoins
