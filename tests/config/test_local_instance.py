"""VAR_DIR: one instance at a time, secrets made once, and how management commands find it."""

import os
import socket
from pathlib import Path

import pytest

from config import local
from config.local import instance, options
from config.local.refusal import Refusal

SETTINGS = ("DATABASE_URL", "DATABASE_OWNER_URL", "VALKEY_URL", "SECRET_KEY", "FIELD_KEYS", "VAR_DIR")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "var"
    instance.prepare(made)
    return made


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    for name in SETTINGS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("HTTPS", "DGI_ALLOW_LOOPBACK"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("VAR_DIR", str(directory))


def test_secrets_are_made_once_and_are_their_owners_alone(directory: Path) -> None:
    made = instance.read_secrets(directory)
    assert instance.read_secrets(directory) == made
    assert (directory / instance.SECRETS).stat().st_mode & 0o077 == 0
    assert len(set(made.values())) == len(made)


def test_secrets_are_never_made_anew_beside_data_that_needs_the_old_ones(directory: Path) -> None:
    (directory / "postgres").mkdir()
    with pytest.raises(Refusal, match=r"secrets\.env is gone"):
        instance.read_secrets(directory)


def test_values_come_back_as_they_were_written(tmp_path: Path) -> None:
    values = {"A": "plain", "B": "a b'c\"d$e#f&g", "C": "", "D": "redis+socket://:p@/x?virtual_host=1"}
    instance.write(tmp_path / "file.env", values)
    assert instance.read(tmp_path / "file.env") == values


def test_a_second_start_on_the_same_directory_says_so_and_how_to_change_it(directory: Path) -> None:
    first, second = (instance.hold(directory, note) for note in ("process 1, http://127.0.0.1:8000/", "another"))
    with first, pytest.raises(Refusal) as refused, second:
        pass
    assert "already runs from" in str(refused.value)
    assert "process 1, http://127.0.0.1:8000/" in str(refused.value)
    assert "VAR_DIR=var2 PORT=8001" in str(refused.value)


def test_a_directory_can_be_held_again_after_its_holder_ended(directory: Path) -> None:
    for _ in range(2):
        with instance.hold(directory, "note"):
            pass


def test_an_instance_is_found_while_it_runs_and_not_afterwards(directory: Path) -> None:
    instance.write(directory / instance.ENVIRONMENT, {"DATABASE_URL": "postgres://here"})
    assert instance.running_instance(directory) is None
    with instance.hold(directory, "note"):
        assert instance.running_instance(directory) == {"DATABASE_URL": "postgres://here"}


def test_a_directory_that_is_not_there_runs_nothing(tmp_path: Path) -> None:
    assert instance.running_instance(tmp_path / "nowhere") is None


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(Refusal, match="cannot be written to"):
        instance.prepare(tmp_path / "var")


def test_a_relative_directory_is_inside_the_project() -> None:
    assert instance.var_directory({}) == instance.PROJECT / "var"
    assert instance.var_directory({"VAR_DIR": "other"}) == instance.PROJECT / "other"
    assert instance.var_directory({"VAR_DIR": "/elsewhere"}) == Path("/elsewhere")


@pytest.mark.usefixtures("bare_environment")
def test_a_command_that_needs_a_database_says_how_to_start_one() -> None:
    with pytest.raises(SystemExit, match=r"No running Forecourt in .* Start one with `make run`, or set DATABASE_URL"):
        local.load_environment(["manage.py", "dgi_sync"])


@pytest.mark.usefixtures("bare_environment")
@pytest.mark.parametrize("words", [["check"], ["dgi_sandbox", "--port", "1"], ["dgi_sync", "--help"], []])
def test_a_command_that_needs_none_runs_all_the_same(words: list[str]) -> None:
    local.load_environment(["manage.py", *words])
    assert os.environ["DATABASE_URL"].startswith("postgres://")


@pytest.mark.usefixtures("bare_environment")
def test_a_command_talks_to_the_running_instance_as_the_app_and_migrates_as_the_owner(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = {"DATABASE_URL": "postgres://app", "DATABASE_OWNER_URL": "postgres://owner", "SECRET_KEY": "s"}
    instance.write(directory / instance.ENVIRONMENT, running)
    with instance.hold(directory, "note"):
        local.load_environment(["manage.py", "shell"])
        assert os.environ["DATABASE_URL"] == "postgres://app"
        monkeypatch.delenv("DATABASE_URL")
        local.load_environment(["manage.py", "migrate"])
        assert os.environ["DATABASE_URL"] == "postgres://owner"


@pytest.mark.usefixtures("bare_environment")
def test_a_database_of_ones_own_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://mine")
    local.load_environment(["manage.py", "dgi_sync"])
    assert os.environ["DATABASE_URL"] == "postgres://mine"
    assert "SECRET_KEY" not in os.environ


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("DGI_SANDBOX", "no"), ("DGI_SANDBOX_PORT", "0")]
)
def test_a_bad_value_is_refused_with_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(Refusal, match=f"^{name}: '{value}'"):
        options.read({name: value})


def test_the_sandbox_port_follows_the_webs_so_that_two_instances_do_not_meet() -> None:
    assert options.read({}).sandbox_port == 8014
    assert options.read({"PORT": "9000"}).sandbox_port == 9014
    assert options.read({"DGI_SANDBOX": "0"}).sandbox_port is None


@pytest.mark.parametrize("distance", [0, options.SANDBOX_DISTANCE])
def test_a_taken_port_is_named_with_the_way_out(distance: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chosen = options.read({"PORT": str(port - distance)})
        with pytest.raises(Refusal, match=rf"Port {port} is taken.*make run (PORT|DGI_SANDBOX_PORT)={port + 1}"):
            options.refuse_taken_ports(chosen)
