"""Responses one by one: who may read which, what they are narrowed to, left out and taken in, looked at for quality, kept half-finished."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text, update

from engage.clock import FrozenClock, now
from engage.db import db, transaction
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports.queries import report_of
from surveys import commands as surveys
from surveys.definitions import Definition
from surveys.models import Response, ResponseDraft
from surveys.queries import get_survey_facts, response_count
from surveys.responses import commands, queries
from surveys.responses.jobs import finish_responses, ring_for_responses
from surveys.responses.rules import Wanted
from surveys.types import Calculation, Hidden, LongText, Matrix, Option, Single, Tally
from surveys.types.matrix import Row
from tests.features.test_reports_live import Asked
from tests.people import make_person, sign_in, without_csrf

COLUMNS = [Option(id="c1", label="کم"), Option(id="c2", label="زیاد")]
DEFINITION = Definition(
    title="محلهٔ شما",
    questions=[
        Single(id="q1", label="کدام واجب‌تر است؟", options=[Option(id="park", label="فضای سبز"), Option(id="light", label="روشنایی")]),
        LongText(id="q2", label="چرا؟", new_page=True),
        Matrix(id="q3", label="چقدر راضی هستید؟", options=COLUMNS, rows=[Row(id=f"r{n}", label=f"سطر {n}") for n in range(1, 6)]),
        Hidden(id="q4", label="از کجا", value="x"),
    ],
)
LONG = "کوچهٔ ما شب‌ها تاریک است و چراغ ندارد."
WHOLE = {"q1": "park", "q2": LONG, "q3.r1": "c1", "q3.r2": "c2"}


@pytest.fixture
def asked(app: Flask) -> Asked:
    return Asked(DEFINITION)


@pytest.fixture
def officer(app: Flask, asked: Asked) -> Iterator[FlaskClient]:
    with without_csrf(app):
        yield sign_in(app.test_client(), make_person(asked.unit_id))


def store(asked: Asked, answers: dict[str, Any] | None = None, **values: Any) -> int:
    """A response as an open link leaves it."""
    row = {
        "survey_id": asked.id,
        "version_id": asked.version_id,
        "channel": "open",
        "answers": answers or WHOLE,
        "receipt_code": "x",
        "submitted_at": now(),
    }
    with transaction() as session:
        found: int = session.execute(insert(Response).values(**(row | values)).returning(Response.id)).scalar_one()
    return found


def url(asked: Asked, rest: str = "") -> str:
    return f"/console/surveys/{asked.slug}/responses{rest}"


def flags(*ids: int) -> list[list[str]]:
    db.session.rollback()
    return [db.session.execute(select(Response.flags).where(Response.id == each)).scalar_one() for each in ids]


def test_one_response_in_words_without_a_person(asked: Asked, officer: FlaskClient) -> None:
    assert "هنوز پاسخی نرسیده است" in officer.get(url(asked)).text
    asked.answer(WHOLE)
    [line] = queries.list_responses(asked.id, Wanted())
    listed = officer.get(url(asked)).text
    assert f"/responses/{line.id}" in listed and "لینک شخصی" in listed and "شمرده می‌شود" in listed
    page = officer.get(url(asked, f"/{line.id}")).text
    for words in ("فضای سبز", LONG, "سطر 1: کم؛ سطر 2: زیاد", "پاسخ نداده یا از او پرسیده نشده", "روز و ساعت"):
        assert words in page
    invitation, receipt = db.session.execute(text("SELECT invitation_id, receipt_code FROM response")).one()
    assert receipt not in page and "نرگس" not in page.split("<main")[1]
    assert url(asked) in officer.get(f"/console/surveys/{asked.slug}").text


def test_who_may_read(app: Flask, asked: Asked, officer: FlaskClient) -> None:
    response_id = store(asked)
    other = Asked(DEFINITION, unit_id=asked.units[2])
    foreign = store(other)
    manager = sign_in(app.test_client(), make_person(asked.unit_id, Role.MANAGER))
    for rest in ("", f"/{response_id}", "/exclude"):
        assert officer.get(url(asked, rest)).status_code == 200
        assert manager.get(url(asked, rest)).status_code == 403
        assert officer.get(url(other, rest)).status_code == 404
    assert "/responses" not in manager.get(f"/console/surveys/{asked.slug}").text
    assert officer.get(url(asked, f"/{foreign}")).status_code == 404
    assert officer.post(url(asked, f"/{foreign}/exclude"), data={"reason": "آزمایش"}).status_code == 404
    assert officer.get(url(asked, "/99999999999999999999")).status_code == 404


def test_filters_and_pages(asked: Asked, officer: FlaskClient) -> None:
    ids = [store(asked) for _ in range(queries.PAGE + 3)]
    early = store(asked, submitted_at=datetime(2026, 11, 1, 21, 0, tzinfo=UTC), channel="paper", language="az", flags=["speeding"])
    store(asked, is_partial=True)
    first = officer.get(url(asked)).text
    assert f"before={ids[5]}" in first or "قدیمی‌ترها" in first
    lines = queries.list_responses(asked.id, Wanted())
    rest = queries.list_responses(asked.id, Wanted(), before=lines[-1].id)
    assert len(lines) == queries.PAGE and len(rest) == 5 and {each.id for each in lines}.isdisjoint(each.id for each in rest)

    def found(**wanted: Any) -> int:
        return queries.count_responses(asked.id, Wanted(**wanted))

    assert found(channel="paper") == found(language="az") == found(flag="any") == found(flag="speeding") == found(state="partial") == 1
    # Half past midnight in Tehran is the next day there.
    assert found(since=date(2026, 11, 2), until=date(2026, 11, 2)) == 1 and found(until=date(2026, 11, 1)) == 0
    assert f"/responses/{early}" in officer.get(url(asked, "?channel=paper&since=1405/08/11&until=۱۴۰۵/۰۸/۱۱")).text
    assert "خوانا نیست" in officer.get(url(asked, "?since=nonsense")).text
    assert "هیچ پاسخی با این پالایش جور نیست" in officer.get(url(asked, "?channel=kiosk")).text


def test_one_is_left_out_and_counts_again(asked: Asked, officer: FlaskClient) -> None:
    asked.answer(WHOLE, count=2)
    response_id = store(asked)
    assert response_count(asked.id) == 3
    assert officer.post(url(asked, f"/{response_id}/exclude"), data={"reason": "."}).status_code == 422
    assert officer.post(url(asked, f"/{response_id}/exclude"), data={"reason": "آزمایش همکار"}).status_code == 303
    assert response_count(asked.id) == 2 and asked.report().content.excluded in (0, 1)
    waiting = text("SELECT count(*) FROM outbox WHERE name = 'ResponsesArrived'")
    assert db.session.execute(waiting).scalar_one() > 0
    page = officer.get(url(asked, f"/{response_id}")).text
    assert "آزمایش همکار" in page and "برگرداندن به شمارش" in page
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "responses_excluded")).one()
    assert entry.detail["count"] == 1 and entry.detail["reason"] == "آزمایش همکار" and entry.actor_id is not None
    assert officer.post(url(asked, f"/{response_id}/include")).status_code == 303
    assert response_count(asked.id) == 3
    with pytest.raises(Refused, match="response_gone"):
        commands.include_response(response_id, actor_id=None)


def test_a_filtered_set_is_left_out_after_its_count_was_seen(asked: Asked, officer: FlaskClient) -> None:
    for _ in range(3):
        store(asked, flags=["duplicate"])
    kept = store(asked)
    address = url(asked, "/exclude?flag=duplicate")
    assert "۳ پاسخ از همهٔ شمارش‌ها کنار گذاشته می‌شود" in officer.get(address).text
    upto = queries.choice_of(asked.id, Wanted(flag="duplicate"), is_excluding=True).upto
    data = {"reason": "تکراری", "upto": str(upto), "expected": "2"}
    assert officer.post(address, data=data).status_code == 422 and response_count(asked.id) == 4
    store(asked, flags=["duplicate"])  # came after the count was seen
    assert officer.post(address, data=data | {"expected": "3"}).status_code == 303
    assert response_count(asked.id) == 2
    again = url(asked, "/include?state=excluded&flag=duplicate")
    assert "۳ پاسخ دوباره شمرده خواهد شد" in officer.get(again).text
    assert officer.post(again, data={"upto": str(upto), "expected": "3"}).status_code == 303
    assert response_count(asked.id) == 5 and kept


def test_signs_are_found_once_and_again(asked: Asked, officer: FlaskClient) -> None:
    usual = [store(asked, {"q1": "park"}, seconds=90, channel="link") for _ in range(10)]
    fast = store(asked, {"q1": "park"}, seconds=29, channel="link")
    straight = store(asked, {f"q3.r{n}": "c1" for n in range(1, 6)})
    first, second, later = store(asked), store(asked), store(asked, submitted_at=now() - timedelta(days=2))
    assert commands.flag_responses(asked.id) == 3 and commands.flag_responses(asked.id) == 0
    assert flags(fast, straight, first, second, later) == [["speeding"], ["straight_lining"], [], ["duplicate"], []]
    assert flags(*usual) == [[]] * 10
    assert response_count(asked.id) == 15
    assert "تکرار یک پاسخ پیشین" in officer.get(url(asked, f"/{second}")).text


def test_what_was_never_sent_off_is_kept_once(asked: Asked, officer: FlaskClient, clock: FrozenClock) -> None:
    first, second, third = asked.invite(3)
    links = {each: surveys_link(asked, each) for each in (first, second, third)}
    surveys.keep_answers(links[first], "a" * 22, asked.version_id, {"q1": "park", "q2": LONG}, "fa")
    surveys.keep_answers(links[first], "b" * 22, asked.version_id, {"q1": "light"}, "fa")
    surveys.keep_answers(links[second], "c" * 22, asked.version_id, {"q2": LONG}, "fa")
    assert commands.keep_partial_answers(asked.id) == 0
    surveys.close_survey(asked.id, actor_id=None)
    finish_responses(asked.id)
    finish_responses(asked.id)
    db.session.rollback()
    [kept] = db.session.scalars(select(Response)).all()
    assert kept.is_partial and kept.invitation_id == links[first] and "q2" not in kept.answers and kept.channel == "link"
    assert db.session.scalars(select(ResponseDraft)).all() == []
    assert response_count(asked.id) == 0 and report_of(asked.id).answers == 0
    from engage.reports.commands import refresh_report

    refresh_report(asked.id, force=True)
    assert report_of(asked.id).content.partial == 1
    assert "نیمه‌کاره" in officer.get(url(asked)).text


def test_a_week_without_a_save_ends_an_open_survey_s_draft(asked: Asked) -> None:
    [identity] = asked.invite(1)
    link = surveys_link(asked, identity)
    surveys.keep_answers(link, "a" * 22, asked.version_id, {"q1": "park"}, "fa")
    surveys.keep_answers(link, "b" * 22, asked.version_id, {"q1": "light"}, "fa")
    with transaction() as session:
        session.execute(update(ResponseDraft).values(updated_at=now() - timedelta(days=8)))
        newest = session.execute(select(ResponseDraft.id).order_by(ResponseDraft.id.desc()).limit(1)).scalar_one()
        session.execute(update(ResponseDraft).where(ResponseDraft.id == newest).values(updated_at=now()))
    assert commands.keep_partial_answers(asked.id) == 0, "another browser of the same link was used since"
    with transaction() as session:
        session.execute(update(ResponseDraft).values(updated_at=now() - timedelta(days=8)))
    assert asked.id in commands.surveys_with_old_drafts()
    assert commands.keep_partial_answers(asked.id) == 1
    # Whoever comes back may still answer.
    found = surveys_find(asked, identity)
    assert surveys.submit_response(found, asked.version_id, WHOLE).receipt_code
    assert response_count(asked.id) == 1
    assert ring_for_responses() >= 1


def surveys_find(asked: Asked, identity: int) -> Any:
    from surveys.queries import find_link

    link = find_link(asked.invited[identity])
    assert link is not None
    return link


def surveys_link(asked: Asked, identity: int) -> int:
    found: int = surveys_find(asked, identity).invitation_id
    return found


def test_of_an_anonymous_survey_only_days_are_shown_and_under_its_seal_nothing(app: Flask, asked: Asked, officer: FlaskClient) -> None:
    with transaction() as session:
        survey_id = surveys.create_survey(
            asked.unit_id, "ناشناس", Definition(title="ناشناس", is_anonymous=True, questions=DEFINITION.questions[:1]), actor_id=None
        )
        version_id = surveys.publish_survey(survey_id, closes_at=now() + timedelta(days=2), results_on=None, actor_id=None)
        response_id = session.execute(
            insert(Response)
            .values(survey_id=survey_id, version_id=version_id, channel="link", answers={"q1": "park"}, receipt_code="", submitted_at=now())
            .returning(Response.id)
        ).scalar_one()
    facts = get_survey_facts(survey_id)
    assert facts is not None
    base = f"/console/surveys/{facts.slug}/responses"
    page = officer.get(base).text
    assert "این نظرسنجی ناشناس است" in page and f"/responses/{response_id}" not in page
    assert officer.get(f"{base}/{response_id}").status_code == 404
    with transaction() as session:
        session.execute(text("UPDATE survey_seal SET state = 'sealed' WHERE survey_id = :id"), {"id": survey_id})
    page = officer.get(base).text
    assert "کمتر از ۲۰ پاسخ" in page and "لینک شخصی" not in page
    assert officer.get(f"{base}/exclude").status_code == 404
    for where in ("/console/reports", f"/console/reports/{facts.slug}"):
        assert "کمتر از ۲۰ پاسخ" in officer.get(where).text


def test_a_long_list_is_one_page(asked: Asked, officer: FlaskClient) -> None:
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO response (survey_id, version_id, channel, answers, receipt_code, submitted_at)"
                " SELECT :survey, :version, 'open', '{\"q1\": \"park\"}', '', now() FROM generate_series(1, 20000)"
            ),
            {"survey": asked.id, "version": asked.version_id},
        )
    page = officer.get(url(asked))
    assert page.status_code == 200 and "۲۰٬۰۰۰ پاسخ" in page.text and len(page.data) < 120_000
    assert page.text.count("row-link") == queries.PAGE


def test_kinds_nobody_is_asked_say_so(app: Flask) -> None:
    definition = Definition(title="t", questions=[Calculation(id="q1", label="جمع", formula="1 + 1")])
    [line] = queries.answers_in_words(definition.questions, {"q1": 2}, lambda words, **values: words % values if values else words)
    assert (line.number, line.label, line.words) == (0, "جمع", "۲") and definition.questions[0].tally == Tally.NUMBERS
