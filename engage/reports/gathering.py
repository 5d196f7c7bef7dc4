"""The grid of a survey as it stands now: contacts, invitations, messages and responses joined, as only this room may see them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from campaigns.queries.invited import INVITED, invited_params
from contacts.queries.profiles import AGE_BAND, GENDER, NEIGHBOURHOOD, PROFILE_JOIN, UNIT
from engage.clock import TEHRAN, now
from engage.db import db, driver_connection
from engage.persian import to_jalali
from engage.reports.grid import Grid, Path, Profile, Steps, profile_of
from surveys.flow import Deciders
from surveys.queries.aggregates import AnswerCounts, Counting, Splitting, count_answers_by
from surveys.queries.steps import ANSWERED, OPENED, STARTED, STEPS_JOIN

# A list's separator can't stand in a stored text: `engage.persian` takes control characters out of what people write.
_KEY = f"concat_ws(chr(31), {UNIT}, {NEIGHBOURHOOD}, {AGE_BAND}, {GENDER}, response.channel, coalesce(invited.wave::text, ''))"
_JOINS = f"LEFT JOIN ({INVITED}) invited ON invited.invitation_id = response.invitation_id {PROFILE_JOIN.format(contact_id='invited.contact_id')}"
_STEPS = f"""
    SELECT {UNIT}, {NEIGHBOURHOOD}, {AGE_BAND}, {GENDER}, invited.line,
        coalesce(to_char(invited.first_at AT TIME ZONE 'Asia/Tehran', 'HH24'), ''),
        count(*), count(*) FILTER (WHERE invited.is_accepted), count(*) FILTER (WHERE invited.is_delivered),
        count(*) FILTER (WHERE {OPENED}), count(*) FILTER (WHERE {STARTED}), count(*) FILTER (WHERE {ANSWERED})
    FROM ({INVITED}) invited {STEPS_JOIN.format(invitation_id="invited.invitation_id")}
    {PROFILE_JOIN.format(contact_id="invited.contact_id")}
    GROUP BY 1, 2, 3, 4, 5, 6
"""


def gather(
    survey_id: int, wanted: Sequence[Counting], deciders: Mapping[int, Deciders], *, is_anonymous: bool
) -> tuple[AnswerCounts, Grid]:
    """The counts over all responses and the grid, of one moment. An anonymous survey's answers lead to nobody, and its invitations
    don't tell who took part: of it groups are told apart by nothing, and the grid is empty."""
    if is_anonymous:
        whole, _ = count_answers_by(survey_id, wanted, deciders)
        return whole, Grid()
    connection = driver_connection(db.session())
    # In memory (about 300 bytes a response), nothing compiled, and whole tables joined to whole tables: what the planner guesses of a
    # grouped row set would have it look up each contact by itself.
    connection.execute("SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off")
    params = {**invited_params(), "jalali_year": to_jalali(now().astimezone(TEHRAN).date())[0]}
    whole, groups = count_answers_by(survey_id, wanted, deciders, Splitting(_KEY, _JOINS, params))
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {**params, "survey_id": survey_id})
        steps = {Path(*row[:6]): Steps(*row[6:]) for row in cursor}
    answers: dict[Profile, AnswerCounts] = {profile_of(key): each for key, each in groups.items()}
    return whole, Grid(answers, steps)
