"""A top-up sample: people of the chosen groups whom nobody asked yet, as a saved group of the unit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from contacts.queries import count_people, get_segment, scope_of
from contacts.rules.segments import Condition, Group, Mode
from engage.clock import TEHRAN, now
from engage.db import db, transaction
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.persian import to_jalali
from engage.refusal import Refused
from engage.reports import commands as reports
from engage.reports.analysis.shapes import Analysis, CityClaim, FunnelGroup, FunnelSplit, Representation
from engage.reports.topup.commands import count_reach, save_topup
from engage.reports.topup.rules import choices_of, rule_for
from surveys import commands as surveys
from tests import make
from tests.features.test_reports_live import Asked, deliver_messages
from tests.people import make_person, sign_in, without_csrf


def invited(women: int = 60, men: int = 20, *, young: int = 7) -> Asked:
    """Women and men of a district were invited; seven more young women and four more men stand on the list and weren't."""
    asked = Asked()
    year = to_jalali(now().astimezone(TEHRAN).date())[0]
    known = make.make_contacts(asked.unit_id, women, gender="female", birth_year=year - 20)
    known += make.make_contacts(asked.unit_id, men, gender="male", birth_year=year - 62)
    make.make_contacts(asked.unit_id, young, gender="female", birth_year=year - 29)
    make.make_contacts(asked.unit_id, 4, gender="male", birth_year=year - 60)
    with transaction():
        surveys.invite_identities(asked.id, asked.unit_id, known, now())
    deliver_messages(asked, {"delivered": known})
    with transaction() as session:
        session.execute(
            text(
                "UPDATE message SET contact_id = c.id, invitation_id = v.id FROM contact c, invitation v"
                " WHERE c.identity_id = message.identity_id AND v.identity_id = message.identity_id"
            )
        )
        session.execute(text("UPDATE message SET accepted_at = now()"))
    asked.answer({"q1": "a1"}, 12)  # the report's groups move on with answers
    reports.refresh_report(asked.id, force=True)
    return asked


def test_only_those_who_were_not_asked_are_found(app: Flask) -> None:
    asked = invited()
    report = asked.report()
    keys = {each.key for each in choices_of(report.content.analysis)}
    assert {"gender:female", "gender:male", "age:18-29", "age:60+"} <= keys
    assert count_reach(report, ["gender:male"]) == 4 and count_reach(report, ["age:18-29"]) == 7
    assert count_reach(report, ["gender:female", "gender:male"]) == 11
    assert count_reach(report, ["gender:male", "age:18-29"]) == 0
    slug = save_topup(report, ["gender:female"], "زنان بیشتر", actor_id=None)
    record = get_segment(slug, None)
    assert record is not None and record.unit_id == asked.unit_id and count_people(record.rule, scope_of(asked.unit_id)) == 7
    assert db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "topup_saved")).all() == ["topup_saved"]


@pytest.mark.parametrize(
    ("keys", "code"),
    [([], "topup_nothing_chosen"), (["gender:other"], "topup_group_unknown"), (["gender:male", "age:18-29"], "topup_nobody")],
)
def test_what_gives_no_sample_is_refused_and_nothing_saved(app: Flask, keys: list[str], code: str) -> None:
    report = invited().report()
    with pytest.raises(Refused) as refused:
        save_topup(report, keys, "نمونه", actor_id=None)
    assert refused.value.code == code
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM segment")) == 0


def test_groups_the_report_hides_are_not_offered_and_those_that_lack_come_first() -> None:
    groups = [FunnelGroup("female", 60), FunnelGroup("male", 20, lost_at="started"), FunnelGroup("", 12), FunnelGroup("other", None)]
    analysis = Analysis(funnel=[FunnelSplit("gender", groups), FunnelSplit("line", [FunnelGroup("3000", 80)])])
    assert [(each.key, each.is_lacking) for each in choices_of(analysis)] == [("gender:male", True), ("gender:female", False)]
    city = CityClaim("", representation=[Representation("gender", "female", 0.5, 0.3, 0.6)])
    assert {each.key: each.index for each in choices_of(replace(analysis, city=city))} == {"gender:male": None, "gender:female": 0.6}


def test_bands_become_birth_years_as_the_report_counts_them() -> None:
    analysis = Analysis(funnel=[FunnelSplit("age", [FunnelGroup(band, 50) for band in ("0-17", "18-29", "60+")])])
    rule = rule_for(choices_of(analysis), 5, 1405)
    bands = Group(
        Mode.ANY,
        (
            Condition("birth_year", (("from", 1388), ("to", 1405))),
            Condition("birth_year", (("from", 1376), ("to", 1387))),
            Condition("birth_year", (("to", 1345),)),
        ),
    )
    assert rule == Group(Mode.ALL, (bands, Group(Mode.NONE, (Condition("surveys.invited", (("survey", "5"),)),))))


def test_officers_make_it_and_managers_and_strangers_do_not(app: Flask, client: FlaskClient) -> None:
    asked = invited()
    path = f"{asked.url}/top-up"
    with without_csrf(app):
        officer = sign_in(client, make_person(asked.unit_id, Role.OFFICER))
        assert "از چه کسانی بیشتر پرسیده شود؟" in officer.get(path).text
        assert "از ۴ نفر می‌توان پرسید." in officer.post(path, data={"groups": ["gender:male"]}).text
        saved = officer.post(path, data={"groups": ["gender:male"], "title": "مردان بیشتر", "save": "1"})
        assert saved.status_code == 303 and "مردان بیشتر" in officer.get(saved.location).text
        assert officer.post(path, data={"save": "1"}).status_code == 422
        manager = sign_in(app.test_client(), make_person(asked.unit_id, Role.MANAGER))
        assert manager.get(path).status_code == 403
        stranger = sign_in(app.test_client(), make_person(asked.units[2], Role.OFFICER))
        assert stranger.get(path).status_code == 404
