"""Types answered by choosing: «other» in own words, orders, neighbourhoods, long lists, yes and no, ranking."""

from __future__ import annotations

import gzip
import time

import pytest

from surveys.types import AnswerProblem, Drawn, LongList, Multiple, Neighbourhood, Option, Ranking, Single, YesNo
from surveys.types.base import DefinitionProblem
from surveys.types.choices import Choosing, shuffled

PLAIN = [Option(id=f"a{number}", label=f"گزینهٔ {number}") for number in range(1, 5)]
OTHER = Option(id="x", label="مورد دیگر", other=True)
NONE = Option(id="n", label="نظری ندارم", exclusive=True)


def code(question: Choosing | YesNo, given: dict[str, list[str]]) -> str:
    with pytest.raises(AnswerProblem) as found:
        question.read(given)
    assert all(question.explain(found.value, Drawn().translate))
    return found.value.code


def test_other_brings_its_text_along() -> None:
    question = Single(id="q", label="?", options=[*PLAIN, OTHER])
    assert question.read({"": ["x"], "other": ["  پارک \r\n بزرگ "]}) == {"": "x", "other": "پارک بزرگ"}
    assert question.read({"other": ["پارک"]}) == {"": "x", "other": "پارک"}
    assert question.read({"": ["a1"], "other": ["پارک"]}) == {"": "a1"}
    assert question.read({"": [""], "other": [" "]}) == {}
    assert code(question, {"": ["x"], "other": [" "]}) == "other_missing"
    assert code(question, {"": ["x"], "other": ["a" * 201]}) == "other_too_long"
    assert code(question, {"": ["x"], "other": ["a\x00b"]}) == "other_unreadable"
    assert code(question, {"": ["x"], "other": ["a", "b"]}) == "several_answers"
    assert question.accepts({"": "x", "other": "پارک"})
    for wrong in ({"": "x"}, {"": "a1", "other": "پارک"}, {"": "x", "other": ""}, {"": "x", "other": 1}, {"": "x", "other": " پ"}, {"other": "پ"}):
        assert not question.accepts(wrong)
    assert question.reveals_in("other") and not question.reveals_in("")
    assert question.in_words({"": "x", "other": "پارک"}, Drawn().translate) == "پارک"
    assert question.cells({"": "x", "other": "پارک"}) == ["مورد دیگر", "پارک"]
    assert question.codes({"": "x", "other": "پارک"}) == ["x", "پارک"]
    assert len(question.columns()) == 2


def test_other_among_several() -> None:
    question = Multiple(id="q", label="?", max_choices=2, options=[*PLAIN, OTHER, NONE])
    assert question.read({"": ["x", "a2"], "other": ["پارک"]}) == {"": ["a2", "x"], "other": "پارک"}
    assert question.read({"": ["a2"], "other": ["پارک"]}) == {"": ["a2"]}
    assert code(question, {"": ["a1", "a2", "x"], "other": ["پارک"]}) == "too_many_choices"
    assert code(question, {"": ["n", "x"], "other": ["پارک"]}) == "exclusive_with_others"
    assert question.cells({"": ["a2", "x"], "other": "پارک"}) == [0, 1, 0, 0, 1, 0, "پارک"]
    keys = [column.key for column in question.columns()]
    assert len(set(keys)) == len(keys) == 7


def test_an_option_called_other_keeps_its_column() -> None:
    question = Multiple(id="q", label="?", options=[*PLAIN, Option(id="other", label="دیگر", other=True)])
    keys = [column.key for column in question.columns()]
    assert len(set(keys)) == len(keys)
    assert str(question.draw(Drawn())).count('id="q.other"') == 1


def test_the_text_of_other_is_kept_and_escaped_on_an_error_page() -> None:
    question = Single(id="q", label="?", options=[*PLAIN, OTHER])
    html = str(question.draw(Drawn({"": ["x"], "other": ['<b>"پارک']}, True, "q:e")))
    assert "&lt;b&gt;&#34;پارک" in html and 'value="x" checked' in html


def test_two_others_are_refused() -> None:
    with pytest.raises(DefinitionProblem, match="other_option_repeated"):
        Single(id="q", label="?", options=[OTHER, Option(id="y", label="دیگری", other=True)]).check()
    with pytest.raises(DefinitionProblem, match="option_flag_unfit"):
        Ranking(id="q", label="?", options=[*PLAIN, NONE]).check()


@pytest.mark.parametrize("count", [2, 3, 4, 6, 7, 16, 20])
def test_orders_favour_nobody(count: int) -> None:
    things = [Option(id=f"a{number}", label=str(number)) for number in range(count)]
    orders = [[each.id for each in shuffled(things, seed, "q1")] for seed in range(count)]
    for order in orders:
        assert sorted(order) == sorted(each.id for each in things)
    for place in range(count):
        assert len({order[place] for order in orders}) == count
    if count % 2 == 0:
        followed = {(order[place], order[place + 1]) for order in orders for place in range(count - 1)}
        assert len(followed) == count * (count - 1)
    assert shuffled(things, 3, "q1") == shuffled(list(reversed(things)), 3, "q1")
    assert count < 4 or any(shuffled(things, seed, "q1") != shuffled(things, seed, "q2") for seed in range(16))


def test_other_and_what_stands_alone_stay_last() -> None:
    question = Single(id="q", label="?", shuffle=True, options=[NONE, OTHER, *PLAIN])
    for seed in range(16):
        assert [option.id for option in question.ordered(seed)][-2:] == ["x", "n"]
        html = str(question.draw(Drawn(seed=seed)))
        assert html.index('id="q.0"') < html.index('id="q.1"') and question.first_control == "q.0"
        assert html == str(question.draw(Drawn(seed=seed)))
    assert len({tuple(option.id for option in question.ordered(seed)) for seed in range(16)}) > 3


def test_many_options_are_drawn_smaller() -> None:
    many = [Option(id=f"a{number}", label=f"گزینهٔ {number}") for number in range(200)]
    question = Single(id="q", label="?", options=many)
    assert "many" in question.parts and 'class="k"' in question.draw(Drawn())
    assert len(gzip.compress(str(question.draw(Drawn())).encode())) < 6_000
    assert Single(id="q", label="?", options=PLAIN).parts == ()


def test_yes_no() -> None:
    plain, doubting = YesNo(id="q", label="?"), YesNo(id="q", label="?", unknown_label="نمی‌دانم")
    assert plain.read({"": ["yes"]}) == {"": "yes"} and plain.read({"": [""]}) == {}
    assert code(plain, {"": ["unknown"]}) == "option_unknown"
    assert doubting.read({"": ["unknown"]}) == {"": "unknown"}
    assert not plain.accepts({"": "unknown"}) and not plain.accepts({"": True}) and not plain.accepts({"": ["yes"]})
    assert plain.names()[""].kind == "truth" and doubting.names()[""].options == {"yes", "no", "unknown"}
    assert doubting.cells({"": "no"}) == ["خیر"] and doubting.codes({"": "no"}) == ["no"] and plain.cells({}) == [None]
    assert [option.id for option in doubting.tallies()[0].options] == ["yes", "no", "unknown"]
    assert YesNo(id="q", label="?", yes_label="بله", no_label="بله").gaps() == ["option_label_repeated"]
    assert set(doubting.texts()) >= {"yes_label", "no_label", "unknown_label"}


def test_neighbourhoods_are_cards_or_a_list() -> None:
    few = Neighbourhood(id="q", label="?", options=[*PLAIN, NONE])
    many = Neighbourhood(id="q", label="?", options=[*[Option(id=f"b{number}", label=f"محلهٔ {number}") for number in range(8)], NONE])
    assert few.is_group and 'type="radio"' in few.draw(Drawn())
    html = str(many.draw(Drawn({"": ["b3"]})))
    assert not many.is_group and "<select" in html and '<option value="b3" selected>' in html and html.index('value="n"') > html.index('value="b7"')
    assert many.first_control == "q" and many.elsewhere == NONE
    assert many.read({"": ["n"]}) == {"": "n"} and many.read({"": [""]}) == {}
    assert code(many, {"": ["b99"]}) == "option_unknown"


PLACES = ["نازی‌آباد", "نارمک شرقی", "نارمک غربی", "آذری", "کوی نصر", "شهرک غرب", "تهران‌پارس"]
LISTED = LongList(id="q", label="?", options=[Option(id=f"p{number}", label=label) for number, label in enumerate(PLACES)])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("نازی آباد", "p0"),
        ("نازی اباد", "p0"),
        ("نازيآباد", "p0"),
        ("ناز", "p0"),
        ("نارمک شرقی", "p1"),
        ("غربي نارمك", "p2"),
        ("اذری", "p3"),
        ("تهران پارس", "p6"),
    ],
)
def test_a_long_list_is_searched_as_persian_is_written(typed: str, found: str) -> None:
    assert LISTED.read({"text": [typed]}) == {"": found}


def test_a_long_list_asks_back() -> None:
    assert code(LISTED, {"text": ["نارمک"]}) == "several_matches"
    assert code(LISTED, {"text": ["صر"]}) == "several_matches"
    assert code(LISTED, {"text": ["شیراز"]}) == "no_match"
    assert LISTED.read({"text": [" \u200c "]}) == {}
    html = str(LISTED.draw(Drawn({"text": ["نارمک"]}, True)))
    assert html.count('type="radio"') == 2 and 'value="نارمک"' in html
    assert LISTED.read({"": ["p2"], "text": ["نارمک"]}) == {"": "p2"}
    # What is written last counts: a mark from before doesn't fit it any more.
    assert LISTED.read({"": ["p2"], "text": ["کوی نصر"]}) == {"": "p4"}
    assert code(LISTED, {"": ["p99"], "text": [""]}) == "option_unknown"
    assert LISTED.read(LISTED.typed({"": "p2"})) == {"": "p2"}


def test_a_long_list_stays_small_and_quick() -> None:
    question = LongList(id="q", label="?", options=[*[Option(id=f"p{number}", label=f"خیابان شمارهٔ {number}") for number in range(1999)], NONE])
    question.check()
    assert len(str(question.draw(Drawn()))) < 800
    assert str(question.draw(Drawn({"text": ["خیابان"]}, True))).count('type="radio"') == 26
    began = time.process_time()
    assert question.read({"text": ["خیابان شماره ۱۲۳۴"]}) == {"": "p1234"}
    assert time.process_time() - began < 2
    assert question.read({"": ["n"], "text": ["هیچ"]}) == {"": "n"}
    with pytest.raises(DefinitionProblem, match="list_too_long"):
        LongList(id="q", label="?", options=[Option(id=f"p{number}", label="x") for number in range(2001)]).check()


def test_ranking_everything() -> None:
    question = Ranking(id="q", label="?", options=PLAIN)
    full = {"a1": ["۲"], "a2": ["1"], "a3": ["٤"], "a4": [" 3 "]}
    assert question.read(full) == {"": ["a2", "a1", "a4", "a3"]}
    assert question.read(question.typed({"": ["a2", "a1", "a4", "a3"]})) == {"": ["a2", "a1", "a4", "a3"]}
    assert question.read({each: ["0"] for each in question.option_ids}) == {} == question.read({})
    assert code(question, full | {"a1": ["1"]}) == "place_repeated"
    assert code(question, {**full, "a3": ["0"]}) == "place_missing"
    assert code(question, full | {"a1": ["9"]}) == code(question, full | {"a1": ["x"]}) == code(question, full | {"a1": ["1.5"]}) == "place_unknown"
    assert code(question, full | {"z": ["1"]}) == "option_unknown"
    assert code(question, full | {"a1": ["1", "2"]}) == "several_answers"
    for wrong in (["a1"], ["a1", "a1", "a2", "a3"], ["a1", "a2", "a3", "z"], "a1", [], [1, 2, 3, 4]):
        assert not question.accepts({"": wrong})
    assert question.cells({"": ["a2", "a1", "a4", "a3"]}) == [2, 1, 4, 3]


def test_ranking_the_first_few() -> None:
    question = Ranking(id="q", label="?", most=2, options=PLAIN)
    assert question.read({"a3": ["1"]}) == {"": ["a3"]}
    assert question.read({"a3": ["2"], "a1": ["1"], "a2": [""]}) == {"": ["a1", "a3"]}
    assert code(question, {"a3": ["2"]}) == "place_left_out"
    assert code(question, {"a3": ["3"]}) == "place_unknown"
    assert question.accepts({"": ["a3"]}) and not question.accepts({"": ["a3", "a1", "a2"]})


def test_ranking_shows_what_was_given() -> None:
    few, many = Ranking(id="q", label="?", options=PLAIN), Ranking(id="q", label="?", options=[Option(id=f"b{n}", label="x") for n in range(12)])
    html = str(few.draw(Drawn({"a1": ["۲"], "a2": ["2"]}, True, "q:e")))
    assert html.count(" checked") == 4 and html.count('value="2" checked') == 2 and html.count('aria-describedby="q:e"') == 1
    html = str(many.draw(Drawn({"b3": ["7"]})))
    assert html.count("<select") == 12 and html.count(" selected") == 1 and 'id="q:1"' in html
