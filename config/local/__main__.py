"""`make run`: bring everything up, keep it up, take it down."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

from config.local import instance, options, parts, preparation, process, servers
from config.local.options import Options
from config.local.output import Output
from config.local.refusal import Refusal
from config.local.servers import Servers
from config.local.supervisor import Part, Supervisor


def main() -> int:
    """Run until told to stop; the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    output = Output()
    try:
        run(options.read(os.environ), output)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        output.say("stopped before everything was up")
        return 130
    return 0


def run(chosen: Options, output: Output) -> None:
    """Hold VAR_DIR, start the servers, prepare the application, then supervise all of it."""
    instance.prepare(chosen.directory)
    with instance.hold(chosen.directory, f"process {os.getpid()}, {chosen.address}"), contextlib.ExitStack() as stack:
        secrets = instance.read_secrets(chosen.directory)
        if process.end_marked(secrets["INSTANCE_ID"]):
            output.say("ended what an earlier start had left running")
        options.refuse_taken_ports(chosen)
        found = servers.choose(chosen, secrets, output)
        for server in found.embedded:
            output.say(f"starting {server.name}")
            stack.enter_context(server)
        if found.postgres:
            found.postgres.create_database()
        environment = parts.application_environment(chosen, secrets, found.urls())
        if environment["MFA_REQUIRED"] == "0":
            output.say("second factors are not required here (MFA_REQUIRED=1 requires them); mails are written below")
        account = preparation.application_account(found.account, output)
        launcher = parts.Launcher(account, environment, secrets["INSTANCE_ID"], output)
        preparation.prepare(chosen, launcher, found.owner_url())
        _publish(chosen, environment, found)
        watched = [*_server_parts(found), *parts.parts(chosen, launcher, found.worker_url())]
        Supervisor(watched, output, _announcement(chosen, output)).run()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _publish(chosen: Options, environment: dict[str, str], found: Servers) -> None:
    """Tell management commands of this VAR_DIR where everything is."""
    more = {
        "DATABASE_URL": found.worker_url(),
        "DATABASE_OWNER_URL": found.owner_url(),
        "DGI_SANDBOX_PORT": str(chosen.sandbox_port or ""),
    }
    instance.write(chosen.directory / instance.ENVIRONMENT, environment | more)


def _server_parts(found: Servers) -> list[Part]:
    return [
        Part(server.name, server.start, server.stop_signal, is_server=True, process=server.process)
        for server in found.embedded
    ]


def _announcement(chosen: Options, output: Output) -> Callable[[], bool]:
    """Says where Forecourt is as soon as it listens there."""

    def announce() -> bool:
        host = chosen.address.removeprefix("http://").rsplit(":", 1)[0].strip("[]")
        try:
            socket.create_connection((host, chosen.port), timeout=0.1).close()
        except OSError:
            return False
        output.say(
            f"Forecourt is up: {chosen.address}  (admin: {chosen.address}admin/)\n"
            f"data and secrets: {instance.shown(chosen.directory)}   stop: Ctrl-C"
        )
        return True

    return announce


if __name__ == "__main__":
    sys.exit(main())
