"""The segment pages as plain forms, the composer's use of a segment, and what one district learns of another: nothing."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import text

from campaigns.commands import draft_of
from campaigns.queries import get_campaign_by_slug
from contacts import commands, queries
from contacts.rules.segments import Condition, Group, Mode, narrowed
from engage.db import db, transaction
from engage.identity.rules import Role
from engage.refusal import Refused
from tests import make
from tests.people import make_person, make_units, sign_in, without_csrf

NEW = "/console/contacts/segments/new"


@pytest.fixture
def units(app):
    made = make_units()
    with transaction() as session:
        session.execute(text("UPDATE unit SET approval_recipients = 1000, approval_cost = 100000000"))
    with without_csrf(app):
        yield made


@pytest.fixture
def people(units) -> dict[str, list[int]]:
    return {
        "women": make.make_contacts(units[1], 12, gender="female", neighbourhood="سنگلج", birth_year=1370, first_name="زهرا", last_name="کاظمی"),
        "men": make.make_contacts(units[1], 7, gender="male", neighbourhood="هرندی", first_name="علی"),
        "elsewhere": make.make_contacts(units[2], 5, gender="female", neighbourhood="یوسف‌آباد", first_name="پریسا", last_name="شمالی"),
    }


@pytest.fixture
def officer(app, units, people) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[1], email="officer@example.ir"))


@pytest.fixture
def colleague(app, units, people) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[1], email="colleague@example.ir", name="مریم صادقی"))


@pytest.fixture
def stranger(app, units, people) -> FlaskClient:
    return sign_in(app.test_client(), make_person(units[2], email="stranger@example.ir"))


WOMEN = {"title": "زنان", "sharing": "shared", "r:mode": "all", "r-0:field": "gender", "r-0:in": "female"}


def made(client: FlaskClient, **changes: object) -> str:
    answer = client.post(NEW, data=WOMEN | changes)
    assert answer.status_code == 303, answer.text
    return answer.location.rsplit("/", 1)[1]


def test_the_builder_without_javascript(officer, units) -> None:
    page = officer.get(NEW)
    assert page.status_code == 200 and 'name="r:mode"' in page.text and 'name="r-0:field"' in page.text
    assert ">۱۹</bdi>" in page.text  # nothing asked yet: everybody of the unit
    chosen = officer.post(NEW + "?do=refresh", data={"r:mode": "all", "r-0:field": "age"})
    assert chosen.status_code == 200 and 'name="r-0:from"' in chosen.text and 'name="r-0:on"' in chosen.text
    more = officer.post(NEW + "?do=group&at=r", data={"title": "زنان", "r:mode": "all", "r-0:field": "age", "r-0:from": "۳۰"})
    assert 'name="r-1:mode"' in more.text and 'name="r-1-0:field"' in more.text and 'value="۳۰"' in more.text and 'value="زنان"' in more.text
    deeper = officer.post(NEW + "?do=condition&at=r-1", data={"r:mode": "all", "r-0:field": "age", "r-1:mode": "any", "r-1-0:field": "shared"})
    assert 'name="r-1-1:field"' in deeper.text
    less = officer.post(NEW + "?do=remove&at=r-0", data={"r:mode": "all", "r-0:field": "age", "r-0:from": "30", "r-1:field": "name", "r-1:contains": "زهرا"})
    assert 'name="r-0:contains"' in less.text and 'name="r-1:field"' not in less.text and "r-0:from" not in less.text
    assert officer.post(NEW + "?do=remove&at=r-7", data=WOMEN).status_code == 200
    assert db.session.scalar(text("SELECT count(*) FROM segment")) == 0


def test_counting_and_saving(officer, units, people) -> None:
    with transaction() as session:
        session.execute(text("DELETE FROM contact_consent WHERE contact_id IN (SELECT id FROM contact WHERE identity_id = :i)"), {"i": people["women"][0]})
    counted = officer.post(NEW + "?do=count", data=WOMEN)
    assert counted.status_code == 200 and "۱۲ مخاطب" in counted.text and ">−۱</bdi>" in counted.text and ">۱۱</bdi>" in counted.text
    assert "زهرا ک." in counted.text and "کاظمی" not in counted.text and not re.search(r"0?912\d{7}|۰?۹۱۲[۰-۹]{7}", counted.text)
    slug = made(officer)
    record = queries.get_segment(slug, None)
    assert record is not None and record.rule == narrowed(gender="female") and record.is_shared
    page = officer.get(f"/console/contacts/segments/{slug}")
    assert page.status_code == 200 and 'value="female" checked' in page.text and ">زنان</p>" in page.text
    listed = officer.get("/console/contacts/segments")
    assert "زنان" in listed.text and slug in listed.text and "نرگس احمدی" in listed.text
    audit = db.session.execute(text("SELECT action, detail FROM audit_entry WHERE object_id = :s"), {"s": slug}).one()
    assert audit.action == "segment_created" and audit.detail == {"title": "زنان"}


def test_htmx_counts_a_part_and_the_consent_after_it(officer) -> None:
    htmx = {"HX-Request": "true"}
    count = officer.post(NEW + "?do=count", data=WOMEN, headers=htmx)
    assert "<html" not in count.text and "۱۲ مخاطب" in count.text and "?do=consent" in count.text
    consent = officer.post(NEW + "?do=consent", data=WOMEN, headers=htmx)
    assert "<html" not in consent.text and ">۱۲</bdi>" in consent.text
    rule = officer.post(NEW + "?do=condition&at=r", data=WOMEN, headers=htmx)
    assert rule.text.lstrip().startswith('<div id="rule"') and 'name="r-1:field"' in rule.text
    broken = officer.post(NEW + "?do=count", data=WOMEN | {"r-0:field": "age", "r-0:from": "چند"}, headers=htmx)
    assert broken.status_code == 200 and "۱۲" not in broken.text


PROBLEMS = [
    ({"r-0:field": "age", "r-0:from": "۴۵", "r-0:to": "۳۰"}, "در شرط ۱ (سن) پایان پیش از آغاز است"),
    ({"r-0:field": "age", "r-0:from": "سی"}, "مقدار شرط ۱ (سن) درست نیست"),
    ({"r-0:field": "gender", "r-0:in": []}, "شرط ۱ (جنسیت) هنوز کامل نیست"),
    ({"r-0:field": "created", "r-0:from": "1405/13/40"}, "مقدار شرط ۱ (زمان ثبت) درست نیست"),
    ({"r-0:field": "gender", "r-0:in": "cat"}, "مقدار شرط ۱ (جنسیت) درست نیست"),
    ({"r-0:field": "moon", "r-0:in": "x"}, "شرط ۱ دربارهٔ چیزی است که دیگر نیست"),
    ({"title": ""}, "نام گروه مخاطب"),
]


@pytest.mark.parametrize(("changes", "words"), PROBLEMS)
def test_what_cannot_be_asked_comes_back_as_typed(officer, changes, words) -> None:
    answer = officer.post(NEW, data=WOMEN | changes)
    assert answer.status_code == 422 and words in answer.text
    for value in changes.values():
        if value and value not in ("x", "cat", "moon"):
            assert value in answer.text
    assert db.session.scalar(text("SELECT count(*) FROM segment")) == 0


def test_strange_forms_do_no_harm(officer) -> None:
    for data in (
        {},
        {"r:mode": "perhaps"},
        {"r-5-3:field": "age", "r:mode": "all"},
        {"r:field": "gender", "r:in": "female", "r-0:mode": "all"},
        {"r:mode": "all", **{"r" + "-0" * n + ":mode": "all" for n in range(1, 10)}},
        {"r:mode": "all", **{f"r-{n}:field": "shared" for n in range(200)}},
        {"r:mode": "all", "r-0:field": "name", "r-0:contains": "a\x00b"},
        {"r:mode": "all", "r-0:field": "import", "r-0:in": "99999999999999999999"},
    ):
        for query in ("?do=count", "?do=condition&at=r", "?do=remove&at=r", "?do=group&at=r-9-9", "?do=x&at=..", ""):
            assert officer.post(NEW + query, data=data | {"title": ""}).status_code in (200, 422)
    assert db.session.scalar(text("SELECT count(*) FROM segment")) == 0


def test_private_segments_are_their_authors_alone(officer, colleague) -> None:
    slug = made(officer, sharing="private")
    path = f"/console/contacts/segments/{slug}"
    assert officer.get(path).status_code == 200 and colleague.get(path).status_code == 404
    assert slug not in colleague.get("/console/contacts/segments").text
    for deed in ("duplicate", "archive", "restore"):
        assert colleague.post(f"{path}/{deed}").status_code == 404
    shared = made(officer)
    # A colleague changes a shared one, but can't take it away from the others.
    answer = colleague.post(f"/console/contacts/segments/{shared}", data=WOMEN | {"title": "بانوان", "sharing": "private"})
    assert answer.status_code == 303
    db.session.expire_all()
    record = queries.get_segment(shared, None)
    assert record is not None and record.title == "بانوان" and record.is_shared


def test_a_foreign_segment_is_not_found_whatever_its_rule_has_become(officer, stranger) -> None:
    slug = made(officer)
    with transaction() as session:
        session.execute(text("UPDATE segment SET rule = '[]' WHERE slug = :slug"), {"slug": slug})
    for path in ("", "/duplicate", "/archive", "/restore"):
        answer = stranger.post(f"/console/contacts/segments/{slug}{path}")
        assert answer.status_code == 404, path


def test_many_options_are_boxes_too(officer, units) -> None:
    for number in range(10):
        make.make_contacts(units[1], 1, neighbourhood=f"محلهٔ {number}")
    page = officer.post(NEW + "?do=refresh", data={"r:mode": "all", "r-0:field": "neighbourhood", "r-0:in": ["سنگلج", "هرندی"]}).text
    assert "rule-boxes-many" in page and "(۲ مورد)" in page and "<select multiple" not in page
    assert re.findall(r'name="r-0:in" value="([^"]+)" checked', page) == ["سنگلج", "هرندی"]


def test_duplicate_archive_and_bring_back(officer) -> None:
    slug = made(officer)
    copied = officer.post(f"/console/contacts/segments/{slug}/duplicate")
    assert copied.status_code == 303 and "رونوشت زنان" in officer.get(copied.location).text
    assert officer.post(f"/console/contacts/segments/{slug}/archive").status_code == 303
    assert f"/segments/{slug}/restore" in officer.get("/console/contacts/segments").text  # the undo
    assert f'href="/console/contacts/segments/{slug}"' not in officer.get("/console/contacts/segments").text
    assert f'href="/console/contacts/segments/{slug}"' in officer.get("/console/contacts/segments?show=archived").text
    officer.post(f"/console/contacts/segments/{slug}/restore")
    assert f'href="/console/contacts/segments/{slug}"' in officer.get("/console/contacts/segments").text


# ── units ──


def test_a_district_learns_nothing_of_another(officer, stranger, units, people, app) -> None:
    """Over segments, conditions, counts, previews and options: what belongs to district 12 doesn't exist in district 6."""
    slug = made(officer)
    path = f"/console/contacts/segments/{slug}"
    for address in ("", "?do=count", "?do=refresh"):
        assert stranger.get(path + address).status_code == 404
        assert stranger.post(path + address, data=WOMEN).status_code == 404
    for deed in ("duplicate", "archive", "restore"):
        assert stranger.post(f"{path}/{deed}").status_code == 404
    assert slug not in stranger.get("/console/contacts/segments").text
    survey = make.make_survey(units[1])
    with transaction() as session:
        tag = session.scalar(text("INSERT INTO contact_tag (unit_id, name, name_key, created_at) VALUES (:u, 'راز', 'راز', now()) RETURNING id"), {"u": units[1]})
        session.execute(text("UPDATE contact SET tag_ids = ARRAY[:t] WHERE unit_id = :u"), {"t": tag, "u": units[1]})
        session.execute(
            text("INSERT INTO custom_field (unit_id, key, title, kind, options, created_at) VALUES (:u, 'secret', 'راز', 'text', '[]', now())"),
            {"u": units[1]},
        )
    asked = [
        {"r-0:field": "unit", "r-0:in": str(units[1])},
        {"r-0:field": "unit", "r-0:in": str(units[0])},
        {"r-0:field": "neighbourhood", "r-0:in": "سنگلج"},
        {"r-0:field": "name", "r-0:contains": "زهرا"},
        {"r-0:field": "tags", "r-0:in": str(tag), "r-0:match": "any"},
        {"r-0:field": "surveys.invited", "r-0:survey": str(survey)},
        {"r-0:field": "custom:secret", "r-0:is": "x"},
    ]
    for values in asked:
        page = stranger.post(NEW + "?do=count", data={"r:mode": "all", **values})
        shown = re.sub(r'<(?:input|select|option|button)\b[^>]*>', "", page.text)
        assert "زهرا" not in shown and "سنگلج" not in shown.replace("زنان سنگلج", "") or values["r-0:field"] in ("neighbourhood", "name")
        assert "راز" not in shown and "کار بعدی محلهٔ شما" not in shown
        assert "۰ مخاطب" in page.text or values["r-0:field"] in ("custom:secret", "unit")
        assert "زهرا ک." not in page.text
        opposite = stranger.post(NEW + "?do=count", data={"r:mode": "none", **values}).text
        # As whole counts: the seed that is proposed for a sample may hold any digits.
        assert not re.search("(?<![۰-۹])(?:۱۹|۲۴) مخاطب", opposite)
    # The options of every field, and the composer, name only what is district 6's own.
    for field in ("unit", "neighbourhood", "tags", "import", "surveys.invited", "consent"):
        page = stranger.post(NEW + "?do=refresh", data={"r:mode": "all", "r-0:field": field}).text
        assert "سنگلج" not in page and "راز" not in page and "منطقهٔ ۱۲" not in page and "کار بعدی محلهٔ شما" not in page
    make.make_survey(units[2])
    page = stranger.get("/console/campaigns/new").text
    assert slug not in page and "سنگلج" not in page
    own = next(iter(db.session.scalars(text("SELECT id FROM survey WHERE unit_id = :u"), {"u": units[2]})))
    answer = stranger.post("/console/campaigns/new", data={"survey_id": own, "title": "الف", "who": "segment", "segment": slug})
    assert answer.status_code == 422


def test_suppression_by_others_is_one_rounded_figure(app, officer, units, people) -> None:
    with transaction() as session:
        session.execute(text("UPDATE phone_identity SET suppressed_at = now() WHERE id = ANY(:ids)"), {"ids": people["women"][:4]})
    page = officer.post(NEW + "?do=count", data=WOMEN).text
    assert "قابل ارسال نیست" in page and "لغو دریافت" not in page and ">−۴</bdi>" not in page and ">۸</bdi>" not in page
    central = sign_in(app.test_client(), make_person(units[0], Role.ADMIN, email="central@example.ir"))
    page = central.post(NEW + "?do=count", data=WOMEN | {"r:mode": "all"}).text
    assert ">−۴</bdi>" in page and "قابل ارسال نیست" not in page


# ── the composer ──


def test_the_composer_takes_a_segment_and_a_sample(officer, units, people) -> None:
    slug = made(officer, title="بانوان سنگلج")
    survey = make.make_survey(units[1])
    page = officer.get("/console/campaigns/new").text
    assert "بانوان سنگلج" in page and 'name="who"' in page
    form = {"survey_id": survey, "title": "پویش", "who": "segment", "segment": slug, "sample": "random", "sample_size": "۵", "sample_seed": "۷"}
    counted = officer.post("/console/campaigns/new", data=form, headers={"HX-Request": "true"}).text
    assert ">۵</bdi>" in counted and "بذر ۷" in counted and "زنان" in counted
    made_one = officer.post("/console/campaigns/new", data=form | {"go": "next"})
    assert made_one.status_code == 303
    campaign = get_campaign_by_slug(made_one.location.split("/")[-2])
    assert campaign is not None
    audience = draft_of(campaign).audience
    assert (audience.segment, audience.rule) == (slug, narrowed(gender="female"))
    assert audience.sample is not None and (audience.sample.size, audience.sample.seed) == (5, 7)
    again = officer.get(f"/console/campaigns/{campaign.slug}/audience").text
    assert f'<option selected value="{slug}"' in again and 'value="segment"' in again and 'value="۷"' in again
    officer.post(f"/console/campaigns/{campaign.slug}/submit", data={"revision": campaign.revision})
    assert db.session.scalar(text("SELECT count(*) FROM audience_member")) == 5
    approval = officer.get(f"/console/campaigns/{campaign.slug}").text
    assert "نمونهٔ تصادفی ۵ نفری از زنان (بذر ۷)" in approval


def test_the_composer_keeps_what_its_form_cannot_show(officer, units, people) -> None:
    rule = Group(Mode.ANY, (Condition("gender", (("in", ("female",)),)), Condition("shared", (("is", True),))))
    slug = commands.create_segment(units[1], "دو شرط", rule, actor_id=None)
    survey = make.make_survey(units[1])
    made_one = officer.post("/console/campaigns/new", data={"survey_id": survey, "title": "پویش", "who": "segment", "segment": slug})
    commands.archive_segment(slug, actor_id=None)
    path = made_one.location.replace("/text", "/audience")
    page = officer.get(path).text
    assert "همان که هست" in page
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', page)
    assert revision is not None
    saved = officer.post(path, data={"revision": revision[1], "survey_id": survey, "title": "نام تازه", "who": "kept"})
    assert saved.status_code == 303
    db.session.rollback()
    campaign = get_campaign_by_slug(path.split("/")[-2])
    assert campaign is not None and campaign.title == "نام تازه" and draft_of(campaign).audience.rule == rule


@pytest.mark.parametrize(
    "wrong",
    [{"who": "segment", "segment": ""}, {"sample": "random"}, {"sample": "random", "sample_size": "0"}, {"who": "kept"}, {"segment": "gdeadbeef"}],
)
def test_the_composer_refuses_halves(officer, units, people, wrong) -> None:
    made(officer)
    survey = make.make_survey(units[1])
    answer = officer.post("/console/campaigns/new", data={"survey_id": survey, "title": "پویش"} | wrong)
    assert answer.status_code == 422 and db.session.scalar(text("SELECT count(*) FROM campaign")) == 0


# ── the command line ──


def test_segments_on_the_command_line(app, units, people) -> None:
    from contacts.cli import group

    slug = commands.create_segment(units[1], "زنان", narrowed(gender="female"), actor_id=None)

    class Backstage:
        def app(self):
            return app

    def run(*arguments: str):
        answer = CliRunner().invoke(group, ["segments", *arguments, "--json"], obj=Backstage())
        return answer

    listed = json.loads(run("list", "--unit", "d12").output)
    assert [each["segment"] for each in listed["segments"]] == [slug]
    counted = json.loads(run("count", slug, "--sample", "5", "--seed", "3").output)
    assert (counted["matching"], counted["eligible"], counted["recipients"], counted["seed"]) == (12, 12, 5, 3)
    assert isinstance(run("count", "gnone").exception, Refused)
