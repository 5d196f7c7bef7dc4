"""The demo as a presenter finds it: loaded once, by real commands, and ready for one press."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text

from campaigns import texts
from campaigns.commands import launch_campaign
from campaigns.queries import get_campaign, list_campaigns
from campaigns.states import CampaignState
from contacts.queries import count_contacts, neighbourhoods_of
from engage.config import Settings
from engage.db import db
from engage.identity.commands import create_unit
from engage.identity.queries import find_unit, find_user_id, units_of_user
from engage.operations import demo
from engage.operations.demo import loading, people
from engage.refusal import Refused
from engage.reports.queries import compute_content
from engage.sms.simulator.process import SimulatorProcess
from surveys.queries import list_surveys

FEW = 900
"""Enough for every neighbourhood and for both campaigns to need the manager."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CITIZENS", FEW)
    monkeypatch.setattr(loading, "INVITED", 60)
    monkeypatch.setattr(loading, "OPENED", 40)
    monkeypatch.setattr(loading, "ANSWERED", 30)
    monkeypatch.setattr(loading, "SECOND_ROUND", tuple(set(people.DISTRICT_12) - {loading.FIRST_ROUND, "قیام"}))


@pytest.fixture
def real_gateway(app: Flask) -> Iterator[None]:
    settings: Settings = app.extensions["engage_settings"]
    app.extensions["engage_settings"] = replace(settings, gateway_url="https://api.kavenegar.com")
    yield
    app.extensions["engage_settings"] = settings


def row_counts() -> dict[str, int]:
    return {table.name: int(db.session.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one()) for table in db.metadata.sorted_tables}


def test_the_whole_demo_loads_quickly_and_once(app: Flask, gateway_simulator: SimulatorProcess) -> None:
    started = time.monotonic()
    lines = demo.load(app)
    seconds = time.monotonic() - started
    print(f"loaded in {seconds:.1f} s")
    before = row_counts()
    started = time.monotonic()
    assert demo.load(app) == lines
    assert row_counts() == before
    print(f"again in {time.monotonic() - started:.3f} s")

    district = find_unit("district-12")
    other = find_unit("district-7")
    assert district is not None
    assert other is not None
    assert count_contacts([district.id]) == loading.CITIZENS
    assert count_contacts([other.id]) == loading.NEIGHBOURS
    assert gateway_simulator.ledger() == []
    agreed = db.session.execute(text("SELECT count(*) FROM contact_consent WHERE purpose = 'weather_safety' AND given")).scalar_one()
    assert 0.55 < agreed / loading.CITIZENS < 0.65, "a safety alert finds somebody"
    ready = {row.title: row for row in list_campaigns([district.id])}["من شهردارم"]
    view = get_campaign(ready.id)
    assert view is not None
    assert view.recipient_count == loading.CITIZENS


def test_each_role_finds_something_to_do(app: Flask, few: None) -> None:
    lines = demo.load(app)
    for email in (loading.ADMIN, loading.OFFICER, loading.MANAGER):
        assert any(email in line and loading.PASSWORD in line for line in lines)
    officer = find_user_id(loading.OFFICER)
    assert officer is not None
    assert {unit.slug for unit in units_of_user(officer)} == {"district-12", *loading._NEIGHBOURHOODS.values()}

    district = find_unit("district-12")
    assert district is not None
    assert {each.name for each in neighbourhoods_of([district.id])} == set(people.DISTRICT_12)
    campaigns = {row.title: row for row in list_campaigns([district.id])}
    assert {title: row.state for title, row in campaigns.items()} == {
        "من شهردارم": CampaignState.APPROVED,
        "نظافت محله، دور دوم": CampaignState.IN_REVIEW,
    }
    ready = get_campaign(campaigns["من شهردارم"].id)
    assert ready is not None
    assert ready.recipient_count == FEW
    assert not ready.approved_by_rule
    assert (ready.author_id, ready.approved_by) == (officer, find_user_id(loading.MANAGER))


def test_a_report_is_there_at_once(app: Flask, few: None) -> None:
    demo.load(app)
    district = find_unit("district-12")
    assert district is not None
    survey = {each.title: each for each in list_surveys([district.id])}["رضایت از نظافت محله"]
    content = compute_content(survey.id)
    assert content.answers == loading.ANSWERED
    assert content.funnel.opened == loading.OPENED


@pytest.mark.parametrize("template", [loading.MAYOR_TEXT, loading.REMINDER_TEXT, loading.SECOND_ROUND_TEXT])
def test_a_text_costs_one_page_with_the_demos_address(template: str) -> None:
    longest = texts.largest(template, "http://127.0.0.1:65535", "منطقه ۱۲", "۳۰ شهریور")
    assert texts.measure(longest).pages == 1


def test_one_press_texts_every_citizen(
    app: Flask, few: None, drain: Callable[[], int], gateway_simulator: SimulatorProcess
) -> None:
    demo.load(app)
    district = find_unit("district-12")
    assert district is not None
    ready = {row.title: row for row in list_campaigns([district.id])}["من شهردارم"]
    launch_campaign(ready.id, actor_id=find_user_id(loading.OFFICER))
    drain()
    view = get_campaign(ready.id)
    assert view is not None
    assert view.state in (CampaignState.SETTLING, CampaignState.SENDING, CampaignState.FINISHED)
    sent = db.session.execute(text("SELECT count(*) FROM message WHERE state IN ('accepted', 'delivered', 'undelivered')")).scalar_one()
    assert sent == FEW


def test_made_up_numbers_never_meet_a_real_gateway(app: Flask, real_gateway: None) -> None:
    before = row_counts()
    with pytest.raises(Refused) as refused:
        demo.load(app)
    assert refused.value.code == "demo_with_real_gateway"
    assert row_counts() == before


def test_an_office_s_own_database_is_left_alone(app: Flask) -> None:
    create_unit(parent_id=None, kind="municipality", name="شهرداری شیراز", sms_name="شهرداری شیراز", slug="shiraz", actor_id=None)
    before = row_counts()
    assert "--no-demo" in "".join(demo.load(app))
    assert row_counts() == before
    assert find_user_id(loading.ADMIN) is None


def test_an_interrupted_load_leaves_nothing(app: Flask, few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = row_counts()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "_prepare_mayor_campaign", stop)
    with pytest.raises(KeyboardInterrupt):
        demo.load(app)
    assert row_counts() == before
    monkeypatch.undo()
    monkeypatch.setattr(loading, "CITIZENS", FEW)
    monkeypatch.setattr(loading, "INVITED", 60)
    demo.load(app)
    assert find_unit("district-12") is not None
