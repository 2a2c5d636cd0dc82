// Words that stand over the edge of what they belong to and so over their neighbours, and cells that left their table.
() => {
  const boxes = "a, button, label, summary, td, th, dt, dd, h1, h2, h3, .tag, .chip, .notice";
  const named = (element) => `${element.cloneNode(false).outerHTML.slice(0, 120)} (${element.textContent.trim().slice(0, 40)})`;
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.clientWidth > 1;
  const found = [];
  for (const element of [...document.querySelectorAll(boxes)].filter(shown)) {
    const style = getComputedStyle(element);
    const table = element.matches("td, th") && element.closest("table");
    if (table && getComputedStyle(table).display === "table" && style.display !== "table-cell") {
      found.push(`${named(element)} is no cell of its table but ${style.display}`);
    }
    if (style.display !== "inline" && style.overflowX === "visible" && element.scrollWidth > element.clientWidth + 1) {
      found.push(`${named(element)} has words ${element.scrollWidth} wide in ${element.clientWidth}`);
    }
  }
  return found;
};
