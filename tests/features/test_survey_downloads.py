"""A survey's files are named as the survey is, in a header that every web server passes on."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from flask import Flask

from surveys.queries import get_survey
from tests.features.test_surveys_links import ask
from tests.people import make_person, sign_in, without_csrf


@pytest.mark.parametrize(("kind", "begins"), [("json", b"{"), ("xlsx", b"PK"), ("pdf", b"%PDF")])
def test_the_file_has_the_surveys_name_in_ascii(app: Flask, kind: str, begins: bytes) -> None:
    asked = ask()
    survey = get_survey(asked.survey_id)
    assert survey is not None and not survey.title.isascii()
    with without_csrf(app):
        answer = sign_in(app.test_client(), make_person(asked.unit_id)).get(f"/console/surveys/{survey.slug}/files/{kind}")
    assert answer.status_code == 200 and answer.data.lstrip().startswith(begins)
    disposition = answer.headers["Content-Disposition"]
    assert disposition.isascii() and disposition.isprintable()
    kept = unquote(disposition.partition("filename*=UTF-8''")[2])
    assert kept.endswith(f".{kind}") and kept[:4] == survey.title[:4]
