"""Answers that the sandbox keeps: never older than the documents, and the same N records for measurements."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.sandbox import kept
from ingestion.sandbox.admission import Query
from ingestion.sandbox.config import numbered_dealers
from ingestion.sandbox.faults import FAULTS
from ingestion.sandbox.kept import FixedAnswers, WorldlyAnswers
from ingestion.sandbox.modules import MODULES
from ingestion.sandbox.quirks import QUIRKS
from ingestion.sandbox.server import running
from tests.ingestion.sandbox_calls import CONFIG, LOCAL_NOW, NOW, body, call

ROOT = Path(__file__).parents[2]
PLAIN = frozenset[str]()


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return NOW + self.ahead


def query(module: str, *, until: datetime = LOCAL_NOW, dealers: tuple[str, ...] = ("08138",)) -> Query:
    return Query(MODULES[module], dealers, until - timedelta(days=7), until, {})


def data(answers: Any, asked: Query, quirks: frozenset[str] = PLAIN) -> list[dict[str, Any]]:
    return list(json.loads(answers.answer(asked, quirks).body)["data"])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answers(clock: Clock) -> WorldlyAnswers:
    return WorldlyAnswers(replace(CONFIG, now=clock))


def test_the_same_window_is_answered_by_the_same_bytes(answers: WorldlyAnswers) -> None:
    assert answers.answer(query("bast"), PLAIN) is answers.answer(query("bast"), PLAIN)
    assert answers.answer(query("bast"), PLAIN) is not answers.answer(query("bast"), frozenset({"Q9"}))
    filtered = replace(query("bast"), filters={"idSPK": "none"})
    assert answers.answer(filtered, PLAIN).records == 0


@pytest.mark.parametrize("module", MODULES)
def test_a_kept_answer_is_never_older_than_its_documents(answers: WorldlyAnswers, clock: Clock, module: str) -> None:
    asked, bodies = query(module), set()
    for hours in range(0, 24 * 12, 3):
        clock.ahead = timedelta(hours=hours)
        assert data(answers, asked) == answers.records(asked, PLAIN)
        bodies.add(answers.answer(asked, PLAIN).body)
    assert len(bodies) > 1 or module not in ("prsp", "spk", "doch", "unpaidhlo")


def test_a_window_that_ends_later_grows_with_time(answers: WorldlyAnswers, clock: Clock) -> None:
    asked = query("prsp", until=LOCAL_NOW + timedelta(days=1))
    before = len(data(answers, asked))
    clock.ahead = timedelta(hours=12)
    assert len(data(answers, asked)) > before


def test_the_room_for_answers_is_limited(answers: WorldlyAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = [query("pkb", until=LOCAL_NOW - timedelta(minutes=minutes)) for minutes in range(5)]
    room = 3 * max(len(WorldlyAnswers(answers.config).answer(window, PLAIN).body) for window in windows)
    monkeypatch.setattr(kept, "ROOM", room)
    first = answers.answer(windows[0], PLAIN)
    for window in windows:
        answers.answer(window, PLAIN)
        assert answers.size == sum(len(answer.body) for answer, _ in answers.kept.values()) <= room
    assert answers.answer(windows[-1], PLAIN) is answers.answer(windows[-1], PLAIN)
    assert answers.answer(windows[0], PLAIN) is not first


@pytest.fixture(scope="module")
def fixed() -> FixedAnswers:
    return FixedAnswers(CONFIG, 50)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("quirks", [CONFIG.quirks, frozenset(QUIRKS) - {"Q11", "Q15"}], ids=["natural", "all"])
def test_so_many_records_as_wished_whatever_the_window(
    fixed: FixedAnswers, module: str, quirks: frozenset[str]
) -> None:
    found = data(fixed, query(module), quirks)
    keys = {str(record[MODULES[module].key]).strip() for record in found}
    assert len(found) == len(keys) == fixed.answer(query(module), quirks).records == 50
    assert data(fixed, query(module, until=LOCAL_NOW - timedelta(days=9)), quirks) == found
    assert fixed.records(query(module), quirks) == found


def test_each_dealer_has_fixed_records_of_its_own(fixed: FixedAnswers) -> None:
    dealers = ("20000", "20001", 'the "other"')
    found = data(fixed, query("pkb", dealers=dealers))
    assert [record["dealerId"] for record in found] == [dealer for dealer in dealers for _ in range(50)]
    assert len({record["noWorkOrder"] for record in found}) == 150
    assert all(record["dealerId"] in record["noWorkOrder"] for record in found)
    assert fixed.answer(query("pkb", dealers=dealers), PLAIN).records == 150


def test_fixed_records_stay_as_they_are_when_a_day_goes_by(clock: Clock) -> None:
    fixed = FixedAnswers(replace(CONFIG, now=clock), 5)
    before = data(fixed, query("spk"))
    clock.ahead = timedelta(days=2)
    assert data(fixed, query("spk")) == before
    assert data(fixed, query("spk"), frozenset({"Q4"})) == before


def test_faults_and_stats_know_fixed_records() -> None:
    config = replace(CONFIG, records=7, dealers=numbered_dealers(3), faults=(("20001", "repeated"),))
    with running(config) as sandbox:
        assert len(call(sandbox, "doch", body(dealerId="20000"))["data"]) == 7
        assert len(call(sandbox, "doch", body(dealerId="20001"))["data"]) == 14
        stats = sandbox[1].stats
        assert (stats.records["doch"], stats.calls["doch"]) == (21, 2)
        assert stats.calls_by_dealer == {"20000": 1, "20001": 1}


def test_the_command_serves_many_dealers_with_faults_of_their_own() -> None:
    arguments = ["--dealers", "1000", "--records", "2", "--fault", "html:20999", "--fault", "error500", "--json"]
    with subprocess.Popen(
        [sys.executable, "manage.py", "dgi_sandbox", "--port", "0", *arguments],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(10) == 0
    assert (len(started["dealers"]), started["dealers"][-1]) == (1000, "20999")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "flood"], "unknown fault 'flood'"),
        (["--records", "0"], "'0' is no number from 1"),
        (["--dealer", "1", "--dealers", "2"], "not allowed with argument"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(arguments: list[str], words: str) -> None:
    refused = subprocess.run(
        [sys.executable, "manage.py", "dgi_sandbox", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert words in refused.stderr


def test_the_help_of_the_command_tells_every_fault() -> None:
    helped = subprocess.run(
        [sys.executable, "manage.py", "dgi_sandbox", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = {" ".join(line.split()) for line in helped.stdout.splitlines()}
    assert {f"{fault.name} {fault.about}" for fault in FAULTS.values()} <= lines
