// Runs before a page's own scripts: notes what its policy refused and how far its layout shifted.
(() => {
  const notes = { violations: [], shift: 0 };
  window.browserTestNotes = notes;
  document.addEventListener("securitypolicyviolation", (event) => {
    notes.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (!entry.hadRecentInput) notes.shift += entry.value;
    }
  }).observe({ type: "layout-shift", buffered: true });
})();
