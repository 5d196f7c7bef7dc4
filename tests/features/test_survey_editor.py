"""The editor: every type opens and saves, conditions without typing, order, undo and redo, two officers, versions, translations, trials."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from engage.clock import now
from engage.db import db
from engage.refusal import Refused
from surveys import commands, queries
from surveys.conditions import askable, compose, in_words, join
from surveys.definitions import Definition, check
from surveys.logic import kind_of, parse
from surveys.logic.kinds import Kind
from surveys.starters import STARTERS
from surveys.types import QUESTION_TYPES, LongText, Multiple, Number, Option, Rating, ShortText, Single, YesNo
from tests.people import make_person, make_units, sign_in, without_csrf

SINGLE = Single(id="q1", label="کدام؟", options=[Option(id="a1", label="روشنایی"), Option(id="a2", label="نظافت")])


@pytest.fixture
def district(app: Flask) -> Iterator[int]:
    with without_csrf(app):
        yield make_units()[1]


@pytest.fixture
def officer(app: Flask, district: int) -> FlaskClient:
    return sign_in(app.test_client(), make_person(district, name="مریم کاظمی", email="one@example.ir"))


def make(district: int, *questions: Any, **more: Any) -> queries.SurveyDetail:
    survey_id = commands.create_survey(district, "نمونه", Definition(title="نمونه", questions=list(questions), **more), actor_id=None)
    return again(survey_id)


def again(survey: int | queries.SurveyDetail) -> queries.SurveyDetail:
    db.session.rollback()
    found = queries.get_survey(survey if isinstance(survey, int) else survey.id)
    assert found is not None
    return found


def base(survey: queries.SurveyDetail) -> str:
    return f"/console/surveys/{survey.slug}"


def publish(survey: queries.SurveyDetail, **more: Any) -> int:
    return commands.publish_survey(survey.id, closes_at=now() + timedelta(days=3), results_on=None, actor_id=None, **more)


# -- cards -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(QUESTION_TYPES))
def test_every_type_can_be_added_opened_and_saved(officer: FlaskClient, district: int, kind: str) -> None:
    survey = make(district, SINGLE)
    page = officer.get(f"{base(survey)}/edit").text
    assert f'name="kind" value="{kind}"' in page
    added = officer.post(f"{base(survey)}/edit/add", data={"kind": kind, "revision": 1})
    assert added.status_code == 303 and "open=q2" in added.location
    opened = officer.get(added.location)
    assert opened.status_code == 200 and 'name="q2-label"' in opened.text
    saved = officer.post(
        f"{base(survey)}/edit/questions/q2", data={"q2-revision": 2, "q2-label": "تازه"}, headers={"Accept": "application/json"}
    )
    assert saved.status_code in (200, 422)
    check(again(survey).draft)


def test_only_the_opened_card_carries_its_form_so_a_long_survey_stays_quick(officer: FlaskClient, district: int) -> None:
    options = [Option(id=f"a{n}", label=f"گزینهٔ {n}") for n in range(200)]
    questions = [
        Single(id=f"q{n}", label=f"پرسش {n}", options=options if n % 10 == 0 else SINGLE.options, show_if='q0 = "a1"' if n > 1 else "")
        for n in range(300)
    ]
    survey = make(district, *questions)
    officer.get(f"{base(survey)}/edit")
    began = time.process_time()
    page = officer.get(f"{base(survey)}/edit?open=q150").text
    took = time.process_time() - began
    assert page.count('data-question="') == 300 and page.count("data-autosave") == 1 and 'name="q150-label"' in page
    print(f"300 questions, 30 of them with 200 options: {took:.2f} s, {len(page) // 1024} KB")


def test_questions_are_added_behind_another_copied_and_placed(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE, LongText(id="q2", label="حرف دیگر"))
    officer.post(f"{base(survey)}/edit/add", data={"kind": "rating", "after": "q1", "revision": 1})
    officer.post(f"{base(survey)}/edit/questions/q1/copy", data={"revision": 2})
    assert [each.id for each in again(survey).draft.questions] == ["q1", "q4", "q3", "q2"]
    moved = officer.post(
        f"{base(survey)}/edit/questions/q2/move", data={"revision": 3, "place": "۱"}, headers={"Accept": "application/json"}
    )
    assert moved.json["revision"] == 4
    assert [each.id for each in again(survey).draft.questions] == ["q2", "q1", "q4", "q3"]
    refused = officer.post(
        f"{base(survey)}/edit/questions/q2/move", data={"revision": 4, "place": "بالا"}, headers={"Accept": "application/json"}
    )
    assert refused.status_code == 422 and again(survey).revision == 4


def test_a_new_part_never_takes_an_id_that_answers_are_counted_by(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    publish(survey)
    data = {"q1-label": "کدام؟", "q1-revision": 1}
    officer.post(f"{base(survey)}/edit/questions/q1", data=data | {"q1-options": "روشنایی"})
    officer.post(f"{base(survey)}/edit/questions/q1", data=data | {"q1-options": "روشنایی\nنیمکت", "q1-revision": 2})
    options = again(survey).draft.questions[0].options  # type: ignore[union-attr]
    assert [each.label for each in options] == ["روشنایی", "نیمکت"] and options[1].id not in ("a1", "a2")
    officer.post(f"{base(survey)}/edit/questions/q1/delete", data={"revision": 3})
    officer.post(f"{base(survey)}/edit/add", data={"kind": "number", "revision": 4})
    assert [each.id for each in again(survey).draft.questions] == ["q2"]


# -- saving ------------------------------------------------------------------------------------------------------------------------------


def test_a_pause_saves_and_says_what_is_missing(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    wanted = {"q1-revision": 1, "q1-label": "کدام کار؟", "q1-options": "روشنایی"}
    saved = officer.post(f"{base(survey)}/edit/questions/q1", data=wanted, headers={"Accept": "application/json"})
    assert saved.json["revision"] == 2 and saved.json["label"] == "کدام کار؟" and "ذخیره شد" in saved.json["message"]
    assert len(saved.json["problems"]) == 1 and "دست‌کم دو" in saved.json["problems"][0]["words"]
    bad = officer.post(
        f"{base(survey)}/edit/questions/q1", data=wanted | {"q1-label": "x" * 600, "q1-revision": 2}, headers={"Accept": "application/json"}
    )
    assert bad.status_code == 422 and "q1-label" in bad.json["faults"] and again(survey).revision == 2


def test_the_second_officer_hears_who_was_first_and_compares(app: Flask, officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    other = sign_in(app.test_client(), make_person(district, name="رضا مرادی", email="two@example.ir"))
    address = f"{base(survey)}/edit/questions/q1"
    other.post(address, data={"q1-revision": 1, "q1-label": "نوشتهٔ رضا", "q1-options": "یک\nدو"})
    mine = {"q1-revision": 1, "q1-label": "نوشتهٔ مریم", "q1-options": "روشنایی\nنظافت"}
    told = officer.post(address, data=mine, headers={"Accept": "application/json"})
    assert (
        told.status_code == 409
        and told.json["revision"] == 2
        and "رضا مرادی" in told.json["message"]
        and "نوشتهٔ رضا" in told.json["compared"]
    )
    page = officer.post(address, data=mine)
    assert page.status_code == 409 and "رضا مرادی" in page.text and "نوشتهٔ مریم" in page.text and "نوشتهٔ رضا" in page.text
    assert again(survey).draft.questions[0].label == "نوشتهٔ رضا"
    officer.post(address, data=mine | {"q1-revision": 2})
    assert again(survey).draft.questions[0].label == "نوشتهٔ مریم"


def test_undo_goes_back_step_by_step_and_redo_forth_again(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    labels = ["یک", "دو", "سه"]
    for number, label in enumerate(labels, 1):
        officer.post(f"{base(survey)}/edit/questions/q1", data={"q1-revision": number, "q1-label": label, "q1-options": "الف\nب"})

    def step(way: str) -> str:
        officer.post(f"{base(survey)}/edit/{way}/{again(survey).revision}")
        return again(survey).draft.questions[0].label

    assert [step("undo") for _ in range(3)] == ["دو", "یک", "کدام؟"]
    refused = officer.post(f"{base(survey)}/edit/undo/{again(survey).revision}")
    assert refused.status_code == 422 and "چیزی برای برگرداندن نیست" in refused.text or "برگرداند" in refused.text
    assert [step("redo") for _ in range(3)] == ["یک", "دو", "سه"]
    assert step("undo") == "دو"
    officer.post(
        f"{base(survey)}/edit/questions/q1", data={"q1-revision": again(survey).revision, "q1-label": "چهار", "q1-options": "الف\nب"}
    )
    with pytest.raises(Refused, match="nothing_to_redo"):
        commands.redo_draft(survey.id, again(survey).revision, actor_id=None)
    assert step("undo") == "دو"
    page = officer.get(f"{base(survey)}/saves").text
    assert "مریم کاظمی" in page
    revision = queries.saves_of(survey.id)[-1].revision
    officer.post(f"{base(survey)}/saves/{revision}/restore", data={"revision": again(survey).revision})
    assert again(survey).draft == survey.draft


def test_a_hundred_saves_are_kept(district: int) -> None:
    survey = make(district, SINGLE)
    revision = 1
    for number in range(105):
        revision = commands.save_draft(survey.id, Definition(title=f"عنوان {number}", questions=[SINGLE]), revision, actor_id=None)
    assert len(queries.saves_of(survey.id)) == 100
    for _ in range(99):
        revision = commands.undo_draft(survey.id, revision, actor_id=None)
    assert again(survey).draft.title == "عنوان 5"
    with pytest.raises(Refused, match="nothing_to_undo"):
        commands.undo_draft(survey.id, revision, actor_id=None)


# -- conditions --------------------------------------------------------------------------------------------------------------------------


def test_a_condition_is_made_without_typing_it(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE, Number(id="q2", label="چند سال؟"), LongText(id="q3", label="چرا؟"))
    address = f"{base(survey)}/edit/questions/q3"
    data = {"q3-label": "چرا؟", "q3-max_length": "500", "do": "rule", "q3-rule-target": "show_if"}
    officer.post(address, data=data | {"q3-revision": 1, "q3-rule-name": "q1", "q3-rule-comparison": "is", "q3-rule-value": "نظافت"})
    show_if = again(survey).draft.questions[2].show_if
    assert show_if == 'q1 = "a2"'
    added = officer.post(
        address,
        data=data
        | {
            "q3-revision": 2,
            "q3-show_if": show_if,
            "q3-rule-name": "q2",
            "q3-rule-comparison": "least",
            "q3-rule-value": "۵",
            "q3-rule-word": "or",
        },
    )
    assert again(survey).draft.questions[2].show_if == 'q1 = "a2" or q2 >= 5'
    assert "پاسخ «کدام؟» «نظافت» باشد یا پاسخ «چند سال؟» دست‌کم ۵ باشد" in officer.get(added.location).text
    wrong = officer.post(
        address, data=data | {"q3-revision": 3, "q3-rule-name": "q1", "q3-rule-comparison": "is", "q3-rule-value": "آسفالت"}
    )
    assert wrong.status_code == 422 and "روشنایی، نظافت" in wrong.text


def test_problems_of_logic_stand_at_their_card_and_field(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE, LongText(id="q2", label="چرا؟", show_if='q9 = "a1"'))
    page = officer.get(f"{base(survey)}/edit?open=q2").text
    card = page.split('id="q2"')[1]
    assert "field-error at-field" in card and "q9" in card
    assert "field-error" in officer.get(f"{base(survey)}/publish").text or "q9" in officer.get(f"{base(survey)}/publish").text


@pytest.mark.parametrize(
    ("question", "comparison", "value", "written"),
    [
        (SINGLE, "is_not", "روشنايي", 'q1 != "a1"'),
        (Multiple(id="q1", label="?", options=SINGLE.options), "is", "a2", 'q1 has "a2"'),
        (Multiple(id="q1", label="?", options=SINGLE.options), "is_not", "نظافت", 'not q1 has "a2"'),
        (Rating(id="q1", label="?"), "under", "۳", "q1 < 3"),
        (Number(id="q1", label="?"), "most", "۱۲٫۵", "q1 <= 12.5"),
        (YesNo(id="q1", label="?"), "is", "بله", 'q1 = "yes"'),
        (ShortText(id="q1", label="?"), "is", 'a"b', 'q1 = "a\\"b"'),
        (SINGLE, "answered", "", "answered(q1)"),
        (SINGLE, "unanswered", "", "not answered(q1)"),
    ],
)
def test_composed_conditions_make_sense(question: Any, comparison: str, value: str, written: str) -> None:
    [asked] = askable([question])
    assert compose(asked, comparison, value) == written
    assert kind_of(parse(written), {"q1": question.names()[""]}) is Kind.TRUTH
    assert in_words(written, {"q1": asked}, lambda text, **params: text % params)
    assert kind_of(parse(join(f"{written} or {written}", written, "and")), {"q1": question.names()[""]}) is Kind.TRUTH


@pytest.mark.parametrize(
    ("question", "comparison", "value", "code"),
    [
        (SINGLE, "over", "a1", "rule_comparison_unfit"),
        (SINGLE, "is", "", "rule_value_missing"),
        (SINGLE, "is", "چیز دیگر", "rule_value_unknown"),
        (Number(id="q1", label="?"), "is", "زیاد", "rule_value_unreadable"),
        (Number(id="q1", label="?"), "drop table", "1", "rule_comparison_unknown"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(question: Any, comparison: str, value: str, code: str) -> None:
    [asked] = askable([question])
    with pytest.raises(Refused) as refused:
        compose(asked, comparison, value)
    assert refused.value.code == code


# -- settings, translations, publishing ----------------------------------------------------------------------------------------------------


def test_quotas_and_languages_are_settings(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    officer.post(
        f"{base(survey)}/settings/quotas",
        data={
            "revision": 1,
            "quota-label": "روشنایی",
            "quota-limit": "۵۰",
            "quota-name": "q1",
            "quota-comparison": "is",
            "quota-value": "روشنایی",
        },
    )
    officer.post(
        f"{base(survey)}/settings", data={"revision": 2, "privacy": "confidential", "languages": ["ar", "en"], "data_use": "برای بودجه"}
    )
    draft = again(survey).draft
    assert [(each.when, each.limit) for each in draft.quotas] == [('q1 = "a1"', 50)]
    assert draft.languages == ["ar", "en"] and draft.data_use == "برای بودجه"
    address = f"{base(survey)}/translations/ar"
    assert "کدام؟" in officer.get(address).text
    officer.post(address, data={"revision": 3, "text.q1.label": "أي؟", "text.title": "", "text.q9.label": "lost"})
    assert again(survey).draft.translations == {"ar": {"q1.label": "أي؟"}}
    assert officer.get(f"{base(survey)}/translations/hy").status_code == 404
    assert "أي؟" in officer.get(f"{base(survey)}/preview/page?language=ar").text
    officer.post(f"{base(survey)}/settings/quotas/quota1/delete", data={"revision": 4})
    assert again(survey).draft.quotas == []


def test_anonymity_is_settled_by_the_first_version(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    officer.post(f"{base(survey)}/settings", data={"revision": 1, "privacy": "anonymous"})
    publish(again(survey), response_limit=500)
    assert again(survey).is_anonymous and again(survey).response_limit == 500
    assert db.session.execute(text("SELECT state FROM survey_seal WHERE survey_id = :id"), {"id": survey.id}).scalar_one() == "open"
    officer.post(f"{base(survey)}/settings", data={"revision": 2, "privacy": "confidential"})
    assert again(survey).draft.is_anonymous
    commands.save_draft(survey.id, Definition(title="نمونه", questions=[SINGLE]), again(survey).revision, actor_id=None)
    with pytest.raises(Refused, match="anonymity_is_settled"):
        publish(again(survey))


def test_publishing_warns_without_standing_in_the_way(officer: FlaskClient, district: int) -> None:
    long = [LongText(id=f"t{n}", label=f"متن {n}") for n in range(16)]
    national = QUESTION_TYPES["national_id"](id="n", label="کد ملی")
    survey = make(district, SINGLE, national, *long)
    page = officer.get(f"{base(survey)}/publish").text
    assert "پس از هفت دقیقه" in page and "کد ملی می‌خواهند" in page
    commands.save_draft(survey.id, Definition(title="نمونه", questions=[SINGLE, long[0]], is_anonymous=True), 1, actor_id=None)
    assert "خود را بشناساند" in officer.get(f"{base(survey)}/publish").text


# -- versions, copies, trials, files -------------------------------------------------------------------------------------------------------


def test_versions_are_compared_and_restored(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    publish(survey)
    other = Single(id="q1", label="کدام کار؟", options=SINGLE.options)
    commands.save_draft(survey.id, Definition(title="نمونه", questions=[other, LongText(id="q2", label="حرف دیگر")]), 1, actor_id=None)
    page = officer.get(f"{base(survey)}/versions").text
    assert "کدام کار؟" in page and "کدام؟" in page and "حرف دیگر" in page
    publish(survey)
    page = officer.get(f"{base(survey)}/versions?before=1&after=2").text
    assert "حرف دیگر" in page
    assert officer.get(f"{base(survey)}/versions?before=7&after=2").status_code == 404
    officer.post(f"{base(survey)}/versions/1/restore", data={"revision": 2})
    assert again(survey).draft.questions == [SINGLE]


def test_a_copy_is_a_draft_of_its_own(officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    publish(survey)
    made = officer.post(f"{base(survey)}/copy", data={"title": "نمونهٔ دوم"})
    copy = queries.find_survey(made.location.split("/surveys/")[1].split("/")[0])
    assert (
        copy is not None
        and copy.state == "draft"
        and copy.title == "نمونهٔ دوم"
        and copy.draft.questions == [SINGLE]
        and copy.unit_id == district
    )


def test_a_trial_is_answered_on_the_citizens_page_and_never_counted(app: Flask, officer: FlaskClient, district: int) -> None:
    survey = make(district, SINGLE)
    begun = officer.get(f"{base(survey)}/try")
    assert officer.get(begun.location).status_code == 200
    stranger = sign_in(app.test_client(), make_person(district, email="two@example.ir"))
    assert stranger.post(begun.location, data={"q1": "a1"}).status_code == 404
    assert officer.post(f"{base(survey)}/try/forged", data={"q1": "a1"}).status_code == 404
    for choice in ("a1", "a2"):
        assert officer.post(begun.location, data={"q1": choice}).status_code == 303
    page = officer.get(f"{base(survey)}/trials").text
    assert "نظافت" in page and "روشنایی" in page and queries.response_count(survey.id) == 0
    newest = queries.tried_answers(survey.id)[0]
    officer.post(f"{base(survey)}/trials/delete", data={"trial": newest.id})
    assert [each.answers for each in queries.tried_answers(survey.id)] == [{"q1": "a1"}]
    officer.post(f"{base(survey)}/trials/delete")
    assert queries.tried_answers(survey.id) == []
    actions = db.session.execute(text("SELECT action FROM audit_entry ORDER BY id DESC LIMIT 4")).scalars().all()
    assert actions == ["survey_trials_deleted", "survey_trials_deleted", "survey_tried", "survey_tried"]


def test_files_go_out_and_come_in(officer: FlaskClient, district: int) -> None:
    from io import BytesIO

    survey = make(district, *STARTERS["event"]("").questions)
    assert officer.get(f"{base(survey)}/files").status_code == 200
    for kind in ("json", "xlsx"):
        file = officer.get(f"{base(survey)}/files/{kind}")
        assert file.status_code == 200 and file.headers["Content-Disposition"].startswith("attachment")
        taken = officer.post("/console/surveys/import", data={"file": (BytesIO(file.data), f"فرم.{kind}")})
        assert taken.status_code in (200, 303), taken.text
    [newest, *_] = queries.list_surveys([district])
    assert newest.question_count >= 5
    refused = officer.post("/console/surveys/import", data={"file": (BytesIO(b"{"), "x.json")})
    assert refused.status_code == 422 and len(queries.list_surveys([district])) == 3
    assert officer.get(f"{base(survey)}/files/pdf").data.startswith(b"%PDF")
