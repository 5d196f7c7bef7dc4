"""Reports over real responses: counted from the truth, asked for by events, shown without reloading, taken away as files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from campaigns.events import ReceiptsRecorded
from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.events import publish
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.jobs import redis_connection
from engage.refusal import Refused
from engage.reports import commands, jobs, queries
from engage.reports.cli import build_report, group
from engage.reports.models import SurveyReport
from surveys import commands as surveys
from surveys.definitions import Definition
from surveys.queries import find_link, get_survey_facts, link_of
from surveys.types import LongText, Multiple, Number, Option, Rating, Single
from tests.people import make_person, make_units, sign_in, without_csrf

QUESTIONS = [
    Single(
        id="q1",
        label="کدام کار در محلهٔ شما از همه واجب‌تر است؟",
        required=True,
        options=[
            Option(id="a1", label="روشنایی کوچه‌ها"),
            Option(id="a2", label="ترمیم پیاده‌روها"),
            Option(id="a3", label="نظری ندارم", exclusive=True),
        ],
    ),
    Rating(id="q2", label="از نظافت کوچه و خیابان محله چقدر راضی هستید؟", low_label="خیلی ناراضی", high_label="خیلی راضی"),
    Multiple(
        id="q3",
        label="چه چیزی بیشتر آزارتان می‌دهد؟",
        max_choices=2,
        options=[Option(id="b1", label="=تاریکی"), Option(id="b2", label="زباله در کنار سطل‌ها"), Option(id="b3", label="بوی جوی آب")],
    ),
    Number(id="q4", label="چند سال است در این محله زندگی می‌کنید؟", min=0, max=100, unit="سال"),
    LongText(id="q5", label="اگر حرف دیگری دارید، بنویسید."),
]
DEFINITION = Definition(title="کار بعدی محلهٔ شما چه باشد؟", questions=QUESTIONS)


class Asked:
    """A published survey of district 12, and people invited to it one by one."""

    def __init__(self, definition: Definition = DEFINITION, *, unit_id: int | None = None) -> None:
        self.units = make_units() if unit_id is None else ()
        self.unit_id = unit_id or self.units[1]
        self.id = surveys.create_survey(self.unit_id, definition.title, definition, actor_id=None)
        self.version_id = surveys.publish_survey(self.id, closes_at=now() + timedelta(days=18), results_on=None, actor_id=None)
        self.invited: dict[int, str] = {}

    @property
    def slug(self) -> str:
        facts = get_survey_facts(self.id)
        assert facts is not None
        return facts.slug

    @property
    def url(self) -> str:
        return f"/console/reports/{self.slug}"

    def invite(self, count: int) -> list[int]:
        with transaction() as session:
            rows = session.execute(
                text(
                    "INSERT INTO phone_identity (blind_index, phone_cipher, created_at)"
                    " SELECT sha256((n::text || random()::text)::bytea), '\\x00', now() FROM generate_series(1, :count) n RETURNING id"
                ),
                {"count": count},
            )
            identities = [row[0] for row in rows]
            made = surveys.invite_identities(self.id, self.unit_id, identities, now() + timedelta(days=30))
        self.invited |= {each: link_of(*made[each]).rsplit("/", 1)[1] for each in identities}
        return identities

    def answer(self, answers: dict[str, Any], count: int = 1) -> None:
        for identity in self.invite(count):
            link = find_link(self.invited[identity])
            assert link is not None
            assert surveys.submit_response(link, self.version_id, answers).receipt_code

    def report(self) -> queries.Report:
        db.session.rollback()
        return queries.report_of(self.id)


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked()


def deliver_messages(asked: Asked, states: dict[str, list[int]]) -> int:
    """A campaign whose messages to these numbers are in these states, a reminder to the first of them included."""
    with transaction() as session:
        campaign_id: int = session.execute(
            text(
                "INSERT INTO campaign (slug, unit_id, survey_id, title, purpose, text, audience, line, state, state_since, created_at)"
                " VALUES ('c' || :survey_id, :unit_id, :survey_id, 't', 'survey_invitation', 'x', '{}', '3000', 'settling', now(), now()) RETURNING id"
            ),
            {"survey_id": asked.id, "unit_id": asked.unit_id},
        ).scalar_one()
        waves = [
            session.execute(
                text("INSERT INTO wave (campaign_id, number, due_at) VALUES (:campaign_id, :number, now()) RETURNING id"),
                {"campaign_id": campaign_id, "number": number},
            ).scalar_one()
            for number in (1, 2)
        ]
        rows = [(identity, state, waves[0]) for state, identities in states.items() for identity in identities]
        rows.append((rows[0][0], rows[0][1], waves[1]))
        for place, (identity, state, wave) in enumerate(rows, 1):
            session.execute(
                text(
                    "INSERT INTO message (id, campaign_id, wave_id, identity_id, state) VALUES (:id, :campaign, :wave, :identity, :state)"
                ),
                {"id": asked.id * 100_000 + place, "campaign": campaign_id, "wave": wave, "identity": identity, "state": state},
            )
    return campaign_id


def test_counts_are_those_of_the_responses(asked: Asked, drain: Callable[[], int], clock: FrozenClock) -> None:
    asked.answer({"q1": "a1", "q2": 5, "q3": ["b1", "b2"], "q4": 4, "q5": "چراغ"}, 6)
    clock.advance(timedelta(days=2))
    asked.answer({"q1": "a2", "q2": 3, "q3": ["b2"], "q4": 10.5}, 3)
    asked.answer({"q1": "a3"}, 1)
    drain()
    report = asked.report()
    assert (report.answers, report.is_stale, report.content.version_count) == (10, False, 1)
    assert [each.count for each in report.content.days] == [6, 0, 4]
    assert queries.option_counts(asked.id) == {
        "q1": {"a1": 6, "a2": 3, "a3": 1},
        "q2": {"1": 0, "2": 0, "3": 3, "4": 0, "5": 6},
        "q3": {"b1": 6, "b2": 9, "b3": 0},
    }
    single, rating, multiple, number, texts = report.content.questions
    assert [each.asked for each in report.content.questions] == [10] * 5
    assert (rating.answered, rating.mean) == (9, pytest.approx(39 / 9))
    assert multiple.share(9) == 0.9
    assert number.figures is not None and (number.figures.median, number.figures.highest, number.figures.whole) == (4, 10.5, False)
    assert (single.unanswered, texts.answered) == (0, 6)


def test_a_survey_changed_midway_counts_each_question_over_those_who_saw_it(asked: Asked, drain: Callable[[], int]) -> None:
    asked.answer({"q1": "a1", "q4": 3}, 12)
    changed = Definition(
        title=DEFINITION.title,
        questions=[
            Single(id="q1", label="کدام کار؟", options=[Option(id="a1", label="روشنایی"), Option(id="a9", label="کتابخانه")]),
            Multiple(id="q4", label="از کجا شنیدید؟", options=[Option(id="x", label="پیامک"), Option(id="y", label="همسایه")]),
        ],
    )
    with transaction():
        surveys.save_draft(asked.id, changed, 1, actor_id=None)
        asked.version_id = surveys.publish_survey(asked.id, closes_at=now() + timedelta(days=9), results_on=None, actor_id=None)
    asked.answer({"q1": "a9", "q4": ["x", "y"]}, 10)
    drain()
    found = {each.key: each for each in asked.report().content.questions}
    assert (found["q1"].asked, found["q4"].asked, found["q4:number"].asked, found["q2"].withdrawn) == (22, 10, 12, True)
    assert {option.id: option.count for option in found["q1"].options or []} == {"a1": 12, "a9": 10, "a2": 0, "a3": 0}
    file = io.BytesIO()
    from engage.reports.render import csv_file

    csv_file.write(asked.report(), file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    assert [rows[0]["از کجا شنیدید؟: پیامک [q4.x]"], rows[-1]["از کجا شنیدید؟: پیامک [q4.x]"]] == ["", "1"]
    assert [
        rows[0]["چند سال است در این محله زندگی می‌کنید؟ (دیگر پرسیده نمی‌شود) [q4:number]"],
        rows[-1]["چند سال است در این محله زندگی می‌کنید؟ (دیگر پرسیده نمی‌شود) [q4:number]"],
    ] == ["3", ""]


def test_people_of_the_funnel_are_distinct_numbers(asked: Asked, drain: Callable[[], int]) -> None:
    asked.answer({"q1": "a1"}, 4)
    answered = list(asked.invited)
    waiting = asked.invite(6)
    campaign_id = deliver_messages(
        asked, {"delivered": answered + waiting[:2], "accepted": waiting[2:3], "undelivered": waiting[3:4], "pending": waiting[4:5]}
    )
    surveys.note_opened(_invitation(asked, waiting[0]), now().date())
    drain()
    with transaction():
        publish(ReceiptsRecorded(campaign_id, asked.id))
    drain()
    funnel = asked.report().funnel
    assert (funnel.invited, funnel.accepted, funnel.delivered, funnel.started, funnel.answered) == (8, 8, 6, 4, 4)
    assert funnel.opened == 1
    assert funnel.response_rate == pytest.approx(4 / 6)


def _invitation(asked: Asked, identity: int) -> int:
    return int(
        db.session.execute(
            text("SELECT id FROM invitation WHERE survey_id = :s AND identity_id = :i"), {"s": asked.id, "i": identity}
        ).scalar_one()
    )


def test_a_burst_of_answers_is_computed_once(asked: Asked, drain: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    drain()
    made = []
    compute = queries.compute_content
    monkeypatch.setattr(commands, "compute_content", lambda survey_id: made.append(survey_id) or compute(survey_id))
    asked.answer({"q1": "a1"}, 25)
    for _ in range(3):
        commands.request_refresh(asked.id)
    drain()
    assert made == [asked.id]
    assert asked.report().answers == 25
    assert commands.refresh_report(asked.id) is False


def test_an_answer_that_comes_while_a_report_is_computed_asks_for_the_next(
    asked: Asked, drain: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.answer({"q1": "a1"})
    compute = queries.compute_content

    def compute_and_be_overtaken(survey_id: int) -> Any:
        content = compute(survey_id)
        monkeypatch.setattr(commands, "compute_content", compute)
        with db.engine.begin() as other:  # somebody else's transaction, between counting and storing
            other.execute(
                text(
                    "INSERT INTO response (survey_id, version_id, channel, answers, receipt_code, submitted_at)"
                    " VALUES (:s, :v, 'link', '{\"q1\": \"a2\"}', 'X', now())"
                ),
                {"s": asked.id, "v": asked.version_id},
            )
            # whoever asks for the next report waits until this one is stored
            other.execute(text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(OperationalError):
                with other.begin_nested():
                    other.execute(text("UPDATE survey_report SET is_stale = true WHERE survey_id = :s"), {"s": asked.id})
        return content

    drain()
    commands.request_refresh(asked.id)
    monkeypatch.setattr(commands, "compute_content", compute_and_be_overtaken)
    assert commands.refresh_report(asked.id)
    assert asked.report().answers == 1
    commands.request_refresh(asked.id)
    drain()
    assert asked.report().answers == 2


def test_a_failed_computation_leaves_the_mark(asked: Asked, drain: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    drain()
    asked.answer({"q1": "a1"})
    commands.request_refresh(asked.id)
    monkeypatch.setattr(commands, "compute_content", lambda survey_id: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        commands.refresh_report(asked.id)
    assert asked.report().is_stale


def test_a_lost_bell_is_rung_again(app: Flask, asked: Asked, drain: Callable[[], int], clock: FrozenClock) -> None:
    drain()
    commands.request_refresh(asked.id)
    redis_connection().flushdb()  # the job and its bell are lost
    assert jobs.ring_for_stale_reports() == 0  # its bell may still be on its way
    clock.advance(timedelta(seconds=30))
    assert jobs.ring_for_stale_reports() == 1
    drain()
    assert not asked.report().is_stale
    db.session.execute(SurveyReport.__table__.update().values(shape="older"))
    db.session.commit()
    assert jobs.ring_for_stale_reports() == 1


def test_the_page_follows_an_answer_without_reloading(app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]) -> None:
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    empty = client.get(asked.url).get_data(as_text=True)
    assert "هنوز پاسخی نرسیده است." in empty
    asked.answer({"q1": "a1"}, 3)
    drain()
    few = client.get(_live_url(empty)).get_data(as_text=True)
    assert "تا رسیدن ۱۰ پاسخ، درصدها نمایش داده نمی‌شود." in few and "٪" not in few.split("funnel-h")[0]
    asked.answer({"q1": "a1", "q5": "زنگ بزنید ۰۹۱۲۱۲۳۴۵۶۷"}, 11)
    drain()
    full = client.get(_live_url(few)).get_data(as_text=True)
    assert "پاسخ‌دهندگان</a> در پرسش ۱ «روشنایی کوچه‌ها»" in full
    assert "۰۹۱۲۱۲۳۴۵۶۷" not in full and "زنگ بزنید *****" in full
    assert client.get(_live_url(full)).status_code == 204
    surveys.close_survey(asked.id, actor_id=None)
    drain()
    closed = client.get(_live_url(full)).get_data(as_text=True)
    assert "hx-get" not in closed and "ادامه دارد" not in closed


def _live_url(page: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def test_lists_and_texts(app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]) -> None:
    asked.answer({"q1": "a1", "q5": "<b>سلام</b> a@b.ir"}, 30)
    deliver_messages(asked, {"delivered": list(asked.invited), "accepted": asked.invite(20)})
    commands.request_refresh(asked.id)
    drain()
    sign_in(client, make_person(asked.unit_id))
    listed = client.get("/console/reports").get_data(as_text=True)
    assert DEFINITION.title in listed and "۱۰۰\u200f٪" in listed
    texts = client.get(f"{asked.url}/texts/q5").get_data(as_text=True)
    assert texts.count("&lt;b&gt;سلام&lt;/b&gt; *****") == 25
    assert client.get(f"{asked.url}/texts/q5?page=2").get_data(as_text=True).count("سلام") == 5
    assert [client.get(f"{asked.url}/texts/{key}").status_code for key in ("q1", "nothing")] == [404, 404]


def test_who_may_see_and_take_a_report(app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]) -> None:
    drain()
    assert client.get(asked.url).status_code == 303
    sign_in(client, make_person(asked.units[2], Role.MANAGER))
    with without_csrf(app):
        for method, path in (
            ("GET", asked.url),
            ("GET", f"{asked.url}/live"),
            ("GET", f"{asked.url}/texts/q5"),
            ("POST", f"{asked.url}/files/csv"),
        ):
            assert client.open(path, method=method).status_code == 404
    assert DEFINITION.title not in client.get("/console/reports").get_data(as_text=True)
    sign_in(client, make_person(asked.unit_id, Role.MANAGER))
    assert client.post(f"{asked.url}/files/csv").status_code == 400
    draft = surveys.create_survey(asked.unit_id, "پیش‌نویس", DEFINITION, actor_id=None)
    facts = get_survey_facts(draft)
    assert facts is not None and client.get(f"/console/reports/{facts.slug}").status_code == 404


def test_files_hold_the_answers_and_nobody(app: Flask, client: FlaskClient, asked: Asked, drain: Callable[[], int]) -> None:
    asked.answer({"q1": "a1", "q2": 4, "q3": ["b1"], "q4": 7, "q5": "=1+1 زنگ ۰۹۱۲۱۲۳۴۵۶۷"}, 10)
    asked.answer({"q1": "a2"}, 2)
    drain()
    user_id = make_person(asked.unit_id, Role.MANAGER)
    sign_in(client, user_id)
    with without_csrf(app):
        table, page, figures, none = (client.post(f"{asked.url}/files/{kind}") for kind in ("csv", "html", "json", "exe"))
    assert none.status_code == 404
    assert table.headers["Content-Disposition"] == f"attachment; filename=report-{asked.slug}.csv"
    content = table.get_data()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == 13 and len({len(row) for row in rows}) == 1
    assert rows[0][:4] == ["ردیف", "روز", "نسخهٔ پرسش‌نامه", "راه پاسخ"]
    assert rows[0][4] == "کدام کار در محلهٔ شما از همه واجب‌تر است؟ [q1]" and rows[0][6].endswith("=تاریکی [q3.b1]")
    assert rows[1] == ["1", "1405/09/01", "1", "لینک شخصی", "روشنایی کوچه‌ها", "4", "1", "0", "0", "7", "'=1+1 زنگ *****"]
    assert rows[12][4:] == ["ترمیم پیاده‌روها", "", "", "", "", "", ""]
    html = page.get_data(as_text=True)
    assert "<!doctype html>" in html and "data:font/woff2;base64," in html
    assert not re.search(r'(?:src|href)="(?!#)', html) and 'url("../' not in html
    document = json.loads(figures.get_data())
    assert document["answers"] == 12 and document["questions"][0]["options"][0] == {
        "id": "a1", "label": "روشنایی کوچه‌ها", "count": 10, "share": 10 / 12, "withdrawn": False,
    }  # fmt: skip
    db.session.rollback()
    entries = db.session.execute(select(AuditEntry.actor_id, AuditEntry.detail).where(AuditEntry.action == "report_exported")).all()
    assert [(entry.actor_id, entry.detail["kind"]) for entry in entries] == [(user_id, kind) for kind in ("csv", "html", "json")]


def test_texts_of_few_stay_out_of_the_file(app: Flask, asked: Asked, tmp_path: Path) -> None:
    asked.answer({"q1": "a1", "q5": "راز"}, 9)
    build_report(asked.id, tmp_path / "r.csv")
    assert "راز" not in (tmp_path / "r.csv").read_text("utf-8")
    asked.answer({"q1": "a1", "q5": "راز"})
    build_report(asked.id, tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text("utf-8").count("راز") == 10


@pytest.mark.parametrize("name", ["r.csv", "r.html", "r.json"])
def test_reports_are_built_of_nothing_and_of_the_newest_answers(app: Flask, asked: Asked, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    assert build_report(asked.id, target).answers == 0
    asked.answer({"q1": "a1"})
    assert build_report(asked.id, target).answers == 1  # no worker ran meanwhile
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_built_is_refused_and_leaves_nothing(app: Flask, asked: Asked, tmp_path: Path) -> None:
    for survey_id, target, code in (
        (asked.id, tmp_path / "r.exe", "report_suffix_unknown"),
        (asked.id, tmp_path / "none" / "r.csv", "report_file_unwritable"),
        (asked.id + 1, tmp_path / "r.csv", "survey_not_found"),
    ):
        with pytest.raises(Refused) as refused:
            build_report(survey_id, target)
        assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []
    assert db.session.execute(select(AuditEntry).where(AuditEntry.action == "report_exported")).first() is None


class Stage:
    """Stands where `engage` keeps its servers: these tests have theirs already."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app


def test_the_command_builds_by_public_id_and_by_number(app: Flask, asked: Asked, tmp_path: Path) -> None:
    asked.answer({"q1": "a1"}, 2)
    for named in (asked.slug, str(asked.id)):
        target = tmp_path / f"{named}.json"
        done = CliRunner().invoke(group, ["build", named, "--to", str(target), "--json"], obj=Stage(app), catch_exceptions=False)
        assert json.loads(done.stdout) == {"survey": asked.slug, "answers": 2, "file": str(target)}
        assert json.loads(target.read_text("utf-8"))["survey"]["id"] == asked.slug
    for arguments, code in ((["nothing", "--to", "x.csv"], "survey_not_found"), ([asked.slug, "--to", "x.exe"], "report_suffix_unknown")):
        refused = CliRunner().invoke(group, ["build", *arguments], obj=Stage(app))
        assert isinstance(refused.exception, Refused) and refused.exception.code == code
