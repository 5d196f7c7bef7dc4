"""One changed, removed or reordered byte breaks the chain."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from contacts.ledger import GENESIS, Line, Sealed, canonical, seal, verify_chain


def mac(previous: bytes, content: bytes) -> bytes:
    return hmac.digest(b"k" * 32, previous + content, hashlib.sha256)


lines = st.builds(
    Line,
    pseudonym=st.just(b"p" * 16),
    sequence=st.just(0),
    purpose=st.sampled_from(["survey_invitation", "weather_safety"]),
    given=st.booleans(),
    basis=st.sampled_from(["consent", "prior_relation"]),
    text_sha256=st.binary(min_size=32, max_size=32),
    channel=st.sampled_from(["import", "sms"]),
    evidence_digest=st.binary(min_size=32, max_size=32),
    actor_id=st.one_of(st.none(), st.integers(1, 99)),
    at=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)),
)


def chained(raw: list[Line]) -> list[Sealed]:
    chain, previous = [], GENESIS
    for number, line in enumerate(raw, 1):
        line = replace(line, sequence=number)
        chain.append(Sealed(line, previous, seal(mac, previous, line)))
        previous = chain[-1].mac
    return chain


@given(st.lists(lines, max_size=6))
def test_what_was_written_verifies(raw):
    assert verify_chain(chained(raw), mac) is None


@given(st.lists(lines, min_size=2, max_size=6), st.data())
def test_a_change_a_gap_or_a_swap_is_found(raw, data):
    chain = chained(raw)
    at = data.draw(st.integers(0, len(chain) - 2))
    changed = list(chain)
    changed[at] = replace(chain[at], line=replace(chain[at].line, given=not chain[at].line.given))
    assert verify_chain(changed, mac) == at + 1
    assert verify_chain(chain[:at] + chain[at + 1 :], mac) == at + 1
    swapped = list(chain)
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    assert verify_chain(swapped, mac) == at + 1


@given(lines, lines)
def test_two_lines_never_share_their_bytes(one, other):
    assert (canonical(one) == canonical(other)) == (one == other)
