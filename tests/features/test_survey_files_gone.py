"""A file an answer names is the answer's, or the answer isn't taken: also while it is swept away, and under two at once."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from engage.db import db, transaction
from surveys.definitions import Definition, Quota, dump
from surveys.models import Invitation, QuotaCount, Response, ResponseDraft, ResponseUpload
from surveys.types import AnswerProblem, NationalId, Option, ShortText, Single, Upload
from surveys.uploads import store_upload
from surveys.uploads.files import uploads_folder
from surveys.uploads.holding import MOST_FILES, holder_mark
from tests.entrances import again, html, open_way
from tests.features.test_survey_pages import fields
from tests.features.test_survey_uploads import jpeg, png
from tests.features.test_surveys_links import ask
from tests.make import make_survey, make_unit

PLACE, PHOTO = ShortText(id="place", label="کجا؟", required=True), Upload(id="photo", label="عکس چاله", max_megabytes=1)
WHO = NationalId(id="who", label="کد ملی")
SHORT = Definition(
    title="آسفالت کوچه",
    questions=[PLACE, PHOTO, WHO],
    quotas=[Quota(id="all", label="همه", when="answered(place)", limit=5)],
)
KIND = Single(id="kind", label="چه؟", new_page=True, options=[Option(id="a", label="چاله"), Option(id="b", label="جوی")])
PAGED = Definition(title="آسفالت کوچه", questions=[PLACE, PHOTO, KIND])
AGAIN = "پرونده نرسیده یا زمان نگهداری آن گذشته است"


def post(client: FlaskClient, path: str, given: dict[str, Any], **options: Any) -> Any:
    return client.post(path, data=given, content_type="multipart/form-data", **options)


def photo(content: bytes | None = None) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content or jpeg()), "chale.jpg"


def stored() -> list[dict[str, Any]]:
    db.session.rollback()
    return list(db.session.scalars(select(Response.answers)))


def loose() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(ResponseUpload.slug).where(ResponseUpload.response_id.is_(None))))


def untouched() -> bool:
    """Neither a response nor a burnt link nor a taken quota."""
    db.session.rollback()
    counted = db.session.scalars(select(QuotaCount.response_count)).all()
    return not stored() and not any(db.session.scalars(select(Invitation.answered))) and not any(counted)


@contextmanager
def swept_at_the_claim(app: Flask) -> Iterator[Callable[[], None]]:
    """Every loose file is deleted by somebody else who isn't through yet: it is still there to be found, and gone when it is claimed."""
    address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as other:
        other.execute("DELETE FROM response_upload WHERE response_id IS NULL")

        def commit_when_waited_for() -> None:
            with psycopg.connect(address, autocommit=True) as watcher:
                for _ in range(500):
                    waits = watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'").fetchone()
                    if waits and waits[0]:
                        break
                    time.sleep(0.01)
            other.commit()

        thread = threading.Thread(target=commit_when_waited_for)
        yield thread.start
        thread.join(20)


def test_a_file_swept_between_the_look_and_the_claim_is_asked_for_again(app: Flask, client: FlaskClient) -> None:
    asked = ask(SHORT)
    wrong = post(client, asked.path, fields(client.get(asked.path)) | {"place": "", "who": "0084575948", "photo": photo()})
    assert wrong.status_code == 422 and len(loose()) == 1
    with swept_at_the_claim(app) as begin:
        begin()
        refused = post(client, asked.path, fields(wrong) | {"place": "کوچهٔ لاله", "who": "0084575948"})
    shown = html(refused)
    assert refused.status_code == 422 and AGAIN in shown and "کوچهٔ لاله" in shown and "0084575948" in shown
    assert untouched() and 'name="photo" value' not in shown
    done = post(client, asked.path, fields(refused) | {"place": "کوچهٔ لاله", "photo": photo()})
    assert done.status_code == 200
    [answer] = stored()
    assert answer["place"] == "کوچهٔ لاله" and loose() == [] and db.session.scalars(select(ResponseUpload.slug)).all() == [answer["photo"]]


def test_on_a_form_with_pages_the_page_of_the_file_comes_again(app: Flask, client: FlaskClient) -> None:
    asked = ask(PAGED)
    second = post(client, asked.path, fields(client.get(asked.path)) | {"place": "کوچهٔ لاله", "photo": photo()}, follow_redirects=True)
    assert "چاله" in html(second) and len(loose()) == 1
    with swept_at_the_claim(app) as begin:
        begin()
        refused = post(client, asked.path, fields(second) | {"kind": "a"})
    shown = html(refused)
    assert refused.status_code == 422 and AGAIN in shown and "کوچهٔ لاله" in shown and untouched()
    kept = db.session.scalars(select(ResponseDraft.answers)).one()
    assert kept == {"place": "کوچهٔ لاله", "kind": "a"}, "nothing that was answered is lost"
    last = post(client, asked.path, fields(refused) | {"place": "کوچهٔ لاله", "photo": photo()}, follow_redirects=True)
    assert post(client, asked.path, fields(last) | {"kind": "a"}).status_code == 200
    assert [set(each) for each in stored()] == [{"place", "photo", "kind"}]


def test_at_an_entrance_the_place_is_not_taken(app: Flask, client: FlaskClient) -> None:
    entrance = open_way(make_survey(make_unit(), dump(SHORT)))
    page = client.get(entrance.address)
    wrong = post(client, entrance.address, fields(page) | {"place": "", "photo": photo()})
    with swept_at_the_claim(app) as begin:
        begin()
        refused = post(client, entrance.address, fields(wrong) | {"place": "کوچهٔ لاله"})
    assert refused.status_code == 422 and AGAIN in html(refused) and untouched() and again(entrance).response_count == 0
    assert post(client, entrance.address, fields(refused) | {"place": "کوچهٔ لاله", "photo": photo()}).status_code == 200
    assert again(entrance).response_count == 1 and loose() == []


@pytest.mark.parametrize("count", [2, 8])
def test_parallel_submits_that_name_one_file_are_one_answer_with_it(app: Flask, client: FlaskClient, count: int) -> None:
    """The same form sent twice, and forged ones of other links that name the file: one of them has it, the others are told, nothing is half."""
    asked = ask(SHORT, people=count)
    wrong = post(client, asked.path, fields(client.get(asked.path)) | {"place": "", "photo": photo()})
    given = fields(wrong) | {"place": "کوچهٔ لاله"}
    statuses: list[int] = []
    start = threading.Barrier(2 * count)

    def send(token: str) -> None:
        start.wait()
        statuses.append(post(app.test_client(), f"/{token}", given).status_code)

    threads = [threading.Thread(target=send, args=(token,)) for token in asked.tokens * 2]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(statuses) == 2 * count and set(statuses) <= {200, 422} and 200 in statuses
    rows = stored()
    assert len(rows) == 1 and sum(db.session.scalars(select(Invitation.answered))) == 1
    assert db.session.scalars(select(QuotaCount.response_count)).all() == [1]
    assert loose() == [] and statuses.count(200) <= 2


# -- how much may lie unsent -----------------------------------------------------------------------------------------------------------


def test_a_newer_file_takes_the_place_of_the_older_one(app: Flask, client: FlaskClient) -> None:
    asked = ask(SHORT, people=2)
    page = client.get(asked.path)
    for _ in range(4):
        post(client, asked.path, fields(page) | {"place": "", "photo": photo()})
    other = post(client, f"/{asked.tokens[1]}", fields(page) | {"place": "", "photo": photo(png())})
    assert other.status_code == 422 and len(loose()) == 2, "one of each citizen"


def test_beyond_the_units_bound_no_file_is_taken_and_large_forms_are_not_even_read(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(SHORT, people=3)
    page = client.get(asked.path)
    big = jpeg() + bytes(700_000)
    settings = app.extensions["engage_settings"]
    monkeypatch.setitem(app.extensions, "engage_settings", _with_bound(settings, 1))
    assert post(client, asked.path, fields(page) | {"place": "", "photo": photo(big)}).status_code == 422
    assert len(loose()) == 1
    # A large form is refused by its head; a small one is read, and told at the question.
    unread = _Unread(bytes(900_000))
    shed = client.post(
        f"/{asked.tokens[1]}",
        input_stream=unread,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert shed.status_code == 503 and shed.headers["Retry-After"] and not unread.was_read
    assert "فعلاً پروندهٔ دیگری" in html(shed)
    small = post(client, f"/{asked.tokens[1]}", fields(page) | {"place": "کوچهٔ لاله", "photo": photo(jpeg() + bytes(200_000))})
    assert small.status_code == 200, "there is still room for a small one"
    tight = post(client, f"/{asked.tokens[2]}", fields(page) | {"place": "", "photo": photo(jpeg() + bytes(250_000))})
    assert tight.status_code == 422 and loose() and stored()
    text_only = client.post(f"/{asked.tokens[2]}", data={"place": "کوچهٔ لاله"})
    assert text_only.status_code == 200, "answers without a file go on"


class _Unread(io.BytesIO):
    was_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.was_read = True
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self.was_read = True
        return super().readinto(buffer)


def _with_bound(settings: Any, megabytes: int) -> Any:
    return replace(settings, unsent_files_mb=megabytes)


def test_one_holder_keeps_so_many_files_and_no_more(app: Flask) -> None:
    survey_id = make_survey(make_unit(), dump(SHORT))
    questions = [Upload(id=f"p{n}", label="عکس", max_megabytes=1) for n in range(MOST_FILES + 1)]
    slugs = [store_upload(survey_id, each, io.BytesIO(png()), holder="link 1") for each in questions[:MOST_FILES]]
    assert {slug[:8] for slug in slugs} == {holder_mark(survey_id, "link 1")} and len(set(slugs)) == MOST_FILES
    with pytest.raises(AnswerProblem) as refused:
        store_upload(survey_id, questions[MOST_FILES], io.BytesIO(png()), holder="link 1")
    assert refused.value.code == "files_many"
    store_upload(survey_id, questions[0], io.BytesIO(png()), holder="link 1")
    assert len(loose()) == MOST_FILES
    store_upload(survey_id, questions[MOST_FILES], io.BytesIO(png()), holder="link 2")


def test_many_at_once_do_not_go_beyond_the_units_bound_together(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in uploads_folder().iterdir():
        path.unlink()
    survey_id = make_survey(make_unit(), dump(SHORT))
    monkeypatch.setitem(app.extensions, "engage_settings", _with_bound(app.extensions["engage_settings"], 1))
    outcomes: list[str] = []
    start = threading.Barrier(12)

    def store(holder: str) -> None:
        with app.app_context():
            start.wait()
            try:
                store_upload(survey_id, PHOTO, io.BytesIO(jpeg() + bytes(240_000)), holder=holder)
                outcomes.append("kept")
            except AnswerProblem as problem:
                outcomes.append(problem.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=store, args=(f"link {n}",)) for n in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(outcomes) == ["files_full"] * 8 + ["kept"] * 4 and len(loose()) == 4
    with transaction() as session:
        names = set(session.execute(text("SELECT stored_name FROM response_upload")).scalars())
    assert {path.name for path in uploads_folder().iterdir()} == names
