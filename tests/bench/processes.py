"""What processes cost, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its offspring that live."""
    found = [pid]
    for parent in found:
        found += children(parent)
    return found


def children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (thread / "children").read_text().split())


def cpu_seconds(pid: int) -> float:
    """Of a process and its offspring, those that ended included."""
    return sum(times(each) for each in family(pid)) / TICKS


def times(pid: int) -> int:
    """Ticks in user and in system mode, of children that were waited for as well; 0 for a process that is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0


def peak_megabytes(pid: int) -> float:
    """The most resident memory that a process ever had; 0 for one that is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
