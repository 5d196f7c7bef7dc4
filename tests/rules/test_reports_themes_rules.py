"""Which themes a text carries, what is suggested, what of the counts may be shown, and what of a text is masked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.persian import normalise, search_key
from engage.refusal import Refused
from engage.reports.exporting.cells import masked
from engage.reports.masking import MASK, mask_numbers
from engage.reports.suppression import SMALL
from engage.reports.themes.rules import Counter, Lexeme, digest_of, mark, pattern_of, phrases_of, protect_counts, read_theme, suggest

PERSIAN = st.text(alphabet="ابپتكکيیهةمنسرچدز \u200c\u0654هاهای۱۲1٬.؛", max_size=60)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("پیاده‌رو", "پياده رو خراب است"),
        ("پیاده رو", "پیاده‌روها"),
        ("کوچه‌ها", "كوچۀ ما تاریک است"),
        ("درختها", "درختان خشک شدند"),
        ("روشنایی", "مشکل: روشنايي!"),
        ("چراغ", "چراغ‌های سوخته"),
        ("137", "با ۱۳۷ تماس گرفتم"),
    ],
)
def test_a_word_is_found_however_it_is_spelled(word: str, text: str) -> None:
    assert pattern_of([word]).search(search_key(text))


@pytest.mark.parametrize(("word", "text"), [("نور", "تنور"), ("چراغ", "شب‌چراغ"[:2]), ("a.b", "axb"), ("راه", "همراه")])
def test_only_beginnings_of_words_count(word: str, text: str) -> None:
    assert not pattern_of([word]).search(search_key(text))


def test_an_answer_may_carry_several_themes_and_is_counted_once_in_each() -> None:
    counter = Counter([Lexeme(1, "روشنایی", ("چراغ", "نور")), Lexeme(2, "زباله", ("زباله",))])
    for text in ("چراغ و نور و زباله", "چراغ سوخته", "سلام", ""):
        counter.take(text)
    assert (counter.read, counter.counts, counter.untouched) == (4, {1: 2, 2: 1}, 2)


@given(PERSIAN, st.lists(PERSIAN, min_size=1, max_size=3))
def test_marking_loses_nothing_of_the_text(text: str, words: list[str]) -> None:
    assert "".join(part for part, _hit in mark(text, pattern_of(words))) == normalise(text)


def test_what_matched_is_marked_where_it_stands() -> None:
    assert mark("خیابانِ ما پياده‌روهای خراب دارد", pattern_of(["پیاده رو"])) == [
        ("خیابان ما ", False),
        ("پیاده‌رو", True),
        ("های خراب دارد", False),
    ]


def test_frequent_words_that_say_something_are_suggested() -> None:
    counter = Counter([Lexeme(1, "زباله", ("زباله",))])
    for _each in range(12):
        counter.take("لطفاً جای پارک را زیاد کنید")
        counter.take("زباله و موش زیاد است")
    for _each in range(9):
        counter.take("آسفالت خراب")
    found = dict(counter.suggestions())
    assert found == {"جای پارک": 12}
    assert "موش" not in found and "آسفالت" not in found


def test_phrases_never_cross_a_full_stop_or_hold_numbers() -> None:
    found = phrases_of(search_key("چراغ خراب. آسفالت ۰۹۱۲۱۲۳۴۵۶۷ کوچه‌ها"))
    assert "خراب آسفالت" not in found and "چراغ خراب" in found and not any(ch.isdigit() for each in found for ch in each)


def test_fewer_than_ten_texts_suggest_nothing() -> None:
    assert suggest({"موش": 9, "سگ": 10}) == [("سگ", 10)]


@given(st.integers(10, 60).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.sets(st.integers(0, 2)), min_size=n, max_size=n))))
def test_what_is_shown_gives_no_small_count_away(made: tuple[int, list[set[int]]]) -> None:
    read, texts = made
    counts = {theme: sum(theme in each for each in texts) for theme in range(3)}
    untouched = sum(not each for each in texts)
    shown = protect_counts(read, counts, untouched)
    assert all(n is None or n == counts[theme] for theme, n in shown.counts.items())
    assert not any(n is not None and 1 <= n <= SMALL for n in (*shown.counts.values(), shown.untouched))
    known = [n for n in shown.counts.values() if n]
    if 1 <= untouched <= SMALL and known:
        assert read - max(known) >= SMALL
        assert None in shown.counts.values() or read - sum(known) <= 1
    if None in shown.counts.values():
        assert shown.untouched is None


def test_one_theme_is_hidden_beside_a_small_rest() -> None:
    assert protect_counts(30, {1: 28}, 2).counts == {1: None}
    assert protect_counts(30, {1: 20}, 10).untouched == 10
    assert protect_counts(9, {1: 9}, 0).counts == {1: None}


@pytest.mark.parametrize(
    ("label", "words", "code"),
    [
        (" ", "نور", "theme_no_label"),
        ("ن" * 81, "نور", "theme_label_long"),
        ("نور", " ، ", "theme_no_words"),
        ("نور", "ن", "theme_word_bad"),
        ("نور", "!!", "theme_word_bad"),
        ("نور", "ن" * 61, "theme_word_bad"),
        ("نور", "، ".join(f"واژه{n}x" for n in range(41)), "theme_words_many"),
    ],
)
def test_a_theme_that_can_find_nothing_is_refused(label: str, words: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        read_theme(label, words)


def test_words_that_are_the_same_are_kept_once() -> None:
    assert read_theme(" نور ", "چراغ، چراغ‌ها\nچراغ؛ نور") == ("نور", ["چراغ", "نور"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("آقای رضایی جواب نمی‌دهد", "رضایی"),
        ("از آقای محمد رضایی بپرسید", "رضایی"),
        ("خانم دکتر کاظمی گفت", "کاظمی"),
        ("سرکار خانم مریم احمدی", "احمدی"),
        ("خانم هاشمی و آقای مدیری", "هاشمی"),
        ("خانم هاشمی و آقای مدیری", "مدیری"),
        ("کد ملی ۰۰۷۱۲۳۴۵۶۷ من", "۰۰۷"),
        ("a.b@example.ir", "example"),
    ],
)
def test_names_numbers_and_addresses_are_masked(text: str, left: str) -> None:
    assert MASK in mask_numbers(text) and left not in mask_numbers(text)
    assert masked(text) == mask_numbers(text), "and in files as on pages"


@pytest.mark.parametrize("text", ["آقای شهردار لطفاً برسید", "۲۵۰ هزار تومان در ۱۴۰۵/۰۹/۲۱", "همهٔ آقایان و خانم‌ها"])
def test_what_leads_to_nobody_stays(text: str) -> None:
    assert mask_numbers(text) == text


@given(PERSIAN, st.sampled_from(["آقای", "خانم", "سرکار خانم"]), st.sampled_from(["رضایی", "کاظمی", "صفایی"]), PERSIAN)
def test_no_name_after_a_title_stays(before: str, title: str, name: str, after: str) -> None:
    assert f"{title} {name}" not in mask_numbers(f"{before} {title} {name} {after}")


@given(PERSIAN, PERSIAN)
def test_a_digest_is_that_of_one_text_to_one_question(one: str, other: str) -> None:
    assert (digest_of("q1", one) == digest_of("q1", other)) == (one == other)
    assert digest_of("q1", one) != digest_of("q2", one)


def test_a_name_is_never_suggested() -> None:
    counter = Counter([])
    for _each in range(20):
        counter.take("آقای رضایی آسفالت نمی‌کند")
    assert not any("رضایی" in phrase for phrase, _n in counter.suggestions())
