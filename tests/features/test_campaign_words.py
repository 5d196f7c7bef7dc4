"""Every refusal and pause of campaigns has its words, on pages and on the command line."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from flask import url_for

from campaigns.cli import group
from campaigns.queries import get_campaign_by_slug
from campaigns.views import labels
from campaigns.views.labels import pause_words
from engage.refusal import Refused
from engage.sms import codes
from engage.web.refusals import explain
from tests import people
from tests.office import S, open_office, state_of


@pytest.fixture(autouse=True)
def no_csrf(app):
    with people.without_csrf(app):
        yield


@pytest.fixture
def office(app):
    return open_office()


@pytest.fixture
def officer(app, office):
    return people.sign_in(app.test_client(), office.officer)


@pytest.fixture
def manager(app, office):
    return people.sign_in(app.test_client(), office.manager)


@pytest.fixture
def stranger(app, office):
    return people.sign_in(app.test_client(), office.stranger)


def test_every_refusal_of_the_room_has_a_sentence(app):
    from pathlib import Path

    import campaigns

    source = "\n".join(path.read_text("utf-8") for path in Path(campaigns.__file__).parent.rglob("*.py"))
    raised = set(re.findall(r'Refused\(\s*"(\w+)"', source))
    # A code of the contact base is told by the contact base; one nobody tells is named in its sentence.
    assert raised and [code for code in raised if code in explain(Refused(code))] == []
    assert set(labels.GATEWAY_REASONS) == codes.REASONS


def test_every_gateway_code_has_pause_words(app):
    assert all(str(pause_words(f"gateway_{number}").title) for number in (*range(400, 433), 451, 501, 503, 999))


def test_gateway_that_wants_mending_is_told_so(app, officer, office, gateway_simulator):
    assert "کد" not in explain(Refused("gateway_api_key_invalid"))
    assert explain(Refused("outside_window", start="۹:۰۰", end="۲۱:۰۰")).count("۹:۰۰")


class _Stage:
    def __init__(self, app):
        self._app = app

    def app(self):
        return self._app


def run(app, *arguments):
    found = CliRunner().invoke(group, arguments, obj=_Stage(app))
    if isinstance(found.exception, Refused):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_command_line_does_the_same_as_pages(app, office):
    slug = office.campaign(S.APPROVED)
    answer = json.loads(run(app, "estimate", slug, "--as", "officer@example.ir", "--json"))
    assert (answer["recipients"], answer["pages"], answer["cost"]) == (30, 2, 108_000)
    assert json.loads(run(app, "launch", slug, "--as", "officer@example.ir", "--json"))["state"] == "scheduled"
    number = str(get_campaign_by_slug(slug).id)
    assert json.loads(run(app, "cancel", number, "--as", "manager@example.ir", "--json"))["state"] == "cancelled"


BAD_CALLS = [
    (("launch", "{slug}", "--as", "nobody@example.ir"), "actor_unknown"),
    (("launch", "{slug}", "--as", "stranger@example.ir"), "campaign_unknown"),
    (("launch", "c123", "--as", "officer@example.ir"), "campaign_unknown"),
    (("launch", "{slug}", "--as", "officer@example.ir", "--at", "later"), "time_unreadable"),
    (("launch", "{slug}", "--as", "officer@example.ir", "--at", "1405/09/02 23:00"), "outside_window"),
    (("pause", "{slug}", "--as", "officer@example.ir"), "state_forbids"),
    (("resume", "{slug}", "--as", "officer@example.ir"), "state_forbids"),
]


def test_command_line_refuses_like_the_pages(app, office):
    slug = office.campaign(S.APPROVED)
    for arguments, code in BAD_CALLS:
        with pytest.raises(Refused) as refused:
            run(app, *(each.format(slug=slug) for each in arguments))
        assert refused.value.code == code and state_of(slug) == S.APPROVED


def test_addresses(app):
    with app.test_request_context():
        assert url_for("campaigns.index") == "/console/campaigns"
