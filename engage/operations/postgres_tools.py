"""PostgreSQL's own programs on this installation's database: addresses and passwords go by the environment, never by the command line."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from engage.db import normalise_url
from engage.embedded.binaries import find_postgres_tool
from engage.refusal import Refused

_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}
_ADDRESS = re.compile(r"(postgres(?:ql)?(?:\+psycopg)?://)\S+")


def server_major(database_url: str) -> int:
    """The major version of the database server."""
    with psycopg.connect(conninfo(database_url)) as connection:
        return connection.info.server_version // 10_000


def conninfo(database_url: str) -> str:
    """The address as libpq takes it."""
    return normalise_url(database_url).replace("postgresql+psycopg://", "postgresql://", 1)


def find_tool(name: str, minimum: int) -> Path:
    """The program, of at least that major version. Refused("postgres_tool_missing")."""
    found = find_postgres_tool(name, minimum)
    if found is None:
        raise Refused("postgres_tool_missing", name=name, version=str(minimum))
    return found


def major_of(tool: Path) -> int:
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PostgreSQL\)\s*(\d+)", said)
    assert found is not None
    return int(found.group(1))


def run_tool(tool: Path, arguments: Sequence[str | Path], database_url: str) -> str:
    """What the program wrote on stdout. Refused("postgres_tool_failed") with the last line of what it complained of."""
    known = {name: str(value) for name, value in conninfo_to_dict(conninfo(database_url)).items() if value is not None}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environ |= {variable: known[name] for name, variable in _VARIABLES.items() if name in known} | {"LC_ALL": "C"}
    done = subprocess.run([tool, *arguments], env=environ, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode != 0:
        # The complaint alone: what follows it may quote rows.
        lines = [line for line in done.stderr.splitlines() if "error:" in line]
        said = _ADDRESS.sub(r"\1…", lines[0]) if lines else f"exit code {done.returncode}"
        raise Refused("postgres_tool_failed", name=tool.name, detail=said)
    return done.stdout


def database_name(database_url: str) -> str:
    return str(conninfo_to_dict(conninfo(database_url)).get("dbname") or "")
