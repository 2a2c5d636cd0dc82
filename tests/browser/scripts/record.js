// Runs before a page's own scripts: notes what its policy refused and how far its layout shifted.
(() => {
  let shift = 0;
  const add = (entries) => {
    for (const entry of entries) {
      if (!entry.hadRecentInput) shift += entry.value;
    }
  };
  const shifts = new PerformanceObserver((list) => add(list.getEntries()));
  shifts.observe({ type: "layout-shift", buffered: true });
  const notes = {
    violations: [],
    get shift() {
      add(shifts.takeRecords()); // of the last picture, which nobody was told of yet
      return shift;
    },
  };
  window.browserTestNotes = notes;
  document.addEventListener("securitypolicyviolation", (event) => {
    notes.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
})();
