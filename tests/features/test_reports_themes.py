"""Themes of what was written: counted over real responses, kept by the office, hidden where few wrote, and never a number or a name."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, text

from engage.db import db, transaction
from engage.identity.models import AuditEntry
from engage.identity.rules import Role
from engage.refusal import Refused
from engage.reports.commands import refresh_report
from engage.reports.queries import texts_of
from engage.reports.themes import commands, queries
from engage.reports.themes.counting import count_themes
from engage.reports.themes.models import ReportTheme, ReportThemeCount
from engage.reports.themes.shapes import QuestionThemes
from surveys.queries.texts import stream_texts
from tests.features.test_reports_live import Asked
from tests.people import make_person, sign_in, without_csrf

DARK = "کوچه‌ها تاريك است و آقای رضایی با 09121234567 جواب نمی‌دهد"
ANY = {"q1": "a1"}


@pytest.fixture
def asked(app: Flask) -> Asked:
    made = Asked()
    made.answer(ANY | {"q5": DARK}, 12)
    made.answer(ANY | {"q5": "جای پارک نداریم"}, 11)
    made.answer(ANY | {"q5": "موش زیاد شده"}, 3)
    made.answer(ANY, 2)
    refresh_report(made.id, force=True)
    return made


@pytest.fixture
def open_forms(app: Flask) -> Iterator[None]:
    with without_csrf(app):
        yield


def counted(asked: Asked) -> QuestionThemes:
    count_themes(asked.id)
    (found,) = queries.themes_of(asked.report())
    return found


def test_without_a_lexicon_frequent_words_stand_there_as_estimates(asked: Asked) -> None:
    assert queries.themes_of(asked.report()) == ()
    found = counted(asked)
    assert found.question_key == "q5" and found.answered == 26 and found.untouched is None
    assert ("جای پارک", 11, True) in {(each.label, each.count, each.is_estimated) for each in found.themes}
    assert all(not each.quotes for each in found.themes)


def test_themes_are_counted_few_are_hidden_and_quotes_masked(asked: Asked) -> None:
    dark = commands.add_theme(asked.report(), "تاریکی", "تاریک، چراغ", actor_id=None)
    commands.add_theme(asked.report(), "کوچه", "کوچه", actor_id=None)
    found = counted(asked)
    assert [(each.label, each.count) for each in found.themes] == [("تاریکی", 12), ("کوچه", 12)]
    assert found.themes[0].id == dark and found.themes[0].share == pytest.approx(12 / 26)
    assert found.untouched == 14
    assert found.themes[0].quotes and not any("0912" in quote or "رضایی" in quote for quote in found.themes[0].quotes)
    commands.add_theme(asked.report(), "موش", "موش", actor_id=None)
    found = counted(asked)
    assert (found.themes[-1].label, found.themes[-1].count, found.themes[-1].quotes) == ("موش", None, ())
    assert found.untouched is None


def test_figures_move_in_steps_and_with_the_lexicon(asked: Asked) -> None:
    theme = commands.add_theme(asked.report(), "تاریکی", "تاریک", actor_id=None)
    counted(asked)
    asked.answer(ANY | {"q5": "تاریک"}, 9)
    refresh_report(asked.id, force=True)
    assert counted(asked).themes[0].count == 12
    asked.answer(ANY | {"q5": "تاریک"})
    refresh_report(asked.id, force=True)
    assert counted(asked).themes[0].count == 22
    commands.change_theme(asked.report(), theme, "پارک", "پارک", is_on=True, revision=1, actor_id=None)
    assert asked.id in queries.due_for_counting()
    assert counted(asked).themes[0].count == 11
    assert asked.id not in queries.due_for_counting()


def test_merging_adds_the_words_and_deleting_takes_the_figure_away(asked: Asked) -> None:
    one = commands.add_theme(asked.report(), "تاریکی", "تاریک", actor_id=None)
    other = commands.add_theme(asked.report(), "پارک", "پارک", actor_id=None)
    with pytest.raises(Refused, match="theme_merge_self"):
        commands.merge_themes(asked.report(), one, one, actor_id=None)
    commands.merge_themes(asked.report(), other, one, actor_id=None)
    assert [(each.label, each.count) for each in counted(asked).themes] == [("تاریکی", None)], "three stay without a theme: few"
    with pytest.raises(Refused, match="theme_gone"):
        commands.delete_theme(asked.report(), other, actor_id=None)
    commands.delete_theme(asked.report(), one, actor_id=None)
    assert not db.session.scalars(select(ReportTheme.id)).all()
    entries = db.session.execute(select(AuditEntry.action, AuditEntry.detail).where(AuditEntry.object_type == "report_theme").order_by(AuditEntry.id))
    assert [(action, detail["title"]) for action, detail in entries.tuples()] == [
        ("report_theme_added", "تاریکی"),
        ("report_theme_added", "پارک"),
        ("report_theme_merged", "پارک"),
        ("report_theme_deleted", "تاریکی"),
    ]


def test_who_saves_second_is_told_and_a_name_is_given_once(asked: Asked) -> None:
    theme = commands.add_theme(asked.report(), "تاریکی", "تاریک", actor_id=None)
    commands.change_theme(asked.report(), theme, "نور", "نور", is_on=True, revision=1, actor_id=None)
    with pytest.raises(Refused, match="theme_changed"):
        commands.change_theme(asked.report(), theme, "شب", "شب", is_on=True, revision=1, actor_id=None)
    with pytest.raises(Refused, match="theme_exists"):
        commands.add_theme(asked.report(), "نـور", "چراغ", actor_id=None)
    assert [(each.label, each.revision) for each in queries.lexicon_of(asked.unit_id)] == [("نور", 2)]


def test_two_at_once_don_t_make_the_same_theme_twice(app: Flask, asked: Asked) -> None:
    report, refused = asked.report(), []
    ready = threading.Barrier(2)

    def add() -> None:
        with app.app_context():
            ready.wait()
            try:
                commands.add_theme(report, "نور", "نور", actor_id=None)
            except Refused as problem:
                refused.append(problem.code)

    both = [threading.Thread(target=add) for _each in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert refused == ["theme_exists"] and len(queries.lexicon_of(asked.unit_id)) == 1


def test_a_hidden_quote_is_shown_nowhere_again(asked: Asked) -> None:
    theme = commands.add_theme(asked.report(), "تاریکی", "تاریک", actor_id=None)
    counted(asked)
    report = asked.report()
    question = report.question("q5")
    assert question is not None
    line = queries.theme_page(report, question).lines[theme][0]
    commands.hide_quote(report, "q5", line.digest, actor_id=None)
    assert DARK not in texts_of(report, "q5", page=1, size=100)
    assert counted(asked).themes[0].quotes == () and counted(asked).themes[0].count == 12
    with pytest.raises(Refused, match="quote_unknown"):
        commands.hide_quote(report, "q5", line.digest, actor_id=None)


def test_few_texts_have_no_themes(app: Flask) -> None:
    few = Asked()
    few.answer(ANY | {"q5": DARK}, 9)
    commands.add_theme(few.report(), "تاریکی", "تاریک", actor_id=None)
    refresh_report(few.id, force=True)
    assert count_themes(few.id) and queries.themes_of(few.report()) == ()


def test_a_survey_that_is_gone_is_not_counted(asked: Asked) -> None:
    assert not count_themes(10**6)
    with transaction() as session:
        session.execute(text("DELETE FROM survey_report"))
    assert not count_themes(asked.id) and not db.session.scalars(select(ReportThemeCount)).all()


def test_texts_come_as_a_stream_of_those_that_count(asked: Asked) -> None:
    with transaction() as session:
        session.execute(
            text("UPDATE response SET excluded_at = now(), exclusion_reason = 'x' WHERE answers->>'q5' = :said"), {"said": DARK}
        )
        with_stream = list(stream_texts(asked.id, "q5", [asked.version_id]))
    assert with_stream == ["موش زیاد شده"] * 3 + ["جای پارک نداریم"] * 11


def test_an_officer_accepts_a_suggestion_and_sees_it_marked(asked: Asked, app: Flask, client: FlaskClient, open_forms: None) -> None:
    count_themes(asked.id)
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    page = client.get(f"{asked.url}/themes/q5").text
    assert "جای پارک" in page and "برآوردی" in page
    assert client.post(f"{asked.url}/themes/q5/add", data={"label": "جای پارک", "words": "جای پارک"}).status_code == 303
    count_themes(asked.id)
    page = client.get(f"{asked.url}/themes/q5").text
    assert "<mark>جای پارک</mark> نداریم" in page and "۱۱" in page
    assert "09121234567" not in page and "رضایی" not in page
    answer = client.post(f"{asked.url}/themes/q5/add", data={"label": "جای پارک", "words": "x"})
    assert answer.status_code == 422
    theme = queries.lexicon_of(asked.unit_id)[0]
    changed = {"label": "پارک", "words": "پارک", "revision": str(theme.revision)}
    assert client.post(f"{asked.url}/themes/q5/{theme.id}", data=changed).status_code == 303
    assert not queries.lexicon_of(asked.unit_id)[0].is_on
    assert client.post(f"{asked.url}/themes/q5/{theme.id}", data=changed | {"revision": "۹x"}).status_code == 422
    assert client.post(f"{asked.url}/themes/q5/{theme.id}/merge", data={"chosen": "؟"}).status_code == 422
    assert client.post(f"{asked.url}/themes/q5/hide", data={"chosen": "00"}).status_code == 422
    assert client.post(f"{asked.url}/themes/q5/{theme.id}/delete").status_code == 303
    assert queries.lexicon_of(asked.unit_id) == []


def test_rights_are_those_of_role_and_unit(asked: Asked, app: Flask, open_forms: None) -> None:
    manager = sign_in(app.test_client(), make_person(asked.unit_id, Role.MANAGER))
    assert manager.get(f"{asked.url}/themes/q5").status_code == 200
    assert "افزودن" not in manager.get(f"{asked.url}/themes/q5").text
    assert manager.post(f"{asked.url}/themes/q5/add", data={"label": "نور", "words": "نور"}).status_code == 403
    stranger = sign_in(app.test_client(), make_person(asked.units[2], Role.OFFICER))
    assert stranger.get(f"{asked.url}/themes/q5").status_code in (403, 404)
    assert stranger.post(f"{asked.url}/themes/q5/add", data={"label": "نور", "words": "نور"}).status_code in (403, 404)
    assert queries.lexicon_of(asked.unit_id) == []


def test_a_theme_of_another_unit_can_t_be_reached(asked: Asked) -> None:
    other = Asked(unit_id=asked.units[2])
    theme = commands.add_theme(other.report(), "نور", "نور", actor_id=None)
    with pytest.raises(Refused, match="theme_gone"):
        commands.delete_theme(asked.report(), theme, actor_id=None)
    with transaction() as session:
        session.execute(delete(ReportTheme).where(ReportTheme.id == theme))


@pytest.mark.parametrize("key", ["q1", "nothing"])
def test_a_question_without_texts_has_no_page(asked: Asked, client: FlaskClient, key: str) -> None:
    sign_in(client, make_person(asked.unit_id, Role.OFFICER))
    assert client.get(f"{asked.url}/themes/{key}").status_code == 404
