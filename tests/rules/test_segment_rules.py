"""Rules as data, and draws by a seed: the laws they keep."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.sampling import Sample, allocate, rank
from contacts.rules.segments import (
    EVERYONE,
    MAX_CONDITIONS,
    MAX_DEPTH,
    Condition,
    Field,
    Group,
    Kind,
    Mode,
    Parameter,
    Simple,
    as_simple,
    check_rule,
    conditions_of,
    from_json,
    narrowed,
    to_json,
)
from engage.refusal import Refused

FIELDS = {
    field.key: field
    for field in (
        Field("gender", "gender", (Parameter("in", Kind.CHOICES, "", is_needed=True, options=(("female", ""), ("male", ""), ("", ""))),)),
        Field(
            "age",
            "age",
            (Parameter("from", Kind.NUMBER, "", minimum=0, maximum=130), Parameter("to", Kind.NUMBER, "", minimum=0, maximum=130)),
            needs_one=("from", "to"),
            ranges=(("from", "to"),),
        ),
        Field("created", "created", (Parameter("from", Kind.DATE, ""), Parameter("to", Kind.DATE, "")), ("from", "to"), (("from", "to"),)),
        Field("shared", "shared", (Parameter("is", Kind.YES_NO, "", is_needed=True),)),
        Field("name", "name", (Parameter("contains", Kind.TEXT, "", is_needed=True),)),
        Field("list", "list", (Parameter("in", Kind.CHOICE, "", is_needed=True, options=lambda: pytest.fail("read from the database")),)),
    )
}

scalars = st.text(max_size=20) | st.integers(-(10**6), 10**6) | st.booleans()
conditions = st.builds(
    Condition,
    st.sampled_from(sorted(FIELDS)),
    st.dictionaries(st.sampled_from(["in", "from", "to", "is"]), scalars | st.lists(scalars, max_size=4).map(tuple), max_size=3).map(
        lambda values: tuple(values.items())
    ),
)


def groups(depth: int) -> st.SearchStrategy[Group]:
    parts = conditions if depth == 1 else conditions | groups(depth - 1)
    return st.builds(Group, st.sampled_from(Mode), st.lists(parts, max_size=3).map(tuple))


@given(groups(4))
def test_json_there_and_back_is_the_same_rule(rule: Group) -> None:
    assert from_json(json.loads(json.dumps(to_json(rule), ensure_ascii=False))) == rule


BROKEN = [
    (None, "0"),
    ({"mode": "some", "parts": []}, "0"),
    ({"mode": "all"}, "0"),
    ({"mode": "all", "parts": [{"mode": "any", "parts": [5]}]}, "1.1"),
    ({"mode": "all", "parts": [{"field": "a"}, {"field": "gender", "values": {"in": {"x": 1}}}]}, "2"),
    ({"mode": "all", "parts": [{"field": 7, "values": {}}]}, "1"),
    ({"mode": "all", "parts": [{"field": "a", "values": [1]}]}, "1"),
    ({"mode": "all", "parts": [{"field": "a", "values": {"x": None}}]}, "1"),
]


@pytest.mark.parametrize(("stored", "place"), BROKEN)
def test_what_is_no_rule_is_refused_by_its_place(stored: object, place: str) -> None:
    with pytest.raises(Refused) as refused:
        from_json(stored)
    assert (refused.value.code, refused.value.params) == ("segment_rule_broken", {"place": place})


def test_depth_and_size_have_limits() -> None:
    deep: dict[str, object] = {"mode": "all", "parts": []}
    for _ in range(MAX_DEPTH - 1):
        deep = {"mode": "all", "parts": [deep]}
    assert from_json(deep)
    with pytest.raises(Refused, match="segment_too_deep"):
        from_json({"mode": "any", "parts": [deep]})
    one = {"field": "shared", "values": {"is": True}}
    halves = [{"mode": "all", "parts": [one] * (MAX_CONDITIONS // 2)}] * 2
    assert len(list(conditions_of(from_json({"mode": "any", "parts": halves})))) == MAX_CONDITIONS
    with pytest.raises(Refused, match="segment_too_large"):
        from_json({"mode": "any", "parts": [*halves, one]})


def rule_of(field: str, **values: object) -> Group:
    return Group(Mode.ALL, (Condition("shared", (("is", True),)), Group(Mode.ANY, (Condition(field, tuple(values.items())),))))  # type: ignore[arg-type]


GOOD = [
    rule_of("gender", **{"in": ("female", "")}),
    rule_of("age", **{"from": 30, "to": 30}),
    rule_of("age", to=45),
    rule_of("created", **{"from": "2026-11-22"}),
    rule_of("shared", **{"is": False}),
    rule_of("name", contains="زهرا"),
    rule_of("list", **{"in": "17"}),
]
BAD = [
    (rule_of("height", **{"in": "x"}), "segment_field_unknown"),
    (rule_of("gender"), "segment_value_missing"),
    (rule_of("gender", **{"in": ()}), "segment_value_missing"),
    (rule_of("gender", **{"in": ("other",)}), "segment_value_invalid"),
    (rule_of("gender", **{"in": "female"}), "segment_value_invalid"),
    (rule_of("gender", what="female"), "segment_value_invalid"),
    (rule_of("age"), "segment_value_missing"),
    (rule_of("age", **{"from": 131}), "segment_value_invalid"),
    (rule_of("age", **{"from": 3.5}), "segment_value_invalid"),
    (rule_of("age", **{"from": True}), "segment_value_invalid"),
    (rule_of("age", **{"from": float("nan")}), "segment_value_invalid"),
    (rule_of("age", **{"from": "30"}), "segment_value_invalid"),
    (rule_of("age", **{"from": 40, "to": 30}), "segment_range_reversed"),
    (rule_of("created", **{"from": "1405/09/01"}), "segment_value_invalid"),
    (rule_of("created", **{"from": "20261122"}), "segment_value_invalid"),
    (rule_of("created", **{"from": "2026-11-22", "to": "2026-11-21"}), "segment_range_reversed"),
    (rule_of("shared", **{"is": "yes"}), "segment_value_invalid"),
    (rule_of("name", contains="a\0"), "segment_value_invalid"),
    (rule_of("name", contains="ا" * 201), "segment_value_invalid"),
    (rule_of("name", contains=""), "segment_value_missing"),
]


@pytest.mark.parametrize("rule", GOOD)
def test_rules_that_can_be_asked(rule: Group) -> None:
    check_rule(rule, FIELDS)


@pytest.mark.parametrize(("rule", "code"), BAD)
def test_one_refusal_names_the_place(rule: Group, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_rule(rule, FIELDS)
    assert (refused.value.code, refused.value.params["place"]) == (code, "2.1")


@given(
    st.builds(
        Simple,
        st.lists(st.text(min_size=1, max_size=8), max_size=3).map(tuple),
        st.sampled_from(["", "female", "male"]),
        st.none() | st.integers(1250, 1500),
        st.none() | st.integers(1250, 1500),
        st.none() | st.integers(1, 10**9),
    )
)
def test_the_simple_form_and_its_rule_say_the_same(simple: Simple) -> None:
    rule = narrowed(**{name: getattr(simple, name) for name in Simple.__dataclass_fields__})
    assert as_simple(rule) == simple


def test_what_a_simple_form_cannot_show_is_not_shown_by_it() -> None:
    assert as_simple(EVERYONE) == Simple()
    assert as_simple(Group(Mode.ANY, narrowed(gender="female").parts)) is None
    assert as_simple(Group(Mode.ALL, (Condition("gender", (("in", ("female", "male")),)),))) is None
    assert as_simple(Group(Mode.ALL, (Condition("gender", (("in", ("female",)),)), EVERYONE))) is None
    assert as_simple(rule_of("age", to=45)) is None


# ── draws ──

strata = st.dictionaries(st.text(max_size=3), st.integers(0, 3_000), max_size=12)


@given(strata, st.integers(1, 5_000), st.booleans())
def test_shares_sum_to_the_size_and_never_exceed_a_stratum(people: dict[str, int], size: int, at_least_one: bool) -> None:
    shares = allocate(people, size, each_at_least_one=at_least_one)
    assert shares.keys() == people.keys()
    assert sum(shares.values()) == min(size, sum(people.values()))
    assert all(0 <= shares[name] <= people[name] for name in people)
    inhabited = [name for name, count in people.items() if count]
    if at_least_one and size >= len(inhabited):
        assert all(shares[name] for name in inhabited)


@given(strata, st.integers(1, 5_000))
def test_shares_are_within_one_of_proportion(people: dict[str, int], size: int) -> None:
    shares = allocate(people, size)
    whole = sum(people.values())
    if whole:
        drawn = min(size, whole)
        assert all(abs(shares[name] - drawn * count / whole) < 1 for name, count in people.items())


@given(strata, st.integers(1, 500))
def test_allocation_does_not_depend_on_the_order_of_strata(people: dict[str, int], size: int) -> None:
    assert allocate(dict(reversed(people.items())), size) == allocate(people, size)


def test_largest_remainder_by_hand() -> None:
    assert allocate({"سنگلج": 47, "هرندی": 16, "ارگ": 15, "بازار": 22}, 10) == {"سنگلج": 5, "هرندی": 2, "ارگ": 1, "بازار": 2}


def test_a_rank_is_the_documented_hash() -> None:
    # printf '7:42' | sha256sum
    assert rank(7, 42).hex() == "6fb44d7d504d375b683a4d47a257dfc80e30b730e9ea55238d9001f2886e79c5"
    assert rank(7, 42) == rank(7, 42) != rank(8, 42)


def test_draws_are_not_biased() -> None:
    # Each of 200 people in 400 draws of 50: 100 times expected, standard deviation under 9; no one further off than five of them.
    times = dict.fromkeys(range(1, 201), 0)
    for seed in range(400):
        for identity in sorted(times, key=lambda each, seed=seed: rank(seed, each))[:50]:
            times[identity] += 1
    assert sum(times.values()) == 400 * 50
    assert max(abs(count - 100) for count in times.values()) < 45
    # Neither the first nor the later half is preferred.
    assert abs(sum(times[each] for each in range(1, 101)) - 10_000) < 500


@pytest.mark.parametrize(("size", "seed"), [(0, 1), (-1, 1), (10_000_001, 1), (5, -1), (5, 10**9 + 1)])
def test_impossible_samples_are_refused(size: int, seed: int) -> None:
    with pytest.raises(Refused, match="sample_invalid"):
        Sample(size, seed)


@given(st.builds(Sample, st.integers(1, 10**6), st.integers(0, 10**9), st.booleans(), st.booleans()))
def test_a_sample_comes_back_from_json(sample: Sample) -> None:
    assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample
