"""`python -m tests.bench.hosts`: workers on two hosts, a pooler between, and a streaming replica, tried for real.

Hosts are network namespaces of this machine, so it takes root, `ip` and `pgbouncer`. One has PostgreSQL behind
PgBouncer in transaction mode, Valkey and beat; two have a worker and a sandbox each and reach the first by TCP alone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import psycopg

ROOT = Path(__file__).resolve().parents[2]
DEALERS, RECORDS, LATENCY = int(os.environ.get("TRIAL_DEALERS", "100")), 50, 100
SUBNET, POOLER, BROKER, GATEWAY = "10.77.0", 6432, 6380, 8014
PRIMARY_WEB, REPLICA_WEB = 8015, 8016
PAGE = "/api/v1/dgi/pkb/?page_size=50"
PASSWORD = "trial-of-hosts"
AS_PLATFORM = """
from contextvars import ContextVar
from dealers import tenancy
tenancy.scope = ContextVar("scope", default=tenancy.Scope(purpose="trial"))
"""
"""In front of what is run in a shell, whose threads have no scope of their own."""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@dataclass
class Host:
    """A network namespace and what runs in it."""

    name: str
    address: str
    environment: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *argv: str, log: Path, **more: Any) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *argv],
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **more,
            )
        self.running.append(process)
        return process

    def python(self, code: str) -> str:
        """What `code` prints, run on this host."""
        command = [
            "ip",
            "netns",
            "exec",
            self.name,
            sys.executable,
            "manage.py",
            "shell",
            "-v0",
            "-c",
            AS_PLATFORM + code,
        ]
        environment = {**os.environ, **self.environment}
        found = subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True)
        if found.returncode:
            raise SystemExit(found.stderr)
        return found.stdout.strip()

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        os.killpg(process.pid, number)
        process.wait()
        self.running.remove(process)

    def get(self, port: int, path: str, token: str = "") -> tuple[int, float]:
        """Status and seconds of a page on this host."""
        url = f"http://127.0.0.1:{port}{path}"
        command = ["ip", "netns", "exec", self.name, "curl", "-so", "/dev/null", "-w", "%{http_code} %{time_total}"]
        words = [*command, "-H", f"Authorization: Bearer {token}", url] if token else [*command, url]
        status, seconds = subprocess.run(words, check=False, capture_output=True, text=True).stdout.split()
        return int(status), float(seconds)

    def sign_in(self, port: int) -> str:
        person = json.dumps({"username": "trial@example.com", "password": "a long trial password"})
        url = f"http://127.0.0.1:{port}/api/v1/auth/login/"
        words = [
            "ip",
            "netns",
            "exec",
            self.name,
            "curl",
            "-s",
            "-H",
            "Content-Type: application/json",
            "-d",
            person,
            url,
        ]
        answer = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        if "access_token" not in answer:
            raise SystemExit(f"the trial's person cannot sign in: {answer}")
        return str(answer["access_token"])

    def cut(self) -> None:
        """Nothing reaches this host, and nothing leaves it."""
        ip("-n", "fc-db", "link", "set", f"to-{self.name}", "down")

    def mend(self) -> None:
        ip("-n", "fc-db", "link", "set", f"to-{self.name}", "up")


@contextmanager
def hosts(*names: str) -> Iterator[list[Host]]:
    """Namespaces on one bridge, the first with it."""
    found = [Host(name, f"{SUBNET}.{number}") for number, name in enumerate(names, 1)]
    first, *others = found
    try:
        for host in found:
            ip("netns", "add", host.name)
            ip("-n", host.name, "link", "set", "lo", "up")
        ip("-n", first.name, "link", "add", "br0", "type", "bridge")
        ip("-n", first.name, "addr", "add", f"{first.address}/24", "dev", "br0")
        ip("-n", first.name, "link", "set", "br0", "up")
        for host in others:
            near = f"to-{host.name}"
            ip("-n", host.name, "link", "add", "eth0", "type", "veth", "peer", "name", near, "netns", first.name)
            ip("-n", first.name, "link", "set", near, "master", "br0", "up")
            ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
            ip("-n", host.name, "link", "set", "eth0", "up")
        yield found
    finally:
        for host in found:
            for process in list(host.running):
                host.stop(process, signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", host.name], check=False)


def pooler(host: Host, postgres: Any, place: Path) -> None:
    """PgBouncer in transaction mode in front of the embedded PostgreSQL's socket."""
    from config.local.postgres import DATABASE, PORT, WEB

    (place / "users.txt").write_text(f'"{WEB}" "{postgres.passwords[WEB]}"\n')
    (place / "pgbouncer.ini").write_text(
        f"""
        [databases]
        {DATABASE} = host={postgres.socket_directory} port={PORT} dbname={DATABASE}
        [pgbouncer]
        listen_addr = {host.address}
        listen_port = {POOLER}
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = {place}/users.txt
        pool_mode = transaction
        default_pool_size = 8
        max_client_conn = 200
        """.replace("\n        ", "\n")
    )
    account = postgres.account
    for path in (place, *place.iterdir()):
        shutil.chown(path, account.uid, account.gid)
    host.start("pgbouncer", "--user", account.name, f"{place}/pgbouncer.ini", log=place / "pgbouncer.log")


def broker(host: Host, place: Path) -> None:
    from config.local import programs
    from config.local.account import ordinary

    command = [str(programs.valkey_server(ordinary(Path("/")))), "--port", str(BROKER), "--bind", host.address]
    host.start(*command, "--requirepass", PASSWORD, "--save", "", "--dir", str(place), log=place / "valkey.log")


def gateway(host: Host, place: Path) -> None:
    options = ["--latency", str(LATENCY), "--dealers", str(DEALERS), "--records", str(RECORDS)]
    host.start(sys.executable, "manage.py", "dgi_sandbox", "--port", str(GATEWAY), *options, log=place / "sandbox.log")


def worker(host: Host, place: Path) -> subprocess.Popen[bytes]:
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "config"]
    options = ["--queues", "live,rest", "--concurrency", "1", "--hostname", f"{host.name}@%h", "--loglevel", "INFO"]
    log = place / f"{host.name}.log"
    return host.start(*celery, "worker", *options, "--without-gossip", "--without-mingle", log=log)


FLEET = f"""
from ingestion import services
from ingestion.models import Connection
from ingestion.sandbox import config
dealers = [str({20000} + number) for number in range({DEALERS})]
for number in range(4):
    services.connect(main_dealer=f"M{{number}}", base_url="http://127.0.0.1:{GATEWAY}/dgi-api/v1.3",
        dealers=dealers[number::4], calls_per_second=1000,
        api_key=config.DEMO_API_KEY, secret_key=config.DEMO_SECRET_KEY)
"""
SLOT = """
from ingestion import slots, tasks
from ingestion.models import Feed
Feed.objects.update(slot=None)
from ingestion.models import Run
Run.objects.filter(slot__isnull=False).update(slot=None)
slots.fill(); tasks.nudge("live")
"""
LEFT = "from ingestion.models import Run; print(Run.objects.unfinished().count())"
TALLY = """
import json
from django.db.models import Count, Max, Min, Sum
from ingestion.models import Run
last = Run.objects.filter(slot__isnull=False)
found = last.aggregate(runs=Count("pk"), begin=Min("queued_at"), end=Max("finished_at"), lost=Sum("takeovers"))
seconds = (found["end"] - found["begin"]).total_seconds()
states = dict(last.order_by().values_list("state").annotate(Count("pk")))
print(json.dumps({"runs": found["runs"], "seconds": seconds, "lost": found["lost"], "states": states}))
"""
TWENTY = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from ingestion import services
from ingestion.models import Feed
feed = Feed.objects.select_related("connection", "dealership").get(dealership__code="20000", job_type="pkb")
def one(_):
    try:
        return f"run {services.open_run(feed=feed, by='trial').pk}"
    except services.AlreadyRunning as error:
        return "refused"
    finally:
        connection.close()
with ThreadPoolExecutor(20) as threads:
    found = list(threads.map(one, range(20)))
print(sum(each != "refused" for each in found), "run,", found.count("refused"), "refusals")
"""


def until(true: Callable[[], bool], seconds: float = 600) -> float:
    """How long it took."""
    started = time.monotonic()
    while not true():
        if time.monotonic() - started > seconds:
            raise SystemExit(f"not after {seconds:.0f} s")
        time.sleep(0.5)
    return time.monotonic() - started


def one_pass(host: Host) -> dict[str, Any]:
    """Every feed once; what came of it."""
    host.python(SLOT)
    until(lambda: host.python(LEFT) == "0")
    found: dict[str, Any] = json.loads(host.python(TALLY))
    return found


def main() -> None:
    for program in ("ip", "pgbouncer"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is not installed")
    if os.geteuid():
        raise SystemExit("namespaces take root")
    from config.local.postgres import OWNER
    from config.local.servers import temporary

    with ExitStack() as stack:
        postgres, _ = stack.enter_context(temporary(durable=True))
        owner = postgres.url(OWNER)
        os.environ.update(
            SECRET_KEY="trial-only-" + "k" * 50,
            DATABASE_PREPARES="0",  # the PgBouncer of many systems knows no prepared statements
            FIELD_KEYS="dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
            DGI_ALLOW_LOOPBACK="1",
            VALKEY_URL="redis://nobody",
        )
        migrate = {**os.environ, "DATABASE_URL": owner, "DATABASE_OWNER_URL": owner}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=migrate, check=True)
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="forecourt-hosts-")))
        place.chmod(0o755)
        database, east, west = stack.enter_context(hosts("fc-db", "fc-east", "fc-west"))
        urls = {
            "DATABASE_URL": f"postgres://forecourt_web:{postgres.passwords['forecourt_web']}"
            f"@{database.address}:{POOLER}/forecourt",
            "VALKEY_URL": f"redis://:{PASSWORD}@{database.address}:{BROKER}/1",
            "LOG_LEVEL": "WARNING",
        }
        for host in (database, east, west):
            host.environment = urls
        pools = place / "pooler"
        pools.mkdir()
        pooler(database, postgres, pools)
        broker(database, place)
        for host in (east, west):
            gateway(host, place)
        time.sleep(3)
        try:
            trial(database, east, west, place)
            replica(database, postgres, place, east)
        except BaseException:
            shutil.copytree(
                place, "/tmp/forecourt-hosts", dirs_exist_ok=True, ignore=shutil.ignore_patterns("replica", "standby")
            )
            raise


def trial(database: Host, east: Host, west: Host, place: Path) -> None:
    database.python(FLEET)
    say(f"20 starts at once through the pooler: {database.python(TWENTY)}")
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "config"]
    database.start(*celery, "beat", "--loglevel", "WARNING", log=place / "beat.log")
    workers = {host.name: worker(host, place) for host in (east, west)}
    say(f"filled by two hosts: {one_pass(database)}")
    say(f"two hosts, nothing changed: {one_pass(database)}")
    east.stop(workers["fc-east"])
    say(f"one host, nothing changed: {one_pass(database)}")
    workers["fc-east"] = worker(east, place)
    time.sleep(8)
    database.python(SLOT)
    until(lambda: int(database.python(LEFT)) < DEALERS * 14 * 0.8)
    west.cut()
    cut = time.monotonic()
    until(lambda: database.python(LEFT) == "0")
    say(f"one of two hosts cut off half way: all done {time.monotonic() - cut:.0f} s later: {database.python(TALLY)}")
    west.mend()
    time.sleep(10)
    say(f"mended: {one_pass(database)}")
    say(
        "records and versions: "
        + database.python(
            "from ingestion.job_types import JOB_TYPES; r=[j.record for j in JOB_TYPES.values()];"
            "print(sum(m.objects.count() for m in r), sum(m.history.count() for m in r))"
        )
    )


def replica(database: Host, postgres: Any, place: Path, east: Host) -> None:
    """How far a streaming replica is behind while everything is fetched, and reads from it, the primary gone too."""
    standby = Standby(postgres, place / "replica")
    standby.start()
    code = (
        "from dealers.models import User; User.objects.create_superuser('trial@example.com', 'a long trial password')"
    )
    database.python(code)
    urls = {"primary": postgres.url(), "replica": standby.url()}
    for port, url in zip((PRIMARY_WEB, REPLICA_WEB), urls.values(), strict=True):
        serve_pages(east, url, port, place / f"web-{port}.log")
    until(lambda: east.get(PRIMARY_WEB, "/livez")[0] == 200 and east.get(REPLICA_WEB, "/livez")[0] == 200, 60)
    token = east.sign_in(PRIMARY_WEB)
    database.python(SLOT)
    lags, times = [], {PRIMARY_WEB: [], REPLICA_WEB: []}
    while database.python(LEFT) != "0":
        for _ in range(20):
            lags.append(standby.lag())
            for port, taken in times.items():
                status, seconds = east.get(port, PAGE, token)
                if status != 200:
                    raise SystemExit(f"the page on {port} answers {status}")
                taken.append(seconds)
    say(f"replica behind by, ms while fetching: median {median(lags):.0f}, most {max(lags):.0f} ({len(lags)} looks)")
    for (name, _), taken in zip(urls.items(), times.values(), strict=True):
        say(f"50 work orders by the API from the {name}: median {1000 * median(taken):.0f} ms")
    postgres.stop()
    say(f"primary stopped; the replica's page answers {east.get(REPLICA_WEB, PAGE, token)[0]}")


class Standby:
    """A streaming replica of the embedded PostgreSQL beside it."""

    def __init__(self, primary: Any, data: Path) -> None:
        self.primary, self.data, self.sockets = primary, data, data.with_name("standby")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        from config.local.postgres import PORT, SUPERUSER

        options = self.primary.account.popen_options()
        for path in (self.data, self.sockets):
            self.primary.account.directory(path)
        source = ["-h", str(self.primary.socket_directory), "-p", str(PORT), "-U", SUPERUSER]
        copy = [
            str(self.primary.bin / "pg_basebackup"),
            *source,
            "-D",
            str(self.data),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        ]
        password = {"PGPASSWORD": self.primary.passwords[SUPERUSER]}
        subprocess.run(copy, check=True, env={**os.environ, **password}, cwd="/", **options)
        command = [str(self.primary.bin / "postgres"), "-D", str(self.data), "-k", str(self.sockets), "-p", str(PORT)]
        log = (self.data.parent / "standby.log").open("ab")
        more = ["-c", "listen_addresses=", "-c", "shared_preload_libraries=pg_stat_statements"]
        self.process = subprocess.Popen([*command, *more], stdout=log, stderr=log, cwd="/", **options)
        until(lambda: any(self.sockets.iterdir()), 60)
        time.sleep(2)

    def url(self) -> str:
        return str(self.primary.url()).replace(
            quote(str(self.primary.socket_directory), safe=""), quote(str(self.sockets), safe="")
        )

    def lag(self) -> float:
        """Milliseconds that it shows of the past."""
        with psycopg.connect(self.primary.url("postgres"), autocommit=True) as primary:
            look = "SELECT coalesce(extract(epoch FROM replay_lag) * 1000, 0) FROM pg_stat_replication"
            found = primary.execute(look).fetchone()
        return float(found[0]) if found else float("inf")


def serve_pages(host: Host, url: str, port: int, log: Path) -> None:
    web = ["-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws", "--workers", "1"]
    before = host.environment
    host.environment = {**before, "DATABASE_URL": url, "HTTPS": "0", "MFA_REQUIRED": "0"}
    host.start(sys.executable, *web, "--blocking-threads", "2", "config.wsgi:application", log=log)
    host.environment = before


if __name__ == "__main__":
    main()
