"""The grid: every answer stands in the profile of whoever gave it, the funnel in the path of whoever was invited, and both add up."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from engage.db import transaction
from engage.reports.bases import deciders_in
from engage.reports.gathering import gather
from engage.reports.grid import Dimension, Grid, Steps
from engage.reports.tally import asked_questions
from surveys import commands as surveys
from surveys.queries import definitions_of_survey, find_link
from surveys.queries.aggregates import AnswerCounts
from tests.features.test_reports_live import Asked, deliver_messages


def gathered(asked: Asked, *, is_anonymous: bool = False) -> tuple[AnswerCounts, Grid]:
    definitions = definitions_of_survey(asked.id)
    countings = [each.counting for each in asked_questions(definitions)]
    with transaction():
        return gather(asked.id, countings, deciders_in(definitions), is_anonymous=is_anonymous)


def test_answers_stand_in_the_profile_of_who_gave_them_and_add_up(app: Flask) -> None:
    asked = Asked()
    known = asked.invite(4)
    with transaction() as session:
        for place, identity in enumerate(known):
            session.execute(
                text(
                    "INSERT INTO contact (unit_id, identity_id, pseudonym, neighbourhood, gender, birth_year, created_at, updated_at)"
                    " VALUES (:unit, :identity, decode(md5(CAST(:identity AS text)), 'hex'), :neighbourhood, :gender, :year, now(), now())"
                ).bindparams(
                    unit=asked.unit_id,
                    identity=identity,
                    neighbourhood=["هرندی", "هرندی", "سنگلج", ""][place],
                    gender=["female", "male", "female", ""][place],
                    year=[1380, 1360, 1330, None][place],
                )
            )
    deliver_messages(asked, {"delivered": known[:3], "undelivered": known[3:]})
    with transaction() as session:
        session.execute(
            text(
                "UPDATE message SET contact_id = c.id, invitation_id = v.id FROM contact c, invitation v"
                " WHERE c.identity_id = message.identity_id AND v.identity_id = message.identity_id"
            )
        )
    for identity in known[:3]:
        link = find_link(asked.invited[identity])
        assert link is not None
        surveys.submit_response(link, asked.version_id, {"q1": "a1", "q2": 4})
    asked.answer({"q1": "a2"})  # nobody knows this one: no text, no contact
    whole, grid = gathered(asked)
    assert sum(whole.by_version.values()) == 4 == sum(sum(each.by_version.values()) for each in grid.answers.values())
    by_place = {group: sum(each.by_version.values()) for group, each in grid.groups(Dimension.NEIGHBOURHOOD).items()}
    assert by_place == {"هرندی": 2, "سنگلج": 1, "": 1}
    by_age = {group: sum(each.by_version.values()) for group, each in grid.groups(Dimension.AGE).items()}
    assert by_age == {"18-29": 1, "45-59": 1, "60+": 1, "": 1}
    for place in range(len(whole.questions)):
        assert sum(each.questions[place].answered for each in grid.answers.values()) == whole.questions[place].answered
    steps = grid.funnel_by("neighbourhood")
    assert steps["هرندی"] == Steps(2, 2, 2, 0, 2, 2) and steps[""].invited == 1 and steps[""].delivered == 0
    assert sum(each.invited for each in steps.values()) == 4


def test_an_anonymous_survey_has_no_groups(app: Flask) -> None:
    asked = Asked()
    asked.answer({"q1": "a1"}, 3)
    whole, grid = gathered(asked, is_anonymous=True)
    assert sum(whole.by_version.values()) == 3 and not grid.answers and not grid.steps
