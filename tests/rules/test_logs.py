"""Nothing personal passes into a log line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.logs import redact


@pytest.mark.parametrize(
    "written",
    ["09121234567", "+989121234567", "00989121234567", "989121234567", "9121234567", "۰۹۱۲۱۲۳۴۵۶۷", "٠٩١٢١٢٣٤٥٦٧"],
)
def test_every_writing_of_a_number_is_masked(written):
    assert written not in redact(f"sent to {written}, thanks")


@given(st.integers(0, 10**9 - 1))
def test_no_mobile_number_survives(rest):
    assert f"9{rest:09d}" not in redact(f"receptor=09{rest:09d} failed")


def test_links_keys_and_passwords_are_masked():
    line = redact("GET https://m12.ir/7Kp3XmQ9vTc and https://api.kavenegar.com/v1/SECRETKEY/sms/send.json and postgresql://u:secret@h/db")
    assert "7Kp3XmQ9vTc" not in line
    assert "SECRETKEY" not in line
    assert "secret@" not in line


def test_ordinary_figures_stay():
    assert redact("8839 of 10200 rows in 12345678 µs, id 726678229913443160") == "8839 of 10200 rows in 12345678 µs, id 726678229913443160"
