"""The command's contract: exit codes, one JSON object on stdout, and one clear sentence for whatever is refused."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engage.embedded import Servers
from engage.vault import Vault

LIST = "نام,تلفن همراه\nزهرا,09121234567\nعلی,۰۹۱۲۱۲۳۴۵۶۷\nبی‌شماره,\n"


def engage(*arguments, data, **environ):
    """(exit code, the JSON object on stdout, stderr); no address of a server is inherited."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ENGAGE_", "DATABASE_", "REDIS_", "KAVENEGAR_"))}
    done = subprocess.run(
        [sys.executable, "-c", "from engage.cli import main; main()", *map(str, arguments)],
        env=inherited | {"ENGAGE_DATA": str(data), "ENGAGE_LOG_LEVEL": "ERROR"} | environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = done.stdout.strip().splitlines()
    assert len(lines) <= 1, done.stdout
    return done.returncode, json.loads(lines[0]) if lines else None, done.stderr


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with servers' files, tables and keys, made by the first command that needed them."""
    folder = Path(tmp_path_factory.mktemp("cli", numbered=True)) / "data"
    (folder.parent / "list.csv").write_text(LIST, encoding="utf-8")
    code, result, errors = engage("contacts", "import", folder.parent / "list.csv", "--dry-run", "--json", data=folder)
    assert code == 0, errors
    assert {key: result[key] for key in ("rows", "created", "duplicates", "rejected", "suppressed", "updated", "unchanged")} == {
        "rows": 3,
        "created": 1,
        "duplicates": 1,
        "rejected": 1,
        "suppressed": 0,
        "updated": 0,
        "unchanged": 0,
    }
    assert result["errors"][0]["row"] == 4
    # Every command would start and stop servers of its own; while somebody uses them they stay up.
    with Servers(folder, fast=True):
        yield folder


def refused(outcome):
    code, result, errors = outcome
    assert code == 2, errors
    assert set(result) == {"error"}
    message = result["error"]["message"]
    assert message in errors
    assert "Traceback" not in errors
    assert len(message) > 20
    return result["error"]["code"]


def test_a_real_import_needs_a_basis(data):
    assert refused(engage("contacts", "import", data.parent / "list.csv", "--json", data=data)) == "basis_missing"


def test_a_file_that_is_not_there_is_refused(data):
    assert refused(engage("contacts", "import", data.parent / "nothing.csv", "--dry-run", "--json", data=data))


def test_a_wrong_option_is_refused(data):
    assert refused(engage("contacts", "import", data.parent / "list.csv", "--nonsense", "--json", data=data)) == "usage"


def test_keys_that_are_gone_beside_data_are_never_replaced(data):
    keys = data / "keys" / "keys.json"
    kept = keys.read_text()
    keys.unlink()
    try:
        assert refused(engage("contacts", "verify-ledger", "--json", data=data)) == "keys_missing"
        assert not keys.exists()
        # Another installation's keys:
        other = data.parent / "other"
        Vault.create(other / "keys.json")
        shutil.copy(other / "keys.json", keys)
        keys.chmod(0o600)
        assert refused(engage("contacts", "verify-ledger", "--json", data=data)) == "keys_foreign"
        keys.chmod(0o640)
        assert refused(engage("contacts", "verify-ledger", "--json", data=data)) == "keys_exposed"
    finally:
        keys.unlink(missing_ok=True)
        keys.write_text(kept)
        keys.chmod(0o600)
    code, result, _ = engage("contacts", "verify-ledger", "--json", data=data)
    assert code == 0
    assert result


def test_a_data_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "data").write_text("")
    assert refused(engage("contacts", "verify-ledger", "--json", data=tmp_path / "data")) == "data_folder_not_writable"


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", "from engage.cli import main; main()", "up", "--data", str(tmp_path / "data"), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert not (tmp_path / "data" / "postgres").exists()
