"""The supervisor: parts that die start again, and all of them end in time."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.local import account, process, supervisor
from config.local.output import Output
from config.local.refusal import Refusal
from config.local.supervisor import Part, Supervisor

FOREVER = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


@pytest.fixture
def stream() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def output(stream: io.BytesIO) -> Output:
    return Output(stream)  # type: ignore[arg-type]


def python(output: Output, code: str, name: str = "part", mark: str = "") -> Callable[[], process.Process]:
    def start() -> process.Process:
        started = process.spawn(
            [sys.executable, "-c", code],
            env={**os.environ, process.MARK: mark},
            cwd=Path.cwd(),
            account=account.current(),
            output=subprocess.PIPE,
        )
        assert started.stdout is not None
        output.follow(name, started.stdout)
        return started

    return start


def turn(watched: Supervisor, until: Callable[[], bool], patience: float = 10) -> None:
    deadline = time.monotonic() + patience
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        watched.tick()


def test_a_part_that_dies_is_started_again_and_the_stream_says_so(output: Output, stream: io.BytesIO) -> None:
    part = Part("web", python(output, FOREVER))
    watched = Supervisor([part], output)
    turn(watched, lambda: part.process is not None)
    first = part.process
    assert first is not None
    first.kill()
    turn(watched, lambda: part.process not in {first, None})
    watched.stop()
    assert b"web was ended by SIGKILL; starting it again in 0.5 s" in stream.getvalue()


def test_what_a_dead_part_forked_does_not_outlive_it(output: Output) -> None:
    code = "import os, sys, time\nif os.fork(): sys.exit(3)\ntime.sleep(60)"
    part = Part("worker", python(output, code, mark="fork-test"))
    watched = Supervisor([part], output)
    turn(watched, lambda: part.failures == 1)
    assert process.wait_until(lambda: not process.marked("fork-test"), 2)
    watched.stop()


def test_the_delay_doubles_up_to_a_limit_and_begins_anew_after_a_long_life(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> process.Process:
        raise Refusal("no")

    part = Part("web", refuse)
    watched = Supervisor([part], output)
    delays = []
    for _ in range(9):
        part.due = 0
        watched._start(part)
        delays.append(round(part.due - time.monotonic(), 1))
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    monkeypatch.setattr(supervisor, "LONG_ENOUGH", -1)
    part.process = python(output, "")()
    part.process.wait()
    watched._note_death(part)
    output.drain()
    assert part.failures == 1


def test_a_part_that_cannot_start_says_why_and_the_others_run(output: Output, stream: io.BytesIO) -> None:
    def refuse() -> process.Process:
        raise Refusal("there is no such program")

    good = Part("beat", python(output, FOREVER))
    watched = Supervisor([Part("web", refuse), good], output)
    turn(watched, lambda: good.process is not None)
    watched.stop()
    assert b"web does not start: there is no such program" in stream.getvalue()


def test_a_part_that_ignores_the_signal_is_killed_in_time(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PARTS_PATIENCE", 0.3)
    part = Part("worker", python(output, STUBBORN))
    watched = Supervisor([part], output)
    turn(watched, lambda: b"ready" in output.stream.getvalue())  # type: ignore[attr-defined]
    began = time.monotonic()
    watched.stop()
    assert time.monotonic() - began < 2
    assert part.process is None


def test_the_patience_of_parts_and_servers_together_leaves_room_in_ten_seconds() -> None:
    assert supervisor.PARTS_PATIENCE + supervisor.SERVERS_PATIENCE + supervisor.TICK < 10


def test_servers_stop_after_the_parts_that_talk_to_them(output: Output, stream: io.BytesIO) -> None:
    says = "import signal, sys, time\ndef bye(*_): print('bye', flush=True); sys.exit()\n"
    says += "signal.signal(signal.SIGTERM, bye); print('ready', flush=True); time.sleep(60)"
    server = Part("postgres", python(output, says, "postgres"), is_server=True)
    watched = Supervisor([server, Part("web", python(output, says, "web"))], output)
    turn(watched, lambda: stream.getvalue().count(b"ready") == 2)
    watched.stop()
    assert [line[:4] for line in stream.getvalue().splitlines() if line.endswith(b"bye")] == [b"web ", b"post"]


def test_a_signal_ends_the_run_and_the_handlers_come_back(output: Output, stream: io.BytesIO) -> None:
    kept = signal.getsignal(signal.SIGTERM)
    part = Part("web", python(output, FOREVER))
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    Supervisor([part], output).run()
    assert stream.getvalue().endswith(b"forecourt | stopped\n")
    assert signal.getsignal(signal.SIGTERM) is kept


def test_a_second_signal_does_not_wait(output: Output, stream: io.BytesIO) -> None:
    watched = Supervisor([Part("worker", python(output, STUBBORN))], output)
    turn(watched, lambda: b"ready" in stream.getvalue())
    for delay in (0.1, 0.6):
        threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    watched.run()
    assert time.monotonic() - began < 4


def test_lines_are_whole_and_carry_the_name_of_their_part(output: Output, stream: io.BytesIO) -> None:
    code = "import sys, time; o = sys.stdout; o.write('half '); o.flush(); time.sleep(.1); o.write('line\\n\\nno end')"
    started = python(output, code, "sandbox")()
    started.wait()
    output.drain()
    assert stream.getvalue() == b"sandbox   | half line\nsandbox   | no end\n"


def test_leftovers_of_a_killed_start_are_found_by_their_mark_and_ended(output: Output) -> None:
    code = "import os, time; os.fork(); time.sleep(60)"
    started = python(output, code, mark="left-behind")()
    assert process.wait_until(lambda: len(process.marked("left-behind")) == 2, 5)
    reaper = threading.Thread(target=started.wait)
    reaper.start()
    assert len(process.end_marked("left-behind")) == 2
    reaper.join(5)
    output.drain()
    assert process.marked("left-behind") == []
