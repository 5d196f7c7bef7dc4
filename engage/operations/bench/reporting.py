"""How long a report of many answers takes to be made and to be read, beside the same aggregates in plain SQL."""

from __future__ import annotations

import os
import resource
from datetime import timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import text

import surveys.commands as surveys
from contacts.queries.profiles import AGE_BAND
from engage.clock import TEHRAN, now
from engage.db import db, driver_connection, transaction
from engage.operations.bench.measuring import median, resident_megabytes
from engage.operations.bench.setting import Setting, build_setting
from engage.persian import to_jalali
from engage.reports.commands import refresh_report
from engage.reports.queries import report_of
from engage.reports.render.page import page_of

RESPONSES = 100_000
NEIGHBOURHOODS = 13

# Every second person invited has answered; a third of the people live in no known neighbourhood or have told no age.
_FILL = (
    "CREATE TEMP TABLE person_no AS SELECT n, :first_identity + n AS identity, :first_contact + n AS contact FROM generate_series(1, :people) n",
    "INSERT INTO phone_identity (id, blind_index, phone_cipher, created_at) OVERRIDING SYSTEM VALUE"
    " SELECT identity, sha256(n::text::bytea), '\\x00', now() FROM person_no",
    "INSERT INTO contact (id, unit_id, identity_id, pseudonym, neighbourhood, gender, birth_year, created_at, updated_at) OVERRIDING SYSTEM VALUE"
    " SELECT contact, :unit, identity, decode(md5(n::text), 'hex'), CASE WHEN n % 9 = 0 THEN '' ELSE 'محله ' || n % :places END,"
    " CASE n % 5 WHEN 0 THEN '' WHEN 1 THEN 'male' WHEN 2 THEN 'male' ELSE 'female' END,"
    " CASE WHEN n % 11 = 0 THEN NULL ELSE 1330 + n * 7 % 55 END, now(), now() FROM person_no",
    "INSERT INTO invitation (id, survey_id, unit_id, identity_id, token_digest, key_version, expires_at, opened_on, started_at, answered, created_at)"
    " OVERRIDING SYSTEM VALUE SELECT identity, :survey, :unit, identity, sha256(('t' || n)::bytea), 1, now() + interval '30 days', current_date,"
    " now(), n % 2 = 0, now() FROM person_no",
    "INSERT INTO message (id, campaign_id, wave_id, identity_id, contact_id, invitation_id, state, accepted_at)"
    " SELECT identity, :campaign, :wave, identity, contact, identity, CASE WHEN n % 20 = 0 AND n % 2 = 1 THEN 'undelivered' ELSE 'delivered' END,"
    " now() - (n % 9) * interval '1 hour' FROM person_no",
    "INSERT INTO response (survey_id, version_id, invitation_id, channel, answers, receipt_code, submitted_at)"
    " SELECT :survey, :version, identity, 'link', jsonb_build_object("
    "'q1', 'o' || 1 + n * 31 % 97 % 5, 'q2', 'o' || 1 + n * 17 % 89 % 5, 'q3', 'o' || 1 + n * 13 % 83 % 5, 'q4', 'o' || 1 + n * 11 % 79 % 5,"
    "'q5', jsonb_build_array('o' || 1 + n % 5, 'o' || 1 + (n + 1 + n % 3) % 5), 'q6', jsonb_build_array('o' || 1 + n * 3 % 5),"
    "'q7', 1 + n * 7 % 73 % 5, 'q8', 1 + n * 5 % 71 % 5, 'q9', 1 + n * 3 % 67 % 5, 'q10', 'روشنایی کوچه کم است.'),"
    " 'B' || n, now() - (n % 40000) * interval '1 minute' FROM person_no WHERE n % 2 = 0",
    "DROP TABLE person_no",
    "ANALYZE phone_identity, contact, invitation, message, response",
)
_GROUPS = f"""
    coalesce(person.unit_id::text, '') AS unit, coalesce(person.neighbourhood, '') AS place, {AGE_BAND} AS age,
    coalesce(person.gender, '') AS gender, response.channel AS channel, coalesce(w.number::text, '') AS wave
"""
_PLAIN = """
    WITH told AS (
        SELECT {groups}, {value} AS value
        FROM response LEFT JOIN message m ON m.invitation_id = response.invitation_id LEFT JOIN wave w ON w.id = m.wave_id
        LEFT JOIN contact person ON person.id = m.contact_id
        WHERE response.survey_id = %(survey)s AND response.excluded_at IS NULL AND NOT response.is_partial)
    SELECT unit, place, age, gender, channel, wave, value, count(*) FROM told
    GROUP BY GROUPING SETS ((value), (unit, value), (place, value), (age, value), (gender, value), (channel, value), (wave, value))
"""
_STEPS = f"""
    SELECT unit, place, age, gender, line, hour, count(*), count(*) FILTER (WHERE accepted), count(*) FILTER (WHERE delivered),
        count(*) FILTER (WHERE opened), count(*) FILTER (WHERE started), count(*) FILTER (WHERE answered)
    FROM (SELECT {_GROUPS.replace("response.channel AS channel, ", "")}, c.line, to_char(m.accepted_at AT TIME ZONE 'Asia/Tehran', 'HH24') AS hour,
            m.accepted_at IS NOT NULL AS accepted, m.state = 'delivered' AS delivered, v.opened_on IS NOT NULL AS opened,
            v.started_at IS NOT NULL AS started, v.answered AS answered
        FROM message m JOIN campaign c ON c.id = m.campaign_id JOIN wave w ON w.id = m.wave_id JOIN invitation v ON v.id = m.invitation_id
        LEFT JOIN contact person ON person.id = m.contact_id WHERE c.survey_id = %(survey)s) invited
    GROUP BY GROUPING SETS ((unit), (place), (age), (gender), (line), (hour), ())
"""


def bench_report(quick: bool = False, rows: int | None = None) -> dict[str, Any]:
    """Seconds from asking for the report anew to its being stored, ten questions by six dimensions with everything that is worked out of
    them; the limit is the counts alone: a statement a question with grouping sets, and one for the funnel."""
    count, rounds = rows or (5_000 if quick else RESPONSES), 1 if quick else 3
    with build_setting() as setting, setting.app.app_context():
        survey_id = _fill(setting, count)
        before = resident_megabytes(os.getpid())
        ours: list[float] = []
        plain: list[float] = []
        pages: list[float] = []
        for _round in range(rounds):
            plain.append(_time(lambda: _count_plainly(survey_id)))
            ours.append(_time(lambda: refresh_report(survey_id, force=True)))
            with setting.app.test_request_context():
                pages.append(_time(lambda: page_of(report_of(survey_id), by="")))
            db.session.remove()
        answers = report_of(survey_id).answers
        after = resident_megabytes(os.getpid())
    made, limit = median(ours), median(plain)
    return {
        "ours": round(made, 2),
        "limit": round(limit, 2),
        "ratio": round(made / limit, 2),
        "unit": "s (a report made anew; the limit is its counts in plain SQL)",
        "rows": answers,
        "page_seconds": round(median(pages), 3),
        "memory_mb": round(after),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "grown_mb": round(after - before),
    }


def _time(work: Any) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _count_plainly(survey_id: int) -> None:
    values = [f"response.answers ->> 'q{n}'" for n in (1, 2, 3, 4, 7, 8, 9)]
    values += [f"jsonb_array_elements_text(response.answers -> 'q{n}')" for n in (5, 6)] + ["(response.answers ? 'q10')::text"]
    params = {"survey": survey_id, "jalali_year": to_jalali(now().astimezone(TEHRAN).date())[0]}
    with transaction() as session, driver_connection(session).cursor() as cursor:
        # The same leave as ours has: sums in memory, whole tables joined to whole tables.
        cursor.execute("SET LOCAL work_mem = '256MB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off")
        for statement in [*(_PLAIN.format(groups=_GROUPS, value=value) for value in values), _STEPS]:
            cursor.execute(statement, params)
            cursor.fetchall()


def _questions() -> list[dict[str, Any]]:
    options = [{"id": f"o{n}", "label": f"گزینهٔ {n}"} for n in range(1, 6)]
    kinds: list[tuple[str, dict[str, Any]]] = [("single", {"options": options})] * 4 + [("multiple", {"options": options})] * 2
    kinds += [("rating", {"scale": 5})] * 3 + [("long_text", {})]
    return [{"id": f"q{n}", "type": kind, "label": f"پرسش {n} دربارهٔ محلهٔ شما", **more} for n, (kind, more) in enumerate(kinds, 1)]


def _fill(setting: Setting, count: int) -> int:
    title = "نظرسنجی ده‌پرسشی"
    definition = {"format": 1, "title": title, "intro": "", "questions": _questions()}
    survey_id = surveys.create_survey(setting.unit_id, title, definition, actor_id=None)
    version_id = surveys.publish_survey(survey_id, closes_at=now() + timedelta(days=30), results_on=None, actor_id=None)
    with transaction() as session:
        campaign_id = session.execute(
            text(
                "INSERT INTO campaign (slug, unit_id, survey_id, title, purpose, text, audience, line, state, state_since, started_at, created_at)"
                " VALUES ('bench-report', :unit, :survey, 't', 'survey_invitation', 'x', '{}', '3000', 'settling', now(), now(), now()) RETURNING id"
            ),
            {"unit": setting.unit_id, "survey": survey_id},
        ).scalar_one()
        wave_id = session.execute(
            text("INSERT INTO wave (campaign_id, number, due_at) VALUES (:campaign, 1, now()) RETURNING id"), {"campaign": campaign_id}
        ).scalar_one()
        values = {
            "people": count * 2,
            "first_identity": 10_000_000,
            "first_contact": 10_000_000,
            "places": NEIGHBOURHOODS,
            "unit": setting.unit_id,
            "survey": survey_id,
            "version": version_id,
            "campaign": campaign_id,
            "wave": wave_id,
        }
        for statement in _FILL:
            known = {name: value for name, value in values.items() if f":{name}" in statement}
            session.execute(text(statement.replace("::", "\\:\\:")), known)
    return survey_id
