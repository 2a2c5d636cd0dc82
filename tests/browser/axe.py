"""axe-core, put into a page past its policy, which would let no `<script>` of ours in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).with_name("vendor") / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = """
async (tags) => {
  const options = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], preload: false };
  return (await axe.run(document, options)).violations;
}
"""


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now, a line for each element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE.read_text(encoding="utf-8"))
    return [line for found in page.evaluate(RUN, list(TAGS)) for line in lines(found)]


def lines(violation: dict[str, Any]) -> list[str]:
    words = f"{violation['id']} ({violation['impact']}): {violation['help']}"
    return [f"{words}: {why(node)} in {node['html'][:200]}" for node in violation["nodes"]]


def why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks) or " ".join(map(str, node["target"]))
