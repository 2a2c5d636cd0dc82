"""Forecourt with the demo's data for pictures: servers of its own, the sandbox, and a worker that fetches from it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.local import process
from tests.browser import site
from tests.chaos.stage import WORKER, Stage, environment, free_port

if TYPE_CHECKING:
    from tests.tenancy.world import World

FETCHED_WITHIN = 600
"""Seconds for the first runs of all feeds."""


@dataclass(frozen=True)
class Demo:
    address: str
    world: World


@contextmanager
def running() -> Iterator[Demo]:
    """The demo, served, once every feed has been fetched. Sets Django up in this process, as the web's role."""
    from config.local.postgres import OWNER
    from config.local.servers import temporary

    with ExitStack() as stack:
        postgres, valkey = stack.enter_context(temporary())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="forecourt-shots-")))
        quiet = {"MFA_REQUIRED": "0", "EMAIL_URL": "dummymail://", "LOG_LEVEL": "ERROR"}
        env = environment(postgres, valkey, place) | quiet
        owner = {"DATABASE_URL": postgres.url(OWNER), "DATABASE_OWNER_URL": postgres.url(OWNER)}
        stage = Stage(postgres, valkey, env, place, free_port(), {})
        stack.callback(lambda: [part.remove() for part in stage.parts.values()])
        manage(env | owner, "migrate", "--no-input", "--verbosity", "0")
        stage.add("sandbox", "manage.py", "dgi_sandbox", "--port", str(stage.sandbox_port))
        site.collect(Path(env["STATIC_ROOT"]), env)
        if not process.wait_until(stage.sandbox_lives, 60):
            raise RuntimeError(f"the sandbox does not start\n{stage.logs(20)}")
        manage(env, "seed_demo", "--gateway-port", str(stage.sandbox_port))
        for queue in ("live", "rest"):
            host = ("--hostname", f"{queue}@shots")
            stage.add(f"worker-{queue}", *WORKER, "--queues", queue, "--pool", "solo", *host)
        served = env | {"DJANGO_SETTINGS_MODULE": "tests.browser.settings"}
        address = stack.enter_context(site.serving(served, place / "web.log"))
        os.environ.update(env)
        import django

        django.setup()
        from dealers.tenancy import platform

        with platform("pictures"):
            if not process.wait_until(all_fetched, FETCHED_WITHIN, pause=1):
                raise RuntimeError(f"the first runs do not end\n{stage.logs(20)}")
            yield Demo(address, seen())


def manage(env: dict[str, str], *command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command], cwd=site.ROOT, env=env, check=True, stdout=subprocess.DEVNULL
    )


def all_fetched() -> bool:
    from ingestion.models import Run

    return Run.objects.exists() and not Run.objects.unfinished().exists()


def seen() -> World:
    """The demo as the tests of the pages see their world: a dealership with its people and a row of each model."""
    from dealers.fences import owner_column
    from dealers.models import Dealership, User
    from dealers.roles import Role
    from ingestion.models import Connection
    from tests.tenancy.world import House, World, fenced_models

    dealership, *others = Dealership.objects.order_by("code")
    people = {
        role.value: User.objects.get(memberships__dealership=dealership, memberships__role=role)
        for role in (Role.OWNER, Role.SALESPERSON)
    }
    house = House(dealership, Connection.objects.get(), people | {"technician": people[Role.SALESPERSON.value]})
    for model in fenced_models():
        newest = model._default_manager.filter(**{owner_column(model): dealership.pk}).order_by("-pk").first()
        if newest is not None:
            house.rows[model._meta.label_lower] = newest.pk
    administrator = User.objects.get(is_superuser=True)
    return World(house, House(others[0], house.gateway), administrator, administrator, administrator)
