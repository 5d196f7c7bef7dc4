"""How long the builder's live count and preview take over a large base, rule by rule, beside a bare count over one index."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from sqlalchemy import text

from contacts.queries import AudienceFilter, count_audience, count_people, preview_people, scope_of
from contacts.rules.segments import EVERYONE, Condition, Group, Mode, narrowed
from engage.clock import now
from engage.db import copy_into, db, transaction
from engage.operations.bench.measuring import median
from engage.operations.bench.setting import PURPOSE, Setting, build_setting
from engage.vault import vault

PEOPLE = 1_000_000

# Written by the database itself: the import has a benchmark of its own.
_FILL = (
    """INSERT INTO contact (id, unit_id, identity_id, pseudonym, first_name, last_name, neighbourhood, gender, birth_year, tag_ids, custom,
                            search_key, sort_key, created_at, updated_at) OVERRIDING SYSTEM VALUE
       SELECT n, :unit, n, substr(sha256(('p' || n)::bytea), 1, 16), 'زهرا', 'کاظمی', 'محلهٔ ' || h % 12, (ARRAY['female', 'male', ''])[1 + h % 3],
              CASE WHEN n % 9 > 0 THEN 1320 + h % 70 END, CASE WHEN n % 20 = 0 THEN ARRAY[1 + h % 3] ELSE '{}' END,
              CASE WHEN n % 10 < 3 THEN jsonb_build_object('job', (ARRAY['معلم', 'پزشک', 'کارگر', 'راننده'])[1 + h % 4]) ELSE '{}' END,
              'زهرا کاظمی' || h % 1000, lpad(n::text, 9, '0'), now(), now()
       FROM (SELECT n, abs(hashint8(n)) AS h FROM generate_series(1, :people) n) numbers""",
    """INSERT INTO contact_consent (contact_id, purpose, given, basis, since)
       SELECT n, :purpose, n % 13 <> 0, CASE WHEN n % 3 = 0 THEN 'prior_relation' ELSE 'consent' END, now() FROM generate_series(1, :people) n
       WHERE n % 11 <> 0""",
    """INSERT INTO invitation (survey_id, unit_id, identity_id, token_digest, key_version, expires_at, answered, created_at)
       SELECT :survey, :unit, n, sha256(('t' || n)::bytea), 1, now(), n % 6 = 0, now() FROM generate_series(1, :people / 5) n""",
    """INSERT INTO custom_field (unit_id, key, title, kind, options, created_at)
       VALUES (:unit, 'job', 'شغل', 'choice', '["معلم", "پزشک", "کارگر", "راننده"]', now())""",
    """INSERT INTO contact_tag (unit_id, name, name_key, created_at) VALUES (:unit, 'الف', 'الف', now())""",
)
_BARE = "SELECT count(*) FROM contact WHERE unit_id = :unit AND neighbourhood = 'محلهٔ 3'"


def bench_segments(quick: bool = False) -> dict[str, Any]:
    """Milliseconds of count and preview together, the middle of several; `ours` is the slowest rule over indexed fields."""
    people, rounds = (50_000, 3) if quick else (PEOPLE, 5)
    with build_setting() as setting, setting.app.app_context():
        _fill(setting, people)
        scope = scope_of(setting.unit_id)
        limit = _time(lambda: db.session.execute(text(_BARE), {"unit": setting.unit_id}).scalar(), rounds)
        figures: dict[str, dict[str, Any]] = {}
        slowest = 0.0
        for name, (rule, is_indexed) in _rules(setting).items():
            counted = _time(partial(count_people, rule, scope), rounds)
            shown = _time(partial(preview_people, rule, scope), rounds)
            consent = _time(partial(count_audience, AudienceFilter(setting.unit_id, rule), PURPOSE), min(rounds, 3))
            figures[name] = {
                "found": count_people(rule, scope),
                "count_ms": round(counted, 1),
                "preview_ms": round(shown, 1),
                "consent_ms": round(consent, 1),
                "indexed": is_indexed,
            }
            if is_indexed:
                slowest = max(slowest, counted + shown)
    return {
        "ours": round(slowest, 1),
        "limit": round(limit, 1),
        "ratio": round(slowest / limit, 2),
        "unit": "ms (count + preview, the slowest rule over indexed fields; the limit is a bare count over one index)",
        "people": people,
        "rules": figures,
    }


def _rules(setting: Setting) -> dict[str, tuple[Group, bool]]:
    def rule(field: str, **values: Any) -> Condition:
        return Condition(field, tuple(values.items()))

    silent = rule("surveys.silent", survey=str(setting.survey_id))
    place = rule("neighbourhood", **{"in": ("محلهٔ 3",)})
    return {
        "everybody": (EVERYONE, True),
        "neighbourhood": (narrowed(neighbourhoods=("محلهٔ 3",)), True),
        "neighbourhood, gender, age": (
            Group(Mode.ALL, (place, rule("gender", **{"in": ("female",)}), rule("age", **{"from": 30, "to": 45}))),
            True,
        ),
        "name": (Group(Mode.ALL, (rule("name", contains="کاظمی77"),)), True),
        "tag": (Group(Mode.ALL, (rule("tags", match="any", **{"in": ("1",)}),)), True),
        "custom choice": (Group(Mode.ALL, (rule("custom:job", **{"in": ("معلم",)}),)), True),
        "invited, silent": (Group(Mode.ALL, (silent,)), True),
        "neighbourhood, none of (invited, silent)": (Group(Mode.ALL, (place, Group(Mode.NONE, (silent,)))), True),
        "birth year": (narrowed(birth_year_from=1350, birth_year_to=1352), False),
        "any of (neighbourhood; invited, silent)": (Group(Mode.ANY, (place, silent)), False),
        "never asked": (Group(Mode.ALL, (rule("consent", purpose=PURPOSE, standing="never"),)), False),
    }


def _fill(setting: Setting, people: int) -> None:
    encrypt, at = vault().encrypt, now()
    with transaction() as session:
        copy_into(
            session,
            "phone_identity",
            ("id", "blind_index", "phone_cipher", "created_at", "suppressed_at", "reach"),
            (
                (
                    id,
                    id.to_bytes(32, "big"),
                    encrypt("+989121234567", f"phone_identity:{id}"),
                    at,
                    at if id % 40 == 0 else None,
                    "unreachable" if id % 50 == 1 else "",
                )
                for id in range(1, people + 1)
            ),
        )
    values = {"people": people, "unit": setting.unit_id, "survey": setting.survey_id, "purpose": PURPOSE}
    for statement in _FILL:
        with transaction() as session:
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            session.execute(text(statement), wanted)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _time(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds, the middle of `rounds` after one that warms up."""
    work()
    taken = []
    for _ in range(rounds):
        begun = perf_counter()
        work()
        taken.append((perf_counter() - begun) * 1000)
        db.session.rollback()
    return median(taken)
