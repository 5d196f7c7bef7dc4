"""A campaign's rows, written by the engine as they would be, and what writing them costs beside a bare COPY of finished rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

import campaigns.commands as commands
from contacts.queries import AudienceFilter
from engage.clock import now
from engage.config import Settings
from engage.db import db, driver_connection, transaction
from engage.operations.bench.measuring import cpu_seconds, family_of
from engage.operations.bench.setting import Setting, open_survey

BARE_ROWS = 200_000
_AT_ONCE = 20_000


@dataclass(frozen=True)
class Materialised:
    """A campaign whose rows are written and whose sending has begun. `seconds` are those of writing alone."""

    campaign_id: int
    count: int
    seconds: float
    cpu_seconds: float
    database_cpu_seconds: float


def materialise_campaign(setting: Setting, count: int) -> Materialised:
    """To the first `count` citizens, about a survey of its own: nobody is invited to the same one twice."""
    draft = commands.Draft(
        survey_id=open_survey(setting.unit_id),
        title="سنجش",
        text="منطقه ۱۲: روشنایی کوچه چطور است؟",
        audience=AudienceFilter(unit_id=setting.unit_id),
    )
    with transaction() as session:
        # Benchmarks send to the same citizens again and again; the weekly cap is not what is measured, here nor at the claim.
        session.execute(text("UPDATE campaign SET finished_at = :long_ago"), {"long_ago": now() - timedelta(days=365)})
        session.execute(text("DELETE FROM contact_consent WHERE contact_id > :count"), {"count": count})
        session.execute(
            text(
                "INSERT INTO contact_consent (contact_id, purpose, given, basis, since) SELECT id, 'survey_invitation', true, 'consent', :now "
                "FROM contact WHERE id <= :count AND NOT EXISTS (SELECT 1 FROM contact_consent known WHERE known.contact_id = contact.id)"
            ),
            {"now": now(), "count": count},
        )
    if count >= BARE_ROWS:
        _settle_down()
    campaign_id = commands.create_campaign(setting.unit_id, draft, actor_id=None)
    with transaction() as session:
        session.execute(text("UPDATE campaign SET cap_count = 1000 WHERE id = :id"), {"id": campaign_id})
        session.execute(text("UPDATE unit SET approval_recipients = 100000000, approval_cost = 1000000000000"))
    commands.submit_campaign(campaign_id, actor_id=None)
    commands.launch_campaign(campaign_id, actor_id=None)
    settings: Settings = setting.app.extensions["engage_settings"]
    commands.advance_campaign(campaign_id, settings)
    wave_id = db.session.execute(text("SELECT id FROM wave WHERE campaign_id = :c"), {"c": campaign_id}).scalar_one()
    db.session.remove()
    server = database_pid()
    began, own, database = time.perf_counter(), time.process_time(), cpu_seconds(family_of(server))
    written = commands.materialise_wave(wave_id)
    took = time.perf_counter() - began, time.process_time() - own, cpu_seconds(family_of(server)) - database
    if written != count:
        raise RuntimeError(f"only {written} of {count} rows were written")
    commands.analyse_after(written)
    commands.advance_campaign(campaign_id, settings)
    return Materialised(campaign_id, count, *took)


def bench_materialising(setting: Setting, count: int) -> tuple[Materialised, dict[str, Any]]:
    """A campaign of `count` rows, and how fast they were written beside the machine's own limit."""
    made = materialise_campaign(setting, count)
    bare = min(count, BARE_ROWS)
    ours, limit = count / made.seconds, bare / _copy_bare(made.campaign_id, bare)
    return made, {
        "rows": count,
        "seconds": round(made.seconds, 1),
        "ours": round(ours),
        "limit": round(limit),
        "ratio": round(ours / limit, 3),
        "unit": "rows/s",
        "cpu_us_per_row": round(made.cpu_seconds / count * 1e6, 1),
        "database_cpu_us_per_row": round(made.database_cpu_seconds / count * 1e6, 1),
    }


def database_pid() -> int:
    """The server's first process, the parent of all that work for it."""
    backend = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    db.session.remove()
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def _settle_down() -> None:
    """What writing the citizens left to do is done before anything is timed."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE contact, contact_consent, phone_identity, audience_member"))
        connection.execute(text("CHECKPOINT"))


def _copy_bare(campaign_id: int, count: int) -> float:
    """Seconds to COPY invitations and messages as the engine wrote them into tables with the same indexes, chunk by chunk."""
    took = 0.0
    with transaction() as session:
        for table in ("invitation", "message"):
            session.execute(text(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)"))
        reader = driver_connection(session)
        chosen = {
            "invitation": f"SELECT i.* FROM invitation i JOIN message m ON m.invitation_id = i.id WHERE m.campaign_id = {campaign_id}",
            "message": f"SELECT * FROM message WHERE campaign_id = {campaign_id}",
        }
        lines = {table: _lines(reader, f"{query} ORDER BY 1 LIMIT {count}") for table, query in chosen.items()}
    with psycopg.connect(db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as writer:
        for start in range(0, count, _AT_ONCE):
            blocks = {table: b"".join(found[start : start + _AT_ONCE]) for table, found in lines.items()}
            began = time.perf_counter()
            with writer.cursor() as cursor:
                for table, block in blocks.items():
                    with cursor.copy(f"COPY bench_{table} FROM STDIN") as copy:
                        copy.write(block)
            writer.commit()
            took += time.perf_counter() - began
        writer.execute("DROP TABLE bench_invitation, bench_message")
    return took


def _lines(connection: psycopg.Connection[Any], query: str) -> list[bytes]:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        return b"".join(bytes(block) for block in copy).splitlines(keepends=True)
