// The command palette: a combobox whose choices the server finds.
"use strict";
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]");
  const choices = () => [...list.querySelectorAll("[role=option][data-href]")];
  const choose = (place) => {
    const all = choices();
    if (!all.length) { input.removeAttribute("aria-activedescendant"); return; }
    const at = (place + all.length) % all.length;
    all.forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const chosen = () => choices().findIndex((each) => each.getAttribute("aria-selected") === "true");
  const go = (choice, apart) => { if (choice) apart ? window.open(choice.dataset.href) : location.assign(choice.dataset.href); };
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen() + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen() - 1); }
    else if (event.key === "Enter") { event.preventDefault(); go(choices()[Math.max(chosen(), 0)], event.ctrlKey || event.metaKey); }
  });
  list.addEventListener("click", (event) => go(event.target.closest("[role=option][data-href]"), event.ctrlKey || event.metaKey));
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target === list) choose(0); });
  dialog.addEventListener("close", () => { input.value = ""; });
})();
