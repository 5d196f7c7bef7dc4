"""Audiences on the real database: what each condition finds, samples, and what is frozen when approval is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

import campaigns.commands as campaigns
from campaigns.models import Campaign
from campaigns.states import CampaignState
from campaigns.sweeps import forget_old_audiences
from contacts import commands, queries
from contacts.queries import AudienceFilter
from contacts.rules.sampling import Sample, allocate, rank
from contacts.rules.segments import Condition, Group, Mode, from_json, narrowed, to_json
from contacts.segments.compile import criteria_of, rule_condition
from contacts.segments.criteria import PERSON
from engage.clock import now
from engage.db import db, transaction
from engage.refusal import Refused
from tests import make
from tests.people import make_person, make_units

PURPOSE = "survey_invitation"


def condition(field: str, **values: object) -> Condition:
    return Condition(field, tuple(values.items()))  # type: ignore[arg-type]


def all_of(*parts: Group | Condition) -> Group:
    return Group(Mode.ALL, parts)


def any_of(*parts: Group | Condition) -> Group:
    return Group(Mode.ANY, parts)


def none_of(*parts: Group | Condition) -> Group:
    return Group(Mode.NONE, parts)


def set_contact(identity_id: int, **values: object) -> None:
    with transaction() as session:
        for name, value in values.items():
            cast = {"custom": "::jsonb", "tag_ids": "::integer[]"}.get(name, "")
            session.execute(text(f"UPDATE contact SET {name} = (:v){cast} WHERE identity_id = :i"), {"v": value, "i": identity_id})


def found(unit_id: int, rule: Group) -> set[int]:
    """Identities of the contacts a rule finds, by the very condition that counts and freezes."""
    scope = queries.scope_of(unit_id)
    return set(db.session.scalars(db.select(PERSON.identity_id).where(rule_condition(rule, scope))))


@pytest.fixture
def units(app) -> tuple[int, int, int, int]:
    return make_units()


@pytest.fixture
def six(units) -> list[int]:
    """Six people of district 12, each different."""
    ids = make.make_contacts(units[1], 6, consent=False)
    a, b, c, d, e, f = ids
    set_contact(a, first_name="زهرا", last_name="کاظمی", search_key="زهرا کاظمی", gender="female", birth_year=1370, neighbourhood="سنگلج")
    set_contact(b, first_name="علی", search_key="علی", gender="male", birth_year=1360, neighbourhood="سنگلج", language="az")
    set_contact(c, gender="female", neighbourhood="هرندی", is_shared=True, custom='{"job": "معلم", "size": 3, "since": "2026-01-05", "own": true}')
    set_contact(d, gender="", birth_year=1340, custom='{"job": "راننده", "size": 7.5, "own": false}')
    set_contact(e, neighbourhood="ارگ", created_at=now() - timedelta(days=40))
    with transaction() as session:
        session.execute(text("UPDATE phone_identity SET reach = 'unreachable' WHERE id = :i"), {"i": f})
        session.execute(
            text(
                "INSERT INTO custom_field (unit_id, key, title, kind, options, created_at) VALUES (:u, 'job', 'شغل', 'text', '[]', now()),"
                "(:u, 'size', 'خانوار', 'number', '[]', now()), (:u, 'since', 'از', 'date', '[]', now()), (:u, 'own', 'مالک', 'yes_no', '[]', now())"
            ),
            {"u": units[1]},
        )
        tags = session.scalars(
            text("INSERT INTO contact_tag (unit_id, name, name_key, created_at) VALUES (:u,'الف','الف',now()),(:u,'ب','ب',now()) RETURNING id"),
            {"u": units[1]},
        ).all()
    set_contact(a, tag_ids=f"{{{tags[0]},{tags[1]}}}")
    set_contact(b, tag_ids=f"{{{tags[1]}}}")
    note_of = db.session.scalar(text("SELECT id FROM contact WHERE identity_id = :i"), {"i": d})
    with transaction() as session:
        session.execute(text("INSERT INTO contact_note (contact_id, text, at) VALUES (:c, 'یادداشت', now())"), {"c": note_of})
    return ids


EVERY_CASE: list[tuple[str, dict[str, object], str]] = [
    ("gender", {"in": ("female",)}, "ac"),
    ("gender", {"in": ("female", "")}, "acdef"),
    ("neighbourhood", {"in": ("سنگلج", "ارگ")}, "abe"),
    ("neighbourhood", {"in": ("",)}, "df"),
    ("age", {"from": 30, "to": 45}, "ab"),
    ("age", {"from": 46}, "d"),
    ("age", {"to": 35}, "a"),
    ("age", {"from": 29, "to": 29, "on": "2020-06-01"}, "a"),
    ("birth_year", {"from": 1340, "to": 1360}, "bd"),
    ("language", {"in": ("az",)}, "b"),
    ("name", {"contains": "كاظم"}, "a"),
    ("shared", {"is": True}, "c"),
    ("shared", {"is": False}, "abdef"),
    ("note", {"is": True}, "d"),
    ("note", {"is": False}, "abcef"),
    ("reach", {"in": ("unreachable",)}, "f"),
    ("reach", {"in": ("", "suspect")}, "abcde"),
    ("created", {"to": "2026-10-30"}, "e"),
    ("created", {"from": "2026-11-22"}, "abcdf"),
    ("custom:job", {"is": "معلم"}, "c"),
    ("custom:job", {"contains": "ان"}, "d"),
    ("custom:job", {"blank": True}, "abef"),
    ("custom:job", {"is": "معلم", "blank": True}, "abcef"),
    ("custom:job", {"blank": False}, "cd"),
    ("custom:size", {"from": 3, "to": 7}, "c"),
    ("custom:size", {"from": 7.5}, "d"),
    ("custom:since", {"from": "2026-01-01", "to": "2026-01-05"}, "c"),
    ("custom:own", {"is": False}, "d"),
    ("consent", {"purpose": PURPOSE, "standing": "never"}, "abcdef"),
    ("consent", {"purpose": PURPOSE, "standing": "given"}, ""),
]


@pytest.mark.parametrize(("field", "values", "letters"), EVERY_CASE)
def test_what_a_condition_finds_and_what_its_opposite_finds(units, six, field: str, values: dict[str, object], letters: str) -> None:
    wanted = {six["abcdef".index(each)] for each in letters}
    asked = condition(field, **values)
    assert found(units[1], all_of(asked)) == wanted
    assert found(units[1], any_of(asked)) == wanted
    assert found(units[1], none_of(asked)) == set(six) - wanted
    assert found(units[1], none_of(none_of(asked))) == wanted
    assert found(units[1], any_of(asked, condition("gender", **{"in": ("male",)}))) == wanted | {six[1]}


def test_tags_any_and_all(units, six) -> None:
    one, two = (str(each) for each in db.session.scalars(text("SELECT id FROM contact_tag ORDER BY id")))
    assert found(units[1], all_of(condition("tags", match="any", **{"in": (two,)}))) == {six[0], six[1]}
    assert found(units[1], all_of(condition("tags", match="all", **{"in": (one, two)}))) == {six[0]}
    assert found(units[1], none_of(condition("tags", match="any", **{"in": (one,)}))) == set(six[1:])


def test_groups_in_groups(units, six) -> None:
    women, places = condition("gender", **{"in": ("female",)}), condition("neighbourhood", **{"in": ("سنگلج",)})
    old = condition("age", **{"from": 60})
    assert found(units[1], all_of(any_of(women, old), none_of(places))) == {six[2], six[3]}
    assert found(units[1], none_of(all_of(women, places), any_of(old))) == {six[1], six[2], six[4], six[5]}
    assert found(units[1], any_of(Group(Mode.NONE), all_of())) == set(six)


def test_every_criterion_can_be_said(units, six) -> None:
    scope = queries.scope_of(units[1])
    for field, values, _letters in EVERY_CASE:
        assert queries.say_rule(any_of(condition(field, **values)), scope)
    assert {"surveys.invited", "surveys.answered", "surveys.silent", "campaigns.texted", "campaigns.not_reached"} <= criteria_of(scope).keys()


def test_the_rule_is_read_aloud(app, units, six) -> None:
    survey = make.make_survey(units[1])
    rule = all_of(
        condition("gender", **{"in": ("female",)}),
        condition("age", **{"from": 30, "to": 45}),
        condition("neighbourhood", **{"in": ("سنگلج",)}),
        condition("surveys.answered", survey=str(survey), **{"is": False}),
    )
    with app.test_request_context():
        said = queries.say_rule(rule, queries.scope_of(units[1]))
    assert said == "زنان ۳۰ تا ۴۵ سالهٔ سنگلج که به «کار بعدی محلهٔ شما چه باشد؟» پاسخ نداده‌اند"


def test_a_rule_that_cannot_be_asked_is_refused_by_place(units) -> None:
    for part, code in (
        (condition("custom:nothing", **{"is": "x"}), "segment_field_unknown"),
        (condition("age", **{"from": 40, "to": 30}), "segment_range_reversed"),
    ):
        with pytest.raises(Refused) as refused:
            queries.count_audience(AudienceFilter(units[1], all_of(part)), PURPOSE)
        assert (refused.value.code, refused.value.params["place"]) == (code, "1")


def test_reasons_add_up_and_each_number_counts_once(units) -> None:
    city, d12, _d6, herandi = units
    ids = make.make_contacts(d12, 10)
    silent = make.make_contacts(d12, 3, consent=False)
    with transaction() as session:
        session.execute(text("UPDATE phone_identity SET suppressed_at = now() WHERE id = :i"), {"i": ids[0]})
        session.execute(text("UPDATE phone_identity SET reach = 'unreachable' WHERE id IN (:a, :b)"), {"a": ids[1], "b": ids[2]})
        # The same number in a unit below, there without consent: it counts once, as eligible.
        session.execute(
            text("INSERT INTO contact (unit_id, identity_id, pseudonym, created_at, updated_at) VALUES (:u, :i, '\\x00', now(), now())"),
            {"u": herandi, "i": ids[3]},
        )
    for unit in (city, d12):
        counts = queries.count_audience(AudienceFilter(unit), PURPOSE)
        assert (counts.total, counts.eligible, counts.suppressed, counts.unreachable, counts.no_consent) == (13, 7, 1, 2, 3)
    assert len(queries.audience_chunk(AudienceFilter(city), PURPOSE)) == 7
    assert queries.count_audience(AudienceFilter(city), "service_notice").no_consent == 12
    assert silent


def test_the_figure_of_other_units_is_merged_and_rounded(units) -> None:
    for hidden in range(0, 36):
        counts = queries.AudienceCount(total=100, eligible=80 - hidden, suppressed=hidden, no_consent=20, recipients=80 - hidden)
        seen = counts.hiding_other_units()
        assert seen.unsendable is not None and seen.unsendable % 10 == 0 and abs(seen.unsendable - hidden) <= 5
        assert seen.eligible == 100 - 20 - seen.unsendable == seen.recipients and seen.suppressed == 0
    few = queries.AudienceCount(total=1, eligible=0, suppressed=1).hiding_other_units()
    assert (few.eligible, few.unsendable) == (1, 0)  # one person's standing is told to nobody


# ── samples ──


def drawn(unit_id: int, sample: Sample, rule: Group | None = None) -> list[int]:
    audience = AudienceFilter(unit_id, rule or Group(), sample)
    snapshot, count = commands.freeze_audience(audience, PURPOSE)
    ids = db.session.scalars(
        text("SELECT c.identity_id FROM audience_member m JOIN contact c ON c.id = m.contact_id WHERE snapshot_id = :s ORDER BY 1"), {"s": snapshot}
    ).all()
    assert len(ids) == count
    return list(ids)


def test_a_random_sample_is_the_documented_draw(units) -> None:
    ids = make.make_contacts(units[1], 60)
    first = drawn(units[1], Sample(25, 7))
    assert first == sorted(sorted(ids, key=lambda each: rank(7, each))[:25])
    assert drawn(units[1], Sample(25, 7)) == first != drawn(units[1], Sample(25, 8))
    assert drawn(units[1], Sample(1_000, 7)) == sorted(ids)
    counts = queries.count_audience(AudienceFilter(units[1], sample=Sample(25, 7)), PURPOSE)
    assert (counts.eligible, counts.recipients) == (60, 25)


def test_a_stratified_sample_is_proportional_and_reproducible(units) -> None:
    strata = {"سنگلج": make.make_contacts(units[1], 47, neighbourhood="سنگلج")}
    strata["هرندی"] = make.make_contacts(units[1], 22, neighbourhood="هرندی")
    strata["ارگ"] = make.make_contacts(units[1], 1, neighbourhood="ارگ")
    strata[""] = make.make_contacts(units[1], 30)
    for at_least_one in (False, True):
        sample = Sample(20, 5, True, at_least_one)
        chosen = drawn(units[1], sample)
        shares = allocate({name: len(ids) for name, ids in strata.items()}, 20, each_at_least_one=at_least_one)
        assert len(chosen) == 20 and drawn(units[1], sample) == chosen
        for name, ids in strata.items():
            expected = sorted(ids, key=lambda each: rank(5, each))[: shares[name]]
            assert set(chosen) & set(ids) == set(expected)
    assert drawn(units[1], Sample(5, 5, True), narrowed(neighbourhoods=("ناکجا",))) == []


# ── frozen ──


def submitted(unit_id: int, audience: AudienceFilter, *, limit: int = 0) -> Campaign:
    with transaction() as session:
        session.execute(text("UPDATE unit SET approval_recipients = :n"), {"n": limit})
    survey = make.make_survey(unit_id)
    campaign_id = make.make_campaign(unit_id, survey, audience=audience)
    campaigns.submit_campaign(campaign_id, actor_id=None)
    db.session.expire_all()
    return db.session.get_one(Campaign, campaign_id)


def messages(campaign_id: int) -> set[int]:
    return set(db.session.scalars(text("SELECT identity_id FROM message WHERE campaign_id = :c"), {"c": campaign_id}))


@pytest.mark.parametrize("limit", [0, 1_000])
def test_what_is_approved_is_what_is_sent(units, drain: Callable[[], int], limit: int) -> None:
    d12 = units[1]
    ids = make.make_contacts(d12, 12, neighbourhood="سنگلج")
    officer = make_person(d12)
    slug = commands.create_segment(d12, "سنگلج", narrowed(neighbourhoods=("سنگلج",)), actor_id=officer)
    campaign = submitted(d12, queries.with_current_rule(AudienceFilter(d12, segment=slug)), limit=limit)
    assert campaign.recipient_count == 12 and campaign.snapshot_id is not None
    # The rule, the people and the base change; the campaign doesn't.
    commands.update_segment(slug, "همه", Group(), is_shared=True, actor_id=officer)
    make.make_contacts(d12, 5, neighbourhood="سنگلج")
    set_contact(ids[0], neighbourhood="هرندی")
    # Whoever withdraws is left out all the same.
    contact = db.session.scalar(text("SELECT id FROM contact WHERE identity_id = :i"), {"i": ids[1]})
    assert contact is not None
    commands.withdraw_consent(contact, PURPOSE)
    db.session.rollback()
    campaign_id = campaign.id
    if campaign.state == CampaignState.IN_REVIEW:
        campaigns.approve_campaign(campaign_id, actor_id=make_person(d12, "manager"))
    campaigns.launch_campaign(campaign_id, actor_id=None)
    drain()
    assert messages(campaign_id) == set(ids) - {ids[1]}
    audience = campaigns.draft_of(db.session.get_one(Campaign, campaign_id)).audience
    assert audience.rule == narrowed(neighbourhoods=("سنگلج",))


def test_a_draft_follows_its_segment_until_it_is_submitted(units) -> None:
    d12 = units[1]
    make.make_contacts(d12, 3, neighbourhood="سنگلج")
    make.make_contacts(d12, 4, neighbourhood="هرندی")
    slug = commands.create_segment(d12, "سنگلج", narrowed(neighbourhoods=("سنگلج",)), actor_id=None)
    survey = make.make_survey(d12)
    audience = queries.with_current_rule(AudienceFilter(d12, segment=slug))
    campaign_id = make.make_campaign(d12, survey, audience=audience)
    draft = campaigns.draft_of(db.session.get_one(Campaign, campaign_id))
    assert campaigns.estimate_campaign(d12, draft).recipients == 3
    commands.update_segment(slug, "هرندی", narrowed(neighbourhoods=("هرندی",)), is_shared=True, actor_id=None)
    assert campaigns.estimate_campaign(d12, draft).recipients == 4
    campaigns.submit_campaign(campaign_id, actor_id=None)
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign_id).recipient_count == 4


def test_back_to_a_draft_thaws_it(units) -> None:
    make.make_contacts(units[1], 4)
    campaign = submitted(units[1], AudienceFilter(units[1]))
    assert db.session.scalar(text("SELECT count(*) FROM audience_member")) == 4
    db.session.rollback()
    campaigns.return_campaign(campaign.id, "", actor_id=None)
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign.id).snapshot_id is None
    assert db.session.scalar(text("SELECT count(*) FROM audience_snapshot")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM audience_member")) == 0
    make.make_contacts(units[1], 2)
    campaigns.submit_campaign(campaign.id, actor_id=None)
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign.id).recipient_count == 6


def test_an_empty_audience_leaves_nothing_behind(units) -> None:
    with pytest.raises(Refused, match="audience_empty"):
        submitted(units[1], AudienceFilter(units[1]))
    assert db.session.scalar(text("SELECT count(*) FROM audience_snapshot")) == 0


def test_only_the_count_remains_when_it_is_over(units) -> None:
    make.make_contacts(units[1], 4)
    campaign = submitted(units[1], AudienceFilter(units[1]))
    db.session.rollback()
    forget_old_audiences()
    assert db.session.scalar(text("SELECT count(*) FROM audience_member")) == 4
    campaigns.cancel_campaign(campaign.id, actor_id=None)
    forget_old_audiences()
    assert db.session.scalar(text("SELECT count(*) FROM audience_member")) == 0
    assert db.session.scalar(text("SELECT member_count FROM audience_snapshot")) == 4


# ── what other rooms register ──


def test_invited_answered_silent_and_texted(units, drain: Callable[[], int]) -> None:
    d12, d6 = units[1], units[2]
    ids = make.make_contacts(d12, 4)
    survey = make.make_survey(d12)
    campaign_id = make.make_campaign(d12, survey, audience=AudienceFilter(d12))
    make.launch(campaign_id)
    drain()
    make.make_contacts(d12, 1)
    with transaction() as session:
        session.execute(text("UPDATE invitation SET answered = true WHERE identity_id = :i"), {"i": ids[0]})
        session.execute(text("UPDATE message SET state = 'undelivered', settled_at = now() WHERE identity_id = :i"), {"i": ids[1]})
        # District 6 has the same number; what district 12 did with it stays unknown there.
        session.execute(
            text("INSERT INTO contact (unit_id, identity_id, pseudonym, created_at, updated_at) VALUES (:u, :i, '\\x00', now(), now())"),
            {"u": d6, "i": ids[0]},
        )
    which = str(survey)
    assert found(d12, all_of(condition("surveys.invited", survey=which))) == set(ids)
    assert found(d12, all_of(condition("surveys.answered", survey=which, **{"is": True}))) == {ids[0]}
    assert ids[0] not in found(d12, all_of(condition("surveys.answered", survey=which, **{"is": False})))
    assert found(d12, all_of(condition("surveys.silent", survey=which))) == set(ids[1:])
    assert set(ids) <= found(d12, all_of(condition("campaigns.texted", days=3))) | {ids[1]}
    assert found(d12, all_of(condition("campaigns.not_reached", days=3))) == {ids[1]}
    for field, values in (("surveys.invited", {"survey": which}), ("campaigns.texted", {"days": 3})):
        assert found(d6, all_of(condition(field, **values))) == set()
    assert found(d6, none_of(condition("surveys.invited", survey=which))) == {ids[0]}


def test_whoever_was_texted_often_is_left_out(units, drain: Callable[[], int]) -> None:
    d12 = units[1]
    ids = make.make_contacts(d12, 2)
    survey = make.make_survey(d12)
    for _ in range(4):
        campaign_id = make.make_campaign(d12, survey, audience=AudienceFilter(d12))
        make.launch(campaign_id)
        drain()
    counts = queries.count_audience(AudienceFilter(d12), PURPOSE)
    assert (counts.frequency_cap, counts.eligible, counts.total) == (2, 0, 2)
    fresh = make.make_contacts(d12, 1)
    assert [each.identity_id for each in queries.audience_chunk(AudienceFilter(d12), PURPOSE)] == fresh
    assert ids


def test_the_stored_form_comes_back(units) -> None:
    rule = all_of(condition("gender", **{"in": ("female",)}), any_of(condition("age", **{"from": 30})))
    audience = AudienceFilter(units[1], rule, Sample(10, 3, True, True), "g1", True)
    assert AudienceFilter.from_json(json.loads(json.dumps(audience.to_json()))) == audience
    assert from_json(to_json(rule)) == rule
