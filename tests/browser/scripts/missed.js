// What the focus should have come to and did not; of radio buttons with one name, one is enough.
() => {
  const stops = window.browserTestStops;
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const chosen = (each) => each.type === "radio" && [...stops].some((stop) => stop.name === each.name);
  return [...document.querySelectorAll(wanted)]
    .filter((each) => each.tabIndex >= 0 && !each.disabled && !each.closest("[inert]"))
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !stops.has(each) && !chosen(each))
    .map((each) => each.outerHTML.replace(/\s+/g, " ").slice(0, 120));
};
