"""Whatever any room refuses with, a person reads a sentence."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from engage.refusal import Refused
from engage.web.refusals import explain

ROOT = Path(__file__).parents[2]


def test_every_code_that_is_raised_has_a_sentence(app: Flask) -> None:
    raised = {}
    for room in ("campaigns", "contacts", "surveys", "engage/identity", "engage/reports", "engage/web"):
        for path in (ROOT / room).rglob("*.py"):
            for code in re.findall(r'raise Refused\(\s*"(\w+)"', path.read_text("utf-8")):
                raised.setdefault(code, path.relative_to(ROOT).as_posix())
    # The sentence of a code nobody tells is the one that names the code.
    untold = {code: path for code, path in raised.items() if code in explain(Refused(code))}
    assert len(raised) > 50
    assert untold == {}, untold
