// Links, buttons and fields that a finger cannot hit: less than `least` pixels wide or high.
// Exempt, as by WCAG 2.5.8: links inside a sentence. What a label or an absolute ::after covers counts as target.
(least) => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab]";
  const shown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest("[inert]");
  const inSentence = (element) => {
    if (element.localName !== "a" || getComputedStyle(element).display !== "inline") return false;
    const block = element.closest("p, li, dd, dt, td, th, label, figcaption, blockquote, legend, h1, h2, h3, h4, div");
    if (!block) return false;
    const words = (node) => node.textContent.replace(/\s+/g, " ").trim();
    const links = [...block.querySelectorAll("a[href], button")].map(words).join("");
    return words(block).replace(/\s/g, "").length > links.replace(/\s/g, "").length;
  };
  const boxes = function* (element) {
    yield element.getBoundingClientRect();
    for (const label of element.labels || []) yield label.getBoundingClientRect();
    for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(element, pseudo);
      if (style.content !== "none" && style.position === "absolute") {
        yield { width: parseFloat(style.width) || 0, height: parseFloat(style.height) || 0 };
      }
    }
  };
  const clipped = (box) => box.width <= 1 || box.height <= 1; // for screen readers only, until it has the focus
  return [...document.querySelectorAll(wanted)]
    .filter((element) => shown(element) && !inSentence(element) && !clipped(element.getBoundingClientRect()))
    .flatMap((element) => {
      const found = [...boxes(element)];
      const width = Math.max(...found.map((box) => box.width));
      const height = Math.max(...found.map((box) => box.height));
      if (width > least - 0.5 && height > least - 0.5) return [];
      return [`${element.outerHTML.replace(/\s+/g, " ").slice(0, 120)} is ${Math.round(width)} x ${Math.round(height)}`];
    });
};
