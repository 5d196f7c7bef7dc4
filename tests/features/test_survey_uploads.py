"""Citizens' files: taken by their content alone, unreadable on disk, swept away, and opened only by the unit's own officers."""

from __future__ import annotations

import io
import os
import struct
import time
import zlib
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from surveys.definitions import Definition, dump
from surveys.forms.other import UploadForm
from surveys.queries import find_survey
from surveys.types import AnswerProblem, Upload
from surveys.uploads import claim_uploads, delete_loose_uploads, find_upload, media_type_of, missing_uploads, open_upload, store_upload
from surveys.uploads.files import uploads_folder
from surveys.uploads.heic import NOTHING_TOLD
from surveys.uploads.metadata import without_metadata
from tests.make import make_survey, make_unit, make_user
from tests.people import make_person, sign_in

QUESTION = Upload(id="photo", label="عکس", max_megabytes=1)
DEFINITION = Definition(title="عکس محله", questions=[QUESTION])


def exif(turned: int) -> bytes:
    place = b"35.6892N 51.3890E Samsung"
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, turned, 0) + b"\0\0\0\0" + place
    return b"Exif\0\0" + tiff


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def jpeg(turned: int = 6) -> bytes:
    start = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + segment(0xE1, exif(turned)) + segment(0xFE, b"owner: Maryam")
    return start + segment(0xDB, bytes(65)) + segment(0xDA, bytes(10)) + b"\x12\x34\xff\x00\x56" + b"\xff\xd9"


def png() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", b"Author\0Maryam") + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


HEIC = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(40)
WEBP = b"RIFF" + struct.pack("<I", 34) + b"WEBPVP8X\x0a\0\0\0\x0c" + bytes(9) + b"EXIF" + struct.pack("<I", 4) + b"here"


@pytest.fixture
def empty_folder(app: Flask) -> None:
    for path in uploads_folder().iterdir():
        path.unlink()


@pytest.fixture
def unit_id(empty_folder: None) -> int:
    return make_unit()


@pytest.fixture
def survey_id(unit_id: int) -> int:
    return make_survey(unit_id, dump(DEFINITION))


def files() -> list[str]:
    return sorted(path.name for path in uploads_folder().iterdir())


def put_response(survey_id: int) -> int:
    with transaction() as session:
        found: int = session.execute(
            text(
                "INSERT INTO response (survey_id, version_id, channel, answers, receipt_code, submitted_at) "
                "SELECT id, published_version_id, 'open', '{}', '', now() FROM survey WHERE id = :id RETURNING id"
            ),
            {"id": survey_id},
        ).scalar_one()
    return found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (jpeg(), "image/jpeg"),
        (png(), "image/png"),
        (WEBP, "image/webp"),
        (HEIC, "image/heic"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", None),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42avc1", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        (b"<html><script>alert(1)</script>", None),
        (b"MZ\x90\0", None),
        (b"PK\x03\x04", None),
        (b"GIF89a", None),
        (b" %PDF-1.7", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_a_file_is_what_it_begins_with(content: bytes, found: str | None) -> None:
    assert media_type_of(content[:64]) == found


def test_a_stored_photo_lies_encrypted_and_comes_back(survey_id: int) -> None:
    slug = store_upload(survey_id, QUESTION, io.BytesIO(jpeg()), holder="a")
    assert QUESTION.read({"": [slug]}) == {"": slug}
    [name] = files()
    sealed = (uploads_folder() / name).read_bytes()
    assert b"JFIF" not in sealed and (uploads_folder() / name).stat().st_mode & 0o077 == 0
    assert open_upload(slug) == without_metadata(jpeg(), "image/jpeg")
    (uploads_folder() / name).write_bytes(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    with pytest.raises(Refused):
        open_upload(slug)


@pytest.mark.parametrize("turned", [1, 3, 6, 8])
def test_photos_lose_their_place_and_stay_turned(turned: int) -> None:
    bare = without_metadata(jpeg(turned), "image/jpeg")
    assert b"51.3890E" not in bare and b"Maryam" not in bare and b"Samsung" not in bare
    assert bare.endswith(b"\x12\x34\xff\x00\x56\xff\xd9") and media_type_of(bare) == "image/jpeg"
    assert (struct.pack(">HHIH", 0x0112, 3, 1, turned) in bare) == (turned != 1)
    assert without_metadata(bare, "image/jpeg") == bare


def test_other_pictures_lose_their_texts_and_broken_ones_stay_as_they_are() -> None:
    assert b"Maryam" not in without_metadata(png(), "image/png")
    assert b"here" not in without_metadata(WEBP, "image/webp")
    for content, media_type in ((jpeg()[:40], "image/jpeg"), (png()[:-3], "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (HEIC, "image/heic")):
        assert without_metadata(content, media_type) == content


def heic(*, by_idat: bool = False, version: int = 1) -> bytes:
    """A picture with a place and an owner: as phones write it, its Exif among the file's data; or, as others do, inside the item box."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, name) + body

    def infe(item: int, kind: bytes, rest: bytes = b"") -> bytes:
        return box(b"infe", b"\x02\0\0\0" + struct.pack(">HH4s", item, 0, kind) + b"\0" + rest)

    told, words, picture = b"\0\0\0\x06Exif\0\0" + exif(6), b"<x:xmpmeta>owner: Maryam</x:xmpmeta>", b"picture of a hole" * 5
    names = infe(1, b"hvc1") + infe(2, b"Exif") + infe(3, b"mime", b"application/rdf+xml\0")
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 3) + names)

    def iloc(base: int) -> bytes:
        rows, at = b"", base
        for item, content in ((1, picture), (2, told), (3, words)):
            rows += struct.pack(">H", item) + (struct.pack(">H", int(by_idat)) if version else b"") + struct.pack(">HHII", 0, 1, at, len(content))
            at += len(content)
        return box(b"iloc", bytes((version, 0, 0, 0, 0x44, 0)) + struct.pack(">H", 3) + rows)

    head = box(b"ftyp", b"mif1\0\0\0\0mif1heic")
    data = picture + told + words
    inside = b"\0\0\0\0" + box(b"hdlr", bytes(25)) + iinf
    if by_idat:
        return head + box(b"meta", inside + iloc(0) + box(b"idat", data))
    size = len(head) + len(box(b"meta", inside + iloc(0))) + 8
    return head + box(b"meta", inside + iloc(size)) + box(b"mdat", data)


@pytest.mark.parametrize(("by_idat", "version"), [(False, 0), (False, 1), (True, 1)])
def test_heic_photos_lose_their_place_and_nothing_moves(by_idat: bool, version: int) -> None:
    whole = heic(by_idat=by_idat, version=version)
    assert b"51.3890E" in whole and b"Maryam" in whole
    bare = without_metadata(whole, "image/heic")
    assert len(bare) == len(whole) and b"51.3890E" not in bare and b"Maryam" not in bare and b"Samsung" not in bare
    assert b"picture of a hole" * 5 in bare and bare.index(b"picture") == whole.index(b"picture")
    assert without_metadata(bare, "image/heic") == bare and media_type_of(bare[:64]) == "image/heic"
    assert NOTHING_TOLD in bare, "an Exif that can be read, and says nothing"


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=200)
def test_damaged_heic_is_left_alone_or_made_bare_and_never_breaks(noise: bytes, at: int, value: int) -> None:
    whole = bytearray(heic())
    whole[min(at, len(whole) - 1)] = value
    for content in (bytes(whole), bytes(whole[:at]), HEIC + noise):
        assert len(without_metadata(content, "image/heic")) == len(content)


def test_the_builder_says_that_pdf_files_keep_what_stands_in_them(app: Flask) -> None:
    with app.test_request_context():
        said = str(UploadForm().accepts_kinds.description)
    assert "PDF" in said and "نویسنده" in said


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "file_empty"), (jpeg() + bytes(1024 * 1024), "file_too_large"), (b"<script>", "file_kind"), (b"%PDF-1.7\n", "file_kind")],
)
def test_files_that_are_not_taken_leave_nothing(survey_id: int, content: bytes, code: str) -> None:
    with pytest.raises(AnswerProblem) as refused:
        store_upload(survey_id, QUESTION, io.BytesIO(content), holder="a")
    assert refused.value.code == code
    assert files() == []


def test_a_file_belongs_to_one_response_of_its_own_question(survey_id: int, unit_id: int) -> None:
    slug = store_upload(survey_id, QUESTION, io.BytesIO(png()), holder="a")
    document = {"photo": slug}
    other = make_survey(unit_id, dump(DEFINITION))
    assert missing_uploads(survey_id, DEFINITION, document) == set()
    assert missing_uploads(other, DEFINITION, document) == {"photo"}
    assert not claim_uploads(other, put_response(other), DEFINITION, document)
    first, second = put_response(survey_id), put_response(survey_id)
    assert claim_uploads(survey_id, first, DEFINITION, document)
    assert not claim_uploads(survey_id, second, DEFINITION, document)
    assert missing_uploads(survey_id, DEFINITION, document) == {"photo"}
    assert claim_uploads(survey_id, second, DEFINITION, {})
    found = find_upload(slug)
    assert found is not None and found.response_id == first


def test_loose_files_are_swept_away_and_claimed_ones_stay(survey_id: int, clock: Any) -> None:
    kept, loose = (store_upload(survey_id, QUESTION, io.BytesIO(png()), holder=each) for each in "ab")
    response_id = put_response(survey_id)
    claim_uploads(survey_id, response_id, DEFINITION, {"photo": kept})
    assert delete_loose_uploads() == 0 and len(files()) == 2
    clock.advance(timedelta(days=3, minutes=1))
    assert delete_loose_uploads() == 1
    assert find_upload(loose) is None and len(files()) == 1
    with transaction() as session:
        session.execute(text("DELETE FROM response WHERE id = :id"), {"id": response_id})
    assert find_upload(kept) is None
    delete_loose_uploads()
    assert len(files()) == 1, "a file without a row may be one that is just being stored"
    long_ago = time.time() - 7200
    os.utime(uploads_folder() / files()[0], (long_ago, long_ago))
    delete_loose_uploads()
    assert files() == []


def test_a_file_is_opened_by_the_units_officers_alone(app: Flask, client: FlaskClient, survey_id: int, unit_id: int) -> None:
    slug = store_upload(survey_id, QUESTION, io.BytesIO(png()), holder="a")
    survey = db.session.execute(text("SELECT slug FROM survey WHERE id = :id"), {"id": survey_id}).scalar_one()
    db.session.rollback()
    address = f"/console/surveys/{survey}/files/{slug}"
    assert client.get(address).status_code in (302, 303)
    officer = sign_in(client, make_user(Role.OFFICER, unit_id))
    assert officer.get(address).status_code == 404, "nobody has sent it off yet"
    claim_uploads(survey_id, put_response(survey_id), DEFINITION, {"photo": slug})
    answer = officer.get(address)
    assert answer.status_code == 200 and answer.data == without_metadata(png(), "image/png")
    assert answer.headers["Content-Disposition"].startswith("attachment") and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"] and answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "image/png"
    log = db.session.execute(text("SELECT detail FROM audit_entry WHERE action = 'survey_file_opened'")).scalar_one()
    assert slug not in str(log)
    other = make_survey(unit_id, dump(DEFINITION))
    elsewhere = db.session.execute(text("SELECT slug FROM survey WHERE id = :id"), {"id": other}).scalar_one()
    db.session.rollback()
    assert officer.get(f"/console/surveys/{elsewhere}/files/{slug}").status_code == 404
    stranger = sign_in(app.test_client(), make_user(Role.OFFICER, make_unit("شهرداری منطقهٔ ۵", kind="district")))
    assert stranger.get(address).status_code == 404
    manager = sign_in(app.test_client(), make_person(unit_id, Role.MANAGER))
    assert manager.get(address).status_code == 403
    assert find_survey(survey) is not None
