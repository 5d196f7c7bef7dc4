"""Texts nobody knows the fate of: listed by campaign, told on the first page and the campaign's, given up by an officer's decision alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.queries.undecided import count_undecided, undecided_campaigns
from campaigns.sending import send_due_batches
from engage.clock import now
from engage.identity.rules import Role
from tests import make
from tests.people import make_person, make_units, sign_in, without_csrf
from tests.sending import begin, execute, scalar, states, view_of

LIST = "/console/campaigns/undecided"


@pytest.fixture
def units(app):
    return make_units()


@pytest.fixture
def campaign_id(app, units, gateway_simulator):
    """Two of three texts hung at the gateway, and have been unknown for longer than it remembers them; the third is unknown since just now."""
    gateway_simulator.admin("faults", queue=["hang"])
    make.make_contacts(units[1], 3)
    made = begin(app, make.make_campaign(units[1], make.make_survey(units[1])))
    send_due_batches()
    assert states(made) == {"unknown": 3}
    long_ago = now() - timedelta(seconds=app.extensions["engage_settings"].timings.lookup_window + 60)
    execute("UPDATE message SET claimed_at = :at WHERE id < (SELECT max(id) FROM message)", at=long_ago)
    return made


def test_they_are_told_wherever_the_officer_looks_and_given_up_by_one_button(app, client, units, campaign_id):
    slug = view_of(campaign_id).slug
    with without_csrf(app):
        sign_in(client, make_person(units[1]))
        listed = client.get(LIST).text
        for words in (
            "پیامک‌های بی‌سرانجام",
            "۲ پیامک منتظر تصمیم است",
            "من شهردارم",
            f"/console/campaigns/{slug}/unknown",
            "دیگر هرگز فرستاده نمی‌شوند",
        ):
            assert words in listed, words
        live = client.get(f"/console/campaigns/{slug}").text
        assert f"/console/campaigns/{slug}/unknown" in live and LIST in live
        assert "سرانجام ۲ پیامک از «من شهردارم» روشن نیست" in client.get("/console/").text
        assert "شاید" in client.get(f"/console/campaigns/{slug}/unknown").text
        done = client.post(f"/console/campaigns/{slug}/unknown", follow_redirects=True)
        assert "۲ پیامک کنار گذاشته شد" in done.text and LIST not in done.text
        assert states(campaign_id) == {"unknown": 1, "written_off": 2}
        assert scalar("SELECT actor_id IS NOT NULL FROM audit_entry WHERE action = 'campaign.written_off'")
        again = client.post(f"/console/campaigns/{slug}/unknown", follow_redirects=True)
        assert "از درگاه می‌توان پرسید" in again.text and states(campaign_id) == {"unknown": 1, "written_off": 2}
        assert "پیامکی منتظر این تصمیم نیست" in client.get(LIST).text


def test_nobody_of_another_district_sees_or_decides(app, client, units, campaign_id):
    slug = view_of(campaign_id).slug
    with without_csrf(app):
        sign_in(client, make_person(units[2]))
        assert "من شهردارم" not in client.get(LIST).text and "روشن نیست" not in client.get("/console/").text
        assert client.post(f"/console/campaigns/{slug}/unknown").status_code == 404
        sign_in(client, make_person(units[0], Role.ADMIN))
        assert "شهرداری منطقهٔ ۱۲" in client.get(LIST).text
    assert states(campaign_id) == {"unknown": 3}


def test_the_oldest_are_found_first_however_many_are_unknown(app, units, campaign_id):
    settings = app.extensions["engage_settings"]
    assert count_undecided(campaign_id, settings) == 2
    execute("UPDATE message SET unknown_since = unknown_since + interval '1 hour' WHERE id = (SELECT max(id) FROM message)")
    assert [row.count for row in undecided_campaigns({units[1]}, settings, most=1)] == [1]
    assert [row.count for row in undecided_campaigns({units[1]}, settings)] == [2]
    assert undecided_campaigns(set(), settings) == []
