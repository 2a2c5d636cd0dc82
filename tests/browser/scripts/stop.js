// Where the focus is: null for the page itself, else its name, whether anybody sees it there, and whether it was there
// before.
() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const stops = (window.browserTestStops ??= new Set());
  const inside = at === window.browserTestLast && /^(date|time|month|week|datetime-local)$/.test(at.type); // its parts
  const known = stops.has(at) && !inside;
  stops.add(at);
  window.browserTestLast = at;

  const words = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("[aria-hidden=true]").forEach((each) => each.remove());
    return copy.textContent;
  };
  const byId = (at.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id));
  const labels = [...byId, ...(at.labels || [])].filter(Boolean).map(words);
  const name = at.getAttribute("aria-label") || labels.join(" ") || words(at) || at.value || at.title || "";

  const style = getComputedStyle(at);
  const ringed = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";

  const box = at.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
  const own = (other) => at.contains(other) || other.contains(at) || [...(at.labels || [])].some((l) => l.contains(other));
  const covered = box.width > 1 && box.height > 1 && top !== null && !own(top);

  return { name: name.replace(/\s+/g, " ").trim(), ringed, covered, known };
};
