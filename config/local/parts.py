"""The parts of an instance: how each is started, and what it may know."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from config.local import process
from config.local.account import Account
from config.local.instance import PROJECT
from config.local.options import Options
from config.local.output import Output
from config.local.supervisor import Part

NOT_FOR_PARTS = ("DATABASE_OWNER_URL", "WORKER_DATABASE_URL", "ADMIN_EMAIL", "ADMIN_PASSWORD")
"""What only the launcher and its first steps need."""


def application_environment(options: Options, secrets: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, str]:
    """The settings of this instance; what the starter set in the environment stands."""
    defaults = {
        "SECRET_KEY": secrets["SECRET_KEY"],
        "FIELD_KEYS": secrets["FIELD_KEYS"],
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(["127.0.0.1", "localhost", "[::1]", options.host])),
        "HTTPS": "0",
        "MFA_REQUIRED": "0",
        "EMAIL_URL": "consolemail://",
        "LOG_FORMAT": "plain",
        "DGI_ALLOWED_HOSTS": "",
        "DGI_ALLOW_LOOPBACK": "1",
        "CLAMD_ADDRESS": "none",
    }
    chosen = {name: os.environ.get(name) or value for name, value in defaults.items()}
    places = {
        "STATIC_ROOT": str(options.directory / "static"),
        "VAR_DIR": str(options.directory),
        "PHOTOS_ROOT": str(options.directory / "photos"),
    }
    return chosen | dict(urls) | places | {"PORT": str(options.port)}


WORKERS = (
    ("worker", "--queues", "live", "--hostname", "live@%h", "--concurrency", "2"),
    ("bulk", "--queues", "bulk", "--hostname", "bulk@%h", "--pool", "solo"),
    ("rest", "--queues", "rest", "--hostname", "rest@%h", "--pool", "solo"),
)
"""A worker for each queue: live runs wait neither for backfills nor for the rest."""


class Launcher:
    """Starts commands of the project as an account, with no more of the environment than they need."""

    def __init__(self, account: Account, environment: Mapping[str, str], mark: str, output: Output) -> None:
        self.account = account
        self.mark = mark
        self.output = output
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_PARTS}
        self.environment = inherited | dict(environment) | {"PYTHONUNBUFFERED": "1", process.MARK: mark}
        if account.uid != os.geteuid():
            self.environment["HOME"] = environment["VAR_DIR"]  # root's own is closed to it
        if account.uid == 0:  # said once by the launcher; Celery would say it in eight lines
            self.environment["PYTHONWARNINGS"] = "ignore:You're running the worker"

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        more: Mapping[str, str] | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> process.Process:
        """Start `python ARGV` and relay what it says; `more` is added to its environment."""
        started = process.spawn(
            [sys.executable, *argv],
            env=self.environment | dict(more or {}),
            cwd=PROJECT,
            account=self.account,
            death_signal=death_signal,
            output=subprocess.PIPE,
        )
        assert started.stdout is not None  # noqa: S101
        self.output.follow(name, started.stdout)
        return started

    def manage(self, *argv: str, **more: str) -> int:
        """Run a management command to its end; returns its exit status."""
        command = self.spawn(argv[0], ["manage.py", *argv], more)
        try:
            while command.poll() is None:
                self.output.pump(0.05)
        finally:
            process.signal_group(command, signal.SIGKILL)
            command.wait()
        self.output.drain()
        return command.returncode

    def part(
        self,
        name: str,
        *argv: str,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGTERM,
        more: Mapping[str, str] | None = None,
    ) -> Part:
        """A part that the supervisor starts with `python ARGV`; `more` is added to its environment."""

        def start() -> process.Process:
            return self.spawn(name, argv, more, death_signal=death_signal)

        return Part(name, start, stop_signal=stop_signal)


def parts(options: Options, launcher: Launcher, worker_url: str = "") -> list[Part]:
    """Web, workers, beat and watchdog, and the sandbox if it is wanted; all but the web connect by `worker_url`."""
    behind = {"DATABASE_URL": worker_url} if worker_url else None
    web = ["-m", "granian", "--interface", "wsgi", "--host", options.host, "--port", str(options.port), "--no-ws"]
    workers = ["--workers", "1", "--blocking-threads", "4", "--workers-kill-timeout", "5", "--respawn-failed-workers"]
    celery = ["-m", "celery", "--quiet", "--app", "config"]
    worker = ["worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    wanted = [
        launcher.part("web", *web, *workers, "config.wsgi:application"),
        # On SIGQUIT a worker gives its tasks a few seconds and returns the rest to the queue. When the supervisor died,
        # the broker did too, and Celery may wait for it for ever whatever the signal: SIGKILL, which its pool notices.
        *(
            launcher.part(
                name, *celery, *worker, *queue, stop_signal=signal.SIGQUIT, death_signal=signal.SIGKILL, more=behind
            )
            for name, *queue in WORKERS
        ),
        launcher.part("beat", *celery, "beat", "--loglevel", "INFO", death_signal=signal.SIGKILL, more=behind),
        launcher.part("watch", "manage.py", "dgi_watch", more=behind),
    ]
    if options.sandbox_port:
        wanted.append(launcher.part("sandbox", "manage.py", "dgi_sandbox", "--port", str(options.sandbox_port)))
    return wanted
