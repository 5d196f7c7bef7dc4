"""A reply by text means what the web form would have been sent, in any digits, and nothing the form would refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.conversation.asking import (
    MOST_OPTIONS,
    MOST_PAGES,
    MOST_QUESTIONS,
    again_words,
    asked_text,
    begin_words,
    offered,
    unaskable,
)
from campaigns.conversation.reading import Lead, begins, entries_of, lead_in, mark_reply, read_reply
from campaigns.conversation.rules import (
    Progress,
    TalkState,
    is_from_a_machine,
    listens,
    next_question,
    preview_texts,
    question_text,
    talk_cost,
    whole_document,
)
from campaigns.texts import FALLBACKS
from engage.persian import is_stop_word
from engage.sms.cost import PagePrice, PriceTable
from engage.sms.port import MAX_CHARACTERS
from engage.sms.segments import pages
from surveys.definitions import is_satisfied_by, load
from surveys.types import AnswerProblem

TODAY = date(2026, 11, 23)
LABELS = ["روشنایی کوچه‌ها", "فضای سبز", "پیاده‌رو", "نظافت", "ایمنی عبور"]
DIGITS = {"fa": "۰۱۲۳۴۵۶۷۸۹", "ar": "٠١٢٣٤٥٦٧٨٩", "en": "0123456789"}


def survey(*questions, **more):
    return load(
        {
            "format": 1,
            "title": "نظر شما",
            "questions": [{"id": f"q{n}", "label": f"پرسش {n}"} | each for n, each in enumerate(questions, 1)],
        }
        | more
    )


def options(*labels, **more):
    return {"options": [{"id": f"a{n}", "label": label} | (more if n == len(labels) else {}) for n, label in enumerate(labels, 1)]}


SINGLE = {"type": "single", **options(*LABELS)}
MULTIPLE = {"type": "multiple", "min_choices": 2, "max_choices": 3, **options(*LABELS)}
YES_NO = {"type": "yes_no", "unknown_label": "نمی‌دانم"}
RATING = {"type": "rating", "low_label": "خیلی بد", "high_label": "خیلی خوب"}
NUMBER = {"type": "number", "min": 1, "max": 120, "unit": "سال"}
EVERY = (
    SINGLE, MULTIPLE, YES_NO, RATING, {"type": "nps"}, NUMBER, {"type": "number", "decimals": 2}, {"type": "short_text"},
    {"type": "long_text", "max_length": 60}, {"type": "date", "min": "2020-01-01"}, {"type": "time", "max": "20:00"},
    {"type": "neighbourhood", **options("هرندی", "سنگلج", exclusive=True)}, {"type": "consent", "statement": "می‌پذیرم"},
    {"type": "single", "shuffle": True, **options(*LABELS, other=True)}, {"type": "multiple", **options(*LABELS, other=True)},
    {"type": "single", **options("۰", "۱", "۲", "۳ و بیشتر")},
)  # fmt: skip


def read(question, words, seed=0):
    definition = survey(question)
    return entries_of(definition.questions[0], read_reply(definition, {}, definition.questions[0], words, today=TODAY, seed=seed))


def refused(question, words):
    with pytest.raises(AnswerProblem) as caught:
        read(question, words)
    return caught.value


def in_digits(words, script):
    return "".join(DIGITS[script][int(each)] if each in DIGITS["en"] else each for each in words)


def chosen_of(question):
    """Answers to a question as the web stores them."""
    (made,) = survey(question).questions
    match question["type"]:
        case "single" | "neighbourhood":
            other = made.other_option
            plain = st.sampled_from([each.id for each in made.options if each != other]).map(lambda value: {"": value})
            written = (
                st.sampled_from(["چراغ راهنما", "پارک ۱۲ هکتاری", "آب"]).map(lambda text: {"": other.id, "other": text})
                if other
                else st.nothing()
            )
            return plain | written
        case "multiple":
            free = [each.id for each in made.options if not each.other]
            return st.lists(st.sampled_from(free), min_size=made.min_choices or 1, max_size=made.max_choices or 5, unique=True).map(
                lambda ids: {"": [each for each in made.option_ids if each in ids]}
            )
        case "yes_no":
            return st.sampled_from(["yes", "no", "unknown"]).map(lambda value: {"": value})
        case "rating":
            return st.integers(1, 5).map(lambda value: {"": value})
        case "nps":
            return st.integers(0, 10).map(lambda value: {"": value})
        case "number":
            return st.integers(1, 120).map(lambda value: {"": value})
        case "consent":
            return st.just({"": "yes"})
        case "date":
            return st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(lambda day: {"": day.isoformat()})
        case "time":
            return st.times().map(lambda time: {"": f"{time:%H:%M}"}).filter(lambda entries: entries[""] <= "20:00")
        case _:
            return st.text("ابپتثجچ ۰۱۲", min_size=1, max_size=40).map(str.strip).filter(bool).map(lambda text: {"": text})


@given(
    st.sampled_from(EVERY).flatmap(lambda question: st.tuples(st.just(question), chosen_of(question))),
    st.sampled_from(sorted(DIGITS)),
    st.integers(0, 15),
)
def test_what_is_offered_is_what_is_read_in_every_scripts_digits(pair, script, seed):
    question, entries = pair
    (made,) = survey(question).questions
    reply = mark_reply(made, entries, seed=seed)
    if question["type"] not in ("short_text", "long_text") and "other" not in entries:
        reply = in_digits("".join(str(DIGITS["fa"].index(each)) if each in DIGITS["fa"] else each for each in reply), script)
    assert read(question, reply, seed) == entries


@given(st.sampled_from(EVERY), st.text() | st.text("0123456789۱۲۳٤٥ ،,و.گزینه", max_size=20) | st.sampled_from(LABELS))
def test_nothing_is_taken_that_the_web_form_would_refuse(question, words):
    definition = survey({**question, "required": True})
    (made,) = definition.questions
    try:
        entries = entries_of(made, read_reply(definition, {}, made, words, today=TODAY))
    except AnswerProblem as refused:
        problem, entries = refused, {}
    else:
        problem = None
    if problem is not None:
        assert again_words(made, problem)
        return
    assert made.accepts(entries)
    assert made.read(made.typed(entries)) == entries
    assert is_satisfied_by(definition, {f"q1.{part}" if part else "q1": value for part, value in entries.items()}, TODAY)


@given(st.sampled_from(EVERY), st.integers(0, 15))
def test_every_mark_is_in_the_text_and_none_of_them_is_the_way_out(question, seed):
    (made,) = survey(question).questions
    text = asked_text(made, 1, 1, seed=seed)
    assert pages(text) <= MOST_PAGES
    for each in offered(made, seed):
        assert not is_stop_word(each.mark)
        assert question["type"] in ("rating", "nps") or f"{each.mark}) {each.label}" in text


@pytest.mark.parametrize(
    ("question", "words", "expected"),
    [
        (SINGLE, "گزینهٔ ۲", "a2"),
        (SINGLE, "٢", "a2"),
        (SINGLE, " ۲. ", "a2"),
        (SINGLE, "۲ فضای سبز", "a2"),
        (SINGLE, "فضاي سبز", "a2"),
        (SINGLE, "روشنايي كوچه ها", "a1"),
        (MULTIPLE, "۱و۳", ["a1", "a3"]),
        (MULTIPLE, "۱ و ۳", ["a1", "a3"]),
        (MULTIPLE, "3,1", ["a1", "a3"]),
        (MULTIPLE, "۱، ۲، ۳", ["a1", "a2", "a3"]),
        (MULTIPLE, "۱\n۵", ["a1", "a5"]),
        (MULTIPLE, "فضای سبز، نظافت", ["a2", "a4"]),
        (MULTIPLE, "فضای سبز و نظافت", ["a2", "a4"]),
        (YES_NO, "بله", "yes"),
        (YES_NO, "آره", "yes"),
        (YES_NO, "نه", "no"),
        (YES_NO, "نمي دانم", "unknown"),
        (YES_NO, "۲", "no"),
        (RATING, "خیلی خوب", 5),
        (RATING, "۴", 4),
        (NUMBER, "۳۵ سال", 35),
        (NUMBER, "یازده", 11),
        ({"type": "date"}, "۱۴۰۵/۹/۲", "2026-11-23"),
        ({"type": "single", **options("۰", "۱", "۲")}, "۱", "a2"),
        ({"type": "single", **options("۰", "۱", "۲")}, "ب", "a2"),
    ],
)
def test_people_write_as_they_like(question, words, expected):
    assert read(question, words) == {"": expected}


def test_other_is_its_mark_and_what_is_meant_as_it_was_written():
    question = {"type": "multiple", **options(*LABELS, other=True)}
    assert read(question, "۱ ۵ پارک ۱۲") == {"": ["a1", "a5"], "other": "پارک ۱۲"}
    assert read(question, "5: چراغ") == {"": ["a5"], "other": "چراغ"}
    assert refused(question, "۵").code == "other_missing"


@pytest.mark.parametrize("words", ["۹", "0", "۱۲۳", "", "  ", "شاید", "۱-۳", "۱ ۱ ۱ ۱ ۷"])
def test_what_is_not_on_offer_is_told_with_the_range(words):
    problem = refused({**SINGLE, "required": True}, words)
    (made,) = survey(SINGLE).questions
    assert again_words(made, problem) and "یک شماره بفرستید" in asked_text(made, 1, 1)


def test_a_number_out_of_range_is_told_its_limits():
    (made,) = survey(NUMBER).questions
    assert refused(NUMBER, "۲۰۰").code == "number_out_of_range"
    text = asked_text(made, 1, 3)
    assert "از ۱ تا ۱۲۰" in text and "یازده" in text and text.startswith("۱ از ۳: ")
    assert "یازده" not in asked_text(survey({"type": "number", "min": 18}).questions[0], 1, 1)


def test_words_that_lead():
    assert [lead_in(each) for each in ("لینک", "Link", "رد", "ردّ", "ادامه", "سلام")] == [
        Lead.LINK,
        Lead.LINK,
        Lead.SKIP,
        Lead.SKIP,
        Lead.BEGIN,
        None,
    ]
    assert all(map(begins, ("1", "۱", "١", "بله", "آره", "شروع"))) and not begins("۲") and not begins("سلام")


# -- what can be asked -------------------------------------------------------------------------------------------------------------


def codes(definition):
    return [(each.code, each.number) for each in unaskable(definition)]


def test_what_can_not_be_asked_names_its_question():
    assert codes(survey(*EVERY[:12])) == []
    matrix = {"type": "matrix", "label": "هر خدمت", "rows": [{"id": "r1", "label": "اتوبوس"}], **options("خوب", "بد")}
    definition = survey(SINGLE, {"type": "upload"}, matrix, {"type": "national_id"}, {"type": "ranking", **options(*LABELS)})
    assert codes(definition) == [("type", 2), ("type", 3), ("type", 4), ("type", 5)]
    assert unaskable(definition)[1].label == "هر خدمت"


def test_limits_of_a_conversation():
    many = survey({"type": "single", **options(*(f"گزینهٔ خوب {n}م" for n in range(MOST_OPTIONS + 1)))})
    assert codes(many) == [("too_many_options", 1)]
    assert codes(survey(*[YES_NO] * (MOST_QUESTIONS + 1))) == [("too_many_questions", 0)]
    assert codes(survey(YES_NO, is_anonymous=True)) == [("anonymous", 0)]
    assert codes(survey({"type": "information", "text": "خوش آمدید"})) == [("no_question", 0)]
    assert codes(survey(YES_NO | {"label": "خ" * 400})) == [("too_long", 1)]
    assert codes(survey({"type": "information", "text": "خ" * 400}, YES_NO)) == [("too_long", 0)]


def test_the_first_text_says_how_many_and_how_to_begin():
    assert begin_words(survey(YES_NO, SINGLE)) == "۲ پرسش کوتاه. برای آغاز عدد ۱ را بفرستید."
    assert begin_words(survey(YES_NO, SINGLE | {"show_if": "q1"})).startswith("تا ۲ پرسش")

    longest = survey(*[YES_NO] * (MOST_QUESTIONS - 1), SINGLE | {"show_if": "q1 = 'yes'"})
    assert len(begin_words(longest)) <= len(FALLBACKS["begin"]), "what is approved is never shorter than what is sent"


# -- the way -----------------------------------------------------------------------------------------------------------------------


def walk(definition, *replies):
    progress = Progress()
    asked = []
    for reply in replies:
        asking = next_question(definition, progress, TODAY)
        asked.append(asking.question.id)
        if reply is None:
            progress = progress.without(asking.question)
        else:
            progress = progress.with_answer(asking.question, read_reply(definition, progress.answers, asking.question, reply, today=TODAY))
    asking = next_question(definition, progress, TODAY)
    return asked, asking and asking.question.id, progress


def test_branches_are_those_of_the_web_and_skipped_questions_stay_skipped():
    definition = survey({"type": "yes_no"}, {"type": "short_text", "show_if": "q1"}, NUMBER, {"type": "calculation", "formula": "q3 * 2"})
    assert walk(definition, "بله", None)[:2] == (["q1", "q2"], "q3")
    asked, following, progress = walk(definition, "خیر", "۲۰")
    assert (asked, following) == (["q1", "q3"], None)
    assert whole_document(definition, progress, TODAY) == {"q1": "no", "q3": 20, "q4": 40}
    assert next_question(definition, Progress(), TODAY).total is None
    assert Progress.from_json(progress.to_json()) == progress


@given(st.lists(st.sampled_from(["بله", "خیر", "۳", "پارک", None]), max_size=6))
def test_a_way_that_ends_is_a_response_the_web_would_take(replies):
    definition = survey(
        {"type": "yes_no", "required": True},
        {"type": "rating", "show_if": "q1", "required_if": "q1"},
        {"type": "short_text", "required": True},
        {"type": "hidden", "value": "sms"},
        {"type": "number", "max": 9, "valid_if": "q5 > 1"},
    )
    progress = Progress()
    for reply in replies:
        asking = next_question(definition, progress, TODAY)
        if asking is None:
            break
        if reply is None:
            progress = progress if asking.is_required else progress.without(asking.question)
            continue
        try:
            progress = progress.with_answer(asking.question, read_reply(definition, progress.answers, asking.question, reply, today=TODAY))
        except AnswerProblem:
            continue
    if next_question(definition, progress, TODAY) is None:
        document = whole_document(definition, progress, TODAY)
        assert is_satisfied_by(definition, document, TODAY) and document["q4"] == "sms"


def test_earlier_answers_stand_in_the_words_and_no_text_is_too_long():
    definition = survey({"type": "short_text", "max_length": 200}, {"type": "short_text", "label": "چرا «{q1}»؟", "hint": "{q1} " * 5})
    _, _, progress = walk(definition, "پارک")
    asking = next_question(definition, progress, TODAY)
    assert "چرا «پارک»؟" in question_text(definition, progress, asking)
    _, _, long = walk(definition, "خ" * 200)
    text = question_text(definition, long, asking, first="چون " * 100)
    assert len(text) <= MAX_CHARACTERS and text.endswith("لغو11")


def test_information_stands_before_the_question_it_leads_to():
    definition = survey({"type": "information", "label": "", "text": "شهردار خوانده است."}, YES_NO)
    asking = next_question(definition, Progress(), TODAY)
    assert question_text(definition, Progress(), asking).startswith("شهردار خوانده است.\n۱ از ۱: ")


def test_own_words_count_while_the_question_is_fresh_and_a_machine_is_known_by_its_sentence():
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert listens(TalkState.ASKING, at, at + timedelta(hours=23)) and not listens(TalkState.ASKING, at, at + timedelta(hours=25))
    assert not listens(TalkState.RESTING, at, at)
    machine = "در حال رانندگی هستم و بعداً پاسخ می‌دهم"
    assert is_from_a_machine(machine, ["سلام", machine + "."]) and not is_from_a_machine("ندارم", ["ندارم"])


def test_the_cost_is_every_text_of_those_expected_to_begin():
    texts = preview_texts(survey(YES_NO, SINGLE), PriceTable(PagePrice(100, 200)), thanks="سپاس")
    assert [each.question_id for each in texts] == ["q1", "q2", ""]
    cost = talk_cost(texts, 1_000)
    assert cost.each == sum(each.page_count for each in texts) * 100 and cost.expected == round(1_000 * cost.share * cost.each)
    assert replace(cost, expected=0).page_count == cost.page_count
