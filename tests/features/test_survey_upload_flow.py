"""A photo on its way through a citizen's form: kept over mistakes, stored with the answer, and never named in vain."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.db import db, transaction
from surveys.definitions import Definition
from surveys.models import Response, ResponseUpload
from surveys.types import ShortText, Upload
from tests.features.test_survey_pages import fields
from tests.features.test_survey_uploads import jpeg
from tests.features.test_surveys_links import ask, html

PHOTO = Definition(
    title="آسفالت کوچه",
    questions=[ShortText(id="place", label="کجا؟", required=True), Upload(id="photo", label="عکس چاله", required=True, max_megabytes=1)],
)


def post(client: FlaskClient, path: str, given: dict[str, Any]) -> Any:
    return client.post(path, data=given, content_type="multipart/form-data")


def answers() -> list[dict[str, Any]]:
    db.session.rollback()
    return list(db.session.scalars(select(Response.answers)))


def test_a_photo_is_kept_over_another_questions_mistake_and_stored_with_the_answer(app: Flask, client: FlaskClient) -> None:
    asked = ask(PHOTO)
    page = client.get(asked.path)
    assert 'enctype="multipart/form-data"' in html(page)
    wrong = post(client, asked.path, fields(page) | {"place": "", "photo": (io.BytesIO(jpeg()), "chale.jpg")})
    assert wrong.status_code == 422 and answers() == []
    (slug,) = db.session.scalars(select(ResponseUpload.slug))
    assert slug in html(wrong)
    done = post(client, asked.path, fields(wrong) | {"place": "کوچهٔ لاله"})
    assert done.status_code == 200
    assert answers() == [{"place": "کوچهٔ لاله", "photo": slug}]
    assert db.session.scalars(select(ResponseUpload.response_id)).all() == db.session.scalars(select(Response.id)).all()


@pytest.mark.parametrize("slug", ["", "abcdefghijklmnopqrstuv", "../../etc/passwd"])
def test_a_file_that_is_not_there_is_asked_for_again(app: Flask, client: FlaskClient, slug: str) -> None:
    asked = ask(PHOTO)
    answer = post(client, asked.path, fields(client.get(asked.path)) | {"place": "کوچهٔ لاله", "photo": slug})
    assert answer.status_code == 422 and "کوچهٔ لاله" in html(answer) and answers() == []


def test_a_file_that_was_swept_away_meanwhile_is_asked_for_again(app: Flask, client: FlaskClient) -> None:
    asked = ask(PHOTO)
    wrong = post(client, asked.path, fields(client.get(asked.path)) | {"place": "", "photo": (io.BytesIO(jpeg()), "chale.jpg")})
    with transaction() as session:
        session.query(ResponseUpload).delete()
    answer = post(client, asked.path, fields(wrong) | {"place": "کوچهٔ لاله"})
    assert answer.status_code == 422 and answers() == []


@pytest.mark.parametrize(("content", "said"), [(b"MZ" + bytes(50), "عکس"), (jpeg() + bytes(1024 * 1024), "مگابایت")])
def test_a_wrong_file_is_refused_in_one_sentence_and_the_rest_is_kept(app: Flask, client: FlaskClient, content: bytes, said: str) -> None:
    asked = ask(PHOTO)
    answer = post(client, asked.path, fields(client.get(asked.path)) | {"place": "کوچهٔ لاله", "photo": (io.BytesIO(content), "a.jpg")})
    shown = html(answer)
    assert answer.status_code == 422 and said in shown and "کوچهٔ لاله" in shown and answers() == []
    assert db.session.scalars(select(ResponseUpload.id)).all() == []
