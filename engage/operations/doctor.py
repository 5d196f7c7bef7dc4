"""`engage doctor`: what an operator would check by hand, one line each, with what to do about it."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from flask import Flask
from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaigns.queries import reserved_cost
from campaigns.queries.health import sending_facts
from contacts.commands.rotating import unfinished_rotation
from engage.config import Settings
from engage.db import db
from engage.identity.fingerprints import check_fingerprints
from engage.jobs import QUEUES, queue_named, redis_connection
from engage.operations import migrate
from engage.operations.rotating import unneeded_link_versions
from engage.refusal import Refused
from engage.sms.port import GatewayUnavailable
from engage.vault import Vault, vault
from engage.worker import HEARTBEAT_KEY
from surveys.sealing import seals_without_key

State = Literal["ok", "warn", "fail"]
SWEEPER_SILENCE = 120
DISK_WARN, DISK_FAIL = 2 * 1024**3, 256 * 1024**2
CREDIT_WARN = 1_000_000  # rials: about a thousand short messages
CLOCK_WARN, CLOCK_FAIL = 5.0, 60.0


@dataclass(frozen=True)
class Finding:
    """One check's result; `advice` is empty when nothing needs doing."""

    name: str
    state: State
    says: str
    advice: str = ""


def examine(app: Flask) -> list[Finding]:
    """Every check's finding, in reading order. A check that breaks is a `fail` of its own and stops no other."""
    settings: Settings = app.extensions["engage_settings"]
    checks: tuple[tuple[str, Callable[[Flask, Settings], Iterator[Finding]]], ...] = (
        ("keys", _keys),
        ("database", _database),
        ("valkey", _valkey),
        ("workers", _workers),
        ("sweeper", _sweeper),
        ("gateway", _gateway),
        ("sending", _sending),
        ("disk", _disk),
    )
    findings: list[Finding] = []
    with app.app_context():
        for name, check in checks:
            try:
                findings += check(app, settings)
            except (SQLAlchemyError, RedisError, OSError, Refused, GatewayUnavailable) as error:
                # The class and our own codes only: a driver's text may hold an address with a password.
                reason = error.code if isinstance(error, Refused) else type(error).__name__
                findings.append(Finding(name, "fail", f"could not be checked ({reason})", _ADVICE.get(name, "")))
        db.session.remove()
    return findings


_ADVICE = {
    "keys": "Restore the key file from its backup; without it no number can be read.",
    "database": "Start PostgreSQL (`engage up` or the service) or correct DATABASE_URL.",
    "valkey": "Start Valkey (`engage up` or the service) or correct REDIS_URL.",
    "workers": "Start Valkey first; then `engage work send`, `bulk` and `default`.",
    "sweeper": "Start Valkey first; then `engage sweep`.",
    "gateway": "Check KAVENEGAR_BASE_URL, KAVENEGAR_API_KEY and the network.",
}


def exit_code(findings: list[Finding]) -> int:
    """1 when anything failed, else 0."""
    return int(any(finding.state == "fail" for finding in findings))


def as_json(findings: list[Finding]) -> dict[str, Any]:
    """`{ok, checks: [{name, state, says, advice}]}`."""
    return {"ok": not exit_code(findings), "checks": [asdict(finding) for finding in findings]}


def as_lines(findings: list[Finding]) -> Iterator[str]:
    """One line a finding for the terminal, the advice after it."""
    for finding in findings:
        yield f"{finding.state:<4}  {finding.name}: {finding.says}" + (f"  → {finding.advice}" if finding.advice else "")


def _keys(app: Flask, settings: Settings) -> Iterator[Finding]:
    keys = Vault.load(settings.keys_path)
    mode = stat.S_IMODE(settings.keys_path.stat().st_mode)
    if keys.fingerprints() != vault(fresh=True).fingerprints():
        yield Finding("keys", "fail", "the key file is not the one in use", "Put the right key file back and restart.")
        return
    try:
        check_fingerprints()
    except Refused as refused:
        yield Finding("keys", "fail", _MISFITS[refused.code].format(names=refused.params.get("names", "")), _ADVICE["keys"])
        return
    yield Finding("keys", "ok", f"{len(keys.fingerprints())} keys that fit this database, file mode {mode:04o}")
    unfinished = unfinished_rotation()
    if unfinished is not None:
        says = f"rotation of {unfinished.purpose} to version {unfinished.to_version} is under way (phase {unfinished.phase})"
        yield Finding("key rotation", "warn", says, f"If nobody is running it, give `engage rotate-keys {unfinished.purpose}` again.")
    unneeded = unneeded_link_versions()
    if unneeded:
        says = f"no link needs {', '.join(f'links/{version}' for version in unneeded)} any more"
        yield Finding("old link keys", "warn", says, "Remove them: `engage rotate-keys links --remove-old`.")
    lost = seals_without_key()
    if lost:
        says = f"{len(lost)} anonymous survey(s) under a seal whose key isn't on this machine: their answers could never be opened"
        yield Finding("survey keys", "fail", says, "Bring back the folder `surveys` beside the key file, or run web, sweeper and the bulk worker where it is.")


_MISFITS = {
    "keys_foreign": "the key file belongs to another installation",
    "keys_mixed": "the key file mixes keys of two installations (not this database's: {names})",
    "keys_old": "the key file lacks keys this database was written with ({names})",
    "keys_newer": "the key file has keys this database doesn't know ({names})",
}


def _database(app: Flask, settings: Settings) -> Iterator[Finding]:
    version = db.session.execute(text("SELECT current_setting('server_version')")).scalar_one()
    moment: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    drift = abs((datetime.now(UTC) - moment).total_seconds())
    yield Finding("database", "ok", f"PostgreSQL {version} answers")
    at, head = migrate.current(settings.database_url), migrate.head()
    if at == head:
        yield Finding("tables", "ok", f"at migration {head}")
    else:
        yield Finding("tables", "fail", f"at migration {at or 'none'}, this release needs {head}", "Run `engage migrate`.")
    state: State = "ok" if drift < CLOCK_WARN else "warn" if drift < CLOCK_FAIL else "fail"
    advice = "" if state == "ok" else "Let both machines take their time from the same NTP server."
    yield Finding("clock", state, f"{drift:.1f} s between this machine and the database", advice)


def _valkey(app: Flask, settings: Settings) -> Iterator[Finding]:
    connection = redis_connection()
    memory, persistence = connection.info("memory"), connection.info("persistence")
    policy = str(memory.get("maxmemory_policy"))
    if policy == "noeviction":
        yield Finding("valkey", "ok", "answers and evicts nothing")
    else:
        yield Finding("valkey", "fail", f"may throw jobs away (maxmemory-policy {policy})", "Set maxmemory-policy noeviction.")
    if not int(persistence.get("aof_enabled", 0)):
        yield Finding("valkey file", "warn", "keeps no append-only file", "Set appendonly yes: a restart then delays no job.")
    elif persistence.get("aof_last_write_status") != "ok":
        yield Finding("valkey file", "fail", "can't write its append-only file", "Make room on its disk.")
    else:
        yield Finding("valkey file", "ok", "append-only file is written")


def _workers(app: Flask, settings: Settings) -> Iterator[Finding]:
    for name in QUEUES:
        queue = queue_named(name)
        workers = Worker.all(queue=queue, serializer=JSONSerializer)
        now = datetime.now(UTC)
        beats = [worker.last_heartbeat for worker in workers if worker.last_heartbeat is not None]
        alive = sum((now - (b if b.tzinfo else b.replace(tzinfo=UTC))).total_seconds() < 600 for b in beats)
        waiting, failed = int(queue.count), int(queue.failed_job_registry.count)
        says = f"{alive} alive, {waiting} jobs waiting, {failed} failed in the last day"
        if not alive:
            yield Finding(f"worker {name}", "fail", says, f"Start `engage work {name}`.")
        elif failed:
            yield Finding(f"worker {name}", "warn", says, "Read the worker's log; the sweeper rings again for what is due.")
        else:
            yield Finding(f"worker {name}", "ok", says)


def _sweeper(app: Flask, settings: Settings) -> Iterator[Finding]:
    beat: Any = redis_connection().get(HEARTBEAT_KEY)
    silence = time.time() - int(beat) if beat is not None else None
    if silence is None or silence > SWEEPER_SILENCE:
        said = "no sign of life" if silence is None else f"last sign of life {silence:.0f} s ago"
        yield Finding("sweeper", "fail", said, "Start `engage sweep`.")
    else:
        yield Finding("sweeper", "ok", f"last sign of life {max(0.0, silence):.0f} s ago")


def _gateway(app: Flask, settings: Settings) -> Iterator[Finding]:
    gateway = app.extensions["engage_gateway"]
    credit = gateway.account().credit
    reserved = reserved_cost()
    says = f"answers, credit {credit:,} rials, {reserved:,} of them reserved for approved campaigns"
    if credit < reserved:
        yield Finding("gateway", "fail", says, "Top up the gateway account: approved campaigns will stop before their end.")
    elif credit - reserved < CREDIT_WARN:
        yield Finding("gateway", "warn", says, "Top up the gateway account before the next campaign.")
    else:
        yield Finding("gateway", "ok", says)
    debug = gateway.configuration().get("debugmode", "")
    if debug.lower() in ("enabled", "true", "1"):
        yield Finding("gateway mode", "fail", "debug mode is on: accepted messages reach nobody", "Switch debugmode off in the panel.")


def _sending(app: Flask, settings: Settings) -> Iterator[Finding]:
    """What campaigns themselves have met: lines, links, receipts and what waits for a decision."""
    if settings.gateway_line:
        yield Finding("line", "ok", "the default line is set")
    else:
        yield Finding("line", "fail", "no line is set", "Set KAVENEGAR_LINE to the number texts are sent from.")
    known = sending_facts(settings)
    if known.links_refused_at is None:
        yield Finding("links", "ok", "no running campaign was refused for its links")
    else:
        says = f"the operator refused links (420) at {known.links_refused_at:%Y-%m-%d %H:%M} UTC"
        yield Finding("links", "fail", says, "Have links for your domain allowed by the gateway's support.")
    if not settings.webhook_token:
        advice = "Set ENGAGE_WEBHOOK_TOKEN and enter its address in the gateway's panel."
        yield Finding("webhooks", "warn", "none are set up; receipts and citizens' texts are asked for instead", advice)
    elif known.receipts_overdue:
        says = "no delivery report came for texts accepted more than an hour ago"
        yield Finding("webhooks", "warn", says, "Check the webhook's address in the gateway's panel; meanwhile receipts are asked for.")
    else:
        yield Finding("webhooks", "ok", "nothing accepted waits for a first report longer than an hour")
    if known.undecided_count:
        says = f"{known.undecided_count} messages are unknown for longer than the gateway remembers them"
        yield Finding("unknown messages", "warn", says, "An officer decides on the campaign's page whether they are given up.")
    else:
        yield Finding("unknown messages", "ok", f"{known.unknown_count} are being looked up, none waits for a decision")


def _disk(app: Flask, settings: Settings) -> Iterator[Finding]:
    folder = _existing(settings.data_dir)
    free = shutil.disk_usage(folder).free
    state: State = "ok" if free >= DISK_WARN else "warn" if free >= DISK_FAIL else "fail"
    yield Finding("disk", state, f"{free / 1024**3:.1f} GiB free at {folder}", "" if state == "ok" else "Make room.")


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
