"""Return codes: the table of the gateway's contract, and nothing that loops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.sms.codes import REASONS, CodeClass, classify, reason_of

TABLE = {
    CodeClass.HALT: (401, 403, 407, 412, 416, 418, 420, 426, 427, 429, 430, 501),
    CodeClass.RETRY: (409, 451),
    CodeClass.RECIPIENT: (411, 413, 422),
    CodeClass.DEFECT: (400, 404, 405, 406, 414, 415, 417, 419),
    CodeClass.SERVER: (500, 502, 503, 504),
    CodeClass.UNKNOWN: (402, 408, 424, 431, 499, 607, 0, -1, 999),
    CodeClass.OK: (200,),
}


@pytest.mark.parametrize(("expected", "code"), [(kind, code) for kind, codes in TABLE.items() for code in codes])
def test_every_code_has_its_class(expected: CodeClass, code: int) -> None:
    assert classify(code) is expected


@given(st.integers())
def test_only_two_codes_are_ever_tried_again(code: int) -> None:
    assert (classify(code) is CodeClass.RETRY) == (code in (409, 451))
    assert (classify(code) is CodeClass.OK) == (code == 200)


@given(st.integers().filter(lambda code: code != 200))
def test_every_refusal_has_a_stable_reason(code: int) -> None:
    assert reason_of(code) in REASONS
    assert (reason_of(code) == "code_unknown") == (classify(code) is CodeClass.UNKNOWN)


def test_reasons_an_officer_must_tell_apart_differ() -> None:
    halts = [reason_of(code) for code in TABLE[CodeClass.HALT]]
    assert len(set(halts)) == len(halts)
