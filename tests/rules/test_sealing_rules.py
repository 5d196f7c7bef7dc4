"""How answers leave the seal, what is told of their days, and boxes only the right key opens."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.definitions import load
from surveys.sealing.boxes import new_pair, pad, public_half, shut, unlock, unpad
from surveys.sealing.rules import LEAST, MOVE_AT, STEP, count_to_move, days_told, promise_gap
from tests import make

DAY = date(2026, 11, 22)
SECRET = b"the platform's part in every box"


@pytest.mark.parametrize(("buffered", "moving"), [(0, 0), (39, 0), (40, 20), (41, 20), (59, 20), (60, 40), (1000, 980), (1019, 980)])
def test_twenty_move_once_forty_wait(buffered: int, moving: int) -> None:
    assert count_to_move(buffered) == moving


@given(st.integers(0, 10_000))
def test_a_move_leaves_a_crowd_behind_and_takes_a_crowd_along(buffered: int) -> None:
    moving = count_to_move(buffered)
    assert moving % STEP == 0
    assert (moving == 0) == (buffered < MOVE_AT)
    assert moving == 0 or STEP <= buffered - moving < MOVE_AT


@given(st.lists(st.integers(0, 12), min_size=LEAST, max_size=200))
def test_at_least_twenty_answers_share_a_day(offsets: list[int]) -> None:
    days = [DAY + timedelta(days=offset) for offset in offsets]
    told = days_told(days)
    assert len(told) == len(days) and set(told) <= set(days)
    assert min(Counter(told).values()) >= LEAST
    # Whoever answered earlier is never told of later.
    pairs = sorted(zip(days, told, strict=True))
    assert [each for _, each in pairs] == sorted(told)


def test_a_day_with_enough_answers_is_told_as_it_was() -> None:
    days = [DAY] * 20 + [DAY + timedelta(days=1)] * 35
    assert days_told(days) == days
    assert days_told([DAY + timedelta(days=n) for n in range(20)]) == [DAY + timedelta(days=10)] * 20


@given(st.binary(max_size=5000))
def test_what_is_shut_in_a_box_comes_out_again(content: bytes) -> None:
    private, public = new_pair()
    box = shut(public, SECRET, 7, content)
    assert public_half(private) == public
    assert unlock(private, SECRET, 7, box) == content
    assert unlock(private, SECRET, 8, box) is None
    assert unlock(private, SECRET + b"!", 7, box) is None
    assert unlock(new_pair()[0], SECRET, 7, box) is None


def test_a_changed_or_cut_box_stays_shut() -> None:
    private, public = new_pair()
    box = shut(public, SECRET, 7, b'{"q1":"light"}')
    draw = random.Random(1)
    for place in [0, 1, 32, 33, len(box) - 1, *(draw.randrange(len(box)) for _ in range(50))]:
        changed = bytearray(box)
        changed[place] ^= 1 << draw.randrange(8)
        assert unlock(private, SECRET, 7, bytes(changed)) is None, place
    for end in (0, 1, 33, 34, len(box) - 1):
        assert unlock(private, SECRET, 7, box[:end]) is None
    assert unlock(private, SECRET, 7, bytes(len(box))) is None


def test_boxes_of_different_answers_look_alike() -> None:
    _, public = new_pair()
    boxes = [shut(public, SECRET, 7, b'{"q1":"%s"}' % (b"x" * size)) for size in (0, 1, 40, 200)]
    assert len({len(box) for box in boxes}) == 1
    assert len({box[1:33] for box in boxes}) == 4
    same = [shut(public, SECRET, 7, b"same") for _ in range(2)]
    assert same[0][33:] != same[1][33:]


@given(st.binary(max_size=3000))
def test_padding_comes_off_again(content: bytes) -> None:
    padded = pad(content)
    assert unpad(padded) == content
    assert len(padded) in (512, 1024, 2048, 4096)


def test_a_survey_that_counts_or_asks_who_cannot_promise() -> None:
    assert promise_gap(load(make.SMALL_SURVEY)) == ""
    quota = {"id": "half", "label": "نیمی", "when": 'q1 = "light"', "limit": 5}
    assert promise_gap(load(make.SMALL_SURVEY | {"quotas": [quota]})) == "anonymous_with_quota"
