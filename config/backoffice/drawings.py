"""Where the parts of a chart lie: numbers as SVG writes them, whatever the reader's language.

Across, everything is in per cent, so that a chart fills the room it is given while its text keeps its size; what has
no per cent in SVG, a line, lies in a box of its own that is stretched. Down, everything is in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.backoffice.charts import Chart, Point
from config.backoffice.scales import scale, short

TOP, HEIGHT, FOOT = 8, 160, 26
"""Pixels above the plot, of the plot, and below it for the labels."""
WIDE = 1000
"""Units across of a box that is stretched."""
LABELS = 5
"""Labels that fit below a chart on a phone."""
ROW, BAR = 40, 12
"""Pixels of a bar with its label, and of the bar."""


@dataclass(frozen=True)
class Mark:
    """A column or bar."""

    point: Point
    x: str
    y: str
    width: str
    height: str
    most: bool
    label_y: str = ""


@dataclass(frozen=True)
class Label:
    """A text at a place; `anchor` is start, middle or end."""

    text: str
    x: str
    y: str
    anchor: str = "start"


@dataclass(frozen=True)
class Drawing:
    """The parts of a chart in the order they are drawn."""

    height: str
    lines: tuple[Label, ...] = ()
    """The grid, each with the tick's text."""
    marks: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()
    line: str = ""
    area: str = ""
    box: str = ""
    """The viewBox of the line."""
    base: str = ""
    """Where zero lies."""
    top: str = str(TOP)
    tall: str = str(HEIGHT)


def plain(value: float) -> str:
    """A number for an attribute: a point, two places at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    return f"{plain(100 * value)}%"


def columns(chart: Chart) -> Drawing:
    """A column for each point over an axis with round ticks."""
    axis = scale(point.value for point in chart.points)
    zero, most = axis.share(0), max(point.value for point in chart.points)
    slot = 1 / len(chart.points)
    marks = []
    for place, point in enumerate(chart.points):
        low, high = sorted((zero, axis.share(point.value)))
        marks.append(
            Mark(
                point,
                x=percent((place + 0.12) * slot),
                y=plain(TOP + HEIGHT * (1 - high)),
                width=percent(0.76 * slot),
                height=plain(HEIGHT * (high - low)),
                most=point.value == most,
            )
        )
    return Drawing(
        str(TOP + HEIGHT + FOOT),
        lines=tuple(grid(chart)),
        marks=tuple(marks),
        labels=tuple(below(chart, slot)),
        base=plain(TOP + HEIGHT * (1 - zero)),
    )


def line(chart: Chart) -> Drawing:
    """A line through the points, with the area below it."""
    path, area = stretched(chart, HEIGHT)
    zero = scale(point.value for point in chart.points).share(0)
    return Drawing(
        str(TOP + HEIGHT + FOOT),
        lines=tuple(grid(chart)),
        labels=tuple(below(chart, 1 / max(len(chart.points) - 1, 1))),
        line=path,
        area=area,
        box=f"0 0 {WIDE} {HEIGHT}",
        base=plain(TOP + HEIGHT * (1 - zero)),
    )


def sparkline(chart: Chart, height: int = 32) -> Drawing:
    """The line alone."""
    path, area = stretched(chart, height)
    return Drawing(str(height), line=path, area=area, box=f"0 0 {WIDE} {height}")


def stretched(chart: Chart, height: int) -> tuple[str, str]:
    """The paths of a line and of its area, in a box of `WIDE` units."""
    axis = scale(point.value for point in chart.points)
    step = WIDE / max(len(chart.points) - 1, 1)
    values = [*chart.points, *chart.points] if len(chart.points) == 1 else chart.points  # one alone is level
    step = step if len(chart.points) > 1 else WIDE
    places = [
        f"{plain(place * step)} {plain(height * (1 - axis.share(point.value)))}" for place, point in enumerate(values)
    ]
    zero = plain(height * (1 - axis.share(0)))
    path = f"M{'L'.join(places)}"
    return path, f"{path}L{WIDE} {zero}L0 {zero}Z"


def grid(chart: Chart) -> Iterator[Label]:
    """The ticks, their texts at the left of the plot."""
    axis = scale(point.value for point in chart.points)
    for tick in axis.ticks:
        yield Label(short(tick), "0", plain(TOP + HEIGHT * (1 - axis.share(tick))), "end")


def below(chart: Chart, slot: float) -> Iterator[Label]:
    """Labels of so many points as there is room for, the first among them; one near the end stands before its point."""
    every = -(-len(chart.points) // LABELS)
    for place in range(0, len(chart.points), every):
        near_end = place * slot > 0.86
        x = min((place + 1) * slot, 1) if near_end else place * slot
        yield Label(chart.points[place].label, percent(x), str(TOP + HEIGHT + 18), "end" if near_end else "start")


def bars(chart: Chart) -> Drawing:
    """A bar for each point below its label, the value at the right."""
    most = max(point.value for point in chart.points)
    marks = tuple(
        Mark(
            point,
            x="0",
            y=str(place * ROW + 20),
            width=percent(max(float(point.value / most), 0)) if most > 0 else "0",
            height=str(BAR),
            most=point.value == most,
            label_y=str(place * ROW + 14),
        )
        for place, point in enumerate(chart.points)
    )
    return Drawing(str(len(marks) * ROW), marks=marks)


DRAWN = {"columns": columns, "line": line, "bars": bars, "sparkline": sparkline}


def drawing(chart: Chart) -> Drawing | None:
    """The parts of a chart; None if there is nothing to draw."""
    return DRAWN[chart.kind](chart) if chart.points else None
