"""The suite's servers and settings, made before Django reads its settings (`-p tests.environment` in pyproject.toml).

One PostgreSQL and one Valkey serve the whole suite; every worker gets a copy of the migrated database.
Tests connect as the application's own role; migrations run as the owner, and tables are emptied by the superuser.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVERS = "FORECOURT_TEST_SERVERS"
"""Environment variable by which the workers learn where the servers are: role URLs with {database} for the name."""
PHOTOS = "FORECOURT_TEST_PHOTOS"
"""Likewise: the folder of the photos of all workers."""
TEMPLATE = "migrated"

stack = contextlib.ExitStack()
postgres: Any = None


def database() -> str:
    """The name of this process's own database."""
    return f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def cache_url(client_url: str) -> str:
    """A database of this process's own on the Valkey of all, after the broker's: tests empty their cache."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{client_url.partition('?')[0]}?db={2 + int(worker) % 14}"


def start_servers() -> None:
    """Start both servers and migrate the template, as the owner role."""
    global postgres
    sys.path.insert(0, str(ROOT))
    from config.local import postgres as roles
    from config.local.servers import temporary

    postgres, valkey = stack.enter_context(temporary())
    postgres.create_database(TEMPLATE)
    who = {"app": roles.WEB, "owner": roles.OWNER, "superuser": roles.SUPERUSER}
    urls = {name: postgres.url(role, "{database}") for name, role in who.items()}
    os.environ[PHOTOS] = stack.enter_context(tempfile.TemporaryDirectory(prefix="forecourt-photos-"))
    os.environ["STATIC_ROOT"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="forecourt-static-"))
    os.environ[SERVERS] = json.dumps({**urls, "valkey": valkey.url(), "valkey_client": valkey.client_url()})


def set_environment() -> None:
    """The settings of a test run; what the caller's environment says about an installation is not for us."""
    servers = json.loads(os.environ[SERVERS])
    os.environ.update(
        SECRET_KEY="tests-only-" + "k" * 60,
        FIELD_KEYS="dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        DATABASE_URL=servers["app"].format(database=database()),
        DATABASE_OWNER_URL=servers["owner"].format(database=database()),
        VALKEY_URL=servers["valkey"],
        CACHE_URL=cache_url(servers["valkey_client"]),
        PHOTOS_ROOT=str(Path(os.environ[PHOTOS]) / database()),
        CLAMD_ADDRESS="none",
        MFA_REQUIRED="0",
        HTTPS="0",
        API_REQUESTS_PER_MINUTE="0",
        DGI_ALLOW_LOOPBACK="1",
        DGI_ALLOWED_HOSTS="gateway.example,.dealers.example",
        DEBUG="0",
        LOG_LEVEL="INFO",
    )


def superuser_conninfo() -> str:
    """How the superuser reaches this process's database: tests are emptied by it, and none is run as it."""
    return str(json.loads(os.environ[SERVERS])["superuser"].format(database=database()))


def migrate_template() -> None:
    owner = json.loads(os.environ[SERVERS])["owner"].format(database=TEMPLATE)
    outcome = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": owner, "DATABASE_OWNER_URL": owner},
        check=False,
        capture_output=True,
        text=True,
    )
    if outcome.returncode:
        raise pytest.UsageError(f"the migrations failed:\n{outcome.stdout}{outcome.stderr}")


if SERVERS not in os.environ:
    start_servers()
    set_environment()
    migrate_template()
    postgres.create_database(database(), template=TEMPLATE)
else:
    set_environment()


def pytest_configure_node(node: Any) -> None:
    """A database for a worker that is about to start."""
    postgres.create_database(f"test_{node.workerinput['workerid']}", template=TEMPLATE)


def pytest_unconfigure() -> None:
    stack.close()
