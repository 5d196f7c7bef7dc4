"""Surveys of every type with logic between them, and answers to them: what property tests draw."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from surveys.definitions import Definition
from surveys.logic.kinds import Kind
from surveys.types import (
    QUESTION_TYPES,
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    Hidden,
    Information,
    Knapsack,
    LongList,
    LongText,
    Matrix,
    Multiple,
    NationalId,
    Neighbourhood,
    Nps,
    Number,
    Option,
    Phone,
    Points,
    Question,
    Ranking,
    Rating,
    ShortText,
    Single,
    Skip,
    Time,
    Upload,
    YesNo,
    type_of,
)
from surveys.types.ballots import NONE, Project
from surveys.types.date import EARLIEST, LATEST
from surveys.types.matrix import Row

words = st.text(alphabet="آابپتیک نمو‌ +=<>&'\"{}$", min_size=1, max_size=12).map(lambda found: " ".join(found.split())).filter(bool)
maybe_words = st.just("") | words
options = st.lists(words, min_size=2, max_size=4, unique=True).map(lambda labels: [Option(id=f"a{n}", label=label) for n, label in enumerate(labels, 1)])
few = st.none() | st.integers(1, 3)
numbers = st.none() | st.integers(-20, 20).map(float) | st.sampled_from([0.5, -1.25])


@st.composite
def marked_options(draw: Any, *, other: bool = True) -> list[Option]:
    found = draw(options)
    if draw(st.booleans()):
        found[-1] = msgspec.structs.replace(found[-1], exclusive=True)
    if other and draw(st.booleans()):
        found[0] = msgspec.structs.replace(found[0], other=True)
    return found


projects = st.lists(st.tuples(words, st.integers(0, 5), maybe_words, maybe_words), min_size=2, max_size=4).map(
    lambda rows: [
        Project(id=f"p{n}", label=label, cost=cost * 10**7, description=about, place=place) for n, (label, cost, about, place) in enumerate(rows, 1)
    ]
)
rows = st.lists(words, min_size=2, max_size=4).map(lambda labels: [Row(id=f"r{n}", label=label) for n, label in enumerate(labels, 1)])
ballot = {"projects": projects, "none_label": maybe_words, "shuffle": st.booleans()}
ends = {"low_label": maybe_words, "high_label": maybe_words}
# Statements, hint and label of a few types are looked at beside the common fields.
OWN: dict[type[Question], dict[str, st.SearchStrategy[Any]]] = {
    Single: {"options": marked_options(), "shuffle": st.booleans()},
    Multiple: {"options": marked_options(), "shuffle": st.booleans(), "min_choices": few, "max_choices": few},
    YesNo: {"yes_label": words, "no_label": words, "unknown_label": maybe_words},
    Rating: {"scale": st.integers(3, 10), "style": st.sampled_from(["faces", "stars", "numbers"]), **ends},
    Nps: ends,
    Matrix: {"options": marked_options(other=False), "rows": rows, "shuffle": st.booleans()},
    Ranking: {"options": options, "most": few, "shuffle": st.booleans()},
    Neighbourhood: {"options": marked_options(other=False)},
    LongList: {"options": marked_options(other=False)},
    Number: {"min": numbers, "max": numbers, "unit": maybe_words, "decimals": st.integers(0, 4)},
    ShortText: {"max_length": st.integers(1, 300)},
    LongText: {"max_length": st.integers(1, 3000)},
    Date: {"min": st.none() | st.dates(EARLIEST, LATEST), "max": st.none() | st.dates(EARLIEST, LATEST)},
    Time: {"min": st.sampled_from(["", "08:00"]), "max": st.sampled_from(["", "17:30"])},
    Phone: {},
    NationalId: {},
    Consent: {"statement": maybe_words},
    Upload: {"accepts_kinds": st.sampled_from(["photo", "photo_or_pdf"]), "max_megabytes": st.integers(1, 20)},
    Information: {"text": maybe_words},
    Hidden: {"parameter": st.sampled_from(["", "poster"]), "value": maybe_words, "allowed": st.lists(words, max_size=2, unique=True)},
    Calculation: {"result": st.sampled_from(["number", "text"]), "decimals": st.integers(0, 4)},
    Approval: {**ballot, "min_choices": few, "max_choices": few},
    BallotRanking: {**ballot, "ranks": st.integers(1, 4), "min_ranks": few},
    Points: {**ballot, "points": st.integers(1, 100), "most_each": few, "spend_all": st.booleans()},
    Knapsack: {**ballot, "budget": st.integers(0, 12).map(lambda n: n * 10**7), "min_choices": few},
}
assert set(OWN) == set(QUESTION_TYPES.values()), "every type is drawn"
BY_TYPE = {kind: st.fixed_dictionaries(own) for kind, own in OWN.items()}
"""Made once: putting strategies together takes longer than drawing from them."""
_COMPARED = {Kind.NUMBER: "{} > 3", Kind.DATE: '{} < date("1405/09/01")', Kind.TIME: '{} >= time("09:00")', Kind.TRUTH: "{}", Kind.TEXT: "length({}) > 2"}


def conditions_on(question: Question) -> list[str]:
    """Conditions one may make of an answer to this."""
    found = [f"answered({question.id})", f"not answered({question.id})"] if question.names() else []
    for part, name in question.names().items():
        place = f"{question.id}.{part}" if part else question.id
        if name.kind is Kind.CHOICE and name.options:
            found.append(f'{place} = "{sorted(name.options)[0]}"')
        elif name.kind is Kind.CHOICES and name.options:
            found.append(f'{place} has "{sorted(name.options)[0]}"')
        elif name.kind in _COMPARED:
            found.append(_COMPARED[name.kind].format(place))
    return found


@st.composite
def questions_of(draw: Any, kind: type[Question], question_id: str, before: list[Question]) -> Question:
    """A question of this type whose logic speaks of those before it."""
    known = [condition for each in before for condition in conditions_on(each)]
    conditions = st.just("") | st.sampled_from(known) | st.tuples(*[st.sampled_from(known)] * 2).map(" or ".join) if known else st.just("")
    common: dict[str, Any] = {"label": draw(words), "hint": draw(maybe_words), "new_page": draw(st.booleans()), "show_if": draw(conditions)}
    if kind.asks:
        common |= {"required": draw(st.booleans()), "required_if": draw(conditions), "valid_message": draw(maybe_words)}
    own = draw(BY_TYPE[kind])
    if kind is Calculation:
        numeric = [f"{each.id} + 1" for each in before if each.names().get("") and each.names()[""].kind is Kind.NUMBER]
        own |= {"formula": draw(st.sampled_from([*numeric, "1 / 4"])), "result": "number"}
    made: Question = kind(id=question_id, **common, **own)
    if kind.asks and draw(st.booleans()) and conditions_on(made):
        made = msgspec.structs.replace(made, valid_if=draw(st.sampled_from(conditions_on(made))))
    return made


@st.composite
def surveys(draw: Any, most: int = 6) -> Definition:
    """A survey of any types, with conditions, skips, a language and quotas."""
    kinds = draw(st.lists(st.sampled_from(list(OWN)), min_size=1, max_size=most))
    found: list[Question] = []
    for number, kind in enumerate(kinds, 1):
        found.append(draw(questions_of(kind, f"q{number}", found)))
    for number, question in enumerate(found[:-2]):
        if question.asks and conditions_on(question) and draw(st.booleans()):
            to = draw(st.sampled_from(["", *(each.id for each in found[number + 2 :])]))
            found[number] = msgspec.structs.replace(question, skips=[Skip(when=conditions_on(question)[0], to=to)])
    texts = {f"{each.id}.{place}": f"{text} en" for each in found for place, text in each.texts().items() if draw(st.booleans())}
    return Definition(
        title=draw(words),
        intro=draw(maybe_words),
        questions=found,  # type: ignore[arg-type]
        languages=["en"] if texts else [],
        translations={"en": texts | ({"title": "A title"} if draw(st.booleans()) else {})} if texts else {},
        data_use=draw(maybe_words),
    )


def typed_for(question: Any) -> st.SearchStrategy[dict[str, list[str]]]:
    """What a form may send for a question: mostly sensible, by the parts its controls have."""
    kind = type_of(question)
    places = [str(n) for n in range(5)]
    ids = [option.id for option in getattr(question, "options", ())]
    if kind == "matrix":
        return st.fixed_dictionaries({}, optional={f"{question.id}.{row.id}": st.sampled_from(ids).map(lambda each: [each]) for row in question.rows})
    if kind in ("ranking", "ballot_ranking", "points"):
        parts = [each for each in ids if each != NONE]
        some = st.permutations([str(n) for n in range(1, len(parts) + 1)]).map(lambda order: {f"{question.id}.{part}": [place] for part, place in zip(parts, order, strict=True)})
        any_ = st.fixed_dictionaries({}, optional={f"{question.id}.{part}": st.sampled_from(places).map(lambda each: [each]) for part in parts})
        return some | any_ | (st.just({question.id: [NONE]}) if getattr(question, "none_label", "") else st.just({}))
    values: dict[str, st.SearchStrategy[str]] = {
        "yes_no": st.sampled_from(["yes", "no", "unknown"]),
        "rating": st.sampled_from(["1", "3", "۵"]),
        "nps": st.sampled_from(["0", "7", "10"]),
        "number": st.integers(-9, 40).map(str) | st.just("۲٫۵"),
        "short_text": words,
        "long_text": words,
        "date": st.sampled_from(["1405/09/01", "۱۳۹۹/۱۲/۳۰", "2026-11-23"]),
        "time": st.sampled_from(["08:30", "۱۷:۳۰", "23:59"]),
        "phone": st.sampled_from(["09121234567", "۰۹۱۲۱۲۳۴۵۶۷"]),
        "national_id": st.sampled_from(["0499370899", "1234567890"]),
        "consent": st.just("yes"),
        "upload": st.just("abcdefgh23"),
    }
    if kind in values:
        return st.just({}) | values[kind].map(lambda value: {question.id: [value]})
    chosen = st.lists(st.sampled_from(ids), max_size=3, unique=True) if ids else st.just([])
    if kind in ("single", "neighbourhood", "long_list"):
        chosen = chosen.map(lambda found: found[:1])
    return st.tuples(chosen, words).map(lambda pair: {question.id: pair[0], f"{question.id}.other": [pair[1]]} if any(option.other for option in getattr(question, "options", ())) else {question.id: pair[0]})


@st.composite
def answered(draw: Any, most: int = 6) -> tuple[Definition, dict[str, list[str]]]:
    """A survey and a whole form's values for it."""
    definition = draw(surveys(most))
    form: dict[str, list[str]] = {}
    for question in definition.questions:
        form |= draw(typed_for(question))
    return definition, form
