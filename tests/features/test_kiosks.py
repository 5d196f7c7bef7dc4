"""A kiosk: one person after another on one device, and only its PIN ends it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engage.clock import FrozenClock
from engage.jobs import redis_connection
from surveys.citizen.script import script_named
from surveys.entrances.commands import managing
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import Kind
from tests.entrances import RIGHT, html, open_way, responses
from tests.make import make_survey
from tests.people import make_person, make_units, sign_in, without_csrf


@pytest.fixture
def unit(app: Flask) -> int:
    return make_units()[1]


@pytest.fixture
def survey(unit: int) -> int:
    return make_survey(unit)


@pytest.fixture
def armed(app: Flask, client: FlaskClient, unit: int, survey: int) -> FoundEntrance:
    """A kiosk, and the client's browser is it."""
    entrance = open_way(survey, Kind.KIOSK, "سرای محله")
    sign_in(client, make_person(unit))
    with without_csrf(app):
        led = client.post(f"/console/surveys/{entrance.survey_slug}/ways/{entrance.id}/kiosk", data={"pin": "۴۸۲۱"})
    assert (led.status_code, led.location) == (303, f"/k/{entrance.slug}")
    return entrance


def test_a_kiosk_shows_the_survey_alone_and_nobody_is_signed_in(client: FlaskClient, armed: FoundEntrance) -> None:
    first = client.get(f"/k/{armed.slug}")
    assert first.status_code == 200 and "شروع" in html(first) and "/console" not in html(first)
    assert client.get("/console/").location.startswith("/console/sign-in")


def test_one_person_after_another_at_the_kiosk(client: FlaskClient, armed: FoundEntrance) -> None:
    for given in ("park", "light", "park"):
        client.get(f"/k/{armed.slug}")
        form = client.get(f"/k/{armed.slug}?go")
        assert re.search(rf'<noscript><meta http-equiv="refresh" content="\d{{3,}};url=/k/{armed.slug}"></noscript>\n</head>', html(form))
        done = client.post(f"/k/{armed.slug}", data={"q1": given})
        assert done.status_code == 200 and done.headers["Refresh"] == f"20;url=/k/{armed.slug}"
        repeated = client.post(f"/k/{armed.slug}", data={"q1": given})
        assert repeated.status_code == 200
    assert [(each.channel, each.answers["q1"], each.entrance_id) for each in responses()] == [
        ("kiosk", "park", armed.id),
        ("kiosk", "light", armed.id),
        ("kiosk", "park", armed.id),
    ]


def test_a_form_of_an_earlier_turn_shows_nothing_of_it(client: FlaskClient, armed: FoundEntrance) -> None:
    address = f"/k/{armed.slug}"
    client.get(address)
    first = html(client.get(f"{address}?go"))
    turn = re.search(r'name="_turn" value="([0-9a-f]{16})"', first)
    assert turn and "هنوز اینجا هستم" in first and 'data-idle="120"' in first
    client.get(address)  # the next person
    again_ = client.post(address, data={"_turn": turn[1], "q1": "no such option"})
    assert again_.status_code == 303 and again_.location == address and responses() == []
    second = re.search(r'name="_turn" value="([0-9a-f]{16})"', html(client.get(f"{address}?go")))
    assert second and second[1] != turn[1]
    assert client.post(address, data={"_turn": second[1], "q1": "park"}).status_code == 200


def test_the_scripts_of_a_kiosk_stay_small_and_are_allowed_by_name(client: FlaskClient, armed: FoundEntrance) -> None:
    scripts = [script_named("page"), script_named("kiosk")]
    assert sum(len(each.text.encode()) for each in scripts) <= 5 * 1024
    client.get(f"/k/{armed.slug}")
    page = client.get(f"/k/{armed.slug}?go")
    policy = page.headers["Content-Security-Policy"]
    assert all(each.source in policy and each.text in html(page) for each in scripts)


def test_only_the_pin_ends_a_kiosk(app: Flask, client: FlaskClient, armed: FoundEntrance) -> None:
    assert client.post(f"/k/{armed.slug}/exit", data={"pin": "1111"}).status_code == 422
    assert client.get(f"/k/{armed.slug}").status_code == 200
    for _ in range(9):
        client.post(f"/k/{armed.slug}/exit", data={"pin": "2222"})
    assert client.post(f"/k/{armed.slug}/exit", data={"pin": "4821"}).status_code == 429
    redis_connection().flushdb()
    left = client.post(f"/k/{armed.slug}/exit", data={"pin": " ۴۸۲۱ "})
    assert (left.status_code, left.location) == (303, "/console/sign-in")
    assert client.get(f"/k/{armed.slug}").status_code == 404


def test_a_browser_nobody_armed_finds_no_kiosk(app: Flask, armed: FoundEntrance, survey: int) -> None:
    stranger = app.test_client()
    other = open_way(survey, Kind.KIOSK, "دیگر")
    for way in ("", "?go", "/exit"):
        assert stranger.get(f"/k/{armed.slug}{way}").status_code == 404
    assert stranger.post(f"/k/{armed.slug}", data=RIGHT).status_code == 404
    assert stranger.get(f"/k/{other.slug}").status_code == 404
    assert responses() == []


def test_a_closed_kiosk_says_so(client: FlaskClient, armed: FoundEntrance, clock: FrozenClock) -> None:
    client.get(f"/k/{armed.slug}")
    managing.close_entrance(armed.id, actor_id=None)
    assert "همکاران اداره" in html(client.get(f"/k/{armed.slug}"))
    assert client.post(f"/k/{armed.slug}", data=RIGHT).status_code == 410
    clock.advance(timedelta(hours=15))
    assert client.get(f"/k/{armed.slug}").status_code == 404, "a forgotten tablet goes dark"


def test_a_device_that_passes_on_keeps_what_was_typed_no_longer_than_its_window(client: FlaskClient, armed: FoundEntrance) -> None:
    start = html(client.get(f"/k/{armed.slug}"))
    assert script_named("done").text in start, "the first page forgets what the one before had typed"
    assert 'id="main" data-tab' in html(client.get(f"/k/{armed.slug}?go"))
    assert script_named("done").text in html(client.post(f"/k/{armed.slug}?go", data=RIGHT))
