"""The embedded servers: who they are, what the roles may do, and what a kill costs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.local.postgres import OWNER, SUPERUSER, WEB, Postgres
from config.local.process import wait_until, working_in
from config.local.refusal import Refusal
from config.local.server import LONGEST_SOCKET_PATH, short_socket_directory
from config.local.valkey import Valkey
from tests.config.local_places import open_directory


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_directory() as directory:
        yield directory


@pytest.fixture(scope="module")
def postgres(place: Path) -> Iterator[Postgres]:
    with Postgres(place) as server:
        server.create_database()
        with psycopg.connect(server.url(OWNER)) as connection:
            connection.execute("CREATE TABLE kept (number int GENERATED ALWAYS AS IDENTITY, word text)")
        yield server


@pytest.fixture(scope="module")
def valkey(place: Path) -> Iterator[Valkey]:
    with Valkey(place) as server:
        yield server


def answer(server: Postgres, role: str, query: str) -> object:
    with psycopg.connect(server.url(role), autocommit=True) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    return row[0] if row else None


def client(server: Valkey) -> "redis.Redis":
    return redis.Redis.from_url(server.client_url())


@pytest.mark.parametrize("role", [WEB, OWNER])
def test_neither_role_has_a_power_over_the_cluster(postgres: Postgres, role: str) -> None:
    powers = "rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication"
    assert answer(postgres, role, f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") is False


def test_the_app_role_owns_nothing_and_is_no_member_of_the_owner(postgres: Postgres) -> None:
    assert answer(postgres, WEB, "SELECT count(*) FROM pg_class WHERE relowner = to_regrole(current_user)") == 0
    assert answer(postgres, WEB, "SELECT pg_has_role('forecourt_owner', 'member')") is False


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE mine ()", "TRUNCATE kept", "DROP TABLE kept", "ALTER TABLE kept ADD x int"]
)
def test_the_app_role_changes_no_table(postgres: Postgres, statement: str) -> None:
    with psycopg.connect(postgres.url(WEB)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[call-overload]


def test_the_app_role_reads_and_writes_rows_of_tables_that_the_owner_makes(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url(WEB)) as connection:
        connection.execute("INSERT INTO kept (word) VALUES ('a'), ('b')")
        connection.execute("UPDATE kept SET word = 'c' WHERE word = 'a'")
        connection.execute("DELETE FROM kept WHERE word = 'b'")
        assert connection.execute("SELECT word FROM kept").fetchall() == [("c",)]
        connection.rollback()


def test_creating_a_database_again_changes_nothing(postgres: Postgres) -> None:
    before = answer(postgres, SUPERUSER, "SELECT oid FROM pg_database WHERE datname = 'forecourt'")
    postgres.create_database()
    assert answer(postgres, SUPERUSER, "SELECT oid FROM pg_database WHERE datname = 'forecourt'") == before


def test_a_database_can_be_copied_with_its_tables_and_grants(postgres: Postgres) -> None:
    postgres.create_database("copy", template="forecourt")
    with psycopg.connect(postgres.url(WEB, "copy")) as connection:
        connection.execute("INSERT INTO kept (word) VALUES ('in the copy')")


def test_our_extensions_and_the_default_durability_are_there(postgres: Postgres) -> None:
    extensions = answer(postgres, WEB, "SELECT array_agg(extname::text) FROM pg_extension")
    assert {"pg_trgm", "btree_gin", "btree_gist", "unaccent", "citext", "pg_stat_statements"} <= set(extensions)  # type: ignore[call-overload]
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert answer(postgres, WEB, f"SHOW {setting}") == "on"


def test_nobody_gets_in_without_the_password(postgres: Postgres) -> None:
    stranger = postgres.url(SUPERUSER).replace(postgres.passwords[SUPERUSER], "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stranger)


def test_statistics_do_not_keep_the_roles_passwords(postgres: Postgres) -> None:
    assert answer(postgres, SUPERUSER, "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%PASSWORD%'") == 0


def test_servers_are_no_root_processes(postgres: Postgres, valkey: Valkey) -> None:
    for server in (postgres, valkey):
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0


def test_the_data_is_closed_to_others(postgres: Postgres, valkey: Valkey) -> None:
    for directory in (postgres.data, valkey.data, postgres.socket_directory):
        assert directory.stat().st_mode & 0o077 == 0


def test_postgres_killed_hard_starts_again_with_what_was_committed(postgres: Postgres) -> None:
    answer(postgres, WEB, "INSERT INTO kept (word) VALUES ('before the kill') RETURNING number")
    assert postgres.process is not None
    postgres.process.kill()
    postgres.process.wait()
    postgres.start()
    assert answer(postgres, WEB, "SELECT count(*) FROM kept WHERE word = 'before the kill'") == 1


def test_a_stale_pid_file_that_names_a_living_process_is_no_obstacle(postgres: Postgres) -> None:
    assert postgres.process is not None
    content = (postgres.data / "postmaster.pid").read_text()
    postgres.stop()
    stale = postgres.data / "postmaster.pid"
    stale.write_text(content.replace(content.split()[0], str(os.getppid()), 1))
    postgres.account.own(stale)
    postgres.start()
    assert answer(postgres, WEB, "SELECT 1") == 1


def test_a_server_that_lost_its_supervisor_is_followed_by_a_new_one(postgres: Postgres, place: Path) -> None:
    """Another launcher on the same data: what `make run` does after everything was killed."""
    first = postgres.process
    with Postgres(place, passwords=postgres.passwords) as second:
        assert first is not None
        assert first.wait(5) == 0, "the first one was asked to stop in order"
        assert answer(second, WEB, "SELECT 1") == 1
    postgres.start()


def test_data_of_another_major_version_is_refused(postgres: Postgres) -> None:
    postgres.stop()
    version = postgres.data / "PG_VERSION"
    kept = version.read_text()
    version.write_text("12\n")
    with pytest.raises(Refusal, match="was made by PostgreSQL 12"):
        postgres.start()
    version.write_text(kept)
    postgres.start()


def test_valkey_killed_hard_keeps_its_messages(valkey: Valkey) -> None:
    with client(valkey) as connection:
        connection.rpush("queue", "message")
    assert valkey.process is not None
    valkey.process.kill()
    valkey.process.wait()
    valkey.start()
    with client(valkey) as connection:
        assert connection.lrange("queue", 0, -1) == [b"message"]


def test_valkey_never_evicts_and_refuses_strangers(valkey: Valkey) -> None:
    with client(valkey) as connection:
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    at_once = Retry(NoBackoff(), 0)
    with (
        redis.Redis(unix_socket_path=str(valkey.socket), retry=at_once) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_celery_speaks_to_valkey_by_its_url(valkey: Valkey) -> None:
    from kombu import Connection

    with Connection(valkey.url()) as broker:
        broker.ensure_connection(max_retries=1)
        assert broker.default_channel.client.connection_pool.connection_kwargs["db"] == 1


def test_a_server_dies_with_its_launcher() -> None:
    with open_directory() as directory:
        code = "import sys, time; from pathlib import Path; from config.local.valkey import Valkey\n"
        code += "Valkey(Path(sys.argv[1])).start(); print('started', flush=True); time.sleep(60)"
        command = [sys.executable, "-c", code, str(directory)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as launcher:
            assert launcher.stdout is not None
            assert launcher.stdout.readline() == b"started\n"
            assert working_in(directory / "valkey", ["valkey", "redis"])
            launcher.send_signal(signal.SIGKILL)
        assert wait_until(lambda: not working_in(directory / "valkey", ["valkey", "redis"]), 5)


def test_a_socket_in_a_deep_directory_gets_a_short_path() -> None:
    with open_directory() as directory:
        deep = directory / ("d" * 60) / ("e" * 60)
        deep.mkdir(parents=True)
        with Valkey(deep) as server:
            assert len(str(server.socket)) <= LONGEST_SOCKET_PATH
            with client(server) as connection:
                assert connection.ping()
            short = server.socket_directory
        assert not short.exists()


def test_a_short_socket_directory_that_is_somebody_elses_is_refused() -> None:
    with open_directory() as directory:
        deep = directory / ("d" * 60) / ("f" * 60)
        deep.mkdir(parents=True)
        trap = short_socket_directory(deep, "valkey.sock")
        trap.symlink_to(directory)
        try:
            with pytest.raises(Refusal, match="somebody else's"):
                Valkey(deep).start()
        finally:
            trap.unlink()


def test_a_directory_that_the_account_cannot_reach_is_refused_and_not_opened(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root changes accounts")
    with pytest.raises(Refusal, match="cannot reach"):
        Valkey(tmp_path).start()
    assert tmp_path.stat().st_mode & 0o077 == 0
