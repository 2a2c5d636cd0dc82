"""`{% chart %}`: a chart as SVG in a figure, with the table behind it; no style of its own, as the CSP wants it."""

from __future__ import annotations

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from config.backoffice.charts import Chart
from config.backoffice.drawings import drawing

register = template.Library()


@register.simple_tag
def chart(chart: Chart | None) -> SafeString | str:
    """The chart; nothing for None."""
    if chart is None:
        return ""
    found = drawing(chart)
    name = f"ui/chart_{chart.kind}.html" if found else "ui/chart_empty.html"
    return render_to_string(name, {"chart": chart, "drawing": found})
