"""Charts: their findings, their scales, and the SVG that the tag writes."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from config.backoffice import charts
from config.backoffice.charts import Bucket, Chart, Kind
from config.backoffice.scales import scale, short

MONDAY = date(2026, 8, 24)


def weeks(*values: int) -> dict[date, int]:
    return {MONDAY + timedelta(weeks=place): value for place, value in enumerate(values)}


def written(chart: Chart | None) -> str:
    return Template("{% load charts %}{% chart it %}").render(Context({"it": chart}))


def test_a_trend_says_its_finding_in_a_sentence() -> None:
    found = charts.trend("Work orders", weeks(20, 12, 40), Bucket.WEEK)

    assert found.finding == ("Work orders per week, 24 Aug – 7 Sep 2026: lowest 12, highest 40 (week of 7 Sep 2026).")
    assert [point.value for point in found.points] == [20, 12, 40]
    assert found.heads == ("Week", "Work orders")


def test_a_trend_has_a_point_for_what_had_nothing() -> None:
    found = charts.trend("Work orders", {date(2026, 1, 30): 2, date(2026, 4, 1): 3}, Bucket.MONTH)

    assert [(point.label, point.value) for point in found.points] == [
        ("Jan 2026", 2),
        ("Feb 2026", 0),
        ("Mar 2026", 0),
        ("Apr 2026", 3),
    ]


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, Bucket.DAY), (45, Bucket.DAY), (46, Bucket.WEEK), (300, Bucket.MONTH)]
)
def test_a_trend_is_gathered_so_that_it_stays_readable(days: int, bucket: str) -> None:
    assert Bucket.for_span(MONDAY, MONDAY + timedelta(days=days)) == bucket


def test_many_points_are_a_line_and_few_are_columns() -> None:
    many = charts.trend("Deliveries", {MONDAY + timedelta(days=day): day for day in range(45)})
    few = charts.trend("Deliveries", {MONDAY + timedelta(days=day): day for day in range(40)})

    assert (many.kind, few.kind) == (Kind.LINE, Kind.COLUMNS)


def test_a_trend_of_one_day_speaks_of_that_day() -> None:
    assert charts.trend("Deliveries", {MONDAY: 3}).finding == "Deliveries on 24 Aug 2026: 3."


def test_a_breakdown_begins_with_the_most_and_ends_with_the_rest() -> None:
    found = charts.breakdown("Prospects", "source", [(f"source {n}", n) for n in range(1, 11)])

    assert found.finding == "Prospects by source: “source 10” comes first with 18 % of 55."
    assert [point.value for point in found.points] == [10, 9, 8, 7, 6, 5, 4, 6]
    assert found.points[-1].name == "3 others"


def test_what_is_nothing_is_left_out_of_a_breakdown() -> None:
    found = charts.breakdown("Prospects", "source", [("walk in", 4), ("website", 0)])

    assert [point.name for point in found.points] == ["walk in"]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0, 40], [0, 10, 20, 30, 40]),
        ([3], [0, 1, 2, 3]),
        ([1234], [0, 500, 1000, 1500]),
        ([0], [0, 1]),
        ([Decimal("0.4")], [Decimal("0"), Decimal("0.1"), Decimal("0.2"), Decimal("0.3"), Decimal("0.4")]),
        ([-5, 12], [-5, 0, 5, 10, 15]),
        ([12_345_678_901], [0, 5 * 10**9, 10 * 10**9, 15 * 10**9]),
    ],
)
def test_ticks_are_round_and_hold_every_value(values: list[int], ticks: list[int]) -> None:
    assert list(scale(values).ticks) == ticks


def test_large_numbers_are_short_on_an_axis() -> None:
    told = [short(number) for number in (950, 9_999, 12_000, 1_500_000, 2_000_000_000)]

    assert told == ["950", "9,999", "12k", "1.5M", "2B"]


def test_a_chart_is_an_image_with_its_finding_and_has_a_table_behind_it() -> None:
    html = written(charts.trend("Work orders", weeks(20, 12, 40), Bucket.WEEK))

    assert 'role="img"' in html
    assert "<title>Work orders per week, 24 Aug – 7 Sep 2026: lowest 12" in html
    assert html.count("<rect") == 3
    assert html.count('<th scope="row">') == 3
    assert "<details" in html


@pytest.mark.parametrize(
    "chart",
    [
        charts.Chart(Kind.COLUMNS, "Columns.", (charts.Point("a", "a", 2), charts.Point("b", "b", 5))),
        charts.Chart(Kind.LINE, "A line.", (charts.Point("a", "a", 2), charts.Point("b", "b", 5))),
        charts.Chart(Kind.BARS, "Bars.", (charts.Point("a", "a", 2), charts.Point("b", "b", 5))),
        charts.Chart(Kind.SPARKLINE, "A sparkline.", (charts.Point("a", "a", 2), charts.Point("b", "b", 5))),
        charts.Chart(Kind.LINE, "One point.", (charts.Point("a", "a", 2),)),
        charts.Chart(Kind.COLUMNS, "Below zero.", (charts.Point("a", "a", -2), charts.Point("b", "b", 5))),
        charts.Chart(Kind.BARS, "Below zero.", (charts.Point("a", "a", -2),)),
        charts.Chart(Kind.BARS, "Nothing."),
        charts.Chart(Kind.SPARKLINE, "Nothing."),
    ],
    ids=lambda chart: f"{chart.kind} {chart.finding}",
)
def test_every_kind_is_drawn_without_style_or_colour(chart: Chart) -> None:
    html = written(chart)

    assert chart.finding in html
    assert not re.search(r"\sstyle=|<style|#[0-9a-f]{3,6}\b|\bfill=|\bstroke=|NaN|\son\w+=", html)


def test_numbers_of_svg_stay_numbers_in_a_language_with_decimal_commas() -> None:
    with translation.override("id"):
        html = written(charts.trend("Perintah kerja", weeks(20, 12, 43), Bucket.WEEK))

    attributes = re.findall(r'\b(?:x|y|width|height|x1|x2|y1|y2|d)="([^"]*)"', html)
    assert attributes
    assert not [value for value in attributes if "," in value]


def test_what_a_record_says_is_no_markup() -> None:
    html = written(charts.breakdown("Leasing", "finance company", [("<b>FIF</b> & co", 2)]))

    assert "<b>" not in html
    assert "&lt;b&gt;FIF&lt;/b&gt; &amp; co" in html


def test_no_chart_is_nothing() -> None:
    assert written(None) == ""
